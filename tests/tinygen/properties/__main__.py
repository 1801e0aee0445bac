"""python -m tests.tinygen.properties OP SEED  checks one configuration again."""
import argparse

from tests import standin
from tests.tinygen.properties import SUBJECTS
from tests.tinygen.properties.check import Configuration, check
from tinygen.backend import use_backend


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="python -m tests.tinygen.properties",
        description="Check one configuration of an op again: the one that a failed test names.")
    parser.add_argument("op", choices=SUBJECTS, metavar="OP")
    parser.add_argument("seed", type=int, metavar="SEED")
    parser.add_argument("--backend", choices=("numpy", "cupy", "standin"))
    options = parser.parse_args(arguments)
    if options.backend:
        use_backend(standin if options.backend == "standin" else options.backend)
    check(options.op, options.seed)
    print(f"as defined: {Configuration(options.op, options.seed)}")


if __name__ == "__main__":
    main()

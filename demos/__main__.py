"""Run the demos: all of the tour, or one by name.

    python -m demos                  the tour: gradients, then one or more demos of each family
    python -m demos NAME             one demo
    python -m demos NAME --help      its settings
    python -m demos --strict         the tour, then claimed, measured and verdict of each number;
                                     exit status 1 where one misses (and so with NAME --strict)
    python -m demos --list           all demos, by family
    python -m demos exercises        the classroom: write the engine's parts yourself
    python -m demos playground       draw, move, ask: the models answer in your browser
"""
import argparse
import importlib
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from demos.common.catalogue import find_demos, listing, load_main
from demos.common.options import Parser, closest, reserved
from demos.common.progress import replace_unprintable
from demos.common.tour import TOUR, run_tour


def main(argv):
    """Do what the command line asks for -> exit status."""
    try:
        try:
            return run(argv)
        finally:
            sys.stdout.flush()  # here, where a closed pipe can be told from an error
    except BrokenPipeError:  # `head` or a pager has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(argv):
    if argv and argv[0] in ("exercises", "playground"):
        return importlib.import_module(f"demos.{argv[0]}.__main__").main(argv[1:])
    replace_unprintable()
    titles = {name: text for names in find_demos().values() for name, text in names.items()}
    if argv and argv[0] in titles:
        return load_main(argv[0])(argv[1:])

    parser = Parser(prog="python -m demos", description=__doc__, epilog=listing(),
                    allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", metavar="NAME [OPTIONS]", help="run this demo only")
    parser.add_argument("--list", action="store_true", help="list the demos by family")
    parser.add_argument("--smoke", action="store_true", help="run all demos, a few seconds each")
    parser.add_argument("--strict", action="store_true",
                        help="exit with status 1 if a number is outside its limit")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the results")
    options = parser.parse_args(argv)
    if options.name in titles:
        parser.error(f"the name comes first: python -m demos {options.name} ...")
    if options.name:
        close = closest(options.name, titles)
        fix = f"did you mean {close}?" if close else "--list shows them all"
        parser.error(f"no demo is called {options.name!r}: {fix}")
    if options.list:
        print(f"{listing()}\n\npython -m demos NAME runs one; with --help it says what it can do.")
        return 0
    plan = dict.fromkeys(titles, "smoke") if options.smoke else TOUR
    with ExitStack() as stack:
        try:
            stack.enter_context(reserved(options.out))
        except ValueError as error:
            parser.error(str(error))
        return run_tour(plan, titles, options.out, options.strict)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

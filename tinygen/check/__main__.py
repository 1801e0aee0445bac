"""Check the gradients of every op against finite differences; exit code 1 if one fails.

    python -m tinygen.check                     all ops, first and second order
    python -m tinygen.check --op softmax        one op; may be given several times
    python -m tinygen.check --order 1           first order only
"""
import argparse
import difflib
import sys
import time

from tinygen.check.gradients import TOLERANCE, GradientError, check_gradients
from tinygen.check.table import CASES

LINE = "{:<18} {:<10} {:>5}  {:>11}  {}"


def main(arguments=None):
    """Check, print the table, and return the exit code."""
    options = parse(arguments)
    started, worst, failures = time.perf_counter(), {}, []
    cases = [case for case in CASES if not options.op or case.name in options.op]
    for case in cases:
        try:
            rows = check_gradients(case.f, *case.inputs(), order=options.order, name=case.name)
        except GradientError as error:
            rows = [error.row]
            failures.append(error)
        for row in rows:
            key = row[:3]  # name, argument and order
            worst[key] = max(worst.get(key, 0.0), row.error)

    print(LINE.format("op", "argument", "order", "worst error", "verdict"))
    failed = {error.row[:3] for error in failures}
    names = list(dict.fromkeys(case.name for case in cases))
    for key in sorted(worst, key=lambda key: (names.index(key[0]), key[2])):
        print(LINE.format(*key, f"{worst[key]:.1e}", "FAILED" if key in failed else "ok"))
    print("", *failures, sep="\n")
    print(f"{len(names)} ops in {len(cases)} cases, {len(failures)} failed; relative error at most "
          f"{max(worst.values()):.1e}, tolerance {TOLERANCE:g}, "
          f"{time.perf_counter() - started:.1f} s")
    return 1 if failures else 0


def parse(arguments):
    """The options; an unknown op ends the program with one line."""
    summary, _, usage = __doc__.partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m tinygen.check", description=summary, epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--op", action="append", metavar="NAME", help="check this op only")
    parser.add_argument("--order", type=int, choices=(1, 2), default=2,
                        help="highest order of derivative")
    options = parser.parse_args(arguments)
    names = sorted({case.name for case in CASES})
    for name in options.op or ():
        if name not in names:
            near = difflib.get_close_matches(name, names) or names
            parser.error(f"there is no op {name!r}; did you mean {', '.join(near)}?")
    return options


if __name__ == "__main__":
    sys.exit(main())

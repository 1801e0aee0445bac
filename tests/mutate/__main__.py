"""Put small mistakes into the engine and the models, one at a time, and see which no test notices.

    python -m tests.mutate --seed 1 --count 300      300 of all that can be made, chosen by the seed

It works on copies of the tree, in a temporary folder. First the tests of tests/tinygen and
tests/models run once, to note which functions each of them calls. Then each mistake meets the tests
that call the function it is in, the fastest first, until one fails. The exit code is 1 if less than
97 % are caught.
"""
import argparse
import importlib.util
import json
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.mutate.copies import Copies
from tests.mutate.mutants import find

ROOT = Path(__file__).parents[2]
SOURCES, TESTS = ("tinygen", "models"), ("tests/tinygen", "tests/models")
LEFT_OUT = {
    "tinygen/errors.py",       # words
    "tinygen/check/table.py",  # another row is another check, not a mistake
    *(f"tinygen/study/{name}.py" for name in (  # where things stand in a picture: for the eye
        "boxes", "flow_figure", "graph_figure", "layout", "text")),
}
GOAL = 0.97
PATIENCE = 20       # seconds, beside ten times what a test takes, until it counts as hanging
NO_TESTS_LEFT = 5  # pytest's exit code
DEFAULTS = "::test_defaults_"  # in the names of the tests that read signatures
STOPPED = ", stopped"


def main(arguments=None, root=ROOT):
    """Run, print, and return the exit code."""
    options = parse(arguments)
    survivors = []
    with tempfile.TemporaryDirectory(prefix="tinygen-mutate-") as folder, \
            Copies(root, folder, options.jobs) as copies:
        mutants = all_mutants(copies.trees[0])
        chosen = choose(mutants, options.seed, options.count)
        print(f"{len(chosen)} of {len(mutants)} mistakes, seed {options.seed}; noting which tests "
              "call what", flush=True)
        imported, tests = note_calls(copies)
        check_untouched(copies, tests)
        tasks = [(mutant, fitting(mutant, imported, tests)) for mutant in chosen]
        for mutant, outcome in copies.each(meet, tasks):
            print(f"{mutant}    {outcome or 'SURVIVED'}", flush=True)
            if not outcome:
                survivors.append(str(mutant))

    caught = len(chosen) - len(survivors)
    print(f"\n{caught} of {len(chosen)} caught, {caught / len(chosen):.1%}; survivors:",
          *sorted(survivors), sep="\n")
    return 0 if caught >= GOAL * len(chosen) else 1


def parse(arguments):
    """The options."""
    summary, _, usage = __doc__.partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutate", description=summary, epilog=usage,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="which mistakes (default: 0)")
    parser.add_argument("--count", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(),
                        help="how many at a time (default: as many as there are cores)")
    options = parser.parse_args(arguments)
    if min(options.count, options.jobs) < 1:
        parser.error("--count and --jobs are at least 1")
    return options


def all_mutants(tree):
    """Every mistake that can be made in the sources of a tree, always in the same order."""
    files = sorted(path.relative_to(tree).as_posix() for folder in SOURCES
                   for path in (tree / folder).rglob("*.py"))
    return [mutant for file in files if file not in LEFT_OUT
            for mutant in find(file, (tree / file).read_bytes())]


def choose(mutants, seed, count):
    """The mutants to try."""
    return random.Random(seed).sample(mutants, min(count, len(mutants)))


# ---- which tests meet which mistake ----

def note_calls(copies):
    """The functions that importing calls, and each test's {test: (seconds, functions)}.

    A function is (file, line). The fastest test comes first.
    """
    tree = copies.trees[0]
    files = [(path.relative_to(tree).as_posix(),) for folder in TESTS
             for path in sorted((tree / folder).rglob("test_*.py"))]
    imported, tests = set(), {}
    for entries in copies.each(note_file, files):
        for test, (seconds, functions) in entries.items():
            functions = set(map(tuple, functions))
            if test:
                tests[test] = seconds, functions
            else:
                imported |= functions
    return imported, dict(sorted(tests.items(), key=lambda entry: entry[1][0]))


def note_file(copies, tree, file):
    """What the plugin `calls` reports of one file of tests."""
    report = tree / "report"
    if copies.pytest(tree, "calls", [file], MUTATE_REPORT=str(report)):
        sys.exit(f"{file} fails before any mistake is made")
    return json.loads(report.read_text(encoding="utf-8"))


def fitting(mutant, imported, tests):
    """Two {test: seconds}, to be run one after the other, each with the fastest first.

    The first holds tests of one file, that with most calls of the function with the mistake: it
    catches nearly all, and pytest takes seconds to collect the others. Behind those that call the
    function stand those that call others of its file, and then all the rest: they may use what
    importing made, or what a cache got from it earlier. A mistake outside of functions, or in one
    that importing calls, meets every test beside one that calls anything in its file, since a test
    may only look at a constant, and those of defaults.
    """
    place = mutant.file, mutant.function
    near = [test for test, (_, calls) in tests.items()
            if any(file == mutant.file for file, _ in calls)]
    if mutant.function and place not in imported:
        callers = [test for test in near if place in tests[test][1]]
    else:
        files = set(map(file_of, near))
        callers = [test for test in tests if file_of(test) in files or DEFAULTS in test]
    # Tests of defaults call nothing of the file, and none of them is at home here.
    count = Counter(map(file_of, [test for test in near if test in callers] or near))
    home = max(count, key=count.get, default=None)
    at_home = [test for test in (*callers, *near, *tests) if file_of(test) == home]
    elsewhere = [test for test in callers if file_of(test) != home]
    return [{test: tests[test][0] for test in part} for part in (at_home, elsewhere)]


def file_of(test):
    return test.partition("::")[0]


# ---- a mistake and its tests, in one copy of the tree ----

def meet(copies, tree, mutant, parts):
    """The mutant, and which test caught it or None."""
    path = tree / mutant.file
    source = path.read_bytes()
    write(path, mutant.apply(source))
    try:
        for part in parts:
            failure = first_failure(copies, tree, part)
            if failure and failure.endswith(STOPPED):  # or was it the machine that slept?
                failure = first_failure(copies, tree, part)
            if failure:
                return mutant, failure
        return mutant, None
    finally:
        write(path, source)


def write(path, source):
    """Write a source file, and forget what Python has compiled of it in the same second."""
    path.write_bytes(source)
    Path(importlib.util.cache_from_source(path)).unlink(missing_ok=True)


def first_failure(copies, tree, tests):
    """Which of the tests fails, run in their order, or None."""
    if not tests:
        return None
    plan, report = tree / "plan", tree / "report"
    limits = {test: PATIENCE + 10 * seconds for test, seconds in tests.items()}
    plan.write_text(json.dumps(limits), encoding="utf-8")
    report.write_text("", encoding="utf-8")
    code = copies.pytest(tree, "order", sorted(set(map(file_of, tests))),
                         MUTATE_PLAN=str(plan), MUTATE_REPORT=str(report))
    if code in (0, NO_TESTS_LEFT):
        return None
    *started, last = ["its import", *report.read_text(encoding="utf-8").splitlines()]
    return started[-1] if last == "failed" else last + STOPPED if started else last


def check_untouched(copies, tests):
    """End the program unless every test passes, in the new order, while there is no mistake."""
    every = {test: seconds for test, (seconds, _) in tests.items()}
    parts = [dict(list(every.items())[i::len(copies.trees)]) for i in range(len(copies.trees))]
    for why in copies.each(trouble, [(part,) for part in parts]):
        if why:
            sys.exit(why)


def trouble(copies, tree, tests):
    """Why these tests can't be used, or None."""
    if failure := first_failure(copies, tree, tests):
        return f"{failure} fails without any mistake when the fastest tests come first"
    ran = (tree / "report").read_text(encoding="utf-8").splitlines() if tests else ()
    for test in tests.keys() - ran:
        return f"{test} has another name each time: give its parameters ids"
    return None


if __name__ == "__main__":
    sys.exit(main())

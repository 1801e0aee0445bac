"""The classroom: exercises on the real engine.

    python -m demos exercises init            write the exercises to my_exercises/
    python -m demos exercises watch           check whatever you save, one exercise after the other

Each file's head is its task. `check` compares your answer with plain loops and finite differences,
and then a real model trains on it.
"""
import argparse
import importlib
import random
import re
import sys
import time
from pathlib import Path

from demos.common.options import Parser
from demos.common.progress import replace_unprintable
from demos.exercises import exercise, folder, messages
from demos.exercises.folder import Folder
from demos.exercises.terminal import Style

PROG = "python -m demos exercises"
STOPPED = 130
TEMPORARY = re.compile(r"\.([^/\\]+)\.\d+\.tmp$")  # as files.replacing names it


def main(argv=None):
    argv = sys.argv[1:] if argv is None else list(argv)
    replace_unprintable()
    parser = Parser(prog=PROG, description=__doc__, allow_abbrev=False,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        summary = command.__doc__.partition("\n")[0]
        child = commands.add_parser(command.__name__.rstrip("_"), help=summary, description=summary,
                                    allow_abbrev=False)
        for names, settings in OPTIONS[command.__name__]:
            child.add_argument(*names, **settings)
        child.set_defaults(command=command)
    if not argv:
        parser.print_help()
        return 0
    options = parser.parse_args(argv)
    try:
        return options.command(options) or 0
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    except BrokenPipeError:
        raise  # nobody reads on: no error of the files'
    except OSError as error:
        path = TEMPORARY.sub(r"\1", str(error.filename))  # what it was to become
        parser.error(f"{path}: {error.strerror}; you need a folder that you can read and "
                     f"write")
    except KeyboardInterrupt:
        return STOPPED


# ---- commands ----

def init(options):
    """Write a file for each exercise; files that are there stay as they are."""
    place = Folder(options.folder)
    count = place.write_stubs()
    print(f"{count} exercises written to {place.path}{'' if count else ': all were there already'}."
          f"\nRead {place.file(exercise.find(exercise.numbers()[0]))}, write the answer, then:\n"
          f"    {PROG} check{where(options.folder)}")


def list_(options):
    """The exercises, by chapter, and what is done."""
    place, style, chapter = opened(options), Style(), None
    following = place.next()
    for number in exercise.numbers():
        found = exercise.find(number)
        if found.chapter != chapter:
            chapter = found.chapter
            print(f"{style.bold(chapter)}")
        title, stars, minutes = found.head
        state = place.state(found)
        mark = style.ok if state == "passed" else "    "
        note = {"changed": "changed since it passed: check it again", "started": "started",
                "missing": f"the file is missing; reset {number:02d} writes it"}.get(state, "")
        if following and number == following.number:
            note = f"{note + '; ' if note else ''}next"
        stars = style.stars(stars)
        print(f"  {mark}{number:02d} {title:<26}{stars:<5}{minutes:>3} min  {note}".rstrip())
    print(f"{len(place.passed())} of {len(exercise.numbers())} passed")


def check(options):
    """Check answers: those of the given numbers, or the next one."""
    place, passed = opened(options), True
    for found in chosen(place, options.numbers):
        passed &= check_one(place, found, options.seed)
    return 0 if passed else 1


def watch(options):
    """Check the next exercise whenever its file is saved."""
    from demos.exercises import watch
    return watch.watch(opened(options), check_one)


def hint(options):
    """One more hint each time."""
    place, found = opened(options), numbered(options.number)
    hints = place.hint(found)
    for i, text in enumerate(hints, 1):
        print("\n".join(messages.paragraph(text, f"{i} of {len(found.hints)}: ")))


def solution(options):
    """The reference, once you have passed."""
    place, found = opened(options), numbered(options.number)
    if not place.has_passed(found) and not options.anyway:
        print(f"{found.label} has not passed yet. hint {found.number:02d} gives a hint; "
              f"solution {found.number:02d} --anyway shows the solution.")
        return 1
    marks = folder.ANSWER, folder.END
    print("\n".join(line for line in found.source.splitlines() if line.strip() not in marks))


def reset(options):
    """Start an exercise anew; the old file is kept beside it, as .1."""
    place, found = opened(options), numbered(options.number)
    kept = place.reset(found)
    print(f"{place.file(found)} is as it was at first."
          + (f" Your own is kept as {kept.name}." if kept else ""))


def train(options):
    """Train a demo's model on all the answers that have passed."""
    from demos.exercises import train
    return train.train(opened(options), options.model, options.preset, options.out)


def handout(options):
    """All tasks as one page to print."""
    from demos.exercises import handout
    handout.write(options.out)
    print(f"All tasks: {options.out.resolve().as_uri()}")


def grade(options):
    """Grade a folder of submissions, one folder or zip each."""
    from demos.exercises import grade
    return grade.grade(options.submissions, options.out, numbers_in(options.only), options.jobs,
                       options.timeout, fresh(options.seed))


COMMANDS = init, list_, check, watch, hint, solution, reset, train, handout, grade

HERE = dict(type=Path, default=Path(folder.DEFAULT),
            help=f"your folder; {folder.DEFAULT} by default")
IN = ("--dir",), dict(dest="folder", metavar="DIR", **HERE)
ONE = ("number",), dict(metavar="NN", help="the exercise's number")
SEED = ("--seed",), dict(type=int, metavar="N", help="the cases of an earlier check")
OPTIONS = {
    "init": [(("folder",), dict(nargs="?", metavar="DIR", **HERE))],
    "list_": [IN],
    "check": [(("numbers",), dict(nargs="*", metavar="NN", help="08 or 8-11")), SEED, IN],
    "watch": [IN],
    "hint": [ONE, IN],
    "solution": [ONE, IN,
                 (("--anyway",), dict(action="store_true", help="before you have passed"))],
    "reset": [ONE, IN],
    "train": [(("model",), dict(choices=("autoencoder", "vae", "gan_ring", "gpt"))),
              (("--preset",), dict(default="tour", help="of the demo; tour by default")),
              (("--out",), dict(type=Path, help="folder of the results")), IN],
    "handout": [(("--out",), dict(type=Path, default=Path("exercises.html"), metavar="FILE"))],
    "grade": [(("submissions",), dict(type=Path, metavar="DIR")),
              (("--out",), dict(type=Path, default=Path("report"), help="folder of the report")),
              (("--only",), dict(nargs="*", default=[], metavar="NN", help="08 or 8-11")),
              (("--jobs",), dict(type=int, default=2, help="children at a time")),
              (("--timeout",), dict(type=float, default=20, help="CPU seconds per answer")), SEED],
}


# ---- what they share ----

def opened(options):
    """The student's folder. Raises ValueError where there is none."""
    if not options.folder.is_dir():
        raise ValueError(f"there is no folder {options.folder}; {PROG} init"
                         f"{where(options.folder, '')} makes it")
    place = Folder(options.folder)
    if place.damaged:
        print(f"{folder.PROGRESS} was damaged and is set aside as {place.damaged.name}; check what "
              f"had passed again, and it counts.")
    return place


def where(path, option=" --dir"):
    return "" if path == Path(folder.DEFAULT) else f'{option} "{path}"'


def numbered(number):
    """The exercise with a number that was typed."""
    return exercise.find(numbers_in([number])[0])


def numbers_in(texts):
    """The numbers of exercises in 08, or 8-11; all for none. Raises ValueError for others."""
    known, numbers = exercise.numbers(), []
    for text in texts:
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", str(text))
        several = range(int(found[1]), int(found[2] or found[1]) + 1) if found else []
        several = [number for number in several if number in known]
        if not several:
            raise ValueError(f"there is no exercise {text}; the exercises are {known[0]:02d} to "
                             f"{known[-1]:02d}, and 8-11 means four of them")
        numbers += several
    return numbers or known


def chosen(place, texts):
    """The exercises to check."""
    if texts:
        return [exercise.find(number) for number in numbers_in(texts)]
    following = place.next()
    if following is None:
        print("All exercises have passed. train gpt trains a GPT on what you wrote.")
    return [following] if following else []


def fresh(seed):
    """A seed that was given, or another each time."""
    return random.Random(time.time_ns()).randrange(10_000, 100_000) if seed is None else seed


def check_one(place, found, seed=None):
    """Check one exercise, say what came of it -> whether it passed."""
    checking = importlib.import_module("demos.exercises.checking")  # loads the engine
    path = place.file(found)
    if not path.is_file():
        print(f"{found.label}: there is no file {path}. reset {found.number:02d} writes it anew.")
        return False
    program = path.read_bytes()
    result = checking.check_program(found, program, fresh(seed))
    passed = result.verdict.failure is None
    number, left, there = found.number, len(found.hints) - place.hints(found), where(place.path)
    again = [f"Again: {PROG} check {number:02d} --seed {result.seed}{there}"]
    again += [f"Stuck: {PROG} hint {number:02d}{there}   ({left} left)"] if left else []
    print(messages.page(result, Style(), again))
    if passed:
        place.mark_passed(found, program)
        following = place.next()
        print(f"Next: {following.label}, {place.file(following)}" if following
              else "All exercises have passed. train gpt trains a GPT on what you wrote.")
    return passed


if __name__ == "__main__":
    sys.exit(main())

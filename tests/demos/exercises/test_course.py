"""The course tells the truth: its links, its commands, its figures, its sessions, its minutes."""
import ast
import doctest
import importlib
import re
import shlex
from pathlib import Path

import pytest

import demos
from demos.common.catalogue import find_demos
from demos.exercises import __main__ as exercises
from demos.exercises import exercise
from tinygen.backend import backend_name
from tinygen.check.__main__ import parse as parse_check

ROOT = Path(demos.__file__).parents[1]
PATH = ROOT / "demos/exercises/README.md"
COURSE = PATH.read_text(encoding="utf-8")
FAMILY = {name: family for family, names in find_demos().items() for name in names}
LESSONS = {int(number): text for number, text in
           re.findall(r"^### Lesson (\d+): (.*?)(?=^##)", COURSE, re.DOTALL | re.MULTILINE)}
LINKS = re.findall(r"\[([^]\n]+)\]\(([^)\n]+)\)", COURSE)
COMMANDS = sorted({command.strip() for command in
                   re.findall(r"python -m (?:demos|tinygen)[^`\n]*", COURSE)})
every_lesson = pytest.mark.parametrize("number", LESSONS)
every_command = pytest.mark.parametrize("command", COMMANDS)


def rows(number):
    """The rows of a lesson's table: (kind, minutes, text)."""
    return [(kind, int(minutes), text) for kind, minutes, text in
            re.findall(r"^\| (\w+) \| (\d+) \| (.*) \|$", LESSONS[number], re.MULTILINE)]


def solved(number):
    """The exercises of a lesson: (number, title, minutes)."""
    return [(int(text[:2]), text[3:].partition(";")[0], minutes)
            for kind, minutes, text in rows(number) if kind == "Solve"]


def anchors():
    """What GitHub calls the headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", COURSE, re.MULTILINE)}


def names_defined(path):
    """Top-level functions and classes, and methods as Class.method."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{method.name}" for method in node.body
                        if isinstance(method, ast.FunctionDef))


@pytest.mark.parametrize("text, target", LINKS, ids=[f"{text} {target}" for text, target in LINKS])
def test_links_lead_somewhere(text, target):
    if target.startswith("#"):
        assert target[1:] in anchors()
        return
    path = PATH.parent / target
    assert path.is_file(), f"{target} does not exist"
    if text.endswith(".py`"):
        assert text.strip("`") == path.name
    elif text.startswith("`"):
        assert text.strip("`") in set(names_defined(path)), f"{target} defines no {text}"


@every_lesson
def test_a_lesson_takes_ninety_minutes(number):
    kinds = [kind for kind, _, _ in rows(number)]
    assert sum(minutes for _, minutes, _ in rows(number)) == 90
    assert kinds[:2] == ["Read", "Run"] and "Solve" in kinds and kinds[-1] == "Discuss"
    assert LESSONS[number].count("<details>") == LESSONS[number].count("</details>") == 1
    assert LESSONS[number].partition("\n\n")[2].startswith("Afterwards you ")


def test_twelve_lessons_use_each_exercise_once():
    used = [exercise_number for number in LESSONS for exercise_number, _, _ in solved(number)]
    assert list(LESSONS) == list(range(1, 13))
    assert sorted(used) == exercise.numbers()


@every_lesson
def test_titles_and_minutes_are_those_of_the_tasks(number):
    for exercise_number, title, minutes in solved(number):
        found = exercise.find(exercise_number)
        assert (title, minutes) == (found.head[0], found.head[2])


@every_lesson
def test_the_list_of_lessons_agrees_with_them(number):
    title = LESSONS[number].partition("\n")[0]
    numbers = ", ".join(f"{exercise_number:02d}" for exercise_number, _, _ in solved(number))
    assert re.search(rf"^\| {number} \| \[{title}\]\(.*\) \| {numbers} \|$", COURSE, re.MULTILINE)


def test_the_table_of_exercises_agrees_with_their_files():
    lesson_of = {exercise_number: number for number in LESSONS
                 for exercise_number, _, _ in solved(number)}
    for number in exercise.numbers():
        found = exercise.find(number)
        title, stars, minutes = found.head
        row = (f"| {number:02d} | {title} | {found.chapter} | {stars} | {minutes} | "
               f"{found.model.name} | {lesson_of[number]} |")
        assert f"\n{row}\n" in COURSE


@every_command
def test_commands_parse(command, monkeypatch):
    """Up to where the work would begin."""
    _, _, module, *argv = shlex.split(command)
    if module == "tinygen.check":
        parse_check(argv)
    elif argv[:1] == ["exercises"]:
        check_exercises_command(argv[1:], monkeypatch)
    else:
        name, *argv = argv
        main = importlib.import_module(f"demos.{FAMILY[name]}.{name}").main
        monkeypatch.setattr("demos.common.run.Run", stop)
        if argv == ["--help"]:
            with pytest.raises(SystemExit, match="0"):
                main(argv)
        else:
            assert main(argv) == 130  # options that do not parse end with status 2


def stop(*arguments):
    raise KeyboardInterrupt


def check_exercises_command(argv, monkeypatch):
    called = []

    def recording(command):
        def record(options):
            called.append(command.__name__.rstrip("_"))
        record.__name__, record.__doc__ = command.__name__, command.__doc__
        return record
    monkeypatch.setattr(exercises, "COMMANDS", tuple(map(recording, exercises.COMMANDS)))
    exercises.main(argv)
    assert called == argv[:1]


def test_short_forms_are_commands():
    """`check 08` and the like, which come after python -m demos exercises."""
    names = {command.__name__.rstrip("_") for command in exercises.COMMANDS}
    used = set(re.findall(r"`([a-z]+)(?: \d\d)?`", COURSE.partition("## For teachers")[0]))
    assert used <= names and {"check", "hint", "list", "reset", "solution"} <= used


def test_figures_are_made_by_the_demos():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "demos").rglob("*.py"))
    figures = {name for number in LESSONS
               for name in re.findall(r"`(\w+)\.(?:png|gif|txt)`", LESSONS[number])}
    assert len(figures) >= 20
    for name in figures:
        assert f'"{name}"' in sources, f"no demo saves {name}"


def test_the_sessions_give_what_they_show():
    if backend_name() != "numpy":
        pytest.skip("the sessions make NumPy arrays")
    found = doctest.testfile(str(PATH), module_relative=False, encoding="utf-8",
                             optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    assert found.attempted >= 20 and found.failed == 0

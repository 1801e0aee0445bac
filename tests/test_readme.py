"""The README tells the truth: its session, its excerpts, its map and its list of demos."""
import ast
import doctest
import importlib
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import tinygen as tg
from demos.common.catalogue import find_demos, load_main
from demos.exercises import check
from tinygen.backend import backend_name

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_session_gives_what_it_shows():
    if backend_name() != "numpy":
        pytest.skip("the session makes NumPy arrays")
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False, encoding="utf-8")
    assert found.attempted >= 8 and found.failed == 0


def test_the_excerpts_are_in_the_source():
    excerpts = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL)
                if "@op" in block]
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tinygen/ops").glob("*.py")]
    assert excerpts
    for excerpt in excerpts:
        assert any(excerpt in source for source in sources), excerpt


def test_the_program_runs(tmp_path, monkeypatch, rng):
    """With fewer steps and random images."""
    if backend_name() != "numpy":
        pytest.skip("the program makes NumPy arrays")
    program = next(block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL)
                   if "imsave" in block)
    assert "range(1000)" in program
    images = SimpleNamespace(x_train=rng.random((200, 1, 28, 28), dtype="float32"))
    monkeypatch.setattr(tg.data, "load_images", lambda name: images)
    monkeypatch.chdir(tmp_path)
    exec(program.replace("range(1000)", "range(2)"), {})
    assert (tmp_path / "digits.png").read_bytes().startswith(b"\x89PNG")


def test_the_checks_print_what_they_show(capsys):
    if backend_name() != "numpy":
        pytest.skip("answers compute with NumPy")
    right = (ROOT / "demos/exercises/answers/e08_softmax.py").read_text(encoding="utf-8")
    wrong = right.replace("y.sum(axis=axis, keepdims=True)", "y.sum(axis=0, keepdims=True)")
    for source, passes in ((wrong, False), (right, True)):
        answer = {}
        exec(source, answer)
        assert check(8, answer["softmax"], seed=71293) is passes
        # The text that the GPT trains on differs from one Python to another, and so does its loss.
        shown = re.split("Again: |: loss ", capsys.readouterr().out)[0]
        assert f"```\n{shown}" in README


def test_what_holds_the_promises_exists():
    table = README.partition("which test holds it\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?!promise).*\|$", table, re.MULTILINE)
    assert len(rows) >= 12
    for row in rows:
        held_by = re.findall(r"`((?:tests/|\.ci/)[^`]*)`", row)
        assert held_by, row
        for file, _, test in (name.partition("::") for name in held_by):
            assert (ROOT / file).exists(), row
            assert not test or f"\ndef {test}(" in (ROOT / file).read_text(encoding="utf-8"), row


def map_of_files():
    """The Python files that the map names, from top to bottom."""
    files, folders = [], []
    for line in re.search(r"```\n(tinygen/\n.*?)```", README, re.DOTALL)[1].splitlines():
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0]
        folders[depth:] = [name]
        if name.endswith(".py"):
            files.append("".join(folders))
    return files


def test_the_map_names_every_file():
    files = {path.relative_to(ROOT).as_posix() for folder in ("tinygen", "models")
             for path in (ROOT / folder).rglob("*.py") if not path.name.startswith("__")}
    assert sorted(map_of_files()) == sorted(files)


def test_every_demo_is_listed():
    for names in find_demos().values():
        for name in names:
            assert f"`{name}`" in README, f"README.md lacks a row for the demo {name}"


def rows_of_numbers():
    """(demo, preset, data, the numbers of the column "here") of the table of numbers."""
    section = README.split("## Numbers to check it by")[1].split("\n## ")[0]
    cells = [line.split("|")[2] for line in section.splitlines() if line.startswith("|")][2:]
    commands = [command.split() for command in re.findall(r"`([^`]+)`", section)]
    for cell, (demo, *options) in zip(cells, commands[:-1], strict=True):
        options = dict(zip(options[::2], options[1::2]))
        if demo != "python":  # -m tinygen.check
            yield (demo, options.get("--preset", "default"), options.get("--data"),
                   re.findall(r"\d+\.\d+", cell))


@pytest.mark.parametrize("demo, preset, data, numbers", list(rows_of_numbers()))
def test_the_numbers_are_those_of_the_demos(demo, preset, data, numbers):
    """Each stands in the demo's docstring, and inside its limits."""
    module = importlib.import_module(load_main(demo).__module__)
    expected = set(re.findall(r"\d+\.?\d*", module.__doc__))
    assert numbers and not set(numbers) - expected
    ranges = [limits for key, limits in getattr(module, "EXPECTED", {}).items()
              if set(key) == {preset, data}]
    for limits in ranges:
        limits = [limits] if isinstance(limits[0], float) else limits
        for number in map(float, numbers):
            assert any(low <= number <= high for low, high in limits), (number, limits)
    assert ranges or not hasattr(module, "EXPECTED")


def test_imports_point_upwards_in_the_map():
    order = [file[:-len(".py")].replace("/", ".") for file in map_of_files()]
    for position, module in enumerate(order):
        source = (ROOT / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            names = [f"{node.module}.{a.name}" for a in node.names] if isinstance(
                node, ast.ImportFrom) else []
            for name in names:
                below = [m for m in order[position:] if name == m or name.startswith(m + ".")]
                assert not below, f"{module} imports {name}, which stands below it"

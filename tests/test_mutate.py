"""The mutation run, on a line at a time and on a small tree of its own."""
import ast
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.mutate import __main__ as run
from tests.mutate.alike import ALIKE
from tests.mutate.mutants import find

ROOT = Path(__file__).parents[1]


def mistakes(text):
    """The text with each mistake that can be made in it."""
    source = text.encode()
    return [mutant.apply(source).decode() for mutant in find("x.py", source)]


@pytest.mark.parametrize("text, expected", [
    ("a - b", {"(a + b)", "a", "b", "(b - a)"}),
    ("(a - b) ** 2", {"((a - b) * 2)", "(a - b)", "2", "(2 ** (a - b))", "((a + b)) ** 2",
                      "(a) ** 2", "(b) ** 2", "(a - b) ** 3", "(a - b) ** 1"}),
    ("x = abs(a - b)", {"x = abs((a + b))", "x = abs(a)", "x = abs(b)"}),
    ("x = (a - b).abs()", {"x = ((a + b)).abs()", "x = (a).abs()", "x = (b).abs()"}),
    ("x = abs(a % b)", {"x = abs((a * b))", "x = abs(a)", "x = abs(b)", "x = abs((b % a))"}),
    ("a * b", {"(a / b)", "a", "b"}),
    ("(a - b) ** c", {"((a - b) * c)", "(a - b)", "c", "(c ** (a - b))", "((a + b)) ** c",
                      "(a) ** c", "(b) ** c", "((b - a)) ** c"}),
    ("a @ b", {"(b @ a)"}),
    ("-a", {"a"}),
    ("a += b", {"pass", "a -= b"}),
    ("x = 3", {"x = 4", "x = 2"}),
    ("x = -1", {"x = 1", "x = 0", "x = -2"}),
    ("x = a.reshape(-1)", {"x = a.reshape(1)", "x = a.reshape(0)"}),
    ("x = a.reshape((-1,))", {"x = a.reshape((1,))", "x = a.reshape((0,))"}),
    ("x = reshape(shape=(-1,))", {"x = reshape()", "x = reshape(shape=(1,))",
                                  "x = reshape(shape=(0,))"}),
    ("x = 1e-5", {"x = 1.00001", "x = 2e-05"}),
    ("x = True", {"x = False"}),
    ("a < b", {"(a <= b)", "(a >= b)"}),
    ("a == b", {"(a != b)"}),
    ("a is b", {"(a is not b)"}),
    ("a and b", {"(a or b)", "(a)", "(b)"}),
    ("not a", {"a"}),
    ("a if c else b", {"(b if c else a)"}),
    ("f(a, b)", {"pass", "f(b, a)"}),
    ("x = f(a, a)", set()),
    ("x = dot_along(a, b, c)", {"x = dot_along(a, c, b)"}),
    ("x = swapaxes(a, b, c)", {"x = swapaxes(b, a, c)"}),
    ("x = open(encoding='utf-8')", set()),
    ("x = open(encoding='utf-8-sig')", {"x = open()"}),
    ("x = f(nn.ReLU(), nn.Flatten())", set()),
    ("x = max(a, b)", {"x = min(a, b)"}),
    ("x = f(axis=a)", {"x = f()"}),
    ("x = a.sum()", {"x = a.mean()"}),
    ("def f(a=0): return a", {"def f(a=1): return a", "def f(a=-1): return a"}),
    ("return a, b, c", {"return (b, a, c)", "return (a, c, b)"}),
    ("if a: f", {"if False: f"}),
])
def test_a_line_has_these_mistakes(text, expected):
    found = mistakes(text)
    assert set(found) == expected and len(found) == len(expected)


def test_words_have_none():
    assert mistakes('''
def f(a: 1 + 1, b: int = None) -> 1 + 1:
    """1 + 1"""
    raise ValueError(f"{a + b}" + "c")

class C:
    size: 1 + 1
    def __repr__(self):
        return "C" + str(self.size + 1)
''') == []
    assert mistakes('warnings.warn("a" + b, stacklevel=2)') == ["pass"]
    assert mistakes("y = xp.result_type(x, 1.0)") == []


def test_a_real_file_keeps_every_other_byte():
    source = (ROOT / "tinygen/ops/kernels.py").read_bytes()
    mutants = find("kernels.py", source)
    assert len(mutants) > 30
    for mutant in mutants:
        changed = mutant.apply(source)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source)), mutant
        assert changed[:mutant.start] == source[:mutant.start]
        assert changed.endswith(source[mutant.end:])
        assert mutant.before in ast.unparse(ast.parse(source))


def test_every_file_can_be_read():
    assert len(run.all_mutants(ROOT)) > 10_000


def test_what_nobody_can_tell_apart_is_left_out(monkeypatch):
    places = {(file, line): (ROOT / file).read_bytes() for file, line, _, _ in ALIKE}
    left = {place: len(find(place[0], source)) for place, source in places.items()}
    entries = ALIKE.copy()
    monkeypatch.setattr("tests.mutate.mutants.ALIKE", {})
    for file, line, before, after in entries:
        found = [(m.before, m.after) for m in find(file, places[file, line])]
        assert line in places[file, line].decode() and (before, after) in found, line
        assert len(found) > left[file, line]


# ---- the run ----

SOURCE = '''LIMIT = 9

def countdown(n):
    while n > 0:  # until ∅
        n -= 1
    return n

def uncalled(n=True):
    return -n

def double(n):
    return n * 2

def same(n):
    return n
'''

TESTS = '''
import inspect
import pytest
from tinygen.sample import countdown, double, uncalled

def test_countdown():
    assert countdown(3) == 0

def test_defaults_are_these():
    assert inspect.signature(uncalled).parameters["n"].default is True

@pytest.fixture(scope="module")
def doubled():
    return double(3)

def test_that_sets_the_fixture_up(doubled):
    pass

def test_that_looks_at_it(doubled):
    assert doubled == 6
'''

CONSTANTS = '''
from tinygen import sample

def test_a_call_into_the_file():
    sample.same(1)

def test_limit():
    assert sample.LIMIT < 10
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project with this package in it; temporary folders go to tmp_path/temp."""
    root, temporary = tmp_path / "project", tmp_path / "temp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(run, "PATIENCE", 2)
    for file, text in (("tinygen/sample.py", SOURCE), ("tests/tinygen/test_sample.py", TESTS),
                       ("tests/tinygen/test_constants.py", CONSTANTS),
                       ("tests/__init__.py", ""), ("setup.cfg", "[tool:pytest]")):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "tests/mutate", root / "tests/mutate",
                    ignore=shutil.ignore_patterns("__pycache__"))
    return root


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run(project, tmp_path, capsys):
    before = files(project)
    assert run.main(["--count", "100", "--jobs", "2"], project) == 1
    head, *lines = capsys.readouterr().out.splitlines()
    outcomes = dict(line.split("    ") for line in lines[:lines.index("")])
    caught, *others = [f"tests/tinygen/test_sample.py::test_{name}" for name in (
        "countdown", "defaults_are_these", "that_looks_at_it")]
    assert head.startswith("17 of 17 mistakes, seed 0")
    assert outcomes == {f"tinygen/sample.py:{mistake}": outcome for mistake, outcome in {
        "1  9  ->  10": "tests/tinygen/test_constants.py::test_limit",
        "1  9  ->  8": "SURVIVED",
        "4  n > 0  ->  n >= 0": caught,
        "4  n > 0  ->  n <= 0": caught,
        "4  0  ->  1": caught,
        "4  0  ->  -1": caught,
        "5  n -= 1  ->  pass": f"{caught}, stopped",
        "5  n -= 1  ->  n += 1": f"{caught}, stopped",
        "5  1  ->  2": caught,
        "5  1  ->  0": f"{caught}, stopped",
        "8  True  ->  False": others[0],
        "9  -n  ->  n": "SURVIVED",
        "12  n * 2  ->  n / 2": others[1],
        "12  n * 2  ->  n": others[1],
        "12  n * 2  ->  2": others[1],
        "12  2  ->  3": others[1],
        "12  2  ->  1": others[1]}.items()}
    assert lines[lines.index("") + 1].startswith("15 of 17 caught, 88.2%")
    assert lines[lines.index("") + 2:] == sorted(
        mistake for mistake, outcome in outcomes.items() if outcome == "SURVIVED")
    assert files(project) == before and not files(tmp_path / "temp")


def test_ctrl_c_leaves_nothing(project, tmp_path, monkeypatch):
    mutants = {str(mutant).split("  ", 1)[1]: mutant for mutant in run.all_mutants(project)}
    monkeypatch.setattr(run, "choose", lambda *_: [
        mutants["n > 0  ->  n >= 0"], mutants["n -= 1  ->  pass"]])
    monkeypatch.setattr(run, "PATIENCE", 1000)

    def interrupt(line, **_):
        if "n >= 0" in line:  # the other one hangs now
            raise KeyboardInterrupt
    monkeypatch.setattr(run, "print", interrupt, raising=False)
    with pytest.raises(KeyboardInterrupt):
        run.main(["--jobs", "2"], project)
    assert list((tmp_path / "temp").iterdir()) == []


def test_tests_that_fail_anyway_end_the_run(project):
    test = project / "tests/tinygen/test_sample.py"
    test.write_text(TESTS.replace("== 0", "== 1"), encoding="utf-8")
    with pytest.raises(SystemExit, match="test_sample.py fails before any mistake is made"):
        run.main([], project)


def test_a_test_with_another_name_each_time_ends_the_run(project):
    test = project / "tests/tinygen/test_sample.py"
    test.write_text(TESTS + """
import os

@pytest.mark.parametrize("name", [os.urandom(8).hex()])
def test_again(name):
    pass
""", encoding="utf-8")
    with pytest.raises(SystemExit, match="test_again.* has another name each time"):
        run.main([], project)


def test_a_seed_repeats():
    mutants = list(range(1000))
    assert run.choose(mutants, 1, 50) == run.choose(mutants, 1, 50) != run.choose(mutants, 2, 50)
    assert sorted(run.choose(mutants, 1, 2000)) == mutants

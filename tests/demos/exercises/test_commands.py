"""The commands, as a student types them."""
import io
import json
import queue

import pytest

from demos.__main__ import main as demos
from demos.exercises import check as check_here
from demos.exercises import exercise, messages, swap, watch
from demos.exercises.__main__ import check_one, main
from demos.exercises.exercise import find
from demos.exercises.folder import Folder, stub
from demos.exercises.terminal import Style
from tinygen.backend import backend_name

pytestmark = pytest.mark.skipif(backend_name() != "numpy", reason="students' answers are NumPy's")

WRONG = "    # ---- answer", "    return x, lambda g: g\n    # ---- answer"


@pytest.fixture
def place(tmp_path, capsys):
    """A folder with all stubs, at a path that is not easy."""
    path = tmp_path / "my exercises é"
    assert main(["init", str(path)]) == 0
    capsys.readouterr()
    return Folder(path)


@pytest.fixture
def run(place, capsys):
    """run("check", "08") -> exit status, what was printed."""
    def run(*argv):
        try:
            status = main([*argv, "--dir", str(place.path)])
        except SystemExit as end:
            status = end.code
        out, err = capsys.readouterr()
        return status, out + err
    return run


def solve(place, number, change=("", "")):
    found = find(number)
    place.file(found).write_text(found.source.replace(*change), encoding="utf-8")
    return place.file(found)


# ---- init, list ----

def test_init_writes_a_stub_for_each_and_overwrites_nothing(place, capsys):
    names = sorted(path.name for path in place.path.iterdir())
    assert names == [find(number).file for number in exercise.numbers()]
    assert place.file(find(8)).read_text(encoding="utf-8") == stub(find(8))
    mine = solve(place, 8)
    place.file(find(22)).unlink()
    assert main(["init", str(place.path)]) == 0
    assert "1 exercises written" in capsys.readouterr().out
    assert mine.read_text(encoding="utf-8") == find(8).source


def test_list_shows_states_and_what_is_next(run, place):
    status, text = run("list")
    assert status == 0 and "ops\n" in text and f"0 of {len(exercise.numbers())} passed" in text
    first = find(exercise.numbers()[0])
    assert text.count("next") == 1
    assert first.label in next(line for line in text.splitlines() if "next" in line)
    solve(place, 8)
    assert "started" in run("list")[1]
    place.mark_passed(find(8), place.file(find(8)).read_bytes())
    assert "  ok  08 softmax" in run("list")[1]
    solve(place, 8, WRONG)
    assert "changed since it passed" in run("list")[1]
    place.file(find(8)).unlink()
    assert "the file is missing; reset 08 writes it" in run("list")[1]


def test_the_folder_has_to_be_there(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(["list"])
    assert "there is no folder my_exercises; python -m demos exercises init makes it" in (
        capsys.readouterr().err)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(["init", str(tmp_path / "file" / "inside")])
    assert "a folder that you can read and write" in capsys.readouterr().err


def test_it_is_a_command_of_the_demos(capsys):
    assert demos(["exercises"]) == 0
    text = capsys.readouterr().out
    for command in ("init", "list", "check", "watch", "hint", "solution", "reset", "train",
                    "handout", "grade"):
        assert f"    {command} " in text


# ---- check ----

def test_check_without_a_number_takes_the_next(run, place):
    first, second, *_ = exercise.numbers()
    status, text = run("check")
    assert status == 1 and text.startswith(find(first).label) and "still to be written" in text
    assert f"Stuck: python -m demos exercises hint {first:02d}" in text and "(3 left)" in text
    place.mark_passed(find(first), place.file(find(first)).read_bytes())
    assert run("check")[1].startswith(find(second).label)


def test_a_right_answer_passes_and_counts(run, place):
    path = solve(place, 8)
    status, text = run("check", "8")
    assert status == 0, text
    assert "all yours" in text and f"Next: {find(exercise.numbers()[0]).label}" in text
    assert Folder(place.path).state(find(8)) == "passed"
    entry = json.loads((place.path / "progress.json").read_text(encoding="utf-8"))["08"]
    assert len(entry["sha256"]) == 64 and len(entry["passed"]) == 10
    path.write_bytes(path.read_bytes() + b"\n# more\n")
    assert Folder(place.path).state(find(8)) == "changed"


@pytest.mark.parametrize("number", [n for n in exercise.numbers()
                                    if find(n).model.train.__module__ != swap.__name__])
def test_a_model_of_its_own_has_all_that_it_needs_in_the_child(run, place, number):
    solve(place, number)
    status, text = run("check", str(number))
    assert status == 0, text


def test_a_wrong_answer_fails_with_the_command_to_try_again(run, place):
    solve(place, 8, ("(g - (g * y).sum(axis=axis, keepdims=True))", "g"))
    status, text = run("check", "08", "--seed", "7")
    assert status == 1
    assert "You left out Σ g·y" in text
    assert "Again: python -m demos exercises check 08 --seed 7" in text
    assert run("check", "08", "--seed", "7")[1] == text


@pytest.mark.parametrize("number", ["99", "0", "eight", "1.5", "99-100", "-3"])
def test_a_number_that_does_not_exist(run, number):
    status, text = run("check", number)
    assert status == 2 and ("there is no exercise" in text or "error" in text)
    assert "Traceback" not in text


@pytest.mark.parametrize("program, told", [
    (b"", "There is no softmax in 08_softmax.py"),
    (b"softmax = 3\n", "There is no softmax in 08_softmax.py"),
    ("x = 'é'\n".encode("latin-1"), "The file is not UTF-8."),
    ("x = 'é'\n".encode("utf-16"), "The file is not UTF-8."),
    (b"def softmax(x, axis=-1:\n    return x\n", "It is not Python: "),
    (b"def softmax(x, axis=-1):\n    return [x], lambda g: g\n", "y is a list; expected is"),
    (b"def softmax(x, axis=-1):\n    print('mine', x.shape)\n    return x\n",
     "Your answer printed:\nmine (3,)"),
    (b"def softmax(x, axis=-1):\n    return input(), 1\n", "It asks for input()"),
    (b"import tinygen as tg\ndef softmax(x, axis=-1):\n    return tg.Tensor(x), lambda g: g\n",
     "y is Tensor (3,) float64; expected is an array"),
    (b"def softmax(x, axis=-1):\n    x -= x.max()\n    return x, lambda g: g\n",
     "Your answer changes x, which belongs to the caller."),
    (b"def softmax(x, axis=-1):\n    return x[:2], lambda g: g\n",
     "y has shape (2,); expected is (3,)."),
    (b"def softmax(x, axis=-1):\n    return x / (x - x), lambda g: g\n", "nan"),
    (b"def softmax(x, axis=-1):\n    return x.astype('float32'), lambda g: g\n",
     "y is float32; expected is float64"),
], ids=["empty", "no function", "Latin-1", "UTF-16", "no Python", "list", "prints", "input",
        "Tensor", "in place", "shape", "nan", "dtype"])
def test_what_a_student_may_hand_over(run, place, program, told):
    place.file(find(8)).write_bytes(program)
    status, text = run("check", "08")
    assert status == 1 and told in text and "Traceback" not in text


def test_an_answer_that_draws_and_takes_a_view_may_pass(run, place):
    solve(place, 8, ("    # ---- answer", "    x = x[...]\n    if x.shape == (3,):\n"
                                          "        import matplotlib.pyplot as plt\n"
                                          "        plt.figure(), plt.show()\n"))
    status, text = run("check", "08")
    assert status == 0, text


def test_a_deleted_or_renamed_file(run, place):
    path = place.file(find(8))
    path.rename(path.with_name("softmax.py"))
    status, text = run("check", "08")
    assert status == 1 and "there is no file" in text and "reset 08 writes it anew" in text
    assert run("reset", "08")[0] == 0 and path.exists()


def test_in_a_notebook(capsys):
    softmax = find(8).reference
    assert check_here(8, softmax, seed=3) is True
    assert check_here(8, lambda x, axis: (x, x), seed=3) is False
    assert "FAIL  example" in capsys.readouterr().out
    with pytest.raises(ValueError, match="exercise 22 asks for mean_by_loops, mean_by_"):
        check_here(22, softmax)
    with pytest.raises(ValueError, match="there is no exercise 99"):
        check_here(99, softmax)


# ---- hint, solution, reset ----

def test_one_more_hint_each_time(run, place):
    texts = [run("hint", "8")[1] for _ in range(4)]
    assert [text.count(" of 3:") for text in texts] == [1, 2, 3, 3]
    assert "hint 08" not in run("check", "08")[1]  # none is left


def test_the_solution_is_shown_once_passed_or_anyway(run, place):
    status, text = run("solution", "08")
    assert status == 1 and "has not passed yet" in text and "--anyway" in text
    assert "np.exp(x - x.max" in run("solution", "08", "--anyway")[1]
    place.mark_passed(find(8), b"what passed")
    status, text = run("solution", "08")
    assert status == 0 and "np.exp(x - x.max" in text and "# ----" not in text


def test_reset_keeps_the_old_file(run, place):
    path = solve(place, 8, WRONG)
    mine = path.read_bytes()
    assert "kept as 08_softmax.py.1" in run("reset", "08")[1]
    assert path.with_name("08_softmax.py.1").read_bytes() == mine
    assert path.read_text(encoding="utf-8") == stub(find(8))
    path.write_bytes(b"again")
    assert "kept as 08_softmax.py.2" in run("reset", "08")[1]
    assert "kept" not in run("reset", "08")[1]


@pytest.mark.parametrize("damaged", [b"{", b"\xff\xfe", b"[]", b'"08"', b'{"08": 3}',
                                     b'{"08": {"hints": "x"}}', b'{"softmax": {}}'])
def test_damaged_progress_is_set_aside(run, place, damaged):
    (place.path / "progress.json").write_bytes(damaged)
    status, text = run("list")
    assert status == 0 and "set aside as progress.json.1" in text
    assert (place.path / "progress.json.1").read_bytes() == damaged
    assert "set aside" not in run("list")[1]
    assert run("hint", "08")[0] == 0


# ---- watch ----

def checked(place, keys, changes=()):
    """The numbers that watch checks, for keys that are typed; before each, one of `changes`."""
    numbers, changes = [], iter(changes)

    class Keys:
        def get(self, timeout):
            next(changes, lambda: None)()
            key = next(keys, "q")
            if key is None:
                raise queue.Empty
            return key

    keys = iter(keys)
    assert watch.watch(place, lambda place, found: numbers.append(found.number), Keys()) == 0
    return numbers


def test_watch_checks_at_each_change_and_key(place, capsys):
    first, second, *_ = exercise.numbers()
    assert checked(place, []) == [first]
    assert checked(place, [None, None]) == [first]  # nothing has changed
    assert checked(place, [None, None], [lambda: solve(place, first)]) == [first, first]
    assert checked(place, ["\n", "n\n"]) == [first, first, second]
    capsys.readouterr()
    assert checked(place, ["h\n"]) == [first]
    assert "1: " in capsys.readouterr().out


def test_watch_survives_a_file_that_goes_and_comes(place):
    first = exercise.numbers()[0]
    path = place.file(find(first))
    changes = [path.unlink, lambda: solve(place, first)]
    assert checked(place, [None, None, None], changes) == [first] * 3


def test_an_interrupted_watch_loses_nothing(run, place, monkeypatch):
    def interrupted(place, check, keys=None):
        check(place, find(8))
        raise KeyboardInterrupt
    monkeypatch.setattr(watch, "watch", interrupted)
    monkeypatch.setattr("demos.exercises.__main__.check_one", lambda *a, **k: None)
    assert run("watch")[0] == 130
    assert Folder(place.path).damaged is None


# ---- handout, messages, the terminal ----

@pytest.mark.parametrize("encoding, tty, environment, ok, star", [
    ("utf-8", True, {}, "\033[32m✓   \033[0m", "★"),
    ("utf-8", True, {"NO_COLOR": "1"}, "ok  ", "★"),
    ("utf-8", False, {}, "ok  ", "★"),
    ("ascii", True, {}, "\033[32mok  \033[0m", "*"),
    ("cp1252", False, {}, "ok  ", "*"),
])
def test_the_terminal_shows_what_it_can(monkeypatch, encoding, tty, environment, ok, star):
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(stream, "isatty", lambda: tty, raising=False)
    style = Style(stream)
    assert (style.ok, style.stars("★")) == (ok, star)


def test_the_handout_has_every_task(run, tmp_path, capsys):
    assert main(["handout", "--out", str(tmp_path / "all.html")]) == 0
    page = (tmp_path / "all.html").read_text(encoding="utf-8")
    assert page.count('class="task"') == len(exercise.numbers())
    assert "By hand:" in page and "★" in page


def test_a_page_fits_a_terminal(place, capsys):
    solve(place, 8, ("y / y.sum(axis=axis", "y / y.sum(axis=0"))
    check_one(place, find(8), seed=7)
    text = capsys.readouterr().out
    commands = "Again:", "Stuck:"  # whole, so that they can be copied
    assert max(len(line) for line in text.splitlines() if not line.startswith(commands)) <= 80
    assert messages.WIDTH <= 80

"""Grading survives whatever is handed in, and says what it was."""
import csv
import io
import json
import zipfile

import pytest

from demos.exercises import report
from demos.exercises.__main__ import main
from demos.exercises.checking import questions
from demos.exercises.exercise import find
from demos.exercises.grade import LARGEST_FILE, find_submissions, read_answer
from demos.exercises.parent import run_child
from tinygen.backend import backend_name, np

pytestmark = pytest.mark.skipif(backend_name() != "numpy", reason="students' answers are NumPy's")

RIGHT = find(8).source
BEGIN = "    # ---- answer\n"


def inside(*lines):
    """The right answer with some lines before it."""
    return RIGHT.replace(BEGIN, "".join(f"    {line}\n" for line in lines))


# student -> the program handed in, status, a piece of the message
HOSTILE = {
    "right": (RIGHT, "pass", "8 calls of the model, answered as the reference"),
    "stub": ('def softmax(x, axis=-1):\n    raise NotImplementedError("08 softmax is still to be '
             'written")\n', "fail", "08 softmax is still to be written"),
    "endless": (inside("while x.shape == (2, 3):", "    pass"), "timeout",
                "case 2 of 10"),
    "passed": ('print("PASSED")\nimport sys\nsys.exit()\n', "error", "ends the program"),
    "os exit": ("import os\nos._exit(0)\n", "error", "before it gave an answer"),
    "exit in a call": (inside("import os", "os._exit(0)"), "error", "before it gave an answer"),
    "always equal": ("class Equal:\n    __eq__ = __ge__ = __le__ = lambda self, other: True\n"
                     "    shape, dtype, ndim = (3,), 'float64', 1\n"
                     "    def __array__(self, *a, **k):\n        raise SystemExit\n"
                     "def softmax(x, axis=-1):\n    return Equal(), lambda g: Equal()\n", "fail",
                     "y is Equal (3,) float64; expected is an array"),
    "patched": ("import numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
                "np.abs = lambda x: 0 * x\n"
                "def softmax(x, axis=-1):\n    return x, lambda g: g\n", "fail", "example"),
    "huge allocation": (inside("np.ones((10 ** 6, 10 ** 6))"), "memory", "more memory"),
    "huge array": ("import numpy as np\ndef softmax(x, axis=-1):\n"
                   "    return np.zeros(2 * 10 ** 7), lambda g: g\n", "fail", "too large"),
    "huge output": (inside("print('x' * 10 ** 7)"), "pass", "Your answer printed"),
    "asks": (inside("input()"), "error", "asks for input()"),
    "no Python": ("def softmax(x, axis=-1:\n", "error", "It is not Python"),
    "fork bomb": (inside("import os", "while True: os.fork()"), "fail", "processes (os.fork)"),
    "subprocess": (inside("import subprocess", "subprocess.run(['true'])"), "fail", "processes"),
    "socket": (inside("import socket", "socket.socket()"), "fail", "It uses socket"),
    "ctypes": (inside("import ctypes", "ctypes.CDLL(None)"), "fail", "It uses ctypes"),
    "writes": (inside("open(VICTIM + '.new', 'w')"), "fail", "It writes to"),
    "deletes": (inside("import os", "os.remove(VICTIM)"), "fail", "It changes files (os.remove"),
    "renames": (inside("import os", "os.replace(VICTIM, VICTIM + '.new')"), "fail",
                "It changes files (os.rename"),
    "engine's op": (inside("import tinygen", "return tinygen.softmax(x, axis=axis), None"), "fail",
                    "It calls tinygen's softmax"),
    "engine's rule": (inside("import tinygen", "return tinygen.ops.softmax.rule(x, axis=axis)"),
                      "fail", "It calls tinygen's"),
    "engine's twin": (inside("from tinygen.ops.norm import softmax_textbook",
                             "return softmax_textbook(x, axis=axis), None"), "fail",
                      "It calls tinygen's"),
    "reference": (inside("from demos.exercises.answers.e08_softmax import softmax",
                         "return softmax(x, axis)"), "fail", "reads the files of the exercises"),
    "checks": (inside("open(CHECKS).read()"), "fail", "reads the files of the exercises"),
    "renames onto": (inside("import os", "open('a', 'w')", "os.rename('a', VICTIM)"), "fail",
                     "It changes files (os.rename"),
    "through a folder": (inside("import os", "os.open(os.path.dirname(VICTIM), 0)"), "fail",
                         "It writes to"),
    "spawns": (inside("import multiprocessing",
                      "multiprocessing.get_context('spawn').Process().start()"), "fail",
               "which an answer must not"),
    "asks the check": ("import sys\ndef softmax(x, axis=-1):\n    check = sys._getframe(1)\n"
                       "    y = check.f_globals['by_loops'](x, axis).astype(x.dtype)\n"
                       "    return y, lambda g: g\n", "error", "KeyError"),
    "looks around": (inside("import gc", "gc.get_objects()"), "fail", "It uses gc"),
    "reloads": (inside("import importlib", "from tinygen.ops import norm",
                       "importlib.reload(norm)"), "fail", "or of the engine"),
    "a pipe": ("import os\nos.remove('events.jsonl')\nimport posix\n"
               "posix.mkfifo('events.jsonl')\nos._exit(0)\n", "error",
               "before it gave an answer"),
    "half a character": ("def softmax(x, axis=-1):\n    raise ValueError(chr(0xd800))\n", "error",
                         "It raises ValueError"),
    "a neighbour's": (inside("exec(open(VICTIM + '/08_softmax.py').read())"), "fail",
                      "write the answer yourself"),
    "a Tensor": (inside("import tinygen", "return tinygen.Tensor(x), None"), "fail", "y is Tensor"),
    "a view": (inside("return x[...], lambda g: g"), "fail", "example"),
    "in place": (inside("x[...] = 0"), "fail", "changes x"),
    "drifts": (RIGHT.replace("y = y /", "softmax.n = getattr(softmax, 'n', 0) + 1\n"
                                        "    y = y * (1 + softmax.n % 2) /"), "fail", ""),
    "forger": ("import json, os\nimport numpy as np\n"
               "np.savez('0.npz', **{'0 0': np.array(['PASSED'])})\n"
               "told = {'case': 0, 'values': [[['y', None]], []], 'error': None, 'changed': [],\n"
               "        'again': True}\n"
               "open('events.jsonl', 'w').write(json.dumps({'loaded': True}) + '\\n'\n"
               "                                + json.dumps(told) + '\\n')\nos._exit(0)\n",
               "error", "before it gave an answer"),
    "wrong in float32": (inside("x = x.astype('float64')"), "fail", "y is float64; expected is f"),
    "wrong when large": (RIGHT.replace("return y, gradient", "y = y * (1 if x.size < 99 else 2)\n"
                                       "    return y, gradient"), "fail", "FAIL  GPT"),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """All of the above and more, graded once: {student: grade}, the report's folder, a victim."""
    folder = tmp_path_factory.mktemp("class é")
    victim, submissions, out = folder / "victim", folder / "in", folder / "out"
    victim.write_text("mine", encoding="utf-8")
    submissions.mkdir()
    names = {"VICTIM": str(victim), "CHECKS": str(find(8).task and report.__file__.replace(
        "report.py", "checks/e08_softmax.py"))}
    for student, (program, _, _) in HOSTILE.items():
        for name, value in names.items():
            program = program.replace(name, repr(value))
        (submissions / student / "homework").mkdir(parents=True)
        path = submissions / student / "homework" / "08_softmax.py"
        path.write_text(program, encoding="utf-8")
    (submissions / "=SUM(A1) <b>").mkdir()  # handed in nothing
    (submissions / "broken.zip").write_bytes(b"PK nothing")
    with zipfile.ZipFile(submissions / "above.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../08_softmax.py", RIGHT)
    packed = (submissions / "above.zip").read_bytes()
    (submissions / "damaged.zip").write_bytes(packed[:60] + b"\xff" * 100 + packed[160:])
    (submissions / "renamed").mkdir()
    (submissions / "renamed" / "08_softmax (1).py").write_text(RIGHT, encoding="utf-8")
    assert main(["grade", str(submissions), "--out", str(out), "--only", "8", "--timeout", "3",
                 "--seed", "3"]) == 0
    grades = {path.stem: json.loads(path.read_text(encoding="utf-8"))["exercises"][0]
              for path in (out / "students").iterdir()}
    return grades, out, victim


@pytest.mark.parametrize("student", HOSTILE)
def test_whatever_is_handed_in(graded, student):
    _, status, told = HOSTILE[student]
    grade = graded[0][student]
    assert grade["status"] == status, grade["message"]
    assert told in grade["message"], grade["message"]
    assert "Traceback" not in grade["message"]
    assert (grade["share"] == 1) == (status == "pass")


def test_nothing_outside_was_touched(graded):
    _, out, victim = graded
    assert victim.read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in victim.parent.iterdir()) == ["in", "out", "victim"]


def test_zips_and_empty_folders_get_a_row(graded):
    grades = graded[0]
    assert grades["above"]["status"] == "pass"  # read, never unpacked
    assert grades["broken"]["status"] == "error"
    assert "no zip that can be read" in grades["broken"]["message"]
    assert grades["damaged"]["status"] == "error"
    assert grades["=SUM(A1) <b>"]["status"] == "missing"
    assert "08_softmax.py, but 08_softmax (1).py" in grades["renamed"]["message"]


def test_the_table(graded):
    grades, out, _ = graded
    rows = list(csv.DictReader(io.StringIO((out / "grades.csv").read_text(encoding="utf-8-sig"))))
    assert len(rows) == len(grades)
    row = {row["student"]: row for row in rows}
    assert row["right"]["passed"] == "1" and row["right"]["08 softmax share"] == "1.00"
    assert row["endless"]["08 softmax"] == "timeout"
    assert "'=SUM(A1) <b>" in row  # no formula


def test_the_page(graded):
    grades, out, _ = graded
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count('<section class="message"') == len(grades)
    for i in range(len(grades)):
        assert page.count(f'href="#m{i}-08"') == page.count(f'id="m{i}-08"') == 1
    assert "What the class got wrong" in page and "no sandbox" in page
    assert f"<b>1 of {len(grades)}</b>" in page
    assert "=SUM(A1) &lt;b&gt;" in page and "<b></th>" not in page


def test_the_class_page_counts_a_mistake():
    from demos.exercises.report import went_wrong
    grades = {str(i): {8: report_grade(str(i), "fail" if i < 3 else "pass")} for i in range(5)}
    assert went_wrong(grades, [find(8)]) == [(3, "08 softmax", "You left out Σ g·y.")]


def report_grade(student, status):
    from demos.exercises.grade import Grade
    return Grade(student, 8, status, 0.5, "", "values", "You left out Σ g·y." * (status == "fail"))


def test_the_same_seed_gives_the_same_grades(graded, tmp_path):
    grades, out, _ = graded
    submissions = out.parent / "in" / "right"
    (tmp_path / "in" / "right").mkdir(parents=True)
    (tmp_path / "in" / "right" / "08_softmax.py").write_bytes(
        (submissions / "homework" / "08_softmax.py").read_bytes())
    assert main(["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--only", "08",
                 "--seed", "3"]) == 0
    again = json.loads((tmp_path / "out" / "students" / "right.json").read_text(encoding="utf-8"))
    assert again["exercises"] == [grades["right"]]


# ---- what is handed in ----

def test_a_folder_without_submissions_is_an_error(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(SystemExit, match="2"):
            main(["grade", str(folder)])
    assert "there is no folder" in capsys.readouterr().err


def test_submissions_are_folders_and_zips(tmp_path):
    (tmp_path / "Anna").mkdir()
    for name in ("Anna.zip", "Björn.ZIP", "notes.txt", ".hidden"):
        (tmp_path / name).write_bytes(b"")
    found, left_out = find_submissions(tmp_path)
    assert set(found) == {"Anna", "Anna.zip", "Björn"} and left_out == ["notes.txt"]


def test_names_are_made_fit_to_print_and_stay_apart():
    from demos.exercises.grade import free_label
    assert free_label({}, "Bj\udcf6rn\n") == "Bj?rn?"
    assert free_label({"Anna"}, "anna", "anna.zip") == "anna.zip"
    assert free_label({"Anna", "anna.zip"}, "anna", "anna.zip") == "anna.zip (2)"
    assert len(free_label({}, "x" * 250)) == 60


def test_a_zip_in_a_folder_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "homework.zip", "w") as archive:
        archive.writestr("my_exercises/08_softmax.py", "inside")
    assert read_answer(tmp_path, "08_softmax.py") == b"inside"
    assert read_answer(tmp_path, "09_cross_entropy.py") is None


def test_the_file_nearest_to_the_top_counts(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "08_softmax.py").write_bytes(b"deep")
    assert read_answer(tmp_path, "08_softmax.py") == b"deep"
    (tmp_path / "a" / "08_softmax.py").write_bytes(b"near")
    assert read_answer(tmp_path, "08_softmax.py") == b"near"
    assert read_answer(tmp_path, "09_cross_entropy.py") is None


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    from demos.exercises.grade import Unusable
    (tmp_path / "08_softmax.py").write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(Unusable, match="larger than a megabyte"):
        read_answer(tmp_path, "08_softmax.py")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("08_softmax.py", b"#" * (LARGEST_FILE + 1))
    with pytest.raises(Unusable, match="larger than a megabyte"):
        read_answer(tmp_path / "bomb.zip", "08_softmax.py")


# ---- time ----

def after_sleep(slept, seconds):
    """The report on a right answer that sleeps first: it waits, as for another program's turn."""
    program = f"import time\ntime.sleep({slept})\n{RIGHT}".encode()
    return run_child(find(8), program, questions(find(8), 3)[0], seconds=seconds)


def test_waiting_for_the_processor_is_not_counted():
    found = after_sleep(2, seconds=1)
    assert found.ended == "end" and len(found.answers) == 10


def test_an_answer_that_only_waits_is_ended_as_well():
    found = after_sleep(99, seconds=0.2)
    assert found.ended == "timeout" and found.hung == "line 2"


# ---- what a child writes is not trusted ----

@pytest.mark.parametrize("events", [b"", b"\xff", b"{", b"[1]\n", b'{"case": 0}\n',
                                    b'{"case": "0"}\n', b'{"load": 3}\n',
                                    b'{"training": {"losses": 1, "x": 2}}\n',
                                    b'{"case": 0, "values": 7, "error": null, "changed": []}\n',
                                    b'{"loaded": 1}\n' * 3])
def test_an_unreadable_report_is_no_report(tmp_path, events):
    from demos.exercises.parent import read_report
    (tmp_path / "events.jsonl").write_bytes(events)
    np.savez(tmp_path / "0.npz")
    found = read_report(tmp_path)
    assert found.ended == "exit" and found.answers == []


def test_arrays_are_loaded_without_pickle_and_within_limits(tmp_path):
    from demos.exercises.parent import load_arrays
    np.savez(tmp_path / "objects.npz", x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_arrays(tmp_path / "objects.npz", 10_000)
    np.savez_compressed(tmp_path / "bomb.npz", x=np.zeros(10_000))
    with pytest.raises(ValueError, match="declares"):
        load_arrays(tmp_path / "bomb.npz", 10_000)

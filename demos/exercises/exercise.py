"""What an exercise is made of: answers/eNN_name.py, as a student would hand it in, and
checks/eNN_name.py, which declares everything else:

    KIND = "N"               the answer is NumPy alone; "T": it composes Tensors
    ANSWER = "softmax"       the function or class that a student writes; a tuple if several
    FORBIDDEN = (...)        kind T: what the answer may not call, as "tinygen.ops.attention"
    HINTS = (...)            three, each says more than the one before
    MISTAKES = (...)         three or more (sentence, wrong answer)

    cases(rng)               list of Case, smallest first; the first is the example of the task page
    ask(answer, case)        yields (name, value): the only code that calls the student's
    expected(case)           {name: value}: the same names, by loops and slopes, without tinygen

    MODEL = GPT              the model of swap.py that trains on the answer, or a Model of its own
    swap(answer, calls)      list of with blocks that put the answer into the model, where
                             calls.forward(f, *inputs) and calls.gradient(f, *inputs) count,
                             and calls.fits(name, value, like=x) guards what goes to the engine
    SHOWS = {"part of a value's name": "x g"}    the arrays of a case that it depends on, if not all
    record(answer, keep)     the answer, handing keep(Case) each call, which is a case to grade by

`answer` is the function, or an object with all of ANSWER as attributes where these are several.
Names that start with "gradient" are judged after all others. A wrong answer is a function, a dict
of some of several, or an Edit of the reference. swap and record are left out where there is nothing
to swap or record. What an answer does not cover (a mask, a bias) goes to what swap found in its
place: `train` swaps the answers to all exercises into a demo, one after the other.
"""
import ast
import importlib.util
import re
import types
from functools import cache, cached_property
from pathlib import Path

from tinygen.backend import np

HERE = Path(__file__).resolve().parent
ANSWERS, CHECKS = HERE / "answers", HERE / "checks"
CHAPTERS = ("gradients", "ops", "training", "images", "generative models", "GPT")  # of 4 exercises
HEAD = re.compile(r"(\d\d) (.+?) +(★+) +(\d+) minutes")


class Wrong(Exception):
    """Raised by an exercise's own code: what is wrong with the answer, in a sentence."""


class Case:
    """One question: arrays and settings by name, Case(x=x, g=g, axis=-1), read as case.x.

    A setting is None, a bool, number, string, or a tuple of these.
    """

    def __init__(self, **given):
        self.arrays = {name: value for name, value in given.items()
                       if isinstance(value, np.ndarray)}
        self.settings = {name: value for name, value in given.items() if name not in self.arrays}
        self.__dict__.update(given)

    @property
    def dtype(self):
        """That of the first floating array: answers come in it, too."""
        return next((a.dtype for a in self.arrays.values() if a.dtype.kind == "f"),
                    np.dtype("float64"))

    def copy(self, dtype=None):
        """The same with arrays of its own; those of floats in `dtype`, if given."""
        arrays = {name: a.astype(dtype if dtype and a.dtype.kind == "f" else a.dtype)
                  for name, a in self.arrays.items()}
        return Case(**arrays, **self.settings)


class Near:
    """An expected value that is only known to so much, such as a share of random draws."""

    def __init__(self, value, tolerance):
        self.value, self.tolerance = value, tolerance


class Edit:
    """A wrong answer: the reference with pieces of its text exchanged, Edit(old, new, ...)."""

    def __init__(self, *pieces):
        self.pieces = list(zip(pieces[::2], pieces[1::2], strict=True))

    def of(self, text):
        for old, new in self.pieces:
            if text.count(old) != 1:
                raise ValueError(f"Edit: the reference has {old!r} {text.count(old)} times, not "
                                 f"once")
            text = text.replace(old, new)
        return text


def slope(f, x, g):
    """The gradient of L(x) = Σ g·f(x) by x, from central differences of four points.

    dL/dx = (8 (L(x + h) - L(x - h)) - (L(x + 2h) - L(x - 2h))) / 12h + O(h⁴)
    """
    x, h = np.array(x, "float64"), 1e-3
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        def moved(distance):
            there = x.copy()
            there[i] += distance
            return np.asarray(f(there), "float64")
        # Subtracted before they are summed: an output that does not change adds no rounding error.
        near, far = moved(h) - moved(-h), moved(2 * h) - moved(-2 * h)
        gradient[i] = np.sum(g * (8 * near - far)) / (12 * h)
    return gradient


def parts(value, *names):
    """The several things that an answer returns; raises Wrong unless there are as many as names."""
    if not isinstance(value, (tuple, list)) or len(value) != len(names):
        count = f"{len(value)} things" if isinstance(value, (tuple, list)) else what_is(value)
        raise Wrong(f"The answer returns {len(names)} things, {', '.join(names)}; yours returned "
                    f"{count}.")
    return value


def what_is(value):
    """A value for a message: ndarray (2, 3) float32, list, None."""
    if value is None:
        return "None"
    if isinstance(value, (bool, int, float)):
        return f"the {type(value).__name__} {value}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} {tuple(value.shape)} {value.dtype}"
    return f"a {type(value).__name__}"


class Exercise:
    """One exercise, from its check file; the reference is read only where it is asked for."""

    def __init__(self, path):
        self.stem = Path(path).stem
        self.number, self.name = int(self.stem[1:3]), self.stem[4:]
        self.file = f"{self.stem[1:]}.py"  # what students call it
        check = vars(run_file(path))
        self.kind, answer = check["KIND"], check["ANSWER"]
        self.names = (answer,) if isinstance(answer, str) else tuple(answer)
        self.single = isinstance(answer, str)
        self.forbidden = check.get("FORBIDDEN", ())
        self.hints, self.declared_mistakes = check["HINTS"], check["MISTAKES"]
        self.cases, self.ask, self.expected = check["cases"], check["ask"], check["expected"]
        self.model = check["MODEL"]
        self.swap = check.get("swap", lambda answer, calls: [])
        self.record = check.get("record")
        self.shows = check.get("SHOWS", {})

    @property
    def label(self):
        """08 softmax"""
        return f"{self.number:02d} {self.head[0]}"

    @property
    def chapter(self):
        return CHAPTERS[(self.number - 1) // 4]

    # ---- the reference, and what is made of it ----

    @cached_property
    def source(self):
        """The text of the reference."""
        return (ANSWERS / f"{self.stem}.py").read_text(encoding="utf-8")

    @cached_property
    def task(self):
        """The task page."""
        return ast.get_docstring(ast.parse(self.source))

    @property
    def head(self):
        """Title, stars and minutes, from the first line of the task page."""
        found = HEAD.fullmatch(self.task.partition("\n")[0])
        if not found:
            raise ValueError(f"answers/{self.stem}.py: the task page begins as in '08 softmax   "
                             f"★★   30 minutes', got {self.task.partition(chr(10))[0]!r}")
        return found[2], found[3], int(found[4])

    @cached_property
    def reference(self):
        return self.answer_of(run_text(self.source, f"answers/{self.stem}.py"))

    @cached_property
    def mistakes(self):
        """List of (sentence, wrong answer)."""
        return [(sentence, self._wrong(wrong)) for sentence, wrong in self.declared_mistakes]

    def _wrong(self, wrong):
        if isinstance(wrong, Edit):
            return self.answer_of(run_text(wrong.of(self.source), f"a mistake in {self.stem}"))
        if isinstance(wrong, dict):  # some of several functions
            return types.SimpleNamespace(**{**vars(self.reference), **wrong})
        return wrong

    def answer_of(self, namespace):
        """What `ask` takes, from the names of a module; raises Wrong where one is missing."""
        for name in self.names:
            if not callable(namespace.get(name)):
                raise Wrong(f"There is no {name} in {self.file}: it was deleted or has another "
                            f"name. reset {self.number:02d} writes the file anew and keeps yours.")
        if self.single:
            return namespace[self.names[0]]
        return types.SimpleNamespace(**{name: namespace[name] for name in self.names})


def run_file(path):
    """The module in a file, under a name that no import finds."""
    spec = importlib.util.spec_from_file_location(f"_exercise_{Path(path).stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_text(text, name):
    """The names that a program defines."""
    namespace = {"__name__": name}
    exec(compile(text, name, "exec"), namespace)
    return namespace


def numbers():
    """The numbers of all exercises."""
    return sorted(int(path.stem[1:3]) for path in CHECKS.glob("e[0-9][0-9]_*.py"))


@cache
def find(number):
    """The exercise with this number. Raises ValueError where there is none."""
    for path in CHECKS.glob(f"e{number:02d}_*.py"):
        return Exercise(path)
    raise ValueError(f"there is no exercise {number:02d}; the exercises are {numbers()[0]:02d} to "
                     f"{numbers()[-1]:02d}")

"""Asking an answer all cases, and comparing what it says with what is expected."""
import sysconfig
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import tinygen as tg
from demos.exercises.exercise import HERE, Near, Wrong, what_is
from demos.exercises.refuse import Refused, refusing
from tinygen.backend import np

# dtype -> relative tolerance, and the share of the largest number below which a number counts as
# that large. In float32 the terms of a sum that cancel leave a tenth of it.
TOLERANCES = {"float64": (1e-6, 1e-3), "float32": (1e-4, 1e-1)}
# Where code lies that is not the student's.
FOREIGN = (*(str(HERE.parents[1] / name) for name in ("tinygen", "models", "demos")),
           sysconfig.get_path("stdlib"), str(Path(np.__file__).parent), "<frozen")
LARGEST = 64 << 20  # bytes of a value
NOISE = {"float64": 1e-11, "float32": 1e-8}  # of slopes where all numbers are 0


@dataclass
class Error:
    """What an answer raised."""
    kind: str
    message: str
    line: int = 0   # of the answer's file
    text: str = ""  # of that line


@dataclass
class Answered:
    """What came of one case: values in the order of `ask`, and how it ended."""
    values: dict = field(default_factory=dict)  # an array, or a str that says what came instead
    error: Error | None = None
    changed: list = field(default_factory=list)  # arrays of the case that were written into
    second: dict | None = None                   # the values of a second call


def ask_all(exercise, answer, cases):
    """Ask an answer the cases, one after the other; what it may not call refuses -> Answered."""
    with refusing(exercise):
        for case in cases:
            yield ask(exercise, answer, case)


def ask(exercise, answer, case):
    """Ask an answer one case, twice -> Answered."""
    given = case.copy()
    first = _ask_once(exercise, answer, given)
    first.changed = [name for name, array in case.arrays.items()
                     if not np.array_equal(array, given.arrays[name], equal_nan=True)]
    if first.error is None and not first.changed:
        first.second = _ask_once(exercise, answer, case.copy()).values
    return first


def _ask_once(exercise, answer, case):
    answered = Answered()
    try:
        with np.errstate(all="ignore"):
            for name, value in exercise.ask(answer, case):
                answered.values[name] = plain_value(exercise.kind, value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit, too
        answered.error = error_of(error)
    return answered


def plain_value(kind, value):
    """An array of its own; a str that says what the value is where it is none."""
    if kind == "T" and isinstance(value, tg.Tensor):
        value = value.data
    if isinstance(value, (bool, int, float, complex, np.generic)):
        value = np.asarray(value)
    if type(value) is not np.ndarray or value.dtype.kind not in "biufc":
        return what_is(value)
    if value.nbytes > LARGEST:
        return f"{what_is(value)}, which is far too large"
    return value.copy()


def error_of(error):
    """An exception as plain values, with the last line of the answer's own that it passed."""
    kind = type(error).__name__
    if isinstance(error, (Wrong, Refused)):
        return Error(kind, str(error))
    if isinstance(error, SyntaxError):
        return Error(kind, error.msg, error.lineno or 0, (error.text or "").strip())
    last = None
    while error is not None:  # an op tells of the error in its rule by one of its own
        lines = [frame for frame in traceback.extract_tb(error.__traceback__)
                 if not frame.filename.startswith(FOREIGN)]
        if lines or not last:
            kind, message = type(error).__name__, str(error)
        last, error = lines[-1] if lines else last, error.__cause__
    return Error(kind, message, last.lineno if last else 0, last.line or "" if last else "")


# ---- comparing ----

@dataclass
class Difference:
    """How a value is wrong. kind: missing, kind, shape, dtype, finite or numbers."""
    kind: str
    yours: object
    expected: object
    worst: tuple = ()  # index of the worst number


def wanted_dtype(case, value):
    """The dtype that an answer is to have: the case's for floats."""
    return case.dtype if value.dtype.kind == "f" else value.dtype


def compare(yours, expected, dtype=None):
    """The first Difference: kind, shape, dtype, finite, then numbers; None if there is none."""
    tolerance = getattr(expected, "tolerance", None)
    expected = np.asarray(expected.value if isinstance(expected, Near) else expected)
    dtype = dtype or expected.dtype
    if yours is None:
        return Difference("missing", None, expected)
    if isinstance(yours, str):
        return Difference("kind", yours, expected)
    if yours.shape != expected.shape:
        return Difference("shape", yours, expected)
    number = expected.ndim == 0 and yours.dtype == "float64"  # a Python number will do
    if yours.dtype.kind != expected.dtype.kind or (
            expected.dtype.kind == "f" and yours.dtype != dtype and not number):
        return Difference("dtype", yours, expected.astype(dtype))
    if expected.size == 0:
        return None
    odd = _odd(yours, expected)
    if odd.any():
        return Difference("finite", yours, expected, tuple(map(int, np.argwhere(odd)[0])))
    if expected.dtype.kind in "biu":
        off, allowed = (yours != expected).astype("float64"), 0.5
    else:
        off, allowed = _distance(yours, expected, tolerance, str(dtype))
    excess = off / allowed
    if excess.max() <= 1:
        return None
    worst = np.unravel_index(excess.argmax(), expected.shape)
    return Difference("numbers", yours, expected, tuple(map(int, worst)))


def _odd(yours, expected):
    """Where one is nan or infinite and the other is not the same."""
    same = (yours == expected) | (np.isnan(yours) & np.isnan(expected))
    return ~same & ~(np.isfinite(yours) & np.isfinite(expected))


def _distance(yours, expected, tolerance, dtype):
    """How far off each number is, and how far it may be."""
    finite = np.isfinite(expected)
    size = np.abs(np.where(finite, expected, 0))
    off = np.abs(np.where(finite, yours, 0) - np.where(finite, expected, 0))
    if tolerance is not None:
        return off, tolerance
    relative, share = TOLERANCES.get(dtype, TOLERANCES["float64"])
    return off, relative * np.maximum(size, share * size.max()) + NOISE.get(dtype, 1e-11)

"""What tests of several files use."""
import inspect
import json
import re
import types
from pathlib import Path

import pytest

from tinygen import ops
from tinygen.backend import np, settle, to_numpy, xp
from tinygen.operation import Op
from tinygen.tensor import Tensor

ROOT = Path(__file__).parents[1]
NO_OPS = {"batch_moments"}  # takes and gives plain arrays


def public_ops():
    """All that tinygen.ops offers to call, without the textbook twins: {name: function}."""
    return {name: f for name, f in vars(ops).items()
            if isinstance(f, (Op, types.FunctionType)) and not name.endswith("_textbook")
            and not name.startswith("_") and name not in NO_OPS}


def defaults(*modules):
    """{name: {setting: its default}} of what the modules offer, but for those that are None."""
    found = {}
    for module in modules:
        for name, value in vars(module).items():
            if (callable(value) and not name.startswith("_")
                    and getattr(value, "__module__", "").startswith(module.__name__)):
                settings = inspect.signature(value).parameters.values()
                found[name] = {p.name: p.default for p in settings
                               if p.default not in (p.empty, None)}
    return {name: settings for name, settings in found.items() if settings}


def t(*shape):
    """A float32 Tensor of ones."""
    return Tensor(np.ones(shape, "float32"))


def ints(*shape, value=0):
    return xp.asarray(np.full(shape, value, "int64"))


def these(*values):
    """An integer array of some values."""
    return xp.asarray(np.array(values))


def floats(*shape, dtype="float32"):
    return xp.asarray(np.ones(shape, dtype))


def rng():
    return np.random.default_rng(0)


def assert_refused(who, call, kind, words, state=lambda: None):
    """call() raises exactly `kind`, from a check of ours; its message begins with who complains and
    holds the words, two regular expressions; and what state() gives is the same as before."""
    before = fingerprint(state())
    with pytest.raises(Exception) as caught:
        call()
        settle()  # what a GPU has found
    said = str(caught.value)
    assert type(caught.value) is kind and re.match(f"{who}[:;] .*{words}", said, re.DOTALL), said
    assert len(said) < 400 and said.count("; got ") < 2
    raised_in = Path(caught.traceback[-1].path).relative_to(ROOT).parts[0]
    assert raised_in in ("tinygen", "models", "demos"), raised_in
    assert fingerprint(state()) == before


SHARES = {"p", "dropout", "share"}  # settings below 1


def assert_least(make, least):
    """make(**least) works, and each of its settings, which has its least value there, is refused
    by name if it is less, or of another kind."""
    make(**least)
    nan, inf = float("nan"), float("inf")
    for setting, value in least.items():
        wrong = {bool: ("yes", 1), int: (value - 1, value + 0.5), float: (-0.1, nan, inf, "1")}
        for other in (*wrong[type(value)], *(1.0,) * (setting in SHARES)):
            named = rf"^(?!{setting}\b)[\w.]+: .*\b{setting}\b"  # behind who complains
            with pytest.raises((TypeError, ValueError), match=named):
                make(**{**least, setting: other})


def fingerprint(value):
    """Nested dicts and lists of arrays, Tensors and plain values, in a form that == compares."""
    if isinstance(value, dict):
        return {key: fingerprint(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fingerprint(item) for item in value]
    if hasattr(value, "dtype"):
        array = to_numpy(value)
        return str(array.dtype), array.shape, array.tobytes()
    return value


def read_result(folder):
    """The result.json that a demo wrote to `folder`."""
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def read_values(folder):
    """The measured values in it."""
    return [row["value"] for row in read_result(folder)["metrics"]]


def bits(state):
    """The state of a checkpoint, in a form that == compares bit for bit."""
    if isinstance(state, dict):
        return {key: bits(value) for key, value in state.items()}
    if isinstance(state, list):
        return [bits(value) for value in state]
    if hasattr(state, "dtype"):
        array = to_numpy(state)
        return array.dtype.str, array.shape, array.tobytes()
    return state

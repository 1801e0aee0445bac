"""What tests of several files use."""
import json
import types

from tinygen import ops
from tinygen.backend import to_numpy
from tinygen.operation import Op

NO_OPS = {"batch_moments"}  # takes and gives plain arrays


def public_ops():
    """All that tinygen.ops offers to call, without the textbook twins: {name: function}."""
    return {name: f for name, f in vars(ops).items()
            if isinstance(f, (Op, types.FunctionType)) and not name.endswith("_textbook")
            and not name.startswith("_") and name not in NO_OPS}


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

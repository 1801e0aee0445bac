"""backward_steps: the backward pass, op by op, with everything there is to see about each."""
import inspect
from dataclasses import dataclass

from tinygen.backend import np, to_numpy, xp
from tinygen.check.gradients import argument_names, finite_difference, smallest_that_counts
from tinygen.study.graph import Names, settings_text
from tinygen.study.text import page
from tinygen.study.walk import check_model, recorded, walk
from tinygen.tensor import Tensor, plain

# Of each input, how many elements get a finite difference, if it has more: fewer for ops on so many
# numbers that each takes long.
MOST, LEAST, NUMBERS = 64, 8, 2_000_000
# How far a finite difference may be off before a smaller step is tried, by the gradient's dtype.
TOLERANCES = {"float64": 1e-6, "float32": 1e-4, "float16": 1e-2}
# Settings that hold what the caller has computed from the inputs: it changes when they are moved.
COMPUTED = {"known", "moments"}


def backward_steps(loss, differences=True, *, g=None, model=None):
    """The backward pass as an iterator of Steps, the last op first; print(step) is a page.

    differences: also find the gradients by finite differences, of each op by itself and in
    float64, for all elements of an input or, of more than 64, for some chosen at random. g: the
    cotangent of loss's shape; may be left out if it has one element. model: the Module to name
    parameters by. `.grad` is left alone, and the graph stays as it is, for a backward afterwards.
    Raises ValueError for a loss without a graph, a graph that was freed, a cotangent that is
    missing or does not fit, and a model that had no part in the loss.
    """
    tensors, g = recorded("backward_steps", loss, g)
    if model is not None:
        _check_used(model, tensors)
    return _steps(tensors, g, differences, Names([model] if model is not None else []))


@dataclass
class Step:
    """One op of the backward pass. Arrays are NumPy's; lists have an item for each input.

    number: of the op, in order of the forward pass, as in a Graph. names: x, w, b. given: where the
    inputs come from, as tinygen.study.graph.Inputs. g: the cotangent of the output, whole.
    gradients: what the op adds to the inputs' cotangents. totals: what has come together there, so
    that a parameter's last total is its gradient. differences: the gradients by finite differences,
    NaN where none was taken. None stands for an input without gradient.
    """
    number: int
    count: int         # of all ops
    op: str
    source: str        # of its rule, with the derivation
    settings: dict
    settings_text: str
    names: list
    given: list
    inputs: list
    output: object
    g: object
    gradients: list
    totals: list
    differences: list

    def __str__(self):
        return page(self)


def _steps(tensors, g, differences, names):
    numbers = {id(tensor): number for number, tensor in enumerate(tensors)}
    for visit in walk(tensors, g):
        op, inputs, settings, _, _ = visit.tensor._origin
        found = {}
        if differences:
            found = _differences(op, inputs, settings, visit.g, visit.gradients)
        yield Step(
            numbers[id(visit.tensor)], len(tensors), op.name, source_of(op), settings,
            settings_text(op, settings), argument_names(op.rule, len(inputs))[:len(inputs)],
            [names.input(x, numbers) for x in inputs], [_shown(x) for x in inputs],
            to_numpy(visit.tensor), to_numpy(visit.g),
            *([None if i not in arrays else to_numpy(arrays[i]) for i in range(len(inputs))]
              for arrays in (visit.gradients, visit.totals, found)))


def source_of(op):
    """The source of an op's rule."""
    try:
        return inspect.getsource(op.rule)
    except (OSError, TypeError):  # typed into an interpreter
        return f"# the source of {op.name} is not in a file\n"


def _differences(op, inputs, settings, g, gradients):
    """{number of an input: the gradient of <g, op(inputs)> by finite differences}"""
    values = [_in_float64(x) for x in inputs]
    settings = {name: value for name, value in settings.items() if name not in COMPUTED}
    if "dtype" in settings:
        settings["dtype"] = "float64"
    weights, found = [to_numpy(g).astype("float64")], {}

    def outputs():
        y, *_ = op.rule(*map(plain, values), **settings)
        return [y]

    size = sum(value.size for value in values if isinstance(value, Tensor))
    most = min(MOST, max(LEAST, NUMBERS // max(size, 1)))
    floor = smallest_that_counts(outputs())
    for i, gradient in gradients.items():
        x, slopes = values[i], to_numpy(gradient).ravel()
        differences = np.full(x.size, np.nan)
        chosen = (range(x.size) if x.size <= MOST
                  else np.random.default_rng(0).choice(x.size, most, replace=False))
        for position in chosen:
            v = np.zeros(x.size)
            v[position] = 1
            differences[position], _ = difference_or_nan(
                outputs, weights, x, v.reshape(x.shape), slopes[position], floor,
                TOLERANCES[str(gradient.dtype)])
        found[i] = differences.reshape(x.shape)
    return found


def difference_or_nan(*arguments):
    """As finite_difference; two NaN where the op refuses what lies a little further.

    So it is where x is at the end of what the op takes: a probability of 0, a variance of 0.
    """
    try:
        return finite_difference(*arguments)
    except ValueError:
        return np.nan, np.nan


def _in_float64(x):
    """A copy of a Tensor or an array, unless it holds integers or truths; a number as it is."""
    array = plain(x)
    if not hasattr(array, "dtype") or array.dtype.kind != "f":
        return array
    return Tensor(xp.asarray(array, dtype="float64"))


def _shown(x):
    return to_numpy(x) if hasattr(x, "shape") else x


def _check_used(model, tensors):
    check_model("backward_steps", model)
    used = {id(x) for tensor in tensors for x in tensor._origin[1]}
    if not any(id(p) in used for p in model.parameters()):
        raise ValueError(f"backward_steps: the loss was computed without any parameter of this "
                         f"{type(model).__name__}; give the model that it comes from")

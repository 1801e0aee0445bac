"""Check gradients against finite differences.

For a function y = f(x), draw a random cotangent g and look at the number L = <g, y>. Its gradient,
as backward computes it, must agree with how L changes when one element of x is moved a little:

    order 1    dL/dx            against    (L(x + h) - L(x - h)) / 2h

Then draw random directions v and look at the number S = <v, dL/dx>, the sum over all inputs:

    order 2    dS/dx, dS/dg     against    (S(x + h) - S(x - h)) / 2h

Neither g nor v may be all ones: a softmax sums to 1 whatever its input, so with g = 1 a softmax
whose gradient is zero would pass.
"""
import inspect
import math
from typing import NamedTuple

from tinygen.autograd import grad
from tinygen.backend import np, to_numpy, xp
from tinygen.checks import check_number, check_rng, check_sizes
from tinygen.errors import describe
from tinygen.tensor import Tensor, mark_written

# A central difference is off by about h²·y'''/6 for the omitted terms and by ε·y/h for rounding,
# ε = 2e-16; their sum is smallest at h = ∛ε. If y has a kink within h of x, the first step fails
# and the second, smaller one decides.
STEPS = (6e-6, 2e-7)
TOLERANCE = 1e-6
FLOOR = 1e-3  # smaller gradients drown in rounding: errors are relative to FLOOR·max(1, |y|)
TWIN_TOLERANCE = 1e-9  # between a fused gradient and the one recorded through its textbook twin
HINT = ("; a gradient that is right at order 1 and wrong at order 2 usually keeps a value from the "
        "forward: write it in ops of g, y and the inputs, or name a textbook")


class Row(NamedTuple):
    """The worst result for one argument at one order."""
    name: str
    argument: str
    order: int
    error: float   # the largest relative one
    checked: int   # elements and directions tried
    size: int      # elements of the argument


class GradientError(AssertionError):
    """A gradient that disagrees with finite differences, or with its recorded form."""

    def __init__(self, message, row):
        super().__init__(message)
        self.row = row


def check_gradients(f, *xs, order=2, name=None, tolerance=TOLERANCE, samples=64, rng=None):
    """Compare the gradients of f at xs with finite differences; returns the Rows of a report.

    f: function of float64 Tensors that returns one Tensor, the same at every call. xs: float64
    arrays or Tensors of any shape. order: 1 checks first derivatives, 2 second ones as well,
    including those by the cotangent. If an argument has up to `samples` elements, each is checked;
    otherwise that many chosen at random, and 4 random directions that move them all.
    Raises GradientError, which names the worst element with both values, TypeError for inputs that
    are not float64, ValueError for an f whose value changes from call to call.
    """
    if not xs:
        raise ValueError("check_gradients: there is nothing to differentiate by; pass the inputs "
                         "after the function")
    if not callable(f):
        raise TypeError(f"check_gradients: takes a function and then its inputs, got {describe(f)}")
    leaves = {label: Tensor(_need_float64("check_gradients", label, to_numpy(x)))
              for label, x in zip(argument_names(f, len(xs)), xs)}
    tensors = list(leaves.values())
    return _check("check_gradients", name or getattr(f, "__name__", type(f).__name__),
                  lambda: f(*tensors), leaves, order, tolerance, samples, rng)


def check_model_gradients(model, loss, *, order=2, tolerance=TOLERANCE, samples=16, rng=None):
    """Check the gradients by every parameter of a model: loss() runs it and returns one Tensor.

    The model must be float64: use model.astype("float64"). The parameters are left unchanged;
    running statistics are not, since each call of loss() updates them.
    """
    if not hasattr(model, "named_parameters") or not callable(loss):
        raise TypeError(f"check_model_gradients: takes a Module and a function of nothing, got "
                        f"{describe(model)} and {describe(loss)}")
    leaves = dict(model.named_parameters())
    if not leaves:
        raise ValueError(f"check_model_gradients: {type(model).__name__} has no parameters")
    for label, parameter in leaves.items():
        _need_float64("check_model_gradients", label, parameter)
    return _check("check_model_gradients", type(model).__name__, loss, leaves, order, tolerance,
                  samples, rng)


def _check(caller, name, function, leaves, order, tolerance, samples, rng):
    """Check the gradients of function() by the Tensors in `leaves`, a dict by name."""
    if order not in (1, 2):
        raise ValueError(f"{caller}: the order is 1 or 2, got {order!r}")
    check_number(caller, 0, math.inf, tolerance=tolerance)
    check_sizes(caller, least=0, samples=samples)
    rng = np.random.default_rng(0) if rng is None else check_rng(caller, rng)
    xs = list(leaves.values())
    y = function()
    if not hasattr(y, "shape"):
        raise TypeError(f"{caller}: {name} must return one Tensor, got {describe(y)}")
    if not np.array_equal(to_numpy(y), to_numpy(function()), equal_nan=True):
        raise ValueError(f"{caller}: {name} gives two values for the same inputs; create "
                         f"its random generator inside it, from a fixed seed")
    g = Tensor(draw(rng, y.shape))

    def recorded():
        return grad(function(), xs, g, create_graph=True)

    def measure(label, x, gradient, order, outputs, weights):
        probes = list(_probes(x, samples, rng))
        error, finding = _worst(x, gradient, outputs, weights, probes, tolerance)
        row = Row(name, label, order, error, len(probes), x.size)
        if error > tolerance:
            raise GradientError(f"{name}: the gradient by {label} is wrong at order {order}: "
                                f"{finding}; relative error {error:.2g}, tolerance {tolerance:g}"
                                f"{HINT if order == 2 else ''}", row)
        return row

    rows, firsts = [], grad(y, xs, g.data)
    for (label, x), first in zip(leaves.items(), firsts):
        _compare_form(name, label, x, first)
        rows.append(measure(label, x, to_numpy(first), 1, lambda: [function()], [to_numpy(g)]))
    for label, first, twin in zip(leaves, firsts, recorded()):
        _compare_twin(name, label, to_numpy(first), to_numpy(twin))
    if order == 1:
        return rows

    # S = Σ <v, dL/dx> is walked term by term, so that only the ops under test take part.
    weights = [draw(rng, x.shape) for x in xs]
    by = {**leaves, "cotangent": g}
    terms = [grad(gx, list(by.values()), xp.asarray(v), retain_graph=True)
             for gx, v in zip(recorded(), weights)]
    for (label, x), *parts in zip(by.items(), *terms):
        rows.append(measure(label, x, sum(map(to_numpy, parts)), 2, recorded, weights))
    return rows


def _compare_form(name, label, x, gradient):
    if gradient.shape != x.shape or gradient.dtype != x.dtype:
        raise GradientError(f"{name}: the gradient by {label} has shape {gradient.shape} and dtype "
                            f"{gradient.dtype}, its input {x.shape} and {x.dtype}",
                            Row(name, label, 1, np.inf, 0, x.size))


def _compare_twin(name, label, first, recorded):
    error = _relative_error(first, recorded, FLOOR)
    if error.max(initial=0) > TWIN_TOLERANCE:
        worst = np.unravel_index(error.argmax(), error.shape)
        raise GradientError(
            f"{name}: the gradient by {label} differs when it is recorded (create_graph=True): "
            f"element {_plain_index(worst)} is {first[worst]:.9g} without and "
            f"{recorded[worst]:.9g} with; relative error {error[worst]:.2g}, tolerance "
            f"{TWIN_TOLERANCE:g}. Does the op equal its textbook twin?",
            Row(name, label, 1, float(error[worst]), first.size, first.size))


def _worst(x, gradient, outputs, weights, probes, tolerance):
    """The largest error of the gradient of Σ <weight, output> by x, and a description of where."""
    floor = smallest_that_counts(outputs())
    worst, finding = 0.0, ""
    for position, v in probes:
        slope = np.sum(gradient * v)
        difference, error = finite_difference(outputs, weights, x, v, slope, floor, tolerance)
        if error > worst:
            worst = error
            finding = (f"{position} is {slope:.9g} by backward, {difference:.9g} by finite "
                       f"differences")
    return worst, finding


def smallest_that_counts(outputs):
    """The size below which errors are no longer relative, for outputs as large as these."""
    return FLOOR * max([1.0, *(np.abs(to_numpy(y)).max(initial=0) for y in outputs)])


def finite_difference(outputs, weights, x, v, slope, floor, tolerance=TOLERANCE):
    """Slope of Σ <weight, output> as x moves along v, and the relative error of `slope`.

    outputs: a function that computes them from x.data as it then is. Of the steps, the first whose
    error is within the tolerance, or else the one with the smallest.
    """
    found = []
    for step in STEPS:
        difference = _central_difference(outputs, weights, x, v, step)
        found.append((difference, float(_relative_error(slope, difference, floor))))
        if found[-1][1] <= tolerance:
            return found[-1]
    return min(found, key=lambda pair: pair[1])


def _probes(x, samples, rng):
    """Descriptions and directions v of what to move: single elements, then random directions."""
    size = x.size
    every = size <= samples
    for i in range(size) if every else np.sort(rng.choice(size, samples, replace=False)):
        v = np.zeros(size)
        v[i] = 1
        yield f"element {_plain_index(np.unravel_index(i, x.shape))}", v.reshape(x.shape)
    for i in range(0 if every else 4):
        yield f"the slope along random direction {i}", draw(rng, x.shape)


def _central_difference(outputs, weights, x, v, step):
    """Slope of Σ <weight, output> as x moves along v."""
    kept, sides = x.data, []
    step = step * max(1.0, float(np.abs(to_numpy(kept)[v != 0]).max()))
    try:
        for move in (step * v, -step * v):
            x.data = xp.asarray(kept + xp.asarray(move))
            mark_written(x)
            sides.append([to_numpy(y) for y in outputs()])
    finally:
        x.data = kept
        mark_written(x)
    # Subtract before summing: outputs that do not change then add no rounding error.
    return sum(np.sum(w * (up - down)) for w, up, down in zip(weights, *sides)) / (2 * step)


def _relative_error(a, b, floor):
    """|a - b| / max(|a|, |b|, floor), infinite where a or b is not finite."""
    with np.errstate(invalid="ignore"):
        error = np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)
    return np.where(np.isfinite(error), error, np.inf)


def draw(rng, shape):
    """Random numbers of both signs, none of them small: 0.5 to 1.5 in size."""
    return rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)


def _need_float64(caller, label, x):
    if x.dtype != np.float64:
        raise TypeError(f"{caller}: finite differences need float64, {label} is {x.dtype}; "
                        f"convert it with .astype('float64')")
    return x


def argument_names(f, count):
    """Names of f's first `count` positional inputs: a, b, or xs[0], xs[1] for *xs."""
    names = []
    for parameter in inspect.signature(f).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
        names.append(parameter.name)
    if len(names) < count:
        raise TypeError(f"check_gradients: the function takes {len(names)} inputs, got {count}")
    return names[:count]


def _plain_index(index):
    return tuple(map(int, index))

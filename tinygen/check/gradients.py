"""Check gradients against finite differences.

For a function y = f(x) draw a random cotangent g and look at the number L = <g, y>. Its gradient, which backward
gives, must agree with how L changes when one element of x is moved a little:

    order 1    dL/dx            against    (L(x + h) - L(x - h)) / 2h

Then draw random directions v and look at the number S = <v, dL/dx>, the sum over all inputs:

    order 2    dS/dx, dS/dg     against    (S(x + h) - S(x - h)) / 2h

Nothing here may be drawn as all ones: the sum of a softmax is 1 whatever goes in, so with g = 1 a softmax whose
gradient is zero would pass.
"""
import inspect
from typing import NamedTuple

from tinygen.backend import np, to_numpy, xp
from tinygen.tensor import Tensor, grad, mark_written

# A central difference is off by about h²·y'''/6 for the terms left out, and by ε·y/h for rounding (ε = 2e-16). Both
# are smallest together at h = ∛ε. Where y has a kink within h the first step fails and a smaller one is tried.
STEPS = (6e-6, 2e-7)
# Gradients below FLOOR times the size of y are measured against that instead of themselves: they drown in rounding.
FLOOR = 1e-3
TWIN_TOLERANCE = 1e-9  # between a fused gradient and the one recorded through its textbook twin


class GradientError(AssertionError):
    """A gradient that disagrees with finite differences, or with its own recording."""


class Row(NamedTuple):
    """The worst that was seen of one argument at one order."""
    name: str
    argument: str
    order: int
    error: float   # relative, over all that was checked
    checked: int   # elements and directions tried
    size: int      # elements that the argument has


def check_gradients(f, *xs, order=2, name=None, tolerance=1e-6, samples=64, rng=None):
    """Compare the gradients of f at xs with finite differences; returns the Rows of a report.

    f: function of float64 Tensors that returns one Tensor, the same each time it is called. xs: float64 arrays or
    Tensors of any shape. order: 1 checks first derivatives, 2 second ones as well, also by the cotangent.
    An argument of up to `samples` elements is checked in each of them; a larger one in that many chosen at random,
    and along 4 random directions that move them all.
    Raises GradientError with the worst element and both values, TypeError for inputs that are not float64.
    """
    if not xs:
        raise ValueError("check_gradients: there is nothing to differentiate by; pass the inputs after the function")
    leaves = {label: Tensor(_need_float64("check_gradients", label, to_numpy(x)))
              for label, x in zip(_argument_names(f, len(xs)), xs)}
    tensors = list(leaves.values())
    return _check(name or getattr(f, "__name__", type(f).__name__), lambda: f(*tensors), leaves,
                  order, tolerance, samples, rng)


def check_model_gradients(model, loss, *, order=2, tolerance=1e-6, samples=16, rng=None):
    """The same for every parameter of a model: `loss` is a function without arguments that runs the model.

    The model must be float64, as model.astype("float64") makes it. Its parameters are as before afterwards.
    """
    leaves = dict(model.named_parameters())
    for label, parameter in leaves.items():
        _need_float64("check_model_gradients", label, parameter)
    return _check(type(model).__name__, loss, leaves, order, tolerance, samples, rng)


def _check(name, function, leaves, order, tolerance, samples, rng):
    """Check the gradients of function() by the Tensors in `leaves`, a dict by name."""
    if order not in (1, 2):
        raise ValueError(f"check_gradients: the order is 1 or 2, got {order!r}")
    rng = rng or np.random.default_rng(0)
    xs = list(leaves.values())
    y = function()
    if not np.array_equal(to_numpy(y), to_numpy(function()), equal_nan=True):
        raise ValueError(f"check_gradients: {name} gives two values for the same inputs; let it make "
                         "its random generator anew, with a fixed seed, each time it is called")
    g = Tensor(_draw(rng, y.shape))

    # All gradients are computed before the first x is moved.
    firsts = [_checked_form(name, label, x, gx) for (label, x), gx in
              zip(leaves.items(), grad(y, xs, g.data))]
    recorded = grad(function(), xs, g, create_graph=True)

    def measure(label, x, gradient, order, outputs, weights):
        row, message = _measure(x, gradient, outputs, weights, tolerance, samples, rng)
        if message:
            raise GradientError(f"{name}: the gradient by {label} is wrong at order {order}: {message}")
        return Row(name, label, order, *row)

    rows = []
    for (label, x), first, second in zip(leaves.items(), firsts, map(to_numpy, recorded)):
        rows.append(measure(label, x, first, 1, lambda: [function()], [to_numpy(g)]))
        error = _relative_error(first, second, FLOOR)
        if error.size and error.max() > TWIN_TOLERANCE:
            worst = np.unravel_index(error.argmax(), error.shape)
            raise GradientError(
                f"{name}: the gradient by {label} differs when it is recorded (create_graph=True): element "
                f"{_index(worst)} is {first[worst]:.9g} without and {second[worst]:.9g} with; relative error "
                f"{error[worst]:.2g}, tolerance {TWIN_TOLERANCE:g}. Does the op equal its textbook twin?")
    if order == 1:
        return rows

    weights = [_draw(rng, x.shape) for x in xs]
    recorded = grad(function(), xs, g, create_graph=True)
    by = {**leaves, "cotangent": g}
    # One walk for each term of S = Σ <v, dL/dx>, so that no op takes part but those under test.
    terms = [grad(gx, list(by.values()), xp.asarray(v), retain_graph=True)
             for gx, v in zip(recorded, weights)]
    seconds = [sum(map(to_numpy, parts)) for parts in zip(*terms)]
    for (label, x), second in zip(by.items(), seconds):
        rows.append(measure(label, x, second, 2,
                            lambda: grad(function(), xs, g, create_graph=True), weights))
    return rows


def _measure(x, gradient, outputs, weights, tolerance, samples, rng):
    """Hold the gradient of Σ <weight, output> by x against differences: (error, checked, size), message or None."""
    floor = FLOOR * max([1.0, *(np.abs(to_numpy(y)).max(initial=0) for y in outputs())])
    worst, message = 0.0, None
    probes = list(_probes(x, samples, rng))
    for place, v in probes:
        analytic = np.sum(gradient * v)
        error = np.inf
        for step in STEPS:
            slope = _central_difference(outputs, weights, x, v, step)
            retried = _relative_error(analytic, slope, floor)
            if retried < error:
                error, numeric = retried, slope
            if error <= tolerance:
                break
        if error > worst:
            worst = float(error)
            if not error <= tolerance:
                message = (f"{place} is {analytic:.9g} by backward and {numeric:.9g} by finite differences; "
                           f"relative error {error:.2g}, tolerance {tolerance:g}")
    return (worst, len(probes), x.size), message


def _probes(x, samples, rng):
    """What to move and along which v: each element, or a random choice of them and of directions."""
    size = x.size
    chosen = range(size) if size <= samples else np.sort(rng.choice(size, samples, replace=False))
    for i in chosen:
        v = np.zeros(size)
        v[i] = 1
        yield f"element {_index(np.unravel_index(i, x.shape))}", v.reshape(x.shape)
    for i in range(4 if size > samples else 0):
        yield f"the slope along random direction {i}", _draw(rng, x.shape)


def _central_difference(outputs, weights, x, v, step):
    """Slope of Σ <weight, output> as x moves along v. The outputs are subtracted before they are summed: what does
    not change then adds no rounding error."""
    kept, sides = x.data, []
    step = step * max(1.0, float(np.abs(to_numpy(kept)[v != 0]).max(initial=0)))
    try:
        for move in (step * v, -step * v):
            x.data = xp.asarray(kept + xp.asarray(move))
            mark_written(x)
            sides.append([to_numpy(y) for y in outputs()])
    finally:
        x.data = kept
        mark_written(x)
    return sum(np.sum(w * (up - down)) for w, up, down in zip(weights, *sides)) / (2 * step)


def _relative_error(a, b, floor):
    """|a - b| / max(|a|, |b|, floor), infinite where one of them is no number."""
    error = np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)
    return np.where(np.isfinite(error), error, np.inf)


def _draw(rng, shape):
    """Random numbers of both signs, none of them small: 0.5 to 1.5 in size."""
    return rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)


def _checked_form(name, label, x, gradient):
    if gradient.shape != x.shape or gradient.dtype != x.dtype:
        raise GradientError(f"{name}: the gradient by {label} has shape {gradient.shape} and dtype "
                            f"{gradient.dtype}, its input {x.shape} and {x.dtype}")
    return to_numpy(gradient)


def _need_float64(caller, label, x):
    if x.dtype != np.float64:
        raise TypeError(f"{caller}: finite differences need float64, {label} is {x.dtype}; convert it with "
                        f".astype('float64')")
    return x


def _argument_names(f, count):
    """Names of f's first `count` positional inputs: a, b, or xs[0], xs[1] for *xs."""
    names = []
    for parameter in inspect.signature(f).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
        names.append(parameter.name)
    if len(names) < count:
        raise TypeError(f"check_gradients: the function takes {len(names)} inputs, got {count}")
    return names[:count]


def _index(index):
    return tuple(int(i) for i in index)

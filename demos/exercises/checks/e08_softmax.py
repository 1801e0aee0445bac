"""08 softmax: value and gradient, which GPT's attention then calls."""
import math

import tinygen as tg
from demos.exercises.exercise import Case, Edit, parts, slope
from demos.exercises.swap import GPT
from tinygen.backend import np

KIND = "N"
ANSWER = "softmax"
MODEL = GPT
HINTS = (
    "x.max(axis=axis, keepdims=True) is the largest of each row, in a shape that x can be divided "
    "by or subtracted from.",
    "First y = e^(x - largest), then divide y by its sum along the axis. keepdims=True keeps that "
    "axis with size 1.",
    "gradient(g) needs Σ g·y along the same axis, again with keepdims=True. It still knows y: a "
    "function remembers the variables around it.",
)
MISTAKES = (
    ("You normalised over another axis; axis={axis} asks that the numbers along it add up to 1.",
     Edit("y / y.sum(axis=axis, keepdims=True)", "y / y.sum(axis=0, keepdims=True)")),
    ("You left out Σ g·y: where one probability rises, all others fall.",
     Edit("y * (g - (g * y).sum(axis=axis, keepdims=True))", "y * g")),
    ("You summed g, not g·y, in the gradient.",
     Edit("(g * y).sum(axis", "g.sum(axis")),
    ("You let e^1000 overflow; subtract the largest of each row first.",
     Edit("np.exp(x - x.max(axis=axis, keepdims=True))", "np.exp(x)")),
)


def cases(rng):
    def case(*shape, axis=-1, scale=1.0, dtype="float64"):
        x, g = rng.normal(size=(2, *shape)).round(1)
        return Case(x=(scale * x).astype(dtype), g=g.astype(dtype), axis=axis)

    return [
        Case(x=np.log([1.0, 2.0, 5.0]), g=np.array([1.0, 0.0, 0.0]), axis=-1),
        case(2, 3), case(3, 2, axis=0), case(1, 4), case(4, 1), case(2, 3, 4, axis=1),
        case(2, 3, 4), case(2, 3, axis=-2), case(2, 3, scale=1000.0), case(3, 5, dtype="float32"),
    ]


def ask(answer, case):
    y, gradient = parts(answer(case.x, axis=case.axis), "y", "gradient")
    yield "y", y
    yield "gradient by x", gradient(case.g)


def by_loops(x, axis):
    """Row by row: shares of the powers of e, with the largest at 1."""
    rows = np.moveaxis(x, axis, -1)
    y = np.empty_like(rows)
    for i in np.ndindex(rows.shape[:-1]):
        powers = [math.exp(number - max(rows[i])) for number in rows[i]]
        y[i] = [power / sum(powers) for power in powers]
    return np.moveaxis(y, -1, axis)


def expected(case):
    return {"y": by_loops(case.x, case.axis),
            "gradient by x": slope(lambda x: by_loops(x, case.axis), case.x, case.g)}


def swap(answer, calls):
    def softmax(x, *, axis=-1):
        y, gradient = calls.forward(answer, x, axis=axis)
        return (calls.fits("y", y, like=x),
                lambda g, y, x: calls.fits("The gradient", calls.gradient(gradient, g), like=x))
    return [tg.ops.attention.unfused(), tg.ops.softmax.replaced(by=softmax)]


def record(answer, keep):
    def softmax(x, axis):
        y, gradient = answer(x, axis=axis)

        def kept(g):
            keep(Case(x=x, g=g, axis=axis))
            return gradient(g)
        return y, kept
    return softmax

"""10 layer norm: the value and three gradients, which stand before each half of GPT's blocks."""
import math

import tinygen as tg
from demos.exercises.exercise import Case, Edit, Wrong, parts, slope, what_is
from demos.exercises.swap import GPT
from tinygen.backend import np

KIND = "N"
ANSWER = "layer_norm"
MODEL = GPT
HINTS = (
    "x.mean(axis=1, keepdims=True) has a mean for each row, (N, 1), to be subtracted from x. "
    "eps is added to the variance; the root comes after.",
    "Keep r (N, 1) and x̂ (N, n): the functions inside remember them. w and b have one number for "
    "each column, so their gradients add up over the rows, .sum(axis=0).",
    "In gradient_x, h = w * g; then subtract h.mean(axis=1, keepdims=True) and xhat * (xhat * h)"
    ".mean(axis=1, keepdims=True) from h, and multiply by r.",
)
MISTAKES = (
    ("You left out x̂·mean(x̂·h): the standard deviation depends on x, too.",
     Edit("keepdims=True)\n                    - xhat * (xhat * h).mean(axis=1, keepdims=True))",
          "keepdims=True))")),
    ("You left out mean(h): the mean depends on x, too.",
     Edit("(h - h.mean(axis=1, keepdims=True)\n", "(h\n")),
    ("You took r as a constant factor: mean and standard deviation depend on x, too.",
     Edit("(h - h.mean(axis=1, keepdims=True)\n"
          "                    - xhat * (xhat * h).mean(axis=1, keepdims=True))", "h")),
    ("You normalised over the batch; each row has a mean and a variance of its own, along axis 1.",
     Edit("x.mean(axis=1, keepdims=True)", "x.mean(axis=0, keepdims=True)",
          "(centred ** 2).mean(axis=1", "(centred ** 2).mean(axis=0")),
    ("You put eps outside the root: it is added to the variance, before the root is taken.",
     Edit("np.sqrt((centred ** 2).mean(axis=1, keepdims=True) + eps)",
          "(np.sqrt((centred ** 2).mean(axis=1, keepdims=True)) + eps)")),
    ("You divided the variance by n - 1; here it is the mean of the squares, divided by n.",
     Edit("(centred ** 2).mean(axis=1, keepdims=True)",
          "(centred ** 2).sum(axis=1, keepdims=True) / (x.shape[1] - 1)")),
    ("You took g for h in the gradient by x: y = w·x̂ + b, so it is h = w·g.",
     Edit("h = w * g", "h = g")),
    ("You averaged the gradient by w over the rows: w is used in each, and its uses add up.",
     Edit("(g * xhat).sum(axis=0)", "(g * xhat).mean(axis=0)")),
)


def cases(rng):
    def case(n, size, eps=1e-5, scale=1.0, shift=0.0, dtype="float64"):
        x, g = rng.normal(size=(2, n, size))
        # Spread out: where the numbers of a row are nearly equal, no slope could be measured.
        x = scale * (x + 2 * rng.permuted(np.tile(np.arange(size), (n, 1)), axis=1)) + shift
        w, b = rng.uniform(0.5, 2, size) * rng.choice([-1, 1], size), rng.normal(size=size)
        return Case(**{name: array.round(1).astype(dtype)
                       for name, array in dict(x=x, w=w, b=b, g=g).items()}, eps=eps)

    return [
        Case(x=np.array([[0.0, 2.0]]), w=np.array([2.0, 4.0]), b=np.array([0.0, 1.0]),
             g=np.array([[1.0, 0.0]]), eps=3.0),
        case(2, 3), case(3, 2, eps=0.5), case(1, 4), case(2, 5), case(4, 3), case(2, 1, eps=0.1),
        Case(x=np.full((2, 3), 7.0), w=np.array([1.0, 2.0, -1.0]), b=np.array([0.5, 0.0, 1.0]),
             g=np.array([[1.0, 0.0, 2.0], [-1.0, 1.0, 0.0]]), eps=1.0),
        case(2, 4, scale=1000.0), case(2, 3, shift=1000.0), case(3, 4, dtype="float32"),
    ]


def ask(answer, case):
    y, *gradients = parts(answer(case.x, case.w, case.b, eps=case.eps),
                          "y", "gradient_x", "gradient_w", "gradient_b")
    yield "y", y
    for name, gradient in zip("xwb", gradients):
        if not callable(gradient):
            raise Wrong(f"gradient_{name} is {what_is(gradient)}; it has to be a function of g.")
        yield f"gradient by {name}", gradient(case.g)


def by_loops(x, w, b, eps):
    y = np.empty_like(x)
    for i, row in enumerate(x):
        mean = sum(row) / len(row)
        variance = sum((number - mean) ** 2 for number in row) / len(row)
        for j, number in enumerate(row):
            y[i, j] = w[j] * (number - mean) / math.sqrt(variance + eps) + b[j]
    return y


def expected(case):
    x, w, b, g, eps = case.x, case.w, case.b, case.g, case.eps
    return {"y": by_loops(x, w, b, eps),
            "gradient by x": slope(lambda x: by_loops(x, w, b, eps), x, g),
            "gradient by w": slope(lambda w: by_loops(x, w, b, eps), w, g),
            "gradient by b": slope(lambda b: by_loops(x, w, b, eps), b, g)}


def swap(answer, calls):
    def layer_norm(x, w=None, b=None, *, eps=1e-5):
        rows = x.reshape(-1, x.shape[-1])
        w = np.ones_like(rows[0]) if w is None else w
        b = np.zeros_like(rows[0]) if b is None else b
        y, gradient_x, gradient_w, gradient_b = calls.forward(answer, rows, w, b, eps=eps)

        def asked(name, gradient, g, like):
            return calls.fits(f"The gradient by {name}",
                              calls.gradient(gradient, g.reshape(rows.shape)), like)
        return (calls.fits("y", y, like=rows).reshape(x.shape),
                lambda g, y, x, *_: asked("x", gradient_x, g, rows).reshape(x.shape),
                lambda g, y, x, w, *_: asked("w", gradient_w, g, w),
                lambda g, y, x, w, b: asked("b", gradient_b, g, b))
    return [tg.ops.layer_norm.replaced(by=layer_norm)]


def record(answer, keep):
    def layer_norm(x, w, b, eps):
        y, gradient_x, gradient_w, gradient_b = answer(x, w, b, eps=eps)

        def kept(g):
            keep(Case(x=x, w=w, b=b, g=g, eps=eps))
            return gradient_x(g)
        return y, kept, gradient_w, gradient_b
    return layer_norm

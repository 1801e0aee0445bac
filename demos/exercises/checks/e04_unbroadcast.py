"""04 unbroadcast: the sum over all copies of a number, which the engine makes for GPT's biases."""
import tinygen as tg
from demos.exercises.exercise import Case, Edit, slope
from demos.exercises.swap import GPT
from tinygen.backend import np

KIND = "N"
ANSWER = "unbroadcast"
MODEL = GPT._replace(counts=("forward",))
HINTS = (
    "g.ndim - len(shape) is how many axes x lacks; they are the first ones of g. Sum over them "
    "first.",
    "Then g has as many axes as x. Sum over each axis where shape has a 1; keepdims=True keeps it, "
    "with size 1.",
    "np.sum(g, axis=tuple(range(n))) sums over the first n axes, also if n is 0; after that, "
    "for axis, size in enumerate(shape): if size == 1: g = np.sum(g, ...)",
)


def from_the_left(g, shape):
    """Lacks the last axes, not the first."""
    g = g.sum(axis=tuple(range(len(shape), g.ndim)))
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


MISTAKES = (
    ("You summed over the axes that x lacks, but not over those where x has size 1 and g has more.",
     Edit("if size == 1:", "if False:")),
    ("You lost the axes of size 1: after the sum they are still there, with keepdims=True.",
     Edit("keepdims=True)\n    return g", "keepdims=True)\n"
          "    return g.squeeze(tuple(i for i, n in enumerate(shape) if n == 1))")),
    ("You averaged; the uses of a number add up, so it is a sum.",
     Edit("np.sum(g, axis=tuple(range(lacking)))", "np.mean(g, axis=tuple(range(lacking)))",
          "np.sum(g, axis=axis, keepdims=True)", "np.mean(g, axis=axis, keepdims=True)")),
    ("You lined the shapes up at their first axes; NumPy lines up the last ones.", from_the_left),
    ("You summed over the axes of size 1, but not over those that x lacks in front.",
     Edit("g = np.sum(g, axis=tuple(range(lacking)))", "g = g.copy()",
          "np.sum(g, axis=axis, keepdims=True)", "np.sum(g, axis=axis + lacking, keepdims=True)")),
)


def cases(rng):
    def case(*shape, to, dtype="float64"):
        return Case(g=rng.normal(size=to).round(1).astype(dtype), shape=shape)

    return [
        Case(g=np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), shape=(2, 1)),
        case(1, to=(1,)), case(2, to=(2, 2)), case(3, to=(2, 3)), case(1, 3, to=(2, 3)),
        case(2, 3, to=(2, 3)), case(to=(2, 3)), case(1, 1, to=(3, 2)), case(1, 3, to=(1, 3)),
        case(1, 3, to=(4, 2, 3)), case(2, 1, 3, to=(2, 4, 3)), case(3, 1, to=(2, 3, 4)),
        case(2, 1, to=(3, 2, 2), dtype="float32"),
    ]


def ask(answer, case):
    yield "gradient by x", answer(case.g, case.shape)


def expected(case):
    return {"gradient by x": slope(lambda x: np.broadcast_to(x, case.g.shape), np.zeros(case.shape),
                                   case.g)}


def swap(answer, calls):
    kept = tg.ops.sum_to.rule

    def sum_to(x, *, shape):
        y, gradient = kept(x, shape=shape)
        return calls.fits("The gradient", calls.forward(answer, x, shape), like=y), gradient
    return [tg.ops.layer_norm.unfused(), tg.ops.sum_to.replaced(by=sum_to)]


def record(answer, keep):
    def unbroadcast(g, shape):
        keep(Case(g=g, shape=shape))
        return answer(g, shape)
    return unbroadcast

"""06 matmul gradients: those of the products in GPT's attention."""
import tinygen as tg
from demos.exercises.exercise import Case, Edit, parts, slope
from demos.exercises.swap import GPT
from tinygen.backend import np

KIND = "N"
ANSWER = "matmul_gradients"
MODEL = GPT._replace(counts=("gradient",))
HINTS = (
    "A single pair of matrices first: the gradient by a is g @ b.T, and the formula "
    "gives the one by b in the same way.",
    "With a batch in front, .T reverses all axes. You want the last two exchanged, and only "
    "them.",
    "np.swapaxes(b, -1, -2) is bᵀ for each matrix of a batch. Return g @ that, and aᵀ, made in the "
    "same way, @ g.",
)
MISTAKES = (
    ("You transposed all axes: .T reverses the batch, too. bᵀ is np.swapaxes(b, -1, -2).",
     Edit("np.swapaxes(b, -1, -2)", "b.T", "np.swapaxes(a, -1, -2)", "a.T")),
    ("You exchanged the factors: it is g bᵀ and aᵀ g, in this order.",
     Edit("g @ np.swapaxes(b, -1, -2)", "np.swapaxes(b, -1, -2) @ g",
          "np.swapaxes(a, -1, -2) @ g", "g @ np.swapaxes(a, -1, -2)")),
    ("You summed over the batch: each of its matrices has a gradient of its own.",
     Edit("return g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g",
          "batch = tuple(range(g.ndim - 2))\n    return ((g @ np.swapaxes(b, -1, -2)).sum(batch), "
          "(np.swapaxes(a, -1, -2) @ g).sum(batch))")),
    ("You did not transpose: it is g bᵀ and aᵀ g.",
     Edit("np.swapaxes(b, -1, -2)", "b", "np.swapaxes(a, -1, -2)", "a")),
    ("You returned the gradient by b first; a's comes first.",
     Edit("g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g",
          "np.swapaxes(a, -1, -2) @ g, g @ np.swapaxes(b, -1, -2)")),
)


def cases(rng):
    def case(*batch, n=2, k=2, m=2, scale=1.0, dtype="float64"):
        shapes = {"a": (n, k), "b": (k, m), "g": (n, m)}
        return Case(**{name: (scale * rng.normal(size=(*batch, *shape)).round(1)).astype(dtype)
                       for name, shape in shapes.items()})

    return [
        Case(a=np.array([[1.0, 2.0], [0.0, 1.0]]), b=np.array([[1.0, 0.0], [3.0, 1.0]]),
             g=np.array([[1.0, 2.0], [3.0, 4.0]])),
        case(n=1, k=1, m=1), case(2), case(n=2, k=3, m=1), case(n=1, k=2, m=3),
        case(2, n=3, k=2, m=4), case(1, n=2, k=4, m=3), case(2, 3, n=1, k=2, m=2),
        case(3, 1, n=2, k=1, m=3),
        case(n=2, k=3, m=4, scale=1000.0), case(2, n=3, k=1, m=2, dtype="float32"),
    ]


def ask(answer, case):
    by_a, by_b = parts(answer(case.g, case.a, case.b), "the gradient by a", "the gradient by b")
    yield "gradient by a", by_a
    yield "gradient by b", by_b


def product(a, b):
    """Row by column, matrix by matrix."""
    y = np.zeros((*a.shape[:-1], b.shape[-1]))
    for *batch, i, j in np.ndindex(y.shape):
        batch = tuple(batch)
        y[(*batch, i, j)] = sum(x * z for x, z in zip(a[(*batch, i)], b[(*batch, slice(None), j)]))
    return y


def expected(case):
    return {"gradient by a": slope(lambda a: product(a, case.b), case.a, case.g),
            "gradient by b": slope(lambda b: product(case.a, b), case.b, case.g)}


def swap(answer, calls):
    kept = tg.ops.matmul.rule

    def matmul(a, b):
        found = []  # both: asked once

        def gradient(i):
            def of_one(g, y, *operands):
                if not found:
                    found.extend(parts(calls.gradient(answer, g, *operands), "by a", "by b"))
                return calls.fits(f"The gradient by {'ab'[i]}", found[i], like=operands[i])
            return of_one
        y, *engines = kept(a, b)
        if min(a.ndim, b.ndim) < 2 or a.shape[:-2] != b.shape[:-2]:  # not in the task
            return y, *engines
        return y, gradient(0), gradient(1)
    return [tg.ops.attention.unfused(), tg.ops.matmul.replaced(by=matmul)]


def record(answer, keep):
    def matmul_gradients(g, a, b):
        keep(Case(g=g, a=a, b=b))
        return answer(g, a, b)
    return matmul_gradients

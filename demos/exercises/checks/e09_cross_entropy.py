"""09 cross entropy: the loss that a GPT trains by, and its gradient."""
import math

import tinygen as tg
from demos.exercises.exercise import Case, Edit, Wrong, parts, slope, what_is
from demos.exercises.swap import GPT
from tinygen.backend import np

KIND = "N"
ANSWER = "cross_entropy"
MODEL = GPT
HINTS = (
    "Subtracting the largest score of each row, x - x.max(axis=1, keepdims=True), changes no "
    "probability, and then no power of e overflows.",
    "With rows = np.arange(len(x)), x[rows, labels] takes from each row the score at its label. A "
    "row's loss is log Σ e^x - x[label]; y is the mean of these.",
    "In gradient(g): p is e^scores divided by the sums of its rows; then "
    "p[rows, labels] -= 1; and p times g / N is the gradient.",
)
LOG = "np.log(total[:, 0]) - scores[rows, labels]"
MISTAKES = (
    ("You took softmax twice: x holds scores, and one softmax makes them probabilities.",
     Edit("    total", "    scores = np.exp(scores)\n"
          "    scores = scores / scores.sum(axis=1, keepdims=True)\n    total")),
    ("You forgot 1/N in y: the loss is the mean over the rows, not their sum.",
     Edit("labels]).mean()", "labels]).sum()")),
    ("You forgot 1/N in the gradient: y is a mean, so each row has a share of 1/N in it.",
     Edit("g / len(x) * p", "g * p")),
    ("You took the log of a probability that was rounded to 0; x[label] - log Σ e^x is the same "
     "without the rounding.",
     Edit(LOG, "-np.log(np.exp(scores[rows, labels]) / total[:, 0])")),
    ("You let e^1000 overflow; subtract the largest score of each row first.",
     Edit("x - x.max(axis=1, keepdims=True)", "x - 0")),
    ("You left out the -1 at the label: a higher score there lowers the loss.",
     Edit("        p[rows, labels] -= 1\n", "")),
    ("You left out g: what comes after y multiplies, too.", Edit("g / len(x) * p", "p / len(x)")),
)


def cases(rng):
    def case(n, c, scale=1.0, shift=0.0, dtype="float64"):
        x = scale * rng.normal(size=(n, c)).round(1) + shift
        return Case(x=x.astype(dtype), labels=rng.integers(c, size=n),
                    g=np.array(rng.uniform(0.5, 2), dtype))

    return [
        Case(x=np.log([[1.0, 3.0], [1.0, 1.0]]), labels=np.array([1, 0]), g=np.array(2.0)),
        case(2, 3), case(3, 2), case(1, 4), case(4, 1), case(5, 3),
        Case(x=np.array([[0.0, 800.0], [0.0, -900.0]]), labels=np.array([0, 1]), g=np.array(1.0)),
        case(2, 3, shift=1000.0), case(2, 4, dtype="float32"), case(4, 5, dtype="float32"),
    ]


def ask(answer, case):
    y, gradient, nothing = parts(answer(case.x, case.labels), "y", "gradient", "None")
    yield "y", y
    if nothing is not None:
        raise Wrong("The third thing that the answer returns is None: labels have no gradient.")
    if not callable(gradient):
        raise Wrong(f"gradient is {what_is(gradient)}; it has to be a function of g.")
    yield "gradient by x", gradient(case.g)


def by_loops(x, labels):
    total = 0.0
    for row, label in zip(x, labels):
        total += math.log(sum(math.exp(score - max(row)) for score in row)) + max(row) - row[label]
    return total / len(x)


def expected(case):
    return {"y": by_loops(case.x, case.labels),
            "gradient by x": slope(lambda x: by_loops(x, case.labels), case.x, case.g)}


def swap(answer, calls):
    engine = tg.ops.cross_entropy.rule

    def cross_entropy(x, labels, *, reduction="mean"):
        if reduction != "mean":  # in demos; the task has the mean alone
            return engine(x, labels, reduction=reduction)
        rows = x.reshape(-1, x.shape[-1])
        y, gradient, _ = calls.forward(answer, rows, labels.reshape(-1))

        def gradient_by_x(g, y, x, labels):
            gx = calls.gradient(gradient, g)
            return calls.fits("The gradient", gx, like=rows).reshape(x.shape)
        y = calls.fits("y", np.asarray(y, x.dtype), like=np.zeros((), x.dtype))
        return y, gradient_by_x, None
    return [tg.ops.cross_entropy.replaced(by=cross_entropy)]


def record(answer, keep):
    def cross_entropy(x, labels):
        y, gradient, nothing = answer(x, labels)

        def kept(g):
            keep(Case(x=x, labels=labels, g=g))
            return gradient(g)
        return y, kept, nothing
    return cross_entropy

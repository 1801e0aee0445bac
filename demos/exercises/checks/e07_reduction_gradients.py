"""07 reduction gradients: of sum, mean and variance, which a Transformer's layer norms call."""
import tinygen as tg
from demos.exercises.exercise import Case, Edit, slope
from demos.exercises.swap import S2S
from tinygen.backend import np

KIND = "N"
OPS = "sum", "mean", "var"
ANSWER = tuple(f"{name}_gradient" for name in OPS)
MODEL = S2S._replace(counts=("gradient",))
HINTS = (
    "np.expand_dims(g, axis) puts an axis of size 1 where the reduced one was. Do it only where "
    "keepdims is False and axis is not None.",
    "np.broadcast_to(g, x.shape) then repeats g along that axis: this is sum's gradient. "
    "mean_gradient may call sum_gradient, and var_gradient mean_gradient.",
    "n is x.shape[axis], or x.size where axis is None. For var, m = x.mean(axis=axis, "
    "keepdims=True); what is left is mean's gradient times 2 * (x - m).",
)
MISTAKES = (
    ("You did not put the reduced axis back, so that g was repeated along another one: "
     "np.expand_dims(g, axis).",
     Edit("g = np.expand_dims(g, axis)\n", "pass\n")),
    ("You forgot 1/n: each number is only an n-th part of the mean.",
     Edit("sum_gradient(g, x, axis, keepdims) / n", "sum_gradient(g, x, axis, keepdims)")),
    ("You used n - 1; this variance is the mean of the squares, divided by n.",
     Edit("* 2 * (x - m)\n", "* 2 * (x - m) * (x.size / m.size) / (x.size / m.size - 1)\n")),
    ("You divided by the count of all numbers; n is how many there are along axis {axis}.",
     Edit("x.size if axis is None else x.shape[axis]", "x.size")),
    ("You divided by the size of the first axis; n is x.shape[axis].",
     Edit("x.size if axis is None else x.shape[axis]", "len(x)")),
    ("You forgot the 2: the derivative of (x - m)² is 2 (x - m).", Edit(" * 2 * ", " * ")),
    ("You took one mean of all numbers; m is the mean along axis {axis}, one for each row.",
     Edit("m = x.mean(axis=axis, keepdims=True)", "m = x.mean()")),
    ("You took x, not x - m, its distance from the mean.", Edit("2 * (x - m)\n", "2 * x\n")),
)


def cases(rng):
    def case(*shape, axis=None, keepdims=False, shift=0.0, dtype="float64"):
        x = rng.normal(size=shape).round(1) + shift
        g = np.array(rng.normal(size=x.sum(axis=axis, keepdims=keepdims).shape).round(1))
        return Case(x=x.astype(dtype), g=g.astype(dtype), axis=axis, keepdims=keepdims)

    return [
        Case(x=np.array([[1.0, 3.0], [2.0, 6.0]]), g=np.array([1.0, 10.0]), axis=1, keepdims=False),
        case(3), case(3, axis=0), case(2, 3, axis=0), case(2, 4, axis=-1, keepdims=True),
        case(2, 3, keepdims=True), case(2, 1, axis=0), case(2, 4, 3, axis=1),
        case(2, 3, 2, axis=-1), case(3, 2, 2, axis=0, keepdims=True),
        case(2, 3, axis=-1, shift=1000.0),
        case(2, 3, axis=-1, dtype="float32"),
    ]


def ask(answer, case):
    for name in OPS:
        function, settings = getattr(answer, f"{name}_gradient"), case.settings
        yield f"gradient of {name}", function(case.g, case.x, **settings)


def by_loops(name, x, axis, keepdims):
    """Row by row of what is reduced."""
    rows = x.reshape(1, -1) if axis is None else np.moveaxis(x, axis, -1)
    y = np.empty(rows.shape[:-1])
    for i in np.ndindex(y.shape):
        row = list(rows[i])
        mean = sum(row) / len(row)
        y[i] = {"sum": sum(row), "mean": mean,
                "var": sum((number - mean) ** 2 for number in row) / len(row)}[name]
    return y.reshape(x.sum(axis=axis, keepdims=keepdims).shape)


def expected(case):
    return {f"gradient of {name}": slope(
        lambda x, name=name: by_loops(name, x, case.axis, case.keepdims), case.x, case.g)
        for name in OPS}


def swap(answer, calls):
    def replaced(name):
        op, function = getattr(tg.ops, name), getattr(answer, f"{name}_gradient")
        kept = op.rule

        def reduction(x, *, axis=None, keepdims=False):
            def gradient(g, y, x):
                found = calls.gradient(function, g, x, axis=axis, keepdims=keepdims)
                return calls.fits("The gradient", found, like=x)
            y, engines = kept(x, axis=axis, keepdims=keepdims)
            return y, engines if isinstance(axis, tuple) else gradient  # tuples are not in the task
        return op.replaced(by=reduction)
    return [tg.ops.layer_norm.unfused(), *map(replaced, OPS)]


def record(answer, keep):
    def kept(function):
        def gradient(g, x, axis, keepdims):
            keep(Case(x=x, g=g, axis=axis, keepdims=keepdims))
            return function(g, x, axis=axis, keepdims=keepdims)
        return gradient
    return type(answer)(**{name: kept(function) for name, function in vars(answer).items()})

"""01 central difference: slopes from values alone, which then judge the engine's own gradients."""
import tinygen as tg
from demos.exercises.exercise import Case, Edit, Wrong
from demos.exercises.swap import Model
from tinygen import ops
from tinygen.backend import np
from tinygen.check.table import CASES

KIND = "N"
ANSWER = "central_difference"
HINTS = (
    "Begin with slopes = np.zeros_like(x), fill slopes[i] for each i of np.ndindex(x.shape), and "
    "return slopes at the end.",
    "For each i: remember x[i] as kept. Set x[i] to kept + h and call f(x), set x[i] to kept - h "
    "and call f(x) again, then set x[i] to kept.",
    "kept = x[i];  x[i] = kept + h;  above = f(x);  x[i] = kept - h;  below = f(x);  x[i] = kept;  "
    "what is left is slopes[i] = (above - below) / ...",
)


def row_by_row(f, x, h):
    slopes = []
    for i in range(len(x)):
        move = np.zeros_like(x)
        move[i] = h
        slopes.append((f(x + move) - f(x - move)) / (2 * h))
    return np.array(slopes)


def put_back_by_sums(f, x, h):
    slopes = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        slopes[i] = (above - f(x)) / (2 * h)
        x[i] += h
    return slopes


MISTAKES = (
    ("You took one side only, f(x + h) - f(x); take f(x + h) - f(x - h), which is far more exact.",
     Edit("x[i] = kept - h\n", "x[i] = kept\n", "(2 * h)", "h")),
    ("You divided by h; from x - h to x + h it is 2h.", Edit("(2 * h)", "h")),
    ("You did not put x[i] back before you went on to the next one: all slopes but the first are "
     "taken at another point.",
     Edit("        x[i] = kept  # x[i] += h would leave a rounding error\n", "")),
    ("You put x[i] back by adding h, which leaves a rounding error. Remember the number itself: "
     "kept = x[i] before, x[i] = kept after.", put_back_by_sums),
    ("You went through the first axis only and moved whole rows: i in np.ndindex(x.shape) goes "
     "through the numbers of any number of axes.", row_by_row),
    ("You moved all numbers of x at once, which gives one slope. Each x_i is moved on its own.",
     lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h)),
    ("You subtracted the wrong way round: it is f(x + h) - f(x - h).",
     Edit("above - below", "below - above")),
)


def cases(rng):
    def case(f, *shape, h=0.1, scale=1.0):
        x = rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)
        return Case(x=np.array(scale * np.round(x, 1)), f=f, h=h)

    return [
        Case(x=np.array([2.0, 5.0]), f="x[0] ** 2 * x[1]", h=1.0),
        case("x[0] ** 3", 1), case("np.exp(x).sum()", 3, h=0.5),
        case("(x ** 3).sum() * x.sum()", 2, 3), case("x ** 3"), case("x.prod()", 3, 2, h=1e-3),
        case("np.sin(x).sum() ** 2", 2, 1, 3, h=1e-3), case("(x[:, 0] * x[:, 1] ** 2).sum()", 4, 2),
        case("(x ** 2).sum()", 2, 2, scale=1000.0, h=1e-3),
    ]


def function(case):
    return lambda x: float(eval(case.f, {"np": np, "x": x}))


def ask(answer, case):
    yield "slopes", answer(function(case), case.x, case.h)


def expected(case):
    f, slopes = function(case), np.zeros(case.x.shape)
    for i in range(case.x.size):
        sides = []
        for move in (case.h, -case.h):
            moved = case.x.copy()
            moved.flat[i] += move
            sides.append(f(moved))
        slopes.flat[i] = (sides[0] - sides[1]) / (2 * case.h)
    return {"slopes": slopes}


# ---- the model: the engine itself, right and sabotaged ----

ARGUMENTS = [(row, i) for row in CASES for i in range(len(row.shapes))]
CONFIRM = ARGUMENTS[::len(ARGUMENTS) // 60][:60]


def softmax(x, *, axis=-1):
    y = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    return y, lambda g, y, x: g * y


SABOTAGED = {
    "tanh": lambda x: (np.tanh(x), lambda g, y, x: g * (1 - x * x)),
    "sqrt": lambda x: (np.sqrt(x), lambda g, y, x: g / y),
    "mul": lambda a, b: (a * b, lambda g, y, a, b: g * a, lambda g, y, a, b: g * b),
    "matmul": lambda a, b: (a @ b, lambda g, y, a, b: g @ b, lambda g, y, a, b: a @ g),
    "softmax": softmax,
}


def train(answer, calls):
    yield from ()  # it has no losses
    if answer is None:
        return
    for row, i in CONFIRM:
        gradient, slopes = both(row, i, answer, calls)
        if not agree(gradient, slopes):
            raise Wrong(f"The engine's gradient of {row.name} is right, but your slopes differ "
                        f"from it by up to {np.abs(gradient - slopes).max():.2g}.")
    for name, rule in SABOTAGED.items():
        row = next(row for row in CASES if row.name == name)
        with getattr(ops, name).replaced(by=rule):
            if agree(*both(row, 0, answer, calls)):
                raise Wrong(f"A wrong gradient of {name} agrees with your slopes.")
    return (f"{calls.forward_calls} calls: confirmed {len(CONFIRM)} gradients of the engine, "
            f"exposed {len(SABOTAGED)} that were sabotaged")


def both(row, i, answer, calls):
    """The gradient of <g, y> by a row's input i, by backward and by the answer."""
    inputs = row.inputs()
    xs = [tg.Tensor(x) for x in inputs]
    y = row.f(*xs)
    g = np.random.default_rng(i).normal(size=y.shape)

    def f(x):
        with tg.no_grad():
            y = row.f(*map(tg.Tensor, [*inputs[:i], x, *inputs[i + 1:]]))
            return float((g * y.numpy()).sum())
    slopes = calls.forward(answer, f, inputs[i].copy(), 1e-5)
    return tg.grad(y, xs[i], g).numpy(), calls.fits("The result", slopes, like=inputs[i])


def agree(gradient, slopes):
    return np.abs(gradient - slopes).max() <= 1e-5 * max(1, np.abs(gradient).max())


MODEL = Model("engine", len(CONFIRM) + len(SABOTAGED), train, counts=("forward",))

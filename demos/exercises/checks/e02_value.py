"""02 Value: a number that is differentiated by; a network of them trains as tinygen's own does."""
import math

import tinygen as tg
from demos.exercises.exercise import Case, Edit, Wrong, slope
from demos.exercises.swap import Model
from tinygen.backend import np

KIND = "N"
ANSWER = "Value"
HINTS = (
    "Each of the three makes a new Value, y = Value(number, (self, other)), and gives it y.pull, a "
    "function without arguments.",
    "pull may use y, self and other, since a function remembers the variables around it. It is "
    "called once y.grad is known, not before.",
    "For +:  def pull(): self.grad += y.grad, and the same for other. It is += because a Value may "
    "be used in several places.",
)
MISTAKES = (
    ("You overwrote grad where a Value is used twice: its uses add up, so it is +=, not =.",
     Edit("self.grad += y.grad", "self.grad = y.grad",
          "other.grad += y.grad", "other.grad = y.grad",
          "self.grad += other.data * y.grad", "self.grad = other.data * y.grad",
          "other.grad += self.data * y.grad", "other.grad = self.data * y.grad",
          "self.grad += (1 - y", "self.grad = (1 - y")),
    ("You took 1 - x² for tanh: the derivative is 1 - y², of the result.",
     Edit("1 - y.data ** 2", "1 - self.data ** 2")),
    ("You exchanged the factors: the gradient by a is b·ȳ.",
     Edit("other.data * y.grad", "self.data * y.grad_",
          "self.data * y.grad\n", "other.data * y.grad\n", "y.grad_", "y.grad")),
    ("You left out y.grad: what comes after y multiplies, too.",
     Edit("self.grad += other.data * y.grad", "self.grad += other.data",
          "other.grad += self.data * y.grad", "other.grad += self.data",
          "(1 - y.data ** 2) * y.grad", "(1 - y.data ** 2)")),
)
PROGRAMS = ("a + b", "a * b", "tanh(a)", "a * a", "a + a", "tanh(a * b) + a", "(a + b) * (a + b)",
            "tanh(tanh(a) * b) * a", "(a * b + c) * tanh(a + b * c)")


def cases(rng):
    random = [Case(x=rng.uniform(0.5, 1.5, 3) * rng.choice([-1, 1], 3), program=program)
              for program in PROGRAMS]
    return [Case(x=np.array([2.0, 3.0, 0.0]), program="a * b + a"), *random,
            Case(x=np.array([1000.0, -1000.0, 0.0]), program="tanh(a) + tanh(b)")]


def ask(Value, case):
    a, b, c = leaves = [Value(float(number)) for number in case.x]
    y = eval(case.program, {"a": a, "b": b, "c": c, "tanh": lambda value: value.tanh()})
    if not isinstance(y, Value):
        raise Wrong(f"{case.program} is to be a Value; yours is a {type(y).__name__}.")
    yield "y", y.data
    y.backward()
    yield "gradient by a, b, c", np.array([leaf.grad for leaf in leaves], "float64")


def expected(case):
    def program(x):
        return eval(case.program, {"a": x[0], "b": x[1], "c": x[2], "tanh": math.tanh})
    return {"y": program(case.x), "gradient by a, b, c": slope(program, case.x, 1.0)}


# ---- the model: an MLP 2-4-1 that learns whether two signs differ ----

POINTS = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
WANTED = np.array([-1.0, 1.0, 1.0, -1.0])


def train(Value, calls):
    rng = np.random.default_rng(0)
    w1, w2 = rng.normal(size=(4, 3)), rng.normal(size=(1, 5))  # the last column is the bias
    for _ in range(20):
        step = engine_step if Value is None else values_step
        loss, g1, g2 = step(w1, w2, Value, calls)
        w1, w2 = w1 - 0.1 * g1, w2 - 0.1 * g2
        yield loss


def engine_step(w1, w2, Value, calls):
    w1, w2, ones = tg.Tensor(w1), tg.Tensor(w2), np.ones((4, 1))
    h = tg.tanh(tg.concatenate([POINTS, ones], axis=1) @ w1.T)
    y = tg.tanh(tg.concatenate([h, ones], axis=1) @ w2.T)[:, 0]
    loss = ((y - WANTED) ** 2).sum()
    loss.backward()
    return loss.item(), w1.grad.numpy(), w2.grad.numpy()


def values_step(w1, w2, Value, calls):
    w1, w2 = ([[Value(float(number)) for number in row] for row in w] for w in (w1, w2))
    loss = calls.forward(network_loss, w1, w2, Value)
    calls.gradient(loss.backward)
    return loss.data, *(np.array([[value.grad for value in row] for row in w]) for w in (w1, w2))


def network_loss(w1, w2, Value):
    def layer(w, x):
        out = []
        for *weights, bias in w:
            total = bias
            for weight, number in zip(weights, x, strict=True):
                total = total + weight * number
            out.append(total.tanh())
        return out

    loss = Value(0.0)
    for point, wanted in zip(POINTS, WANTED):
        y, = layer(w2, layer(w1, [Value(float(number)) for number in point]))
        off = y + Value(-float(wanted))
        loss = loss + off * off
    return loss


MODEL = Model("MLP of Values", 20, train, tolerance=1e-9)

"""05 elementwise gradients: of mul, div, exp, sqrt and tanh, all of which GPT is made of."""
import itertools

import tinygen as tg
from demos.exercises.exercise import Case, Edit, parts, slope
from demos.exercises.swap import GPT
from tinygen.backend import np

KIND = "N"
FUNCTIONS = {  # name -> the function, its inputs
    "mul": (lambda a, b: a * b, "ab"),
    "div": (lambda a, b: a / b, "ab"),
    "exp": (np.exp, "x"),
    "tanh": (np.tanh, "x"),
    "sqrt": (np.sqrt, "r"),
}
ANSWER = "mul_gradients", "div_gradients", "exp_gradient", "sqrt_gradient", "tanh_gradient"
MODEL = GPT._replace(counts=("gradient",))
SHOWS = {"mul": "a b g", "div": "a b g", "exp": "x g", "tanh": "x g", "sqrt": "r g"}
HINTS = (
    "Read the table above as instructions: dy = b da + a db says that a's gradient is g · b, and "
    "that b's is g · a.",
    "a / b² is y / b, and b's gradient has a minus. √x is y, so sqrt's gradient divides g by twice "
    "y.",
    "In order: g * b and g * a;  g / b and -g * y / b;  g * y;  g / (2 * y);  and tanh is the same "
    "with 1 - y².",
)
MISTAKES = (
    ("You left out g: what comes after y multiplies, too.",
     Edit("return g * b, g * a", "return b, a", "return g / b, -g * y / b", "return 1 / b, -y / b",
          "return g * y\n", "return y\n", "return g / (2 * y)", "return 1 / (2 * y)",
          "return g * (1 - np.square(y))", "return 1 - np.square(y)")),
    ("You forgot the minus of a / b: the larger b is, the smaller the quotient.",
     Edit("-g * y / b", "g * y / b")),
    ("You forgot the 2 of the square root: dy = dx / (2 √x).", Edit("g / (2 * y)", "g / y")),
    ("You exchanged the factors: a's gradient is g · b.",
     Edit("g * b, g * a", "g * a, g * b")),
    ("You took 1 - x² for tanh: it is 1 - y², of the result.",
     Edit("1 - np.square(y)", "1 - np.square(x)")),
    ("You divided by b once; b's gradient is -g · a / b², which is -g · y / b.",
     Edit("-g * y / b", "-g * a / b")),
)


def cases(rng):
    def case(names, *shape, low=0.5, high=1.5, dtype="float64"):
        arrays = {name: rng.uniform(low, high, shape) for name in names}
        for name in set("abx") & set(names):
            arrays[name] *= rng.choice([-1, 1], shape)
        arrays["g"] = rng.normal(size=shape)
        return Case(**{name: array.round(2).astype(dtype) for name, array in arrays.items()})

    def number(value):
        return np.array([float(value)])

    return [
        Case(a=number(8), b=number(4), x=np.log(number(3)), r=number(4), g=number(5)),
        case("ab", 2), case("x", 2), case("r", 2), case("ab", 2, 3), case("x", 3, 2),
        case("r", 2, 3), case("abxr", 1, 1), case("abxr", 2, 1, 3),
        case("ab", 3, low=10, high=1000), case("x", 3, low=10, high=20),
        case("r", 3, low=10, high=1000), case("abxr", 2, 3, dtype="float32"),
    ]


def asked(case):
    """(name of the function, its inputs' names, the inputs) of all that the case has."""
    for name, (_, inputs) in FUNCTIONS.items():
        if set(inputs) <= set(case.arrays):
            yield name, inputs, [case.arrays[x] for x in inputs]


def label(name, x):
    return f"gradient of {name} by {x if x in 'ab' else 'x'}"


def ask(answer, case):
    for name, inputs, arrays in asked(case):
        y = case.y if "y" in case.arrays else FUNCTIONS[name][0](*arrays)
        if inputs == "ab":
            gradients = getattr(answer, f"{name}_gradients")(case.g, y, *arrays)
            gradients = parts(gradients, "the gradient by a", "the gradient by b")
        else:
            gradients = [getattr(answer, f"{name}_gradient")(case.g, y, *arrays)]
        for x, gradient in zip(inputs, gradients):
            yield label(name, x), gradient


def expected(case):
    found = {}
    for name, inputs, arrays in asked(case):
        for i, x in enumerate(inputs):
            def of_one(value, f=FUNCTIONS[name][0], i=i, arrays=arrays):
                return f(*arrays[:i], value, *arrays[i + 1:])
            found[label(name, x)] = slope(of_one, arrays[i], case.g)
    return found


def swap(answer, calls):
    def replaced(name):
        op, (_, inputs) = getattr(tg.ops, name), FUNCTIONS[name]
        function = getattr(answer, f"{name}_gradients" if inputs == "ab" else f"{name}_gradient")

        kept = op.rule

        def rule(*xs):
            found = []  # of all inputs: asked once

            def gradient(i):
                def of_one(g, y, *xs):
                    if not found:
                        answered = calls.gradient(function, g, y, *xs)
                        found.extend(parts(answered, *inputs) if inputs == "ab" else [answered])
                    return calls.fits("The gradient", found[i], like=g)
                return of_one
            return kept(*xs)[0], *map(gradient, range(len(xs)))
        return op.replaced(by=rule)

    fused = tg.ops.attention, tg.ops.softmax, tg.ops.layer_norm, tg.ops.gelu
    return [*(op.unfused() for op in fused), *map(replaced, FUNCTIONS)]


def record(answer, keep):
    numbers = itertools.count()

    def kept(function):
        def gradient(g, y, *xs):
            names = "ab" if len(xs) == 2 else "r" if function is answer.sqrt_gradient else "x"
            # One in 401, where a step has 29: by and by all five are among them.
            if next(numbers) % 401 == 0 and all(isinstance(x, np.ndarray) for x in xs):
                keep(Case(g=g, y=y, **dict(zip(names, xs))))
            return function(g, y, *xs)
        return gradient
    return type(answer)(**{name: kept(function) for name, function in vars(answer).items()})

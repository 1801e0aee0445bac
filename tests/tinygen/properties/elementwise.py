"""Arithmetic, functions and activations of each element."""
import math

from tests.tinygen.properties.draw import call, drawn
from tinygen import ops
from tinygen.backend import np

# ---- of one variable ----

def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


SMOOTH = {  # its definition, and the ranges to draw from
    "neg": (np.negative, (-3, 3)), "exp": (np.exp, (-3, 3)), "sin": (np.sin, (-9, 9)),
    "cos": (np.cos, (-9, 9)), "tanh": (np.tanh, (-2, 2), (-20, 20)),
    "log": (np.log, (0.1, 4)), "sqrt": (np.sqrt, (0.1, 4)),
    "sigmoid": (sigmoid, (-2, 2), (-30, 30)),
    "softplus": (lambda x: np.log1p(np.exp(x)), (-2, 2), (-30, 30)),
    "silu": (lambda x: x * sigmoid(x), (-2, 2), (-30, 30)), "gelu": (gelu, (-2, 2), (-8, 8)),
}

for name, (definition, *ranges) in SMOOTH.items():
    @drawn(name, definition)
    def smooth(draw, ranges=ranges):
        return call(draw.floats(draw.shape(), *draw.choice(ranges)))


@drawn("abs", lambda x: x * np.sign(x.real))
@drawn("relu", lambda x: np.where(x.real > 0, x, 0))
def with_a_kink_at_0(draw):
    return call(draw.stepped(draw.shape()))


@drawn("leaky_relu", lambda x, slope=0.01: np.where(x.real > 0, x, slope * x))
def leaky(draw):
    x = draw.stepped(draw.shape())
    return draw.choice([call(x), call(x, slope=draw.choice([0, 0.2, 1]))])


@drawn("elu", lambda x, alpha=1.0: np.where(x.real > 0, x, alpha * np.expm1(x)))
def exponential_units(draw):
    x = draw.stepped(draw.shape())
    return draw.choice([call(x), call(x, alpha=draw.choice([0.5, 2]))])


@drawn("clip", lambda x, low, high: np.where(x.real < low, low, np.where(x.real > high, high, x)))
def limits(draw):
    low, high = sorted(draw.integer(-32, 32) / 16 for _ in range(2))
    return call(draw.stepped(draw.shape()), low=draw.choice([low, -math.inf]),
                high=draw.choice([high, math.inf]))


def dropout(x, p, seed, training):
    seed = int(np.random.default_rng(seed).integers(2 ** 63))
    return x * kept(x.shape, seed, p) if training and p else x


def kept(shape, seed, p):
    """Dropout's factors: 0 where the place's hash is below p of its range, else 1/(1 - p)."""
    factors = np.zeros(shape)
    first, second = map(int, np.random.SeedSequence(seed).generate_state(2))
    for place, index in enumerate(np.ndindex(shape)):
        h = (place + first) % 2 ** 32  # and then fmix32 of MurmurHash3, in whole numbers
        h = (h ^ h >> 16) * 0x85EBCA6B % 2 ** 32 ^ second
        h = (h ^ h >> 13) * 0xC2B2AE35 % 2 ** 32
        if (h ^ h >> 16) >= int(p * 2 ** 32):
            factors[index] = 1 / (1 - p)
    return factors


@drawn("dropout", dropout, op=lambda x, p, seed, training: ops.dropout(
    x, p, np.random.default_rng(seed), training=training))
def dropouts(draw):
    return call(draw.floats(draw.shape()), p=draw.choice([0, 0.3, 0.9]),
                seed=draw.integer(0, 99), training=draw.chance(0.8))


# ---- of two, which broadcast ----

def two(draw, shape, numbers):
    """Two inputs that broadcast to `shape`; or one twice, or a number for one of them."""
    a, b = (numbers(draw.broadcastable(shape), which) for which in (0, 1))
    kind = draw.integer(0, 9)
    if kind == 0:
        return a, a
    if kind == 1:
        return draw.integer(-20, 20) / 8, b
    if kind == 2:
        return a, draw.integer(-20, 20) / 8
    return a, b


@drawn("add", np.add, weight=2)
@drawn("sub", np.subtract, weight=2)
@drawn("mul", np.multiply, weight=2)
def arithmetic(draw):
    return call(*two(draw, draw.shape(), lambda shape, which: draw.floats(shape)))


@drawn("div", np.divide, weight=2)
def quotients(draw):
    def away_from_0(shape, which):
        return draw.floats(shape, *draw.choice([(0.5, 2), (-2, -0.5)]))

    a, b = two(draw, draw.shape(), away_from_0)
    return call(a, b or 1.5)


def power(a, b):
    """aᵇ, by its definition for a whole number b, and else for a > 0; 0ᵇ, where b >= 1, is 0."""
    if isinstance(b, int):
        product = np.ones_like(a)
        for _ in range(abs(b)):
            product = product * a
        return product if b >= 0 else 1 / product
    zero = np.real(a) == 0
    return np.where(zero, np.where(np.real(b) == 1, a, 0), np.exp(b * np.log(np.where(zero, 1, a))))


@drawn("pow", power, weight=3)
def powers(draw):
    shape = draw.shape()
    kind = draw.choice(["whole", "real", "of a number", "both", "both", "of 0"])
    if kind == "whole":
        b = draw.integer(-2, 4)
        if b < 0:
            return call(draw.floats(shape, -2, -0.5), b)
        return call(draw.input(shape, lambda core: draw.rng.integers(-3, 4, core) / 2), b)
    a = draw.floats(draw.broadcastable(shape), 0.3, 2)
    b = draw.floats(draw.broadcastable(shape), -2, 3)
    if kind == "of 0":
        draw.at_kinks = True
        a = draw.input(a.shape, lambda core: draw.rng.integers(0, 2, core))
        return call(a, draw.floats(draw.broadcastable(shape), 1, 3))
    if kind == "both":
        return call(a, b)
    return call(a, draw.integer(-16, 24) / 8 + 1 / 32) if kind == "real" else call(1.75, b)


def larger(a, b):
    """The larger; of equal ones their mean, so that each has half of the slope."""
    return np.where(np.real(a) > np.real(b), a, np.where(np.real(a) < np.real(b), b, (a + b) / 2))


@drawn("maximum", larger, weight=2)
@drawn("minimum", lambda a, b: -larger(-a, -b), weight=2)
def extremes(draw):
    a, b = two(draw, draw.shape(), lambda shape, which: draw.stepped(shape, (1 + 2 * which) / 64))
    draw.at_kinks |= a is b
    return call(a, b)


@drawn("where", np.where, weight=2)
def choices(draw):
    shape = draw.shape()
    a, b = two(draw, shape, lambda shape, which: draw.floats(shape))
    return call(draw.booleans(draw.broadcastable(shape)), a, b)

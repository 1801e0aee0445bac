"""Ops that act on each element by itself, with NumPy's broadcasting.

Every derivation starts from dy, the change of y for small changes of the inputs; x̄ stands for
∂L/∂x and g for ȳ. A gradient has y's shape, and the engine sums it down to its input's. Shapes are
(...) -> (...) throughout.
"""
import math
from numbers import Real

from tinygen.backend import xp
from tinygen.checks import check_number
from tinygen.errors import describe
from tinygen.operation import op
from tinygen.ops.kernels import in_parts
from tinygen.tensor import plain

# ---- arithmetic ----

@op
def add(a, b):
    """Sum a + b, elementwise."""
    # dy = da + db
    return a + b, lambda g, y, a, b: g, lambda g, y, a, b: g


@op
def sub(a, b):
    """Difference a - b, elementwise."""
    # dy = da - db
    return a - b, lambda g, y, a, b: g, lambda g, y, a, b: -g


@op
def mul(a, b):
    """Product a · b, elementwise."""
    # dy = da·b + a·db
    return a * b, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a


@op
def div(a, b):
    """Quotient a / b, elementwise."""
    # y = a/b,  dy = da/b - y·db/b
    return a / b, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b


@op
def neg(x):
    """Negative -x, elementwise."""
    return -x, lambda g, y, x: -g


@op
def pow(a, b):
    """Power a ** b, elementwise. A Tensor as exponent needs a > 0, or a = 0 with b > 0."""
    # y = a^b,  dy = b·a^(b-1)·da + y·log(a)·db
    # The first term is 0 at b = 0, whatever a is, and the second at a = 0: the guards keep 0·inf
    # from making a NaN of them, and keep a number a in y's dtype.
    return (a ** b,
            lambda g, y, a, b: g * b * a ** _minus_one_unless_zero(b),
            lambda g, y, a, b: g * y * log(where(plain(a) > 0, a, xp.ones_like(plain(y)))))


def _minus_one_unless_zero(b):
    return b - (plain(b) != 0)


# ---- functions of one variable ----

@op
def exp(x):
    """Exponential e^x, elementwise."""
    # dy = y·dx
    return xp.exp(x), lambda g, y, x: g * y


@op
def log(x):
    """Natural logarithm of x > 0, elementwise."""
    # dy = dx/x
    return xp.log(x), lambda g, y, x: g / x


@op
def sqrt(x):
    """Square root of x >= 0, elementwise."""
    # y² = x,  2y·dy = dx
    return xp.sqrt(x), lambda g, y, x: g / (2 * y)


@op
def sin(x):
    """Sine of x in radians, elementwise."""
    return xp.sin(x), lambda g, y, x: g * cos(x)


@op
def cos(x):
    """Cosine of x in radians, elementwise."""
    return xp.cos(x), lambda g, y, x: -g * sin(x)


@op
def tanh(x):
    """Hyperbolic tangent, elementwise."""
    # dy = (1 - y²)·dx
    return xp.tanh(x), lambda g, y, x: g * (1 - y * y)


@op
def abs(x):
    """Absolute value |x|, elementwise; its slope at 0 is taken as 0."""
    return xp.abs(x), lambda g, y, x: g * xp.sign(plain(x))


# ---- activations ----

@op
def sigmoid(x):
    """Logistic function 1 / (1 + e^-x), elementwise."""
    # y = 1/(1 + e^-x) = eˣ/(1 + eˣ): the first for x > 0 and the second elsewhere, so that nothing
    # overflows. Instead of log(sigmoid(x)) write -softplus(-x).  dy = y(1 - y)·dx
    e = xp.exp(-xp.abs(x))
    return xp.maximum(x > 0, e) / (1 + e), lambda g, y, x: g * y * (1 - y)


@op
def softplus(x):
    """Logarithm log(1 + e^x), elementwise: a smooth relu."""
    # dy = sigmoid(x)·dx, and sigmoid(x) = eˣ / (1 + eˣ) = e^(x - y), which is exact far left too
    return xp.logaddexp(x, xp.zeros_like(x)), lambda g, y, x: g * exp(x - y)


@op
def relu(x):
    """max(x, 0), elementwise; its slope at 0 is taken as 0."""
    y = xp.empty_like(x, dtype=xp.result_type(x, 0))
    in_parts(lambda x, y: xp.maximum(x, 0, out=y), x, y)
    return y, lambda g, y, x: where_positive(g, plain(x), slope=0)


@op
def leaky_relu(x, *, slope=0.01):
    """max(x, slope · x): x where positive, slope · x elsewhere.

    At x = 0 the derivative is taken as slope. Raises ValueError unless 0 <= slope <= 1.
    (Maas et al., 2013)
    """
    _check_slope(slope)

    def forward(x, y):
        xp.multiply(x, slope, out=y)
        xp.maximum(x, y, out=y)
    y = xp.empty_like(x, dtype=xp.result_type(x, 1.0))
    in_parts(forward, x, y)
    return y, lambda g, y, x: where_positive(g, plain(x), slope=slope)


@op
def where_positive(g, x, *, slope):
    """g where the array x is positive, slope · g elsewhere."""
    def choose(g, x, y):
        xp.greater(x, 0, out=y)  # 1 or 0: where() is slow on unpredictable signs
        if slope:
            xp.maximum(y, slope, out=y)
        y *= g
    y = xp.empty_like(g)
    in_parts(choose, g, x, y)
    return y, lambda h, y, g, x: where_positive(h, x, slope=slope), None


@op
def elu(x, *, alpha=1.0):
    """x where positive, alpha · (e^x - 1) elsewhere. Raises ValueError unless alpha >= 0.

    (Clevert et al., 2016)
    """
    check_number("elu", 0, math.inf, alpha=alpha)
    # On the negative side dy = alpha·e^x·dx = (y + alpha)·dx.
    return (xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0))),
            lambda g, y, x: where(plain(x) > 0, g, g * (y + alpha)))


@op
def silu(x):
    """x · sigmoid(x), elementwise (Hendrycks and Gimpel, 2016)."""
    # y = x·s,  s' = s(1 - s),  dy = (s + y(1 - s))·dx
    def gradient(g, y, x):
        s = sigmoid(x)
        return g * (s + y * (1 - s))
    return x * sigmoid(x), gradient


def gelu_textbook(x):
    """0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))"""
    return 0.5 * x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


@op(textbook=gelu_textbook)
def gelu(x):
    """x · Φ(x) with the normal distribution's Φ, in the tanh form (Hendrycks and Gimpel, 2016)."""
    # Far left Φ is rounded like 1, so y is off by up to 1e-7; the tanh form itself is off by more.
    # y = xΦ,  Φ = (1 + tanh u)/2,  u = cx + ax³,  Φ' = 2Φ(1 - Φ)u',  dy = (Φ + xΦ')·dx
    c = math.sqrt(2 / math.pi)
    a = 0.044715 * c
    y, phi = xp.empty_like(x), xp.empty_like(x)

    def forward(x, y, p):
        xp.multiply(x, x, out=p)
        p *= a
        p += c
        p *= x
        xp.tanh(p, out=p)
        p += 1
        p *= 0.5
        xp.multiply(x, p, out=y)
    in_parts(forward, x, y, phi)

    def gradient(g, y, x):
        def backward(x, p, g, s):
            xp.multiply(x, x, out=s)
            s *= 6 * a
            s += 2 * c
            s *= x
            s *= p
            s *= 1 - p
            s += p
            s *= g
        slope = xp.empty_like(x)
        in_parts(backward, x, phi, g, slope)
        return slope
    return y, gradient


# ---- choices ----

@op
def where(condition, a, b):
    """a where the boolean array `condition` is True, b elsewhere; all three broadcast."""
    _check_condition(condition)
    # dy = da where chosen, db elsewhere; there is nothing to differentiate by in the condition.
    return (xp.where(condition, a, b), None,
            lambda g, y, c, a, b: where(c, g, 0.0),
            lambda g, y, c, a, b: where(c, 0.0, g))


@op
def maximum(a, b):
    """The larger of a and b, elementwise; a tie gives each half of the gradient."""
    return (xp.maximum(a, b),
            lambda g, y, a, b: g * _share(plain(a), plain(b)),
            lambda g, y, a, b: g * _share(plain(b), plain(a)))


@op
def minimum(a, b):
    """The smaller of a and b, elementwise; a tie gives each half of the gradient."""
    return (xp.minimum(a, b),
            lambda g, y, a, b: g * _share(plain(b), plain(a)),
            lambda g, y, a, b: g * _share(plain(a), plain(b)))


def _share(a, b):
    """1 where a > b, 1/2 where they are equal, 0 elsewhere."""
    return xp.heaviside(a - b, 0.5)


@op
def clip(x, *, low, high):
    """x limited to the range from low to high; the slope is 1 inside it and 0 outside."""
    _check_limits(low, high)
    return xp.clip(x, low, high), lambda g, y, x: g * ((plain(x) >= low) & (plain(x) <= high))


# ---- checks ----

def _check_slope(slope):
    if not isinstance(slope, Real) or not 0 <= slope <= 1:
        kind = ValueError if isinstance(slope, Real) else TypeError
        raise kind(f"leaky_relu: slope must be a number from 0 to 1, got {slope!r}")


def _check_condition(condition):
    if getattr(condition, "dtype", type(condition).__name__) != "bool":
        raise TypeError(f"where: the condition must be a boolean array, got {describe(condition)}; "
                        f"compare, as in x > 0")


def _check_limits(low, high):
    if low is None or high is None:
        raise TypeError(f"clip: low and high must be numbers, got low={low}, high={high}; for no "
                        f"limit use float('inf') or its negative")
    if not low <= high:
        raise ValueError(f"clip: low must not exceed high, got low={low}, high={high}")

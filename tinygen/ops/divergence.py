"""Kullback-Leibler divergences in closed form: how far one distribution is from another, in nats.

KL(p || q) = E_p[log p - log q] is 0 if p = q and positive otherwise; it is not symmetric. The
Gaussians are diagonal and given by mean and logvar, the logarithm of the variance, for which any
real number is valid; the standard deviation is exp(0.5 * logvar).

axis: what to sum over; divergences of independent variables add up. () sums over nothing and gives
the divergence of each variable. Shapes must be equal: a mean (N, 1) and a logvar (N,) would
broadcast to N·N Gaussians that nobody asked for.
"""
from tinygen.backend import require, xp
from tinygen.operation import op
from tinygen.ops.elementwise import exp, log, neg, sub, where
from tinygen.ops.reduce import keep_axes
from tinygen.tensor import plain


@op
def kl_standard_normal(mean, logvar, *, axis=-1):
    """KL(N(mean, exp(logvar)) || N(0, 1)) = 1/2 Σ (mean² + exp(logvar) - 1 - logvar), in nats.

    (..., d), (..., d) -> (...).  Raises ValueError for unequal shapes.
    Auto-encoding variational Bayes (Kingma and Welling, 2014), appendix B.
    """
    # With z = m + s·ε, log N(z; m, s²) - log N(z; 0, 1) = (z² - ε² - log s²)/2, whose mean is
    # (m² + s² - 1 - log s²)/2.  With v = log s²,  dy = Σ m·dm + (eᵛ - 1)/2·dv
    _check("kl_standard_normal", axis, mean=mean, logvar=logvar)
    y = xp.expm1(logvar)  # eᵛ - 1 - v is near 0 for small v, where exp(v) would lose its digits
    y -= logvar
    y += mean * mean
    y *= 0.5
    return (y.sum(axis=axis),
            lambda g, y, mean, logvar: keep_axes(g, mean.shape, axis) * mean,
            lambda g, y, mean, logvar: keep_axes(g, mean.shape, axis) * (0.5 * exp(logvar) - 0.5))


@op
def kl_normal(mean1, logvar1, mean2, logvar2, *, axis=-1):
    """KL(N(mean1, exp(logvar1)) || N(mean2, exp(logvar2))) of two diagonal Gaussians, in nats.

    1/2 Σ ((mean1 - mean2)² / exp(logvar2) + r - 1 - log r) with r = exp(logvar1 - logvar2).
    Four times (..., d) -> (...).  Raises ValueError for unequal shapes.
    """
    # Shifting and scaling z changes no divergence: (z - m₂)/s₂ makes the second Gaussian N(0, 1)
    # and the first N(a, eᵛ) with a = (m₁ - m₂)/s₂ and v = v₁ - v₂, the case above.
    # dy = Σ a·da + (eᵛ - 1)/2·dv,  da = (dm₁ - dm₂)/s₂ - a/2·dv₂,  dv = dv₁ - dv₂
    _check("kl_normal", axis, mean1=mean1, logvar1=logvar1, mean2=mean2, logvar2=logvar2)
    a = (mean1 - mean2) * xp.exp(-0.5 * logvar2)
    v = logvar1 - logvar2
    y = xp.expm1(v)
    y -= v
    a *= a
    y += a
    y *= 0.5

    # neg and sub, since operators turn arrays of one number into NumPy scalars, which lose their
    # dtype in the next op.
    def gradient_mean1(g, y, mean1, logvar1, mean2, logvar2):
        return keep_axes(g, mean1.shape, axis) * (mean1 - mean2) * exp(neg(logvar2))

    def gradient_logvar1(g, y, mean1, logvar1, mean2, logvar2):
        return keep_axes(g, mean1.shape, axis) * (0.5 * exp(sub(logvar1, logvar2)) - 0.5)

    def gradient_logvar2(g, y, mean1, logvar1, mean2, logvar2):
        squared = exp(sub(logvar1, logvar2)) + (mean1 - mean2) ** 2 * exp(neg(logvar2))
        return keep_axes(g, mean1.shape, axis) * (0.5 - 0.5 * squared)
    return (y.sum(axis=axis), gradient_mean1, gradient_logvar1,
            lambda *args: -gradient_mean1(*args), gradient_logvar2)


@op
def kl_categorical(p, q, *, axis=-1):
    """KL(p || q) = Σ p log(p/q) of two discrete distributions, in nats, where 0 log 0 = 0.

    Probabilities (..., n), (..., n) -> (...).  Not checked: that they sum to 1, as softmax's do.
    Infinite if some q is 0 and its p is not. Where p = 0 its gradient is taken as 0, though log p
    has no slope there. Raises ValueError for unequal shapes and for negative numbers.
    """
    # dy = Σ (log p - log q + 1)·dp - p/q·dq
    _check("kl_categorical", axis, p=p, q=q)
    _check_probabilities(p, q)
    y = _log(p, p)
    y -= _log(q, p)
    y *= p
    return (y.sum(axis=axis),
            lambda g, y, p, q: keep_axes(g, p.shape, axis) * (
                _log(p, p) - _log(q, p) + (plain(p) > 0).astype(p.dtype)),
            lambda g, y, p, q: -keep_axes(g, p.shape, axis) * p / where(plain(p) > 0, q, 1.0))


def _log(x, p):
    """log x where p > 0, else 0."""
    return log(where(plain(p) > 0, x, 1.0))


# ---- checks ----

def _check(name, axis, **inputs):
    shapes = [getattr(x, "shape", x) for x in inputs.values()]
    shape, *different = set(shapes)
    if different or not isinstance(shape, tuple):
        *others, last = inputs
        raise ValueError(f"{name}: {', '.join(others)} and {last} must have the same shape, got "
                         f"{', '.join(map(str, shapes))}; a divergence does not broadcast, use "
                         f"tg.broadcast_to(prior, shape) for a prior that all share")
    if shape == () and axis != ():
        raise ValueError(f"{name}: a single number has no axis {axis} to sum over; use axis=()")


def _check_probabilities(p, q):
    if p.size:
        low = xp.minimum(p.min(), q.min())
        require(~(low < 0), lambda low: ValueError(
            f"kl_categorical: p and q are probabilities, at least 0, got {low:.4g}; turn scores "
            f"into probabilities with softmax"), low)

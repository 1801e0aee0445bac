"""Ops that combine many elements along axes: sum, mean, var, max, min, logsumexp, cumsum.

axis: an int, a tuple of ints, or None for all axes.
keepdims: keep the reduced axes, with size 1.
"""
from tinygen.backend import xp
from tinygen.operation import op
from tinygen.ops.elementwise import exp
from tinygen.ops.shape import broadcast_to, flip, reshape
from tinygen.tensor import plain


@op
def sum(x, *, axis=None, keepdims=False):
    """Sum over axes.  (..., n, ...) -> (...)"""
    _check_keepdims("sum", keepdims)
    # dy = Σ dx,  <ȳ, Σ dx> = <Bȳ, dx> with B = broadcast_to: each element gets its sum's cotangent.
    return (x.sum(axis=axis, keepdims=keepdims),
            lambda g, y, x: broadcast_to(keep_axes(g, x.shape, axis), shape=x.shape))


@op
def mean(x, *, axis=None, keepdims=False):
    """Arithmetic mean over axes.  (..., n, ...) -> (...)"""
    _check_keepdims("mean", keepdims)
    # y = (1/n) Σ x
    _check_not_empty("mean", x, axis)
    y = x.mean(axis=axis, keepdims=keepdims)
    share = y.size / (x.size or 1)
    return y, lambda g, y, x: broadcast_to(keep_axes(g, x.shape, axis) * share, shape=x.shape)


@op
def var(x, *, axis=None, keepdims=False):
    """Variance over axes: the mean squared distance from the mean.  (..., n, ...) -> (...)"""
    _check_keepdims("var", keepdims)
    # y = (1/n) Σ (x - m)²,  dy = (2/n) Σ (x - m)(dx - dm), and Σ (x - m)·dm = 0.
    _check_not_empty("var", x, axis)
    y = x.var(axis=axis, keepdims=keepdims)
    share = 2 * y.size / (x.size or 1)

    def gradient(g, y, x):
        return keep_axes(g, x.shape, axis) * share * (x - mean(x, axis=axis, keepdims=True))
    return y, gradient


@op
def max(x, *, axis=None, keepdims=False):
    """Largest element over axes; equal ones share the gradient.  (..., n, ...) -> (...)"""
    _check_keepdims("max", keepdims)
    return (x.max(axis=axis, keepdims=keepdims),
            lambda g, y, x: keep_axes(g, x.shape, axis) * _shares(x, y, axis))


@op
def min(x, *, axis=None, keepdims=False):
    """Smallest element over axes; equal ones share the gradient.  (..., n, ...) -> (...)"""
    _check_keepdims("min", keepdims)
    return (x.min(axis=axis, keepdims=keepdims),
            lambda g, y, x: keep_axes(g, x.shape, axis) * _shares(x, y, axis))


def _shares(x, extreme, axis):
    """1 divided among the elements that equal their extreme, 0 elsewhere: plain, in x's shape."""
    chosen = (plain(x) == keep_axes(plain(extreme), x.shape, axis)).astype(x.dtype)
    return chosen / chosen.sum(axis=axis, keepdims=True)


@op
def logsumexp(x, *, axis=None, keepdims=False):
    """log Σ eˣ over axes, shifted so that nothing overflows.  (..., n, ...) -> (...)"""
    _check_keepdims("logsumexp", keepdims)
    # dy = Σ e^(x-y)·dx: the weights are the softmax of x.
    top = x.max(axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0)  # -inf - -inf would be NaN
    y = xp.log(xp.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return (y if keepdims else y.squeeze(axis),
            lambda g, y, x: keep_axes(g, x.shape, axis) * exp(x - keep_axes(y, x.shape, axis)))


@op
def cumsum(x, *, axis):
    """Running sum along one axis.  (..., n, ...) -> (..., n, ...)"""
    # y_i = x_1 + ... + x_i, so x_i is in every y from y_i on: ȳ is summed from the other end.
    return (x.cumsum(axis=axis),
            lambda g, y, x: flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis))


def keep_axes(g, shape, axis):
    """g with the axes that were reduced from `shape` put back, with size 1."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = {a % (len(shape) or 1) for a in axes}  # NumPy's sum(x, 0) takes a single number too
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return g if g.shape == kept else reshape(g, shape=kept)


# ---- checks ----

def _check_keepdims(name, keepdims):
    if type(keepdims) is not bool:
        raise TypeError(f"{name}: keepdims must be True or False, got {keepdims!r}; give several "
                        f"axes as a tuple, such as axis=(0, 1)")


def _check_not_empty(name, x, axis):
    if x.size == 0 and x.sum(axis=axis).size:
        raise ValueError(f"{name}: there is nothing to average in shape {x.shape} along axis "
                         f"{axis}")

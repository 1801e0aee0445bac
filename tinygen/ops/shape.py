"""Ops that reshape and move elements without changing them.

Each is linear, and its gradient moves ȳ back. Adjoint pairs stand side by side: broadcast_to and
sum_to, pad and crop.
"""
from operator import index

from tinygen.backend import xp
from tinygen.operation import op


@op
def alias(x):
    """The same values under another identity.  (...) -> (...)"""
    return x, lambda g, y, x: g


@op
def astype(x, *, dtype):
    """The same values in another floating dtype.  (...) -> (...)"""
    y = x.astype(dtype)
    _check_floating(y)
    return y, lambda g, y, x: g  # which the engine brings back to x's dtype


@op
def reshape(x, *, shape):
    """The same elements in another shape; one size may be -1.  (...) -> shape"""
    return x.reshape(shape), lambda g, y, x: reshape(g, shape=x.shape)


@op
def transpose(x, *, axes=None):
    """Axes in another order: y's axis i is x's axis axes[i]; reversed if axes is None."""
    _check_axes(x, axes)
    back = None if axes is None else tuple(sorted(range(x.ndim), key=lambda i: axes[i] % x.ndim))
    return x.transpose(axes), lambda g, y, x: transpose(g, axes=back)


@op
def swapaxes(x, *, axis1=-1, axis2=-2):
    """Two axes exchanged; by default the last two, a matrix's transpose."""
    return x.swapaxes(axis1, axis2), lambda g, y, x: swapaxes(g, axis1=axis1, axis2=axis2)


@op
def squeeze(x, *, axis=None):
    """Axes of size 1 removed: all of them, or the given ones."""
    return x.squeeze(axis), lambda g, y, x: reshape(g, shape=x.shape)


@op
def expand_dims(x, *, axis):
    """New axes of size 1 at the positions `axis` of the result."""
    return xp.expand_dims(x, axis), lambda g, y, x: reshape(g, shape=x.shape)


@op
def flip(x, *, axis=None):
    """Elements in reverse order along the given axes, by default along all."""
    return xp.flip(x, axis), lambda g, y, x: flip(g, axis=axis)


# ---- broadcast_to and sum_to ----

@op
def broadcast_to(x, *, shape):
    """Repeat x along new and size-1 axes.  x broadcastable to shape -> shape"""
    # y = Bx is linear; its adjoint adds up what was repeated.
    return xp.broadcast_to(x, shape), lambda g, y, x: sum_to(g, shape=x.shape)


@op
def sum_to(x, *, shape):
    """Sum x over the axes that broadcasting from `shape` would repeat.  (...) -> shape"""
    new = x.ndim - len(shape)
    axes = tuple(range(new)) + tuple(new + i for i, n in enumerate(shape)
                                     if n == 1 and x.shape[new + i] != 1)
    y = x.sum(axis=axes).reshape(shape) if axes else x
    _check_summed(y, x, shape)
    return y, lambda g, y, x: broadcast_to(g, shape=x.shape)


# ---- pad and crop ----

@op
def pad(x, *, width):
    """Zeros around x: width is ((before, after), ...), a pair for each axis.

    (n, ...) -> (before + n + after, ...)
    """
    width = _pairs("pad", x, width)
    # Nothing flows back from the zeros: the adjoint cuts them off.
    return xp.pad(x, width), lambda g, y, x: crop(g, width=width)


@op
def crop(x, *, width):
    """x without its margins: width is ((before, after), ...), a pair for each axis.

    (before + n + after, ...) -> (n, ...)
    """
    width = _pairs("crop", x, width)
    _check_margins(x, width)
    inside = tuple(slice(before, n - after) for n, (before, after) in zip(x.shape, width))
    # What was cut off has no influence: the adjoint puts zeros there.
    return x[inside], lambda g, y, x: pad(g, width=width)


# ---- checks ----

def _check_floating(y):
    if y.dtype.kind != "f":
        raise TypeError(f"astype: a Tensor stays floating-point, got {y.dtype}; for other numbers "
                        f"convert the array, x.data.astype('{y.dtype}')")


def _check_axes(x, axes):
    if axes is not None and sorted(a % max(x.ndim, 1) for a in axes) != list(range(x.ndim)):
        raise ValueError(f"transpose: axes must name each of the {x.ndim} axes once, got {axes} "
                         f"for shape {x.shape}")


def _check_summed(y, x, shape):
    if y.shape != tuple(shape):
        raise ValueError(f"sum_to: shape must be one that broadcasts to x's, got {shape} for "
                         f"{x.shape}")


def _pairs(name, x, width):
    if x.ndim == 0:
        raise ValueError(f"{name}: x is a single number, and needs at least one axis")
    try:
        pairs = tuple((index(before), index(after)) for before, after in width)
    except (TypeError, ValueError):
        pairs = ()
    if len(pairs) != x.ndim or any(min(pair) < 0 for pair in pairs):
        raise ValueError(f"{name}: width needs a pair (before, after) of sizes >= 0 for each of "
                         f"the {x.ndim} axes, got {width!r}")
    return pairs


def _check_margins(x, width):
    if any(before + after > n for n, (before, after) in zip(x.shape, width)):
        raise ValueError(f"crop: the margins {width} are larger than the shape {x.shape}")

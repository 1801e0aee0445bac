"""Ops that move elements around and change none: each is linear, and its gradient moves the cotangent back.

Adjoint pairs stand side by side: pad and crop, indexing and scatter_add, concatenate and split.
"""
from tinygen.backend import is_array, xp
from tinygen.tensor import Tensor, op, plain


@op
def reshape(x, *, shape):
    """The same elements in another shape; one size may be -1.  (...) -> shape"""
    return x.reshape(shape), lambda g, y, x: reshape(g, shape=x.shape)


@op
def transpose(x, *, axes=None):
    """Axes in another order: y's axis i is x's axis axes[i]; reversed where axes is None."""
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
    """Elements in reverse order along the given axes, all of them by default."""
    return xp.flip(x, axis), lambda g, y, x: flip(g, axis=axis)


# ---- pad and crop ----

@op
def pad(x, *, width):
    """Zeros around x: width is ((before, after), ...) for each axis.  (n, ...) -> (before + n + after, ...)"""
    width = _check_width("pad", x, width)
    # Zeros carry nothing back: the adjoint cuts them off.
    return xp.pad(x, width), lambda g, y, x: crop(g, width=width)


@op
def crop(x, *, width):
    """x without its margins: width is ((before, after), ...) for each axis.  (before + n + after, ...) -> (n, ...)"""
    width = _check_width("crop", x, width)
    if any(before + after > n for n, (before, after) in zip(x.shape, width)):
        raise ValueError(f"crop: the margins {width} are larger than the shape {x.shape}")
    inside = tuple(slice(before, n - after) for n, (before, after) in zip(x.shape, width))
    # What was cut off has no influence: the adjoint puts zeros there.
    return x[inside], lambda g, y, x: pad(g, width=width)


def _check_width(name, x, width):
    width = tuple(tuple(pair) for pair in width)
    if len(width) != x.ndim or any(len(pair) != 2 or min(pair) < 0 for pair in width):
        raise ValueError(f"{name}: width needs a pair (before, after) of sizes >= 0 for each of the {x.ndim} axes, "
                         f"got {width}")
    return width


# ---- indexing and scatter_add ----

@op
def getitem(x, *, key):
    """x[key] for integers, slices, None, ..., boolean masks and integer arrays, as in NumPy."""
    _check_key(key)
    # y = Sx with a selection matrix S; its adjoint Sᵀ adds each piece back to where it was taken from.
    return x[key], lambda g, y, x: scatter_add(g, key=key, shape=x.shape)


@op
def scatter_add(x, *, key, shape):
    """Zeros of `shape` to which x is added at [key]; what is addressed twice adds up.  x as y[key] -> shape"""
    _check_key(key)
    y = xp.zeros(shape, x.dtype)
    if all(k is None or k is Ellipsis or isinstance(k, (int, slice)) for k in _as_tuple(key)):
        y[key] = x  # basic indexing addresses nothing twice
    else:
        xp.add.at(y, key, x)
    return y, lambda g, y, x: getitem(g, key=key)


def _as_tuple(key):
    return key if isinstance(key, tuple) else (key,)


def _check_key(key):
    for k in _as_tuple(key):
        if isinstance(k, Tensor) or is_array(k) and k.dtype.kind == "f":
            raise TypeError(f"indexing: an index is an integer, a slice, a boolean mask or an integer array, got "
                            f"{type(k).__name__} {k.shape} {k.dtype}; use .astype('int64')")


@op
def take_along_axis(x, indices, *, axis):
    """y[..., i, ...] = x[..., indices[..., i, ...], ...] along `axis`, as in NumPy: one pick for each position."""
    if plain(indices).dtype.kind not in "iu":
        raise TypeError(f"take_along_axis: indices are an integer array, got {indices.dtype}")
    key = _along_axis_key(indices, x.shape, axis)
    return x[key], lambda g, y, x, indices: scatter_add(g, key=key, shape=x.shape), None


def _along_axis_key(indices, shape, axis):
    """The advanced index that pairs `indices` along `axis` with every position of the other axes."""
    axis = axis % len(shape)
    if indices.ndim != len(shape):
        raise ValueError(f"take_along_axis: indices need as many axes as x, got {indices.shape} for {shape}")
    key = []
    for i, n in enumerate(shape):
        along = [1] * len(shape)
        along[i] = -1
        key.append(indices if i == axis else xp.arange(n).reshape(along))
    return tuple(key)


# ---- concatenate and split ----

@op
def concatenate(*xs, axis=0):
    """xs one after the other along an existing axis.  (n1, ...), (n2, ...), ... -> (n1 + n2 + ..., ...)"""
    if len({x.dtype for x in xs}) > 1:
        raise TypeError("concatenate: the inputs must share one dtype")
    start, gradients = 0, []
    for x in xs:
        stop = start + x.shape[axis]
        key = (slice(None),) * (axis % x.ndim) + (slice(start, stop),)
        gradients.append(lambda g, y, *xs, key=key: getitem(g, key=key))
        start = stop
    return xp.concatenate(xs, axis), *gradients


def stack(xs, *, axis=0):
    """xs side by side along a new axis.  k times (...) -> (..., k, ...)"""
    return concatenate(*[expand_dims(x, axis=axis) for x in xs], axis=axis)


def split(x, *, sections, axis=0):
    """x cut along `axis` into pieces: a number of equal ones, or the list of their sizes.  Returns a list."""
    n = x.shape[axis]
    sizes = [n // sections] * sections if isinstance(sections, int) else list(sections)
    if sum(sizes) != n or min(sizes, default=0) < 0:
        raise ValueError(f"split: the sections must add up to axis {axis}'s size {n}, got {sections}")
    pieces, start = [], 0
    for size in sizes:
        key = (slice(None),) * (axis % len(x.shape)) + (slice(start, start + size),)
        pieces.append(getitem(x, key=key))
        start += size
    return pieces

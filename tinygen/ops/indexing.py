"""Ops that take elements out and put them together: indexing, embedding, concatenate, split.

Each is linear, and its gradient moves ȳ back. Adjoint pairs stand side by side: getitem and
scatter_add, concatenate and split.
"""
from operator import index

from tinygen.backend import is_array, xp
from tinygen.errors import describe
from tinygen.operation import op
from tinygen.ops.kernels import require_range
from tinygen.ops.shape import expand_dims
from tinygen.tensor import Tensor, shape_of

# ---- indexing and scatter_add ----

@op
def getitem(x, *, key):
    """x[key] for integers, slices, None, ..., boolean masks and integer arrays, as in NumPy."""
    _check_key("getitem", key)
    # y = Sx with a selection matrix S, so x̄ = Sᵀȳ: each piece is added to where it came from.
    return x[key], lambda g, y, x: scatter_add(g, key=key, shape=x.shape)


@op
def scatter_add(x, *, key, shape):
    """Zeros of `shape` with x added at [key]; repeated indices accumulate.  y[key] -> shape

    The adjoint of indexing. Raises TypeError for a key of floats, IndexError for one out of range.
    """
    _check_key("scatter_add", key)
    y = xp.zeros(shape, x.dtype)
    if all(k is None or k is Ellipsis or isinstance(k, (int, slice)) for k in _as_tuple(key)):
        y[key] = x  # basic indexing reaches nothing twice
    elif (is_array(key) and key.dtype.kind in "iu" and x.size
          and x.shape == (*key.shape, *shape[1:])):
        y = _sum_rows(x, key, shape)
    else:
        xp.add.at(y, key, x)
    return y, lambda g, y, x: getitem(g, key=key)


def _sum_rows(x, ids, shape):
    """What add.at does for an array of row numbers, several times faster.

    x (*ids.shape, *shape[1:]) -> shape
    """
    n, ids = shape[0], ids.reshape(-1).astype("int64")
    _check_rows(ids, n)
    # The table as one line of numbers: add.at is fast for a flat array of positions. Row -1 is the
    # last `width` positions, as in Python.
    width = x.size // ids.size
    positions = ids[:, None] * width + xp.arange(width)
    y = xp.zeros(n * width, x.dtype)
    xp.add.at(y, positions.reshape(-1), x.reshape(-1))
    return y.reshape(shape)


def embedding(ids, w):
    """A row of the table w for each id.  ids (...), w (V, C) -> (..., C)

    Raises TypeError unless ids are an integer array, ValueError for one outside 0 ... V-1.
    """
    _check_ids(ids, w)
    return getitem(w, key=ids)


@op
def take_along_axis(x, indices, *, axis):
    """One pick for each position: y[..., i, ...] = x[..., indices[..., i, ...], ...] along `axis`.

    x (..., n, ...), indices (..., m, ...) -> (..., m, ...). Raises TypeError unless indices are an
    integer array, ValueError unless they have as many axes as x.
    """
    _check_indices(x, indices, axis)
    key = _along_axis_key(indices, x.shape, axis)
    return x[key], lambda g, y, x, indices: scatter_add(g, key=key, shape=x.shape), None


def _along_axis_key(indices, shape, axis):
    """The index that pairs `indices` along `axis` with each position of the other axes."""
    key = []
    for i, n in enumerate(shape):
        along = [1] * len(shape)
        along[i] = -1
        key.append(indices if i == axis % len(shape) else xp.arange(n).reshape(along))
    return tuple(key)


# ---- concatenate and split ----

@op(unpack=lambda xs, axis=0: (tuple(xs), {"axis": axis}))
def concatenate(*xs, axis=0):
    """The arrays of a list, one after the other along an existing axis: concatenate([a, b], axis=1)

    [(n, ...), (m, ...), ...] -> (n + m + ..., ...). Raises ValueError for shapes that differ in
    another axis.
    """
    _check_joined(xs, axis)
    start, gradients = 0, []
    for x in xs:
        stop = start + x.shape[axis]
        key = (slice(None),) * (axis % x.ndim) + (slice(start, stop),)
        gradients.append(lambda g, y, *xs, key=key: getitem(g, key=key))
        start = stop
    return xp.concatenate(xs, axis), *gradients


def stack(xs, axis=0):
    """The arrays of a list, side by side along a new axis.  k times (...) -> (..., k, ...)"""
    xs = _listed(xs)
    return concatenate([expand_dims(x, axis=axis) for x in xs], axis=axis)


def split(x, indices_or_sections, axis=0):
    """x cut along `axis` into a list of pieces.  (n, ...) -> [(n1, ...), (n2, ...), ...]

    indices_or_sections: the number of equal pieces, or the list of the positions to cut at. Raises
    ValueError if the number does not divide n, or the positions do not ascend from 0 to n.
    """
    cuts = _cuts(x, indices_or_sections, axis)
    before = (slice(None),) * (axis % len(x.shape))
    return [getitem(x, key=(*before, slice(*ends))) for ends in zip([0, *cuts], [*cuts, None])]


# ---- checks ----

def _as_tuple(key):
    return key if isinstance(key, tuple) else (key,)


def _check_key(name, key):
    for k in _as_tuple(key):
        if isinstance(k, Tensor) or is_array(k) and k.dtype.kind == "f":
            raise TypeError(f"{name}: an index is an integer, a slice, a boolean mask or an "
                            f"integer array, got {describe(k)}; use .astype('int64')")


def _check_rows(ids, n):
    require_range(ids, -n, n, lambda least, most: IndexError(
        f"scatter_add: there are {n} rows, got indices from {least} to {most}"))


def _check_ids(ids, w):
    if not is_array(ids) or ids.dtype.kind not in "iu":
        raise TypeError(f"embedding: ids must be an integer array, got {describe(ids)}; use "
                        f".astype('int64')")
    shape = shape_of("embedding", w)
    if len(shape) != 2:
        raise ValueError(f"embedding: the table must be (V, C), a row for each id, got shape "
                         f"{shape}")
    if ids.size:
        require_range(ids, 0, shape[0], lambda least, most: ValueError(
            f"embedding: ids run from 0 to {shape[0] - 1} for a table of {shape[0]} rows, got "
            f"{least} to {most}"))


def _check_indices(x, indices, axis):
    if not hasattr(indices, "dtype") or indices.dtype.kind not in "iu":
        raise TypeError(f"take_along_axis: indices must be an integer array, got "
                        f"{describe(indices)}; use .astype('int64')")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"take_along_axis: there is no axis {axis} in shape {x.shape}")
    if indices.ndim != x.ndim:
        raise ValueError(f"take_along_axis: indices need as many axes as x, got {indices.shape} "
                         f"for {x.shape}")


def _check_joined(xs, axis):
    shapes = [x.shape for x in xs]
    others = {(len(shape), *shape[:axis], *shape[axis:][1:]) for shape in shapes}
    if len(others) != 1 or not -xs[0].ndim <= axis < xs[0].ndim:
        raise ValueError(f"concatenate: needs one or more inputs that agree in all axes but axis "
                         f"{axis}, got shapes {shapes}")
    if len({x.dtype for x in xs}) > 1:
        raise TypeError(f"concatenate: the inputs must share one dtype, got "
                        f"{[str(x.dtype) for x in xs]}")


def _listed(xs):
    """What stack is to join, as a list."""
    if not hasattr(xs, "__iter__"):
        raise TypeError(f"stack: takes a list of Tensors or arrays, got {describe(xs)}")
    xs = list(xs)
    shapes = [shape_of("stack", x) for x in xs]
    if len(set(shapes)) != 1:
        raise ValueError(f"stack: needs one or more inputs of the same shape, got {shapes}")
    return xs


def _cuts(x, indices_or_sections, axis):
    """The positions at which split cuts between its pieces."""
    shape = shape_of("split", x)
    if axis not in range(-len(shape), len(shape)):
        raise ValueError(f"split: there is no axis {axis} in shape {shape}")
    n = shape[axis]
    if isinstance(indices_or_sections, int):
        count = indices_or_sections
        if count < 1 or n % count:
            raise ValueError(f"split: the number of pieces must divide {n}, the size of axis "
                             f"{axis}; got {count}")
        return [i * n // count for i in range(1, count)]
    try:
        cuts = list(map(index, indices_or_sections))
    except TypeError as error:
        raise TypeError(f"split: takes a number of pieces or a list of positions to cut at, got "
                        f"{indices_or_sections!r}") from error
    if cuts != sorted(cuts) or any(not 0 <= cut <= n for cut in cuts):
        raise ValueError(f"split: the positions to cut at must ascend from 0 to {n}, the size of "
                         f"axis {axis}; got {indices_or_sections!r}")
    return cuts

"""What several kernels share: one dtype, work in parts, sums in one pass, gradients made once."""
import math

from tinygen.backend import backend_name, cache_parts, require, xp
from tinygen.errors import describe
from tinygen.threads import on_all_cores

ARRAYS = 8  # one part of each of so many arrays fits in the cache at once
FEW = 4096  # an array with fewer numbers is summed faster by NumPy than by BLAS

# How a matrix product is cut.
MOST_PARTS = 16
LEAST_WORK = 1 << 22  # multiplications in a part: about a tenth of a millisecond
LEAST_NUMBERS = 1 << 16  # in a part: BLAS copies both factors, which costs more the smaller it is
REGISTERS = 16  # rows or columns that BLAS computes at once


def check_dtypes(name, *arrays):
    """Raise TypeError unless all arrays but those that are None have the first one's dtype.

    NumPy would multiply bytes by float32 weights without a word, and hide a forgotten / 255.
    """
    dtype = arrays[0].dtype
    if any(a is not None and a.dtype != dtype for a in arrays):
        given = ", ".join(describe(a) for a in arrays if a is not None)
        raise TypeError(f"{name}: the inputs must share one floating dtype, got {given}; convert "
                        f"one with .astype(...), pixels by (x / 255).astype('float32')")


def require_range(indices, low, high, error):
    """Raise error(least, most) of the indices unless low <= each of them < high."""
    least, most = indices.min(), indices.max()
    kind = xp.iinfo(indices.dtype)  # CuPy compares bytes with no limit that a byte can't hold
    require((least >= max(low, kind.min)) & (most <= min(high - 1, kind.max)),
            lambda least, most: error(int(least), int(most)), least, most)


def in_parts(work, *arrays):
    """work(*parts) for a part of each of several arrays of one shape, as views, until all are done.

    An elementwise kernel makes many passes over its arrays; a part stays in the cache meanwhile.
    """
    if all(a.flags.c_contiguous for a in arrays):
        arrays = [a.reshape(-1) for a in arrays]
    _in_parts(work, arrays)


def in_rows(work, *arrays):
    """work(*parts) for some of the rows of each of several arrays, (..., n), until all are done.

    They have as many rows each, but n may differ.
    """
    _in_parts(work, [a.reshape(math.prod(a.shape[:-1]), a.shape[-1]) for a in arrays])


def _in_parts(work, arrays):
    first = arrays[0]
    parts = cache_parts(len(first), ARRAYS * first.size // max(1, len(first)))
    if len(parts) == 1:
        work(*arrays)
    else:
        on_all_cores(lambda part: work(*[a[part] for a in arrays]), parts)


def product(a, b):
    """a @ b for two matrices, or two stacks of them, some rows, columns or matrices at a time.

    (..., n, k), (..., k, m) -> (..., n, m), where ... are the same.
    """
    (*stack, n, k), m = a.shape, b.shape[-1]
    if k == 1:
        return a * b  # which BLAS is slow at
    numbers = math.prod(stack) * n * m
    count = min(MOST_PARTS, numbers * k // LEAST_WORK, max(2, numbers // LEAST_NUMBERS))
    if backend_name() != "numpy" or count < 2:
        return a @ b
    count = 1 << count.bit_length() - 1  # a power of two, which the usual numbers of cores divide
    c = xp.empty((*stack, n, m), a.dtype)
    if stack or n >= m:
        on_all_cores(lambda some: xp.matmul(a[some], b[some] if stack else b, out=c[some]),
                     even_parts(len(a), count, 1 if stack else REGISTERS))
    else:
        on_all_cores(lambda some: xp.matmul(a, b[:, some], out=c[:, some]),
                     even_parts(m, count, REGISTERS))
    return c


def even_parts(n, count, unit):
    """Slices that cut range(n) into at most `count` nearly equal parts, of whole units."""
    size = -(-n // (unit * count)) * unit
    return [slice(start, start + size) for start in range(0, n, size or 1)]


def sum_along(x, axis=-1):
    """Σ x along axis, which is kept with size 1.

    Along the last axis it is a product with a vector of ones, which is faster, unless x is small.
    """
    if axis in (-1, x.ndim - 1) and x.size > FEW:
        return (x @ xp.ones(x.shape[-1], x.dtype))[..., None]
    return x.sum(axis=axis, keepdims=True)


def dot_along(a, b, axis=-1):
    """Σ a·b along axis, which is kept with size 1."""
    if axis in (-1, a.ndim - 1) and backend_name() == "numpy":  # a GPU is slow at tiny products
        return (a[..., None, :] @ b[..., :, None])[..., 0]
    return (a * b).sum(axis=axis, keepdims=True)


def once(f):
    """f, computed once for the several gradients of an op, which are called with the same g."""
    last = [None, None]

    def computed_once(g):
        if last[0] is not g:
            last[:] = g, f(g)
        return last[1]
    return computed_once

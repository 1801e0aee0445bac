"""What several kernels share: one dtype, work in parts, sums in one pass, gradients made once."""
from tinygen.backend import cache_parts, xp
from tinygen.errors import describe

ARRAYS = 8  # one part of each of so many arrays fits in the cache at once


def check_dtypes(name, *arrays):
    """Raise TypeError unless all arrays but those that are None have the first one's dtype.

    NumPy would multiply bytes by float32 weights without a word, and hide a forgotten / 255.
    """
    dtype = arrays[0].dtype
    if any(a is not None and a.dtype != dtype for a in arrays):
        given = ", ".join(describe(a) for a in arrays if a is not None)
        raise TypeError(f"{name}: the inputs must share one floating dtype, got {given}; convert "
                        f"one with .astype(...), pixels by (x / 255).astype('float32')")


def in_parts(*arrays):
    """Yield a part of each of several arrays of one shape, as views, until all have been seen.

    An elementwise kernel makes many passes over its arrays; a part stays in the cache meanwhile.
    """
    if all(a.flags.c_contiguous for a in arrays):
        arrays = [a.reshape(-1) for a in arrays]
    n, size = len(arrays[0]), arrays[0].size
    for part in cache_parts(n, ARRAYS * size // max(1, n)):
        yield [a[part] for a in arrays]


def sum_along(x, axis=-1):
    """Σ x along axis, which is kept with size 1.

    Along the last axis it is a product with a vector of ones: a single pass without a temporary.
    """
    if axis in (-1, x.ndim - 1):
        return (x @ xp.ones(x.shape[-1], x.dtype))[..., None]
    return x.sum(axis=axis, keepdims=True)


def dot_along(a, b, axis=-1):
    """Σ a·b along axis, which is kept with size 1."""
    if axis in (-1, a.ndim - 1):
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

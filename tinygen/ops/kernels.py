"""What several fused kernels do inside: work in parts, sums in one pass, shared gradients."""
from tinygen.backend import cache_parts, xp

ARRAYS = 8  # of so many arrays a part each is to fit the cache at once


def in_parts(*arrays):
    """Yield a part of each of several arrays of one shape, as views, until all have been through.

    An elementwise kernel goes over its arrays many times; a part stays in the cache meanwhile.
    """
    if all(a.flags.c_contiguous for a in arrays):
        arrays = [a.reshape(-1) for a in arrays]
    n, size = len(arrays[0]), arrays[0].size
    for part in cache_parts(n, ARRAYS * size // max(1, n)):
        yield [a[part] for a in arrays]


def sum_along(x, axis=-1):
    """Σ x along axis, which stays with size 1.

    Along the last axis it is a product with a vector of ones, a single pass without a temporary.
    """
    if axis in (-1, x.ndim - 1):
        return (x @ xp.ones(x.shape[-1], x.dtype))[..., None]
    return x.sum(axis=axis, keepdims=True)


def dot_along(a, b, axis=-1):
    """Σ a·b along axis, which stays with size 1."""
    if axis in (-1, a.ndim - 1):
        return (a[..., None, :] @ b[..., :, None])[..., 0]
    return (a * b).sum(axis=axis, keepdims=True)


def once(f):
    """f(g), computed once for the several gradients that are handed the same g in turn."""
    last = [None, None]

    def computed_once(g):
        if last[0] is not g:
            last[:] = g, f(g)
        return last[1]
    return computed_once

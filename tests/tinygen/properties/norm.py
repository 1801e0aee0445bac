"""Softmax; layer, batch and group norm."""
import math

from tests.tinygen.properties.draw import call, drawn
from tinygen import ops
from tinygen.backend import np, xp
from tinygen.tensor import plain

# ---- distributions ----

def softmax(x, axis=-1):
    e = np.exp(x - x.real.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def log_softmax(x, axis=-1):
    shifted = x - x.real.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


@drawn("softmax", softmax, weight=4)
@drawn("log_softmax", log_softmax, weight=4)
def scores(draw):
    shape = list(draw.shape(least_axes=1))
    axis = draw.choice([-1, draw.axis(len(shape)), draw.some_axes(len(shape))])
    for i in axis if isinstance(axis, tuple) else [axis]:
        shape[i] = max(shape[i], 1)
    reach = draw.choice([2, 2, 30])
    x = draw.floats(shape, -reach, reach)
    return call(x) if axis == -1 and draw.chance() else call(x, axis=axis)


# ---- norms ----

def normalized(x, axes, eps):
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(axes, keepdims=True) + eps)


def by_channel(v, x):
    return v.reshape(-1, *[1] * (x.ndim - 2))


def affine(x, w, b):
    return x * (1 if w is None else w) + (0 if b is None else b)


def layer_norm(x, w=None, b=None, eps=1e-5):
    return affine(normalized(x, -1, eps), w, b)


def channels_affine(x, w, b):
    return affine(x, *[None if v is None else by_channel(v, x) for v in (w, b)])


def standardize(x, mean, var, w=None, b=None, eps=1e-5):
    mean, var = by_channel(mean, x), by_channel(var, x)
    return channels_affine((x - mean) / np.sqrt(var + eps), w, b)


def batch_norm(x, w=None, b=None, eps=1e-5, with_moments=False):
    return channels_affine(normalized(x, (0, *range(2, x.ndim)), eps), w, b)


def batch_norm_op(x, *wb, with_moments=False, **settings):
    """With moments=, what batch_moments returns, or without."""
    moments = ops.batch_moments(xp.asarray(plain(x))) if with_moments else None
    return ops.batch_norm(x, *wb, moments=moments, **settings)


def grouped(x, groups):
    return x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:])


def group_norm(x, w=None, b=None, groups=1, eps=1e-5):
    y = normalized(grouped(x, groups), tuple(range(2, x.ndim + 1)), eps)
    return channels_affine(y.reshape(x.shape), w, b)


def eps(draw, variances):
    """eps, or its default, 1e-5. Where a variance is small, which would make large numbers of the
    rounding errors of x, it is 0.1."""
    if variances.min(initial=1) < 0.05:
        return {"eps": 0.1}
    return draw.choice([{}, {"eps": 1e-3}, {"eps": 0.1}])


def scale_and_shift(draw, n):
    return [draw.floats((n,)) if draw.chance(0.6) else None for _ in range(2)]


@drawn("layer_norm", layer_norm, weight=6)
def vectors(draw):
    n = draw.size(least=1, most=6)
    x = draw.floats((*draw.shape(most_axes=3), n))
    return call(x, *scale_and_shift(draw, n), **eps(draw, x.values.var(-1)))


@drawn("standardize", standardize, weight=3)
def given_moments(draw):
    x = draw.floats((draw.size(), draw.size(), *draw.shape(most_axes=3, most=3)))
    c = x.shape[1]
    mean, var = draw.floats((c,)), draw.floats((c,), 0.1, 3)
    return call(x, mean, var, *scale_and_shift(draw, c), **eps(draw, var.values))


@drawn("batch_norm", batch_norm, op=batch_norm_op, weight=6)
def batches(draw):
    pixels = draw.shape(most_axes=3, least=1, most=3)
    n, c = draw.size(least=1 if math.prod(pixels) > 1 else 2), draw.size(least=1)
    x = draw.floats((n, c, *pixels))
    variances = x.values.var((0, *range(2, x.ndim)))
    return call(x, *scale_and_shift(draw, c), **eps(draw, variances), with_moments=draw.chance(0.3))


@drawn("group_norm", group_norm, weight=6)
def groups_of_channels(draw):
    pixels = draw.shape(most_axes=3, least=1, most=3)
    groups, together = draw.integer(1, 3), draw.integer(1 if math.prod(pixels) > 1 else 2, 3)
    x = draw.floats((draw.size(), groups * together, *pixels))
    variances = grouped(x.values, groups).var(tuple(range(2, x.ndim + 1)))
    return call(x, *scale_and_shift(draw, groups * together), groups=groups, **eps(draw, variances))

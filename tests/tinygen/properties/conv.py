"""Convolution, its transpose and its weight gradient, by the one sum that defines all three."""
import functools

from tests.tinygen.properties.draw import call, drawn
from tinygen.backend import np


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


@functools.cache
def taps(count, size, kernel, stride, padding, dilation):
    """1 where output i sees input a through tap u of the kernel, else 0.  -> (i, a, u)"""
    i, a, u = np.ogrid[:count, :size, :kernel]
    return (a == i * stride + u * dilation - padding).astype(float)


def both(counts, sizes, kernels, stride, padding, dilation):
    """The same for (vertical, horizontal) pairs."""
    return [taps(*numbers) for numbers in zip(counts, sizes, kernels, pair(stride), pair(padding),
                                              pair(dilation))]


def summed(letters, x, down, across, *other):
    """The sum of products: first of x with the taps down, then with those across."""
    order = ["einsum_path", (0, 1), (0, 1 + len(other)), *[(0, 1)] * len(other)]
    return np.einsum(letters, x, down, across, *other, optimize=order)


def grouped(x, axis, groups):
    return x.reshape(*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1:])


def merged(x, axis):
    return x.reshape(*x.shape[:axis], x.shape[axis] * x.shape[axis + 1], *x.shape[axis + 2:])


def counts(size, kernel, stride, padding, dilation):
    """How often a window fits into an image, down and across."""
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(
        size, kernel, pair(stride), pair(padding), pair(dilation)))


# ---- the definitions ----

def conv2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    size, kernel = x.shape[2:], w.shape[2:]
    y = summed("ngcab,iau,jbv,gocuv->ngoij", grouped(x, 1, groups),
               *both(counts(size, kernel, stride, padding, dilation), size, kernel, stride,
                     padding, dilation), grouped(w, 0, groups))
    return merged(y, 1) + (0 if b is None else b[:, None, None])


def transposed_size(size, kernel, stride, padding, dilation, output_padding):
    return tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 + e for n, k, s, p, d, e in zip(
        size, kernel, pair(stride), pair(padding), pair(dilation), pair(output_padding)))


def conv_transpose2d(x, w, b=None, stride=1, padding=0, output_padding=0, output_size=None,
                     dilation=1, groups=1):
    count, kernel = x.shape[2:], w.shape[2:]
    size = output_size or transposed_size(count, kernel, stride, padding, dilation, output_padding)
    y = summed("ngcij,iau,jbv,gcouv->ngoab", grouped(x, 1, groups),
               *both(count, size, kernel, stride, padding, dilation), grouped(w, 0, groups))
    return merged(y, 1) + (0 if b is None else b[:, None, None])


def conv2d_weight(x, y, kernel_size, stride=1, padding=0, dilation=1, groups=1):
    w = summed("ngcab,iau,jbv,ngoij->gocuv", grouped(x, 1, groups),
               *both(y.shape[2:], x.shape[2:], pair(kernel_size), stride, padding, dilation),
               grouped(y, 1, groups))
    return merged(w, 0)


def conv1d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    return conv2d(x[:, :, None], w[:, :, None], b, (1, stride), (0, padding), (1, dilation),
                  groups)[:, :, 0]


# ---- calls ----

def settings(draw, one=False):
    """Some of stride, padding and dilation; the others at their defaults."""
    number = draw.integer if one else draw.one_or_pair
    values = {"stride": number(1, 3), "padding": number(0, 2), "dilation": number(1, 3)}
    return {name: value for name, value in values.items() if draw.chance(0.6)}


def image_size(draw, kernel, stride=1, padding=0, dilation=1):
    """A size that the kernel fits into at least once."""
    return tuple(max(d * (k - 1) + 1 - 2 * p, 1) + draw.integer(0, 3) for k, p, d in zip(
        kernel, pair(padding), pair(dilation)))


def channels(draw):
    """Groups, and channels of x and of y."""
    groups = draw.choice([1, 1, 2, 3])
    return groups, groups * draw.integer(1, 2), groups * draw.integer(1, 2)


def convolution(draw, kernel, given):
    """A call of conv1d or conv2d."""
    groups, c, o = channels(draw)
    x = draw.floats((draw.size(most=3), c, *image_size(draw, kernel, **given)))
    w = draw.floats((o, c // groups, *kernel))
    b = draw.floats((o,)) if draw.chance() else None
    return call(x, w, b, **given, **({"groups": groups} if groups > 1 else {}))


@drawn("conv2d", conv2d, weight=8)
def images(draw):
    return convolution(draw, draw.pair(1, 3), settings(draw))


@drawn("conv1d", conv1d, weight=3)
def sequences(draw):
    return convolution(draw, (draw.integer(1, 3),), settings(draw, one=True))


@drawn("conv_transpose2d", conv_transpose2d, weight=8)
def transposed_convolutions(draw):
    groups, c, o = channels(draw)
    c *= draw.choice([1, 1, 4])  # the engine has another way for few output channels
    kernel, given = draw.pair(1, 3), settings(draw)
    stride, padding, dilation = [given.get(name, default) for name, default in
                                 [("stride", 1), ("padding", 0), ("dilation", 1)]]
    extra = tuple(draw.integer(0, s - 1) for s in pair(stride))
    count = draw.pair(1, 3)
    least = transposed_size(count, kernel, stride, padding, dilation, 0)
    count = tuple(n + max(0, 1 - size) for n, size in zip(count, least))  # something is left
    x = draw.floats((draw.size(most=3), c, *count))
    w = draw.floats((c, o // groups, *kernel))
    b = draw.floats((o,)) if draw.chance() else None
    size = transposed_size(count, kernel, stride, padding, dilation, extra)
    given |= draw.choice([{}, {"output_padding": extra}, {"output_size": size}])
    return call(x, w, b, **given, groups=groups)


@drawn("conv2d_weight", conv2d_weight, weight=8)
def weights_of_convolutions(draw):
    groups, c, o = channels(draw)
    kernel, given = draw.pair(1, 3), settings(draw)
    size, n = image_size(draw, kernel, **given), draw.size(most=3)
    count = counts(size, kernel, **{"stride": 1, "padding": 0, "dilation": 1, **given})
    return call(draw.floats((n, c, *size)), draw.floats((n, o, *count)), kernel_size=kernel,
                **given, groups=groups)

"""Moving elements: reshape, transpose, broadcast, pad."""
from tests.tinygen.properties.draw import call, drawn
from tinygen.backend import np


@drawn("alias", lambda x: x)
def anything(draw):
    return call(draw.floats(draw.shape()))


@drawn("astype", lambda x, dtype: x)
def types(draw):
    return call(draw.floats(draw.shape()), dtype=draw.choice(["float32", "float64"]))


@drawn("reshape", lambda x, shape: x.reshape(shape))
def shapes(draw):
    """All prime factors of the size, in any order and grouped anyhow."""
    x = draw.floats(draw.shape())
    shape = [1] * draw.integer(1, 5)
    left, factor = x.size, 2
    while left > 1:
        while left % factor:
            factor += 1
        shape[draw.integer(0, len(shape) - 1)] *= factor
        left //= factor
    if x.size == 0:
        shape[draw.integer(0, len(shape) - 1)] = 0
    elif draw.chance():
        shape[draw.integer(0, len(shape) - 1)] = -1
    if x.size == 1 and draw.chance():
        shape = []
    return call(x, shape=draw.choice([tuple, list])(shape))


@drawn("transpose", np.transpose)
def orders(draw):
    x = draw.floats(draw.shape())
    return draw.choice([call(x), call(x, axes=draw.some_axes(x.ndim, least=x.ndim))])


@drawn("swapaxes", lambda x, axis1=-1, axis2=-2: np.swapaxes(x, axis1, axis2))
def pairs_of_axes(draw):
    x = draw.floats(draw.shape(least_axes=2))
    return draw.choice([call(x), call(x, axis1=draw.axis(x.ndim), axis2=draw.axis(x.ndim))])


@drawn("squeeze", np.squeeze)
def axes_of_size_1(draw):
    x = draw.floats([draw.choice([1, n]) for n in draw.shape()])
    ones = [axis for axis, n in enumerate(x.shape) if n == 1]
    some = tuple(axis - x.ndim * draw.integer(0, 1) for axis in ones if draw.chance(0.7))
    return draw.choice([call(x), call(x, axis=None), call(x, axis=some),
                        *[call(x, axis=axis) for axis in some]])


@drawn("expand_dims", np.expand_dims)
def new_axes(draw):
    x = draw.floats(draw.shape(most_axes=3))
    new = draw.integer(1, 2)
    return call(x, axis=draw.choice([draw.axis(x.ndim + 1),
                                     draw.some_axes(x.ndim + new, least=new, most=new)]))


@drawn("flip", np.flip)
def directions(draw):
    x = draw.floats(draw.shape())
    return draw.choice([call(x), call(x, axis=draw.axes(x.ndim))])


@drawn("broadcast_to", np.broadcast_to)
def repetitions(draw):
    shape = draw.shape()
    return call(draw.floats(draw.broadcastable(shape)), shape=shape)


def sum_to(x, shape):
    while x.ndim > len(shape):
        x = x.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            x = x.sum(axis=axis, keepdims=True)
    return x


@drawn("sum_to", sum_to)
def sums_over_repetitions(draw):
    shape = draw.shape()
    return call(draw.floats(shape), shape=draw.broadcastable(shape))


@drawn("pad", lambda x, width: np.pad(x, width))
def frames(draw):
    x = draw.floats(draw.shape(least_axes=1))
    return call(x, width=tuple(draw.pair(0, 2) for _ in x.shape))


@drawn("crop", lambda x, width: x[tuple(slice(a, n - b) for n, (a, b) in zip(x.shape, width))])
def margins(draw):
    x = draw.floats(draw.shape(least_axes=1))
    width = []
    for n in x.shape:
        before = draw.integer(0, n)
        width.append((before, draw.integer(0, n - before)))
    return call(x, width=tuple(width))

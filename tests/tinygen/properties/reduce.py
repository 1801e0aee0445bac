"""Combining elements along axes: sum, mean, var, max, min, logsumexp, cumsum."""
from tests.tinygen.properties.draw import call, drawn
from tinygen.backend import np


def var(x, axis=None, keepdims=False):
    """NumPy's, for a complex number, is that of its absolute value."""
    return ((x - x.mean(axis, keepdims=True)) ** 2).mean(axis, keepdims=keepdims)


def largest(x, axis=None, keepdims=False):
    """The largest; of equal ones their mean, so that they share the slope."""
    chosen = x.real == x.real.max(axis, keepdims=True)
    return (np.where(chosen, x, 0).sum(axis, keepdims=keepdims)
            / chosen.sum(axis, keepdims=keepdims))


def logsumexp(x, axis=None, keepdims=False):
    top = x.real.max(axis, keepdims=True)
    y = np.log(np.exp(x - top).sum(axis, keepdims=True)) + top
    return y if keepdims else y.squeeze(axis)


def reduced(draw, numbers, empty=True, of_one_number=False):
    """An input and a choice of its axes; `empty`: whether there may be nothing to combine."""
    x = numbers(draw.shape())
    axis, keepdims = draw.axes(x.ndim), draw.chance()
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else [axis]
    if of_one_number and not x.ndim and draw.chance():
        axis = draw.axis(1)  # NumPy allows it
    elif not empty and 0 in [x.shape[i] for i in axes]:
        return reduced(draw, numbers, empty, of_one_number)
    return draw.choice([call(x, axis=axis, keepdims=keepdims), call(x, axis=axis),
                        call(x) if axis is None else call(x, axis=axis)])


@drawn("sum", lambda x, axis=None, keepdims=False: x.sum(axis, keepdims=keepdims), weight=2)
def sums(draw):
    return reduced(draw, draw.floats, of_one_number=True)


@drawn("mean", lambda x, axis=None, keepdims=False: x.mean(axis, keepdims=keepdims), weight=2)
@drawn("var", var, weight=2)
def moments(draw):
    return reduced(draw, draw.floats, empty=False)


@drawn("max", largest, weight=2)
@drawn("min", lambda x, axis=None, keepdims=False: -largest(-x, axis, keepdims), weight=2)
def extremes(draw):
    return reduced(draw, draw.distinct, empty=False, of_one_number=True)


@drawn("logsumexp", logsumexp, weight=2)
def logarithms_of_sums(draw):
    reach = draw.choice([2, 2, 30])
    return reduced(draw, lambda shape: draw.floats(shape, -reach, reach), empty=False)


@drawn("cumsum", lambda x, axis: np.cumsum(x, axis))
def running_sums(draw):
    x = draw.floats(draw.shape())
    return call(x, axis=draw.axis(max(x.ndim, 1)))

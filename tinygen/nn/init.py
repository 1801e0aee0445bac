"""Initial weights: float32 NumPy arrays, drawn on the host so that every backend gets the same.

The scale keeps signals from growing or fading through many layers: each output sums fan_in inputs,
so weights of variance 1/fan_in preserve the signal's variance.
"""
import math
import threading
from contextlib import contextmanager

from tinygen.backend import np
from tinygen.checks import check_number, check_sizes, generator
from tinygen.errors import describe


class Mode(threading.local):
    """Whether weights are drawn, in this thread; see undrawn."""
    drawing = True


mode = Mode()


@contextmanager
def undrawn():
    """A with block in which weights start as zeros, for a checkpoint to overwrite.

    Drawing a billion numbers takes most of a minute; zeros take no memory until written.
    """
    kept, mode.drawing = mode.drawing, False
    try:
        yield
    finally:
        mode.drawing = kept


def uniform(shape, bound, *, rng=None):
    """Uniform between -bound and bound."""
    check_number("init.uniform", 0, math.inf, bound=bound)
    _check_shape("init.uniform", shape)
    rng = generator("init.uniform", rng)
    if not mode.drawing:
        return np.zeros(shape, "float32")
    return rng.uniform(-bound, bound, shape).astype("float32")


def normal(shape, std, *, rng=None):
    """Normal with mean 0 and standard deviation std."""
    check_number("init.normal", 0, math.inf, std=std)
    _check_shape("init.normal", shape)
    rng = generator("init.normal", rng)
    if not mode.drawing:
        return np.zeros(shape, "float32")
    return (std * rng.standard_normal(shape)).astype("float32")


def kaiming_uniform(shape, *, rng=None):
    """Kaiming for relu, uniform: variance 2 / fan_in (see kaiming_normal)."""
    return uniform(shape, math.sqrt(3) * math.sqrt(2 / fans(shape)[0]), rng=rng)


def kaiming_normal(shape, *, rng=None):
    """Kaiming for relu, normal: variance 2 / fan_in, since relu halves it.

    Delving Deep into Rectifiers (He, Zhang, Ren and Sun, 2015).
    """
    return normal(shape, math.sqrt(2 / fans(shape)[0]), rng=rng)


def xavier_uniform(shape, *, rng=None):
    """Xavier for tanh, uniform: variance 2 / (fan_in + fan_out) (see xavier_normal)."""
    return uniform(shape, math.sqrt(3) * math.sqrt(2 / sum(fans(shape))), rng=rng)


def xavier_normal(shape, *, rng=None):
    """Xavier for tanh, normal: variance 2 / (fan_in + fan_out), for forward and backward alike.

    Understanding the difficulty of training deep feedforward neural networks
    (Glorot and Bengio, 2010).
    """
    return normal(shape, math.sqrt(2 / sum(fans(shape))), rng=rng)


def fans(shape):
    """fan_in and fan_out of weights (out, in, *kernel): inputs per output, outputs per input."""
    _check_shape("fans", shape)
    if len(shape) < 2:
        raise ValueError(f"fans: weights need at least the axes (out, in), got shape {shape}; for "
                         f"biases use init.uniform or init.normal")
    return math.prod(shape[1:]), shape[0] * math.prod(shape[2:])


def _check_shape(name, shape):
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{name}: the shape must be a tuple of sizes, such as (256, 784), got "
                        f"{describe(shape)}")
    check_sizes(name, **{f"shape[{i}]": size for i, size in enumerate(shape)})

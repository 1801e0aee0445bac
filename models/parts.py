"""What several models are built from, and what they check alike."""
from itertools import pairwise

import tinygen as tg
from tinygen import nn
from tinygen.backend import xp
from tinygen.checks import check_rng, check_sizes
from tinygen.data import one_hot
from tinygen.errors import describe
from tinygen.tensor import shape_of


def dense(sizes, rng):
    """A list of layers: a Linear and a ReLU for each step from one size to the next."""
    return [layer for n, m in pairwise(sizes)
            for layer in (nn.Linear(n, m, rng=rng), nn.ReLU())]


def down(in_channels, out_channels, rng):
    """A convolution that halves the sides.  (N, in, H, W) -> (N, out, H/2, W/2)"""
    return nn.Conv2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1, rng=rng)


def up(in_channels, out_channels, rng):
    """A transposed convolution that doubles the sides.  (N, in, H, W) -> (N, out, 2H, 2W)

    The kernel of 4 is a multiple of the stride, so every output pixel is covered by equally many
    kernel taps and no checkerboard is built in (Odena et al., 2016).
    """
    return nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1,
                              rng=rng)


def start_dark(layer):
    """Lower the biases of the layer before a sigmoid, so that images start as dark as digits are.

    Otherwise training begins by making everything black. It may overshoot to where the sigmoid is
    flat and passes no gradient, and the network then stays black for good. Returns the layer.
    """
    layer.bias.data -= 2  # sigmoid(-2) = 0.12, and MNIST's mean is 0.13
    return layer


def with_class(x, y, classes):
    """x with its label y appended, one-hot; x itself for a model without classes.

    Rows (N, d) get `classes` more numbers. Images (N, C, H, W) get `classes` more channels, one of
    them all ones. Raises ValueError for an x of other shapes, and unless there are labels exactly
    where there are classes.
    """
    axes = len(shape_of("with_class", x))
    if axes not in (2, 4):
        raise ValueError(f"with_class: x must be (N, d) or (N, C, H, W), got shape {x.shape}; a "
                         f"single example needs x[None]")
    if (y is None) != (classes == 0):
        raise ValueError(f"with_class: a model of {classes} classes was given "
                         f"{'no labels' if y is None else 'labels'}; classes=0 in its Config makes "
                         "it unconditional, any other number needs labels")
    if y is None:
        return x
    ones = one_hot(y, classes).astype(x.dtype)  # (N, classes)
    if axes == 4:
        ones = tg.broadcast_to(ones[:, :, None, None], shape=(*ones.shape, *x.shape[2:]))
    return tg.concatenate([x, ones], axis=1)


def noise(count, size, *, rng):
    """Numbers from N(0, 1), a plain float32 array.  -> (count, size)"""
    check_sizes("noise", count=count, size=size)
    check_rng("noise", rng)
    return xp.asarray(rng.standard_normal((count, size), dtype="float32"))


def interpolate_codes(z1, z2, steps):
    """Codes on the straight line from z1 to z2, ends included.  (..., d) -> (steps, ..., d)"""
    if shape_of("interpolate_codes", z1) != shape_of("interpolate_codes", z2):
        raise ValueError(f"interpolate_codes: both codes must have the same shape, got {z1.shape} "
                         f"and {z2.shape}")
    check_sizes("interpolate_codes", steps=steps)
    t = xp.linspace(0, 1, steps, dtype=z1.dtype).reshape(-1, *[1] * z1.ndim)
    return (1 - t) * z1 + t * z2


def check_network(model, config, kind, count=None, **widths):
    """Raise TypeError unless config is a `kind`, and each of widths a tuple of `count` sizes.

    model: the network under construction, for its name. count: None for any number.
    """
    name = type(model).__name__
    if not isinstance(config, kind):
        raise TypeError(f"{name}: takes a {kind.__module__}.Config, got {describe(config)}")
    for setting, sizes in widths.items():
        if not isinstance(sizes, (tuple, list)) or count not in (None, len(sizes)):
            raise TypeError(f"{name}: {setting} must be a tuple of {count or 'any number of'} "
                            f"sizes, got {describe(sizes)}")
        check_sizes(name, **{f"{setting}[{i}]": size for i, size in enumerate(sizes)})


def check_halves(model, size):
    """Raise ValueError unless an image of this size can be halved twice."""
    if size % 4:
        raise ValueError(f"{model}: the image is halved twice, so its size must be a multiple of "
                         f"4, got {size}")

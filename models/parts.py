"""What several models are built from, and what they check their sizes by."""
from itertools import pairwise

import tinygen as tg
from tinygen import nn
from tinygen.backend import xp
from tinygen.data import one_hot


def dense(sizes, rng):
    """A linear map and a relu for each step from one size to the next, as a list of layers."""
    return [layer for n, m in pairwise(sizes)
            for layer in (nn.Linear(n, m, rng=rng), nn.ReLU())]


def down(in_channels, out_channels, rng):
    """A convolution that halves the sides.  (N, in, H, W) -> (N, out, H/2, W/2)"""
    return nn.Conv2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1, rng=rng)


def up(in_channels, out_channels, rng):
    """The transpose of one that does.  (N, in, H, W) -> (N, out, 2H, 2W)

    The kernel of 4 is a multiple of the stride, so that every output pixel is covered by as many
    kernel taps as its neighbours: no checkerboard is built in (Odena et al., 2016).
    """
    return nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1,
                              rng=rng)


def start_dark(layer):
    """The layer before the sigmoid, with biases such that images start as dark as digits are.

    Else training begins by making everything black. It may overshoot to where the sigmoid is flat
    and hands no gradient back, and then black is all that this network will ever draw.
    """
    layer.bias.data -= 2  # sigmoid(-2) = 0.12, and MNIST's mean is 0.13
    return layer


def with_class(x, y, classes):
    """x with its class y appended, one-hot; x itself where the model knows no classes.

    Rows (N, d) get `classes` more numbers. Images (N, C, H, W) get `classes` more channels, one of
    them all ones. Raises ValueError for labels where there are no classes, and the reverse.
    """
    if (y is None) != (classes == 0):
        raise ValueError(f"a model of {classes} classes was given "
                         f"{'no labels' if y is None else 'labels'}; classes=0 in its Config makes "
                         "it unconditional, any other number needs a label for each example")
    if y is None:
        return x
    ones = one_hot(y, classes).astype(x.dtype)  # (N, classes)
    if x.ndim == 4:
        ones = tg.broadcast_to(ones[:, :, None, None], shape=(*ones.shape, *x.shape[2:]))
    return tg.concatenate([x, ones], axis=1)


def noise(count, size, *, rng):
    """Numbers from N(0, 1), a plain array that no gradient goes into.  -> float32 (count, size)"""
    return xp.asarray(rng.standard_normal((count, size), dtype="float32"))


def interpolate_codes(z1, z2, steps):
    """On the straight line from one code to another, or from several.  (..., d) -> (steps, ..., d)
    """
    t = xp.linspace(0, 1, steps, dtype=z1.dtype).reshape(-1, *[1] * z1.ndim)
    return (1 - t) * z1 + t * z2


def check_halves(model, size):
    """Raise ValueError unless an image of this size can be halved twice."""
    if size % 4:
        raise ValueError(f"{model}: the image is halved twice, so its size is a multiple of 4; got "
                         f"{size}")

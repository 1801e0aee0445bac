"""Layers that normalise to mean 0 and variance 1, then scale by a weight and shift by a bias.

They differ in what is normalised together: LayerNorm a vector, GroupNorm some channels of an image,
BatchNorm a channel of all images in the batch. Weights start at 1 and biases at 0, so no layer
needs an rng.
"""
from numbers import Real

from tinygen import ops
from tinygen.backend import np, xp
from tinygen.checks import check_flags, check_sizes
from tinygen.nn.module import Module
from tinygen.ops.norm import batch_moments, check_eps, standardize
from tinygen.tensor import Tensor, plain, shape_of


class LayerNorm(Module):
    """Normalises each vector along the last axis.  (..., normalized_shape) -> same

    Layer normalization (Ba, Kiros and Hinton, 2016).
    """

    def __init__(self, normalized_shape, eps=1e-5, bias=True):
        check_sizes("LayerNorm", normalized_shape=normalized_shape)
        check_eps("LayerNorm", eps)
        check_flags("LayerNorm", bias=bias)
        self.normalized_shape, self.eps = normalized_shape, eps
        self.weight, self.bias = _ones_and_zeros(normalized_shape, bias)

    def forward(self, x):
        return ops.layer_norm(x, self.weight, self.bias, eps=self.eps)


class GroupNorm(Module):
    """Normalises groups of channels, image by image.  (N, num_channels, ...) -> same

    Group normalization (Wu and He, 2018).
    """

    def __init__(self, num_groups, num_channels, eps=1e-5):
        check_sizes("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        check_eps("GroupNorm", eps)
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_groups must divide num_channels, got {num_groups} "
                             f"for {num_channels}")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight, self.bias = _ones_and_zeros(num_channels)

    def forward(self, x):
        return ops.group_norm(x, self.weight, self.bias, groups=self.num_groups, eps=self.eps)


class BatchNorm(Module):
    """Normalises each channel over the batch: what BatchNorm1d and BatchNorm2d share.

    In training it uses the batch's mean and variance, and moves the running ones towards them:

        running ← (1 - momentum)·running + momentum·(that of the batch)

    In evaluation it uses the running ones, so that an image's output does not depend on the rest of
    its batch. running_var tracks the unbiased variance (divided by n - 1); the batch is normalised
    by the biased one. With track_running_stats=False there are none, and evaluation uses the batch
    as well: for a discriminator, whose batches are all real or all fake, where running statistics
    would be a mixture of both that fits neither.

    Batch normalization: accelerating deep network training by reducing internal covariate shift
    (Ioffe and Szegedy, 2015).
    """
    axes = ()  # the numbers of axes that an input may have

    def __init__(self, num_features, eps=1e-5, momentum=0.1, track_running_stats=True):
        name = type(self).__name__
        check_sizes(name, num_features=num_features)
        check_eps(name, eps)
        check_flags(name, track_running_stats=track_running_stats)
        if not isinstance(momentum, Real) or not 0 <= momentum <= 1:
            raise ValueError(f"{name}: momentum, the weight of the new batch in the running "
                             f"statistics, must be from 0 to 1, got {momentum!r}")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight, self.bias = _ones_and_zeros(num_features)
        self.track_running_stats = track_running_stats
        if track_running_stats:
            self.running_mean = xp.zeros(num_features, "float32")
            self.running_var = xp.ones(num_features, "float32")

    def forward(self, x):
        shape = shape_of(type(self).__name__, x)
        if len(shape) not in self.axes or shape[1] != self.num_features:
            axes = " or ".join(map(str, self.axes))
            raise ValueError(f"{type(self).__name__}: x must have {axes} axes, the second of "
                             f"size {self.num_features}, got shape {shape}")
        if not self.track_running_stats:
            return ops.batch_norm(x, self.weight, self.bias, eps=self.eps)
        if not self.training:
            return standardize(x, self.running_mean, self.running_var, self.weight, self.bias,
                               eps=self.eps)
        mean, var = moments = batch_moments(plain(x))
        y = ops.batch_norm(x, self.weight, self.bias, eps=self.eps, moments=moments)
        n = x.size // self.num_features
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (var * (n / (n - 1)) - self.running_var)
        return y


class BatchNorm1d(BatchNorm):
    """BatchNorm for features or signals.  (N, num_features) or (N, num_features, T) -> same"""
    axes = (2, 3)


class BatchNorm2d(BatchNorm):
    """BatchNorm for images.  (N, num_features, H, W) -> same"""
    axes = (4,)


def _ones_and_zeros(n, bias=True):
    return Tensor(np.ones(n, "float32")), Tensor(np.zeros(n, "float32")) if bias else None

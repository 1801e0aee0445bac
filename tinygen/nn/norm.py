"""Layers that normalise to mean 0 and variance 1, then scale by a weight and shift by a bias.

They differ in what is normalised together: LayerNorm one vector, GroupNorm some channels of one
image, BatchNorm one channel of all images in the batch. All start as the plain normalisation, with
weights 1 and biases 0, so none needs an rng.
"""
from tinygen import ops
from tinygen.backend import np, xp
from tinygen.nn.checks import check_sizes
from tinygen.nn.module import Module
from tinygen.ops.norm import batch_moments, standardize
from tinygen.tensor import Tensor, plain


class LayerNorm(Module):
    """Each vector along the last axis by itself.  (..., normalized_shape) -> same

    Layer normalization (Ba, Kiros and Hinton, 2016).
    """

    def __init__(self, normalized_shape, eps=1e-5, bias=True):
        check_sizes("LayerNorm", normalized_shape=normalized_shape)
        self.normalized_shape, self.eps = normalized_shape, eps
        self.weight, self.bias = _ones_and_zeros(normalized_shape, bias)

    def forward(self, x):
        return ops.layer_norm(x, self.weight, self.bias, eps=self.eps)


class GroupNorm(Module):
    """Each of num_groups groups of channels, image by image.  (N, num_channels, ...) -> same

    Group normalization (Wu and He, 2018).
    """

    def __init__(self, num_groups, num_channels, eps=1e-5):
        check_sizes("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_groups divides num_channels, got {num_groups} for "
                             f"{num_channels}")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight, self.bias = _ones_and_zeros(num_channels)

    def forward(self, x):
        return ops.group_norm(x, self.weight, self.bias, groups=self.num_groups, eps=self.eps)


class BatchNorm(Module):
    """Each channel over the whole batch: what BatchNorm1d and BatchNorm2d have in common.

    In training, by the mean and variance of the batch, which also move the running ones:

        running ← (1 - momentum)·running + momentum·(that of the batch)

    In evaluation, by the running ones, so that an image's output does not depend on its company.
    running_var is of the unbiased variance, divided by n - 1; the batch itself is divided by n.
    Batch normalization: accelerating deep network training by reducing internal covariate shift
    (Ioffe and Szegedy, 2015).
    """
    axes = ()  # how many an input may have

    def __init__(self, num_features, eps=1e-5, momentum=0.1, track_running_stats=True):
        name = type(self).__name__
        check_sizes(name, num_features=num_features)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{name}: momentum is the share of the new batch in the running "
                             f"statistics, from 0 to 1; got {momentum}")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight, self.bias = _ones_and_zeros(num_features)
        self.track_running_stats = track_running_stats
        if track_running_stats:
            self.running_mean = xp.zeros(num_features, "float32")
            self.running_var = xp.ones(num_features, "float32")

    def forward(self, x):
        if x.ndim not in self.axes or x.shape[1] != self.num_features:
            axes = " or ".join(map(str, self.axes))
            raise ValueError(f"{type(self).__name__}: x has {axes} axes, the second of size "
                             f"{self.num_features}, got shape {x.shape}")
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
    """BatchNorm of features or of signals.  (N, num_features) or (N, num_features, T) -> same"""
    axes = (2, 3)


class BatchNorm2d(BatchNorm):
    """BatchNorm of images.  (N, num_features, H, W) -> same"""
    axes = (4,)


def _ones_and_zeros(n, bias=True):
    return Tensor(np.ones(n, "float32")), Tensor(np.zeros(n, "float32")) if bias else None

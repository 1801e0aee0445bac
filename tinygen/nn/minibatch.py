"""Minibatch discrimination: shows a discriminator how alike the examples of a batch are."""
import math

from tinygen import ops
from tinygen.nn import init
from tinygen.nn.checks import check_sizes
from tinygen.nn.module import Module
from tinygen.tensor import Tensor


class MinibatchDiscrimination(Module):
    """Appends to each row how close the batch's other rows are.  (N, in) -> (N, in + kernels)

    M = x T, T being weight (in_features, kernels, kernel_size), drawn from N(0, 1/in_features);
    o_ib = Σ_{j≠i} exp(-|M_ib - M_jb|₁), from 0 for a row alone to N - 1 where all rows are alike,
    as those of a generator that has collapsed. Takes memory for N²·kernels·kernel_size numbers.
    Raises ValueError for x of another shape; images are flattened first.
    Improved techniques for training GANs (Salimans et al., 2016), section 3.2.
    """

    def __init__(self, in_features, kernels, kernel_size, *, rng=None):
        check_sizes("MinibatchDiscrimination", in_features=in_features, kernels=kernels,
                    kernel_size=kernel_size)
        self.in_features, self.kernels, self.kernel_size = in_features, kernels, kernel_size
        shape = (in_features, kernels, kernel_size)
        self.weight = Tensor(init.normal(shape, 1 / math.sqrt(in_features), rng=rng))

    def forward(self, x):
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"MinibatchDiscrimination: x is (N, {self.in_features}), got shape "
                             f"{x.shape}; put nn.Flatten() before it for images")
        t = ops.reshape(self.weight, shape=(self.in_features, -1))
        m = ops.reshape(ops.matmul(x, t), shape=(len(x), self.kernels, self.kernel_size))
        distance = ops.sum(ops.abs(m[:, None] - m[None]), axis=-1)  # (N, N, kernels)
        # A row is at distance 0 from itself, whatever it is: e^0 = 1 is taken off the sum, and |.|
        # passes no gradient on at 0.
        closeness = ops.sum(ops.exp(-distance), axis=1) - 1  # (N, kernels)
        return ops.concatenate([x, closeness], axis=1)

"""Minibatch discrimination: shows a discriminator how alike the examples of a batch are."""
import math

from tinygen import ops
from tinygen.checks import check_sizes
from tinygen.nn import init
from tinygen.nn.module import Module
from tinygen.tensor import Tensor, shape_of


class MinibatchDiscrimination(Module):
    """Appends to each row how close the batch's other rows are.  (N, in) -> (N, in + kernels)

    M = x T, where T is the weight (in_features, kernels, kernel_size), drawn from
    N(0, 1/in_features), and o_ib = Σ_{j≠i} exp(-|M_ib - M_jb|₁) is appended: 0 for a row far from
    all others, N - 1 where all rows are alike, as from a collapsed generator. It needs memory for
    N²·kernels·kernel_size numbers. Raises ValueError unless x is (N, in_features).
    Improved techniques for training GANs (Salimans et al., 2016), section 3.2.
    """

    def __init__(self, in_features, kernels, kernel_size, *, rng=None):
        check_sizes("MinibatchDiscrimination", in_features=in_features, kernels=kernels,
                    kernel_size=kernel_size)
        self.in_features, self.kernels, self.kernel_size = in_features, kernels, kernel_size
        shape = (in_features, kernels, kernel_size)
        self.weight = Tensor(init.normal(shape, 1 / math.sqrt(in_features), rng=rng))

    def forward(self, x):
        shape = shape_of("MinibatchDiscrimination", x)
        if len(shape) != 2 or shape[1] != self.in_features:
            raise ValueError(f"MinibatchDiscrimination: x must be (N, {self.in_features}), got "
                             f"shape {shape}; put nn.Flatten() before it for images")
        t = ops.reshape(self.weight, shape=(self.in_features, -1))
        m = ops.reshape(ops.matmul(x, t), shape=(len(x), self.kernels, self.kernel_size))
        distance = ops.sum(ops.abs(m[:, None] - m[None]), axis=-1)  # (N, N, kernels)
        # Each row is at distance 0 from itself: that adds e^0 = 1, which is taken off again, and no
        # gradient, since |.| has none at 0.
        closeness = ops.sum(ops.exp(-distance), axis=1) - 1  # (N, kernels)
        return ops.concatenate([x, closeness], axis=1)

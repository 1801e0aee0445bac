"""Layers for a GAN's discriminator: one bounds its slope, two show it the whole batch."""
import math

from tinygen import ops
from tinygen.backend import xp
from tinygen.nn import init
from tinygen.nn.conv import Conv1d, Conv2d, ConvTranspose2d
from tinygen.nn.linear import Linear, check_sizes
from tinygen.nn.module import Module
from tinygen.tensor import Tensor, plain

FIRST_ITERATIONS = 15  # at construction, so that the first steps find a settled u and v


class SpectralNorm(Module):
    """A layer whose weight is divided by its largest singular value.  Shapes as the layer's.

    SpectralNorm(nn.Linear(256, 1, rng=rng), rng=rng). The layer keeps its own weight W and trains
    it; what it computes with is W/σ. A Linear then stretches no difference of inputs; of a
    convolution σ is that of the weight seen as a matrix with a row for each output channel.

    σ = uᵀWv with unit vectors u and v, buffers that power iteration turns towards the singular
    vectors: so many iterations in each call in training, none in evaluation.
    Raises TypeError for a layer other than Linear, Conv1d, Conv2d and ConvTranspose2d, and
    ValueError for a weight that is zero.
    Spectral normalization for generative adversarial networks (Miyato et al., 2018).
    """

    def __init__(self, layer, *, rng, iterations=1):
        if not isinstance(layer, (Linear, Conv1d, Conv2d, ConvTranspose2d)):
            raise TypeError(f"SpectralNorm: the layer is a Linear, Conv1d, Conv2d or "
                            f"ConvTranspose2d, got {layer!r}; wrap each layer of a network")
        check_sizes("SpectralNorm", iterations=iterations)
        self.layer, self.iterations = layer, iterations
        w = plain(self._matrix())
        if not xp.abs(w).max() > 0:
            raise ValueError(f"SpectralNorm: the weight of {layer!r} is zero and has no largest "
                             f"singular value to divide by; draw it at random")
        self.u = xp.asarray(init.normal((len(w),), 1.0, rng=rng)).astype(w.dtype)
        self._iterate(w, FIRST_ITERATIONS)

    def forward(self, x):
        weight, matrix = self.layer.weight, self._matrix()
        if self.training:
            self._iterate(plain(matrix), self.iterations)
        # dσ = duᵀ·Wv + uᵀ·dW·v + uᵀW·dv. For singular vectors Wv = σu and uᵀW = σvᵀ, and a unit
        # vector turns at right angles to itself, duᵀu = vᵀdv = 0: as if u and v were constants.
        sigma = ops.matmul(self.u, ops.matmul(matrix, self.v))
        self.layer.weight = weight / sigma
        try:
            return self.layer(x)
        finally:
            self.layer.weight = weight

    def _matrix(self):
        """The weight with a row for each output channel.  -> (out, the rest)"""
        w = self.layer.weight
        if isinstance(self.layer, ConvTranspose2d):
            w = ops.swapaxes(w, axis1=0, axis2=1)
        return ops.reshape(w, shape=(len(w), -1))

    def _iterate(self, w, iterations):
        """v ← Wᵀu/|Wᵀu|,  u ← Wv/|Wv|.  (out, k) an array"""
        # As new arrays: an earlier forward whose backward is still to come keeps the old ones.
        for _ in range(iterations):
            self.v = _unit(self.u @ w)
            self.u = _unit(w @ self.v)


def _unit(vector):
    return vector / xp.linalg.norm(vector)


class MinibatchDiscrimination(Module):
    """Appends to each row how close the batch's other rows are.  (N, in) -> (N, in + kernels)

    M = x T, T being weight (in_features, kernels, kernel_size), drawn from N(0, 1/in_features);
    o_ib = Σ_{j≠i} exp(-|M_ib - M_jb|₁), from 0 for a row alone to N - 1 where all rows are alike,
    as those of a generator that has collapsed. Takes memory for N²·kernels·kernel_size numbers.
    Raises ValueError for x of another shape; images are flattened first.
    Improved techniques for training GANs (Salimans et al., 2016), section 3.2.
    """

    def __init__(self, in_features, kernels, kernel_size, *, rng):
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


class StatelessBatchNorm(Module):
    """BatchNorm by the batch at hand, in evaluation too.  (N, num_features, ...) -> same

    A discriminator is asked about batches that are all real or all fake. Running statistics would
    be those of both mixed, which none of these batches has.
    """

    def __init__(self, num_features):
        check_sizes("StatelessBatchNorm", num_features=num_features)
        self.weight = Tensor(xp.ones(num_features, "float32"))
        self.bias = Tensor(xp.zeros(num_features, "float32"))

    def forward(self, x):
        return ops.batch_norm(x, self.weight, self.bias)

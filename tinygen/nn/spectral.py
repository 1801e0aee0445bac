"""Spectral normalisation: a layer that stretches no difference of inputs by more than 1."""
from tinygen import ops
from tinygen.backend import xp
from tinygen.checks import check_sizes
from tinygen.nn import init
from tinygen.nn.conv import Conv1d, Conv2d, ConvTranspose2d
from tinygen.nn.linear import Linear
from tinygen.nn.module import Module
from tinygen.tensor import plain

FIRST_ITERATIONS = 15  # at construction, so that training starts with u and v settled


class SpectralNorm(Module):
    """Divides a layer's weight by its largest singular value.  Shapes as the layer's.

    SpectralNorm(nn.Linear(256, 1, rng=rng), rng=rng). The layer keeps and trains its own weight W
    and computes with W/σ. A Linear then stretches no difference of inputs. For a convolution, σ is
    that of the weight as a matrix with a row for each output channel.

    σ = uᵀWv with unit vectors u and v, buffers that power iteration turns towards the singular
    vectors: `iterations` times in each training call, never in evaluation.
    Raises TypeError unless the layer is a Linear, Conv1d, Conv2d or ConvTranspose2d, and ValueError
    for a weight of zeros.
    Spectral normalization for generative adversarial networks (Miyato et al., 2018).
    """

    def __init__(self, layer, *, rng=None, iterations=1):
        if not isinstance(layer, (Linear, Conv1d, Conv2d, ConvTranspose2d)):
            raise TypeError(f"SpectralNorm: the layer must be a Linear, Conv1d, Conv2d or "
                            f"ConvTranspose2d, got {layer!r}; wrap each layer of a network")
        check_sizes("SpectralNorm", iterations=iterations)
        self.layer, self.iterations = layer, iterations
        w = plain(self._matrix())
        if not xp.abs(w).max() > 0:
            raise ValueError(f"SpectralNorm: the weight of {layer!r} is zero, so there is no "
                             f"singular value to divide by; initialise it at random")
        self.u = xp.asarray(init.normal((len(w),), 1.0, rng=rng)).astype(w.dtype)
        self._iterate(w, FIRST_ITERATIONS)

    def forward(self, x):
        weight, matrix = self.layer.weight, self._matrix()
        if self.training:
            self._iterate(plain(matrix), self.iterations)
        # dσ = duᵀ·Wv + uᵀ·dW·v + uᵀW·dv. For singular vectors Wv = σu and uᵀW = σvᵀ, and a unit
        # vector turns at right angles to itself, duᵀu = vᵀdv = 0: u and v act as constants.
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
        # New arrays, not in place: an earlier forward may need the old ones in its backward.
        for _ in range(iterations):
            self.v = _unit(self.u @ w)
            self.u = _unit(w @ self.v)


def _unit(vector):
    return vector / xp.linalg.norm(vector)

"""Codes of whole data sets: by PCA, the linear autoencoder, and by networks, in batches."""
import tinygen as tg
from tinygen.backend import np, to_numpy, xp


class PCA:
    """Principal components of NumPy images: the linear code with the smallest error.

        z = Wᵀ(x - μ),   x̂ = μ + Wz

    μ is the mean of x; the columns of W are the eigenvectors of its covariance with the largest
    eigenvalues. So codes nest: a shorter one is the beginning of a longer one.
    """

    def __init__(self, x):
        rows, self.shape = x.reshape(len(x), -1), x.shape[1:]  # (N, pixels)
        self.mean = rows.mean(axis=0)
        centred = rows - self.mean
        _, vectors = np.linalg.eigh(centred.T @ centred)  # by ascending eigenvalue
        self.components = vectors[:, ::-1]  # (pixels, pixels)

    def encode(self, x, code_size):
        """(N, C, H, W) -> (N, code_size)"""
        return (x.reshape(len(x), -1) - self.mean) @ self.components[:, :code_size]

    def decode(self, z):
        """(N, any size up to C·H·W) -> (N, C, H, W)"""
        rows = self.mean + z @ self.components[:, :z.shape[1]].T
        return rows.reshape(len(z), *self.shape)


def through_bytes(z, seen):
    """Codes after storage in one byte per number: 256 levels over the range of those `seen`."""
    low, step = seen.min(axis=0), np.ptp(seen, axis=0) / 255
    step = np.where(step > 0, step, 1).astype(step.dtype)  # a constant number stays `low`
    stored = np.clip(np.round((z - low) / step), 0, 255).astype(np.uint8)
    return low + step * stored.astype(np.float32)


def in_batches(function, x, size=500):
    """function(x) for many rows of a NumPy array, without gradients and in little memory.

    function takes and returns (N, ...), Tensors or arrays; the result is a NumPy array.
    """
    with tg.no_grad():
        return np.concatenate([to_numpy(function(xp.asarray(x[start:start + size])))
                               for start in range(0, len(x), size)])

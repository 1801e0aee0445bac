"""Which modes of a mixture of Gaussians a generator covers."""
from tinygen.backend import np, to_numpy
from tinygen.data import STD


def covered(points, centres):
    """Number of modes covered, and share of high-quality samples, counted as in PacGAN.

    A sample is of high quality if it lies within 3 standard deviations of the nearest centre. A
    mode is covered if it is the nearest one to at least one such sample. Of points sampled from
    the mixture itself, 98.9 % are of high quality. points: (N, 2). centres: (K, 2). -> int, float
    """
    points = to_numpy(points)
    distances = np.linalg.norm(points[:, None] - centres, axis=2)  # (N, K)
    good = distances.min(axis=1) < 3 * STD
    return len(np.unique(distances.argmin(axis=1)[good])), float(good.mean())

"""Which modes of a mixture of Gaussians the samples of a generator have found."""
from tinygen.backend import np, to_numpy
from tinygen.data import STD


def covered(points, centres):
    """How many modes are covered, and the share of high-quality samples, as PacGAN counts them.

    A sample is of high quality if it lies within 3 standard deviations of the nearest centre; a
    mode is covered if at least one sample is of high quality and nearest to it. Of points drawn
    from the mixture itself 98.9 % are. points: (N, 2). centres: (K, 2). -> int, float
    """
    points = to_numpy(points)
    distances = np.linalg.norm(points[:, None] - centres, axis=2)  # (N, K)
    good = distances.min(axis=1) < 3 * STD
    return len(np.unique(distances.argmin(axis=1)[good])), float(good.mean())

"""Which modes of a mixture of Gaussians a generator covers, how widely, and what became of it."""
import math

from tinygen.backend import np, to_numpy
from tinygen.data import STD

RADIUS = 3 * STD  # of a mode: samples within are of high quality
# Of the data within that radius, without the tails: STD² (1 - h / (eʰ - 1)), h = 3² / 2, is their
# variance along each axis.
STD_WITHIN = STD * (1 - 4.5 / (np.exp(4.5) - 1)) ** 0.5
# From which `outcome` counts modes as many, samples as some, and as most.
MANY_MODES, SOME_SAMPLES, MOST_SAMPLES = 0.5, 0.1, 0.5


def covered(points, centres):
    """Number of modes covered, and share of high-quality samples, counted as in PacGAN.

    A sample is of high quality if it lies within 3 standard deviations of the nearest centre. A
    mode is covered if it is the nearest one to at least one such sample. Of points sampled from
    the mixture itself, 98.9 % are of high quality. points: (N, 2). centres: (K, 2). -> int, float
    """
    mode, good = nearest_modes(to_numpy(points), centres)
    return len(np.unique(mode[good])), float(good.mean())


def spread_within(points, centres):
    """How widely the samples are spread within the modes, relative to the data: 1 is as widely.

    The standard deviation of the high-quality samples around the mean of those in their mode, over
    the data's: 0 if all samples in a mode are the same point, wherever in the mode it lies. NaN
    unless some mode has two. (N, 2), (K, 2) -> float
    """
    points = to_numpy(points)
    mode, good = nearest_modes(points, centres)
    groups = [points[good & (mode == k)].astype(float) for k in np.unique(mode[good])]
    freedom = sum(2 * (len(group) - 1) for group in groups)  # a coordinate's mean takes one
    if not freedom:
        return math.nan
    squares = sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups)
    return float(np.sqrt(squares / freedom) / STD_WITHIN)


def nearest_modes(points, centres):
    """The mode nearest to each point, and whether the point lies within it.

    (N, 2), (K, 2) -> int (N,), bool (N,)
    """
    distances = np.linalg.norm(points[:, None] - centres, axis=2)  # (N, K)
    return distances.argmin(axis=1), distances.min(axis=1) < RADIUS


def outcome(modes, quality, total):
    """What became of a generator, in a word, from `covered`.

    covers: at least half of the modes, with at least a tenth of the samples. If not, collapsed:
    most samples lie inside modes; escaped: most lie outside all modes, wherever they are.
    """
    if modes >= MANY_MODES * total and quality >= SOME_SAMPLES:
        return "covers"
    return "collapsed" if quality >= MOST_SAMPLES else "escaped"

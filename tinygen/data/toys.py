"""Mixtures of Gaussians in the plane: toys that show which modes a GAN has found.

Source: Lin et al., PacGAN, 2018. There the ring has radius 1 and standard deviation 0.01; ours is
twice as large and has the grid's 0.05. A sample within 3 STD of a centre counts as high-quality.
"""
from tinygen.backend import np
from tinygen.checks import check_rng, check_sizes

STD = 0.05
ANGLES = np.arange(8) * (np.pi / 4)
RING_CENTRES = (2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)).astype(np.float32)
GRID_CENTRES = np.array([[x, y] for x in range(-4, 5, 2) for y in range(-4, 5, 2)], np.float32)


def ring(count, rng):
    """Points of 8 Gaussians on a circle of radius 2. -> float32 (count, 2)"""
    return scatter("ring", RING_CENTRES, count, rng)


def grid(count, rng):
    """Points of 25 Gaussians on a 5x5 grid, 2 apart. -> float32 (count, 2)"""
    return scatter("grid", GRID_CENTRES, count, rng)


def scatter(name, centres, count, rng):
    """Points around randomly chosen `centres` (K, 2), all equally likely. -> float32 (count, 2)"""
    check_sizes(name, count=count)
    check_rng(name, rng)
    chosen = centres[rng.integers(len(centres), size=count)]
    return chosen + np.float32(STD) * rng.standard_normal((count, 2), np.float32)

"""Counting the modes covered and the share of high-quality samples."""
import pytest

from demos.gans.parts.modes import covered
from tinygen.backend import np
from tinygen.data import GRID_CENTRES, RING_CENTRES, STD, grid, ring


@pytest.mark.parametrize(("sample_data", "centres"), [(ring, RING_CENTRES), (grid, GRID_CENTRES)])
def test_the_mixture_itself_covers_all(sample_data, centres, rng):
    modes, share = covered(sample_data(20_000, rng), centres)
    assert modes == len(centres)
    assert share == pytest.approx(1 - np.exp(-4.5), abs=0.003)  # Rayleigh, within 3 deviations


def test_a_point_between_modes_covers_none():
    assert covered(np.zeros((5, 2)), RING_CENTRES) == (0, 0)


def test_high_quality_ends_at_three_deviations():
    x = RING_CENTRES[[0, 0, 3]] + np.array([[2.99, 0], [3.01, 0], [0, 0]]) * STD
    assert covered(x, RING_CENTRES) == (2, pytest.approx(2 / 3))
    assert covered(x[1:2], RING_CENTRES) == (0, 0)

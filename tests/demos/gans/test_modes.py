"""Counting modes and high-quality samples, the spread within modes, and the outcome in a word."""
import math

import pytest

from demos.gans.parts.modes import covered, outcome, spread_within
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


@pytest.mark.parametrize(("sample_data", "centres"), [(ring, RING_CENTRES), (grid, GRID_CENTRES)])
def test_the_data_is_spread_as_widely_as_the_data(sample_data, centres, rng):
    points = sample_data(20_000, rng)
    assert spread_within(points, centres) == pytest.approx(1, abs=0.02)
    mode = centres[np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)]
    assert spread_within(mode + 0.5 * (points - mode), centres) == pytest.approx(0.51, abs=0.02)


def test_spread_is_around_the_samples_own_mean():
    """A single point has none, wherever in the mode it lies, and few samples count as many do."""
    aside = RING_CENTRES[[0, 0, 0, 3, 3]] + 2 * STD
    assert spread_within(aside - [0, STD], RING_CENTRES) == pytest.approx(0, abs=1e-5)
    rng = np.random.default_rng(0)
    pairs = RING_CENTRES[2] + 0.3 * STD * rng.standard_normal((2000, 2, 2))
    found = [spread_within(pair, RING_CENTRES) ** 2 for pair in pairs]
    assert np.sqrt(np.mean(found)) == pytest.approx(0.3 / 0.9744, abs=0.02)


def test_samples_outside_all_modes_have_no_spread():
    centres = RING_CENTRES[:3]
    assert math.isnan(spread_within(np.zeros((5, 2)), RING_CENTRES))
    assert math.isnan(spread_within(centres, RING_CENTRES))  # one in each: nothing to compare
    inside = np.concatenate([centres, centres + STD])
    with_others = np.concatenate([inside, [[0, 0], [9, 9], [2.2, 0]]])
    assert spread_within(with_others, RING_CENTRES) == spread_within(inside, RING_CENTRES)


@pytest.mark.parametrize(("modes", "quality", "word"), [
    (8, 0.9, "covers"), (4, 0.1, "covers"), (8, 0.09, "escaped"), (3, 0.5, "collapsed"),
    (1, 0.97, "collapsed"), (3, 0.49, "escaped"), (1, 0.0, "escaped"), (0, 0.0, "escaped")])
def test_the_outcome_depends_on_modes_and_quality(modes, quality, word):
    assert outcome(modes, quality, 8) == word
    assert outcome(modes / 2, quality, 4) == word

"""Nearest neighbours against a comparison of all pairs."""
import pytest

from demos.tools.nearest import nearest, neighbours
from tinygen.backend import np


@pytest.mark.parametrize("count", [1, 5, 50])
def test_neighbours_are_those_of_a_comparison_of_all_pairs(count, rng):
    queries, rows = rng.standard_normal((7, 3)), rng.standard_normal((50, 3))
    distance = ((queries[:, None] - rows) ** 2).sum(axis=2)
    found = neighbours(queries, rows, count, block=3)
    assert isinstance(found, np.ndarray)
    assert np.array_equal(found, distance.argsort(axis=1)[:, :count])


def test_nearest_finds_each_among_noise(rng):
    x = rng.random((1200, 1, 4, 4), dtype=np.float32)
    order = rng.permutation(1200)
    index, distance = nearest(x[order] + np.float32(0.01), x)
    assert np.array_equal(index, order)
    np.testing.assert_allclose(distance, 0.04, rtol=1e-3)  # sqrt(16 · 0.01²)


def test_shapes_and_counts_that_do_not_fit_are_refused(rng):
    x = rng.random((6, 1, 4, 4))
    with pytest.raises(ValueError, match="one shape, got .1, 4, 4. and .1, 3, 4."):
        nearest(x, x[:, :, 1:])
    with pytest.raises(ValueError, match="from 1 to the 6 rows, got 7"):
        neighbours(x, x, 7)

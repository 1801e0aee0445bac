"""The demo synthetic_roads: its error, and the options that it refuses."""
import pytest

from demos.gans import synthetic_roads
from tinygen.backend import np


def test_the_steering_error_is_in_units_of_curvature():
    true = np.array([-1.0, 0.0, 1.0])
    assert synthetic_roads.rmse(true + 0.25, true) == pytest.approx(0.25)
    assert synthetic_roads.rmse(np.zeros(3), true) == pytest.approx((2 / 3) ** 0.5)

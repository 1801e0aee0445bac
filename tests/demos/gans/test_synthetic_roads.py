"""The demo synthetic_roads: its error, and the options that it refuses."""
import pytest

from demos.gans import synthetic_roads
from tinygen.backend import np


def test_the_steering_error_is_in_units_of_curvature():
    true = np.array([-1.0, 0.0, 1.0])
    assert synthetic_roads.rmse(true + 0.25, true) == pytest.approx(0.25)
    assert synthetic_roads.rmse(np.zeros(3), true) == pytest.approx((2 / 3) ** 0.5)


@pytest.mark.parametrize("argv, words", [
    ("--scenes 20", "--scenes is from 64 to 5000; got 20"),
    ("--batch 2 --scenes 20", "--scenes is from 33 to 5000; got 20"),
    ("--batch 0", "--batch is above 0; got 0"),
    ("--network-steps 0", "--network-steps is above 0; got 0"),
    ("--latents 0", "latent_size must be an integer of at least 1")])
def test_bad_options_are_one_line(argv, words, refusal):
    assert words in refusal(synthetic_roads, argv)

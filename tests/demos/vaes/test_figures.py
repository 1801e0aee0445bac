"""What the figures of the VAE demos share."""
import pytest

from demos.vaes.parts.figures import prior_radius, spread_over_classes
from tinygen.backend import np


def test_images_are_chosen_from_all_classes(rng):
    y = rng.permutation(np.repeat(np.arange(10), 7))
    assert sorted(y[spread_over_classes(y, 10)]) == list(range(10))
    assert sorted(spread_over_classes(np.zeros(12, int), 12)) == list(range(12))


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_circle_holds_its_share_of_the_prior(share, rng):
    inside = np.hypot(*rng.standard_normal((2, 100_000))) < prior_radius(share)
    assert inside.mean() == pytest.approx(share, abs=0.01)

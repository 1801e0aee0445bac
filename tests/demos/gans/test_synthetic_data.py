"""The demo synthetic_data: copies are found, and bad options refused."""
import pytest

from demos.gans import synthetic_data


@pytest.mark.parametrize("kind", ["copied", "new"])
def test_copies_are_found_and_new_images_are_not(kind, rng):
    x_train, x_test, new = (rng.random((n, 1, 8, 8), dtype="float32") for n in (300, 100, 100))
    generated = x_train[:100] + 0.01 if kind == "copied" else new
    distances = synthetic_data.compare_distances(x_train, x_test, generated, rng)
    near = synthetic_data.near_distance(distances)
    assert (distances["new real"][2] < near).mean() == pytest.approx(synthetic_data.NEAR)
    assert (distances["copied"][2] < near).all()
    share = (distances["generated"][2] < near).mean()
    assert share == 1 if kind == "copied" else share < 0.2

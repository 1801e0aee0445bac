"""The anomaly demo: what its networks see, the colours of its figures, and what it refuses."""
import pytest

from demos.gans import anomaly
from demos.gans.parts.anomaly_figures import in_colour
from tinygen.backend import np
from tinygen.data import load_images


def test_the_networks_never_see_the_digit_held_out(tmp_path, monkeypatch):
    seen, data = [], load_images("digits")

    def train(run, digit, images):
        seen.append((digit, images))
        raise KeyboardInterrupt

    monkeypatch.setattr(anomaly, "train", train)
    assert anomaly.main(["--digits", "4", "--out", str(tmp_path)]) == 130
    (digit, images), = seen
    assert digit == 4 and np.array_equal(images, data.x_train[data.y_train != 4])


def test_strange_images_have_orange_ink_and_the_others_black(rng):
    x = np.ones((2, 1, 4, 4))
    shown = in_colour(x, np.array([True, False]))
    assert shown.shape == (2, 3, 4, 4)
    assert shown[0, :, 0, 0].tolist() == pytest.approx([0xD5 / 255, 0x5E / 255, 0])
    assert (shown[1] == 0).all()
    assert (in_colour(0 * x, np.array([True, False])) == 1).all()

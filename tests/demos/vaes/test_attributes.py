"""Thickness and slant as measured, and the directions found from them."""
import pytest

from demos.vaes import attributes
from demos.vaes.attributes import (
    ASKED,
    by_least_squares,
    by_means,
    correlation,
    response,
    slant,
    thickness,
    within_class,
)
from tinygen.backend import np


def stroke(width, shear=0.0, size=28, length=18):
    """A straight stroke, `shear` columns to the right for each row up, with grey edges."""
    row, column = np.mgrid[:size, :size] + 0.5
    away = abs(column - size / 2 - shear * (size / 2 - row)) / np.hypot(1, shear)
    ink = np.clip(width / 2 - away + 0.5, 0, 1) * (abs(row - size / 2) < length / 2)
    return ink[None, None].astype("float32")


@pytest.mark.parametrize("width", [2, 3, 4])
def test_thickness_is_the_width_of_a_stroke(width):
    assert thickness(stroke(width)) == pytest.approx(width * 18 / (18 + width), rel=0.1)


def test_thickness_does_not_see_how_dark_the_ink_is():
    assert thickness(0.4 * stroke(3)) == pytest.approx(thickness(stroke(3)))


@pytest.mark.parametrize("shear", [-0.5, 0.0, 0.3])
def test_slant_is_the_angle_of_a_stroke(shear):
    assert slant(stroke(2, shear))[0] == pytest.approx(np.degrees(np.arctan(shear)), abs=1.5)


def test_an_empty_image_has_attributes_too():
    blank = np.zeros((1, 1, 8, 8), "float32")
    assert thickness(blank) == 0 and slant(blank) == 0


def test_classes_lose_their_means(rng):
    values, y = rng.random((6, 2)), np.array([3, 3, 3, 8, 8, 8])
    centred = within_class(values, y)
    np.testing.assert_allclose(centred[:3].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(centred[3:], values[3:] - values[3:].mean(axis=0))
    assert values.min() >= 0  # and the argument is left alone


def entangled(rng, count=20_000):
    """Codes of 4 whose first two are correlated, and labels that read one of them each."""
    z = rng.standard_normal((count, 4))
    z[:, 1] += 0.8 * z[:, 0]
    return z, z[:, :2].copy()


def test_least_squares_moves_one_label_and_not_the_other(rng):
    z, a = entangled(rng)
    np.testing.assert_allclose(by_least_squares(z, a), np.eye(4)[:2], atol=1e-6)


def test_means_move_what_goes_along(rng):
    z, a = entangled(rng)
    np.testing.assert_allclose(by_means(z, a)[0], [1, 0.8, 0, 0], atol=0.05)


def test_response_and_correlation_of_a_linear_world(rng):
    slopes = np.array([[1.0, 0.2], [-0.3, 0.5]])
    change = np.broadcast_to(ASKED[None, :, None, None] * slopes[:, None, None], (2, 9, 7, 2))
    np.testing.assert_allclose(response(change), slopes, rtol=1e-5)
    assert correlation(change, 0) == pytest.approx(1)
    assert abs(correlation(rng.standard_normal((2, 9, 500, 2)), 1)) < 0.1


def test_codes_are_moved_as_far_as_asked_and_read_again(monkeypatch):
    """In a world where a code is the image, its attributes, and its digit too."""
    monkeypatch.setattr(attributes, "decode", lambda model, z: z)
    monkeypatch.setattr(attributes, "attributes", lambda z: z * [1, 10])
    monkeypatch.setattr(attributes, "probabilities", lambda judge, z: np.eye(2)[(z[:, 0] > 1) * 1])
    z, ways = np.array([[0.5, 3.0], [0.0, 7.0]]), np.array([[1.0, 0.0], [0.0, 2.0]])
    change, kept = attributes.apply_all(None, z, np.array([0, 0]), ways, None)
    np.testing.assert_allclose(change[0, :, 1], np.stack([ASKED, 0 * ASKED], axis=1), atol=1e-6)
    np.testing.assert_allclose(change[1, :, 0, 1], 20 * ASKED, atol=1e-6)
    assert kept[0, [0, 5, 6, 8]].tolist() == [1, 1, 0.5, 0] and (kept[1] == 1).all()
    assert attributes.reached(change, 0) == 4 and attributes.reached(change, 1) == 80


@pytest.mark.parametrize(("argv", "words"), [
    (["--latents", "0"], "latent_size"), (["--beta", "-1"], "beta"),
    (["--judge-steps", "0"], "--judge-steps")])
def test_bad_settings_are_one_line(argv, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        attributes.main([*argv, "--preset", "smoke", "--out", str(tmp_path)])
    message = capsys.readouterr().err
    assert stop.value.code == 2 and words in message and message.count("\n") == 1

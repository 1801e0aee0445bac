"""The demo attributes: directions from codes and labels, and what moving along them does."""
import pytest

from demos.vaes import attributes
from demos.vaes.attributes import ASKED, Effect, by_least_squares, by_means, within_class
from demos.vaes.parts.attributes_figures import plot_walk
from tinygen.backend import np


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


def test_means_move_whatever_is_correlated(rng):
    z, a = entangled(rng)
    np.testing.assert_allclose(by_means(z, a)[0], [1, 0.8, 0, 0], atol=0.05)


def test_response_and_correlation_of_a_linear_world(rng):
    slopes, spread = np.array([[1.0, 0.2], [-0.3, 0.5]]), np.array([2.0, 10.0])
    change = np.broadcast_to(ASKED[None, :, None, None] * slopes[:, None, None], (2, 9, 7, 2))
    effect = Effect(change * spread, None, None)
    np.testing.assert_allclose(effect.response(spread), slopes, rtol=1e-5)
    assert effect.correlation(0) == pytest.approx(1)
    assert abs(Effect(rng.standard_normal((2, 9, 500, 2)), None, None).correlation(1)) < 0.1


def test_codes_are_moved_as_far_as_asked_and_read_again(monkeypatch):
    """In a world where a code is its own image, with its attributes and its digit."""
    monkeypatch.setattr(attributes, "decode", lambda model, z: z)
    monkeypatch.setattr(attributes, "measure_attributes", lambda z: z * [1, 10])
    monkeypatch.setattr(attributes, "probabilities", lambda judge, z: np.eye(2)[(z[:, 0] > 1) * 1])
    monkeypatch.setattr(attributes, "darkness", lambda z: z[:, 1])
    z, ways = np.array([[0.5, 3.0], [0.0, 7.0]]), np.array([[1.0, 0.0], [0.0, 2.0]])
    effect = attributes.move(None, z, np.array([0, 0]), ways, None)
    change, kept = effect.change, effect.kept
    np.testing.assert_allclose(change[0, :, 1], np.stack([ASKED, 0 * ASKED], axis=1), atol=1e-6)
    np.testing.assert_allclose(change[1, :, 0, 1], 20 * ASKED, atol=1e-6)
    assert kept[0, [0, 5, 6, 8]].tolist() == [1, 1, 0.5, 0] and (kept[1] == 1).all()
    assert effect.reached(0) == 4 and effect.reached(1) == 80
    np.testing.assert_allclose(effect.darkness, [9 * [5], 5 + 2 * ASKED])


def test_the_walk_names_its_columns_and_nothing_is_cut(rng):
    images = rng.random((5, 1, 28, 28))
    figure = plot_walk(images, [images] * 9, ASKED, "thickness, pixels")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == ["image", "", "-2.0", "-1.5", "-1.0", "-0.5", "0", "+0.5", "+1.0", "+1.5",
                     "+2.0"]
    for text in (axes.xaxis.label, *axes.get_xticklabels()):
        corners = text.get_window_extent().get_points()
        assert (corners >= 0).all() and (corners <= figure.bbox.size).all()

"""Sheets of images: ink on paper, rows with labels; and matplotlib only where it is needed."""
import subprocess
import sys

import numpy as np
import pytest

from demos.common import figures


def test_tiles_are_ink_on_paper():
    sheet = figures.tile(np.ones((3, 1, 4, 5)), columns=2, gap=1)
    assert sheet.shape == (9, 11, 3)
    assert (sheet[:4, :5] == 0).all() and (sheet[4] == 1).all() and (sheet[5:, 6:] == 1).all()
    colour = np.random.default_rng(0).random((2, 3, 4, 4))
    assert np.array_equal(figures.tile(colour, columns=1, gap=0)[4:], colour[1].transpose(1, 2, 0))
    for wrong in [(3, 4, 4), (3, 2, 4, 4), (0, 1, 4, 4)]:
        with pytest.raises(ValueError, match="tile: images have shape"):
            figures.tile(np.zeros(wrong), columns=2)


def test_image_figures_have_labelled_rows():
    images = np.random.default_rng(0).random((10, 1, 28, 28))
    axes = figures.plot_image_rows({"original": images, "code 16": images[:4]}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["original", "code 16"]
    rows = {"one": images[:3, :, :4, :4], "two": images[:2, :, :4, :4]}
    small = figures.plot_image_rows(rows).axes[0]
    assert small.images[0].get_array().shape == (9, 16, 3)
    assert small.figure.get_size_inches()[1] > 0.8  # room for two labels


def test_chosen_images_get_a_frame_and_keep_their_inside(rng):
    ink, colour = rng.random((2, 1, 5, 4)), rng.random((2, 3, 5, 4))
    for images, expected in ((ink, 1 - ink.repeat(3, axis=1)), (colour, colour)):
        out = figures.framed(images, [False, True], "black")
        assert np.array_equal(out[0], expected[0])
        assert np.array_equal(out[1, :, 1:-1, 1:-1], expected[1, :, 1:-1, 1:-1])
        assert out[1].sum() == out[1, :, 1:-1, 1:-1].sum()  # the edge is black


@pytest.mark.parametrize("classes", [1, 10, 12])
def test_classes_are_named_at_their_centroids(classes, rng):
    y = np.arange(120) % classes
    points = rng.standard_normal((120, 2)) * 0.1 + np.array([0, 50]) + np.stack([y, y % 3], axis=1)
    axes = figures.new_figure()[1]
    figures.scatter_classes(axes, points, y)
    assert sum(len(dots.get_offsets()) for dots in axes.collections) == 120
    names = [text.get_text() for text in axes.texts]
    assert names == ([str(label) for label in range(classes)] if classes > 1 else [])
    for label, text in enumerate(axes.texts):
        np.testing.assert_allclose(text.get_position(), points[y == label].mean(axis=0))


def test_labels_that_would_overlap_move_apart_and_the_others_stay(rng):
    places = np.array([[0, 0], [0.01, 0], [0, 0.02], [5, 5]])
    moved = figures.moved_apart(places, 0.1)
    distance = np.linalg.norm(moved[:, None] - moved, axis=2)[np.triu_indices(4, 1)]
    assert distance.min() > 0.099 and np.abs(moved - places).max() < 0.1
    assert np.array_equal(moved[3], places[3])


# Colours in linear RGB as they look without red or without green receptors: Machado et al.,
# A physiologically-based model for simulation of color vision deficiency (2009), severity 1.
SEEN_BY = {"all": np.eye(3),
           "protanopes": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                          [-0.003882, -0.048116, 1.051998]],
           "deuteranopes": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                            [-0.011820, 0.042940, 0.968881]]}


def lab(linear):
    """Linear RGB -> CIELAB, in which a distance of 2 is just visible.  (N, 3) -> (N, 3)"""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722],
                       [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(linear, 0, 1) @ to_xyz.T / to_xyz.sum(axis=1)).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_the_colours_of_ten_classes_can_be_told_apart(eyes):
    rgb = np.array([[int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
                    for colour in figures.PALETTE])
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    colours = lab(linear @ np.transpose(SEEN_BY[eyes]))
    distance = np.linalg.norm(colours[:, None] - colours, axis=2)
    assert distance[np.triu_indices(10, 1)].min() > 15


def test_importing_the_helpers_leaves_matplotlib_alone():
    code = "import sys, demos.__main__, demos.common.run; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

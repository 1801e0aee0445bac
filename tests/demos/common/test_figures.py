"""Sheets of images: ink on paper, rows with labels; and matplotlib only where it is needed."""
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb

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


def test_image_figures_have_labelled_rows(tiny, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    images = np.random.default_rng(0).random((10, 1, 28, 28))
    axes = figures.plot_image_rows({"original": images, "code 16": images[:4]}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["original", "code 16"]
    rows = {"one": images[:3, :, :4, :4], "two": images[:2, :, :4, :4]}
    small = figures.plot_image_rows(rows).axes[0]
    assert small.images[0].get_array().shape == (9, 16, 3)
    assert small.figure.get_size_inches()[1] > 0.8  # room for two labels


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
    rgb = np.array([to_rgb(colour) for colour in figures.PALETTE])
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    colours = lab(linear @ np.transpose(SEEN_BY[eyes]))
    distance = np.linalg.norm(colours[:, None] - colours, axis=2)
    assert distance[np.triu_indices(10, 1)].min() > 15


def test_importing_the_helpers_leaves_matplotlib_alone():
    code = "import sys, demos.__main__, demos.common.run; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

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


def test_image_figures_have_labelled_rows(tiny, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    images = np.random.default_rng(0).random((10, 1, 28, 28))
    axes = figures.plot_image_rows({"original": images, "code 16": images[:4]}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["original", "code 16"]
    rows = {"one": images[:3, :, :4, :4], "two": images[:2, :, :4, :4]}
    small = figures.plot_image_rows(rows).axes[0]
    assert small.images[0].get_array().shape == (9, 16, 3)
    assert small.figure.get_size_inches()[1] > 0.8  # room for two labels


def test_importing_the_helpers_leaves_matplotlib_alone():
    code = "import sys, demos.__main__, demos.common.run; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

"""Thickness and slant, measured on strokes whose width and angle are known."""
import pytest

from demos.vaes.parts.handwriting import darkness, slant, thickness
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


def test_darkness_sees_how_dark_the_ink_is_and_not_how_much():
    assert darkness(stroke(4)) == pytest.approx(1) == darkness(stroke(6))
    assert darkness(0.4 * stroke(4)) == pytest.approx(0.4)


@pytest.mark.parametrize("shear", [-0.5, 0.0, 0.3])
def test_slant_is_the_angle_of_a_stroke(shear):
    assert slant(stroke(2, shear))[0] == pytest.approx(np.degrees(np.arctan(shear)), abs=1.5)


def test_an_empty_image_has_attributes_too():
    blank = np.zeros((1, 1, 8, 8), "float32")
    assert thickness(blank) == 0 and slant(blank) == 0

"""A drawing becomes an image as the data set's are."""
import time

import pytest

from demos.playground.drawing import Frame, length, strokes
from tinygen.backend import np
from tinygen.data.digits import centre_of_mass, draw_digits

HOOK = [[0.2, 0.3, 0.5, 0.1, 0.7, 0.4, 0.3, 0.9], [0.3, 0.9, 0.8, 0.8]]


@pytest.fixture(scope="module")
def frame():
    images = draw_digits(200, np.random.default_rng(0))[0] / np.float32(255)
    return Frame(images[:, None])


def longer_side(image):
    dark = image[0, 0] > 0.5
    return max(np.ptp(np.flatnonzero(dark.any(axis=axis))) + 1 for axis in (0, 1))


def test_the_frame_of_the_drawn_digits_is_mnists(frame):
    assert abs(frame.box - 20) <= 1
    np.testing.assert_allclose(frame.centre, 14, atol=0.05)


@pytest.mark.parametrize("pen", [0.6, 1.2, 2.5])
def test_a_drawing_fills_the_box_and_is_centred(frame, pen):
    image = frame.trace(strokes(HOOK), pen)
    assert image.shape == (1, 1, 28, 28) and image.dtype == np.float32
    assert 0 <= image.min() and image.max() == 1
    assert abs(longer_side(image) - frame.box) <= 1
    np.testing.assert_allclose(centre_of_mass(image[0])[0], frame.centre, atol=0.1)


def test_where_and_how_large_it_was_drawn_makes_no_difference_unless_it_should(frame):
    small = [[0.1 + 0.3 * x for x in stroke] for stroke in HOOK]
    one, other = (frame.trace(strokes(each), 1.2) for each in (HOOK, small))
    np.testing.assert_allclose(one, other, atol=0.35)  # points lie elsewhere along the path
    assert abs(one - other).mean() < 0.01
    left = frame.trace(strokes(small), 1.2, centred=False)
    assert longer_side(left) < 10 and (left[0, 0, 16:] == 0).all()


def test_nothing_a_dot_and_a_scribble(frame):
    assert not frame.trace([], 1.2).any()
    dot = frame.trace(strokes([[0.9, 0.1]]), 1.5)
    assert 4 < dot.sum() < 12 and dot[0, 0, 14, 14] == 1
    assert frame.trace(strokes([[0.1, 0.5, 0.9, 0.5]]), 1.2)[0, 0, 14].sum() > 18
    points = np.random.default_rng(0).random((60, 2000)).tolist()
    started = time.process_time()
    assert (frame.trace(strokes(points), 0.4)[0, 0, 8:20, 8:20] > 0.5).all()
    assert time.process_time() - started < 2


def test_strokes_are_pairs(frame):
    with pytest.raises(ValueError, match="an even count"):
        strokes([[0.1, 0.2, 0.3]])
    assert length(strokes([[0, 0, 1, 0, 1, 1]])[0]) == 2

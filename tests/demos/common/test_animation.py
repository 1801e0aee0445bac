"""Animations of the demos: what the GIF shows, how long, how large it is, what is refused."""
import io

import pytest

from demos.common.animation import write_gif
from demos.common.figures import new_figure, tile
from demos.common.run import demo
from tests.helpers import read_result
from tinygen.backend import np


def gif_of(frames, **settings):
    """The frames as Pillow reads them back: uint8 arrays, and the milliseconds of each."""
    from PIL import Image
    file = io.BytesIO()
    write_gif(file, frames, **settings)
    image = Image.open(file)
    pictures, milliseconds = [], []
    for index in range(image.n_frames):
        image.seek(index)
        pictures.append(np.asarray(image.convert("RGB")))
        milliseconds.append(image.info["duration"])
    return pictures, milliseconds, image


def growing(count, size=12):
    """A black square on white, larger in each frame."""
    frames = np.ones((count, size, size, 3))
    for index, frame in enumerate(frames):
        frame[:index + 1, :index + 1] = 0
    return list(frames)


def test_frames_come_back_as_they_were_and_the_last_one_stays():
    frames = growing(5)
    pictures, milliseconds, image = gif_of(frames, seconds=0.2)
    assert np.array_equal(pictures, np.stack(frames) * 255)
    assert milliseconds == [200, 200, 200, 200, 1500] and image.info["loop"] == 0


def test_pixels_are_enlarged_to_squares():
    frames = growing(3)
    pictures, _, _ = gif_of(frames, enlarge=3)
    assert np.array_equal(pictures[1], frames[1].repeat(3, axis=0).repeat(3, axis=1) * 255)


def test_a_palette_shared_by_all_frames_keeps_colours_near_and_white_exact(rng):
    frames = [tile(rng.random((4, 3, 8, 8)) * [[[[1]], [[0.2]], [[step / 9]]]], 2)
              for step in range(10)]
    pictures, _, _ = gif_of(frames)
    difference = np.abs(np.array(pictures) - np.stack(frames) * 255)
    assert difference.mean() < 8 and (np.array(pictures)[:, 8] == 255).all()  # the gap


def test_figures_are_plotted_one_by_one_and_closed():
    import matplotlib.pyplot as plt
    still_open = []

    def plot_bars():
        for height in (1, 2, 3):
            still_open.append(len(plt.get_fignums()))
            figure, axes = new_figure(width=3, height=2)
            axes.bar([0], [height])
            axes.set_ylim(0, 3)
            yield figure

    plt.close("all")
    pictures, _, _ = gif_of(plot_bars())
    assert still_open == [0, 0, 0] and not plt.get_fignums()
    assert [picture.shape for picture in pictures] == [(200, 300, 3)] * 3
    ink = [(picture < 200).any(axis=2).sum() for picture in pictures]
    assert ink[0] < ink[1] < ink[2]


def test_sixty_frames_of_moving_points_stay_small(rng):
    frames, points = np.ones((60, 400, 400, 3)), rng.uniform(20, 380, (500, 2))
    for frame in frames:
        points = (points + rng.normal(0, 2, points.shape)).clip(2, 397)
        for x, y in points.astype(int):
            frame[y - 1:y + 2, x - 1:x + 2] = (0, 0.45, 0.7)
    file = io.BytesIO()
    write_gif(file, frames)
    assert file.tell() < 500_000


def test_sixty_frames_of_digits_stay_small():
    frames, images = [], np.zeros((36, 1, 28, 28))
    for step in range(60):  # strokes that fade in, each for itself
        images[:, 0, 4:24, 10:14] = step / 60 * np.linspace(0.5, 1, 36)[:, None, None]
        frames.append(tile(images, 6))
    file = io.BytesIO()
    write_gif(file, frames, enlarge=2)
    assert file.tell() < 500_000


SQUARE = np.zeros((4, 4, 3))


@pytest.mark.parametrize("frames, settings, why", [
    ([], {}, "there are no frames; give at least one"),
    ([SQUARE, np.zeros((4, 5, 3))], {}, "one size; got 4 x 4, 5 x 4"),
    ([SQUARE[0]], {}, r"\(height, width, 3\).*got shape \(4, 3\)"),
    ([np.zeros((4, 4, 1))], {}, r"got shape \(4, 4, 1\)"),
    ([np.zeros((0, 4, 3))], {}, r"got shape \(0, 4, 3\)"),
    ([SQUARE], {"seconds": 0}, "at least 0.02.*got 0"),
    ([SQUARE], {"enlarge": 0}, "a whole number from 1; got 0"),
    ([SQUARE], {"enlarge": 1.5}, "a whole number from 1; got 1.5"),
])
def test_bad_frames_and_settings_are_refused(frames, settings, why):
    with pytest.raises(ValueError, match=f"save_animation: .*{why}"):
        write_gif(io.BytesIO(), frames, **settings)


def test_a_run_lists_its_animation_and_the_page_shows_it(tmp_path):
    frames = growing(3)

    @demo({"smoke": {}, "default": {}})
    def main(run):
        run.save_animation(frames, "growth", "How it grows.", enlarge=2)

    assert main(["--out", str(tmp_path)]) == 0
    assert read_result(tmp_path)["figures"] == [{"file": "growth.gif", "caption": "How it grows."}]
    assert "data:image/gif;base64," in (tmp_path / "index.html").read_text(encoding="utf-8")

    frames.append(SQUARE)  # a frame that fails leaves the earlier file whole, and nothing beside it
    before = (tmp_path / "growth.gif").read_bytes()
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path)])
    assert (tmp_path / "growth.gif").read_bytes() == before
    assert {path.suffix for path in tmp_path.iterdir()} == {".gif", ".json", ".html"}

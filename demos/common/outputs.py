"""What a run leaves: figures, animations, sounds and texts in its folder, and measured values."""
from contextlib import contextmanager

from demos.common.animation import write_gif
from demos.common.results import judged_row
from tinygen.files import replacing


class Outputs:
    """The part of a run that saves and measures.

    out: the folder for files. long_enough: whether the run is long enough to be judged.
    """

    def __init__(self, out, long_enough):
        self.out, self._long_enough = out, long_enough
        self._metrics, self._figures = [], []

    def save_figure(self, figure, name, caption):
        """Write `figure` to the output folder as `name`.png, to be shown with `caption`."""
        with self._new_file(f"{name}.png", caption) as file:
            figure.savefig(file, format="png")

    def save_animation(self, frames, name, caption, *, seconds=0.1, enlarge=1):
        """Write `frames` to the output folder as `name`.gif, to be shown with `caption`.

        frames: arrays (height, width, 3) with values from 0 to 1, such as `tile` makes, or figures,
        all of one size; a generator may make each when its turn comes. Each is shown for `seconds`,
        the last one longer. enlarge: the side of the square that a pixel becomes.
        """
        with self._new_file(f"{name}.gif", caption) as file:
            write_gif(file, frames, seconds, enlarge)

    def save_sound(self, data, name, caption):
        """Write `data`, the bytes of a WAV file, to the output folder as `name`.wav."""
        with self._new_file(f"{name}.wav", caption) as file:
            file.write(data)

    def save_text(self, text, name, caption):
        """Write `text` to the output folder as `name`.txt, to be shown with `caption`."""
        with self._new_file(f"{name}.txt", caption) as file:
            file.write(text.encode())

    @contextmanager
    def _new_file(self, name, caption):
        """A file of the output folder to write to; once complete, it is listed in the result."""
        with replacing(self.out / name) as file:
            yield file
        self._figures.append({"file": name, "caption": caption})

    def measure(self, metric, value, *, at_most=None, at_least=None, baseline=None):
        """Add a measured value to the result, and judge it by the limits, if any.

        baseline: (name, value) to compare it with. Smoke runs, and runs of fewer steps than their
        preset's, are too short to be judged.
        """
        self._metrics.append(judged_row(metric, value, at_least, at_most, baseline,
                                        self._long_enough))

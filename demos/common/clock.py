"""How long a run will take: at first by earlier runs and this machine's speed, then by its own.

times.json holds what each demo took on the reference machine; demos/common/times.py measures it.
"""
import functools
import json
import time
from pathlib import Path

from demos.common.progress import WARM_UP, duration
from tinygen.backend import np

TIMES = Path(__file__).with_name("times.json")

# A product of two matrices of 512 x 512, in milliseconds on the reference machine: two cores of a
# server.
REFERENCE_PRODUCT = 0.7


def reference_times(demo, preset):
    """The seconds of a run on the reference machine: {"loops": of each loop, "rest": of the rest}.

    None for a preset that was never timed.
    """
    return json.loads(TIMES.read_text(encoding="utf-8")).get(demo, {}).get(preset)


def reference_seconds(demo, preset):
    """The seconds of a whole run on the reference machine; 0 if it was never timed."""
    times = reference_times(demo, preset)
    return sum(times["loops"]) + times["rest"] if times else 0


@functools.cache
def slowness():
    """This machine's time over the reference machine's, from 0.1 s of matrix products."""
    x = np.ones((512, 512), dtype=np.float32)
    best, deadline = float("inf"), time.perf_counter() + 0.1
    while time.perf_counter() < deadline:
        start = time.perf_counter()
        x @ x
        best = min(best, time.perf_counter() - start)
    return 1000 * best / REFERENCE_PRODUCT


class Clock:
    """The time that a run has taken and will take.

    times: as reference_times gives them for the preset. work: how much there is to do in each loop,
    in any unit; usual: the same with the preset's own settings. Without times, the clock knows how
    long the run takes once its first steps are done.
    """

    def __init__(self, times, work, usual):
        self.known, self.count, self.number = times is not None, len(work), 0
        self._ahead, self._rest = list(work), 0.0  # seconds expected in each loop, and elsewhere
        if times and len(work) == len(times["loops"]):
            self._ahead = [slowness() * seconds * now / then
                           for seconds, now, then in zip(times["loops"], work, usual)]
        elif times:  # more loops or fewer than usual
            self._ahead = [slowness() * sum(times["loops"]) * now / sum(usual) for now in work]
        if times:
            self._rest = slowness() * times["rest"]
        self.total = sum(self._ahead) + self._rest
        self.loops = []  # seconds taken by each loop
        self._done = self._here = 0.0  # seconds expected in the loops before, and in this one
        self._started = self._began = time.monotonic()

    def begin(self, share=1.0):
        """The next loop begins, of which `share` is still to do."""
        self._done += self._here
        self._here = share * self._ahead.pop(0) if self._ahead else 0.0
        self.number += 1
        self._began = time.monotonic()
        self.loops.append(0.0)

    def left(self, fresh, remaining):
        """Seconds to the end of the run, after `fresh` steps of this loop and before `remaining`.

        None if nobody can know yet.
        """
        if not self.known and fresh < WARM_UP:
            return None
        now = time.monotonic()
        self.loops[-1] = now - self._began
        done = self._here * fresh / (fresh + remaining)
        # The pace so far, real over expected seconds, as if what is ahead took what is expected.
        ahead = self._here - done + sum(self._ahead) if self.known else 0.0
        expected = self._done + done + ahead
        pace = (sum(self.loops) + ahead) / expected if expected else 1.0
        here = (self.loops[-1] / fresh * remaining if fresh >= WARM_UP
                else pace * (self._here - done))
        outside = now - self._started - sum(self.loops)
        return here + pace * sum(self._ahead) + max(0.0, pace * self._rest - outside)

    def announcement(self, taken, own):
        """How long the run takes, in a sentence, or "" if there is nothing to say.

        taken: the seconds that it took before it was stopped. own: whether the settings are the
        preset's own, which the times were taken with.
        """
        loops = f"{self.count} loop{'s' * (self.count > 1)}, then the figures"
        if not self.known:
            return f"How long it takes, its first steps will tell: {loops}." if self.count else ""
        text = f"about {duration(self.total)} in all"
        if taken:
            text = f"about {duration(max(0, self.total - taken))} more, of {text[6:]}"
        if not own:
            text += ", judged by the preset's own settings"
        return text[0].upper() + text[1:] + (f": {loops}." if self.count else ".")

"""How far a loop is and how long it will take: a live line on a terminal, else a line per 10 %."""
import shutil
import sys
import time

WARM_UP = 3  # steps: the first ones fill caches, so an estimate from them would be too long
BAR = 10  # characters


def duration(seconds):
    """Seconds in words: 0.4 s, 12 s, 3 min 5 s, 2 h 10 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def replace_unprintable():
    """Print "?" for characters that the console lacks, instead of ending the run."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")


class Progress:
    """Shows a loop of `total` steps, of which an earlier run did the `first`.

    Each line begins with the time left of the whole run, as `clock` tells it.
    """

    def __init__(self, label, first, total, clock):
        self.first, self.total, self.clock = first, total, clock
        self.label = f"[{clock.number}/{clock.count}] {label}" if clock.count > 1 else label
        self.live = sys.stdout.isatty()
        self.started, self.shown = time.monotonic(), 0.0

    def show(self, done, metrics):
        """After `done` steps: the live line, at most ten times a second, or a line at each 10 %."""
        now, finished = time.monotonic(), done == self.total
        if self.live and (finished or now - self.shown > 0.1):
            self.shown = now
            filled = BAR * done // self.total
            self._write_line(self._line(done, metrics, f"[{'#' * filled:.<{BAR}}]"))
            print(end="\n" if finished else "", flush=True)
        elif not self.live:
            tenth = 10 * done // self.total > 10 * (done - 1) // self.total
            early = not self.shown and done - self.first >= WARM_UP and now - self.started > 0.5
            if tenth or early:
                self.shown = now
                print(self._line(done, metrics, f"{100 * done // self.total:3d} %"), flush=True)

    def clear(self):
        """Wipe the live line, so that something else can be printed."""
        if self.live:
            self._write_line("")
            print(end="\r")

    def _line(self, done, metrics, share):
        left = self.clock.left(done - self.first, self.total - done)
        left = "timing" if left is None else f"{duration(left)} left"
        values = [f"{name} {value:.4g}" for name, value in metrics.items()]
        if done == self.total:
            values.append(f"took {duration(time.monotonic() - self.started)}")
        width = len(str(self.total))
        return "  ".join([f"{left:<16}", self.label, f"{done:{width}}/{self.total}", share,
                          *values])

    def _write_line(self, text):
        columns = shutil.get_terminal_size().columns - 1
        print("\r" + text[:columns].ljust(columns), end="", flush=True)

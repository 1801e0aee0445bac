"""The tour: the table of gradients, then one demo after another, and one page that shows it all."""
import io
import sys
import time
import traceback
from contextlib import redirect_stdout
from pathlib import Path

from demos.common.catalogue import load_main
from demos.common.progress import duration
from demos.common.report import write_tour_page
from tinygen.backend import np

# What the tour runs, in this order: demo -> (preset, seconds on the reference machine).
TOUR = {
    "autoencoder": ("tour", 48),
    "unpooling": ("default", 3),
    "vae": ("tour", 20),
    "gan_ring": ("tour", 20),
    "gan_digits": ("tour", 30),
    "music": ("default", 7),
    "attention": ("default", 4),
    "bigram": ("default", 9),
    "gpt": ("tour", 45),
}
GRADIENTS_SECONDS = 3
SMOKE_SECONDS = 5
STOPPED = 130  # exit status after Ctrl-C

# What `slowness` times, in milliseconds on the reference machine: two cores of a server.
REFERENCE_MATMUL, REFERENCE_TANH = 0.7, 0.09


def run_tour(plan, titles, out):
    """Run the gradient table and then the demos of `plan`, and write the page -> exit status.

    plan: demo -> (preset, seconds on the reference machine). titles: demo -> what it is about.
    """
    scale = slowness()
    total = GRADIENTS_SECONDS + sum(seconds for _, seconds in plan.values())
    print(f"The tour: the gradients, then {', '.join(plan)}.")
    print(f"It takes about {duration(scale * total)} on this machine. Ctrl-C ends it early.\n")

    started, left, runs = time.monotonic(), total - GRADIENTS_SECONDS, []
    print(f"[1/{len(plan) + 1}] gradients")
    gradients = check_gradients()
    statuses = [gradients[0]]
    for number, (name, (preset, seconds)) in enumerate(plan.items(), start=2):
        if statuses[-1] == STOPPED:
            break
        scale = (time.monotonic() - started + scale * left) / total  # what ran so far corrects it
        print(f"\n[{number}/{len(plan) + 1}] {name}: {titles[name]}  "
              f"(about {duration(scale * seconds)}; {duration(scale * left)} to go)")
        folder = out / "tour" / name  # apart from out/name, what you trained yourself
        Path(folder, "checkpoint.npz").unlink(missing_ok=True)  # of a tour that was stopped
        status, error = run_demo(name, ["--preset", preset, "--out", str(folder)])
        statuses.append(status)
        runs.append((name, titles[name], folder, error))
        left -= seconds

    note = "It was stopped early." if STOPPED in statuses else ""
    write_tour_page(out / "index.html", gradients, runs, time.monotonic() - started, note)
    print(f"\nThe tour took {duration(time.monotonic() - started)}. {note}")
    for name, _, _, error in runs:
        print(f"  {name}: {error.strip().splitlines()[-1] if error else 'done'}")
    print(f"All figures and results on one page: {(out / 'index.html').resolve().as_uri()}")
    return max(statuses)


def slowness():
    """This machine's time over the reference machine's, from 0.2 s of typical work."""
    x = np.ones((512, 512), dtype=np.float32)
    ratios = []
    for work, reference in ((lambda: x @ x, REFERENCE_MATMUL),
                            (lambda: np.tanh(x), REFERENCE_TANH)):
        best, deadline = float("inf"), time.perf_counter() + 0.1
        while time.perf_counter() < deadline:
            start = time.perf_counter()
            work()
            best = min(best, time.perf_counter() - start)
        ratios.append(1000 * best / reference)
    return float(np.sqrt(ratios[0] * ratios[1]))


class Echo(io.StringIO):
    """Prints what is written to it, and keeps a copy."""

    def __init__(self):
        super().__init__()
        self.terminal = sys.stdout

    def write(self, text):
        self.terminal.write(text)
        self.terminal.flush()
        return super().write(text)


def check_gradients():
    """Print the table of gradients -> exit status, its text."""
    from tinygen.check.__main__ import main as check  # here: only the tour needs its cases

    with redirect_stdout(Echo()) as echo:
        try:
            return check([]), echo.getvalue()
        except KeyboardInterrupt:
            return STOPPED, echo.getvalue()


def run_demo(name, argv):
    """Run one demo -> exit status, what went wrong."""
    try:
        status = load_main(name)(argv)
    except SystemExit as end:
        status = end.code
    except KeyboardInterrupt:
        status = STOPPED
    except BrokenPipeError:
        raise  # nobody reads on
    except Exception:
        traceback.print_exc()
        return 1, traceback.format_exc()
    if status == STOPPED:
        return status, "It was stopped."
    return status, f"It ended with exit status {status}." if status else ""

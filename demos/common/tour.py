"""The tour: the table of gradients, then one demo after another, and one page that shows it all."""
import io
import sys
import time
import traceback
from contextlib import redirect_stdout
from pathlib import Path

from demos.common.catalogue import load_main
from demos.common.clock import reference_seconds, slowness
from demos.common.progress import duration
from demos.common.report import write_tour_page
from demos.common.results import FAIL, read_result, strict_summary

# What the tour runs, in this order: demo -> preset.
TOUR = {"autoencoder": "tour", "unpooling": "default", "vae": "tour", "gan_ring": "tour",
        "gan_digits": "tour", "music": "default", "attention": "default", "bigram": "default",
        "gpt": "tour", "step_backward": "tour", "signal": "default", "museum": "tour"}
GRADIENTS_SECONDS = 3  # on the reference machine
STOPPED = 130  # exit status after Ctrl-C


def run_tour(plan, titles, out, strict=False):
    """Run the gradient table and then the demos of `plan`, and write the page -> exit status.

    plan: demo -> preset. titles: demo -> what it is about. strict: also print what all of them
    claimed and measured; the exit status is then 1 where a limit was missed.
    """
    scale = slowness()
    expected = {name: reference_seconds(name, preset) for name, preset in plan.items()}
    total = GRADIENTS_SECONDS + sum(expected.values())
    print(f"The tour: the gradients, then {', '.join(plan)}.")
    print(f"It takes about {duration(scale * total)} on this machine. Ctrl-C ends it early.\n")

    started, left, runs = time.monotonic(), total - GRADIENTS_SECONDS, []
    print(f"[1/{len(plan) + 1}] gradients")
    gradients = check_gradients()
    statuses = [gradients[0]]
    for number, (name, preset) in enumerate(plan.items(), start=2):
        if statuses[-1] == STOPPED:
            break
        scale = (time.monotonic() - started + scale * left) / total  # what ran so far corrects it
        print(f"\n[{number}/{len(plan) + 1}] {name}: {titles[name]}  "
              f"({duration(scale * left)} to go)")
        folder = out / "tour" / name  # apart from out/name, what you trained yourself
        Path(folder, "checkpoint.npz").unlink(missing_ok=True)  # of a tour that was stopped
        status, error = run_demo(name, ["--preset", preset, "--out", str(folder)])
        statuses.append(status)
        runs.append((name, titles[name], folder, error))
        left -= expected[name]

    note = "It was stopped early." if STOPPED in statuses else ""
    write_tour_page(out / "index.html", gradients, runs, time.monotonic() - started, note)
    print(f"\nThe tour took {duration(time.monotonic() - started)}. {note}")
    for name, _, _, error in runs:
        print(f"  {name}: {error.strip().splitlines()[-1] if error else 'done'}")
    print(f"All figures and results on one page: {(out / 'index.html').resolve().as_uri()}")
    if strict:
        results = [read_result(folder) for _, _, folder, error in runs if not error]
        errors = ["gradients"] * (statuses[0] != 0) + [name for name, _, _, error in runs if error]
        print(strict_summary(results, errors))
        statuses.append(int(any(result["verdict"] == FAIL for result in results)))
    return max(statuses)


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

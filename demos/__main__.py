"""Run the demos: all of the tour, or one by name.

    python -m demos                  the tour: gradients, then one or more demos of each family
    python -m demos NAME             one demo
    python -m demos NAME --help      its settings
    python -m demos --list           all demos, by family
    python -m demos exercises        the classroom: write the engine's parts yourself
"""
import argparse
import ast
import difflib
import importlib
import io
import sys
import time
import traceback
from contextlib import redirect_stdout
from pathlib import Path

import demos
from demos.common.options import Parser, make_writable
from demos.common.progress import duration, replace_unprintable
from demos.common.report import write_page
from tinygen.backend import np

FAMILIES = "autoencoders", "vaes", "gans", "language", "speed"  # in the order to read them

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


def find_demos():
    """family -> {demo: first line of its docstring}; none is imported."""
    return {family: {path.stem: title(path) for folder in demos.__path__
                     for path in sorted(Path(folder, family).glob("[!_]*.py"))}
            for family in FAMILIES}


def title(path):
    """First line of a Python file's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def listing(families):
    """The families and their demos, as text."""
    width = max((len(name) for names in families.values() for name in names), default=0)
    lines = []
    for family, names in families.items():
        lines += ["", family, *(f"  {name:<{width}}  {text}" for name, text in names.items())]
    return "\n".join(lines[1:])


def command_of(name):
    """The function main(argv) of a demo."""
    family = next(family for family, names in find_demos().items() if name in names)
    return importlib.import_module(f"demos.{family}.{name}").main


def slowness():
    """How many times the reference machine's time this one takes, from 0.2 s of typical work."""
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
    """Prints what is written to it, and keeps it."""

    def __init__(self):
        super().__init__()
        self.terminal = sys.stdout

    def write(self, text):
        self.terminal.write(text)
        self.terminal.flush()
        return super().write(text)


def check_gradients():
    """Print the table of gradients -> exit status, its text."""
    from tinygen.check.__main__ import main as check

    with redirect_stdout(Echo()) as echo:
        try:
            return check([]), echo.getvalue()
        except KeyboardInterrupt:
            return STOPPED, echo.getvalue()


def run_demo(name, argv):
    """Run one demo -> exit status, what went wrong."""
    try:
        status = command_of(name)(argv)
    except SystemExit as end:
        status = end.code
    except KeyboardInterrupt:
        status = STOPPED
    except Exception:
        traceback.print_exc()
        return 1, traceback.format_exc()
    if status == STOPPED:
        return status, "It was stopped."
    return status, f"It ended with status {status}." if status else ""


def tour(plan, titles, out):
    """Run the gradient table and then the demos of `plan`, and write the page -> exit status.

    plan: demo -> (preset, seconds on the reference machine).
    """
    scale = slowness()
    total = GRADIENTS_SECONDS + sum(seconds for _, seconds in plan.values())
    print(f"The tour: the gradients, then {', '.join(plan) or 'no demo'}.")
    print(f"It takes about {duration(scale * total)} on this machine. Ctrl-C ends it early.\n")

    started, left, statuses, runs = time.monotonic(), total - GRADIENTS_SECONDS, [], []
    print(f"[1/{len(plan) + 1}] gradients")
    gradients = check_gradients()
    statuses.append(gradients[0])
    for number, (name, (preset, seconds)) in enumerate(plan.items(), start=2):
        if statuses[-1] == STOPPED:
            break
        scale = (time.monotonic() - started + scale * left) / total  # what ran so far corrects it
        print(f"\n[{number}/{len(plan) + 1}] {name}: {titles[name]}  "
              f"(about {duration(scale * seconds)}; {duration(scale * left)} to go)")
        folder = out / name
        status, error = run_demo(name, ["--preset", preset, "--out", str(folder)])
        statuses.append(status)
        runs.append((name, titles[name], folder, error))
        left -= seconds

    note = "It was stopped before its end." if STOPPED in statuses else ""
    write_page(out / "index.html", gradients, runs, time.monotonic() - started, note)
    print(f"\nThe tour took {duration(time.monotonic() - started)}. {note}")
    for name, _, _, error in runs:
        print(f"  {name}: {error.strip().splitlines()[-1] if error else 'done'}")
    print(f"All figures and results on one page: {(out / 'index.html').resolve().as_uri()}")
    return max(statuses)


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["exercises"]:
        return importlib.import_module("demos.exercises.__main__").main(argv[1:])
    replace_unprintable()
    families = find_demos()
    titles = {name: text for names in families.values() for name, text in names.items()}
    parser = Parser(prog="python -m demos", description=__doc__, epilog=listing(families),
                    allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", metavar="NAME [OPTIONS]", help="run this demo only")
    parser.add_argument("--list", action="store_true", help="list the demos by family")
    parser.add_argument("--smoke", action="store_true", help="run all demos, a few seconds each")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the results")
    if argv and argv[0] in titles:
        return command_of(argv[0])(argv[1:])
    options = parser.parse_args(argv)
    if options.name:
        close = difflib.get_close_matches(options.name, titles, n=1, cutoff=0.4)
        fix = f"did you mean {close[0]}?" if close else f"there are {', '.join(titles) or 'none'}"
        parser.error(f"no demo is called {options.name!r}: {fix}")

    if options.list:
        print(listing(families))
        return 0
    try:
        make_writable(options.out)
    except ValueError as error:
        parser.error(str(error))
    return tour({name: ("smoke", SMOKE_SECONDS) for name in titles} if options.smoke else TOUR,
                titles, options.out)


if __name__ == "__main__":
    sys.exit(main())

"""Milliseconds and memory of a training step, beside PyTorch's where it is installed.

Each network takes the same steps in both libraries: the same weights, the same batch, forward,
backward and Adam, on one thread and on all. The DCGAN's step is one of the critic and one of the
generator. The last row is not training: the network above it writes 200 tokens, with a cache of
keys and values. The libraries take turns, so that whatever else the computer does slows both alike;
each has processes of its own, so that neither shares the other's memory. A step is judged three
times: against PyTorch, run eagerly; against its own matrix products, which no library can avoid,
timed alone in the same turns; and by what the further threads bring.

    python -m demos benchmark                            3 min on two cores
    python -m demos benchmark --networks "DCGAN,small GPT"
"""
import importlib.util
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from demos.common.figures import PALETTE, new_figure
from demos.common.options import check_not_negative, check_positive
from demos.common.run import demo
from demos.speed.parts.networks import NETWORKS
from demos.speed.parts.worker import Worker

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
PRESETS = {
    "smoke": dict(rounds=1, seconds=0.0, networks="tiny MLP,dense AE,DCGAN,small GPT"),
    "default": dict(rounds=9, seconds=0.4, threads=CORES, networks="all"),
    "long": dict(rounds=40, seconds=1.0),
}
# The goals that this engine was built for: a step's time and memory, relative to PyTorch's on as
# many threads, and what the second thread brings a convolutional network.
TIME_GOALS = {"dense AE": 0.65, "conv network": 0.85, "conv VAE": 0.85, "DCGAN": 1.0,
              "tiny MLP": 0.6, "small GPT": 0.65, "10.8M GPT": 0.55, "200 tokens": 0.4}
MEMORY_GOAL = 1.2
GAIN_GOAL, CONVOLUTIONAL = 1.6, ("conv network", "conv VAE", "DCGAN")
IMPORT_GOAL = 0.15  # seconds that `import tinygen` takes beyond NumPy's own import
HANDICAPS = {
    "OPENBLAS_CORETYPE": "NumPy's products use another processor's kernels, maybe at half speed",
    "OPENBLAS_L2_SIZE": "NumPy's products are cut for another cache than this processor's",
}


@dataclass
class Row:
    """A network's line of the table. None stands for what could not be measured.

    ms, torch_ms: {threads: milliseconds a step}. ratio: {threads: a step's time relative to
    PyTorch's}. floor: milliseconds of its products alone, on all threads. memory: MiB.
    """
    ms: dict
    floor: float
    memory: float | None
    torch_ms: dict
    ratio: dict
    torch_memory: float | None

    @property
    def gain(self):
        """How many times faster the further threads make it."""
        return self.ms[1] / self.ms[max(self.ms)]


@demo(PRESETS)
def main(run):
    cfg = run.settings
    check_positive(cfg, "rounds", "threads")
    check_not_negative(cfg, "seconds")
    networks = selected(cfg.networks)
    libraries = ["tinygen"] + ["torch"] * (importlib.util.find_spec("torch") is not None)
    for name, harm in HANDICAPS.items():
        if name in os.environ:
            run.print(f"Warning: {name}={os.environ[name]} is set: {harm}. For times that count: "
                      f"env -u {name} python -m demos benchmark")
    for line in heading(cfg.threads, libraries):
        run.print(line)

    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for network in networks:
            results = compare(network, libraries, cfg, str(Path(folder, "weights.npy")))
            rows[network] = row = table_row(results)
            measure(run, network, row)
            run.print(line_of(network, row))
    seconds = import_seconds()
    run.print(f"import tinygen: {seconds:.3f} s beyond NumPy's own")
    run.measure("import tinygen: s beyond NumPy's own", seconds, at_most=IMPORT_GOAL)
    show(run, rows)


# ---- measuring ----

def compare(network, libraries, cfg, weights):
    """Run a network -> {"ms": {(library, threads): [...]}, "floor": [...], "MiB": {library: peak}}.

    Milliseconds are medians, one of each round.
    """
    sides = [(library, threads) for threads in sorted({1, cfg.threads}) for library in libraries]
    with ExitStack() as stack:
        workers = {side: stack.enter_context(Worker(*side)) for side in sides}
        losses, slowest = [], 0
        for worker in workers.values():
            worker.ask("build", network, weights)
            times, loss = worker.ask("steps", 3)
            losses.append(loss)
            slowest = max(slowest, min(times))
        if max(losses) - min(losses) > 1e-4 * max(losses):
            raise RuntimeError(f"{network}: the libraries should train the same network, but after "
                               f"three steps their losses are {losses}")
        count = max(1, round(1000 * cfg.seconds / slowest))  # steps of either in a round
        ms, floor = {side: [] for side in sides}, []
        for _ in range(cfg.rounds):
            for side, worker in workers.items():
                times, _ = worker.ask("steps", count)
                ms[side].append(median(times))
        peaks = {library: workers[library, cfg.threads].ask("peak") for library in libraries}
        for _ in range(cfg.rounds + 1):
            floor.append(workers["tinygen", cfg.threads].ask("floor", network))
    return {"ms": ms, "floor": floor[1:], "MiB": peaks}


def table_row(results):
    """What `compare` measured -> Row."""
    ms, memory = results["ms"], results["MiB"]
    counts = sorted({threads for _, threads in ms})
    row = Row({n: median(ms["tinygen", n]) for n in counts}, median(results["floor"]),
              memory["tinygen"], {}, {}, memory.get("torch"))
    if "torch" in memory:
        row.torch_ms = {n: median(ms["torch", n]) for n in counts}
        row.ratio = {n: median(a / b for a, b in zip(ms["tinygen", n], ms["torch", n]))
                     for n in counts}
    return row


def measure(run, network, row):
    """A row's numbers, judged by what the engine was built to reach."""
    threads = max(row.ms)
    for n, ms in row.ms.items():
        run.measure(f"{network}: ms per step, {threads_of(n)}", ms)
    run.measure(f"{network}: share of its products alone", row.floor / row.ms[threads])
    if threads > 1:
        goal = {"at_least": GAIN_GOAL} if network in CONVOLUTIONAL and threads == 2 else {}
        run.measure(f"{network}: times faster on {threads} threads", row.gain, **goal)
    if row.ratio:
        run.measure(f"{network}: time relative to PyTorch's", row.ratio[threads],
                    at_most=TIME_GOALS[network])
    if row.memory and row.torch_memory and network != "tiny MLP":  # a few kB in either library
        run.measure(f"{network}: memory relative to PyTorch's", row.memory / row.torch_memory,
                    at_most=MEMORY_GOAL)


def import_seconds():
    """Best of 5: the seconds that `import tinygen` takes beyond `import numpy`."""
    code = ("import time, numpy; t = time.perf_counter(); import tinygen; "
            "print(time.perf_counter() - t)")
    return min(float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                                    check=True).stdout) for _ in range(5))


def selected(names):
    """The networks that --networks names, as a list. Raises ValueError for an unknown name."""
    if names == "all":
        return list(NETWORKS)
    networks = [name.strip() for name in names.split(",")]
    for name in networks:
        if name not in NETWORKS:
            raise ValueError(f"--networks is all, or names among {', '.join(NETWORKS)}; "
                             f"got {name!r}")
    return networks


# ---- showing ----

def show(run, rows):
    if all(row.ratio for row in rows.values()):
        run.save_figure(plot(rows), "benchmark", CAPTION)


def heading(threads, libraries):
    """The table's first two lines."""
    above, below = " " * 13, f"{'ms per step':13}"
    for n in sorted({1, threads}):
        above += f"{threads_of(n):>{26 if 'torch' in libraries else 10}}"
        below += f"{'tinygen':>10}" + f"{'PyTorch':>9}{'ratio':>7}" * ("torch" in libraries)
    above += f"{'products':>10}{'gain':>12}" + f"{'MiB':>6}"
    below += f"{'alone':>10}{'ours theirs':>12}" + f"{'ours theirs':>12}"
    return above, below


def line_of(network, row):
    """A row as text."""
    text = f"{network:13}"
    for n, ms in row.ms.items():
        text += f"{ms:>10.2f}"
        if row.ratio:
            text += f"{row.torch_ms[n]:>9.2f}{row.ratio[n]:>7.2f}"
    threads = max(row.ms)
    theirs = f"{row.torch_ms[1] / row.torch_ms[threads]:.2f}" if row.ratio else ""
    return (f"{text}{row.floor:>10.2f}{row.gain:>6.2f}{theirs:>6}"
            f"{whole(row.memory):>6}{whole(row.torch_memory) if row.ratio else '':>6}")


def threads_of(n):
    return "1 thread" if n == 1 else f"{n} threads"


def whole(number):
    return "n/a" if number is None else f"{number:.0f}"


CAPTION = ("A training step's time relative to PyTorch's on as many threads: shorter is faster, "
           "and at the dashed line both take as long. The dark part of a bar is the time of the "
           "step's matrix products alone.")


def plot(rows):
    """Two bars for each network, for one thread and for all."""
    figure, axes = new_figure(width=7.5, height=0.6 + 0.62 * len(rows))
    counts = sorted(next(iter(rows.values())).ratio)
    height = 0.76 / len(counts)
    for i, n in enumerate(counts):
        at = [line + height * (i - (len(counts) - 1) / 2) for line in range(len(rows))]
        ratios = [row.ratio[n] for row in rows.values()]
        axes.barh(at, ratios, 0.92 * height, color=PALETTE[5 if n == 1 else 0],
                  label=f"tinygen, {threads_of(n)}")
        for y, ratio in zip(at, ratios):
            axes.text(ratio + 0.01, y, f"{ratio:.2f}", va="center", fontsize=8,
                      bbox=dict(facecolor="white", edgecolor="none", pad=0.5))
        if n == counts[-1]:
            shares = [row.floor / row.torch_ms[n] for row in rows.values()]
            axes.barh(at, shares, 0.92 * height, color="#00304B", label="its products alone")
    axes.axvline(1, color="#444444", linestyle="--", linewidth=1.2)
    axes.set(yticks=range(len(rows)), yticklabels=list(rows), xlim=(0, None),
             xlabel="time of a step; the dashed line is PyTorch's on as many threads")
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=9)
    return figure

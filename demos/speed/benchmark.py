"""Milliseconds and memory of a training step, beside PyTorch's where it is installed.

Each network takes the same steps in both libraries: the same weights, the same batch, forward,
backward and Adam, the same number of threads. The DCGAN's step is one of the critic and one of the
generator. The last row is not training: the network above it writes 200 tokens, with a cache of
keys and values. The libraries take turns, so that whatever else the computer does slows both alike;
each has a process of its own, so that neither shares the other's memory. A step is judged twice:
against its matrix products alone, which no library can avoid, at the rate that NumPy's own product
reaches here; and against PyTorch, run eagerly.

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

from demos.common.options import check_not_negative, check_positive
from demos.common.run import demo
from demos.speed.parts.networks import NETWORKS
from demos.speed.parts.worker import Worker

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
PRESETS = {
    "smoke": dict(rounds=1, seconds=0.0, networks="tiny MLP,dense AE,DCGAN,small GPT"),
    "default": dict(rounds=15, seconds=0.5, threads=CORES, networks="all"),
    "long": dict(rounds=40, seconds=1.0),
}
# The goals that this engine was built for: a step's time and memory, relative to PyTorch's.
TIME_GOALS = {"dense AE": 0.55, "conv network": 0.8, "conv VAE": 0.8, "DCGAN": 0.8, "tiny MLP": 0.6,
              "small GPT": 0.7, "10.8M GPT": 0.7, "200 tokens": 0.4}
MEMORY_GOAL = 1.2
IMPORT_GOAL = 0.15  # seconds that `import tinygen` takes beyond NumPy's own import


@dataclass
class Row:
    """A row of the table; memory is in MiB. None stands for what could not be measured."""
    ms: float
    share: float  # of the rate that NumPy's matrix product reaches
    memory: float | None
    torch_ms: float | None = None
    time_ratio: float | None = None
    torch_memory: float | None = None
    memory_ratio: float | None = None


@demo(PRESETS)
def main(run):
    cfg = run.settings
    check_positive(cfg, "rounds", "threads")
    check_not_negative(cfg, "seconds")
    networks = selected(cfg.networks)
    libraries = ["tinygen"] + ["torch"] * (importlib.util.find_spec("torch") is not None)
    with Worker("tinygen", cfg.threads) as worker:
        sgemm = worker.ask("sgemm")
    run.print(f"{cfg.threads} threads; NumPy's sgemm {sgemm:.0f} GFLOP/s; PyTorch "
              f"{'runs beside it' if 'torch' in libraries else 'is not installed'}")
    run.print(f"{'network':14}{'ms / step':>10}{'of sgemm':>10}{'MiB':>8}"
              f"{'PyTorch ms':>12}{'ratio':>8}{'MiB':>8}{'ratio':>8}")

    with tempfile.TemporaryDirectory() as folder:
        for network in networks:
            results = compare(network, libraries, cfg, str(Path(folder, "weights.npy")))
            row = table_row(network, results, sgemm)
            measure(run, network, row)
            show(run, network, row)
    seconds = import_seconds()
    run.print(f"import tinygen: {seconds:.3f} s beyond NumPy's own")
    run.measure("import tinygen: s beyond NumPy's own", seconds, at_most=IMPORT_GOAL)


def compare(network, libraries, cfg, weights):
    """Run one network -> library -> {"ms": a median for each round, "MiB": the peak}."""
    results = {library: {"ms": []} for library in libraries}
    with ExitStack() as stack:
        workers = {library: stack.enter_context(Worker(library, cfg.threads))
                   for library in libraries}
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
        for _ in range(cfg.rounds):
            for library, worker in workers.items():
                times, _ = worker.ask("steps", count)
                results[library]["ms"].append(median(times))
        for library, worker in workers.items():
            results[library]["MiB"] = worker.ask("peak")
    return results


def measure(run, network, row):
    """A row's numbers, judged by what the engine was built to reach."""
    run.measure(f"{network}: ms per step", row.ms)
    run.measure(f"{network}: share of the sgemm rate", row.share)
    if row.time_ratio is not None:
        run.measure(f"{network}: time relative to PyTorch's", row.time_ratio,
                    at_most=TIME_GOALS[network])
    if row.memory_ratio is not None:
        run.measure(f"{network}: memory relative to PyTorch's", row.memory_ratio,
                    at_most=MEMORY_GOAL)


def show(run, network, row):
    """Print the row."""
    text = f"{network:14}{row.ms:>10.2f}{row.share:>10.0%}{whole(row.memory):>8}"
    if row.torch_ms is not None:
        text += f"{row.torch_ms:>12.2f}{row.time_ratio:>8.2f}{whole(row.torch_memory):>8}"
    if row.memory_ratio is not None:
        text += f"{row.memory_ratio:>8.2f}"
    run.print(text)


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


def table_row(network, results, sgemm):
    """What `compare` measured -> Row. sgemm: the rate of NumPy's product, GFLOP/s."""
    ours, theirs = results["tinygen"], results.get("torch")
    ms = median(ours["ms"])
    row = Row(ms, NETWORKS[network].flops / (ms * sgemm * 1e6), ours["MiB"])
    if theirs:
        row.torch_ms, row.torch_memory = median(theirs["ms"]), theirs["MiB"]
        row.time_ratio = median(a / b for a, b in zip(ours["ms"], theirs["ms"]))
        if row.memory and network != "tiny MLP":  # a few kB in either library
            row.memory_ratio = row.memory / row.torch_memory
    return row


def whole(number):
    return "n/a" if number is None else f"{number:.0f}"


def import_seconds():
    """Best of 5: the seconds that `import tinygen` takes beyond `import numpy`."""
    code = ("import time, numpy; t = time.perf_counter(); import tinygen; "
            "print(time.perf_counter() - t)")
    return min(float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                                    check=True).stdout) for _ in range(5))

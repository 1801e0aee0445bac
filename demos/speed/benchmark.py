"""Milliseconds and memory of a training step, beside PyTorch's where it is installed.

Each network takes the same steps in both libraries: the same weights, the same batch, forward,
backward and Adam, the same number of threads. The DCGAN's step is one of the critic and one of the
generator. The last row is no training: the network above it writes 200 tokens, with its keys and
values kept. Both libraries run in turns, so that whatever else the computer does slows both alike;
each has a process of its own, so that neither shares the other's memory. A step is judged twice:
against the matrix products alone, which no library can avoid, at the rate that NumPy's own product
reaches here; and against PyTorch, run eagerly.

    python -m demos benchmark                            3 min on two cores
    python -m demos benchmark --networks "DCGAN,small GPT"
"""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from demos.common.options import BadOption
from demos.common.run import demo
from demos.speed.parts.networks import NETWORKS

# What a step may take of PyTorch's time: what this engine was built to reach.
REACH = {"dense AE": 0.55, "conv network": 0.8, "conv VAE": 0.8, "DCGAN": 0.8, "tiny MLP": 0.6,
         "small GPT": 0.7, "10.8M GPT": 0.7, "200 tokens": 0.4}
REACH_MEMORY, REACH_IMPORT = 1.2, 0.15  # of PyTorch's memory; seconds beyond NumPy's import
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

PRESETS = {
    "smoke": dict(rounds=1, seconds=0.0, networks="tiny MLP,dense AE,DCGAN,small GPT"),
    "default": dict(rounds=15, seconds=0.5, threads=CORES, networks="all"),
    "long": dict(rounds=40, seconds=1.0),
}


class Worker:
    """A process that takes training steps in one library: ask(request, ...) -> its answer."""

    def __init__(self, library, threads):
        one_count = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                                     "MKL_NUM_THREADS")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demos.speed.parts.worker", library, str(threads)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **one_count})

    def ask(self, *request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the benchmark's worker ended at {request}")
        return json.loads(answer)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()


def import_seconds():
    """Best of 5: seconds that `import tinygen` takes beyond `import numpy`."""
    code = ("import time, numpy; t = time.perf_counter(); import tinygen; "
            "print(time.perf_counter() - t)")
    return min(float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                                    check=True).stdout) for _ in range(5))


def compare(network, libraries, settings, weights):
    """Measure one network -> library -> {"ms": a median for each round, "MiB": the peak}."""
    results = {library: {"ms": []} for library in libraries}
    with ExitStack() as stack:
        workers = {library: stack.enter_context(Worker(library, settings.threads))
                   for library in libraries}
        losses, slowest = [], 0
        for worker in workers.values():
            worker.ask("build", network, weights)
            times, loss = worker.ask("steps", 3)
            losses.append(loss)
            slowest = max(slowest, min(times))
        if max(losses) - min(losses) > 1e-4 * max(losses):
            raise RuntimeError(f"{network}: the libraries were to train the same network, and "
                               f"after three steps their losses are {losses}")
        count = max(1, round(1000 * settings.seconds / slowest))  # as many of both in a round
        for _ in range(settings.rounds):
            for library, worker in workers.items():
                times, _ = worker.ask("steps", count)
                results[library]["ms"].append(median(times))
        for library, worker in workers.items():
            results[library]["MiB"] = worker.ask("peak")
    return results


@demo(PRESETS)
def main(run):
    settings = run.settings
    networks = list(NETWORKS)
    if settings.networks != "all":
        networks = [name.strip() for name in settings.networks.split(",")]
    for name in networks:
        if name not in NETWORKS:
            raise BadOption(f"--networks: all, or some of {', '.join(NETWORKS)}; got {name!r}")
    libraries = ["tinygen"] + ["torch"] * (importlib.util.find_spec("torch") is not None)
    with Worker("tinygen", settings.threads) as worker:
        sgemm = worker.ask("sgemm")
    print(f"{settings.threads} threads; NumPy's sgemm {sgemm:.0f} GFLOP/s; PyTorch "
          f"{'runs beside it' if 'torch' in libraries else 'is not installed'}")
    print(f"{'network':14}{'ms a step':>10}{'of sgemm':>10}{'MiB':>8}"
          f"{'PyTorch ms':>12}{'ratio':>8}{'MiB':>8}{'ratio':>8}")

    with tempfile.TemporaryDirectory() as folder:
        for network in networks:
            results = compare(network, libraries, settings, str(Path(folder, "weights.npy")))
            report(run, network, results, sgemm)
    seconds = import_seconds()
    print(f"import tinygen: {seconds:.3f} s beyond NumPy's own")
    run.measure("import tinygen, s beyond NumPy's", seconds, at_most=REACH_IMPORT)


def report(run, network, results, sgemm):
    """Print a network's row of the table, and hand its numbers to the result."""
    ours = results["tinygen"]
    ms = median(ours["ms"])
    share = NETWORKS[network].flops / (ms * sgemm * 1e6)
    row = f"{network:14}{ms:>10.2f}{share:>10.0%}{_mib(ours['MiB']):>8}"
    run.measure(f"{network}: ms a step", ms)
    run.measure(f"{network}: share of the sgemm rate", share)
    if "torch" in results:
        theirs = results["torch"]
        ratio = median(a / b for a, b in zip(ours["ms"], theirs["ms"]))
        row += f"{median(theirs['ms']):>12.2f}{ratio:>8.2f}{_mib(theirs['MiB']):>8}"
        run.measure(f"{network}: time, of PyTorch's", ratio, at_most=REACH[network])
        if ours["MiB"] and network != "tiny MLP":  # a few kB on either side
            row += f"{ours['MiB'] / theirs['MiB']:>8.2f}"
            run.measure(f"{network}: memory, of PyTorch's", ours["MiB"] / theirs["MiB"],
                        at_most=REACH_MEMORY)
    print(row)


def _mib(memory):
    return "n/a" if memory is None else f"{memory:.0f}"

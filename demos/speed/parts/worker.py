"""A process that builds a network in one library, and takes training steps when told to.

    python -m demos.speed.parts.worker tinygen|torch THREADS

It reads requests from standard input, one JSON list per line: ["build", network, weights file],
["steps", count], ["floor", network], ["peak"], and answers each with one line of JSON. A `Worker`
is the other end. A process of its own keeps either library's memory apart from the other's. In
both, the C library keeps freed memory for the next step, because tinygen.backend, which both
import, tells it to: that makes PyTorch a few percent faster.
"""
import importlib
import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import tinygen as tg
from demos.speed.parts.networks import NETWORKS
from tinygen.backend import np, to_numpy


class Worker:
    """Starts the process, and asks it: ask(request, ...) -> its answer."""

    def __init__(self, library, threads):
        one_count = {name: str(threads) for name in (
            "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TINYGEN_THREADS")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demos.speed.parts.worker", library, str(threads)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **one_count})

    def ask(self, *request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the benchmark's worker ended at {request}; what it printed above "
                               "says why")
        return json.loads(answer)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()


# ---- in the process: training ----

def build(library, network, weights):
    """A function that takes a training step and returns its loss.

    weights: a file of all parameters, end to end. tinygen's worker writes it, and PyTorch's starts
    from the numbers in it.
    """
    lib = importlib.import_module(f"demos.speed.parts.{library}_side")
    network = NETWORKS[network]
    if library == "tinygen":
        modules = network.build(lib, rng=np.random.default_rng(0))
        parameters = [to_numpy(p).ravel() for module in modules for p in module.parameters()]
        np.save(weights, np.concatenate(parameters))
    else:
        modules = network.build(lib)
        numbers, end = lib.array(np.load(weights)), 0
        for p in [p for module in modules for p in module.parameters()]:
            start, end = end, end + p.numel()
            p.data.copy_(numbers[start:end].view_as(p))
    return network.trainer(lib, *modules)


# ---- in the process: measuring ----

def timed(step, count):
    """Milliseconds of each of `count` steps, and the last loss."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        loss = step()
        times.append(1000 * (time.perf_counter() - start))
    return times, loss


def products(network):
    """A function that takes the matrix products of a network's training step, and nothing else."""
    shapes, rng = NETWORKS[network].products, np.random.default_rng(0)
    shapes = [((*stack, n, k), (*stack, k, m)) for *stack, n, k, m in shapes]
    arrays = {shape: rng.random(shape, np.float32) for pair in shapes for shape in pair}

    def step():
        for a, b in shapes:
            tg.matmul(arrays[a], arrays[b])
    return step


def memory(field):
    """VmRSS (resident now) or VmHWM (its peak), in MiB; None where there is no /proc of Linux."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return None
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def main():
    """Answer requests until standard input ends."""
    library = sys.argv[1]
    if library == "torch":
        import torch
        torch.set_num_threads(int(sys.argv[2]))
        torch.ones(2, requires_grad=True).sum().backward()
    else:
        tg.Tensor([1.0]).sum().backward()
    with suppress(OSError):  # only Linux has it, and VmHWM
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # resets VmHWM
    before, step, floors = memory("VmRSS"), None, {}
    for line in sys.stdin:
        request, *arguments = json.loads(line)
        if request == "build":
            step = build(library, *arguments)
            answer = None
        elif request == "steps":
            answer = timed(step, *arguments)
        elif request == "floor":
            name, = arguments
            floors[name] = floors.get(name) or products(name)
            answer = timed(floors[name], 1)[0][0]
        else:
            answer = None if before is None else memory("VmHWM") - before
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

"""One library's side of the benchmark: builds a network, and takes training steps when told to.

    python -m demos.speed.parts.worker tinygen|torch

Reads requests from standard input, a JSON list on a line: ["build", network, weights file],
["steps", count], ["sgemm"], ["peak"]. Answers each with one JSON line. A process of its own keeps
either library's memory apart from the other's. In both the C library keeps freed memory for the
next step, since tinygen.backend, which both import, asks for it: PyTorch gains a few percent by it.
"""
import json
import re
import sys
import time
from contextlib import suppress
from pathlib import Path

from demos.speed.parts.networks import NETWORKS, library
from tinygen.backend import np, to_numpy

# ---- training ----

def build(library_name, network, weights):
    """A function that takes a training step and returns its loss.

    weights: a file, written here by tinygen, so that PyTorch starts from the same numbers; all
    parameters end to end.
    """
    lib, network = library(library_name), NETWORKS[network]
    if library_name == "tinygen":
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


# ---- measuring ----

def timed(step, count):
    """Milliseconds of each of `count` steps, and the last loss."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        loss = step()
        times.append(1000 * (time.perf_counter() - start))
    return times, loss


def sgemm_rate(size=1024, repeats=20):
    """Best rate of NumPy's float32 matrix product, in GFLOP/s."""
    a = np.ones((size, size), np.float32)
    times, _ = timed(lambda: a @ a, repeats)
    return 2 * size ** 3 / min(times) / 1e6


def memory(field):
    """VmRSS (resident now) or VmHWM (its peak) in MiB; None where there is no Linux /proc."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return None
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def main():
    library_name = sys.argv[1]
    if library_name == "torch":
        import torch
        torch.set_num_threads(int(sys.argv[2]))
        torch.ones(2, requires_grad=True).sum().backward()
    else:
        import tinygen as tg
        tg.Tensor([1.0]).sum().backward()
    with suppress(OSError):  # only Linux can, and only there is VmHWM asked for
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # it starts afresh
    before, step = memory("VmRSS"), None
    for line in sys.stdin:
        request, *arguments = json.loads(line)
        if request == "build":
            step = build(library_name, *arguments)
            answer = None
        elif request == "steps":
            answer = timed(step, *arguments)
        elif request == "sgemm":
            answer = sgemm_rate()
        else:
            answer = None if before is None else memory("VmHWM") - before
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

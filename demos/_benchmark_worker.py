"""One library's side of the benchmark: builds a network, and takes training steps when told to.

    python -m demos._benchmark_worker tinygen|torch

Reads requests from standard input, a JSON list on a line: ["build", network, weights file],
["steps", count], ["sgemm"], ["peak"]. Answers each with one JSON line. A process of its own keeps
either library's memory and memory allocator apart from the other's.
"""
import json
import re
import sys
import time
from contextlib import suppress
from pathlib import Path

from tinygen.backend import np

# ---- the networks: the same text builds them in both libraries ----

def dense_autoencoder(nn, **rng):
    sizes = [784, 512, 256, 32, 256, 512, 784]
    layers = [nn.Flatten()]
    for n, m in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n, m, **rng), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)))


def conv_network(nn, **rng):
    half = dict(kernel_size=4, stride=2, padding=1, **rng)
    return nn.Sequential(
        nn.Conv2d(1, 32, **half), nn.ReLU(), nn.Conv2d(32, 64, **half), nn.ReLU(),
        nn.Flatten(), nn.Linear(3136, 256, **rng), nn.ReLU(),
        nn.Linear(256, 3136, **rng), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
        nn.ConvTranspose2d(64, 32, **half), nn.ReLU(), nn.ConvTranspose2d(32, 1, **half),
        nn.Sigmoid())


def tiny_mlp(nn, **rng):
    return nn.Sequential(nn.Linear(2, 16, **rng), nn.Tanh(), nn.Linear(16, 16, **rng), nn.Tanh(),
                         nn.Linear(16, 1, **rng))


# name -> builder, input shape, output shape, multiply-adds of each layer for one example
NETWORKS = {
    "dense AE": (dense_autoencoder, (128, 1, 28, 28), (128, 1, 28, 28),
                 [784 * 512, 512 * 256, 256 * 32, 32 * 256, 256 * 512, 512 * 784]),
    "conv network": (conv_network, (128, 1, 28, 28), (128, 1, 28, 28),
                     [196 * 32 * 16, 49 * 64 * 512, 3136 * 256, 256 * 3136, 49 * 64 * 512,
                      196 * 32 * 16]),
    "tiny MLP": (tiny_mlp, (32, 2), (32, 1), [2 * 16, 16 * 16, 16]),
}


def flops(name):
    """Floating-point operations of the matrix products in one training step.

    Each layer takes three products, forward and for the gradients of weights and input; the first
    layer's input needs none.
    """
    _, shape, _, multiply_adds = NETWORKS[name]
    return 2 * shape[0] * (3 * sum(multiply_adds) - multiply_adds[0])


# ---- the training step of either library: forward, zero, backward, Adam ----

def tinygen_step(name, weights):
    import tinygen as tg
    builder, *_ = NETWORKS[name]
    x, target = _example(name)
    model = builder(tg.nn, rng=np.random.default_rng(0))
    np.savez(weights, **model.state_dict())
    optimizer = tg.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        loss = tg.mse(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()
    return step


def torch_step(name, weights):
    import torch
    builder, *_ = NETWORKS[name]
    x, target = map(torch.from_numpy, _example(name))
    model = builder(torch.nn)
    with np.load(weights) as state:
        model.load_state_dict({path: torch.from_numpy(state[path]) for path in state.files})
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        loss = torch.nn.functional.mse_loss(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()
    return step


def _example(name):
    _, shape, target, _ = NETWORKS[name]
    rng = np.random.default_rng(1)
    return rng.random(shape, dtype=np.float32), rng.random(target, dtype=np.float32)


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
    library = sys.argv[1]
    if library == "torch":
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
            step = (torch_step if library == "torch" else tinygen_step)(*arguments)
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

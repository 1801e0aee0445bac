"""A program to be killed (test_crash.py): trains in several threads, saves each step, never ends.

    python -m tests.crash FOLDER

FOLDER holds a checkpoint for each thread, which continues from it. Each step that is safely on disk
is printed, as "seed step".
"""
import os
import sys
import threading
from pathlib import Path

import tinygen as tg
from tinygen import checkpoint, nn
from tinygen.backend import np
from tinygen.files import open_locked

THREADS = 3


class Training:
    """All that a training run has: a network, its optimiser, its random numbers, its steps."""

    def __init__(self, seed):
        self.rng, self.done = np.random.default_rng(seed), 0
        self.model = nn.Sequential(nn.Linear(4, 8, rng=self.rng), nn.Tanh(),
                                   nn.Dropout(0.2, rng=self.rng), nn.Linear(8, 4, rng=self.rng))
        self.optimizer = tg.optim.Adam(self.model.parameters(), lr=1e-2)

    def step(self):
        x = self.rng.random((5, 4), dtype="float32")
        loss = tg.mse(self.model(x), x)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.done += 1

    def state(self):
        return {"done": self.done, "rng": self.rng.bit_generator.state,
                "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state):
        self.done, self.rng.bit_generator.state = state["done"], state["rng"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])


def train(folder, seed):
    """Train for ever: save each step to a file of its own, then to the one that all share."""
    run = Training(seed)
    run.restore(checkpoint.load(folder / f"{seed}.npz"))
    while True:
        run.step()
        checkpoint.save(folder / f"{seed}.npz", run.state())
        os.write(1, f"{seed} {run.done}\n".encode())  # this step is safe now
        checkpoint.save(folder / "shared.npz", {"seed": seed, **run.state()})


def main(folder):
    lock = open_locked(folder / ".lock", "ab")
    os.write(1, b"started\n" if lock else b"locked\n")
    for seed in range(THREADS):
        threading.Thread(target=train, args=(folder, seed)).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

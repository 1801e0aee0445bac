"""Killed at any moment while several threads train and save: no file is torn, no step is lost."""
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.crash import THREADS, Training
from tests.helpers import bits
from tinygen import checkpoint
from tinygen.backend import backend_name, np
from tinygen.files import open_locked, remove_locked

ROOT = Path(__file__).parents[2]


def killed(folder, steps, seconds):
    """Start the program, and kill it so long after it called the first `steps` steps safe.

    -> {seed: the last step that it called safe}
    """
    with subprocess.Popen([sys.executable, "-m", "tests.crash", folder], cwd=ROOT,
                          stdout=subprocess.PIPE) as running:
        try:
            assert running.stdout.readline() == b"started\n"
            printed = [running.stdout.readline() for _ in range(steps)]
            time.sleep(seconds)
            assert running.poll() is None, "it ended by itself"
        finally:
            running.kill()
        printed += running.stdout
    return {int(seed): int(done) for seed, done in map(bytes.split, printed)}


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_a_kill_loses_no_step_tears_no_file_and_holds_no_lock(tmp_path, kills):
    if backend_name() != "numpy":
        pytest.skip("the program computes with NumPy")
    moments, dead = np.random.default_rng(kills), 0
    undisturbed = [Training(seed) for seed in range(THREADS)]
    steps = [[bits(run.state())] for run in undisturbed]  # of each thread, after 0, 1, ... steps
    for seed, run in enumerate(undisturbed):
        checkpoint.save(tmp_path / f"{seed}.npz", run.state())
    checkpoint.save(tmp_path / "shared.npz", {"seed": 0, **undisturbed[0].state()})
    files = sorted(tmp_path.iterdir())

    for _ in range(kills):
        safe = killed(tmp_path, moments.integers(20), moments.uniform(0, 0.02))
        for seed, run in enumerate(undisturbed):
            state = checkpoint.load(tmp_path / f"{seed}.npz")
            assert safe.get(seed, run.done) <= state["done"] <= safe.get(seed, run.done) + 1
            while run.done < state["done"]:
                run.step()
                steps[seed].append(bits(run.state()))
            assert bits(state) == steps[seed][run.done]
        shared = checkpoint.load(tmp_path / "shared.npz")
        assert bits(shared) == {"seed": shared["seed"], **steps[shared["seed"]][shared["done"]]}

        dead += len(list(tmp_path.glob(".*.tmp")))
        lock = open_locked(tmp_path / ".lock", "ab")
        assert lock
        remove_locked(tmp_path / ".lock", lock)
        for path in files:
            checkpoint.save(path, checkpoint.load(path))
        assert sorted(tmp_path.iterdir()) == files  # that removed what the killed saves had left
    assert dead and all(run.done for run in undisturbed)


"""A demo that is killed at any moment, and then resumed, ends as if it had never been stopped."""
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.same import differences
from tinygen.backend import np

ROOT = Path(__file__).parents[3]
KILLS = 6


def start(demo, folder):
    resume = ["--resume"] if (folder / "checkpoint.npz").exists() else []
    return subprocess.Popen([sys.executable, "-m", "demos", demo, "--preset", "smoke", *resume,
                             "--out", folder], cwd=ROOT, stdout=subprocess.DEVNULL)


@pytest.mark.slow
@pytest.mark.parametrize("demo", ["denoise", "vae", "gan_ring", "gpt"])
def test_a_killed_demo_ends_like_a_whole_one(demo, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    started, moments = time.monotonic(), np.random.default_rng(0)
    assert start(demo, whole / demo).wait() == 0
    seconds = time.monotonic() - started
    for _ in range(KILLS):
        running = start(demo, parts / demo)
        time.sleep(moments.uniform(0, seconds))
        running.kill()
        running.wait()
    assert start(demo, parts / demo).wait() == 0
    assert differences(whole, parts) == []
    assert not list(parts.glob("*/.*"))  # no lock, and nothing half written

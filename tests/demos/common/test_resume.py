"""Demos stopped by Ctrl-C and resumed: bit for bit as if they had never been stopped."""
import signal

import pytest

from demos.common import run
from demos.gans import gan_digits, gan_ring, mode_collapse
from demos.language import bigram, encoder_vs_decoder, gpt
from demos.vaes import vae, vae_manifold
from tests.helpers import read_result
from tinygen.backend import np

# demo -> its options, and the steps at which it is stopped, counted from each --resume
STOPS = {
    vae: ("--data own.npz --batch 8 --latents 3 --steps 4", (2, 3)),  # in both of its loops
    vae_manifold: ("--data own.npz --batch 8 --side 2 --steps 6", (3, 4)),
    gan_digits: ("--data own.npz --batch 8 --channels 3 2 --hidden 4 --classifier-steps 3 "
                 "--steps 6", (4, 4)),  # in the classifier, too
    gan_ring: ("--toys ring --batch 8 --seeds 2 --steps 4", (2, 4)),
    mode_collapse: ("--batch 4 --steps 3", (1, 4, 10)),
    bigram: ("--data own.txt --batch 4 --block-size 8 --steps 6", (2, 3)),
    gpt: ("--data own.txt --block-size 8 --dropout 0.2 --samples 3 --steps 9", (1, 5)),
    encoder_vs_decoder: ("--steps 6", (4,)),
}


@pytest.mark.parametrize("demo", STOPS, ids=lambda demo: demo.__name__.partition(".")[2])
def test_a_stopped_run_ends_like_a_whole_one(demo, tmp_path, monkeypatch, rng):
    """In all that it measures, logs and animates."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.txt").write_text("To be, or not to be: that is the question. " * 9,
                                      encoding="utf-8")
    np.savez("own.npz", x=rng.random((90, 8, 8), dtype="float32"), y=np.arange(90) % 3)
    histories, finish = [], run.Run.finish
    monkeypatch.setattr(run.Run, "finish",
                        lambda self: (histories.append(self.history), finish(self)))
    monkeypatch.setattr(run.Run, "save_figure", lambda *args: None)  # of what is compared anyway
    options, stops = STOPS[demo]
    argv = ["--preset", "smoke", *options.split(), "--out"]
    assert demo.main([*argv, "whole"]) == 0

    steps_left = []

    class PressesCtrlC(run.Progress):
        def show(self, done, metrics):
            super().show(done, metrics)
            steps_left[-1] -= 1
            if not steps_left[-1]:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(run, "Progress", PressesCtrlC)
    resume = []
    for stop in stops:
        steps_left.append(stop)
        assert demo.main([*argv, "parts", *resume]) == 130
        resume = ["--resume"]
    steps_left.append(-1)
    assert demo.main([*argv, "parts", "--resume"]) == 0
    assert histories[0] == histories[1]
    whole, parts = (read_result(tmp_path / name) for name in ("whole", "parts"))
    assert whole["metrics"] == parts["metrics"]
    for figure in whole["figures"]:
        name = figure["file"]
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()

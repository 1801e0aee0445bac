"""Two lines fitted to points.

    python -m demos tiny

Gradient descent & <b>momentum</b> find
the `slope`.
"""
import signal

import numpy as np

from demos.common.figures import new_figure
from demos.common.resume import epoch_batch
from demos.common.run import demo

PRESETS = {"smoke": dict(steps=4), "default": dict(steps=20, lr=0.1, sizes=(8, 16), nesterov=False)}
stop_at = None  # (loop, step) at which a test presses Ctrl-C
presses = 1
diverges = None  # the size at which it does


class Line:
    def __init__(self, rng):
        self.w, self.velocity, self.count = rng.standard_normal(1), np.zeros(1), 0

    def state_dict(self):
        return {"w": self.w, "velocity": self.velocity, "count": self.count}

    def load_state_dict(self, state):
        self.w[:], self.velocity[:], self.count = state["w"], state["velocity"], state["count"]


@demo(PRESETS, data=("points", "noise"), loops=lambda cfg: len(cfg.sizes) * [cfg.steps])
def main(run):
    cfg = run.settings
    if cfg.lr < 0:
        raise ValueError("lr is positive; got " + str(cfg.lr))
    x = np.random.default_rng(run.seed).standard_normal(64)
    for size in cfg.sizes:
        line = Line(run.rng)
        for step in run.steps(f"size {size}", line=line):
            batch = epoch_batch(step, size, len(x), run.seed)
            noise = run.rng.standard_normal(size)
            error = line.w * x[batch] - 3 * x[batch] - 0.1 * noise
            line.velocity[:] = 0.5 * line.velocity - cfg.lr * (error * x[batch]).mean()
            line.w += line.velocity
            line.count += 1
            if size == diverges:
                line.w[:] = np.nan
            run.log(loss=(error**2).mean(), slope=line.w[0])
            if stop_at == (size, step):
                for _ in range(presses):
                    signal.raise_signal(signal.SIGINT)
        run.measure(f"slope error {size}", abs(line.w[0] - 3), at_most=5, baseline=("none", 3.0))
    run.measure("draws left", run.rng.random())
    run.measure("impossible", 1, at_least=2, at_most=3)
    figure, axes = new_figure()
    axes.plot(*zip(*run.history["size 8"]["loss"]))
    run.save_figure(figure, "loss", "Loss < noise.")

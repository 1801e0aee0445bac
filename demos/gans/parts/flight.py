"""The flight recorder of a GAN: what to log, and a diagnosis of the run in one sentence.

A GAN's losses don't fall as it learns: they say how the two players stand against each other, not
how good the samples are. So a run is read from several meters at once. Each step logs

    d_real, d_fake    mean of D(x) and of D(G(z)): probabilities, or a critic's raw scores
    d_loss, g_loss    the losses of the discriminator D and of the generator G
    d_grad, g_grad    `grad_norm` of each player's parameters, after its own backward

    run.log(d_real=..., d_fake=..., d_loss=..., g_loss=..., d_grad=..., g_grad=...)

and some steps log what reveals a collapse:

    modes             how many modes of the data the samples cover, if they can be counted
    quality           the share of the samples that lies inside a mode
    diversity         how far apart samples are, relative to real ones: see `diversity`

    history = run.history["training"]
    run.save_figure(plot_flight(history, modes=8), "flight", diagnose(history, modes=8))
"""
import math

from demos.gans.parts.modes import outcome
from tinygen.backend import np, to_numpy, xp

METERS = "d_real", "d_fake", "d_loss", "g_loss", "d_grad", "g_grad"

# How `diagnose` reads the meters. "The end" is the median over the last tenth of the steps.
END = 0.1
# Saturated: D tells all real from all fake, and G's gradient has vanished. Both are required, for
# some losses of G keep their gradient when D wins. While the players are in balance, G's gradient
# varies by a factor of ten or so.
REAL_ABOVE, FAKE_BELOW = 0.95, 0.05
GRADIENT_FALL = 100
# Collapsed: few modes, as `outcome` has it, or more than a quarter of the once covered modes lost;
# one or two modes more or less are counting noise. Escaped: few modes, and few samples in them.
MODES_KEPT = 0.75
# Digits of one class are 0.70 (ones) to 0.98 times as diverse as all digits, and the 50 nearest to
# a single digit 0.31 to 0.75 times. Below 0.3 samples are copies of one image; above, they may
# still be of one class.
DIVERSITY_ABOVE = 0.3
# Diverged: a D that is sure and right causes cross entropies up to 40 or so; the scores of a critic
# with slope 1 are no farther apart than images are, at most 28 for 28x28 pixels. Far beyond these,
# nothing is learnt.
LOSS_BELOW, LOSS_GROWTH, LOSS_SWING = 1000, 100, 50


def grad_norm(parameters):
    """The norm of all gradients taken as one vector, a float.

    Raises ValueError if no parameter has a gradient.
    """
    grads = [p.grad.data for p in parameters if p.grad is not None]
    if not grads:
        raise ValueError("grad_norm: no parameter has a gradient; call backward() on this player's "
                         "loss first")
    return math.sqrt(sum(xp.vdot(g, g) for g in grads))


def diversity(samples, real):
    """Mean distance between two samples, relative to that between two real examples.

    (N, ...), (M, ...) -> float, 1 if both are equally diverse; a few hundred of each are enough.
    Raises ValueError for fewer than 2.
    """
    return _mean_distance(samples) / _mean_distance(real)


def _mean_distance(x):
    if len(x) < 2:
        raise ValueError(f"diversity needs at least two images of each kind; got {len(x)}")
    x = to_numpy(x).reshape(len(x), -1).astype(float)
    squares = (x ** 2).sum(axis=1)
    # |a - b|² = |a|² + |b|² - 2ab; rounding may leave it just below 0
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * x @ x.T, 0))
    return distances.sum() / (len(x) * (len(x) - 1))


def diagnose(history, *, modes=None, probabilities=True):
    """One sentence on a run: Healthy, Diverged, Saturated, Collapsed or Escaped, with the numbers.

    history: metric -> list of (step, value), with all METERS. modes: how many the data has.
    probabilities: False for a critic's raw scores, which are never called saturated. Raises
    ValueError if a meter is missing.
    """
    check_meters(history)
    end = {name: np.median(_last(points)) for name, points in history.items() if points}
    return (_diverged(history, end)
            or (probabilities and _saturated(history, end))
            or _collapsed(history, end, modes)
            or _healthy(end, modes))


def _diverged(history, end):
    for name, points in history.items():
        for step, value in points:
            if not math.isfinite(value):
                return f"Diverged: {name} is {value} at step {step}."
    for name, player in (("d_loss", "discriminator"), ("g_loss", "generator")):
        last = _last(history[name])
        low, high = np.percentile(last, [5, 95])
        before = max(1, np.median(np.abs(_first(history[name], 0.5))))
        if np.abs(last).max() > LOSS_BELOW:
            return (f"Diverged: the {player}'s loss reaches {np.abs(last).max():.3g} in the last "
                    "10 % of the run.")
        if np.median(np.abs(last)) > LOSS_GROWTH * before:
            return (f"Diverged: the {player}'s loss has grown to {end[name]:.3g}, "
                    f"{np.median(np.abs(last)) / before:.0f} times its size in the first half.")
        if high - low > LOSS_SWING:
            return (f"Diverged: the {player}'s loss swings between {low:.3g} and {high:.3g} in the "
                    "last 10 % of the run.")
    return None


def _saturated(history, end):
    early = max(_first(history["g_grad"], END))
    if (end["d_real"] > REAL_ABOVE and end["d_fake"] < FAKE_BELOW
            and end["g_grad"] * GRADIENT_FALL < early):
        return (f"Saturated: the discriminator has won, with D(x) {end['d_real']:.2f} and D(G(z)) "
                f"{end['d_fake']:.2f}, and the generator's gradient norm fell from {early:.2g} to "
                f"{end['g_grad']:.2g}.")
    return None


def _collapsed(history, end, modes):
    if "modes" in end:
        peak, peak_step = max((value, -step) for step, value in history["modes"])
        word = outcome(end["modes"], end.get("quality", 1), modes) if modes else "covers"
        if word == "escaped":
            outside = 100 * (1 - end["quality"])
            return (f"Escaped: {outside:.0f} % of the samples lie outside all modes in the last "
                    "10 % of the run.")
        if word == "collapsed":
            return f"Collapsed: {end['modes']:g} of {modes} modes in the last 10 % of the run."
        if end["modes"] < MODES_KEPT * peak:
            return (f"Collapsed: {_count(end['modes'], modes)} in the last 10 % of the run, after "
                    f"{peak:g} at step {-peak_step}.")
    if end.get("diversity", 1) < DIVERSITY_ABOVE:
        return (f"Collapsed: samples {end['diversity']:.2f} times as diverse as the data in the "
                "last 10 % of the run.")
    return None


def _healthy(end, modes):
    seen = [f"D(x) {end['d_real']:.2f} and D(G(z)) {end['d_fake']:.2f}"]
    if "modes" in end:
        seen.append(_count(end["modes"], modes))
    if "diversity" in end:
        seen.append(f"samples {end['diversity']:.2f} times as diverse as the data")
    return f"Healthy: {', '.join(seen)} in the last 10 % of the run."


def _count(covered, modes):
    return f"{covered:g} of {modes} modes" if modes else f"{covered:g} modes"


def check_meters(history):
    """Raise ValueError unless the history has all METERS."""
    missing = [name for name in METERS if not history.get(name)]
    if missing:
        raise ValueError(f"flight recorder: the history needs {', '.join(METERS)}; "
                         f"{', '.join(missing)} missing; pass each to run.log at every step")


def _first(points, share):
    """The values of the first `share` of the steps."""
    steps, values = np.array(points).T
    return values[steps <= steps[0] + share * (steps[-1] - steps[0])]


def _last(points):
    """The values of the last tenth of the steps."""
    steps, values = np.array(points).T
    return values[steps >= steps[-1] - END * (steps[-1] - steps[0])]

"""The flight recorder of a GAN: what to log, one figure of it, and a sentence on how it went.

A GAN's loss does not fall while it learns: it says how the two players stand to each other, not how
good the samples are. So a run is read from several meters at once. Each step logs

    d_real, d_fake    mean of D(x) and of D(G(z)): probabilities, or a critic's raw scores
    d_loss, g_loss    the losses of the discriminator D and of the generator G
    d_grad, g_grad    `grad_norm` of either player's parameters, after its own backward

    run.log(d_real=..., d_fake=..., d_loss=..., g_loss=..., d_grad=..., g_grad=...)

and some steps what tells a collapse:

    modes             how many modes of the data the samples cover, where they can be counted
    diversity         how far apart samples are, relative to real ones: see the function

    history = run.history["training"]
    run.save_figure(flight_figure(history, modes=8), "flight", diagnose(history, modes=8))
"""
import math

from demos.common.figures import PALETTE, new_figure
from tinygen.backend import np, to_numpy, xp

METERS = "d_real", "d_fake", "d_loss", "g_loss", "d_grad", "g_grad"
D_COLOUR, G_COLOUR, SAMPLES_COLOUR = PALETTE[:3]

# How `diagnose` reads the meters. "The end" is the median over the last tenth of the steps.
END = 0.1
# Saturated: D tells all real from all fake. With it goes what G learns from, unless G's loss was
# made for this case; so it counts only where G's gradient is gone too. While two players stay in
# balance it changes by a factor of ten or so.
REAL_ABOVE, FAKE_BELOW = 0.95, 0.05
GRADIENT_FALL = 100
# Collapsed: fewer than half of the modes, or a loss of more than a quarter of those it once had;
# one or two modes more or less are the noise of counting them.
MODES_SHARE, MODES_KEPT = 0.5, 0.75
# Drawn digits of one class are 0.70 (ones) to 0.98 times as diverse as all, and the 50 nearest to a
# single one 0.31 to 0.75. So less than 0.3 are copies of one image; more may still be one class.
DIVERSITY_ABOVE = 0.3
# Diverged: a D that is sure and right makes cross entropies up to 40 or so; a critic with slope 1
# has scores no farther apart than images are, 28 for 28x28 pixels. Beyond these, nothing is learnt.
LOSS_BELOW, LOSS_GROWTH, LOSS_SWING = 1000, 100, 50


def grad_norm(parameters):
    """The norm of all gradients as one vector, a float: sqrt of the sum of squares.

    Raises ValueError where no parameter has a gradient.
    """
    grads = [p.grad.data for p in parameters if p.grad is not None]
    if not grads:
        raise ValueError("grad_norm: no parameter has a gradient; call backward() on the loss of "
                         "this player first")
    return math.sqrt(sum(xp.vdot(g, g) for g in grads))


def diversity(samples, real):
    """Mean distance between two of `samples`, relative to that of `real`: 1 is as diverse.

    (N, ...), (M, ...) -> float; a few hundred of each will do. Raises ValueError for fewer than 2.
    """
    return _mean_distance(samples) / _mean_distance(real)


def _mean_distance(x):
    if len(x) < 2:
        raise ValueError(f"diversity: a distance takes two images; got {len(x)}")
    x = to_numpy(x).reshape(len(x), -1).astype(float)
    squares = (x ** 2).sum(axis=1)
    # |a - b|² = |a|² + |b|² - 2ab, which rounding may leave just below 0
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * x @ x.T, 0))
    return distances.sum() / (len(x) * (len(x) - 1))


def diagnose(history, *, modes=None, probabilities=True):
    """One sentence on a run: Healthy, or Diverged, Saturated or Collapsed, with the numbers.

    history: metric -> list of (step, value), with all METERS. modes: how many the data has.
    probabilities: whether D's outputs are; raw scores of a critic are not called saturated. Raises
    ValueError where a meter is missing.
    """
    _check_meters(history)
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
            return (f"Diverged: the {player}'s loss is as large as {np.abs(last).max():.3g} in the "
                    "last 10 % of the run.")
        if np.median(np.abs(last)) > LOSS_GROWTH * before:
            return (f"Diverged: the {player}'s loss has grown to {end[name]:.3g}, which is "
                    f"{np.median(np.abs(last)) / before:.0f} times what it was.")
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
        if modes and end["modes"] < MODES_SHARE * modes:
            return f"Collapsed: {end['modes']:g} of {modes} modes in the last 10 % of the run."
        if end["modes"] < MODES_KEPT * peak:
            return (f"Collapsed: {_count(end['modes'], modes)} in the last 10 % of the run, after "
                    f"{peak:g} at step {-peak_step}.")
    if end.get("diversity", 1) < DIVERSITY_ABOVE:
        return (f"Collapsed: two samples differ {end['diversity']:.2f} times as much as two real "
                "ones in the last 10 % of the run.")
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


def _check_meters(history):
    missing = [name for name in METERS if not history.get(name)]
    if missing:
        raise ValueError(f"flight recorder: the history has {', '.join(METERS)}; "
                         f"{', '.join(missing)} is missing; give each to run.log at every step")


def _first(points, share):
    """The values in the first `share` of the steps."""
    steps, values = np.array(points).T
    return values[steps <= steps[0] + share * (steps[-1] - steps[0])]


def _last(points):
    """The values in the last tenth of the steps."""
    steps, values = np.array(points).T
    return values[steps >= steps[-1] - END * (steps[-1] - steps[0])]


# ---- the figure ----

def flight_figure(history, *, modes=None, probabilities=True, title=None):
    """All meters of a run against its steps, in panels one below the other.

    history, modes, probabilities: as in `diagnose`. Faint lines are single steps, strong ones their
    mean over a fiftieth of the run.
    """
    _check_meters(history)
    extra = [name for name in ("modes", "diversity") if history.get(name)]
    figure, panels = new_figure(3 + len(extra), width=7.5, height=1.1 + 1.55 * (3 + len(extra)),
                                sharex=True)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    outputs, losses, gradients, *samples = panels
    _draw_pair(outputs, history, ("d_real", "D(x)"), ("d_fake", "D(G(z))"),
               limits=(-0.04, 1.04) if probabilities else None)
    if probabilities:
        outputs.axhline(0.5, color="#999999", linewidth=1, linestyle="--", zorder=1)
    outputs.set_title("What D says" if probabilities else "What the critic says (scores)")
    _draw_pair(losses, history, ("d_loss", "of D"), ("g_loss", "of G"))
    losses.set_title("Losses")
    gradients.set_yscale("log")
    _draw_pair(gradients, history, ("d_grad", "of D"), ("g_grad", "of G"))
    gradients.set_title("Gradient norms")
    for axes, name in zip(samples, extra):
        _draw_samples(axes, history[name], name, modes)
    for axes in panels:
        axes.margins(x=0)
    panels[-1].set_xlabel("step")
    return figure


def _draw_pair(axes, history, *meters, limits=None):
    """The meter of D and that of G, each with its label at the end of its line.

    limits: of the values shown, else they follow from the data.
    """
    log = axes.get_yscale() == "log"
    ends, seen = [], []
    for (name, label), colour in zip(meters, (D_COLOUR, G_COLOUR)):
        steps, values = np.array(history[name]).T
        if log:  # a norm that is exactly 0 has no logarithm: it lies on the lowest that has
            floor = values[values > 0].min(initial=1)
            values = np.maximum(values, floor)
        smooth = np.exp(_smooth(np.log(values))) if log else _smooth(values)
        axes.plot(steps, values, color=colour, alpha=0.2, linewidth=0.8)
        axes.plot(steps, smooth, color=colour)
        ends.append((label, smooth[-1], colour))
        seen += [smooth, np.percentile(values, [0.5, 99.5])]  # single spikes may leave the panel
    low, high = np.concatenate(seen).min(), np.concatenate(seen).max()
    if log:
        axes.set_ylim(low / 1.5, high * 1.5)
    else:
        margin = 0.06 * (high - low) or 0.5
        axes.set_ylim(limits or (low - margin, high + margin))
    _label_ends(axes, ends)


def _draw_samples(axes, points, name, modes):
    """The meter that looks at the samples: modes covered, or their diversity."""
    steps, values = np.array(points).T
    goal = modes if name == "modes" else 1
    axes.plot(steps, values, "o-", color=SAMPLES_COLOUR, markersize=3)
    axes.set_ylim(0, 1.1 * max(goal or 0, values.max(), 1))
    axes.yaxis.get_major_locator().set_params(integer=name == "modes")
    axes.set_title("Modes covered" if name == "modes" else "Diversity of the samples")
    if goal:
        axes.axhline(goal, color="#999999", linewidth=1, linestyle="--", zorder=1)
        axes.annotate(f"all {modes}" if name == "modes" else "the data's", (1, goal), (6, 0),
                      xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
                      color="#666666")


def _label_ends(axes, ends, gap=0.13):
    """Labels right of the last values, moved apart where these are close."""
    to_fraction = axes.transData + axes.transAxes.inverted()
    places = [float(np.clip(to_fraction.transform((0, value))[1], 0, 1)) for _, value, _ in ends]
    overlap = gap - abs(places[0] - places[1])
    if overlap > 0:
        shift = math.copysign(overlap / 2, places[0] - places[1])
        places = [places[0] + shift, places[1] - shift]
    for (label, _, colour), place in zip(ends, places):
        axes.annotate(label, (1, place), (6, 0), xycoords="axes fraction",
                      textcoords="offset points", va="center", color=colour)


def _smooth(values):
    """The mean over a fiftieth of the run around each step, over what there is near the ends."""
    width = max(1, len(values) // 50)
    window = np.ones(width)
    return np.convolve(values, window, "same") / np.convolve(np.ones_like(values), window, "same")

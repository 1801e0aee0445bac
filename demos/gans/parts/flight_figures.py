"""The figure of the flight recorder: all meters of a run against its steps."""
import math

from demos.common.figures import PALETTE, new_figure
from demos.gans.parts.flight import check_meters
from tinygen.backend import np

D_COLOUR, G_COLOUR, SAMPLES_COLOUR = PALETTE[:3]


def plot_flight(history, *, modes=None, probabilities=True, title=None):
    """All meters of a run against its steps, in panels below each other.

    history, modes, probabilities: as in `diagnose`. Faint lines are single steps, strong lines
    their moving average over a fiftieth of the run.
    """
    check_meters(history)
    extra = [name for name in ("modes", "diversity") if history.get(name)]
    figure, panels = new_figure(3 + len(extra), width=7.5, height=1.1 + 1.55 * (3 + len(extra)),
                                sharex=True)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    outputs, losses, gradients, *samples = panels
    _plot_pair(outputs, history, ("d_real", "D(x)"), ("d_fake", "D(G(z))"),
               limits=(-0.04, 1.04) if probabilities else None)
    if probabilities:
        outputs.axhline(0.5, color="#999999", linewidth=1, linestyle="--", zorder=1)
    outputs.set_title("What D says" if probabilities else "What the critic says (scores)")
    _plot_pair(losses, history, ("d_loss", "of D"), ("g_loss", "of G"))
    losses.set_title("Losses")
    gradients.set_yscale("log")
    _plot_pair(gradients, history, ("d_grad", "of D"), ("g_grad", "of G"))
    gradients.set_title("Gradient norms")
    for axes, name in zip(samples, extra):
        _plot_samples(axes, history[name], name, modes)
    for axes in panels:
        axes.margins(x=0)
    panels[-1].set_xlabel("step")
    return figure


def _plot_pair(axes, history, *meters, limits=None):
    """D's meter and G's, each with a label at the end of its line.

    limits: of the vertical axis; by default they follow from the data.
    """
    log = axes.get_yscale() == "log"
    ends, seen = [], []
    for (name, label), colour in zip(meters, (D_COLOUR, G_COLOUR)):
        steps, values = np.array(history[name]).T
        if log:  # 0 has no logarithm: move it up to the smallest norm above 0
            floor = values[values > 0].min(initial=1)
            values = np.maximum(values, floor)
        smooth = np.exp(_smooth(np.log(values))) if log else _smooth(values)
        axes.plot(steps, values, color=colour, alpha=0.2, linewidth=0.8)
        axes.plot(steps, smooth, color=colour)
        ends.append((label, smooth[-1], colour))
        seen += [smooth, np.percentile(values, [0.5, 99.5])]  # spikes may leave the panel
    low, high = np.concatenate(seen).min(), np.concatenate(seen).max()
    if log:
        axes.set_ylim(low / 1.5, high * 1.5)
        _label_log(axes)
    else:
        margin = 0.06 * (high - low) or 0.5
        axes.set_ylim(limits or (low - margin, high + margin))
    _label_ends(axes, ends)


def _label_log(axes):
    """A few round numbers beside a low panel, however many powers of ten it spans."""
    from matplotlib.ticker import LogLocator, NullLocator
    low, high = axes.get_ylim()
    powers = math.log10(high / low)
    between = (1, 2, 5) if powers < 1.5 else (1, 3) if powers < 2.5 else (1,)
    axes.yaxis.set_major_locator(LogLocator(subs=between, numticks=5))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")


def _plot_samples(axes, points, name, modes):
    """The meter of the samples: modes covered, or diversity."""
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
    """Labels to the right of the last values, moved apart if they would overlap."""
    to_fraction = axes.transData + axes.transAxes.inverted()
    heights = [float(np.clip(to_fraction.transform((0, value))[1], 0, 1)) for _, value, _ in ends]
    overlap = gap - abs(heights[0] - heights[1])
    if overlap > 0:
        shift = math.copysign(overlap / 2, heights[0] - heights[1])
        heights = [heights[0] + shift, heights[1] - shift]
    for (label, _, colour), height in zip(ends, heights):
        axes.annotate(label, (1, height), (6, 0), xycoords="axes fraction",
                      textcoords="offset points", va="center", color=colour)


def _smooth(values):
    """Moving average over a fiftieth of the run, over the available part of it near the ends."""
    width = max(1, len(values) // 50)
    window = np.ones(width)
    return np.convolve(values, window, "same") / np.convolve(np.ones_like(values), window, "same")

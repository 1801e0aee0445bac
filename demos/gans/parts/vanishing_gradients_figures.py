"""Figures of the demo vanishing_gradients."""
import math

from demos.common.figures import PALETTE, new_figure
from demos.gans.parts.gradients import LINE, divergence
from demos.gans.parts.modes import covered
from demos.gans.parts.toys import plot_points
from tinygen.backend import np
from tinygen.data import RING_CENTRES, STD

SHOWN = 600  # samples in a picture
# metric -> label, colour
NORMS = {"no_penalty": ("Wasserstein, no penalty", PALETTE[3]),
         "non_saturating": ("non-saturating", PALETTE[0]),
         "wasserstein": ("Wasserstein, penalty", PALETTE[2]),
         "saturating": ("saturating", PALETTE[1])}
GREY = "#666666"


def plot_slopes(logit):
    """The generator's losses and their slopes, against the logit of a fake.  logit: the mean one"""
    s = np.linspace(min(-10, logit - 2), 5, 400)
    d = 1 / (1 + np.exp(-s))
    curves = {"saturating": (np.log(1 - d), d), "non_saturating": (-np.log(d), 1 - d),
              "wasserstein": (-s, np.ones_like(s))}
    figure, panels = new_figure(1, 2, width=9.5, height=3.7)
    for name, (loss, slope) in curves.items():
        label, colour = NORMS[name]
        for axes, values in zip(panels, (loss, slope)):
            axes.plot(s, values, color=colour, label=label.partition(",")[0])
    panels[0].set(title="Loss of a fake", xlabel="logit of D(G(z))")
    panels[1].set(title="Its slope (absolute value, log scale)", xlabel="logit of D(G(z))",
                  yscale="log", ylim=(0.5 * d.min(), 3))
    panels[0].legend()
    for axes in panels:
        axes.axvline(logit, color="#999999", linewidth=1, linestyle="--")
    panels[1].annotate(f"a fake\nfound out,\nD = {1 / (1 + np.exp(-logit)):.1g}", (logit, 0.83),
                       (6, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
                       va="top", color=GREY)
    return figure


def plot_norms(history, fresh, overlapping):
    """Gradient norms against the judges' steps: of fresh generators, and of a trained one."""
    figure, panels = new_figure(1, 2, width=10.5, height=4.4, sharey=True)
    for axes, loops in zip(panels, (fresh, [overlapping])):
        for name, (_, colour) in NORMS.items():
            for loop in loops:
                axes.plot(*np.array(history[loop][name]).T, color=colour, linewidth=1.5)
        axes.set(yscale="log", xlabel="steps of the judges, the generator frozen")
        axes.margins(x=0)
    panels[0].set(ylabel="norm of the generator's gradient",
                  title=f"Fresh generator, {len(fresh)} start{'s' if len(fresh) > 1 else ''}")
    panels[1].set_title("Generator after its training")
    for label, colour in NORMS.values():
        panels[1].plot([], [], color=colour, label=label)
    figure.legend(*panels[1].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def plot_value(history, fresh, overlapping):
    """V(D, G) against the steps of D, and the divergence that it implies."""
    figure, axes = new_figure(width=7.5, height=3.9)
    for loops, colour, label in (
            (fresh, PALETTE[0], f"fresh generator{'s' * (len(fresh) > 1)}"),
            ([overlapping], PALETTE[4], "trained generator")):
        for loop in loops:
            axes.plot(*np.array(history[loop]["value"]).T, color=colour, label=label)
            label = None
    for v, text, side in ((0, "0: D has won", "bottom"),  # away from the curves between the two
                          (-math.log(4), "−log 4: D knows nothing", "top")):
        axes.axhline(v, color="#999999", linewidth=1, linestyle="--")
        axes.annotate(text, (1, v), (-4, 3 if side == "bottom" else -3), va=side, ha="right",
                      xycoords=("axes fraction", "data"), textcoords="offset points", color=GREY)
    axes.set(xlabel="steps of D, the generator frozen", ylabel="value V(D, G), nats",
             title="D wins against fakes that lie apart", ylim=(-1.6, 0.2))
    axes.margins(x=0)
    axes.legend(loc="center right")
    right = axes.secondary_yaxis("right",
                                 functions=(divergence, lambda found: 2 * found - math.log(4)))
    right.set_ylabel("Jensen-Shannon divergence found, nats")
    right.set_yticks([0, math.log(2) / 2, math.log(2)], ["0", "½ log 2", "log 2"])
    return figure


def plot_line(lines, fakes):
    """D, its logit and the critic's score along LINE, after some of their steps."""
    figure, panels = new_figure(3, 1, width=7.5, height=7, sharex=True)
    taken = list(lines)
    shades = ["#B8B8B8", "#6F6F6F", "#111111"][-len(taken):]
    for (step, (logits, scores)), colour in zip(taken, shades):
        curves = 1 / (1 + np.exp(-np.clip(logits, -60, 60))), logits, scores - scores.mean()
        for axes, curve in zip(panels, curves):
            axes.plot(LINE, curve, color=colour, label=f"after {step:,} step{'s' * (step > 1)}")
    names = "D(x): a probability", "its logit", "score of the critic with penalty, minus its mean"
    for axes, name in zip(panels, names):
        axes.set_title(name)
        for x in (-2, 2):
            axes.axvspan(x - 3 * STD, x + 3 * STD, color="#D9D9D9", zorder=0, linewidth=0)
        axes.axvspan(fakes[:, 0].min(), fakes[:, 0].max(), color=PALETTE[1], alpha=0.22, zorder=0,
                     linewidth=0)
    for x, text, colour in ((2, "real", GREY), (fakes[:, 0].mean(), "fakes", PALETTE[1])):
        panels[0].annotate(text, (x, 1.06), ha="center", color=colour,
                           xycoords=("data", "axes fraction"), annotation_clip=False)
    panels[1].legend(loc="upper center", ncols=3, fontsize=8)
    panels[2].set_xlabel("x, on the line y = 0")
    panels[2].margins(x=0)
    return figure


def plot_games(games):
    """Samples at the end of each game: a row per loss, a column per rule and head start."""
    columns = len(games) // 2
    figure, panels = new_figure(2, columns, width=3.3 * columns, height=7.6, squeeze=False)
    for number, (loop, points) in enumerate(games.items()):
        loss, rule, start = loop.split(", ")
        axes = panels[number % 2, number // 2]
        plot_points(axes, points[:SHOWN], RING_CENTRES)
        modes, quality = covered(points, RING_CENTRES)
        axes.set_xlabel(f"{modes} of 8 modes, {quality:.0%} of high quality")
        if number < 2:
            axes.set_ylabel(loss, fontsize=11, fontweight="bold")
        if number % 2 == 0:
            axes.set_title(f"{rule}, {start}")
    return figure

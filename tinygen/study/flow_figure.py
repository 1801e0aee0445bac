"""The figure of a flow: a row for each module, and one for each parameter."""
import math

import matplotlib.pyplot as plt

from tinygen.study.graph_figure import FONT, INK, SMALL, SOFT, text_width

STYLE = {
    "font.family": FONT, "font.size": SMALL, "axes.titlesize": 9, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False,
    "axes.spines.left": False, "axes.edgecolor": "#C5CDD6", "axes.grid": True,
    "axes.axisbelow": True, "grid.color": "#EBEFF3", "text.color": INK, "axes.labelcolor": INK,
    "xtick.color": SOFT, "ytick.color": INK, "ytick.major.size": 0, "legend.frameon": False,
}
FORWARD, BACKWARD, DEAD, FLAT = "#0072B2", "#D55E00", "#8A949E", "#CC79A7"
WIDTH, PANEL_GAP, ROW, ABOVE, BELOW = 10, 0.3, 0.18, 0.4, 0.5  # inches
USUAL = 1e-3  # a step's size relative to the parameter's, at which networks usually learn well


def draw_flow(flow, path):
    """What Flow.draw does."""
    blocks = [[row.path for row in flow.modules], [row.path for row in flow.parameters]]
    left = 0.15 + max(text_width(label, SMALL) for labels in blocks for label in labels)
    heights = [ROW * len(labels) + ABOVE + BELOW for labels in blocks]
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(WIDTH, sum(heights)), layout="none", facecolor="white")
        modules, parameters = (_panels(figure, labels, left, sum(heights[:i + 1]))
                               for i, labels in enumerate(blocks))
        _plot_modules(modules, flow.modules)
        _plot_parameters(parameters, flow.parameters)
    if path is not None:
        figure.savefig(path)
    return figure


def _panels(figure, labels, left, bottom):
    """Three axes side by side, with a row for each label; bottom: from the top of the figure."""
    width, height = figure.get_size_inches()
    each = (width - left - 3 * PANEL_GAP) / 3
    panels = [figure.add_axes((
        (left + i * (each + PANEL_GAP)) / width, (height - bottom + BELOW) / height, each / width,
        ROW * len(labels) / height)) for i in range(3)]
    for axes in panels:
        axes.set_yticks(range(len(labels)), labels if axes is panels[0] else [])
        axes.set_ylim(len(labels) - 0.4, -0.6)
    return panels


def _plot_modules(panels, rows):
    outputs, gradients, shares = panels
    outputs.set_title("Deviation of the output")
    _plot_dots(outputs, [row.output.deviation for row in rows], FORWARD, joined=True)
    gradients.set_title("Deviation of the gradient there")
    _plot_dots(gradients, [row.gradient and row.gradient.deviation for row in rows], BACKWARD,
               joined=True)
    shares.set(title="Share", xlim=(0, 1))
    for name, colour, y in (("dead", DEAD, -0.2), ("saturated", FLAT, 0.2)):
        values = [getattr(row.output, name) or 0.0 for row in rows]
        shares.barh([i + y for i in range(len(rows))], values, 0.36, color=colour, label=name)
    shares.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    shares.legend(loc="lower right", bbox_to_anchor=(1, 1.01), ncols=2, borderpad=0.2,
                  borderaxespad=0, handlelength=1, columnspacing=1)


def _plot_parameters(panels, rows):
    weights, gradients, steps = panels
    weights.set_title("Norm of the parameter")
    _plot_dots(weights, [row.weight for row in rows], FORWARD)
    gradients.set_title("Norm of its gradient")
    _plot_dots(gradients, [row.gradient for row in rows], BACKWARD)
    if not any(row.ratio for row in rows):
        steps.remove()
        return
    steps.set_title("The next step, relative to it")
    _plot_dots(steps, [row.ratio for row in rows], INK)
    steps.axvline(USUAL, color=SOFT, linewidth=0.8, linestyle="--", zorder=0)


def _plot_dots(axes, values, colour, joined=False):
    """Positive numbers on a logarithmic scale; others, such as the norm of zeros, are left out."""
    shown = [(value, row) for row, value in enumerate(values) if value]
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter(plt.NullFormatter())
    if not shown:
        return
    axes.plot(*zip(*shown), "o", color=colour, markersize=4)
    if joined:
        axes.plot(*zip(*shown), color=colour, linewidth=0.9, alpha=0.5)
    low, high = min(shown)[0] / 1.3, max(shown)[0] * 1.3  # and so that a power of ten is within
    axes.set_xlim(min(low, 10 ** math.floor(math.log10(high))), high)

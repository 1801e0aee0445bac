"""Figures of the demo signal."""
from demos.common.figures import PALETTE, new_figure
from tinygen.backend import np


def plot_signals(layers, ratios):
    """design -> rows of a flow, and -> a ratio for each layer, or None where it is not known."""
    curves = {
        "Deviation of the output": {
            design: [row.output.deviation for row in rows] for design, rows in layers.items()},
        "Deviation of the gradient": {
            design: [row.gradient.deviation for row in rows] for design, rows in layers.items()},
        "Adam's first step / weights": ratios,
    }
    figure, panels = new_figure(1, 3, width=12.5, height=4.2)
    for axes, (title, lines) in zip(panels, curves.items()):
        for (design, values), colour in zip(lines.items(), PALETTE):
            values = np.array(values, float)
            values[values == 0] = np.nan  # it has no place on a logarithmic scale
            axes.plot(range(1, len(values) + 1), values, "o-", markersize=3, color=colour,
                      label=design)
        axes.set(title=title, xlabel="layer", yscale="log")
    panels[0].legend()
    return figure


def plot_learning(history, right):
    """The loss of each design, and in the legend what it is right on in the end."""
    figure, axes = new_figure(width=7.5, height=4.2)
    for (design, share), colour in zip(right.items(), PALETTE):
        steps, losses = np.transpose(history[design]["loss"])
        axes.plot(steps, losses, color=colour, linewidth=1.2, label=f"{design}: {share:.1%} right")
    axes.set(title="Training loss, nats per digit", xlabel="step", yscale="log")
    axes.margins(x=0)
    axes.legend()
    return figure

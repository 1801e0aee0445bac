"""Figures of the demo mode_collapse: what each arm covers, as a table and as samples."""
import math

from demos.common.figures import new_figure
from demos.gans.parts.toys import plot_points
from tinygen.backend import np


def plot_table(results, arms, seeds, modes):
    """The results as a table, shaded by modes: a row per arm, a column per seed."""
    table = [[results[f"{name}, seed {seed}"] for seed in seeds] for name in arms]
    counts = np.array([[result.modes for result in row] for row in table])
    figure, axes = new_figure(width=2.0 + 2.1 * len(seeds), height=0.7 + 0.6 * len(arms))
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=3 * modes, aspect="auto")
    for i, row in enumerate(table):
        for j, result in enumerate(row):
            axes.text(j, i, f"{result.word}\n{in_numbers(result)}", ha="center", va="center")
    axes.set_xticks(range(len(seeds)), [f"seed {seed}" for seed in seeds])
    axes.set_yticks(range(len(arms)), list(arms))
    axes.xaxis.tick_top()
    axes.tick_params(length=0, colors="#222222")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return figure


def plot_samples(results, data, centres):
    """The samples of one seed, a panel per arm, and as many of the data."""
    shown = {f"{name}: {result.word}": result for name, result in results.items()}
    shown["the data"] = data
    columns = -(-len(shown) // 2)
    figure, panels = new_figure(2, columns, width=3.2 * columns, height=7.2)
    for axes, (title, result) in zip(panels.ravel(), shown.items()):
        plot_points(axes, result.points, centres)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel(in_numbers(result))
    return figure


def in_numbers(result):
    spread = "" if math.isnan(result.spread) else f", spread {result.spread:.2f}"
    return f"{result.modes} mode{'s' * (result.modes != 1)}, {result.quality:.0%}{spread}"

"""Figures of the demo attention."""
import math

from demos.common.figures import PALETTE, new_figure
from tinygen.backend import np


def plot_maps(maps, tokens, width, height):
    """A row of heat maps.  title -> (T, T); tokens: what labels rows and columns"""
    figure, all_axes = new_figure(1, len(maps), width=width, height=height)
    for (title, matrix), axes in zip(maps.items(), all_axes):
        heat_map(axes, matrix, title)
        axes.set_xticks(range(len(tokens)), tokens, rotation=60)
        axes.set_yticks(range(len(tokens)), tokens if axes is all_axes[0] else [])
    return figure


def heat_map(axes, matrix, title):
    """A (T, T) matrix with its numbers; white where the future is masked."""
    matrix = np.where(np.isfinite(matrix), matrix, np.nan)
    low, high = np.nanmin(matrix), np.nanmax(matrix)
    axes.imshow(matrix, vmin=min(low, 0), vmax=high)
    middle = (min(low, 0) + high) / 2
    for (row, column), value in np.ndenumerate(matrix):
        if np.isfinite(value):
            text = f"{value:.2f}".replace("0.", ".").replace("-.00", ".00")
            axes.text(column, row, text if value else "0", ha="center", va="center", fontsize=7,
                      color="white" if value < middle else "black")
    axes.set_title(title, fontsize=10)
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def plot_scale(sizes, entropy, gradient, tokens):
    """Entropy of the weights and size of the gradient against d.  name -> (sizes,), both"""
    figure, (left, right) = new_figure(1, 2, width=10.5, height=3.9)
    for axes, curves, title in ((left, entropy, "Entropy of the weights, nats"),
                                (right, gradient, "Size of the gradient through softmax, median")):
        for (name, values), colour in zip(curves.items(), PALETTE):
            axes.plot(sizes, values, "o-", color=colour, label=name)
        axes.set_xscale("log", base=2)
        axes.set(title=title, xlabel="length of queries and keys, d")
    left.axhline(math.log(tokens), color="#999999", linewidth=1, linestyle="--")
    left.annotate(f"ln {tokens}: equal weights", (sizes[0], math.log(tokens)), (0, -12),
                  textcoords="offset points", color="#666666")
    for axes in (left, right):
        axes.set_ylim(bottom=0)
    right.legend(title="dot products")
    return figure

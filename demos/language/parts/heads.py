"""What each attention head of a network attends to, recorded while the network computes."""
import math

import tinygen as tg
from demos.common.figures import new_figure
from tinygen.backend import to_numpy, xp


def attention_weights(compute):
    """The weights of every attention that compute() calls, in order: arrays (B, heads, T, S).

    While compute() runs, the op's rule is replaced by one that does the same and keeps the weights,
    which are what attention returns when the values are the unit matrix.
    """
    weights, rule = [], tg.ops.attention.rule

    def recorded(q, k, v, **settings):
        unit = xp.broadcast_to(xp.eye(k.shape[-2], dtype=q.dtype), (*k.shape[:-1], k.shape[-2]))
        weights.append(to_numpy(rule(q, k, unit, **settings)[0]))
        return rule(q, k, v, **settings)

    with tg.no_grad(), tg.ops.attention.replaced(by=recorded):
        compute()
    return weights


def plot_heads(weights, rows, columns=None, names=None):
    """A heat map for each head.  list of (heads, T, S), one for each layer -> figure

    rows, columns: labels of the T positions that attend and of the S that are attended to (rows
    again if None). names: of the layers.
    """
    columns = rows if columns is None else columns
    count = len(weights[0])
    side = 0.115 * max(len(rows), 12) + 0.25
    figure, grid = new_figure(len(weights), count, squeeze=False, width=count * side + 1.0,
                              height=len(weights) * (side + 0.25) + 0.3)
    for layer, (axes_row, maps) in enumerate(zip(grid, weights)):
        for head, (axes, weight) in enumerate(zip(axes_row, maps)):
            axes.imshow(weight, vmin=0, vmax=math.ceil(10 * weight.max()) / 10, aspect="auto")
            name = names[layer] if names else f"block {layer + 1}"
            axes.set_title(f"{name}, head {head + 1}", fontsize=9)
            axes.grid(False)
            last = layer == len(weights) - 1
            axes.set_xticks(range(len(columns)), columns if last else [])
            axes.set_yticks(range(len(rows)), rows if head == 0 else [])
            axes.tick_params(length=0, labelsize=7, labelfontfamily="monospace")
            axes.spines[:].set_visible(False)
    return figure

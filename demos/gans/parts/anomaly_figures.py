"""Figures of the demo anomaly."""
from demos.common.figures import PALETTE, new_figure, plot_image_rows
from demos.gans.parts.scores import amount_of_ink, per_ink, roc_curve
from tinygen.backend import np

COLOURS = {"autoencoder": PALETTE[0], "VAE": PALETTE[1], "discriminator": PALETTE[2]}
NORMAL, STRANGE = PALETTE[9], PALETTE[1]
FALSE_ALARMS = 0.05  # share of the normal images above a threshold
SHOWN = 12  # images in a row


def plot_table(table, pictures=None):
    """AUROCs as numbers in coloured cells.

    table: score -> {column: AUROC}. pictures: an image (1, H, W) to show above each column;
    without, the columns are digits held out.
    """
    rows, columns = list(table), list(next(iter(table.values())))
    values = np.array([[table[row][column] for column in columns] for row in rows])
    space = 0.75 if pictures else 0.0
    figure, axes = new_figure(width=2.4 + 0.72 * len(columns), height=0.6 + 0.4 * len(rows) + space)
    axes.imshow(values, cmap="PuOr", vmin=0, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        axes.text(j, i, f"{value:.2f}", ha="center", va="center",
                  color="white" if abs(value - 0.5) > 0.3 else "black")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(range(len(columns)), columns)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, colors="#222222")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    if pictures is None:
        axes.xaxis.set_label_position("top")
        axes.set_xlabel("digit held out")
    for j, picture in enumerate(pictures if pictures is not None else ()):
        above = axes.inset_axes([(j + 0.1) / len(columns), 1 + 0.75 / len(rows),
                                 0.8 / len(columns), 1.5 / len(rows)])
        above.imshow(1 - picture[0], cmap="gray", vmin=0, vmax=1)
        above.set(xticks=[], yticks=[])
        above.grid(False)
        above.spines[:].set_visible(True)
    return figure


def plot_roc(scores, y):
    """ROC curves, a panel per digit held out.  scores: digit -> name -> (N,)"""
    columns = min(5, len(scores))
    rows = -(-len(scores) // columns)
    figure, panels = new_figure(rows, columns, width=1 + 2.7 * columns, height=0.6 + 2.8 * rows,
                                sharex=True, sharey=True, squeeze=False)
    for axes in panels.flat[len(scores):]:
        axes.set_visible(False)
    for axes, digit in zip(panels.flat, scores):
        axes.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle=":")
        strange = y == digit
        for name, colour in COLOURS.items():
            axes.plot(*roc_curve(scores[digit][name], strange), color=colour, label=name)
        axes.plot(*roc_curve(scores[digit]["nearest neighbour"], strange), color="#444444",
                  linestyle="--", linewidth=1.3, label="nearest neighbour")
        axes.set(title=f"{digit} held out")
    for axes in panels[-1]:
        axes.set_xlabel("false alarms")
    for axes in panels[:, 0]:
        axes.set_ylabel("anomalies found")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=2 if columns == 1 else 4)
    return figure


def plot_complexity(scores, x, y):
    """The autoencoder's error against the ink, with two thresholds; a panel per digit, at most 3.

    scores: digit -> name -> (N,)
    """
    digits = list(scores)[:3]
    ink = amount_of_ink(x)
    figure, panels = new_figure(1, len(digits), width=0.8 + 3.4 * len(digits), height=4.3,
                                sharex=True, sharey=True, squeeze=False)
    for axes, digit in zip(panels[0], digits):
        error, strange = scores[digit]["autoencoder"], y == digit
        axes.plot(ink[~strange], error[~strange], ".", color=NORMAL, markersize=3,
                  label="other digits")
        axes.plot(ink[strange], error[strange], ".", color=STRANGE, markersize=4,
                  label="the digit held out")
        limit = np.quantile(error[~strange], 1 - FALSE_ALARMS)
        axes.axhline(limit, color=PALETTE[0], linewidth=1.3, label="threshold by error")
        limit = np.quantile(per_ink(error, x)[~strange], 1 - FALSE_ALARMS)
        axes.plot([0, ink.max()], [0, limit * ink.max()], color="black", linestyle="--",
                  linewidth=1.3, label="threshold by error / ink")
        axes.set(title=f"{digit} held out", xlabel="ink (sum of the pixels)")
        axes.set_xlim(0, np.quantile(ink, 0.998) * 1.05)
        axes.set_ylim(0, max(np.quantile(each["autoencoder"], 0.998) for each in scores.values()))
    panels[0, 0].set_ylabel("autoencoder's error")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center",
                  ncols=2 if len(digits) == 1 else 4, markerscale=3)
    return figure


def plot_extremes(scores, x, strange):
    """The images that each score finds most and least strange; anomalies in colour.

    scores: name -> (N,). x: (N, 1, H, W). strange: bool (N,)
    """
    inked = in_colour(x, strange)
    rows = {}
    for name, values in scores.items():
        order = np.argsort(-values, kind="stable")
        rows[f"{name}: most"] = inked[order[:SHOWN]]
        rows[f"{name}: least"] = inked[order[::-1][:SHOWN]]
    return plot_image_rows(rows)


def in_colour(x, strange):
    """Black ink on white, and orange ink for the `strange` images.  (N, 1, H, W) -> (N, 3, H, W)"""
    from matplotlib.colors import to_rgb
    ink = np.where(strange[:, None], to_rgb(STRANGE), 0)[:, :, None, None]
    return 1 - x * (1 - ink)

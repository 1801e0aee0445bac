"""Figures of the demo encoder_vs_decoder."""
from demos.common.figures import PALETTE, new_figure
from demos.language.parts.texts import visible
from tinygen.backend import np


def plot_mask(maps):
    """name -> (changes, Jacobian norms), both (T, T) -> figure, a row for each name"""
    figure, grid = new_figure(len(maps), 2, width=8.4, height=4.1 * len(maps))
    for column, what in enumerate(("change of the output", "size of the derivative")):
        matrices = [pair[column] for pair in maps.values()]
        off = ~np.eye(len(matrices[0]), dtype=bool)
        high = max(matrix[off].max() for matrix in matrices)
        for axes, (name, pair) in zip(grid[:, column], maps.items()):
            number_map(axes, pair[column], f"{name}\n{what}", high)
    for axes in grid[-1]:
        axes.set_xlabel("position of the input that is changed")
    for axes in grid[:, 0]:
        axes.set_ylabel("position of the output")
    return figure


def number_map(axes, matrix, title, high):
    """A (T, T) matrix with its numbers: exact zeros white; the diagonal, off the scale, grey."""
    diagonal = np.eye(len(matrix), dtype=bool)
    picture = axes.imshow(np.where((matrix == 0) | diagonal, np.nan, matrix), vmin=0, vmax=high)
    colours = picture.to_rgba(picture.get_array())
    colours[diagonal] = 0.88, 0.88, 0.88, 1
    picture.set_data(colours)
    for (row, column), value in np.ndenumerate(matrix):
        text = "0" if value == 0 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"[1:]
        dark = 0 < value < 0.6 * high
        axes.text(column, row, text, ha="center", va="center", fontsize=9,
                  color="white" if dark else "black")
    axes.set_title(title, fontsize=10)
    axes.grid(False)
    positions = range(len(matrix))
    axes.set_xticks(positions, [position + 1 for position in positions])
    axes.set_yticks(positions, [position + 1 for position in positions])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def plot_cross(texts, weights):
    """(words, iso) of each date, its weights (len(iso), len(words)) -> figure, a map for each"""
    figure, all_axes = new_figure(len(texts), width=9, height=2.9 * len(texts))
    for axes, (words, iso), weight in zip(all_axes, texts, weights):
        picture = axes.imshow(weight, vmin=0, vmax=0.6, aspect="auto", cmap="Blues")
        axes.set_title(words)
        axes.grid(False)
        axes.set_xticks(range(len(words)), visible(words))
        axes.set_yticks(range(len(iso)), iso)
        axes.tick_params(length=0, labelsize=10, labelfontfamily="monospace", labelcolor="#222222")
    figure.colorbar(picture, ax=all_axes, label="weight", shrink=0.5, extend="max")
    return figure


def plot_learning(history):
    figure, (left, right) = new_figure(1, 2, width=10, height=3.6)
    left.plot(*zip(*history["loss"]), linewidth=0.8)
    left.set(title="Training loss", xlabel="step", ylabel="nats per character", yscale="log")
    if "exact" in history:
        steps, shares = zip(*history["exact"])
        right.plot(steps, [100 * share for share in shares], "o-", color=PALETTE[1])
    right.set(title="Held-out dates that are right", xlabel="step", ylabel="%", ylim=(0, 103))
    return figure

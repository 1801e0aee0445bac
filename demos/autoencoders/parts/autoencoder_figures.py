"""Figures of the demo autoencoder: error against size, the plane of codes, its map."""
from demos.common.figures import PALETTE, new_figure, scatter_classes, tile
from demos.tools.codes import in_batches
from tinygen.backend import np


def plot_error(error, linear, sizes, pixels):
    """Test error against the size of the code, and how many times smaller that is than an image.

    error: "conv 16" and the like -> mean squared error. linear: size -> PCA's.
    """
    figure, axes = new_figure(width=7.5, height=4.4)
    axes.plot(list(linear), list(linear.values()), "o-", color=PALETTE[8], markersize=4,
              label="PCA")
    axes.plot([16], [error["dense 16"]], "D", color=PALETTE[0], markersize=7,
              label="dense autoencoder")
    conv = [error[f"conv {size}"] for size in sizes]
    axes.plot(sizes, conv, "o-", color=PALETTE[1], markersize=8, label="conv autoencoder")
    for point in zip(sizes, conv):
        axes.annotate(f"{point[1]:.4f}", point, (-4, -17), textcoords="offset points",
                      ha="center", color=PALETTE[1])
    shown = [size for size in linear if size & (size - 1) == 0]  # powers of two
    axes.set_xscale("log")
    axes.set_xticks(shown, [f"{size}\n{pixels / size:.0f} : 1" for size in shown], minor=False)
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("bytes per code, and how many times smaller it is than the image")
    axes.set_ylabel("mean squared error per pixel")
    axes.legend()
    return figure


def plot_plane(codes, y):
    """Codes of two numbers as points, coloured by class.  title -> (N, 2), (N,)"""
    figure, all_axes = new_figure(1, len(codes), width=5.5 * len(codes), height=5.2)
    for axes, (title, z) in zip(all_axes, codes.items()):
        scatter_classes(axes, z, y)
        axes.set(title=title, xlabel="first number of the code",
                 ylabel="second number of the code")
    return figure


def plot_map(model, codes, columns=26):
    """The decoder's images on a grid over the codes; blank where no code is near."""
    low, high = np.percentile(codes, [0.5, 99.5], axis=0)
    step = (high - low) / (columns - 1)
    across, down = np.meshgrid(np.linspace(low[0], high[0], columns),
                               np.linspace(high[1], low[1], columns))
    grid = np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float32)
    decoded = in_batches(model.decode, grid)
    distance = np.abs((grid[:, None] - codes) / step).max(axis=2).min(axis=1)
    decoded[distance > 1.5] = 0
    figure, axes = new_figure(width=8, height=8)
    (left, bottom), (right, top) = low - step / 2, high + step / 2  # codes are the tiles' centres
    axes.imshow(tile(decoded, columns, gap=0), extent=(left, right, bottom, top), aspect="auto",
                interpolation="antialiased")
    axes.grid(False)
    axes.set(xlabel="first number of the code", ylabel="second number of the code")
    return figure

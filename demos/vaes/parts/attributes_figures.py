"""Figures of the demo attributes."""
from demos.common.figures import PALETTE, new_figure, show_sheet, tile
from tinygen.backend import np

COLOURS = {"means": PALETTE[1], "least squares": PALETTE[0]}
COLUMNS = 12


def plot_attributes(images, values, names):
    """A row of images for each attribute, from its lowest values to its highest."""
    figure, all_axes = new_figure(len(names), 1, width=8, height=2.6)
    for axes, column, name in zip(all_axes, values.T, names):
        order = np.argsort(column)
        chosen = order[(np.linspace(0.005, 0.995, COLUMNS) * (len(order) - 1)).astype(int)]
        plot_sheet(axes, tile(images[chosen], COLUMNS), images.shape[-1],
                   [f"{value:.1f}".replace("-0.0", "0.0") for value in column[chosen]])
        axes.set_title(name)
    return figure


def plot_walk(images, shown, asked, name):
    """A row for each image: itself, a gap, and what is decoded for each amount asked."""
    figure, axes = new_figure(width=9, height=4.7)
    rows = np.stack([images, np.zeros_like(images), *shown], axis=1)
    labels = ["image", "", *(f"{ask:+.1f}" if ask else "0" for ask in asked)]
    plot_sheet(axes, tile(rows.reshape(-1, *images.shape[1:]), len(labels)), images.shape[-1],
               labels)
    axes.set_xlabel(f"requested change in {name}", labelpad=8)
    return figure


def plot_sheet(axes, sheet, size, labels, gap=2):
    """Show a row of tiles, or several, with a label below each column."""
    show_sheet(axes, sheet)
    axes.tick_params(length=0)
    axes.set_xticks([size / 2 + (size + gap) * i for i in range(len(labels))], labels)


def plot_effects(asked, effects, spread, names):
    """Measured against asked change, for each attribute and method: method -> Effect."""
    figure, all_axes = new_figure(1, len(names), width=10, height=4.3)
    for i, (axes, name) in enumerate(zip(all_axes, names)):
        across = asked * spread[i]
        axes.plot(across, across, "--", color="#888888", label="as requested")
        for method, effect in effects.items():
            measured = effect.change[i, :, :, i]
            axes.plot(across, np.percentile(measured, [10, 90], axis=1).T, ":",
                      color=COLOURS[method])
            axes.plot(across, measured.mean(axis=1), "o-", color=COLOURS[method], label=method,
                      markersize=4)
        axes.set(xlabel=f"requested change in {name}", ylabel=f"measured change in {name}",
                 title=name.split(",")[0].capitalize())
    all_axes[0].legend()
    return figure


def plot_entanglement(responses):
    """What each direction moves: a 2 x 2 matrix for each method."""
    figure, all_axes = new_figure(1, len(responses), width=7.5, height=3.4)
    short = ("thickness", "slant")
    for axes, (method, matrix) in zip(all_axes, responses.items()):
        axes.imshow(matrix, cmap="PuOr", vmin=-1.2, vmax=1.2)
        for (i, j), value in np.ndenumerate(matrix):
            axes.text(j, i, f"{value:+.2f}", ha="center", va="center", fontsize=13,
                      color="white" if abs(value) > 0.75 else "black")
        axes.set_xticks(range(2), short)
        axes.set_yticks(range(2), short)
        axes.grid(False)
        axes.set(xlabel="measured", ylabel="requested", title=method)
    return figure


def plot_kept(asked, effects, unchanged):
    """Share of images still read as the same digit, against the amount asked."""
    figure, all_axes = new_figure(1, 2, width=10, height=3.8, sharey=True)
    for i, (axes, title) in enumerate(zip(all_axes, ("Thickness", "Slant"))):
        for method, effect in effects.items():
            axes.plot(asked, effect.kept[i], "o-", color=COLOURS[method], label=method)
        axes.axhline(unchanged, color="#888888", linestyle="--", linewidth=1,
                     label="the images themselves")
        axes.set(xlabel="requested change, standard deviations within a class", title=title,
                 ylim=(0, 1.02))
    all_axes[0].set_ylabel("digit read right")
    all_axes[0].legend(loc="lower center")
    return figure

"""Figures of the demo hyperparameters: heat maps with numbers in their cells, and samples."""
from demos.common.figures import PALETTE, new_figure
from demos.gans.parts.toys import plot_points
from tinygen.backend import np
from tinygen.data import RING_CENTRES

SHOWN = 500  # samples in a small picture
COLOURS = "cividis"  # looks nearly the same with and without colour blindness


def plot_rates(maps, cfg, trains, verdict):
    """A heat map of learning rates per (loss, seed): a row per loss, a column per seed."""
    count = len(cfg.lrs)
    figure, panels = new_figure(
        len(cfg.losses), cfg.seeds, width=max(5.4, (0.95 * count + 0.9) * cfg.seeds),
        height=(0.85 * count + 1.2) * len(cfg.losses), squeeze=False)
    for axes, ((loss, seed), outcomes) in zip(panels.ravel(), maps.items()):
        plot_map(axes, outcomes, cfg.lrs, trains, verdict)
        axes.set(title=f"{loss}, seed {seed}", xlabel="learning rate of G",
                 ylabel="learning rate of D")
    add_scale(figure, panels)
    return figure


def plot_turns(outcomes, cfg, trains, verdict):
    """The heat map of turns: D's steps in a round upwards, G's to the right."""
    count = len(cfg.turns)
    figure, axes = new_figure(width=max(5.4, 1.05 * count + 1.8), height=0.9 * count + 1.3)
    plot_map(axes, outcomes, cfg.turns, trains, verdict)
    axes.set(title="Steps of each player in a round", xlabel="steps of G", ylabel="steps of D")
    add_scale(figure, axes)
    return figure


def plot_map(axes, outcomes, ticks, trains, verdict):
    """Outcomes, row by row from the bottom: a heat map of modes times quality, words in its cells.

    Quality alone would make a collapse onto one mode, where all samples are good, the brightest.
    """
    from matplotlib.patches import Rectangle
    count = len(ticks)
    scores = np.array([outcome["modes"] / len(RING_CENTRES) * outcome["quality"]
                       for outcome in outcomes])
    axes.imshow(scores.reshape(count, count), cmap=COLOURS, vmin=0, vmax=1, origin="lower",
                aspect="auto")
    for number, outcome in enumerate(outcomes):
        row, column = divmod(number, count)
        ink = "#111111" if scores[number] > 0.5 else "#FFFFFF"
        modes = f"{outcome['modes']} mode{'s' if outcome['modes'] != 1 else ''}"
        text = f"{modes}\n{outcome['quality']:.0%}\n{verdict(outcome)}"
        axes.text(column, row, text, color=ink, ha="center", va="center", fontsize=8)
        if trains(outcome):
            axes.add_patch(Rectangle((column - 0.47, row - 0.46), 0.94, 0.92, fill=False,
                                     edgecolor=PALETTE[1], linewidth=2.5))
    labels = [f"{tick:g}" for tick in ticks]
    axes.set_xticks(range(len(ticks)), labels)
    axes.set_yticks(range(len(ticks)), labels)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def add_scale(figure, axes):
    from matplotlib.cm import ScalarMappable
    figure.colorbar(ScalarMappable(cmap=COLOURS), ax=axes, shrink=0.7,
                    label="share of modes × high-quality share")


def plot_samples(outcomes, cfg, trains):
    """The samples of each cell, arranged as in the map: D's rate upwards, G's to the right."""
    count = len(cfg.lrs)
    figure, panels = new_figure(count, count, width=1.75 * count + 0.5, height=1.75 * count + 0.5,
                                squeeze=False)
    for row, axes_row in enumerate(panels[::-1]):
        for column, axes in enumerate(axes_row):
            outcome = outcomes[row * count + column]
            plot_points(axes, outcome["points"][:SHOWN], RING_CENTRES)
            axes.spines[:].set(visible=True, color=PALETTE[1] if trains(outcome) else "#BBBBBB",
                               linewidth=2.5 if trains(outcome) else 0.8)
            if row == 0:
                axes.set_xlabel(f"{cfg.lrs[column]:g}")
            if column == 0:
                axes.set_ylabel(f"{cfg.lrs[row]:g}")
    figure.supxlabel("learning rate of G", fontsize=10)
    figure.supylabel("learning rate of D", fontsize=10)
    return figure

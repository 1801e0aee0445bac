"""The figures of demos.synthetic_data."""
from demos.common.figures import PALETTE, new_figure, tile
from tinygen.backend import np

SHOWN = 11  # road scenes in a row
SCENES = 3 * SHOWN


def scores(right):
    """A bar for each way to teach a classifier.  right: name -> share"""
    figure, axes = new_figure(width=7.5, height=2.9)
    for place, (name, share) in enumerate(right.items()):
        colour = PALETTE[1] if "generated" in name else PALETTE[0]
        axes.barh(place, 100 * share, 0.62, color=colour)
        axes.annotate(f"{100 * share:.1f}", (100 * share, place), (5, 0), va="center",
                      textcoords="offset points")
    axes.set_yticks(range(len(right)), [f"taught with {name}" for name in right])
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set(xlabel="% of real test digits read right", xlim=(0, 110), xticks=range(0, 101, 20))
    return figure


def distances(found, close):
    """Histograms of distances, one below the other.  found: name -> (N,). close: where to draw a
    line."""
    figure, panels = new_figure(len(found), width=7.5, height=1.35 * len(found) + 0.5, sharex=True)
    bins = np.linspace(0, max(distance.max() for distance in found.values()), 60)
    for axes, (name, distance), colour in zip(panels, found.items(), PALETTE):
        axes.hist(distance, bins, color=colour)
        axes.axvline(close, color="#444444", linewidth=1, linestyle="--")
        axes.set_title(f"{name}: {100 * (distance < close).mean():.0f} % are nearer")
        axes.set_yticks([])
    panels[-1].set(xlabel="distance to the nearest training image", xlim=(0, None))
    return figure


def roads(scenes, curvature, drawn, told):
    """Scenes of either kind in three rows, from the hardest left bend to the hardest right one."""
    figure, panels = new_figure(2, width=9.5, height=5.6)
    for axes, title, x, y in zip(panels, ("Drawn", "Generated"), (scenes, drawn),
                                 (curvature, told)):
        few = np.arange(SCENES)  # the first ones, none chosen
        columns = y[few].argsort().reshape(SHOWN, 3)
        x = np.repeat(x[columns.T.ravel()], 3, axis=1)  # grey as red, green and blue: 1 is white
        axes.imshow(tile(x, SHOWN, gap=1), aspect="auto")
        width = x.shape[3] + 1
        axes.set_xticks(width * np.arange(SHOWN) + width / 2,
                        [f"{y[column].mean():+.2f}" for column in columns])
        axes.set_yticks([])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.grid(False)
        axes.set_title(title)
    panels[-1].set_xlabel("curvature, mean of the column")
    return figure


def steering(steered, true):
    """What each network says against the truth.  steered: name -> (N,)"""
    figure, panels = new_figure(1, len(steered), width=11, height=3.2, sharex=True, sharey=True)
    for axes, (name, said), colour in zip(panels, steered.items(), PALETTE):
        error = np.sqrt(((said - true) ** 2).mean())
        axes.scatter(true, said, s=3, color=colour, linewidths=0, alpha=0.6)
        axes.plot([-1, 1], [-1, 1], color="#222222", linewidth=1)
        axes.set(title=f"{name}: {error:.3f}", xlabel="true curvature", xlim=(-1.1, 1.1),
                 ylim=(-1.5, 1.5))
    panels[0].set_ylabel("curvature read")
    return figure

"""GANs in the plane: the toy data, and pictures of the samples and of what D says about them."""
import math

import tinygen as tg
from demos.common.figures import PALETTE, new_figure, pyplot
from demos.gans.parts.modes import RADIUS, nearest_modes
from models.gan import sample
from tinygen.backend import np, to_numpy, xp
from tinygen.data import GRID_CENTRES, RING_CENTRES, grid, ring

TOYS = {"ring": (ring, RING_CENTRES), "grid": (grid, GRID_CENTRES)}
COUNTED = 2500  # samples among which modes are counted, as in PacGAN
SHOWN = 600     # points in a picture
SIDE = 60       # D is evaluated on SIDE x SIDE points of the picture
FRAMES = 50     # in a film
GOOD, BAD = PALETTE[0], PALETTE[1]


class Film:
    """A generator's samples for a fixed z, and D's scores all over the plane, as they train.

    state_dict and load_state_dict let a resumed run continue the film. z: noise (N, latent_size).
    centres: (K, 2), modes that the picture has to include. shots: the steps at which `shoot` adds
    a picture.
    """

    def __init__(self, z, centres, shots):
        self.z, self.centres, self.shots = z, centres, set(shots)
        self.lattice = lattice(centres)
        self.steps, self.points, self.fields = [], [], []

    def shoot(self, step, generator, discriminator):
        """Add a picture if `step` is among the shots."""
        if step not in self.shots:
            return
        with tg.no_grad():
            self.points.append(to_numpy(generator(self.z)))
            self.fields.append(field(discriminator, self.lattice))
        self.steps.append(step)

    def state_dict(self):
        return {"steps": list(self.steps), "points": list(self.points),
                "fields": list(self.fields)}

    def load_state_dict(self, state):
        self.steps, self.points, self.fields = (list(state[name]) for name in
                                                ("steps", "points", "fields"))

    def frames(self, title, relative=False):
        """Yield a figure for each picture. relative: see `plot_field`."""
        for step, points, values in zip(self.steps, self.points, self.fields):
            figure, axes = new_figure(width=4.6, height=4.8, dpi=90)
            plot_field(axes, values, self.centres, relative)
            plot_points(axes, points, self.centres)
            axes.set_title(f"{title}, step {step + 1}")
            yield figure


def spread(total):
    """FRAMES steps out of `total`, denser at the start, where most happens."""
    return np.round((total - 1) * np.linspace(0, 1, FRAMES) ** 1.5).astype(int).tolist()


def reach(centres):
    """Half the side of a square around the origin that holds all centres, with a margin."""
    return 1.4 * np.abs(centres).max()


def zoom(points, centres):
    """How many times as wide as usual a picture has to be to show the points: a power of 2.

    1 while half of the points lie within `reach`, or if they are not finite; else 95 % are shown.
    """
    far, edge = np.abs(points).max(axis=1), reach(centres)
    if not edge < np.median(far) < np.inf:
        return 1.0
    return 2.0 ** math.ceil(math.log2(np.quantile(far[np.isfinite(far)], 0.95) / edge))


def lattice(centres):
    """Points on a square lattice over the picture, row by row from the bottom.  -> (SIDE², 2)"""
    x, y = np.meshgrid(*[np.linspace(-1, 1, SIDE) * reach(centres)] * 2)
    return xp.asarray(np.stack([x.ravel(), y.ravel()], axis=1).astype("float32"))


def field(discriminator, where):
    """D's scores of points; if D judges packs, each point is packed with copies of itself.

    (N, 2) -> (N,)
    """
    pack = discriminator.config.pack
    with tg.no_grad(), discriminator.evaluating():
        scores = discriminator(xp.repeat(where, pack, axis=0))
    return to_numpy(scores.data)


def plot_field(axes, logits, centres, relative=False):
    """D's scores as a background: green where it says real, violet where it says fake.

    logits: (SIDE²,). relative: centre and scale them over the picture, for a D that hardly tells
    one point from another. The colours are pale, so that points stand out, and few, to fit a GIF's
    palette.
    """
    if relative:
        logits = logits - np.median(logits)
        logits = 3 * logits / max(np.abs(logits).max(), 1e-9)
    values = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
    edge = reach(centres)
    axes.imshow(values.reshape(SIDE, SIDE), origin="lower", extent=(-edge, edge, -edge, edge),
                cmap=pyplot().get_cmap("PRGn", 15), vmin=-0.4, vmax=1.4, interpolation="bilinear",
                zorder=0)


def plot_points(axes, points, centres):
    """Samples over the modes, each a circle within which a sample is of high quality.

    If most samples lie outside the picture, it is zoomed out, and says so: see `zoom`.
    """
    from matplotlib.collections import EllipseCollection
    width = np.full(len(centres), 2 * RADIUS)
    axes.add_collection(EllipseCollection(
        width, width, 0, units="xy", offsets=centres, offset_transform=axes.transData,
        facecolors="none", edgecolors="#222222", linewidths=0.9, zorder=3))
    good = nearest_modes(points, centres)[1]
    for chosen, colour in ((~good, BAD), (good, GOOD)):
        axes.plot(*points[chosen].T, ".", color=colour, markersize=3.5, markeredgewidth=0, zorder=2)
    times = zoom(points, centres)
    if times > 1:
        axes.text(0.03, 0.97, f"zoomed out {times:g} times", transform=axes.transAxes, va="top",
                  fontsize=9, color=BAD)
    edge = times * reach(centres)
    axes.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    axes.grid(False)


def sample_points(generator, rng):
    """COUNTED generated points.  -> NumPy (COUNTED, 2)"""
    return to_numpy(sample(generator, COUNTED, rng=rng))

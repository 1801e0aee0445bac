"""GANs on points of the plane: the toys, and pictures of what a generator draws and D says."""
import tinygen as tg
from demos.common.figures import PALETTE, new_figure, pyplot
from models.gan import sample
from tinygen.backend import np, to_numpy, xp
from tinygen.data import GRID_CENTRES, RING_CENTRES, STD, grid, ring

TOYS = {"ring": (ring, RING_CENTRES), "grid": (grid, GRID_CENTRES)}
COUNTED = 2500  # samples that modes are counted among, as in PacGAN
SHOWN = 600     # points in a picture
SIDE = 60       # places along a side of the picture where D is asked
FRAMES = 50
GOOD, BAD = PALETTE[0], PALETTE[1]


class Film:
    """What a generator draws of the same z, and what D says all over the plane, as they train.

    It has state_dict and load_state_dict, so that a resumed run has the whole film. z: noise
    (N, latent_size). centres: (K, 2), which say how much of the plane is shown. shots: the steps
    at which `shoot` adds a picture.
    """

    def __init__(self, z, centres, shots):
        self.z, self.centres, self.shots = z, centres, set(shots)
        self.places = places(centres)
        self.steps, self.points, self.fields = [], [], []

    def shoot(self, step, generator, discriminator):
        """Add a picture if `step` is one to be shown."""
        if step not in self.shots:
            return
        with tg.no_grad():
            self.points.append(to_numpy(generator(self.z)))
            self.fields.append(field(discriminator, self.places))
        self.steps.append(step)

    def state_dict(self):
        return {"steps": list(self.steps), "points": list(self.points),
                "fields": list(self.fields)}

    def load_state_dict(self, state):
        self.steps, self.points, self.fields = (list(state[name]) for name in
                                                ("steps", "points", "fields"))

    def frames(self, title, relative=False):
        """A figure for each picture, drawn when its turn comes. relative: see `draw_field`."""
        for step, points, values in zip(self.steps, self.points, self.fields):
            figure, axes = new_figure(width=4.6, height=4.8, dpi=90)
            draw_field(axes, values, self.centres, relative)
            draw_points(axes, points, self.centres)
            axes.set_title(f"{title}, step {step + 1}")
            yield figure


def spread(total):
    """FRAMES steps of a run of `total`, closer early on, when most happens."""
    return np.round((total - 1) * np.linspace(0, 1, FRAMES) ** 1.5).astype(int).tolist()


def reach(centres):
    """Half the side of a square about the origin that shows all centres, and some space around."""
    return 1.4 * np.abs(centres).max()


def places(centres):
    """Points on a square lattice over the picture, row by row from below.  -> (SIDE², 2)"""
    x, y = np.meshgrid(*[np.linspace(-1, 1, SIDE) * reach(centres)] * 2)
    return xp.asarray(np.stack([x.ravel(), y.ravel()], axis=1).astype("float32"))


def field(discriminator, where):
    """The scores of points, each shown as a pack of copies of itself where D judges packs.

    (N, 2) -> (N,)
    """
    pack = discriminator.config.pack
    discriminator.eval()
    with tg.no_grad():
        scores = discriminator(xp.repeat(where, pack, axis=0))
    discriminator.train()
    return to_numpy(scores.data)


def draw_field(axes, logits, centres, relative=False):
    """What D says as a background: green where it says real, violet where it says fake.

    logits: (SIDE²,). relative: compared with the rest of the picture, for a D that hardly tells one
    place from another. The colours are pale, for points on top, and few, for a GIF's palette.
    """
    if relative:
        logits = logits - np.median(logits)
        logits = 3 * logits / max(np.abs(logits).max(), 1e-9)
    values = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
    edge = reach(centres)
    axes.imshow(values.reshape(SIDE, SIDE), origin="lower", extent=(-edge, edge, -edge, edge),
                cmap=pyplot().get_cmap("PRGn", 15), vmin=-0.4, vmax=1.4, interpolation="bilinear",
                zorder=0)


def draw_points(axes, points, centres):
    """Samples over the data: a ring around each mode, within which a sample is of high quality."""
    from matplotlib.collections import EllipseCollection
    width = np.full(len(centres), 6 * STD)
    axes.add_collection(EllipseCollection(
        width, width, 0, units="xy", offsets=centres, offset_transform=axes.transData,
        facecolors="none", edgecolors="#222222", linewidths=0.9, zorder=3))
    good = np.linalg.norm(points[:, None] - centres, axis=2).min(axis=1) < 3 * STD
    for chosen, colour in ((~good, BAD), (good, GOOD)):
        axes.plot(*points[chosen].T, ".", color=colour, markersize=3.5, markeredgewidth=0, zorder=2)
    edge = reach(centres)
    if (np.abs(points) > edge).any(axis=1).all():
        axes.text(0, 0, "all samples lie\noutside the picture", ha="center", va="center", color=BAD)
    axes.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    axes.grid(False)


def draw_samples(generator, rng):
    """COUNTED generated points.  -> array on the host (COUNTED, 2)"""
    return to_numpy(sample(generator, COUNTED, rng=rng))

"""The figures of the VAE demos."""
from statistics import NormalDist

from demos.common.figures import PALETTE, image_rows, new_figure, show_sheet, tile
from demos.vaes.parts.elbo import ACTIVE_NATS
from models.vae import generate, reconstruct
from tinygen.backend import np, to_numpy, xp

MOST = 20  # latents that a figure has room for
GREY = "#888888"


def spread_over_classes(y, count):
    """Indices of `count` images that differ in class as far as there are classes."""
    return np.argsort(y, kind="stable")[(2 * np.arange(count) + 1) * len(y) // (2 * count)]


def terms(history, without_code):
    """-ELBO, reconstruction and KL against the step: training as lines, test as dots."""
    figure, axes = new_figure(width=7.5, height=4.4)
    rows = (("-ELBO", ("reconstruction", "kl"), PALETTE[8]),
            ("reconstruction", ("reconstruction",), PALETTE[0]), ("KL", ("kl",), PALETTE[1]))
    ends = {}
    for label, names, colour in rows:
        for prefix, style in (("", dict(linewidth=0.8, alpha=0.7)),
                              ("test_", dict(linestyle="", marker="o", markersize=5))):
            columns = [np.array(history.get(prefix + name, [])) for name in names]
            if len(columns[0]):
                steps, values = columns[0][:, 0] + 1, sum(column[:, 1] for column in columns)
                axes.plot(steps, values, color=colour, **style)
                ends[label] = values[-1], colour
    axes.axhline(without_code, color=GREY, linestyle="--", linewidth=1)
    axes.annotate(f"the mean image, no code  {without_code:.0f}", (steps[-1], without_code), (0, 4),
                  textcoords="offset points", ha="right", color="#666666")
    for label, (value, colour) in ends.items():
        axes.annotate(f"{label}  {value:.0f}", (steps[-1], value), (8, 0), va="center",
                      textcoords="offset points", color=colour, annotation_clip=False)
    axes.set(xlabel="training step", ylabel="nats an image", ylim=(0, 1.3 * without_code))
    return figure


def rebuilt(vae, plain, x, rng):
    """Rows of images: as they are, from the mean of their code, from two draws, and by `plain`."""
    mean, logvar = (to_numpy(head) for head in vae.encode(xp.asarray(x)))
    rows = {"original": x, "VAE, mean": reconstruct(vae, xp.asarray(x))}
    for name in ("VAE, a draw", "another"):
        z = mean + np.exp(0.5 * logvar) * rng.standard_normal(mean.shape, dtype=mean.dtype)
        rows[name] = generate(vae, xp.asarray(z))
    rows["autoencoder"] = reconstruct(plain, xp.asarray(x))
    return image_rows(rows)


def latents(vae, measured, x, steps=11):
    """KL of each latent as bars, and beside them the image x (C, H, W) as that latent changes."""
    order = np.argsort(-measured.per_latent)[:MOST]
    values = np.linspace(-3, 3, steps)
    mean = to_numpy(vae.encode(xp.asarray(x[None]))[0])
    z = np.repeat(mean, len(order) * steps, axis=0)
    z[np.arange(len(z)), np.repeat(order, steps)] = np.tile(values, len(order))
    sheet = tile(generate(vae, xp.asarray(z)), steps, gap=0)

    figure, (bars, strips) = new_figure(1, 2, width=10, height=1 + 0.42 * len(order), sharey=True,
                                        width_ratios=[1, 1.35])
    active = measured.active()[order]
    kl = measured.per_latent[order]
    bars.barh(np.arange(len(order)), kl, color=np.where(active, PALETTE[0], PALETTE[9]))
    for row, value in enumerate(kl):
        bars.annotate(f"{value:.2f}", (value, row), (4, 0), textcoords="offset points",
                      va="center", color="#444444")
    bars.set(title=f"{active.sum()} active latents: above {ACTIVE_NATS} nats",
             xlabel="KL, nats an image", xlim=(0, 1.15 * kl.max() + 1e-6),
             yticks=np.arange(len(order)), yticklabels=[f"z{index}" for index in order])
    bars.grid(axis="y", visible=False)
    half = (values[1] - values[0]) / 2
    strips.imshow(sheet, extent=(-3 - half, 3 + half, len(order) - 0.5, -0.5), aspect="auto")
    strips.set(title="one image, this latent changed", xlabel="value of the latent",
               xticks=range(-3, 4))
    strips.grid(False)
    strips.tick_params(length=0)
    strips.spines[:].set_visible(False)
    return figure


def posteriors(measured, codes):
    """Codes of both networks in two directions each, with the prior's circles.

    Of the VAE the two latents with the most KL, of the autoencoder the two with most variance.
    """
    figure, all_axes = new_figure(1, 2, width=11, height=5.4, sharex=True, sharey=True)
    for axes, (name, z), colour in zip(all_axes, codes.items(), PALETTE):
        importance = measured.per_latent if name == "VAE" else z.var(axis=0)
        first, second = pair = np.argsort(-importance)[[0, -1 if len(importance) < 2 else 1]]
        axes.scatter(z[:, first], z[:, second], s=5, color=colour, alpha=0.5, linewidths=0)
        if name == "VAE":
            for mean, logvar in zip(measured.mean[:12, pair], measured.logvar[:12, pair]):
                outline(axes, mean, np.exp(0.5 * logvar), color=PALETTE[1], linewidth=1.5)
        prior_circles(axes)
        axes.set(title=name, xlabel=f"z{first}", ylabel=f"z{second}", aspect="equal")
    axes.set(xlim=(-6, 6), ylim=(-6, 6))
    return figure


def prior_radius(share):
    """Of the circle that holds this share of N(0, 1) in the plane: 1 - exp(-r²/2) = share."""
    return np.sqrt(-2 * np.log(1 - share))


def prior_circles(axes, shares=(0.5, 0.9, 0.99)):
    for share in shares:
        radius = prior_radius(share)
        outline(axes, (0, 0), (radius, radius), color="#222222", linewidth=1, linestyle="--")
        axes.annotate(f"{share:.0%}", (0, radius), (0, 1), textcoords="offset points",
                      ha="center", fontsize=8, color="#222222",
                      bbox=dict(facecolor="white", alpha=0.7, linewidth=0, pad=0.5))


def outline(axes, centre, radii, **settings):
    """An ellipse along the axes."""
    angle = np.linspace(0, 2 * np.pi, 100)
    axes.plot(centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle),
              **settings)


# ---- of two latents ----

def manifold(drawn, grid):
    """Images (N, C, H, W) at the points `grid` (N, 2) of the plane, as one sheet."""
    side = round(len(drawn) ** 0.5)
    z = to_numpy(grid)[:side, 0]
    figure, axes = new_figure(width=8, height=8)
    axes.imshow(tile(drawn, side, gap=0), extent=(0, side, 0, side), interpolation="antialiased")
    axes.grid(False)
    shown = np.unique(np.linspace(0, side - 1, 7).round().astype(int))
    labels = [f"{z[index]:.2f}" for index in shown]
    axes.set_xticks(shown + 0.5, labels)
    axes.set_yticks(shown + 0.5, labels)
    axes.tick_params(length=0)
    axes.set(xlabel="z0, in steps of equal probability", ylabel="z1")
    return figure


def scatter(z, y):
    """Codes (N, 2) by class y, in the plane with the prior's circles and through the normal CDF."""
    figure, (plane, square) = new_figure(1, 2, width=12, height=5.6)
    for label, colour in zip(np.unique(y), PALETTE):
        own = z[y == label]
        for axes, points in ((plane, own), (square, normal_cdf(own))):
            axes.scatter(*points.T, s=7, color=colour, linewidths=0, label=str(label))
    prior_circles(plane)
    plane.set(title="codes", xlabel="z0", ylabel="z1", aspect="equal", xlim=(-4, 4), ylim=(-4, 4))
    square.set(title="the same, in coordinates of the sheet", xlabel="share of the prior below z0",
               ylabel="share of the prior below z1", aspect="equal", xlim=(0, 1), ylim=(0, 1))
    figure.legend(*plane.get_legend_handles_labels(), loc="outside right center", title="class",
                  markerscale=3)
    return figure


def normal_cdf(z):
    return np.vectorize(NormalDist().cdf)(z)


def by_size(models, x):
    """Rows of images: as they are, and rebuilt by each of `models`.  latents -> VAE"""
    return image_rows({"original": x, **{f"{size} latents": reconstruct(model, xp.asarray(x))
                                         for size, model in models.items()}})


# ---- of digits asked for ----

def transfer(originals, drawn, digits):
    """A row for each original (N, C, H, W): itself, then `drawn` (N, digits, C, H, W)."""
    figure, (left, right) = new_figure(
        1, 2, width=1.2 + 0.55 * (1 + len(digits)), height=0.5 + 0.55 * len(originals),
        width_ratios=[1, len(digits)])
    show_sheet(left, tile(originals, 1))
    left.set_title("hand", loc="center")
    show_sheet(right, tile(drawn.reshape(-1, *drawn.shape[2:]), len(digits)))
    side = originals.shape[3] + 2  # with the gap between tiles
    right.set_xticks(side * np.arange(len(digits)) + side / 2, digits)
    right.tick_params(length=0, labeltop=True, labelbottom=False, labelsize=12, colors="#222222")
    return figure


def confusion(asked, seen):
    """Shares in percent: a row for each class asked for, a column for each recognised."""
    classes = np.unique(asked)
    counts = (asked[:, None, None] == classes[:, None]) & (seen[:, None, None] == classes)
    percent = 100 * counts.sum(axis=0) / (asked[:, None] == classes).sum(axis=0)[:, None]
    figure, axes = new_figure(width=6, height=5.6)
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    for row, column in np.argwhere(percent >= 0.5):
        value = percent[row, column]
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=9,
                  color="white" if value > 50 else "#222222")
    axes.grid(False)
    axes.set(xlabel="recognised by the classifier", ylabel="asked for",
             xticks=range(len(classes)), yticks=range(len(classes)),
             xticklabels=classes, yticklabels=classes)
    axes.tick_params(length=0)
    return figure

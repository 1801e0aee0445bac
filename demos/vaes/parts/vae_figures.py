"""Figures of the demo vae."""
from demos.common.figures import PALETTE, new_figure, plot_image_rows, scatter_classes, tile
from demos.vaes.parts.elbo import ACTIVE_NATS
from demos.vaes.parts.figures import plot_ellipse, plot_prior_circles
from models.vae import generate, reconstruct
from tinygen.backend import np, to_numpy, xp

MOST = 20  # latents that the figure has room for


def plot_terms(history, without_code):
    """-ELBO, reconstruction and KL by step: training as lines, test as dots."""
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
    axes.axhline(without_code, color="#888888", linestyle="--", linewidth=1)
    axes.annotate(f"the mean image, no code  {without_code:.0f}", (steps[-1], without_code), (0, 4),
                  textcoords="offset points", ha="right", color="#666666")
    for label, (value, colour) in ends.items():
        axes.annotate(f"{label}  {value:.0f}", (steps[-1], value), (8, 0), va="center",
                      textcoords="offset points", color=colour, annotation_clip=False)
    axes.set(xlabel="training step", ylabel="nats per image", ylim=(0, 1.3 * without_code))
    return figure


def plot_rebuilt(vae, plain, x, rng):
    """Rows of images: originals; from the mean of q(z|x); from two samples of it; by `plain`."""
    mean, logvar = (to_numpy(head) for head in vae.encode(xp.asarray(x)))
    rows = {"original": x, "VAE, mean": reconstruct(vae, xp.asarray(x))}
    for name in ("VAE, a sample", "another"):
        z = mean + np.exp(0.5 * logvar) * rng.standard_normal(mean.shape, dtype=mean.dtype)
        rows[name] = generate(vae, xp.asarray(z))
    rows["autoencoder"] = reconstruct(plain, xp.asarray(x))
    return plot_image_rows(rows)


def plot_latents(vae, measured, x, steps=11):
    """KL of each latent as bars, and beside them the image x (C, H, W) as that latent changes."""
    order = np.argsort(-measured.per_latent)[:MOST]
    values = np.linspace(-3, 3, steps)
    mean = to_numpy(vae.encode(xp.asarray(x[None]))[0])
    z = np.repeat(mean, len(order) * steps, axis=0)
    z[np.arange(len(z)), np.repeat(order, steps)] = np.tile(values, len(order))
    sheet = tile(generate(vae, xp.asarray(z)), steps, gap=0)

    figure, (bars, strips) = new_figure(1, 2, width=10, height=1 + 0.42 * len(order), sharey=True,
                                        width_ratios=[1, 1.35])
    active = measured.active[order]
    kl = measured.per_latent[order]
    bars.barh(np.arange(len(order)), kl, color=np.where(active, PALETTE[0], PALETTE[9]))
    for row, value in enumerate(kl):
        bars.annotate(f"{value:.2f}", (value, row), (4, 0), textcoords="offset points",
                      va="center", color="#444444")
    bars.set(title=f"{active.sum()} active latents (above {ACTIVE_NATS} nats)",
             xlabel="KL, nats per image", xlim=(0, 1.15 * kl.max() + 1e-6),
             yticks=np.arange(len(order)), yticklabels=[f"z{index}" for index in order])
    bars.grid(axis="y", visible=False)
    half = (values[1] - values[0]) / 2
    strips.imshow(sheet, extent=(-3 - half, 3 + half, len(order) - 0.5, -0.5), aspect="auto")
    strips.set(title="one image as this latent varies", xlabel="value of the latent",
               xticks=range(-3, 4))
    strips.grid(False)
    strips.tick_params(length=0)
    strips.spines[:].set_visible(False)
    return figure


def plot_posteriors(measured, codes, y):
    """Codes of both networks in two directions each, by class y, with circles of the prior.

    For the VAE the two latents with the most KL, for the autoencoder those with the most variance.
    """
    figure, all_axes = new_figure(1, 2, width=11, height=5.6)
    for axes, (name, z) in zip(all_axes, codes.items()):
        importance = measured.per_latent if name == "VAE" else z.var(axis=0)
        first, second = pair = np.argsort(-importance)[[0, -1 if len(importance) < 2 else 1]]
        scatter_classes(axes, z[:, pair], y)
        if name == "VAE":
            for mean, logvar in zip(measured.mean[:12, pair], measured.logvar[:12, pair]):
                plot_ellipse(axes, mean, np.exp(0.5 * logvar), color="black", linewidth=1.5)
            plot_prior_circles(axes)
        else:
            plot_prior_circles(axes, shares=(0.99,))
        axes.set(title=name, xlabel=f"z{first}", ylabel=f"z{second}", aspect="equal")
    return figure

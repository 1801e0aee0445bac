"""Figures of the demo posterior_collapse."""
from demos.common.figures import PALETTE, new_figure, plot_image_rows, show_sheet, tile
from demos.vaes.parts.elbo import ACTIVE_NATS
from tinygen.backend import np


def plot_sweep(elbos):
    """Rate against distortion, and the number of active latents, for each beta."""
    figure, (left, right) = new_figure(1, 2, width=11, height=4.2)
    betas = list(elbos)
    rate = [elbo.kl for elbo in elbos.values()]
    distortion = [elbo.reconstruction for elbo in elbos.values()]
    left.plot(rate, distortion, "o-", color=PALETTE[0])
    for beta, x, y in zip(betas, rate, distortion):
        left.annotate(f"{beta:g}", (x, y), (6, 5), textcoords="offset points", fontsize=9)
    left.margins(0.08)
    left.set(xlabel="rate: KL, nats", ylabel="distortion: reconstruction, nats",
             title="What z says, what is left unsaid (labels: beta)")
    right.plot(betas, [elbo.active.sum() for elbo in elbos.values()], "o-", color=PALETTE[0],
               clip_on=False)
    right.set_xscale("log", base=2)
    right.set_xticks(betas, [f"{beta:g}" for beta in betas])
    right.set_ylim(0, len(elbos[betas[0]].per_latent) * 1.08)
    right.set(xlabel="beta", ylabel="active latents",
              title=f"Latents with a KL above {ACTIVE_NATS} nats")
    return figure


def plot_latents(elbos):
    """A heat map of the KL of each latent, sorted, against beta."""
    table = np.stack([np.sort(elbo.per_latent)[::-1] for elbo in elbos.values()], axis=1)
    figure, axes = new_figure(width=7.5, height=4.6)
    shown = axes.imshow(table, aspect="auto", vmin=0)
    for (row, column), value in np.ndenumerate(table):
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=9,
                  color="black" if value > 0.6 * table.max() else "white")
    axes.set_xticks(range(len(elbos)), [f"{beta:g}" for beta in elbos])
    axes.set_yticks(range(len(table)), range(1, len(table) + 1))
    axes.grid(False)
    axes.set(xlabel="beta", ylabel="latent, by its KL", title="KL of each latent, nats")
    figure.colorbar(shown)
    return figure


def plot_examples(images, rebuilt, samples):
    """Rows of images: originals, then reconstructions and samples by beta: beta -> images."""
    rows = {"test images": images}
    rows |= {f"rebuilt, beta {beta:g}": again for beta, again in rebuilt.items()}
    rows |= {f"sampled, beta {beta:g}": new for beta, new in samples.items()}
    return plot_image_rows(rows)


def plot_cures(history, elbos):
    """The KL during training for each change, and the two terms of -ELBO as bars."""
    figure, (left, right) = new_figure(1, 2, width=12, height=4.6, width_ratios=[1.1, 1])
    colours = (PALETTE[8], PALETTE[9], *PALETTE)[:len(elbos)]
    for name, colour in zip(elbos, colours):
        steps, kl = np.transpose(history[name]["kl"])
        width = max(1, len(kl) // 60)
        kl = kl[:len(kl) // width * width].reshape(-1, width).mean(axis=1)  # smoothed
        left.plot(1 + steps[:len(kl) * width:width], kl, color=colour, label=name)
    left.set(xlabel="step", ylabel="KL of all latents, nats", title="Does z say anything?")
    left.legend(loc="center right", fontsize=9)
    rows = np.arange(len(elbos))
    rest = [elbo.reconstruction for elbo in elbos.values()]
    right.barh(rows, rest, color="#C8C8C8", height=0.65)
    right.barh(rows, [elbo.kl for elbo in elbos.values()], left=rest, color=colours, height=0.65)
    for row, elbo in zip(rows, elbos.values()):
        right.annotate(f"{elbo.negative:.1f}, {elbo.active.sum()} active", (1.0, row), (-4, 0),
                       xycoords=("axes fraction", "data"), textcoords="offset points",
                       ha="right", va="center", fontsize=9)
    stuck = next(iter(elbos.values())).negative
    right.axvline(stuck, color="#888888", linestyle="--", linewidth=1)
    right.set_yticks(rows, elbos)
    right.invert_yaxis()
    right.set_xlim(0, 1.5 * max(elbo.negative for elbo in elbos.values()))
    right.grid(axis="y", visible=False)
    right.set(xlabel="nats", title="Grey: reconstruction; colour: KL; together -ELBO")
    return figure


def plot_same_code(images, digits, samples):
    """A panel for each way of training: a row for each image, and beside it samples from its code.
    """
    figure, all_axes = new_figure(2, 2, width=9.5, height=5.4)
    figure.get_layout_engine().set(wspace=0.1, hspace=0.08)
    for axes, (title, again) in zip(all_axes.flat, samples.items()):
        rows = np.concatenate([images[:, None], np.zeros_like(images[:, None]), again], axis=1)
        show_sheet(axes, tile(rows.reshape(-1, *images.shape[1:]), rows.shape[1]))
        side = images.shape[-1] + 2  # with the gap between tiles
        axes.set_xticks([side / 2, side * (2 + again.shape[1] / 2)],
                        ["image", f"{again.shape[1]} samples with its code"])
        axes.set_yticks(side * np.arange(len(images)) + side / 2, digits)
        axes.tick_params(length=0)
        axes.set_title(title)
    return figure

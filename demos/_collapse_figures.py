"""Figures of demos.posterior_collapse."""
from demos.common import PALETTE, image_rows, new_figure, tile
from tinygen.backend import np


def draw_curves(meters):
    """Rate against distortion, and the number of active latents, for each beta."""
    figure, (left, right) = new_figure(1, 2, width=11, height=4.2)
    betas = list(meters)
    rate = [meter.kl.sum() for meter in meters.values()]
    distortion = [meter.reconstruction for meter in meters.values()]
    left.plot(rate, distortion, "o-", color=PALETTE[0])
    for beta, x, y in zip(betas, rate, distortion):
        left.annotate(f"{beta:g}", (x, y), (6, 5), textcoords="offset points", fontsize=9)
    left.set(xlabel="rate: KL, nats", ylabel="distortion: reconstruction, nats",
             title="What z tells, what is left to tell (at each point: beta)")
    right.plot(betas, [meter.active for meter in meters.values()], "o-", color=PALETTE[0],
               label="KL above 0.01 nats")
    right.plot(betas, [meter.active_units for meter in meters.values()], "x--", color=PALETTE[1],
               label="variance of the mean above 0.01")
    right.set_xscale("log", base=2)
    right.set_xticks(betas, [f"{beta:g}" for beta in betas])
    right.set_ylim(0, len(meters[betas[0]].kl) * 1.08)
    right.set(xlabel="beta", ylabel="active latents", title="Latents in use")
    right.legend(loc="lower left")
    return figure


def draw_heat_map(meters):
    """KL per latent, sorted, against beta."""
    table = np.stack([np.sort(meter.kl)[::-1] for meter in meters.values()], axis=1)
    figure, axes = new_figure(width=7.5, height=4.6)
    shown = axes.imshow(table, aspect="auto", vmin=0)
    for (row, column), value in np.ndenumerate(table):
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8,
                  color="black" if value > 0.6 * table.max() else "white")
    axes.set_xticks(range(len(meters)), [f"{beta:g}" for beta in meters])
    axes.set_yticks(range(len(table)), range(1, len(table) + 1))
    axes.grid(False)
    axes.set(xlabel="beta", ylabel="latent, by its KL", title="KL of each latent, nats")
    figure.colorbar(shown)
    return figure


def draw_examples(images, rebuilt, drawn):
    rows = {"test images": images}
    rows |= {f"rebuilt, beta {beta:g}": again for beta, again in rebuilt.items()}
    rows |= {f"drawn, beta {beta:g}": new for beta, new in drawn.items()}
    return image_rows(rows)


def draw_fixes(history, meters):
    """The KL over training for each fix, and the two terms of -ELBO as bars."""
    figure, (left, right) = new_figure(1, 2, width=12, height=4.6, width_ratios=[1.1, 1])
    ends = []
    for name, colour in zip(meters, ("#444444", "#A6A6A6", *PALETTE)):
        steps, kl = np.transpose(history[name]["kl"])
        width = max(1, len(kl) // 60)
        kl = kl[:len(kl) // width * width].reshape(-1, width).mean(axis=1)  # less jagged
        steps = steps[:len(kl) * width:width]
        left.plot(steps, kl, color=colour, label=name)
        ends.append(colour)
    left.set(xlabel="step", ylabel="KL of all latents, nats", title="Does z say anything?")
    left.legend(loc="center right", fontsize=9)
    places = np.arange(len(meters))
    rest = [meter.reconstruction for meter in meters.values()]
    right.barh(places, rest, color="#C8C8C8", height=0.65)
    right.barh(places, [meter.kl.sum() for meter in meters.values()], left=rest, color=ends,
               height=0.65)
    for place, meter in zip(places, meters.values()):
        right.annotate(f"{meter.loss:.1f}, {meter.active} active", (1.0, place), (-4, 0),
                       xycoords=("axes fraction", "data"), textcoords="offset points",
                       ha="right", va="center", fontsize=9)
    stuck = next(iter(meters.values())).loss
    right.axvline(stuck, color="#888888", linestyle="--", linewidth=1)
    right.set_yticks(places, meters)
    right.invert_yaxis()
    right.set_xlim(0.5 * min(rest), 1.35 * max(meter.loss for meter in meters.values()))
    right.grid(axis="y", visible=False)
    right.set(xlabel="nats", title="Grey: reconstruction; colour: KL; together -ELBO")
    return figure


def draw_same_code(images, redrawn):
    """A block for each way of training: each image, and beside it draws from its code."""
    figure, all_axes = new_figure(2, 2, width=9, height=4.7)
    for axes, (title, draws) in zip(all_axes.flat, redrawn.items()):
        rows = np.concatenate([images[:, None], np.zeros_like(images[:, None]), draws], axis=1)
        axes.imshow(tile(rows.reshape(-1, *images.shape[1:]), rows.shape[1]))
        axes.set_title(title)
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        axes.spines[:].set_visible(False)
    return figure

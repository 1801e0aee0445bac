"""A GAN on points of the plane, where one sees what it misses.

Eight Gaussians on a ring, or 25 on a grid, are the data: so little that one can look at all of it.
The generator bends a cloud of noise until it covers them; the discriminator says, at each point of
the plane, how real it takes that point for, and the generator's points move where this rises. Two
things can go wrong. A mode may be missed, for nothing in the generator's loss asks for all of them.
And a sample may lie between modes: noise is connected, and a continuous map can't tear it apart, it
can only stretch the bridges until next to nothing lies on them.

    python -m demos gan_ring                       2 min on two cores
    python -m demos gan_ring --toys ring           1 min

Counted as PacGAN does, among 2,500 samples: one within 3 standard deviations of a mode is of high
quality, and a mode with such a sample is covered. Baselines are that paper's GAN without packing.
Expect all 8 modes of the ring and 97.5 % high quality, the median of five seeds (95 to 98 % by
seed); of the grid's 25 modes 23 to 25, and 50 to 67 %, three seeds. The count says nothing about
the shape of a mode: the samples lie closer together than the data do.

After Goodfellow et al., Generative adversarial nets (2014); the toys and the count are from Lin et
al., PacGAN (2018), tables 1 and 2.
"""
import math

from demos.common.figures import new_figure
from demos.common.options import check_positive
from demos.common.run import demo
from demos.gans.parts.flight import diagnose, flight_figure
from demos.gans.parts.modes import covered
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.gans.parts.toys import COUNTED, SHOWN, TOYS, Film, draw_points, draw_samples, spread
from models.gan import LOSSES, Config, MLPDiscriminator, MLPGenerator
from models.parts import noise
from tinygen.backend import np, xp
from tinygen.optim import Adam

PRESETS = {
    "smoke": dict(steps=8, seeds=1),
    "tour": dict(toys=("ring",), seeds=1),
    "default": dict(steps=7000, batch=64, lr=2e-3, latent=2, seeds=3,
                    toys=("ring", "grid")),
    "long": dict(steps=10000, seeds=5),
}
LOOKS = 60  # times that the modes are counted while it trains
# toy -> times --batch, times --steps: 25 modes show in larger batches, and these take longer.
PACE = {"ring": (1, 1.0), "grid": (4, 0.5)}
LEAST = {"ring": (7, 0.95), "grid": (20, None)}  # modes, share of high quality
PACGAN = {"ring": (6.3, 0.98), "grid": (17.3, 0.95)}


@demo(PRESETS)
def main(run):
    cfg = run.settings
    check_settings(cfg)
    d_loss, g_loss = LOSSES["non-saturating"]
    results, films = {}, {}
    for toy in cfg.toys:
        draw, centres = TOYS[toy]
        batch, total = cfg.batch * PACE[toy][0], math.ceil(cfg.steps * PACE[toy][1])
        for seed in range(run.seed, run.seed + cfg.seeds):
            rng = np.random.default_rng(seed)  # its own, so that a seed's run is always the same
            config = Config(cfg.latent, (2,))
            generator = MLPGenerator(config, (64, 64, 64), rng=rng)
            discriminator = MLPDiscriminator(config, (128, 128), rng=rng)
            g_optimizer = Adam(generator.parameters(), lr=cfg.lr, betas=(0.5, 0.9))
            d_optimizer = Adam(discriminator.parameters(), lr=cfg.lr, betas=(0.5, 0.9))
            loop = f"{toy}, seed {seed}"
            films[loop] = Film(noise(SHOWN, cfg.latent, rng=rng), centres, spread(total))
            for step in run.steps(loop, total=total, generator=generator,
                                  discriminator=discriminator, g_optimizer=g_optimizer,
                                  d_optimizer=d_optimizer, film=films[loop], draws=rng):
                # The players circle around each other; in the second half the rate falls to 0, and
                # they come to rest.
                rate = cfg.lr * min(1, 2 * (1 - step / total))
                g_optimizer.lr = d_optimizer.lr = rate
                x, z = xp.asarray(draw(batch, rng)), noise(batch, cfg.latent, rng=rng)
                run.log(**discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z))
                z = noise(batch, cfg.latent, rng=rng)
                run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z))
                films[loop].shoot(step, generator, discriminator)
                if (step + 1) % max(1, total // LOOKS) == 0:
                    modes, quality = covered(draw_samples(generator, rng), centres)
                    run.log(modes=modes, quality=quality)
            points = draw_samples(generator, rng)
            results[loop] = points, *covered(points, centres)
        report(run, toy, results, films)
    run.save_figure(samples_figure(results, cfg), "samples", (
        f"{COUNTED:,} samples for each seed, over the data: a circle is a mode and holds what is "
        "of high quality. Samples outside of all circles are orange: they lie on the bridges that "
        "a continuous map of noise leaves between modes."))
    run.save_figure(counts_figure(run.history, cfg), "modes", (
        "Modes covered and share of high-quality samples while it trains, a line for each seed. "
        "All modes are touched early; what takes time is to leave the space between them."))


def check_settings(cfg):
    """Raise ValueError for toys that there aren't, and for no seeds."""
    unknown = [toy for toy in cfg.toys if toy not in TOYS]
    if unknown:
        raise ValueError(f"--toys: {' and '.join(TOYS)} are known; got {', '.join(unknown)}")
    check_positive(cfg, "seeds", "batch")


def report(run, toy, results, films):
    """The numbers of one toy, and the film and the flight recorder of its first seed."""
    cfg, centres = run.settings, TOYS[toy][1]
    total = len(centres)
    loops = [loop for loop in results if loop.startswith(f"{toy}, ")]
    modes, quality = np.median([results[loop][1:] for loop in loops], axis=0)
    least, share = LEAST[toy]
    seeds = f"median of {cfg.seeds} seeds" if cfg.seeds > 1 else f"seed {run.seed}"
    run.measure(f"{toy}: modes of {total}, {seeds}", modes, at_least=least,
                baseline=("PacGAN's plain GAN", PACGAN[toy][0]))
    run.measure(f"{toy}: high quality, {seeds}", quality, at_least=share,
                baseline=("PacGAN's plain GAN", PACGAN[toy][1]))
    first = loops[0]
    said = diagnose(run.history[first], modes=total)
    run.print(f"{first}. {said}")
    run.save_animation(films[first].frames(toy), toy, (
        f"The {toy}, seed {run.seed}: the same noise as the generator learns where to send it. "
        "Behind the points, what the discriminator says: green where it takes a point for real, "
        "violet for fake. Points move towards green, and there it soon doubts them."),
        seconds=0.12)
    run.save_figure(
        flight_figure(run.history[first], modes=total, title=f"The {toy}, seed {run.seed}"),
        f"flight-{toy}", f"{said} No loss falls: where two players hold each other in balance, D "
        "says 1/2 to everything. That the samples get better shows in the last panel alone.")


def samples_figure(results, cfg):
    """Final samples: a row for each toy, a column for each seed."""
    rows = len(cfg.toys)
    figure, panels = new_figure(rows, cfg.seeds, width=3.4 * max(cfg.seeds, 2),
                                height=3.7 * rows, squeeze=False)
    for axes, (loop, (points, modes, quality)) in zip(panels.ravel(), results.items()):
        centres = TOYS[loop.partition(",")[0]][1]
        draw_points(axes, points, centres)
        axes.set_title(f"{loop}: {modes} of {len(centres)}, {quality:.0%}", fontsize=10)
    return figure


def counts_figure(history, cfg):
    """Modes and quality against steps: a column for each toy, a line for each seed."""
    figure, panels = new_figure(2, len(cfg.toys), width=4.6 * len(cfg.toys) + 0.6, height=5,
                                sharex=True, squeeze=False)
    for column, toy in zip(panels.T, cfg.toys):
        total = len(TOYS[toy][1])
        for loop in history:
            if loop.startswith(f"{toy}, "):
                for axes, meter in zip(column, ("modes", "quality")):
                    axes.plot(*np.array(history[loop][meter]).T, linewidth=1.5)
        column[0].axhline(total, color="#999999", linewidth=1, linestyle="--", zorder=1)
        column[0].set(ylim=(0, 1.1 * total), title=f"{toy}: modes covered")
        column[1].set(ylim=(0, 1.03), title=f"{toy}: share of high quality", xlabel="step")
        if LEAST[toy][1]:
            column[1].axhline(LEAST[toy][1], color="#999999", linewidth=1, linestyle="--")
    return figure

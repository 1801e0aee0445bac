"""A GAN on points in the plane, where you can see what it misses.

The data are eight Gaussians on a ring, or 25 on a grid: points that you can see all at once.
The generator bends a cloud of noise until it covers them. The discriminator says, at each point of
the plane, how real a sample there would look, and the generator's points move to where this rises.
Two things can go wrong. A mode may be missed, because nothing in the generator's loss asks for all
of them. And a sample may land between modes: noise is connected, and a continuous map cannot tear
it apart; it can only stretch the bridges until almost no sample lies on them.

    python -m demos gan_ring                       2 min on two cores
    python -m demos gan_ring --toys ring           1 min

Modes are counted as in PacGAN, among 2,500 samples: a sample within 3 standard deviations of a mode
is of high quality, and a mode with at least one such sample is covered. The baselines are that
paper's GAN without packing. Expect all 8 modes of the ring and 97.5 % high quality, the median of
five seeds (95 to 98 % by seed), and 23 to 25 of the grid's 25 modes with 50 to 67 %, three seeds.
The count says nothing about the shape of a mode: the samples lie closer together than the data do.

After Goodfellow et al., Generative adversarial nets (2014); the toys and the count are from Lin et
al., PacGAN (2018), tables 1 and 2.
"""
import math

from demos.common.figures import new_figure
from demos.common.options import check_positive
from demos.common.run import demo
from demos.gans.parts.flight import diagnose
from demos.gans.parts.flight_figures import plot_flight
from demos.gans.parts.modes import covered
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.gans.parts.toys import COUNTED, SHOWN, TOYS, Film, plot_points, sample_points, spread
from models.gan import LOSSES, Config, MLPDiscriminator, MLPGenerator
from models.parts import noise
from tinygen.backend import np, xp
from tinygen.optim import Adam

PRESETS = {
    "smoke": dict(steps=8, seeds=1),
    "tour": dict(toys=("ring",), seeds=1),
    "default": dict(steps=7000, batch=64, lr=2e-3, latents=2, seeds=3,
                    toys=("ring", "grid")),
    "long": dict(steps=10000, seeds=5),
}
LOOKS = 60  # times that the modes are counted during training
# toy -> multiples of --batch and of --steps: 25 modes need larger batches, and these take longer.
PACE = {"ring": (1, 1.0), "grid": (4, 0.5)}
LEAST = {"ring": (7, 0.95), "grid": (20, None)}  # limits: modes, share of high quality
PACGAN = {"ring": (6.3, 0.98), "grid": (17.3, 0.95)}


@demo(PRESETS, loops=lambda cfg: len(cfg.toys) * cfg.seeds * [cfg.steps])
def main(run):
    cfg = run.settings
    check_settings(cfg)
    results, films = {}, {}
    for toy in cfg.toys:
        for seed in range(run.seed, run.seed + cfg.seeds):
            loop = f"{toy}, seed {seed}"
            points, films[loop] = train(run, loop, toy, seed)
            results[loop] = points, *covered(points, TOYS[toy][1])
    measure(run, results)
    show(run, results, films)


def train(run, loop, toy, seed):
    """Train one GAN -> samples (COUNTED, 2), the film of its training."""
    cfg, (sample_data, centres) = run.settings, TOYS[toy]
    d_loss, g_loss = LOSSES["non-saturating"]
    batch, total = cfg.batch * PACE[toy][0], math.ceil(cfg.steps * PACE[toy][1])
    rng = np.random.default_rng(seed)  # its own, so that a seed's run is always the same
    config = Config(cfg.latents, (2,))
    generator = MLPGenerator(config, (64, 64, 64), rng=rng)
    discriminator = MLPDiscriminator(config, (128, 128), rng=rng)
    g_optimizer = Adam(generator.parameters(), lr=cfg.lr, betas=(0.5, 0.9))
    d_optimizer = Adam(discriminator.parameters(), lr=cfg.lr, betas=(0.5, 0.9))
    film = Film(noise(SHOWN, cfg.latents, rng=rng), centres, spread(total))
    for step in run.steps(loop, total=total, generator=generator, discriminator=discriminator,
                          g_optimizer=g_optimizer, d_optimizer=d_optimizer, film=film, draws=rng):
        # The players circle around each other; over the second half the learning rate falls to 0,
        # and they come to rest.
        rate = cfg.lr * min(1, 2 * (1 - step / total))
        g_optimizer.lr = d_optimizer.lr = rate
        x, z = xp.asarray(sample_data(batch, rng)), noise(batch, cfg.latents, rng=rng)
        run.log(**discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z))
        z = noise(batch, cfg.latents, rng=rng)
        run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z))
        film.shoot(step, generator, discriminator)
        if (step + 1) % max(1, total // LOOKS) == 0:
            modes, quality = covered(sample_points(generator, rng), centres)
            run.log(modes=modes, quality=quality)
    return sample_points(generator, rng), film


def measure(run, results):
    """Modes and high quality of each toy, the medians of its seeds."""
    cfg = run.settings
    seeds = f"median of {cfg.seeds} seeds" if cfg.seeds > 1 else f"seed {run.seed}"
    for toy in cfg.toys:
        found = [found for loop, found in results.items() if loop.startswith(f"{toy}, ")]
        modes, quality = np.median([[modes, quality] for _, modes, quality in found], axis=0)
        least, share = LEAST[toy]
        run.measure(f"{toy}: modes of {len(TOYS[toy][1])}, {seeds}", modes, at_least=least,
                    baseline=("PacGAN's plain GAN", PACGAN[toy][0]))
        run.measure(f"{toy}: high quality, {seeds}", quality, at_least=share,
                    baseline=("PacGAN's plain GAN", PACGAN[toy][1]))


def show(run, results, films):
    """Each toy's film and flight recorder, of the first seed, then the samples of all seeds."""
    for toy in run.settings.toys:
        first, total = f"{toy}, seed {run.seed}", len(TOYS[toy][1])
        said = diagnose(run.history[first], modes=total)
        run.print(f"{first}. {said}")
        run.save_animation(films[first].frames(toy), toy, (
            f"The {toy}, seed {run.seed}: the same noise as the generator learns where to send it. "
            "Behind the points, what the discriminator says: green where it takes a point for "
            "real, violet for fake. Points move towards green, and there it soon doubts them."),
            seconds=0.12)
        run.save_figure(
            plot_flight(run.history[first], modes=total, title=f"The {toy}, seed {run.seed}"),
            f"flight-{toy}", (
                f"{said} Neither loss falls: when the players hold each other in balance, D says "
                "1/2 to everything. That the samples get better shows in the last panel only."))
    run.save_figure(plot_samples(results, run.settings), "samples", (
        f"{COUNTED:,} samples of each seed over the data: the circles are the modes, and samples "
        "inside are of high quality. Those outside all circles are orange: they lie on the bridges "
        "that a continuous map of noise leaves between modes."))
    run.save_figure(plot_modes(run.history, run.settings), "modes", (
        "Modes covered and share of high-quality samples during training, one line per seed. "
        "Dashed: all modes, and the least share to expect at the end. All modes are reached early; "
        "what takes time is to leave the space between them."))


def plot_samples(results, cfg):
    """Final samples: a row per toy, a column per seed."""
    rows = len(cfg.toys)
    figure, panels = new_figure(rows, cfg.seeds, width=3.4 * cfg.seeds, height=3.7 * rows,
                                squeeze=False)
    for axes, (loop, (points, modes, quality)) in zip(panels.ravel(), results.items()):
        centres = TOYS[loop.partition(",")[0]][1]
        plot_points(axes, points, centres)
        axes.set_title(f"{loop}: {modes} of {len(centres)}, {quality:.0%}", fontsize=10)
    return figure


def plot_modes(history, cfg):
    """Modes and quality against steps: a column per toy, a line per seed."""
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


def check_settings(cfg):
    unknown = [toy for toy in cfg.toys if toy not in TOYS]
    if unknown:
        raise ValueError(f"--toys are among {', '.join(TOYS)}; got {', '.join(unknown)}")
    check_positive(cfg, "seeds", "batch")

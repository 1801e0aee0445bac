"""Mode collapse: made to happen, measured, and cured.

Before each step of the discriminator D the generator G takes five. D stands still for so long, and
against a D that stands still the best that G can do is to send all noise to the one point that D
takes most for real: nothing in its loss asks for more than one. D then learns to doubt this point,
and G moves all of it elsewhere, around the ring and past it, without ever spreading out. Each arm
has the same networks, rates and data, and changes one thing:

    no cure              five steps of G to one of D
    balanced             one to one: D answers before G has gone far
    packing              D judges pairs: two from one mode are rarer among real ones, so that where
                         all of G's are alike, each pair gives itself away, whatever the mode
    minibatch features   D is told how close each example is to the others of its batch
    WGAN-GP              a critic whose slope is held near 1 in place of a D that says yes or no
    WGAN-GP, critic 5:1  the same, and the steps the other way round, as its authors have them

    python -m demos mode_collapse                  2 min on two cores

Packing and minibatch features work against the same five steps. They change what a D that stands
still rewards: as G's points gather, the closeness that it sees rises, and their scores fall while G
is still moving. WGAN-GP by itself is no cure: a critic that stands still is a slope, and G slides
along it with all of its points, however gentle it is. Its theory asks for a critic that is near its
best before G moves, and trained so it covers all modes.

Expect, over three seeds, no mode at the end without a cure and with WGAN-GP alone (one now and then
on the way), and all 8 in each other arm. Of the samples 92 to 94 % are of high quality with
minibatch features, 61 to 62 % with packing, 34 to 41 % with five critic steps and 15 to 32 %
balanced; these last two gave G only a fifth of the steps.

After Lin et al., PacGAN (2018), Salimans et al., Improved techniques for training GANs (2016), and
Gulrajani et al., Improved training of Wasserstein GANs (2017).
"""
from dataclasses import dataclass

from demos.common.figures import new_figure
from demos.common.run import demo
from demos.gans.parts.flight import diagnose, flight_figure
from demos.gans.parts.modes import covered
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.gans.parts.toys import COUNTED, SHOWN, TOYS, Film, draw_points, draw_samples
from models.gan import LOSSES, Config, MLPDiscriminator, MLPGenerator
from models.parts import noise
from tinygen.backend import np, xp
from tinygen.optim import Adam, warmup_cosine


@dataclass(frozen=True)
class Arm:
    """What is changed against the collapse: steps of each player a round, loss, D's settings."""
    d_steps: int = 1
    g_steps: int = 5
    loss: str = "non-saturating"
    penalty: float = 0.0
    pack: int = 1
    minibatch_features: int = 0


ARMS = {
    "no cure": Arm(),
    "balanced": Arm(g_steps=1),
    "packing": Arm(pack=2),
    "minibatch features": Arm(minibatch_features=4),
    "WGAN-GP": Arm(loss="wasserstein", penalty=1.0),
    "WGAN-GP, critic 5:1": Arm(d_steps=5, g_steps=1, loss="wasserstein", penalty=1.0),
}
PRESETS = {
    "smoke": dict(steps=2, seeds=1),
    "tour": dict(seeds=1),
    "default": dict(steps=1000, batch=64, lr=1e-3, latent=2, seeds=3),
    "long": dict(steps=4000, seeds=5),
}
EVERY, FRAMES = 4, 60  # rounds between the pictures of the film, and how many
LOOKS = 40  # times that the modes are counted while it trains
DRAW, CENTRES = TOYS["ring"]
COLLAPSED, CURED = "no cure", "packing"
LEAST = {"balanced": 7, "packing": 8, "minibatch features": 8, "WGAN-GP, critic 5:1": 8}  # modes


@demo(PRESETS)
def main(run):
    cfg = run.settings
    if cfg.seeds < 1 or cfg.batch < 2:
        raise ValueError("--seeds is at least 1, and --batch at least 2, for closeness within a "
                         f"batch to mean something; got {cfg.seeds} and {cfg.batch}")
    results, films = {}, {}
    for name, arm in ARMS.items():
        d_loss, g_loss = LOSSES[arm.loss]
        config = Config(cfg.latent, (2,), pack=arm.pack, minibatch_features=arm.minibatch_features)
        count = cfg.batch * arm.pack  # D judges as many packs as it would single examples
        for seed in range(run.seed, run.seed + cfg.seeds):
            rng = np.random.default_rng(seed)  # its own: the arms of a seed begin alike
            generator = MLPGenerator(config, (64, 64, 64), rng=rng)
            discriminator = MLPDiscriminator(config, (128, 128), rng=rng)
            g_optimizer = Adam(generator.parameters(), lr=cfg.lr, betas=(0.5, 0.9))
            d_optimizer = Adam(discriminator.parameters(), lr=cfg.lr, betas=(0.5, 0.9))
            loop = f"{name}, seed {seed}"
            shots = range(cfg.steps // 4, cfg.steps, EVERY)[:FRAMES] if name == COLLAPSED else ()
            film = films[loop] = Film(noise(SHOWN, cfg.latent, rng=rng), CENTRES, shots)
            # In all arms the rate falls to 0, so that the end is no passing moment.
            for step in run.steps(loop, generator=generator, discriminator=discriminator,
                                  g_optimizer=g_optimizer, d_optimizer=d_optimizer,
                                  film=film, draws=rng):
                rate = cfg.lr * warmup_cosine(step, warmup=0, total=cfg.steps)
                g_optimizer.lr = d_optimizer.lr = rate
                for _ in range(arm.d_steps):
                    x, z = xp.asarray(DRAW(count, rng)), noise(count, cfg.latent, rng=rng)
                    d_meters = discriminator_step(
                        generator, discriminator, d_optimizer, d_loss, x, z,
                        penalty=arm.penalty, rng=rng)
                for _ in range(arm.g_steps):
                    z = noise(count, cfg.latent, rng=rng)
                    g_meters = generator_step(generator, discriminator, g_optimizer, g_loss, z)
                run.log(**d_meters, **g_meters)
                film.shoot(step, generator, discriminator)
                if (step + 1) % max(1, cfg.steps // LOOKS) == 0:
                    modes, quality = covered(draw_samples(generator, rng), CENTRES)
                    run.log(modes=modes, quality=quality)
            points = draw_samples(generator, rng)
            results[loop] = points, *covered(points, CENTRES)
        judge(run, name, [results[loop] for loop in results if loop.startswith(f"{name}, ")])
    show(run, results, films)


def judge(run, name, arm_results):
    """Print the row of an arm, and measure its modes and its share of high quality."""
    counts = [modes for _, modes, _ in arm_results]
    shares = [quality for _, _, quality in arm_results]
    row = "   ".join(f"{modes} {quality:4.0%}" for modes, quality in zip(counts, shares))
    run.print(f"{name:<20} modes and high quality, a column for each seed: {row}")
    if name == COLLAPSED:
        run.measure(f"{name}: modes of {len(CENTRES)}, most of the seeds", max(counts), at_most=2)
    else:
        run.measure(f"{name}: modes of {len(CENTRES)}, median", np.median(counts),
                    at_least=LEAST.get(name))
        run.measure(f"{name}: high quality, median", np.median(shares))


def show(run, results, films):
    """The figures, and what the flight recorder says of the first seed's runs."""
    first, cured = (f"{name}, seed {run.seed}" for name in (COLLAPSED, CURED))
    run.save_figure(table_figure(results, run), "table", (
        f"Modes of {len(CENTRES)} covered by {COUNTED:,} samples, and the share of them that is of "
        "high quality: a row for each arm, a column for each seed."))
    run.save_figure(samples_figure(results, run), "samples", (
        f"Seed {run.seed}: {COUNTED:,} samples in each arm, over the modes (circles). Orange ones "
        "lie outside of all."))
    run.save_animation(films[first].frames("5 generator steps", relative=True), "collapse", (
        "The chase. Green is where the discriminator finds points more real than elsewhere in the "
        "picture, violet where less: all samples run towards green together, and as it turns "
        "violet around them, on around the ring."), seconds=0.12)
    for loop, file in ((first, "flight-collapsed"), (cured, "flight-cured")):
        said = diagnose(run.history[loop], modes=len(CENTRES))
        run.print(f"{loop}. {said}")
        run.save_figure(flight_figure(run.history[loop], modes=len(CENTRES), title=loop), file,
                        f"{loop}. {said}")


def table_figure(results, run):
    """Modes and quality as a table, shaded by modes: rows are arms, columns seeds."""
    seeds = range(run.seed, run.seed + run.settings.seeds)
    counts = np.array([[results[f"{name}, seed {seed}"][1] for seed in seeds] for name in ARMS])
    figure, axes = new_figure(width=2.6 + 1.5 * len(seeds), height=0.7 + 0.5 * len(ARMS))
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=3 * len(CENTRES), aspect="auto")
    for i, name in enumerate(ARMS):
        for j, seed in enumerate(seeds):
            _, modes, quality = results[f"{name}, seed {seed}"]
            axes.text(j, i, f"{modes} modes, {quality:.0%}", ha="center", va="center")
    axes.set_xticks(range(len(seeds)), [f"seed {seed}" for seed in seeds])
    axes.set_yticks(range(len(ARMS)), list(ARMS))
    axes.xaxis.tick_top()
    axes.tick_params(length=0, colors="#222222")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return figure


def samples_figure(results, run):
    """The samples of the first seed, a panel for each arm."""
    figure, panels = new_figure(2, -(-len(ARMS) // 2), width=9.6, height=7)
    for axes, name in zip(panels.ravel(), ARMS):
        points, modes, quality = results[f"{name}, seed {run.seed}"]
        draw_points(axes, points, CENTRES)
        axes.set_title(f"{name}: {modes} modes, {quality:.0%}", fontsize=10)
    return figure

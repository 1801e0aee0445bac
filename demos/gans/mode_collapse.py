"""Mode collapse: made to happen, measured, and cured.

Before each step of the discriminator D, the generator G takes five. D stands still all the while,
and against a D that stands still, the best that G can do is to send all noise to the one point that
D finds most real: nothing in G's loss asks for more than one. D then learns to doubt this point,
and G moves everything elsewhere, around the ring and past it, without ever spreading out: its
samples escape. Against a D that is far ahead they collapse instead: all are pushed the same way,
onto one mode, and stay. There D says 1/9 to each of them, for of nine points in this mode eight are
fakes, and nothing tells G of the other seven modes. All arms have the same networks and data:

    no cure              five steps of G to one of D
    fast discriminator   one to one, but D learns 100 times as fast as G
    balanced             one to one, at one rate: D mostly answers before G has gone far
    packing              D judges pairs; real pairs rarely come from one mode, so if all of G's
                         samples are alike, every pair gives itself away, whichever the mode
    minibatch features   D is told how close each example is to the others of its batch
    WGAN-GP              a critic with slope near 1 everywhere, not a D that says yes or no
    WGAN-GP, critic 5:1  the same with five steps of the critic to one of G, as its authors do

    python -m demos mode_collapse                  2 min on two cores

The outcome is told by two counts. An arm covers the data if at least a tenth of its samples lie
inside modes, and they reach at least half of these. If not, it has collapsed if at least half of
its samples lie inside modes, and escaped if fewer do. The spread within modes, relative to the
data's, shows the smaller collapse inside a mode.

Packing and minibatch features work despite the five steps. They change what a D that stands still
rewards: as G's points gather, the closeness that D sees rises, and their scores fall while G is
still moving. WGAN-GP alone is no cure: a critic that stands still is a slope, however gentle, and G
slides along it with all of its points. The theory asks for a critic that is near its optimum before
G moves, and trained that way, it covers all modes.

Expect no mode at the end without a cure, over eight seeds (now and then one during training); with
the fast discriminator one mode, over fifteen seeds, with 92 to 99 % of high quality and a spread of
0.89 to 0.95. Balanced, ten of fourteen seeds reach all 8 modes, and the others escape. Over six
seeds, no mode with WGAN-GP alone, and all 8 with packing (57 to 72 % of high quality), minibatch
features (63 to 94 %) and five critic steps (34 to 45 %); balanced and with five critic steps, G
took only a fifth of the steps. With minibatch features the spread is 0.5 to 0.8: what gathers in a
mode is narrower than the mode.

After Lin et al., PacGAN (2018), Salimans et al., Improved techniques for training GANs (2016), and
Gulrajani et al., Improved training of Wasserstein GANs (2017).
"""
import math
from dataclasses import dataclass

from demos.common.options import check_positive
from demos.common.run import demo
from demos.gans.parts.flight import diagnose
from demos.gans.parts.flight_figures import plot_flight
from demos.gans.parts.mode_collapse_figures import plot_samples, plot_table
from demos.gans.parts.modes import covered, outcome, spread_within
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.gans.parts.toys import COUNTED, SHOWN, TOYS, Film, sample_points
from models.gan import LOSSES, Config, MLPDiscriminator, MLPGenerator
from models.parts import noise
from tinygen.backend import np, xp
from tinygen.optim import Adam, warmup_cosine


@dataclass(frozen=True)
class Arm:
    """One experiment: the steps of each player in a round, the loss, and D's settings."""
    g_rate: float = 1.0  # learning rates, in multiples of --lr
    d_rate: float = 1.0
    d_steps: int = 1
    g_steps: int = 5
    loss: str = "non-saturating"
    penalty: float = 0.0
    pack: int = 1
    minibatch_features: int = 0


@dataclass(frozen=True)
class Result:
    """What a generator makes in the end: its samples, and what is counted among them."""
    points: np.ndarray
    modes: int
    quality: float
    spread: float  # within the modes, over the data's; NaN if there is nothing to measure
    word: str      # covers, collapsed or escaped


ARMS = {
    "no cure": Arm(),
    "fast discriminator": Arm(g_rate=0.3, d_rate=30, g_steps=1),
    "balanced": Arm(g_steps=1),
    "packing": Arm(pack=2),
    "minibatch features": Arm(minibatch_features=4),
    "WGAN-GP": Arm(loss="wasserstein", penalty=1.0),
    "WGAN-GP, critic 5:1": Arm(d_steps=5, g_steps=1, loss="wasserstein", penalty=1.0),
}
PRESETS = {
    "smoke": dict(steps=2, seeds=1),
    "tour": dict(seeds=1),
    "default": dict(steps=1000, batch=64, lr=1e-3, latents=2, seeds=3),
    "long": dict(steps=4000, seeds=5),
}
EVERY, FRAMES = 4, 60  # of the film: rounds between pictures, and their number
LOOKS = 40  # times that the modes are counted during training
SAMPLE_DATA, CENTRES = TOYS["ring"]
ESCAPED, COLLAPSED, CURED = "no cure", "fast discriminator", "packing"
WORDS = {ESCAPED: "escaped", COLLAPSED: "collapsed"}
BEST = "no cure", "balanced"  # arms that are judged by their seed with the most modes
# Limits of the modes in that seed, or of the median over seeds.
MODES = {"no cure": dict(at_most=2), "fast discriminator": dict(at_most=1),
         "balanced": dict(at_least=7), "packing": dict(at_least=8),
         "minibatch features": dict(at_least=8), "WGAN-GP, critic 5:1": dict(at_least=8)}
SPREAD = {"fast discriminator": dict(at_least=0.8, at_most=1.05)}


@demo(PRESETS, loops=lambda cfg: len(ARMS) * cfg.seeds * [cfg.steps])
def main(run):
    cfg = run.settings
    check_settings(cfg)
    results, films = {}, {}
    for name in ARMS:
        for seed in range(run.seed, run.seed + cfg.seeds):
            loop = f"{name}, seed {seed}"
            points, films[loop] = train(run, loop, name, seed)
            results[loop] = describe(points)
    measure(run, results)
    show(run, results, films)


def train(run, loop, name, seed):
    """Train the GAN of the arm `name` -> samples (COUNTED, 2), the film of its training."""
    cfg, arm = run.settings, ARMS[name]
    d_loss, g_loss = LOSSES[arm.loss]
    config = Config(cfg.latents, (2,), pack=arm.pack, minibatch_features=arm.minibatch_features)
    count = cfg.batch * arm.pack  # D judges as many packs as it would judge single examples
    rng = np.random.default_rng(seed)  # its own: all arms of a seed start alike
    generator = MLPGenerator(config, (64, 64, 64), rng=rng)
    discriminator = MLPDiscriminator(config, (128, 128), rng=rng)
    g_optimizer = Adam(generator.parameters(), lr=cfg.lr, betas=(0.5, 0.9))
    d_optimizer = Adam(discriminator.parameters(), lr=cfg.lr, betas=(0.5, 0.9))
    shots = range(cfg.steps // 4, cfg.steps, EVERY)[:FRAMES] if name == ESCAPED else ()
    film = Film(noise(SHOWN, cfg.latents, rng=rng), CENTRES, shots)
    # In all arms the learning rate falls to 0, so that the end is not a passing moment.
    for step in run.steps(loop, generator=generator, discriminator=discriminator,
                          g_optimizer=g_optimizer, d_optimizer=d_optimizer, film=film, draws=rng):
        rate = cfg.lr * warmup_cosine(step, warmup=0, total=cfg.steps)
        g_optimizer.lr, d_optimizer.lr = arm.g_rate * rate, arm.d_rate * rate
        for _ in range(arm.d_steps):
            x, z = xp.asarray(SAMPLE_DATA(count, rng)), noise(count, cfg.latents, rng=rng)
            d_meters = discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z,
                                          penalty=arm.penalty, rng=rng)
        for _ in range(arm.g_steps):
            z = noise(count, cfg.latents, rng=rng)
            g_meters = generator_step(generator, discriminator, g_optimizer, g_loss, z)
        run.log(**d_meters, **g_meters)
        film.shoot(step, generator, discriminator)
        if (step + 1) % max(1, cfg.steps // LOOKS) == 0:
            modes, quality = covered(sample_points(generator, rng), CENTRES)
            run.log(modes=modes, quality=quality)
    return sample_points(generator, rng), film


def describe(points):
    """Count modes, quality and spread among samples (COUNTED, 2) -> Result"""
    modes, quality = covered(points, CENTRES)
    return Result(points, modes, quality, spread_within(points, CENTRES),
                  outcome(modes, quality, len(CENTRES)))


def measure(run, results):
    """What each arm covers over its seeds, printed as a table and measured."""
    run.print("Modes, high quality, spread within modes and outcome, a column for each seed")
    for name in ARMS:
        found = [found for loop, found in results.items() if loop.startswith(f"{name}, seed ")]
        run.print(f"{name:<20}" + "".join(
            f"   {one.modes} {one.quality:4.0%} {one.spread:5.2f} {one.word:<9}" for one in found))
        modes, words = [one.modes for one in found], [one.word for one in found]
        count, word = (max, "maximum over seeds") if name in BEST else (np.median, "median")
        run.measure(f"{name}: modes of {len(CENTRES)}, {word}", count(modes),
                    **MODES.get(name, {}))
        if name != ESCAPED:
            run.measure(f"{name}: high quality, median", np.median([one.quality for one in found]))
        if name in WORDS:
            run.measure(f"{name}: share of the seeds that {WORDS[name]}",
                        words.count(WORDS[name]) / len(words), at_least=0.6)
        spreads = [one.spread for one in found if not math.isnan(one.spread)]
        if spreads:  # seeds with samples to measure
            run.measure(f"{name}: spread within modes, data's = 1, median", np.median(spreads),
                        **SPREAD.get(name, {}))


def show(run, results, films):
    """The table, and of the first seed the samples, the film and the flight recorder."""
    seeds = range(run.seed, run.seed + run.settings.seeds)
    run.save_figure(plot_table(results, ARMS, seeds, len(CENTRES)), "table", (
        f"What {COUNTED:,} samples of each arm cover, a column for each seed: modes of "
        f"{len(CENTRES)} (the colour), share of high-quality samples, and how widely these are "
        "spread within their modes: below 1 closer together than the data, above 1 farther apart, "
        "where samples pass through a mode on their way to the next. Covers: at least half of the "
        "modes, with at least a tenth of the samples. If not, collapsed: most samples lie inside "
        "modes; escaped: most lie outside."))
    first = {name: results[f"{name}, seed {run.seed}"] for name in ARMS}
    data = describe(SAMPLE_DATA(COUNTED, np.random.default_rng(run.seed)))
    run.save_figure(plot_samples(first, data, CENTRES), "samples", (
        f"Seed {run.seed}: {COUNTED:,} samples of each arm over the modes (circles), and as many "
        "of the data. Orange samples lie outside all modes. Those that collapsed are as good as "
        "the data, but of one mode; those that escaped have left the modes behind. A panel whose "
        "samples ran far away is zoomed out."))
    escaped, *others = (f"{name}, seed {run.seed}" for name in (ESCAPED, COLLAPSED, CURED))
    run.save_animation(films[escaped].frames("5 generator steps", relative=True), "chase", (
        "The chase. Green is where the discriminator finds points more real than elsewhere in the "
        "picture, violet where less: all samples run towards green together, and as it turns "
        "violet around them, on around the ring."), seconds=0.12)
    for loop, file in zip((escaped, *others), ("escaped", "collapsed", "cured")):
        said = diagnose(run.history[loop], modes=len(CENTRES))
        run.print(f"{loop}. {said}")
        run.save_figure(plot_flight(run.history[loop], modes=len(CENTRES), title=loop),
                        f"flight-{file}", f"{loop}. {said}")


def check_settings(cfg):
    check_positive(cfg, "seeds")
    if cfg.batch < 2:
        raise ValueError("--batch is at least 2, so that an example can be compared with others of "
                         f"its batch; got {cfg.batch}")

"""When the discriminator wins: what is left of the generator's gradient.

The better the discriminator D, the better it can tell the generator where to go, or so one would
hope. But if fakes and real examples don't overlap, D can be sure of each of them, and of their
neighbourhoods too: around the fakes D is 0, and flat. The value of the game has then gone from
-log 4, where D knows nothing, to 0,

    V(D*, G) = -log 4 + 2 JS,    JS the Jensen-Shannon divergence, at most log 2

and a divergence at its limit says that two distributions differ, not which way is closer. So freeze
a fresh generator, train D alone, and measure as it learns how large the generator's gradient would
be, for each of three losses:

    saturating        log(1 - D)     slope in the logit: -D       vanishes as D wins
    non-saturating    -log D         slope in the logit: D - 1    stays
    Wasserstein       -score         slope in the score: -1       stays, if the critic's slope does

    python -m demos vanishing_gradients                45 s on two cores

Expect, after 1,000 steps of D, a non-saturating gradient 5,600 to 7,400 times the saturating one
(three starts). With a gradient penalty the Wasserstein gradient stays near 0.7; without, it grows
to thousands. This does not mean that the saturating loss fails on the ring. When the demo then
plays the game, its samples find the modes with Adam, even after D's head start; with plain gradient
descent they stay where they are. In theory the non-saturating gradient is also very noisy. Here it
is not: from batch to batch it varies no more than the Wasserstein gradient.

After Goodfellow et al., Generative adversarial nets (2014), section 3; Arjovsky and Bottou, Towards
principled methods for training generative adversarial networks (2017); and Gulrajani et al.,
Improved training of Wasserstein GANs (2017).
"""
import copy
import math

import tinygen as tg
from demos.common.options import check_positive
from demos.common.resume import Snapshots
from demos.common.run import demo
from demos.gans.parts.gradients import (
    divergence,
    gradient_noise,
    gradient_norm,
    scores_on_line,
)
from demos.gans.parts.modes import covered
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.gans.parts.toys import sample_points
from demos.gans.parts.vanishing_gradients_figures import (
    plot_games,
    plot_line,
    plot_norms,
    plot_slopes,
    plot_value,
)
from models.gan import (
    LOSSES,
    Config,
    MLPDiscriminator,
    MLPGenerator,
    critic_loss,
    discriminator_loss,
    game_value,
    non_saturating_loss,
    saturating_loss,
    wasserstein_loss,
)
from models.parts import noise
from tinygen.backend import np, xp
from tinygen.data import RING_CENTRES, ring
from tinygen.optim import SGD, Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=4, batch=16, starts=1),
    "default": dict(steps=1000, batch=128, lr=1e-3, penalty=1.0, starts=3),
}
LOOKS = 50            # times that the gradients are measured
PROBES = 512          # size of the batch that they are measured on
CONFIG = Config(latent_size=2, shape=(2,))
G_RATES = {"Adam": 2e-3, "SGD": 0.02}  # learning rates of the games
D_RATE = 8e-3
BETAS = 0.5, 0.9
LEVEL = "no head start"                # of a game whose players both begin
OVERLAPPING = "trained generator"      # the loop whose fakes lie among the real examples


@demo(PRESETS, loops=lambda cfg: (cfg.starts + 7) * [cfg.steps])  # six games, and one judge more
def main(run):
    cfg = run.settings
    check_positive(cfg, "starts", "batch", "lr", "penalty")
    fresh = [f"fresh generator {number + 1}" for number in range(cfg.starts)]
    for loop in reversed(fresh):  # the first one last: the games continue with it
        generator, discriminator = new_players(run.rng)
        lines = Snapshots()
        critic = train_judges(run, loop, generator, discriminator, lines)
    fakes = sample_points(generator, run.rng)
    noises = {name: gradient_noise(generator, judge, loss, cfg.batch, run.rng)
              for name, judge, loss in (("non-saturating", discriminator, non_saturating_loss),
                                        ("Wasserstein", critic, wasserstein_loss))}

    games = {}
    beginners, beaten = (generator, new_players(run.rng)[1]), (generator, discriminator)
    ahead = f"D {cfg.steps} steps ahead"
    for start, players, rule in ((LEVEL, beginners, "Adam"), (ahead, beaten, "Adam"),
                                 (ahead, beaten, "SGD")):
        for loss in ("saturating", "non-saturating"):
            g, d = copy.deepcopy(players)
            loop = f"{loss}, {rule}, {start}"
            play(run, loop, g, d, loss, rule)
            games[loop] = sample_points(g, run.rng)
            if (rule, start, loss) == ("Adam", LEVEL, "non-saturating"):
                trained = g
    train_judges(run, OVERLAPPING, trained, new_players(run.rng)[1], Snapshots())
    measure(run, fresh, noises, games)
    show(run, fresh, lines, fakes, games)


def train_judges(run, loop, generator, discriminator, lines):
    """Train D and two critics on samples of a frozen generator, and log the gradient that each
    would give it -> the critic with gradient penalty; the other has no penalty."""
    cfg = run.settings
    (_, critic), (_, free) = new_players(run.rng), new_players(run.rng)
    d_optimizer, c_optimizer, f_optimizer = [
        Adam(judge.parameters(), lr=cfg.lr, betas=(0.5, 0.999))
        for judge in (discriminator, critic, free)]
    real, codes = xp.asarray(ring(PROBES, run.rng)), noise(PROBES, CONFIG.latent_size, rng=run.rng)
    shown = {max(1, cfg.steps // 33), max(1, cfg.steps // 10), cfg.steps}  # steps taken
    for step in run.steps(loop, generator=generator, discriminator=discriminator, critic=critic,
                          free=free, d_optimizer=d_optimizer, c_optimizer=c_optimizer,
                          f_optimizer=f_optimizer, lines=lines):
        if step % max(1, cfg.steps // LOOKS) == 0 or step == cfg.steps - 1:
            run.log(saturating=gradient_norm(generator, discriminator, saturating_loss, codes),
                    non_saturating=gradient_norm(generator, discriminator, non_saturating_loss,
                                                 codes),
                    wasserstein=gradient_norm(generator, critic, wasserstein_loss, codes),
                    no_penalty=gradient_norm(generator, free, wasserstein_loss, codes))
            with tg.no_grad():
                real_scores, fake_scores = discriminator(real), discriminator(generator(codes))
                run.log(value=game_value(real_scores, fake_scores), logit=fake_scores.mean())
        x = xp.asarray(ring(cfg.batch, run.rng))
        z = noise(cfg.batch, CONFIG.latent_size, rng=run.rng)
        discriminator_step(generator, discriminator, d_optimizer, discriminator_loss, x, z)
        discriminator_step(generator, critic, c_optimizer, critic_loss, x, z, penalty=cfg.penalty,
                           rng=run.rng)
        discriminator_step(generator, free, f_optimizer, critic_loss, x, z)
        if step + 1 in shown:
            lines.add(step + 1, np.stack([scores_on_line(discriminator), scores_on_line(critic)]))
    return critic


def play(run, loop, generator, discriminator, loss, rule):
    """Play the game itself, G with Adam or plain gradient descent, D with Adam."""
    cfg, g_loss, rates = run.settings, LOSSES[loss][1], (G_RATES[rule], D_RATE)
    g_optimizer = (Adam(generator.parameters(), lr=rates[0], betas=BETAS) if rule == "Adam"
                   else SGD(generator.parameters(), lr=rates[0]))
    d_optimizer = Adam(discriminator.parameters(), lr=D_RATE, betas=BETAS)
    for step in run.steps(loop, generator=generator, discriminator=discriminator,
                          g_optimizer=g_optimizer, d_optimizer=d_optimizer):
        for optimizer, rate in zip((g_optimizer, d_optimizer), rates):
            optimizer.lr = rate * warmup_cosine(step, warmup=0, total=cfg.steps)
        x = xp.asarray(ring(cfg.batch, run.rng))
        z = noise(cfg.batch, CONFIG.latent_size, rng=run.rng)
        run.log(**discriminator_step(generator, discriminator, d_optimizer, discriminator_loss, x,
                                     z))
        z = noise(cfg.batch, CONFIG.latent_size, rng=run.rng)
        run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z))


def measure(run, fresh, noises, games):
    steps = run.settings.steps

    def last(name, loops=fresh):
        return [run.history[loop][name][-1][1] for loop in loops]

    # D may be so sure that float32 leaves no gradient at all.
    ratios = np.divide(last("non_saturating"), np.maximum(last("saturating"), 1e-9))
    run.measure(f"non-saturating / saturating after {steps} steps of D, smallest", ratios.min(),
                at_least=100, baseline=("D knows nothing", 1))
    ratio = last("non_saturating", [OVERLAPPING])[0] / last("saturating", [OVERLAPPING])[0]
    run.measure("the same where fakes and real examples overlap", ratio, at_most=50)
    swings = []
    for loop in fresh:
        late = [norm for step, norm in run.history[loop]["wasserstein"] if step >= 0.2 * steps]
        swings.append(max(late) / min(late))
    run.measure("Wasserstein: largest / smallest norm after the first fifth", max(swings),
                at_most=5, baseline=("at the end, no penalty / penalty", min(
                    np.divide(last("no_penalty"), last("wasserstein")))))
    run.measure("JS divergence found, share of log 2, smallest",
                min(divergence(value) for value in last("value")) / math.log(2), at_least=0.95)
    for name, share in noises.items():
        run.measure(f"noise of one batch's gradient, {name}", share)
    measure_games(run, games)


def measure_games(run, games):
    """Modes and high quality of each game."""
    for loop, points in games.items():
        modes, quality = covered(points, RING_CENTRES)
        limits = {}
        if loop.startswith("saturating") and "SGD" in loop:
            limits = dict(at_most=0)
        elif loop.startswith("saturating") and LEVEL in loop:
            limits = dict(at_least=5)
        run.measure(f"{loop}: modes", modes, **limits)
        run.measure(f"{loop}: high quality", quality)


def show(run, fresh, lines, fakes, games):
    logit = run.history[fresh[0]]["logit"][-1][1]
    run.save_figure(plot_slopes(logit), "slopes", (
        "The generator's losses and their slopes, against the logit that D gives a fake: D = "
        "sigmoid(logit). Where D knows nothing the logit is 0. A fake that is found out lies far "
        "to the left, and there the saturating loss is flat, hence its name. The dashed line is "
        f"the mean fake at the last of D's {run.settings.steps:,} steps."))
    run.save_figure(plot_norms(run.history, fresh, OVERLAPPING), "norms", (
        "The norm of the generator's gradient while only the judges learn, a line for each start. "
        "Left, a fresh generator: the saturating loss has lost what the non-saturating one keeps. "
        "With gradient penalty, the gradient that the critic gives settles at one size; without, "
        "it grows for as long as the critic is trained. Right, the same with a trained generator "
        "(non-saturating), whose samples lie among real ones: D can't be sure, nothing vanishes."))
    run.save_figure(plot_value(run.history, fresh, OVERLAPPING), "value", (
        "The value of the game as D learns. At -log 4, D says 1/2 to everything; at 0 it has won, "
        "and the Jensen-Shannon divergence that it has found, (V + log 4) / 2, is at its limit, "
        "log 2. It gets there for any two distributions that don't overlap, however close they "
        "are, and so has no slope to follow."))
    run.save_figure(plot_line(lines, fakes), "line", (
        "The judges' output along a line through two modes (grey) with the fakes between them "
        "(orange). D becomes a cliff with a flat bottom, and all fakes stand where it has no "
        "slope. Its logit still has one, and the non-saturating loss uses it. The critic is a "
        "valley with the fakes at its bottom; the slope of its sides is near 1, early and late."))
    run.save_figure(plot_games(games), "games", (
        "And in practice? Both losses from the same weights, with D as a beginner or after its "
        "head start. With Adam the saturating loss succeeds: Adam divides the gradient by its own "
        "size, so only its direction matters, however small it is. The steps of plain gradient "
        "descent (SGD) are as small as the gradient, and the samples never move. Modes that go "
        "missing although the gradient is there are another failure: mode collapse."))


def new_players(rng):
    return MLPGenerator(CONFIG, (64, 64, 64), rng=rng), MLPDiscriminator(CONFIG, (64, 64), rng=rng)

"""When the discriminator wins: what is left of the generator's gradient.

The better the discriminator, the better the generator is told where to go: so one would hope. But
where fakes and real examples don't overlap there is a discriminator that is sure of each, and it is
sure of the neighbours too: D is 0 all around the fakes, and flat. The value of the game has then
gone from -log 4, where D knows nothing, to 0,

    V(D*, G) = -log 4 + 2 JS,    JS the Jensen-Shannon divergence, at most log 2

and a divergence at its limit says that two distributions differ, not which way is nearer. So freeze
a fresh generator, train D alone, and measure after each stretch how large the generator's gradient
would be, for one loss and the other:

    saturating        log(1 - D)     slope -D by the logit      vanishes as D wins
    non-saturating    -log D         slope D - 1                stays
    Wasserstein       -score         slope -1                   stays, if the critic's slope does

    python -m demos vanishing_gradients                45 s on two cores

Expect, after 1,000 steps of D, a non-saturating gradient 5,600 to 7,400 times the saturating one
(three starts); with penalty the Wasserstein gradient stays near 0.7, without it grows to thousands.
That does not mean that the saturating loss fails on the ring: the demo then plays the game, and
with Adam its samples find the modes, even after D's head start; plain gradient descent stays where
it is. The theory also has the non-saturating gradient very noisy. It is not so here: from one batch
to the next it varies no more than the Wasserstein one.

After Goodfellow et al. (2014), section 3, Arjovsky and Bottou, Towards principled methods for
training generative adversarial networks (2017), and Gulrajani et al., Improved training of
Wasserstein GANs (2017).
"""
import copy
import math

import tinygen as tg
from demos.common.options import check_positive
from demos.common.resume import Snapshots
from demos.common.run import demo
from demos.gans.parts import vanishing_figures as figures
from demos.gans.parts.modes import covered
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.gans.parts.toys import draw_samples
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
LOOKS = 50            # times that gradients are measured
PROBES = 512          # latent codes that they are measured with
CONFIG = Config(latent_size=2, shape=(2,))
G_RATES = {"Adam": 2e-3, "SGD": 0.02}  # in the game that follows
D_RATE = 8e-3
BETAS = 0.5, 0.9
OVERLAPPING = "trained generator"      # the loop whose fakes lie among the real examples


@demo(PRESETS)
def main(run):
    cfg = run.settings
    check_positive(cfg, "starts", "batch", "lr", "penalty")
    fresh = [f"fresh generator {number + 1}" for number in range(cfg.starts)]
    for loop in reversed(fresh):  # the first comes last, and is the one that the games go on with
        generator, discriminator = new_players(run.rng)
        lines = Snapshots()
        critic = freeze(run, loop, generator, discriminator, lines)
    fakes = draw_samples(generator, run.rng)
    noises = {name: gradient_noise(generator, judge, loss, cfg.batch, run.rng)
              for name, judge, loss in (("non-saturating", discriminator, non_saturating_loss),
                                        ("Wasserstein", critic, wasserstein_loss))}

    games = {}
    beginners, beaten = (generator, new_players(run.rng)[1]), (generator, discriminator)
    for head_start, players, rule in (("none", beginners, "Adam"), (cfg.steps, beaten, "Adam"),
                                      (cfg.steps, beaten, "SGD")):
        for loss in ("saturating", "non-saturating"):
            g, d = copy.deepcopy(players)
            loop = f"{loss}, {rule}, head start of D {head_start}"
            play(run, loop, g, d, loss, rule)
            games[loop] = draw_samples(g, run.rng)
            if (rule, head_start, loss) == ("Adam", "none", "non-saturating"):
                trained = g
    freeze(run, OVERLAPPING, trained, new_players(run.rng)[1], Snapshots())

    report_gradients(run, fresh, noises)
    report_games(run, games)
    save_figures(run, fresh, lines, fakes, games)


def new_players(rng):
    return MLPGenerator(CONFIG, (64, 64, 64), rng=rng), MLPDiscriminator(CONFIG, (64, 64), rng=rng)


def freeze(run, loop, generator, discriminator, lines):
    """Train D, and two critics beside it, on samples of a generator that stays as it is; log what
    gradient each would give it. One critic has a gradient penalty, and is returned; one is free."""
    cfg = run.settings
    (_, critic), (_, free) = new_players(run.rng), new_players(run.rng)
    d_optimizer, c_optimizer, f_optimizer = [
        Adam(judge.parameters(), lr=cfg.lr, betas=(0.5, 0.999))
        for judge in (discriminator, critic, free)]
    real, codes = xp.asarray(ring(PROBES, run.rng)), noise(PROBES, CONFIG.latent_size, rng=run.rng)
    shown = {cfg.steps // 33, cfg.steps // 10, cfg.steps - 1}
    for step in run.steps(loop, generator=generator, discriminator=discriminator, critic=critic,
                          free=free, d_optimizer=d_optimizer, c_optimizer=c_optimizer,
                          f_optimizer=f_optimizer, lines=lines):
        if step % max(1, cfg.steps // LOOKS) == 0 or step == cfg.steps - 1:
            run.log(saturating=g_gradient(generator, discriminator, saturating_loss, codes),
                    non_saturating=g_gradient(generator, discriminator, non_saturating_loss, codes),
                    wasserstein=g_gradient(generator, critic, wasserstein_loss, codes),
                    no_penalty=g_gradient(generator, free, wasserstein_loss, codes))
            with tg.no_grad():
                real_scores, fake_scores = discriminator(real), discriminator(generator(codes))
                run.log(value=game_value(real_scores, fake_scores), logit=fake_scores.mean())
        if step in shown:
            lines.add(step, np.stack(list(map(figures.along_line, (discriminator, critic)))))
        x = xp.asarray(ring(cfg.batch, run.rng))
        z = noise(cfg.batch, CONFIG.latent_size, rng=run.rng)
        discriminator_step(generator, discriminator, d_optimizer, discriminator_loss, x, z)
        discriminator_step(generator, critic, c_optimizer, critic_loss, x, z, penalty=cfg.penalty,
                           rng=run.rng)
        discriminator_step(generator, free, f_optimizer, critic_loss, x, z)
    return critic


def play(run, loop, generator, discriminator, loss, rule):
    """The game itself, with G trained by Adam or by plain gradient descent, and D by Adam."""
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


def g_gradient(generator, judge, loss, z):
    """The norm of the gradient that the generator would learn from, a float."""
    return float(xp.linalg.norm(flat_gradient(generator, judge, loss, z)))


def flat_gradient(generator, judge, loss, z):
    """The gradient of loss(judge(G(z))) by all of G's parameters, as one vector."""
    grads = tg.grad(loss(judge(generator(z))), list(generator.parameters()))
    return xp.concatenate([g.data.ravel() for g in grads])


def gradient_noise(generator, judge, loss, batch, rng, batches=30):
    """How far a batch's gradient is from the mean one, relative to that one's norm."""
    z = [noise(batch, CONFIG.latent_size, rng=rng) for _ in range(batches)]
    grads = xp.stack([flat_gradient(generator, judge, loss, codes) for codes in z])
    mean = grads.mean(axis=0)
    return float(xp.sqrt(((grads - mean) ** 2).sum(axis=1).mean()) / xp.linalg.norm(mean))


def report_gradients(run, fresh, noises):
    steps = run.settings.steps

    def last(name, loops=fresh):
        return [run.history[loop][name][-1][1] for loop in loops]

    # D may be so sure that float32 leaves no gradient at all.
    ratios = np.divide(last("non_saturating"), np.maximum(last("saturating"), 1e-9))
    run.measure(f"non-saturating / saturating after {steps} steps of D, least", ratios.min(),
                at_least=100, baseline=("D knows nothing", 1))
    ratio = last("non_saturating", [OVERLAPPING])[0] / last("saturating", [OVERLAPPING])[0]
    run.measure("the same where the fakes lie among the real ones", ratio, at_most=50)
    swings = []
    for loop in fresh:
        late = [norm for step, norm in run.history[loop]["wasserstein"] if step >= 0.2 * steps]
        swings.append(max(late) / min(late))
    run.measure("Wasserstein: largest / smallest norm after the first fifth", max(swings),
                at_most=5, baseline=("without penalty, by then grown", min(
                    np.divide(last("no_penalty"), last("wasserstein")))))
    run.measure("JS divergence found, share of log 2, least",
                min(figures.js(v) for v in last("value")) / math.log(2), at_least=0.95)
    for name, share in noises.items():
        run.measure(f"noise of one batch's gradient, {name}", share)


def report_games(run, games):
    for loop, points in games.items():
        modes, quality = covered(points, RING_CENTRES)
        limits = {}
        if loop.startswith("saturating") and "SGD" in loop:
            limits = dict(at_most=0)
        elif loop.startswith("saturating") and "of D none" in loop:
            limits = dict(at_least=5)
        run.measure(f"{loop}: modes", modes, **limits)
        run.measure(f"{loop}: high quality", quality)


def save_figures(run, fresh, lines, fakes, games):
    steps = run.settings.steps
    logit = run.history[fresh[0]]["logit"][-1][1]
    run.save_figure(figures.slopes(logit), "slopes", (
        "The generator's losses, and how steep they are, by the logit that D gives a fake: D = "
        "sigmoid(logit). Where D knows nothing the logit is 0. A found-out fake is far to the "
        "left, and there the saturating loss has gone flat: that is all there is to the name. The "
        f"dashed line is the mean fake after {steps} steps of D."))
    run.save_figure(figures.norms(run.history, fresh, OVERLAPPING), "norms", (
        "The norm of the generator's gradient while only the judges learn, a line for each start. "
        "Left, a fresh generator: the saturating loss has lost what the non-saturating one keeps. "
        "A critic with gradient penalty settles at one size; without, its slope and the gradient "
        "grow for as long as it is trained. Right, the same with a generator whose samples lie "
        "among real ones, as it was trained (non-saturating): D can't be sure, nothing vanishes."))
    run.save_figure(figures.values(run.history, fresh, OVERLAPPING), "value", (
        "The value of the game as D learns. At -log 4 D says 1/2 to all; at 0 it has won, and the "
        "Jensen-Shannon divergence that it has found, (V + log 4) / 2, is at its limit, log 2. It "
        "gets there for any two distributions that don't overlap, however near they are, and so "
        "has no slope to follow."))
    run.save_figure(figures.line(lines, fakes), "line", (
        "What the judges say along a line through two modes (grey) and, between them, the fakes "
        "(orange). D becomes a cliff and a flat bottom, and all fakes stand where it has no slope. "
        "Its logit still has one, which is what the non-saturating loss uses. The critic is a "
        "valley with the fakes at its bottom; its sides have a slope near 1, late as early."))
    run.save_figure(figures.games(games), "games", (
        "And in practice? Both losses from the same weights, and D as a beginner or after its head "
        "start. With Adam the saturating loss comes through: Adam divides the gradient by its own "
        "size, so a direction is enough for it, however small. Plain gradient descent (SGD) takes "
        "steps as small as the gradient, and never leaves its place. Modes that go missing "
        "although the gradient is there are another failure: mode collapse."))

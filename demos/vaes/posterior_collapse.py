"""Posterior collapse: the KL of latents falls to zero and z says nothing, made to happen and cured.

Training a VAE weighs what z tells of an image against the KL that it costs. A latent that saves
less than it costs is switched off: q(z|x) becomes the prior, the same for all images, and this
latent's KL becomes 0. The meter is the KL of each latent over test images; a latent is active if it
has more than 0.01 nats (the measure of Burda et al., 2016, the variance of its mean over the
images, is given beside it).

First by a dial: beta multiplies the KL. As it rises, one latent after the other is switched off.
That is no failure but a trade, the curve of rate (KL) against distortion.

Then by accident, at beta = 1: the decoder predicts each pixel from z and from all pixels before it,
as language models do with words, and z has to pass three layers first. The pixels before are the
shorter way, so they are learnt sooner, and meanwhile the KL makes z noise, which a decoder does
best to ignore. That z would have paid is shown by what is found with a cure: a trap, no optimum.
Six things to try, each by itself: train twice as long; raise beta from 0 to 1 in the first half
(Bowman et al., 2016); free bits, no reward for a latent whose KL is below 0.5 (Kingma et al.,
2016); beta = 0.25; a weaker decoder that sees two pixels far (Chen et al., 2017); skip connections
from z to each layer (Dieng et al., 2019). All are judged by -ELBO at beta = 1.

    python -m demos posterior_collapse                     about 1 min on two cores
    python -m demos posterior_collapse --data mnist-10k    the same

Expect the sweep to go from 30 nats of KL at beta 0.25 over 18 at 1 and 4 at 8 to 0.00 at 32: all
ten latents in use up to beta 2, none at 32. Left as it is, the second VAE has a KL of 0.001 nats
and 34.0 of -ELBO, and twice the time does not bring it back. The five cures do. But more KL is no
merit by itself: the weak decoder uses z, and is worse than the strong one that ignores it.
"""
from dataclasses import dataclass

import tinygen as tg
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.codes import in_batches
from demos.vaes.parts.autoregressive import SIZE, AutoregressiveVAE, small_ink
from demos.vaes.parts.collapse_figures import (
    active_latents,
    active_units,
    draw_curves,
    draw_examples,
    draw_fixes,
    draw_heat_map,
    draw_same_code,
)
from demos.vaes.parts.elbo import evaluate
from models import vae
from models.parts import noise
from models.vae import Config, DenseVAE
from tinygen.backend import np, to_numpy, xp
from tinygen.data import load_images
from tinygen.optim import Adam

PRESETS = {
    "smoke": dict(steps=3, betas=(0.25, 32.0)),
    "default": dict(steps=600, latents=10, lr=3e-3,
                    betas=(0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)),
}
BATCH, HIDDEN = 128, 200


@dataclass(frozen=True)
class Fix:
    """What one run changes: of the training or of the decoder."""
    name: str
    longer: int = 1          # times the steps
    warm_up: float = 0.0     # share of the steps in which beta rises from 0
    free_bits: float = 0.0   # nats that each latent has for nothing
    beta: float = 1.0
    reach: int | None = None  # how far the decoder sees
    skip: bool = False


FIXES = (Fix("as it is"), Fix("twice as long", longer=2), Fix("warm-up", warm_up=0.5),
         Fix("free bits", free_bits=0.5), Fix("lower beta", beta=0.25),
         Fix("weak decoder", reach=2), Fix("skips", skip=True))


@demo(PRESETS, data=("digits", "mnist-10k"))
def main(run):
    cfg, data = run.settings, load_images(run.data)
    configs = {beta: Config(cfg.latents, beta=beta) for beta in sorted(set(cfg.betas))}
    sweep_beta(run, configs, data)
    try_fixes(run, small_ink(data.x_train), small_ink(data.x_test), data.y_test)


def train(run, name, model, images, fix):
    """The loop of every run here: reconstruction + beta·KL, as `fix` changes it."""
    total = fix.longer * run.settings.steps
    optimizer = Adam(model.parameters(), lr=run.settings.lr)
    for step in run.steps(name, total=total, model=model, optimizer=optimizer):
        x = xp.asarray(images[epoch_batch(step, BATCH, len(images), run.seed)])
        logits, mean, logvar = model(x, noise(BATCH, run.settings.latents, rng=run.rng))
        reconstruction = tg.bce_with_logits(logits, x, reduction="sum") / BATCH
        kl = tg.kl_standard_normal(mean, logvar, axis=()).mean(axis=0)  # (latents,)
        loss = reconstruction + weighed(kl, step / total, fix)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(reconstruction=reconstruction, kl=kl.sum())


def weighed(kl, done, fix):
    """The KL's part of the loss when this share of the steps is done.  (latents,) -> one number"""
    beta = fix.beta * (min(1.0, done / fix.warm_up) if fix.warm_up else 1.0)
    return beta * tg.maximum(kl, fix.free_bits).sum()


# ---- 1. By a dial ----

def sweep_beta(run, configs, data):
    """The same VAE for each beta; what is left of its latents."""
    elbos, models = {}, {}
    for beta, config in configs.items():
        models[beta] = DenseVAE(config, HIDDEN, rng=run.rng)
        train(run, f"beta {beta:g}", models[beta], data.x_train, Fix("", beta=beta))
        elbos[beta] = evaluate(models[beta], data.x_test, rng=run.rng)
    run.print("\n     beta   reconstruction      KL    -ELBO   active latents by KL, by variance")
    for beta, elbo in elbos.items():
        run.print(f"{beta:9g}{elbo.reconstruction:17.1f}{elbo.kl:8.2f}{elbo.negative:9.1f}"
                  f"{active_latents(elbo):19}{active_units(elbo):14}")
    run.print("")
    lowest, highest = min(elbos), max(elbos)
    if lowest <= 0.5:
        run.measure(f"beta {lowest:g}: active latents", active_latents(elbos[lowest]),
                    at_least=min(run.settings.latents, 9))
    if highest >= 32:
        run.measure(f"beta {highest:g}: active latents", active_latents(elbos[highest]),
                    at_most=2)
        run.measure(f"beta {highest:g}: KL, nats", elbos[highest].kl, at_most=3)

    run.save_figure(draw_curves(elbos), "sweep", "Left, rate against distortion: what z tells "
                    "against what is left to tell, one point for each beta. Right, how many of the "
                    "latents are in use. Near the threshold a count may rise again for a beta: the "
                    "last hundredths of a nat take long to fall.")
    run.save_figure(draw_heat_map(elbos), "latents", "KL of each latent, the largest first. A "
                    "column turns dark from below as beta rises.")
    betas = list(elbos)
    shown = sorted({betas[0], betas[len(betas) // 2], betas[-1]})
    first = np.unique(data.y_test, return_index=True)[1]
    rebuilt = {beta: in_batches(lambda x, m=models[beta]: vae.reconstruct(m, x),
                                data.x_test[first]) for beta in shown}
    drawn = {beta: to_numpy(vae.sample(models[beta], len(first), rng=run.rng)) for beta in shown}
    run.save_figure(draw_examples(data.x_test[first], rebuilt, drawn), "examples",
                    "Reconstructions and new samples. Where z says nothing, both are the mean of "
                    "all digits.")


# ---- 2. By accident, and out again ----

def try_fixes(run, train_images, test_images, labels):
    """The autoregressive VAE as it is, and with one change each."""
    config = Config(run.settings.latents, SIZE)
    elbos, models = {}, {}
    for fix in FIXES:
        model = AutoregressiveVAE(config, HIDDEN, fix.reach, fix.skip, rng=run.rng)
        train(run, fix.name, model, train_images, fix)
        models[fix.name], elbos[fix.name] = model, evaluate(model, test_images, rng=run.rng)
    run.print("\nbeta = 1, decoder sees the pixels before    KL    -ELBO   active latents")
    for name, elbo in elbos.items():
        run.print(f"  {name:36}{elbo.kl:7.2f}{elbo.negative:9.2f}{active_latents(elbo):12}")
    run.print("")

    stuck = elbos["as it is"]
    run.measure("as it is: KL, nats", stuck.kl, at_most=0.1)
    run.measure("twice as long: KL, nats", elbos["twice as long"].kl, at_most=0.1)
    for fix in FIXES[2:]:
        run.measure(f"{fix.name}: KL, nats", elbos[fix.name].kl, at_least=LEAST_KL[fix.name],
                    baseline=("as it is", stuck.kl))
    for fix in FIXES[2:]:
        worse = fix.name == "weak decoder"
        run.measure(f"{fix.name}: -ELBO", elbos[fix.name].negative,
                    baseline=("as it is", stuck.negative),
                    **{"at_least" if worse else "at_most": stuck.negative})
    run.save_figure(draw_fixes(run.history, elbos), "fixes",
                    "Left, the KL of all latents during training. Right, -ELBO and its two terms "
                    "on test images. More KL is no gain by itself: the weak decoder uses z, and is "
                    "worse than the one that ignores it.")
    chosen = np.unique(labels, return_index=True)[1][[0, 3, 4, 7]]
    same_code = {name: redraw(models[name], test_images[chosen], 7, run.rng)
                 for name in ("as it is", "warm-up", "free bits", "skips")}
    run.save_figure(draw_same_code(test_images[chosen], same_code), "same_code",
                    "Left a test image, and then seven draws from p(x|z) with the same z, its "
                    "code. As it is, the code says nothing, and the draws are of anything; else "
                    "they are kin of the image. Rough they all are: a small decoder drew them.")


LEAST_KL = {"warm-up": 1.0, "free bits": 1.0, "lower beta": 1.0, "weak decoder": 0.5, "skips": 1.0}


def redraw(model, images, count, rng):
    """`count` draws from p(x|z) for each image's mean z.  (N, 1, H, W) -> (N, count, 1, H, W)"""
    mean = in_batches(lambda x: model.encode(x)[0], images)
    drawn = model.draw(xp.asarray(np.repeat(mean, count, axis=0)), rng)
    return drawn.reshape(len(images), count, *images.shape[1:])

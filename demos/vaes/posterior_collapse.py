"""Posterior collapse: the KL of latents falls to zero and z says nothing. Caused, then cured.

Training a VAE weighs what z says about an image against the KL that it costs. A latent that saves
less than it costs is switched off: q(z|x) becomes the prior for every image, and the latent's KL
becomes 0. The meter is the KL of each latent over test images; above 0.1 nats a latent counts as
active.

First on purpose: beta multiplies the KL. As it rises, one latent after the other is switched off.
This is a trade, not a failure: the curve of rate (KL) against distortion (reconstruction).

Then by accident, at beta = 1: the decoder predicts each pixel from z and from all pixels before it,
as language models do with words, and z has to pass through three layers first. The earlier pixels
are the easier source, so they are learnt first; meanwhile the KL turns z into noise, which the
decoder had best ignore. The cures show that using z would have paid: the collapse is a trap,
not an optimum. Six things to try, one at a time: train twice as long; raise beta from 0 to 1 over
the first half (Bowman et al., 2016); free bits, no reward for pushing a latent's KL below 0.5
(Kingma et al., 2016); beta = 0.25; a weaker decoder that sees only two pixels far (Chen et al.,
2017); skip connections from z to each layer (Dieng et al., 2019). All are judged by -ELBO at
beta = 1.

    python -m demos posterior_collapse                     1 min on two cores
    python -m demos posterior_collapse --data mnist-10k    the same

Expect the KL to go from 30 nats at beta 0.25 over 18 at 1 and 4 at 8 to 0.00 at 32: all ten latents
are active up to beta 2, one to three at 16 and none at 32. As it is, the second VAE has a KL of
0.01 nats and a -ELBO of 34.0, and training twice as long does not bring z back. The five cures do.
But more KL is no merit by itself: the weak decoder uses z, and is worse than the strong one that
ignores it.
"""
from dataclasses import dataclass

import tinygen as tg
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.codes import in_batches
from demos.vaes.parts.autoregressive import SIZE, AutoregressiveVAE, small_ink
from demos.vaes.parts.elbo import evaluate
from demos.vaes.parts.posterior_collapse_figures import (
    plot_cures,
    plot_examples,
    plot_latents,
    plot_same_code,
    plot_sweep,
)
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
class Change:
    """What one run changes, in training or in the decoder."""
    name: str
    least_kl: float | None = None  # nats that it is expected to reach
    longer: int = 1           # factor on the number of steps
    warm_up: float = 0.0      # share of the steps over which beta rises from 0
    free_bits: float = 0.0    # nats of KL that each latent has for free
    beta: float = 1.0
    reach: int | None = None  # how many pixels far the decoder sees
    skip: bool = False        # z goes into every layer


AS_IS, LONGER = Change("as it is"), Change("twice as long", longer=2)
CURES = (Change("warm-up", 1.0, warm_up=0.5), Change("free bits", 1.0, free_bits=0.5),
         Change("lower beta", 1.0, beta=0.25), Change("weak decoder", 0.5, reach=2),
         Change("skips", 1.0, skip=True))


@demo(PRESETS, data=("digits", "mnist-10k"), loops=lambda cfg: [
    *[cfg.steps] * len(set(cfg.betas)),
    *[change.longer * cfg.steps for change in (AS_IS, LONGER, *CURES)]])
def main(run):
    cfg, images = run.settings, load_images(run.data)
    configs = {beta: Config(cfg.latents, beta=beta) for beta in sorted(set(cfg.betas))}

    # On purpose: the same VAE with each beta.
    models, sweep = {}, {}
    for beta, config in configs.items():
        models[beta] = DenseVAE(config, HIDDEN, rng=run.rng)
        train(run, f"beta {beta:g}", models[beta], images.x_train, Change("", beta=beta))
        sweep[beta] = evaluate(models[beta], images.x_test, rng=run.rng)
    examples = reconstructions_and_samples(models, images, run.rng)

    # By accident: the autoregressive VAE, as it is and with one change at a time.
    x_train, x_test = small_ink(images.x_train), small_ink(images.x_test)
    models, cures = {}, {}
    for change in (AS_IS, LONGER, *CURES):
        model = AutoregressiveVAE(Config(cfg.latents, SIZE), HIDDEN, change.reach, change.skip,
                                  rng=run.rng)
        train(run, change.name, model, x_train, change)
        models[change.name] = model
        cures[change.name] = evaluate(model, x_test, rng=run.rng)

    measure(run, sweep, cures)
    show(run, sweep, examples, cures, models, x_test, images.y_test)


def train(run, name, model, images, change):
    """The loop of every run here: reconstruction + beta·KL, as `change` alters it."""
    total = change.longer * run.settings.steps
    optimizer = Adam(model.parameters(), lr=run.settings.lr)
    for step in run.steps(name, total=total, model=model, optimizer=optimizer):
        x = xp.asarray(images[epoch_batch(step, BATCH, len(images), run.seed)])
        logits, mean, logvar = model(x, noise(BATCH, run.settings.latents, rng=run.rng))
        reconstruction = tg.bce_with_logits(logits, x, reduction="sum") / BATCH
        kl = tg.kl_standard_normal(mean, logvar, axis=()).mean(axis=0)  # (latents,)
        loss = reconstruction + weighted(kl, step / total, change)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(reconstruction=reconstruction, kl=kl.sum())


def weighted(kl, done, change):
    """The KL's term in the loss after a share `done` of the steps.  (latents,) -> one number"""
    beta = change.beta * (min(1.0, done / change.warm_up) if change.warm_up else 1.0)
    return beta * tg.maximum(kl, change.free_bits).sum()


def measure(run, sweep, cures):
    run.print("\n     beta   reconstruction      KL    -ELBO   active latents")
    for beta, elbo in sweep.items():
        run.print(f"{beta:9g}{elbo.reconstruction:17.1f}{elbo.kl:8.2f}{elbo.negative:9.1f}"
                  f"{elbo.active.sum():12}")
    run.print("\nbeta = 1, decoder sees the pixels before    KL    -ELBO   active latents")
    for name, elbo in cures.items():
        run.print(f"  {name:36}{elbo.kl:7.2f}{elbo.negative:9.2f}{elbo.active.sum():12}")
    run.print("")

    lowest, highest = min(sweep), max(sweep)
    if lowest <= 0.5:
        run.measure(f"beta {lowest:g}: active latents", sweep[lowest].active.sum(),
                    at_least=min(run.settings.latents, 9))
    if highest >= 32:
        run.measure(f"beta {highest:g}: active latents", sweep[highest].active.sum(), at_most=2)
        run.measure(f"beta {highest:g}: KL, nats", sweep[highest].kl, at_most=3)

    stuck = cures[AS_IS.name]
    for change in (AS_IS, LONGER):
        run.measure(f"{change.name}: KL, nats", cures[change.name].kl, at_most=0.1)
    for change in CURES:
        run.measure(f"{change.name}: KL, nats", cures[change.name].kl, at_least=change.least_kl,
                    baseline=(AS_IS.name, stuck.kl))
    for change in CURES:
        limit = "at_least" if change.name == "weak decoder" else "at_most"
        run.measure(f"{change.name}: -ELBO, nats", cures[change.name].negative,
                    baseline=(AS_IS.name, stuck.negative), **{limit: stuck.negative})


def show(run, sweep, examples, cures, models, x_test, y_test):
    run.save_figure(plot_sweep(sweep), "sweep",
                    "Left, rate against distortion: what z says against what is left unsaid, one "
                    "point for each beta. Right, how many latents are in use.")
    run.save_figure(plot_latents(sweep), "latents", "KL of each latent, the largest first. As beta "
                    "rises, the columns turn dark from the bottom up.")
    run.save_figure(plot_examples(*examples), "examples",
                    "Reconstructions and new samples. Where z says nothing, both are the mean of "
                    "all digits.")
    run.save_figure(plot_cures(run.history, cures), "cures",
                    "Left, the KL of all latents during training. Right, -ELBO and its two terms "
                    "on test images; dashed, the total as it is. More KL is no gain by itself: the "
                    "weak decoder uses z, and is worse than the strong one that ignores it.")
    chosen = first_of_classes(y_test)[[0, 3, 4, 7]]
    same_code = {name: samples_of_code(models[name], x_test[chosen], 7, run.rng)
                 for name in ("as it is", "warm-up", "free bits", "skips")}
    run.save_figure(plot_same_code(x_test[chosen], y_test[chosen], same_code), "same_code",
                    "Left a test image, then seven samples of p(x|z) with the same z, its code. "
                    "As it is, the code says nothing, and the samples show anything; with a cure "
                    "most resemble the image. All are rough: the decoder is small.")


def first_of_classes(y):
    """Index of the first image of each class."""
    return np.unique(y, return_index=True)[1]


def reconstructions_and_samples(models, images, rng):
    """One test image per class; beta -> reconstructions and beta -> samples, for three betas."""
    betas = list(models)
    shown = sorted({betas[0], betas[len(betas) // 2], betas[-1]})
    x = images.x_test[first_of_classes(images.y_test)]
    rebuilt = {beta: in_batches(lambda rows, m=models[beta]: vae.reconstruct(m, rows), x)
               for beta in shown}
    samples = {beta: to_numpy(vae.sample(models[beta], len(x), rng=rng)) for beta in shown}
    return x, rebuilt, samples


def samples_of_code(model, images, count, rng):
    """`count` samples of p(x|z), z the mean of q(z|x) for each image.

    (N, 1, H, W) -> (N, count, 1, H, W)
    """
    mean = in_batches(lambda x: model.encode(x)[0], images)
    samples = model.sample(xp.asarray(np.repeat(mean, count, axis=0)), rng)
    return samples.reshape(len(images), count, *images.shape[1:])

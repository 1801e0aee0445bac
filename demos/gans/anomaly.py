"""Anomaly detection: find what does not belong, by an autoencoder, a VAE and a GAN.

Each network learns from the training images of all digits but one. The test images have all ten,
and the digit held out is the anomaly. The hope is that an autoencoder reconstructs badly what it
has never seen, that a VAE finds it unlikely (by its ELBO), and that a discriminator calls it fake.
The AUROC of such a score is the probability that an anomaly scores higher than a normal image: 1 is
perfect, 0.5 is a coin toss.

    python -m demos anomaly                                   1 min 20 s on two cores
    python -m demos anomaly --data mnist-10k                  the same
    python -m demos anomaly --preset long                     all ten digits, 5 min

Expect, with 0, 1 and 4 held out, an AUROC of 0.95, 0.72 and 0.94 by the autoencoder, 0.93, 0.46 and
0.87 by the VAE, and 0.34 to 0.76 by the discriminator, a matter of chance (three seeds). On
mnist-10k it is 0.92, 0.32, 0.87 by the autoencoder and 0.94, 0.12, 0.76 by the VAE (one seed):
unseen 1s look more normal than the digits that were learnt. A single stroke is easy to
reconstruct and has little ink to get wrong; to a large extent these scores measure how complex an
image is. The distance to the nearest training image, with no network at all, reaches 0.98, 0.87 and
0.94. So do not trust a score before it has beaten such a baseline. Divided by an image's ink, the
autoencoder's error finds the 1s: 0.91, and 0.70 on mnist-10k. That is a bet, not a cure: little ink
alone would reach 0.87 and 0.94, and 0s, which have a lot of it, are found less often.

A discriminator compares digits with what its generator makes, and at the end of a good run it says
the same about everything. AnoGAN uses the generator instead: the distance to the nearest G(z),
found by gradient descent on z. It can be no better than what the generator has learnt.

After Schlegl et al., Unsupervised anomaly detection with generative adversarial networks (2017);
Nalisnick et al., Do deep generative models know what they don't know? (2019); and Serra et al.,
Input complexity and out-of-distribution detection with likelihood-based generative models (2020).
"""
from demos.common.figures import plot_image_rows
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.gans.parts.anomaly_figures import (
    SHOWN,
    in_colour,
    plot_complexity,
    plot_extremes,
    plot_roc,
    plot_table,
)
from demos.gans.parts.scores import (
    auroc,
    make_scores,
    nearest_generated,
    score_all,
    score_other_anomalies,
)
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.tools.codes import in_batches
from demos.tools.nearest import neighbours
from models import autoencoder, gan, vae
from models.parts import noise
from tinygen.backend import np, to_numpy, xp
from tinygen.data import load_images
from tinygen.optim import Adam

PRESETS = {
    "smoke": dict(steps=4, digits=(1,), images=100, descent=2),
    "default": dict(steps=500, digits=(0, 1, 4), images=2000, descent=40, batch=128, lr=1e-3),
    "long": dict(digits=tuple(range(10))),
}
CODE = 16  # size of the codes of the autoencoder and the VAE
NOISE = 32  # size of the generator's z
MIN_IMAGES = 100  # about ten of them show the digit held out


@demo(PRESETS, data=("digits", "mnist-10k"),
      loops=lambda cfg: len(cfg.digits) * [cfg.steps, cfg.steps, 2 * cfg.steps])
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_settings(cfg, images)
    x, y = images.x_test[:cfg.images], images.y_test[:cfg.images]
    networks, scores, found = {}, {}, {}
    for digit in cfg.digits:
        normal = images.x_train[images.y_train != digit]
        networks[digit] = train(run, digit, normal)
        scores[digit] = make_scores(*networks[digit], normal, cfg.descent, run.rng)
        found[digit] = score_all(scores[digit], x)

    table = {name: {digit: auroc(values[name], y == digit) for digit, values in found.items()}
             for name in found[cfg.digits[0]]}
    first = cfg.digits[0]
    known = y != first
    kinds, examples = score_other_anomalies(
        scores[first], {name: values[known] for name, values in found[first].items()},
        x[known][:300], run.rng)
    measure(run, table, kinds)
    hardest = min(cfg.digits, key=table["autoencoder"].get)
    show(run, table, found, x, y)
    show_hardest(run, hardest, *networks[hardest][:3], found[hardest], images, x, y)
    show_kinds(run, first, kinds, examples)


def train(run, digit, images):
    """Train an autoencoder, a VAE and a GAN on images without the digit held out.

    -> the autoencoder, the VAE, the generator, the discriminator
    """
    cfg = run.settings

    def batch(step, size=cfg.batch):
        return xp.asarray(images[epoch_batch(step, size, len(images), run.seed)])

    rebuilder = autoencoder.DenseAutoencoder(autoencoder.Config(CODE), rng=run.rng)
    optimizer = Adam(rebuilder.parameters(), lr=cfg.lr)
    for step in run.steps(f"autoencoder without {digit}", model=rebuilder, optimizer=optimizer):
        loss = autoencoder.loss(rebuilder, batch(step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)

    likelihood = vae.DenseVAE(vae.Config(CODE), rng=run.rng)
    optimizer = Adam(likelihood.parameters(), lr=cfg.lr)
    for step in run.steps(f"VAE without {digit}", model=likelihood, optimizer=optimizer):
        loss = vae.loss(likelihood, batch(step), noise(cfg.batch, CODE, rng=run.rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)

    # Without spectral norm D wins within a few hundred steps, and G learns nothing.
    config, half = gan.Config(NOISE, spectral_norm=True), cfg.batch // 2
    g = gan.MLPGenerator(config, hidden=(128, 256), rng=run.rng)
    d = gan.MLPDiscriminator(config, hidden=(256, 128), rng=run.rng)
    g_optimizer, d_optimizer = (Adam(player.parameters(), lr=cfg.lr, betas=(0.5, 0.999))
                                for player in (g, d))
    d_loss, g_loss = gan.LOSSES["non-saturating"]
    for step in run.steps(f"GAN without {digit}", total=2 * cfg.steps, g=g, d=d,
                          g_optimizer=g_optimizer, d_optimizer=d_optimizer):
        x = batch(step, half)  # twice as many steps as the others, with half the batch
        run.log(**discriminator_step(g, d, d_optimizer, d_loss, x, noise(half, NOISE, rng=run.rng)))
        run.log(**generator_step(g, d, g_optimizer, g_loss, noise(half, NOISE, rng=run.rng)))
    d.eval()
    return rebuilder, likelihood, g, d


def measure(run, table, kinds):
    """The AUROCs, with limits for those digits on which three seeds agree."""
    limits = {("autoencoder", 0): dict(at_least=0.85)}
    if 1 in run.settings.digits:
        limits["autoencoder / ink", 1] = dict(at_least=table["autoencoder"][1] + 0.1)
    if 0 in run.settings.digits:
        limits["discriminator", 0] = dict(at_most=table["autoencoder"][0])
    for digit in run.settings.digits:
        for name in ("autoencoder", "VAE", "discriminator", "AnoGAN", "autoencoder / ink"):
            run.measure(f"{digit} held out: AUROC, {name}", table[name][digit],
                        baseline=("nearest neighbour", table["nearest neighbour"][digit]),
                        **limits.get((name, digit), {}))
    run.measure("noise: AUROC, autoencoder", kinds["autoencoder"]["noise"], at_least=0.99)
    run.measure("blank images: AUROC, VAE", kinds["VAE"]["blank"], at_most=0.1)


def show(run, table, found, x, y):
    """All scores on all digits held out: AUROCs, ROC curves, and the error against the ink."""
    if len(found) > 1:
        table = {name: {**row, "mean": np.mean(list(row.values()))} for name, row in table.items()}
    run.save_figure(plot_table(table), "auroc", (
        "AUROC for each digit held out (columns) and each score (rows). Violet, above 0.5: "
        "anomalies score higher. Orange, below: they look more normal than the digits that were "
        "learnt. The distance to the nearest training image and the amount of ink need no "
        "training; a network that can't beat them is not worth training. The last rows are divided "
        "by the ink."))
    run.save_figure(plot_roc(found, y), "roc", (
        "The same as curves: how many anomalies are found for how many false alarms. A curve below "
        "the diagonal would do better upside down, but without anomalies to look at, nobody can "
        "know that."))
    run.save_figure(plot_complexity(found, x, y), "complexity", (
        "Why a simple anomaly passes. Each point is a test image. Above the horizontal line lie "
        "5 % of the normal ones, the false alarms. The 1s lie to the left: they have little ink to "
        "get wrong, so even a bad copy has a small error. Divided by the ink, their error is "
        "larger: more of them lie above the dashed line, which gives as many false alarms. But "
        "when 0 is held out, which has a lot of ink, fewer are found. Dividing by the ink is a bet "
        "that anomalies are simple."))


def show_hardest(run, digit, rebuilder, likelihood, g, scores, images, x, y):
    """The digit that the autoencoder misses most: which scores are fooled, and by what."""
    strange = y == digit
    names = ("autoencoder", "VAE", "discriminator", "autoencoder / ink")
    run.save_figure(plot_extremes({name: scores[name] for name in names}, x, strange), "extremes", (
        f"With {digit} held out (orange): the test images that each score finds most and least "
        "strange. A second row full of orange means that the score is fooled. Black in a first row "
        "is a false alarm: an unusual image of a known digit."))
    missed = np.flatnonzero(strange)[np.argsort(scores["autoencoder"][strange])[:SHOWN]]
    rows, normal = x[missed], images.x_train[images.y_train != digit]
    run.save_figure(
        plot_image_rows({"held out": in_colour(rows, np.full(len(rows), True)),
                         "autoencoder": as_rgb(in_batches(rebuilder, rows)),
                         "VAE": as_rgb(to_numpy(vae.reconstruct(likelihood, xp.asarray(rows)))),
                         "nearest G(z)": as_rgb(nearest_generated(g, rows, run.settings.descent)),
                         "nearest known": as_rgb(normal[neighbours(rows, normal)[:, 0]])}),
        "missed", (
            f"The images of the unseen {digit} that the autoencoder reconstructs best, and its "
            "reconstructions: the stroke of a 7, or a slim 8 or 9. Its code holds positions and "
            "slants, which combine into digits that it was never shown. Below: the VAE's "
            "reconstruction, the nearest image of the generator that descent finds, and the "
            "nearest training image."))


def show_kinds(run, digit, kinds, examples):
    """The AUROCs of other anomalies."""
    run.save_figure(plot_table(kinds, examples), "kinds", (
        f"Other anomalies, for the networks that learnt without {digit}. Noise is easy for "
        "whatever measures a distance. Faint and blank images are found least: nothing is simpler "
        "to reconstruct, or likelier to a VAE, than blank paper. What the discriminator says is a "
        "matter of chance. It learnt to tell digits from what its generator made, which was never "
        "inverted, and nothing about the rest of the world; another seed gives another row."))


def as_rgb(x):
    return in_colour(x, np.full(len(x), False))


def check_settings(cfg, images):
    classes = np.unique(images.y_train)
    if set(cfg.digits) - set(classes.tolist()) or len(set(cfg.digits)) < len(cfg.digits):
        raise ValueError(f"--digits are classes of the data, {classes.min()} to {classes.max()}, "
                         f"each once; got {' '.join(map(str, cfg.digits))}")
    if not MIN_IMAGES <= cfg.images <= len(images.x_test):
        raise ValueError(f"--images is from {MIN_IMAGES} to the {len(images.x_test)} test images "
                         f"of {images.name}; got {cfg.images}")
    if cfg.descent < 1 or cfg.batch < 2:
        raise ValueError("--descent is at least 1, and --batch, which is halved for the GAN, at "
                         f"least 2; got {cfg.descent} and {cfg.batch}")

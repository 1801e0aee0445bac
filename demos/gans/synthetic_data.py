"""Can generated digits stand in for real ones? What they teach, and whether they are copies.

A GAN that is given labels generates labelled images. Two questions about them:

Do they teach the same? A classifier trained on generated digits is tested on real ones, and one
trained on real digits on generated ones. If the samples are blurred or wrong, the first suffers; if
they only lack variety, the second does not. A possible use is data that must not be passed on:
somebody else, who has 200 digits, receives generated ones and trains on both.

Do they give the real digits away? The distance of each sample to the nearest training image is
compared with that of new real images. A generator that copies comes nearer; copies with a little
noise added show that the distance would reveal it.

    python -m demos synthetic_data                       1 min on two cores
    python -m demos synthetic_data --data mnist-10k      the same

Expect, over three seeds, a classifier trained on generated digits to be right on 91 to 92 % of real
ones, where training on real ones gives 97 %; added to all real digits they lower that to 95 or
96 %, added to 200 they raise it from 87 or 88 to 92 or 93 %. Nothing is given away: no sample is as
near to a training image as the nearest 5 % of new real images, while all noisy copies are. (On
mnist-10k, one seed: 91 % where real ones give 95 %, and 3 % of the samples are as near.) Generated
data hold no more than the generator was shown, and in fact less.

After Esteban, Hyland and Rätsch, Real-valued medical time series generation with recurrent
conditional GANs (2017): train on synthetic, test on real.
"""
from demos.common.figures import PALETTE, new_figure, plot_image_rows, show_sheet, tile
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.gans.parts.flight import diagnose
from demos.gans.parts.flight_figures import plot_flight
from demos.gans.parts.sampling import sample_many
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.tools.classifier import share_right, train_classifier
from demos.tools.nearest import nearest
from models.gan import LOSSES, Config, DCDiscriminator, DCGenerator
from models.parts import noise
from tinygen.backend import np, xp
from tinygen.data import load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=2, classifier_steps=10, generated=500),
    "default": dict(steps=450, batch=64, lr=2e-3, latents=32, generated=8000, own=200,
                    classifier_steps=300),
    "long": dict(steps=2000, classifier_steps=450),
}
BETAS = 0.5, 0.999  # of the GAN's Adam: the opponent changes, so old gradients count less
D_RATE = 0.5        # the discriminator learns at half the rate, or it gets too far ahead
COMPARED = 1000     # images whose nearest training images are looked up
COPY_NOISE = 0.05   # standard deviation, on copies of training images
NEAR = 0.05         # "near" is the distance below which this share of new real images lies
SHOWN = 12          # images in a row
ROWS, GAP = 6, 2    # of the images by class: images in a column, pixels between them


@demo(PRESETS, data=("digits", "mnist-10k"),
      loops=lambda cfg: [cfg.steps, *5 * [cfg.classifier_steps]])
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_settings(cfg, images)
    generator = train(run, images)
    labels = np.arange(cfg.generated) % 10
    generated = sample_many(generator, cfg.generated, labels, rng=run.rng)
    right, reverse = teach(run, images, generated, labels)
    distances = compare_distances(images.x_train, images.x_test[:COMPARED], generated[:COMPARED],
                                  run.rng)
    measure(run, right, reverse, distances)
    show(run, images, generated, labels, right, distances)


def train(run, images):
    """Train a DCGAN whose two players are told the class -> the generator."""
    cfg, x_train, y_train = run.settings, images.x_train, images.y_train
    config = Config(cfg.latents, x_train.shape[1:], classes=10, batch_norm=True)
    generator = DCGenerator(config, (64, 32), hidden=256, rng=run.rng)
    discriminator = DCDiscriminator(config, (32, 64), hidden=256, rng=run.rng)
    g_optimizer = Adam(generator.parameters(), lr=cfg.lr, betas=BETAS)
    d_optimizer = Adam(discriminator.parameters(), lr=cfg.lr, betas=BETAS)
    d_loss, g_loss = LOSSES["non-saturating"]
    for step in run.steps("digits", generator=generator, discriminator=discriminator,
                          g_optimizer=g_optimizer, d_optimizer=d_optimizer):
        rate = cfg.lr * warmup_cosine(step, warmup=0, total=cfg.steps)
        g_optimizer.lr, d_optimizer.lr = rate, D_RATE * rate
        rows = epoch_batch(step, cfg.batch, len(x_train), run.seed)
        x, y = xp.asarray(x_train[rows]), y_train[rows]
        z = noise(len(x), cfg.latents, rng=run.rng)
        run.log(**discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z, y))
        z = noise(len(x), cfg.latents, rng=run.rng)
        run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z, y))
    return generator


def teach(run, images, generated, labels):
    """Train a classifier on each kind of data, and test them all on the same real digits.

    -> training data: share of the test digits read right; and in reverse, the share of the
    generated digits that the classifier trained on real ones reads right.
    """
    own = run.settings.own
    x_own, y_own = images.x_test[:own], images.y_test[:own]  # somebody else's: no GAN saw them
    x_test, y_test = images.x_test[own:], images.y_test[own:]
    repeats = -(-len(generated) // own)  # so that they make up half of what is taught with them
    taught = {
        "real": (images.x_train, images.y_train),
        "generated": (generated, labels),
        "real and generated": (np.concatenate([images.x_train, generated]),
                               np.concatenate([images.y_train, labels])),
        f"{own} other digits": (x_own, y_own),
        f"{own} other digits and generated": (np.concatenate([*[x_own] * repeats, generated]),
                                        np.concatenate([*[y_own] * repeats, labels]))}
    classifiers = {name: train_classifier(run, x, y, 10, loop=f"classifier, {name}",
                                          steps=run.settings.classifier_steps)
                   for name, (x, y) in taught.items()}
    right = {name: share_right(classifier, x_test, y_test)
             for name, classifier in classifiers.items()}
    return right, share_right(classifiers["real"], generated, labels)


def compare_distances(x_train, x_test, generated, rng):
    """The nearest training images of new real images, of samples, and of copies with some noise.

    -> kind: (images, index of the nearest training image (N,), distance to it (N,))
    """
    copied = x_train[rng.permutation(len(x_train))[:len(x_test)]]
    copies = copied + COPY_NOISE * rng.standard_normal(copied.shape, dtype="float32")
    return {kind: (x, *nearest(x, x_train)) for kind, x in (
        ("new real", x_test), ("generated", generated), ("copied", copies.clip(0, 1)))}


def measure(run, right, reverse, distances):
    real, others = ("trained on real", right["real"]), f"{run.settings.own} other digits"
    run.measure("trained on generated, tested on real: right", right["generated"],
                at_least=0.85, baseline=real)
    run.measure("trained on real, tested on generated: right", reverse, at_least=0.85,
                baseline=("tested on real", right["real"]))
    run.measure("trained on both, tested on real: right", right["real and generated"],
                at_least=0.9, baseline=real)
    run.measure(f"trained on {others} and generated: right", right[f"{others} and generated"],
                at_least=right[others], baseline=(others, right[others]))
    near = near_distance(distances)
    run.measure("generated nearer than 95 % of new real images",
                (distances["generated"][2] < near).mean(), at_most=0.1, baseline=("new real", NEAR))
    run.measure("copies nearer than 95 % of new real images",
                (distances["copied"][2] < near).mean(), at_least=0.5, baseline=("new real", NEAR))


def show(run, images, generated, labels, right, distances):
    run.save_figure(plot_scores(right), "scores", (
        "The share of the same real test digits that a classifier reads right, by what it was "
        "trained on. The generator was trained on all real training digits and knows nothing that "
        "they don't; its samples help only those who lack these digits, and only as far as they "
        "are good: compare the last two bars."))
    run.save_figure(plot_classes({"Real": (images.x_train, images.y_train),
                                  "Generated": (generated, labels)}), "digits", (
        "Real training digits, and generated ones: a column for each class. The class is what the "
        "generator was asked for; the first ones, not hand-picked."))
    run.save_figure(plot_distances(distances), "distances", (
        "How far each image is from the nearest training image. Copies lie to the left of the "
        "dashed line, as the bottom panel shows. Lying far to the right is no merit: an image that "
        "looks like a digit is near a real one without being a copy."))
    rows = {}
    for kind, (x, index, distance) in distances.items():
        closest = distance.argsort()[:SHOWN]
        rows[kind] = x[closest]
        rows[f"nearest to {kind}"] = images.x_train[index[closest]]
    run.save_figure(plot_image_rows(rows), "pairs", (
        "The closest pairs of each kind: an image, and below it the training image nearest to it. "
        "Even new real images have near twins if their shape is simple; a copy would give itself "
        "away by being nearer still."))
    history = run.history["digits"]
    run.save_figure(plot_flight(history), "flight", diagnose(history))


def plot_scores(right):
    """A bar for each kind of training data.  right: name -> share"""
    figure, axes = new_figure(width=7.5, height=2.9)
    for row, (name, share) in enumerate(right.items()):
        colour = PALETTE[1] if "generated" in name else PALETTE[0]
        axes.barh(row, 100 * share, 0.62, color=colour)
        axes.annotate(f"{100 * share:.1f}", (100 * share, row), (5, 0), va="center",
                      textcoords="offset points")
    axes.set_yticks(range(len(right)), [f"trained on {name}" for name in right])
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set(xlabel="% of real test digits read right", xlim=(0, 110), xticks=range(0, 101, 20))
    return figure


def plot_classes(kinds):
    """A panel for each kind, with a column of its first images for each class.

    kinds: title -> images, classes (N,)
    """
    figure, panels = new_figure(1, len(kinds), width=5.3 * len(kinds), height=3.8)
    for axes, (title, (x, y)) in zip(panels, kinds.items()):
        columns = np.stack([x[y == k][:ROWS] for k in range(10)], axis=1)  # (ROWS, 10, C, H, W)
        show_sheet(axes, tile(columns.reshape(-1, *x.shape[1:]), 10, gap=GAP))
        axes.set_xticks((np.arange(10) + 0.5) * (x.shape[-1] + GAP) - GAP, range(10))
        axes.tick_params(length=0, colors="#222222", labeltop=True, labelbottom=False)
        axes.set_title(title)
    return figure


def plot_distances(distances):
    """Histograms of the distances, one below the other.  distances: see `compare_distances`"""
    figure, panels = new_figure(len(distances), width=7.5, height=1.35 * len(distances) + 0.5,
                                sharex=True)
    bins = np.linspace(0, max(distance.max() for _, _, distance in distances.values()), 60)
    near = near_distance(distances)
    for axes, (kind, (_, _, distance)), colour in zip(panels, distances.items(), PALETTE):
        axes.hist(distance, bins, color=colour)
        axes.axvline(near, color="#444444", linewidth=1, linestyle="--")
        axes.set_title(f"{kind}: {100 * (distance < near).mean():.0f} % left of the line")
        axes.set_yticks([])
    panels[-1].set(xlabel="distance to the nearest training image", xlim=(0, None))
    return figure


def near_distance(distances):
    """The distance below which a share NEAR of the new real images lies."""
    return np.quantile(distances["new real"][2], NEAR)


def check_settings(cfg, images):
    for name, least, most in (("batch", 2, len(images.x_train)),
                              ("own", 10, len(images.x_test) // 2),
                              ("generated", 100, 100_000), ("classifier_steps", 1, 1_000_000)):
        value = getattr(cfg, name)
        if not least <= value <= most:
            raise ValueError(f"--{name.replace('_', '-')} is from {least} to {most}; got {value}")

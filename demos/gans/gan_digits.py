"""A DCGAN generates digits: two convolutional networks teach each other, and no one shows them how.

The generator turns 32 numbers z into an image and never sees a real one. All it gets is the
gradient of the discriminator's doubt: how each pixel would have to change for the image to look
more real. Neither player's loss says how good the samples are, so a judge that neither of them ever
meets has to say: a small classifier trained on real digits. If it spreads the samples evenly over
the classes (entropy near ln 10 = 2.30 nats), the generator covers all digits. If it is confident,
the samples look like digits, at least to the judge, which was never shown anything else. The
distance to the nearest training image separates copies from new images, and digits from scribbles.

    python -m demos gan_digits                        1 min 45 s on two cores
    python -m demos gan_digits --preset long
    python -m demos gan_digits --data mnist-10k       the same
    python -m demos gan_digits --sample               more images from what it trained

Expect an entropy of 2.29 nats and a mean confidence of 0.91 to 0.92 over three seeds, and on
mnist-10k 2.30 and 0.90; on real digits the judge's confidence is 0.97. The samples are no copies:
on average 4.6 to 4.8 away from the nearest training image, while new real digits are 3.8 away.

After Radford, Metz and Chintala, Unsupervised representation learning with deep convolutional
generative adversarial networks (2016); the judge is from Salimans et al., Improved techniques for
training GANs (2016).
"""
from demos.common.figures import PALETTE, new_figure, plot_image_panels, plot_image_rows, tile
from demos.common.options import OWN_FILE, check_positive
from demos.common.resume import Snapshots, epoch_batch
from demos.common.run import demo
from demos.common.sampling import sampler
from demos.gans.parts.flight import diagnose, diversity
from demos.gans.parts.flight_figures import plot_flight
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.tools.classifier import probabilities, train_classifier
from demos.tools.codes import in_batches
from demos.tools.images import check_images, numbered_rows
from demos.tools.nearest import nearest
from models.gan import LOSSES, Config, DCDiscriminator, DCGenerator
from models.parts import interpolate_codes, noise
from tinygen.backend import np, xp
from tinygen.data import IMAGES, load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=3, classifier_steps=20),
    "tour": dict(steps=350, classifier_steps=300),
    "default": dict(steps=1200, batch=64, lr=2e-3, latents=32, channels=(64, 32), hidden=256,
                    classifier_steps=450),
    "long": dict(steps=5000),
}
D_RATE = 0.5  # the discriminator learns at half the rate, or it gets too far ahead
# preset -> limits of class entropy, in nats, and of mean confidence; others as the default's
LIMITS = {"default": (2.0, 0.8), "tour": (1.8, 0.7)}
JUDGED = 1000  # samples
LOOKS = 40  # times that the samples of fixed z are kept during training
SHOWN = 12  # images in a row


@demo(PRESETS, data=(*IMAGES, OWN_FILE), loops=lambda cfg: [cfg.steps, cfg.classifier_steps])
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_settings(cfg, images)
    x_train = images.x_train
    config = Config(cfg.latents, x_train.shape[1:], batch_norm=True)

    generator = DCGenerator(config, cfg.channels, cfg.hidden, rng=run.rng)
    discriminator = DCDiscriminator(config, cfg.channels[::-1], cfg.hidden, rng=run.rng)
    g_optimizer = Adam(generator.parameters(), lr=cfg.lr, betas=(0.5, 0.999))
    d_optimizer = Adam(discriminator.parameters(), lr=cfg.lr, betas=(0.5, 0.999))
    d_loss, g_loss = LOSSES["non-saturating"]
    fixed, snapshots = noise(64, cfg.latents, rng=run.rng), Snapshots()
    looks = {*range(0, cfg.steps, max(1, cfg.steps // LOOKS)), cfg.steps - 1}

    for step in run.steps(generator=generator, discriminator=discriminator, snapshots=snapshots,
                          g_optimizer=g_optimizer, d_optimizer=d_optimizer):
        rate = cfg.lr * warmup_cosine(step, warmup=0, total=cfg.steps)
        g_optimizer.lr, d_optimizer.lr = rate, D_RATE * rate
        x = xp.asarray(x_train[epoch_batch(step, cfg.batch, len(x_train), run.seed)])
        z = noise(len(x), cfg.latents, rng=run.rng)
        run.log(**discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z))
        z = noise(len(x), cfg.latents, rng=run.rng)
        run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z))
        if step in looks:
            images_now = generate(generator, fixed)
            snapshots.add(step + 1, images_now)
            run.log(diversity=diversity(images_now, x_train[:200]))

    run.save_model(generator)
    samples = generate(generator, noise(JUDGED, cfg.latents, rng=run.rng))
    opinions = classify(run, images, samples)
    neighbours = nearest(samples, images.x_train)
    measure(run, images, opinions, neighbours)
    show(run, generator, images, samples, snapshots, opinions, neighbours)


def measure(run, images, opinions, neighbours):
    """The judge's opinion of the samples and their distance to training images, beside those of
    real images."""
    if opinions:
        p, real = opinions
        digits = run.data in ("digits", "mnist-10k", "mnist")  # the limits are for these
        entropy, sure = LIMITS.get(run.preset, LIMITS["default"]) if digits else (None, None)
        run.measure("class entropy of the samples, nats", class_entropy(p),
                    at_least=entropy, baseline=("real", class_entropy(real)))
        run.measure("mean confidence of the judge", p.max(axis=1).mean(),
                    at_least=sure, baseline=("real", real.max(axis=1).mean()))
    _, usual = nearest(images.x_test[:JUDGED], images.x_train)
    run.measure("distance to the nearest training image", neighbours[1].mean(),
                baseline=("from test images", usual.mean()))


def show(run, generator, images, samples, snapshots, opinions, neighbours):
    show_opinions(run, images, samples, opinions, neighbours)
    taken = list(snapshots)
    spread = np.unique(np.geomspace(1, len(taken), 7).round().astype(int) - 1)
    run.save_figure(
        plot_image_rows({f"step {step}": x[:SHOWN] for step, x in (taken[i] for i in spread)}),
        "growth", (
            "Each column is one z during training: first noise, then blots, strokes and digits. "
            "They settle because the learning rate falls to 0; the game itself has no end."))
    run.save_animation((tile(x, columns=8) for _, x in snapshots), "growth",
                       "64 fixed z over the whole training.", seconds=0.15, enlarge=2)
    run.save_figure(plot_image_panels({"generated": samples[:80], "real": images.x_train[:80]}),
                    "samples", "Samples, not hand-picked, beside training images.")
    history = run.history["training"]
    run.save_figure(plot_flight(history), "flight", (
        f"{diagnose(history)} The losses say how the players stand against each other, not how "
        "good the samples are: these get better while the losses hardly move."))
    ends = noise(10, generator.config.latent_size, rng=run.rng)
    run.save_figure(
        plot_image_rows({f"line {i + 1}":
                         generate(generator, interpolate_codes(ends[2 * i], ends[2 * i + 1], SHOWN))
                         for i in range(5)}), "between", (
            "Along straight lines from one z to another. Strokes bend and join step by step; a "
            "generator that had learnt images by heart would jump from one to another, or fade "
            "pixel by pixel."))


@sampler(main, count=80)
def sample(run):
    """New images from a generator that is trained already.

    All that it needs is a z from N(0, 1) for each; the discriminator has done its work.
    Another seed gives other images.

        python -m demos gan_digits --sample --count 200 --seed 1
    """
    check_positive(run.settings, "count")
    generator = run.load_model(lambda config, cfg: DCGenerator(
        Config(**config), cfg.channels, cfg.hidden, rng=run.rng))
    z = noise(run.settings.count, generator.config.latent_size, rng=run.rng)
    run.save_figure(plot_image_rows(numbered_rows(generate(generator, z))), "samples",
                    "Images that the generator makes of z sampled from N(0, 1), not hand-picked.")


def show_opinions(run, images, samples, opinions, neighbours):
    """The judge's opinions, and the samples beside the nearest training images."""
    if opinions:
        p, real = opinions
        run.save_figure(plot_judge(p, real), "judge", (
            f"What a classifier trained on real images takes {len(p)} samples for, and how sure it "
            "is, beside its opinion of real test images. It has to put everything into some class; "
            "images that fit no class make up the low end on the right."))
        order = p.max(axis=1).argsort()
        middle = len(order) // 2
        run.save_figure(
            plot_image_rows({"surest": samples[order[-SHOWN:]],
                             "middling": samples[order[middle:middle + SHOWN]],
                             "least sure": samples[order[:SHOWN]]}), "opinions", (
                "Samples by how sure the judge is of them. It knows digits only, so it may well be "
                "sure of what nobody would call one."))
    index, distance = neighbours
    closest = distance.argsort()[:SHOWN]
    run.save_figure(
        plot_image_rows({"samples": samples[:SHOWN], "nearest": images.x_train[index[:SHOWN]],
                         "closest": samples[closest],
                         "their nearest": images.x_train[index[closest]]}), "neighbours", (
            "The first samples and the training images nearest to them; below, the samples that "
            "are closest of all to a training image. Copies would agree in every bend. A mean "
            "distance below that of new real images would mean copies; above it, images that are "
            "less like any digit."))


def plot_judge(fake, real):
    """The judge's classes and its confidence.  fake, real: its probabilities (N, classes)"""
    figure, (classes, sure) = new_figure(1, 2, width=9, height=3.4)
    number = np.arange(fake.shape[1])
    bins = np.linspace(0, 1, 21)
    for p, label, colour, side in ((fake, "samples", PALETTE[1], 0.2),
                                   (real, "real test images", PALETTE[0], -0.2)):
        share = np.bincount(p.argmax(axis=1), minlength=len(number)) / len(p)
        classes.bar(number + side, 100 * share, 0.4, color=colour, label=label)
        counts, _ = np.histogram(p.max(axis=1), bins)
        sure.stairs(100 * counts / len(p), bins, color=colour, linewidth=2, label=label)
    classes.set(title="Taken for", xlabel="class", ylabel="% of the images")
    if len(number) <= 10:
        classes.set_xticks(number)
    sure.set(title="How sure", xlabel="probability of that class", ylabel="% of the images",
             xlim=(0, 1))
    sure.legend(loc="upper left")
    return figure


def classify(run, images, samples):
    """A classifier's probabilities for the samples and for as many real test images.

    -> (N, classes), (N, classes), or None if there is only one class.
    """
    classes = int(max(images.y_train.max(), images.y_test.max())) + 1
    if classes == 1:
        return None
    classifier = train_classifier(run, images.x_train, images.y_train, classes,
                                  steps=run.settings.classifier_steps)
    return [probabilities(classifier, x) for x in (samples, images.x_test[:JUDGED])]


def generate(generator, z):
    """Images of z, with batch norm's running statistics.  (N, latents) -> NumPy (N, C, H, W)"""
    with generator.evaluating():
        return in_batches(generator, z)


def class_entropy(p):
    """How evenly the likeliest classes are spread, in nats: from 0, one class, to ln(classes).

    p: (N, classes), the judge's probabilities for N images.
    """
    share = np.bincount(p.argmax(axis=1)) / len(p)
    return float(-(share[share > 0] * np.log(share[share > 0])).sum())


def check_settings(cfg, images):
    check_images(images, cfg.batch)
    check_positive(cfg, "classifier_steps")
    if cfg.batch < 2:
        raise ValueError(f"--batch is at least 2, for batch norm over examples; got {cfg.batch}")
    if len(cfg.channels) != 2:
        raise ValueError("--channels are two numbers, the widths of the generator's layers; "
                         f"got {len(cfg.channels)}")

"""Generated data in place of real data: what it is good for, and what it is not.

A GAN that is shown labels draws labelled images. Can they stand in for real ones? Three questions:

Do they teach the same? A classifier trained on generated digits is tested on real ones, and one
trained on real digits on generated ones. If the samples are blurred or wrong, the first suffers; if
they lack variety, only the first does. One use is to hand on what one may not hand out: somebody
else has 200 digits, gets generated ones, and trains on both.

Do they give the real ones away? For each sample, the distance to the nearest training image is
compared with that of new real images. A generator that copies is nearer; the same meter is shown
copies with a little noise, to see that it can tell.

Do they add anything? From a few small road scenes, each with the curvature of its road, a GAN
learns to draw scene and curvature together, and a network learns to steer: from the few scenes,
from generated ones, from both. A GAN knows nothing but the scenes that it was shown; what helps
more is to draw more scenes, where that can be done.

    python -m demos synthetic_data                       1 min 20 s on two cores
    python -m demos synthetic_data --data mnist-10k      the same

Expect, over three seeds, that generated digits teach to read 91 to 92 % of real ones, where real
ones teach 97 %; added to these they lower that to 95 or 96 %. Nothing is given away: no sample is
as near to a training image as the nearest 5 % of new real ones, and all noisy copies are. The
steering error is 0.19 from 300 scenes, 0.37 to 0.44 from generated ones, 0.21 from both, 0.17 from
5,000 scenes; always to say the mean makes 0.58. Generated data holds no more than what the
generator was shown, and less.

Train on synthetic, test on real: Real-valued medical time series generation with recurrent
conditional GANs (Esteban, Hyland and Rätsch, 2017).
"""

import tinygen as tg
from demos.common.figures import image_rows
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.gans.parts import synthetic_figures as figures
from demos.gans.parts.flight import diagnose, flight_figure
from demos.gans.parts.roads import SCENE, draw_roads, with_curvature, without_curvature
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.tools.classifier import share_right, train_classifier
from demos.tools.codes import in_batches
from demos.tools.nearest import nearest
from models.gan import (
    LOSSES,
    Config,
    DCDiscriminator,
    DCGenerator,
    MLPDiscriminator,
    sample,
)
from models.parts import dense, noise
from tinygen import nn
from tinygen.backend import np, to_numpy, xp
from tinygen.data import load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=2, road_steps=10, classifier_steps=10, regressor_steps=10,
                  generated=500),
    "default": dict(steps=450, batch=64, lr=2e-3, latent=32, generated=8000, own=200,
                    classifier_steps=300, road_steps=1000, scenes=300,
                    regressor_steps=1000),
    "long": dict(steps=2000, road_steps=6000, classifier_steps=450),
}
BETAS = (0.5, 0.999)  # of Adam: players that move on soon forget where the other one was
COMPARED = 1000  # images whose nearest training images are looked for
COPY_NOISE = 0.05  # standard deviation, on copies of training images
MANY = 5000  # road scenes, where they are not short
ROAD_LR = 1e-3


@demo(PRESETS, data=("digits", "mnist-10k"))
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check(cfg, images)
    generator = train_digits(run, images)
    labels = np.arange(cfg.generated) % 10
    drawn = sample_many(generator, cfg.generated, labels, rng=run.rng)
    teach(run, images, drawn, labels)
    look_for_copies(run, images.x_train, images.x_test[:COMPARED], drawn[:COMPARED])
    history = run.history["digits"]
    run.save_figure(flight_figure(history), "flight", diagnose(history))
    steer(run)


def check(cfg, images):
    """Raise ValueError for settings out of their range."""
    most = len(images.x_test) // 2
    for name, least, greatest in (("batch", 2, len(images.x_train)), ("own", 10, most),
                                  ("generated", 100, 100_000),
                                  ("scenes", max(cfg.batch, figures.SCENES), MANY),
                                  ("road_steps", 1, 10 ** 6), ("classifier_steps", 1, 10 ** 6),
                                  ("regressor_steps", 1, 10 ** 6)):
        value = getattr(cfg, name)
        if not least <= value <= greatest:
            raise ValueError(f"--{name.replace('_', '-')} is from {least} to {greatest}; "
                             f"got {value}")


def sample_many(generator, count, y=None, *, rng):
    """`count` samples as a NumPy array, a few hundred at a time."""
    return np.concatenate([
        to_numpy(sample(generator, min(500, count - start),
                        None if y is None else y[start:start + 500], rng=rng))
        for start in range(0, count, 500)])


# ---- digits with labels ----

def train_digits(run, images):
    """A DCGAN whose players are both told the class."""
    cfg, x_train, y_train = run.settings, images.x_train, images.y_train
    config = Config(cfg.latent, x_train.shape[1:], classes=10, batch_norm=True)
    generator = DCGenerator(config, (64, 32), hidden=256, rng=run.rng)
    discriminator = DCDiscriminator(config, (32, 64), hidden=256, rng=run.rng)
    g_optimizer = Adam(generator.parameters(), lr=cfg.lr, betas=BETAS)
    d_optimizer = Adam(discriminator.parameters(), lr=cfg.lr, betas=BETAS)
    d_loss, g_loss = LOSSES["non-saturating"]
    for step in run.steps("digits", generator=generator, discriminator=discriminator,
                          g_optimizer=g_optimizer, d_optimizer=d_optimizer):
        rate = cfg.lr * warmup_cosine(step, warmup=0, total=cfg.steps)
        g_optimizer.lr, d_optimizer.lr = rate, rate / 2  # else the discriminator gets far ahead
        rows = epoch_batch(step, cfg.batch, len(x_train), run.seed)
        x, y = xp.asarray(x_train[rows]), y_train[rows]
        z = noise(len(x), cfg.latent, rng=run.rng)
        run.log(**discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z, y))
        z = noise(len(x), cfg.latent, rng=run.rng)
        run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z, y))
    return generator


def teach(run, images, drawn, labels):
    """Classifiers by what they were taught with, all tested on the same real digits."""
    own, count = run.settings.own, len(drawn)
    x_own, y_own = images.x_test[:own], images.y_test[:own]  # somebody else's: no GAN saw them
    x_test, y_test = images.x_test[own:], images.y_test[own:]
    again = -(-count // own)  # the few are shown as often as the many
    taught = {
        "real": (images.x_train, images.y_train),
        "generated": (drawn, labels),
        "real and generated": (np.concatenate([images.x_train, drawn]),
                               np.concatenate([images.y_train, labels])),
        f"{own} others": (x_own, y_own),
        f"{own} others and generated": (np.concatenate([*[x_own] * again, drawn]),
                                        np.concatenate([*[y_own] * again, labels]))}
    right, classifiers = {}, {}
    for name, (x, y) in taught.items():
        classifiers[name] = train_classifier(x, y, 10, rng=run.rng,
                                             steps=run.settings.classifier_steps)
        right[name] = share_right(classifiers[name], x_test, y_test)
    read = share_right(classifiers["real"], drawn, labels)

    real, few = right["real"], right[f"{own} others"]
    run.measure("trained on generated, tested on real: right", right["generated"],
                baseline=("trained on real", real))
    run.measure("trained on real, tested on generated: right", read,
                baseline=("tested on real", real))
    run.measure("trained on both, tested on real: right", right["real and generated"],
                baseline=("trained on real", real))
    run.measure(f"trained on {own} others and generated: right",
                right[f"{own} others and generated"], baseline=(f"{own} others", few))
    run.save_figure(figures.scores(right), "scores",
                    "How many of the same real test digits a classifier reads, by what it was "
                    "taught with. The generator was trained on all the real training digits, so it "
                    "knows nothing that they don't; its samples can help only who lacks those, and "
                    "only as far as they are good: compare the last two bars.")
    run.save_figure(
        image_rows({str(k): np.concatenate([images.x_train[images.y_train == k][:8],
                                            np.zeros_like(drawn[:1]), drawn[labels == k][:8]])
                    for k in range(10)}), "digits",
        "Each class: real digits on the left, generated to order on the right.")


# ---- are they copies? ----

def look_for_copies(run, x_train, x_test, drawn):
    """Distances to the nearest training image: of new real images, of samples, of copies."""
    copied = x_train[run.rng.permutation(len(x_train))[:len(x_test)]]
    copies = copied + COPY_NOISE * run.rng.standard_normal(copied.shape, dtype="float32")
    found = {name: (x, *nearest(x, x_train)) for name, x in (
        ("new real", x_test), ("generated", drawn), ("copied", copies.clip(0, 1)))}
    distances = {name: distance for name, (_, _, distance) in found.items()}
    close = np.quantile(distances["new real"], 0.05)
    run.measure("generated nearer than 95 % of new real images",
                (distances["generated"] < close).mean(), at_most=0.1, baseline=("new real", 0.05))
    run.measure("copies nearer than 95 % of new real images",
                (distances["copied"] < close).mean(), at_least=0.5,
                baseline=("new real", 0.05))
    run.save_figure(figures.distances(distances, close), "distances",
                    "How far each image is from the nearest training image. Samples that were "
                    "copies would lie left of the dashed line, as those do that are. To lie far to "
                    "the right is no merit: it takes no copying to be near a real digit, only to "
                    "look like one.")
    rows = {}
    for name, (x, index, distance) in found.items():
        closest = distance.argsort()[:12]
        rows[name] = x[closest]
        rows[f"nearest to {name}"] = x_train[index[closest]]
    run.save_figure(image_rows(rows), "pairs",
                    "The closest pairs of each kind, an image above the training image nearest to "
                    "it. Even new real ones have near twins where a shape is simple, so what "
                    "counts is to be nearer than they are.")


# ---- roads ----

def steer(run):
    """Regressors of the curvature by what they were taught with, on the same new scenes."""
    cfg = run.settings
    scenes, curvature = draw_roads(cfg.scenes, run.rng)
    many, many_curvature = draw_roads(MANY, run.rng)
    x_test, test = draw_roads(2000, run.rng)
    generator = train_roads(run, with_curvature(scenes, curvature))
    drawn, told = without_curvature(sample_many(generator, MANY, rng=run.rng))

    again = -(-MANY // cfg.scenes)
    taught = {
        f"{cfg.scenes} drawn": (scenes, curvature),
        "generated": (drawn, told),
        "both": (np.concatenate([*[scenes] * again, drawn]),
                 np.concatenate([*[curvature] * again, told])),
        f"{MANY} drawn": (many, many_curvature)}
    steered = {name: in_batches(train_regressor(x, y, run), x_test)
               for name, (x, y) in taught.items()}
    error = {name: rmse(said, test) for name, said in steered.items()}
    few = error[f"{cfg.scenes} drawn"]
    mean = rmse(np.full_like(test, curvature.mean()), test)
    run.measure(f"steering error, {cfg.scenes} drawn", few, baseline=("always the mean", mean))
    run.measure("steering error, generated from them", error["generated"],
                baseline=("always the mean", mean))
    run.measure("steering error, both", error["both"], baseline=(f"{cfg.scenes} drawn", few))
    run.measure(f"steering error, {MANY} drawn", error[f"{MANY} drawn"],
                baseline=(f"{cfg.scenes} drawn", few))
    run.save_figure(figures.roads(scenes, curvature, drawn, told), "roads",
                    "Scenes from a hard left bend to a hard right one: drawn by a recipe above, "
                    "generated below, each with the curvature that the GAN drew with it.")
    run.save_figure(figures.steering(steered, test), "steering",
                    "The curvature that each network reads from the same new scenes, against the "
                    "true one. On the line it would be right.")


def train_roads(run, sheets):
    """A GAN of scenes and their curvature together, so that each sample comes with its label."""
    cfg = run.settings
    config = Config(cfg.latent, sheets.shape[1:])
    generator = DCGenerator(config, (32, 16), rng=run.rng)
    discriminator = MLPDiscriminator(config, (256, 128), rng=run.rng)
    g_optimizer = Adam(generator.parameters(), lr=ROAD_LR, betas=BETAS)
    d_optimizer = Adam(discriminator.parameters(), lr=ROAD_LR, betas=BETAS)
    d_loss, g_loss = LOSSES["non-saturating"]
    for step in run.steps("roads", total=cfg.road_steps, generator=generator,
                          discriminator=discriminator, g_optimizer=g_optimizer,
                          d_optimizer=d_optimizer):
        rate = ROAD_LR * warmup_cosine(step, warmup=0, total=cfg.road_steps)
        g_optimizer.lr = d_optimizer.lr = rate
        x = xp.asarray(sheets[epoch_batch(step, cfg.batch, len(sheets), run.seed)])
        z = noise(len(x), cfg.latent, rng=run.rng)
        run.log(**discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z))
        z = noise(len(x), cfg.latent, rng=run.rng)
        run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z))
    return generator


def train_regressor(x, y, run, batch=64, lr=2e-3):
    """A small network from scenes (N, *SCENE) to their curvature, by squared error."""
    model = nn.Sequential(nn.Flatten(), *dense([int(np.prod(SCENE)), 128], run.rng),
                          nn.Linear(128, 1, rng=run.rng), nn.Flatten(0))
    optimizer = Adam(model.parameters(), lr=lr)
    steps, batch = run.settings.regressor_steps, min(batch, len(x))
    for step in range(steps):
        rows = epoch_batch(step, batch, len(x), run.seed)
        optimizer.lr = lr * warmup_cosine(step, warmup=0, total=steps)
        loss = tg.mse(model(xp.asarray(x[rows])), xp.asarray(y[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def rmse(said, true):
    return float(np.sqrt(((said - true) ** 2).mean()))

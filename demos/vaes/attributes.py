"""Directions of thickness and slant in code space, found on some digits and applied to others.

A program that ages a face encodes the photograph, adds a direction that stands for age to the code,
and decodes. The direction comes from faces of known age: what do the codes of the old have that
those of the young lack? Nobody explains age to the network; it has learnt to generate faces, and
labels only say which direction in its space is older.

Here the faces are digits, and age is the thickness of the pen or the slant of the hand. Both can be
measured on any image, so the requested change can be compared with the change achieved. Thickness
is twice the ink divided by the length of its outline, in pixels; slant is the shear angle of the
second moments, in degrees.

The directions are found on codes of the digits 0 to 4 and applied to test images of 5 to 9. Codes
and labels are taken relative to the mean of their class: a 1 is slanted differently from a 2, and
otherwise the direction would change the digit. Two ways to find them:

    means           from the mean code of the lowest quarter to that of the highest
    least squares   a linear map from codes to both labels, inverted: it moves one and not the other

    python -m demos attributes                      30 s on two cores
    python -m demos attributes --data mnist-10k     the same

Expect both attributes to follow (correlation of requested and measured change 0.95, 0.84) and the
digit to stay what it is: at two standard deviations a classifier reads 93 % and 89 % right, of the
unmoved reconstructions 96 %. But the digits 5 to 9 make only about half of the requested change:
1.6 of 2.6 pixels and 31 of 59 degrees by least squares, 1.4 and 29 by means. The new classes are
not the reason: on the digits 0 to 4 it is 1.4 pixels and 34 degrees by least squares. The
attributes hardly interfere: thickness moves slant by 0.03 of its own change, slant moves thickness
by 0.2. In these data pen and slant vary independently, so least squares has little to disentangle;
it reaches slightly farther than the means. Thinner strokes also come out paler, which thickness
does not count: as they lose 0.6 pixels, the darkest twentieth of the pixels goes from 0.92 on
average to 0.81, and in test images of as thin a pen it is 1.00.

Attribute vectors: Larsen et al., Autoencoding beyond pixels using a learned similarity metric
(2016); White, Sampling generative networks (2016).
"""
from dataclasses import dataclass

from demos.common.options import check_positive
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.classifier import probabilities, share_right, train_classifier
from demos.tools.codes import in_batches
from demos.vaes.parts.attributes_figures import (
    plot_attributes,
    plot_effects,
    plot_entanglement,
    plot_kept,
    plot_walk,
)
from demos.vaes.parts.handwriting import NAMES, darkness, measure_attributes
from models import vae
from models.parts import noise
from models.vae import Config, DenseVAE
from tinygen.backend import np, xp
from tinygen.data import load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=3, classifier_steps=3),
    "default": dict(steps=1500, classifier_steps=450, latents=16, beta=1.0, lr=2e-3),
}
BATCH = 128
FOUND_ON, APPLIED_TO = range(5), range(5, 10)  # classes
ASKED = np.linspace(-2, 2, 9, dtype=np.float32)  # changes, in standard deviations within a class
QUARTER = 0.25


@demo(PRESETS, data=("digits", "mnist-10k"),
      loops=lambda cfg: [cfg.steps, cfg.classifier_steps])
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_positive(cfg, "classifier_steps")
    model = DenseVAE(Config(cfg.latents, beta=cfg.beta), rng=run.rng)
    optimizer = Adam(model.parameters(), lr=cfg.lr)
    for step in run.steps(model=model, optimizer=optimizer):
        optimizer.lr = cfg.lr * warmup_cosine(step, warmup=0, total=cfg.steps)
        x = xp.asarray(images.x_train[epoch_batch(step, BATCH, len(images.x_train), run.seed)])
        loss = vae.loss(model, x, noise(BATCH, cfg.latents, rng=run.rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)

    # Found on labelled codes of the first five classes, relative to their class.
    rows = np.isin(images.y_train, FOUND_ON)
    x, y = images.x_train[rows], images.y_train[rows]
    labels = within_class(measure_attributes(x), y)
    spread = labels.std(axis=0)  # pixels, degrees
    z = within_class(encode(model, x), y)
    directions = {"means": by_means(z, labels / spread),
                  "least squares": by_least_squares(z, labels / spread)}

    # Applied to test images of the other five, and of the same five for comparison.
    classifier = train_classifier(run, images.x_train, images.y_train, 10,
                                  steps=cfg.classifier_steps)
    others, same = (np.isin(images.y_test, classes) for classes in (APPLIED_TO, FOUND_ON))
    x, y = images.x_test[others], images.y_test[others]
    z, z_same = encode(model, x), encode(model, images.x_test[same])
    effects = {name: move(model, z, y, ways, classifier) for name, ways in directions.items()}
    effects_same = {name: move(model, z_same, images.y_test[same], ways, classifier)
                    for name, ways in directions.items()}
    unchanged = share_right(classifier, x, y)
    first = np.unique(y, return_index=True)[1]  # an image of each class
    walks = [[decode(model, z[first] + ask * way) for ask in ASKED]
             for way in directions["least squares"]]

    measure(run, spread, effects, effects_same, unchanged)
    show(run, images.x_test, x[first], walks, spread, effects, unchanged)


def measure(run, spread, effects, effects_same, unchanged):
    for i, name in enumerate(NAMES):
        title, other = name.split(",")[0], 1 - i
        run.measure(f"standard deviation within a class: {name}", spread[i])
        for method, effect in effects.items():
            wanted, response = (ASKED[-1] - ASKED[0]) * spread[i], effect.response(spread)
            run.measure(f"{method}: {title} changed by", effect.reached(i),
                        baseline=("requested", wanted), at_least=0.4 * wanted, at_most=wanted)
            run.measure(f"{method}: {title} of the digits 0 to 4 changed by",
                        effects_same[method].reached(i), baseline=("requested", wanted))
            run.measure(f"{method}: {title}, correlation of requested and measured change",
                        effect.correlation(i), at_least=0.75)
            run.measure(f"{method}: {title} moves the other, as a share of its own change",
                        abs(response[i, other]) / response[i, i], at_most=0.4)
            run.measure(f"{method}: {title} by 2 std: digit read right",
                        effect.kept[i, [0, -1]].mean(), at_least=0.75,
                        baseline=("unmoved", effect.kept[i, len(ASKED) // 2]))
    for method, effect in effects.items():
        run.measure(f"{method}: darkness of strokes made thinner by 2 std", effect.darkness[0, 0],
                    baseline=("unmoved", effect.darkness[0, len(ASKED) // 2]))
    run.measure("digit read right: the images themselves", unchanged)


def show(run, all_images, images, walks, spread, effects, unchanged):
    run.save_figure(plot_attributes(all_images, measure_attributes(all_images), NAMES),
                    "attributes", "What is measured: test images in order of thickness, and of "
                    "slant.")
    paler = " Thinner strokes also come out paler, which their thickness does not count."
    for i, name in enumerate(NAMES):
        title = name.split(",")[0]
        run.save_figure(plot_walk(images, walks[i], ASKED * spread[i], name), title,
                        "Test images of classes that were not used to find the direction of "
                        f"{title}, and what the decoder makes of their codes, moved along it. "
                        "In the middle, the code itself." + paler * (title == "thickness"))
    run.save_figure(plot_effects(ASKED, effects, spread, NAMES), "responses",
                    "Requested and measured change: the attribute of the decoded image, "
                    "minus that of the unmoved code's. Mean of the images, and dotted the limits "
                    "of the middle 80 %.")
    run.save_figure(plot_entanglement({method: effect.response(spread)
                                       for method, effect in effects.items()}), "entanglement",
                    "Change of each attribute, in standard deviations, per standard deviation "
                    "requested. Ideal is 1 on the diagonal and 0 elsewhere.")
    run.save_figure(plot_kept(ASKED, effects, unchanged), "kept",
                    "Share of decoded images that a classifier still reads as the same digit. At "
                    "0 it reads plain reconstructions.")


# ---- directions ----

def within_class(values, y):
    """values minus the mean of their class.  (N, n), (N,) -> (N, n)"""
    values = values.copy()
    for label in np.unique(y):
        values[y == label] -= values[y == label].mean(axis=0)
    return values


def by_means(z, a):
    """From the mean code of the lowest quarter to that of the highest, per unit of the attribute.

    codes (N, d), labels (N, n) -> (n, d)
    """
    ways = []
    for values in a.T:
        low, high = (values <= np.quantile(values, QUARTER),
                     values >= np.quantile(values, 1 - QUARTER))
        ways.append((z[high].mean(axis=0) - z[low].mean(axis=0))
                    / (values[high].mean() - values[low].mean()))
    return np.stack(ways).astype(np.float32)


def by_least_squares(z, a):
    """a ≈ z W; row i of W's pseudo-inverse moves label i by 1 and the others by 0.

    codes (N, d), labels (N, n) -> (n, d)
    """
    weights = np.linalg.lstsq(z.astype(np.float64), a, rcond=None)[0]  # (d, n)
    return np.linalg.pinv(weights).astype(np.float32)


# ---- applied ----

def encode(model, images):
    return in_batches(lambda x: model.encode(x)[0], images)


def decode(model, z):
    return in_batches(lambda rows: vae.generate(model, rows), z)


def move(model, z, y, ways, classifier):
    """Move each code along each direction by each of ASKED.  (N, d), (N,), (n, d) -> Effect"""
    before = measure_attributes(decode(model, z))
    change = np.empty((len(ways), len(ASKED), len(z), len(NAMES)))
    kept, dark = np.empty(change.shape[:2]), np.empty(change.shape[:2])
    for i, way in enumerate(ways):
        for j, ask in enumerate(ASKED):
            moved = decode(model, z + ask * way)
            change[i, j] = measure_attributes(moved) - before
            kept[i, j] = (probabilities(classifier, moved).argmax(axis=1) == y).mean()
            dark[i, j] = darkness(moved).mean()
    return Effect(change, kept, dark)


@dataclass(frozen=True)
class Effect:
    """What moving codes does to their images.

    change: of the measured attributes, (moved, asked, N, measured). kept: the share of images that
    are still read as the same digit, (moved, asked). darkness: the mean over the images, likewise.
    moved and measured count the attributes.
    """
    change: np.ndarray
    kept: np.ndarray
    darkness: np.ndarray

    def response(self, spread):
        """Slope of the measured change against the asked one, both in standard deviations.

        (measured,) -> (moved, measured)
        """
        change = self.change / spread
        return np.einsum("j,ijkm->im", ASKED, change) / (ASKED ** 2).sum() / change.shape[2]

    def correlation(self, i):
        """Between asked and measured change of attribute i, over all images and amounts."""
        measured = self.change[i, :, :, i]
        asked = np.broadcast_to(ASKED[:, None], measured.shape)
        return np.corrcoef(asked.ravel(), measured.ravel())[0, 1]

    def reached(self, i):
        """How far attribute i gets from one end of ASKED to the other, mean over the images."""
        return (self.change[i, -1, :, i] - self.change[i, 0, :, i]).mean()

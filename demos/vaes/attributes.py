"""Directions of thickness and slant in code space, found on some digits and applied to others.

A program that ages a face encodes the photograph, adds to the code a direction that stands for age,
and decodes. The direction comes from faces of known age: what do the codes of the old have that
those of the young have not? Nobody explains age to the network; it has learnt to draw faces, and
labels only say which way in its space is older. Here the faces are digits, and age is the thickness
of the pen or the slant of the hand. Both can be measured on any image, so the change that was asked
for can be held against the change that came. Thickness is twice the ink by the length of its
outline, in pixels; slant the shear angle of the second moments, in degrees.

The directions are found on codes of the digits 0 to 4 and applied to test images of 5 to 9. Codes
and labels are taken relative to the mean of their class, for 1 is slanted otherwise than 2, and the
direction would change the digit. Two ways:

    means           from the mean code of the lowest quarter to that of the highest
    least squares   a linear map from codes to both labels, inverted: it moves one and not the other

    python -m demos attributes                      about 30 s on two cores
    python -m demos attributes --data mnist-10k     the same

Expect both attributes to follow (correlation of asked and measured change 0.95 and 0.84) and the
digit to stay what it is: at two standard deviations a classifier reads 92 % and 89 % right, of the
unmoved reconstructions 96 %. But only about half of the change that was asked for arrives on the
digits 5 to 9: 1.6 of 2.6 pixels, 31 of 59 degrees by least squares, 1.4 and 29 by means. The labels
are not mixed up much: thickness moves slant by 0.03 of its own change, slant thickness by 0.2. In
these data pen and slant are drawn independently, so that least squares has little to take apart;
it reaches a little farther than the means.

Attribute vectors: Larsen et al., Autoencoding beyond pixels using a learned similarity metric
(2016); White, Sampling generative networks (2016).
"""

from demos.common.options import check_positive
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.classifier import probabilities, train_classifier
from demos.tools.codes import in_batches
from demos.vaes.parts.attributes_figures import (
    draw_attributes,
    draw_kept,
    draw_matrices,
    draw_responses,
    draw_rows,
)
from models import vae
from models.parts import noise
from models.vae import Config, DenseVAE
from tinygen.backend import np, xp
from tinygen.data import load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=3, judge_steps=3),
    "default": dict(steps=1500, judge_steps=450, latents=16, beta=1.0, lr=2e-3),
}
BATCH = 128
NAMES = ("thickness, pixels", "slant, degrees")
FOUND_ON, APPLIED_TO = range(5), range(5, 10)
ASKED = np.linspace(-2, 2, 9, dtype=np.float32)  # in standard deviations within a class
QUARTER = 0.25


@demo(PRESETS, data=("digits", "mnist-10k"))
def main(run):
    cfg, data = run.settings, load_images(run.data)
    check_positive(cfg, "judge_steps")
    model = DenseVAE(Config(cfg.latents, beta=cfg.beta), rng=run.rng)
    optimizer = Adam(model.parameters(), lr=cfg.lr)
    for step in run.steps(model=model, optimizer=optimizer):
        optimizer.lr = cfg.lr * warmup_cosine(step, warmup=0, total=cfg.steps)
        x = xp.asarray(data.x_train[epoch_batch(step, BATCH, len(data.x_train), run.seed)])
        loss = vae.loss(model, x, noise(BATCH, cfg.latents, rng=run.rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)

    # Labelled codes of the first five classes, relative to their class.
    rows = np.isin(data.y_train, FOUND_ON)
    labels = attributes(data.x_train[rows])
    spread = within_class(labels, data.y_train[rows]).std(axis=0)  # pixels, degrees
    z = within_class(codes_of(model, data.x_train[rows]), data.y_train[rows])
    a = within_class(labels, data.y_train[rows]) / spread
    directions = {"means": by_means(z, a), "least squares": by_least_squares(z, a)}

    # Applied to test images of the other five.
    rows = np.isin(data.y_test, APPLIED_TO)
    x, y = data.x_test[rows], data.y_test[rows]
    z = codes_of(model, x)
    judge = train_classifier(data.x_train, data.y_train, 10, rng=run.rng, steps=cfg.judge_steps)
    own = np.isin(data.y_test, FOUND_ON)  # for comparison: test images of the first five
    own_z, own_y = codes_of(model, data.x_test[own]), data.y_test[own]
    changes, kept, own_changes = {}, {}, {}
    for name, ways in directions.items():
        changes[name], kept[name] = apply_all(model, z, y, ways, judge)
        own_changes[name], _ = apply_all(model, own_z, own_y, ways, judge)
    responses = {name: response(change / spread) for name, change in changes.items()}

    report(run, spread, changes, own_changes, responses, kept)
    unchanged = float(np.mean(probabilities(judge, x).argmax(axis=1) == y))
    run.measure("digit read right: the images themselves", unchanged)

    run.save_figure(draw_attributes(data.x_test, attributes(data.x_test), NAMES), "attributes",
                    "What is measured: test images in the order of their thickness, and of their "
                    "slant.")
    first = np.unique(y, return_index=True)[1]
    for i, name in enumerate(NAMES):
        shown = [decode(model, z[first] + ask * directions["least squares"][i]) for ask in ASKED]
        title = name.split(",")[0]
        run.save_figure(draw_rows(x[first], shown, ASKED * spread[i], name), title,
                        f"Test images of classes that the direction of {title} was not found on, "
                        "and what is decoded on the way along it. In the middle, the code itself.")
    run.save_figure(draw_responses(ASKED, changes, spread, NAMES), "responses",
                    "What was asked and what came: the attribute of the decoded image, less that "
                    "of the unmoved code's, mean and the middle 80 % of the images.")
    run.save_figure(draw_matrices(responses), "entanglement",
                    "Change of each attribute, in standard deviations, per standard deviation "
                    "asked. The ideal is 1 on the diagonal and 0 beside it.")
    run.save_figure(draw_kept(ASKED, kept, unchanged), "kept",
                    "Share of decoded images that a classifier still reads as the digit that they "
                    "were. At 0 it reads reconstructions.")


# ---- what is measured on images ----

def thickness(images):
    """Width of the strokes in pixels: 2 · ink / outline.  (N, 1, H, W) -> (N,)

    A stroke of width w and length l has w·l of ink and an outline of 2·l. The outline is the total
    variation, the sum of |∇x|, which neither blur nor grey edges change; paler ink cancels.
    """
    x = np.pad(images[:, 0].astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    down, across = np.diff(x, axis=1)[:, :, :-1], np.diff(x, axis=2)[:, :-1]
    outline = np.sqrt(down ** 2 + across ** 2).sum(axis=(1, 2))
    return 2 * x.sum(axis=(1, 2)) / np.maximum(outline, 1e-6)


def slant(images):
    """Shear angle in degrees, positive to the right at the top.  (N, 1, H, W) -> (N,)

    A shear that moves x by -s·y for each pixel up changes the covariance of the ink by s·var(y);
    s = -cov(x, y) / var(y) undoes it, with y counted downwards.
    """
    ink = images[:, 0].astype(np.float64)
    ink /= np.maximum(ink.sum(axis=(1, 2), keepdims=True), 1e-6)
    row, column = np.mgrid[:ink.shape[1], :ink.shape[2]]
    row = row - (ink * row).sum(axis=(1, 2), keepdims=True)
    column = column - (ink * column).sum(axis=(1, 2), keepdims=True)
    shear = -(ink * row * column).sum(axis=(1, 2)) / np.maximum((ink * row ** 2).sum(axis=(1, 2)),
                                                               1e-6)
    return np.degrees(np.arctan(shear))


def attributes(images):
    """Thickness and slant.  (N, 1, H, W) -> (N, 2)"""
    return np.stack([thickness(images), slant(images)], axis=1)


def within_class(values, y):
    """values less the mean of their class.  (N, n), (N,) -> (N, n)"""
    values = values.copy()
    for label in np.unique(y):
        values[y == label] -= values[y == label].mean(axis=0)
    return values


# ---- directions ----

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


def codes_of(model, images):
    return in_batches(lambda x: model.encode(x)[0], images)


def decode(model, z):
    return in_batches(lambda rows: vae.generate(model, rows), z)


def apply_all(model, z, y, ways, judge):
    """Each code moved along each direction by each of ASKED.

    -> change of the attributes (moved, asked, N, measured), share of digits kept (moved, asked)
    """
    before = attributes(decode(model, z))
    change = np.empty((len(ways), len(ASKED), len(z), len(NAMES)))
    kept = np.empty(change.shape[:2])
    for i, way in enumerate(ways):
        for j, ask in enumerate(ASKED):
            moved = decode(model, z + ask * way)
            change[i, j] = attributes(moved) - before
            kept[i, j] = (probabilities(judge, moved).argmax(axis=1) == y).mean()
    return change, kept


def response(change):
    """Slope of the measured change against the asked one.  (n, asked, N, n) -> (moved, measured)"""
    return np.einsum("j,ijkm->im", ASKED, change) / (ASKED ** 2).sum() / change.shape[2]


def correlation(change, i):
    """Between what was asked of attribute i and what came, over all images and amounts."""
    came = change[i, :, :, i]
    return np.corrcoef(np.broadcast_to(ASKED[:, None], came.shape).ravel(), came.ravel())[0, 1]


def reached(change, i):
    """How far attribute i gets from the one end of ASKED to the other, mean over the images."""
    return (change[i, -1, :, i] - change[i, 0, :, i]).mean()


def report(run, spread, changes, own_changes, responses, kept):
    for i, name in enumerate(NAMES):
        title = name.split(",")[0]
        run.measure(f"standard deviation within a class: {name}", spread[i])
        other = 1 - i
        for method, change in changes.items():
            wanted = (ASKED[-1] - ASKED[0]) * spread[i]
            run.measure(f"{method}: {title} changed by", reached(change, i),
                        baseline=("asked", wanted), at_least=0.4 * wanted, at_most=wanted)
            run.measure(f"{method}: {title} of 0 to 4 changed by", reached(own_changes[method], i),
                        baseline=("asked", wanted))
            run.measure(f"{method}: {title}, correlation of asked and come",
                        correlation(change, i), at_least=0.75)
            run.measure(f"{method}: {title} moves the other, of its own",
                        abs(responses[method][i, other]) / responses[method][i, i], at_most=0.4)
            run.measure(f"{method}: {title} by 2 std, digit read right",
                        kept[method][i, [0, -1]].mean(), at_least=0.75,
                        baseline=("unmoved", kept[method][i, len(ASKED) // 2]))

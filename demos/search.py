"""Find images like this one: neighbours among codes, beside neighbours among pixels.

To search pictures by a picture, take those nearest to it. Near in pixels means that the same pixels
are dark, so a digit that is shifted or slanted is far away. A code holds the few numbers that say
how to draw the image; whatever is drawn alike lies close together, and there is less to compare and
to keep. No class was ever shown: what counts as similar comes from the images alone. A find is
right if it shows the query's class, and precision at 10 is the share of right ones among the
nearest 10. The baseline is PCA at the same size.

    python -m demos.search
    python -m demos.search --data mnist-10k
"""
import sys
import time

import tinygen as tg
from demos.common import PALETTE, demo, epoch_batch, new_figure, tile
from demos.common.codes import PCA, in_batches, through_bytes
from models import autoencoder
from models.autoencoder import Config, ConvAutoencoder
from tinygen.backend import np, to_numpy, xp
from tinygen.data import IMAGES, load_images

PRESETS = {
    "smoke": dict(steps=3),
    "default": dict(steps=400, batch=64, lr=1e-3),
    "long": dict(steps=2000),
}
CODE_SIZES = (4, 8, 16)
FOUND = 10


@demo(PRESETS, data=tuple(IMAGES))
def main(run):
    cfg, images = run.settings, load_images(run.data)
    x_train, x_test = images.x_train, images.x_test
    channels, side = x_train.shape[1:3]

    pca = PCA(x_train)
    spaces = {"pixels": (x_train.reshape(len(x_train), -1), x_test.reshape(len(x_test), -1))}
    for size in CODE_SIZES:
        model = ConvAutoencoder(Config(size, side, channels, channels), rng=run.rng)
        optimizer = tg.optim.Adam(model.parameters(), lr=cfg.lr)
        for step in run.steps(f"code of {size}", model=model, optimizer=optimizer):
            x = xp.asarray(x_train[epoch_batch(step, cfg.batch, len(x_train), run.seed)])
            loss = autoencoder.loss(model, x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log(loss=loss)
        codes = {f"conv {size}": [in_batches(model.encode, x) for x in (x_train, x_test)],
                 f"PCA {size}": [pca.encode(x, size) for x in (x_train, x_test)]}
        for name, (train, test) in codes.items():
            spaces[name] = through_bytes(train, train), through_bytes(test, train)

    found, seconds = {}, {}
    for name, (train, test) in spaces.items():
        train, test = xp.asarray(train), xp.asarray(test)
        start = time.perf_counter()
        found[name] = to_numpy(nearest(test, train, FOUND))  # (queries, FOUND)
        seconds[name] = time.perf_counter() - start
    right = {name: images.y_train[rows] == images.y_test[:, None] for name, rows in found.items()}
    precision = {name: hits.mean() for name, hits in right.items()}

    for size in CODE_SIZES:
        run.measure(f"code of {size}: precision at {FOUND}", precision[f"conv {size}"],
                    at_least=precision[f"PCA {size}"],
                    baseline=(f"PCA {size}", precision[f"PCA {size}"]))
    run.measure("code of 16, against all pixels", precision["conv 16"],
                baseline=("pixels", precision["pixels"]))
    run.measure("bytes an image", 16, baseline=("pixels", x_train[0].size))
    run.measure(f"milliseconds for {len(x_test)} queries", 1000 * seconds["conv 16"],
                baseline=("pixels", 1000 * seconds["pixels"]))

    run.save_figure(precision_figure(precision, x_train[0].size), "precision",
                    f"Share of right images among the {FOUND} nearest, against the bytes that are "
                    "kept of an image.")
    queries = hardest(right["pixels"], images.y_test)
    run.save_figure(neighbours_figure(images, queries, found, right), "neighbours",
                    "Of each class the test image that pixels serve worst, and what each method "
                    "finds for it, nearest first. Red: of another class.")


def nearest(queries, rows, count, block=500):
    """Indices of the `count` rows nearest to each query, nearest first.

    (Q, n), (R, n) -> (Q, count)
    """
    # |q - r|² = |q|² - 2·q·r + |r|², and |q|² is the same for all rows: one product does it.
    squares = (rows * rows).sum(axis=1)
    found = []
    for start in range(0, len(queries), block):
        distance = squares - 2 * (queries[start:start + block] @ rows.T)  # (block, R)
        first = xp.argpartition(distance, count, axis=1)[:, :count]
        order = xp.take_along_axis(distance, first, axis=1).argsort(axis=1)
        found.append(xp.take_along_axis(first, order, axis=1))
    return xp.concatenate(found)


def hardest(right, y):
    """Of each class the query with the fewest right images."""
    rows = [np.flatnonzero(y == label) for label in np.unique(y)]
    return [int(members[right[members].sum(axis=1).argmin()]) for members in rows]


# ---- figures ----

def precision_figure(precision, pixels):
    figure, axes = new_figure(width=7.5, height=4.4)
    for method, colour in (("PCA", PALETTE[8]), ("conv", PALETTE[1])):
        axes.plot(CODE_SIZES, [precision[f"{method} {size}"] for size in CODE_SIZES], "o-",
                  color=colour, label={"PCA": "PCA", "conv": "conv autoencoder"}[method])
    axes.axhline(precision["pixels"], color=PALETTE[0], linestyle="--", label="all pixels")
    axes.set_xscale("log")
    axes.set_xticks(CODE_SIZES, [f"{size}\n{pixels / size:.0f} : 1" for size in CODE_SIZES])
    axes.minorticks_off()
    axes.set_ylim(0, 1)
    axes.set_xlabel("bytes kept of an image, and how many times fewer than its pixels take")
    axes.set_ylabel(f"precision at {FOUND}")
    axes.legend(loc="lower right")
    return figure


def neighbours_figure(images, queries, found, right):
    """A row for each query: itself, then what is found for it in pixels, by PCA and in codes."""
    sheets = {"query": tile(images.x_test[queries], columns=1)}
    for name, title in {"pixels": "pixels", "PCA 16": "PCA, 16 bytes",
                        "conv 16": "autoencoder, 16 bytes"}.items():
        shown = images.x_train[found[name][queries].ravel()]
        sheets[title] = tile(in_red(shown, ~right[name][queries].ravel()), columns=FOUND)
    figure, all_axes = new_figure(1, len(sheets), width=13, height=4.7,
                                  width_ratios=[sheet.shape[1] for sheet in sheets.values()])
    for axes, (title, sheet) in zip(all_axes, sheets.items()):
        axes.imshow(sheet)
        axes.set_title(title)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure


def in_red(ink, wrong):
    """Black ink on white paper, red where `wrong`.  (N, 1 or 3, H, W), (N,) -> (N, 3, H, W)"""
    absorbs = np.where(wrong[:, None], [[0.1, 0.85, 0.95]], [[1.0, 1.0, 1.0]])  # red, green, blue
    return 1 - absorbs[:, :, None, None] * ink


if __name__ == "__main__":
    sys.exit(main())

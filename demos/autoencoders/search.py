"""Find images like this one: neighbours among codes, beside neighbours among pixels.

To search pictures by a picture, take those nearest to it. Near in pixels means that the same pixels
are dark, so a digit that is shifted or slanted is far away. A code holds the few numbers that say
how to draw the image: images drawn alike lie close together, and there is less to compare and to
store. No class was ever shown; what counts as similar comes from the images alone. A hit is right
if it has the query's class, and precision at 10 is the share of right ones among the nearest 10.
The baseline is PCA at the same size.

    python -m demos search                      1 min on two cores
    python -m demos search --data mnist-10k     1 min

Expect 0.75 to 0.77 with 4 bytes per image (PCA 0.59, over three seeds), 0.90 to 0.92 with 8 (PCA
0.89), and with 16 the same 0.94 to 0.95 as PCA and as all 784 pixels; on mnist-10k 0.75, 0.88 and
0.92 (PCA 0.52, 0.83 and 0.91, pixels 0.93). So training an autoencoder pays where codes are small.
PCA's code is made to keep distances between pixels, as far as its size allows, and 16 numbers are
enough for these images. The autoencoder's is made to be decoded; that similar images lie close
together is only a by-product.

After Krizhevsky and Hinton, Using very deep autoencoders for content-based image retrieval (ESANN,
2011).
"""
import time

from demos.common.figures import PALETTE, framed, new_figure, show_sheet, tile
from demos.common.options import OWN_FILE
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.codes import PCA, in_batches, through_bytes
from demos.tools.images import check_images
from demos.tools.nearest import neighbours
from models import autoencoder
from models.autoencoder import Config, ConvAutoencoder
from tinygen.backend import np, xp
from tinygen.data import IMAGES, load_images
from tinygen.optim import Adam

PRESETS = {
    "smoke": dict(steps=3),
    "default": dict(steps=400, batch=64, lr=1e-3),
    "long": dict(steps=2000),
}
CODE_SIZES = (4, 8, 16)
LEAD = {4: 0.08, 8: 0.0, 16: -0.02}  # over PCA's precision, at least
FOUND = 10


@demo(PRESETS, data=(*IMAGES, OWN_FILE), loops=lambda cfg: len(CODE_SIZES) * [cfg.steps])
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_images(images, cfg.batch)
    x_train, x_test = images.x_train, images.x_test
    channels, side = x_train.shape[1:3]

    pca = PCA(x_train)
    # name -> what is compared: rows of the training images, rows of the test images
    spaces = {"pixels": (x_train.reshape(len(x_train), -1), x_test.reshape(len(x_test), -1))}
    for size in CODE_SIZES:
        model = ConvAutoencoder(Config(size, side, channels, channels), rng=run.rng)
        train(run, f"code of {size}", model, x_train)
        codes = {f"conv {size}": [in_batches(model.encode, x) for x in (x_train, x_test)],
                 f"PCA {size}": [pca.encode(x, size) for x in (x_train, x_test)]}
        for name, (seen, queries) in codes.items():
            spaces[name] = through_bytes(seen, seen), through_bytes(queries, seen)

    found, ms = {}, {}
    for name, (seen, queries) in spaces.items():
        found[name], ms[name] = timed(neighbours, queries, seen, FOUND)
    ms["encode"] = timed(in_batches, model.encode, x_test)[1]
    right = {name: images.y_train[rows] == images.y_test[:, None] for name, rows in found.items()}
    precision = {name: hits.mean() for name, hits in right.items()}
    measure(run, images, precision, ms)
    show(run, images, found, right, precision)


def train(run, name, model, x_train):
    cfg = run.settings
    optimizer = Adam(model.parameters(), lr=cfg.lr)
    for step in run.steps(name, model=model, optimizer=optimizer):
        x = xp.asarray(x_train[epoch_batch(step, cfg.batch, len(x_train), run.seed)])
        loss = autoencoder.loss(model, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)


def measure(run, images, precision, ms):
    for size, lead in LEAD.items():
        linear = precision[f"PCA {size}"]
        run.measure(f"code of {size}: precision at {FOUND}", precision[f"conv {size}"],
                    at_least=linear + lead, baseline=(f"PCA {size}", linear))
    run.measure("code of 16, against all pixels", precision["conv 16"],
                baseline=("pixels", precision["pixels"]))
    run.measure("bytes per image", 16, baseline=("pixels", images.x_train[0].size))
    count = len(images.x_test)
    run.measure(f"ms to search for {count} queries", ms["conv 16"],
                baseline=("pixels", ms["pixels"]))
    run.measure(f"ms to encode {count} queries first", ms["encode"])


def show(run, images, found, right, precision):
    run.save_figure(plot_precision(precision, images.x_train[0].size), "precision",
                    f"Share of right images among the {FOUND} nearest, against the bytes stored "
                    "per image.")
    queries = np.unique(images.y_test, return_index=True)[1]  # the first image of each class
    run.save_figure(plot_neighbours(images, queries, found, right), "neighbours",
                    "The first test image of each class and what is found for it, nearest first: "
                    "by all pixels, and by codes of 4 numbers. Framed: images of another class.")


def plot_precision(precision, pixels):
    figure, axes = new_figure(width=7.5, height=4.4)
    for method, colour in (("PCA", PALETTE[8]), ("conv", PALETTE[1])):
        axes.plot(CODE_SIZES, [precision[f"{method} {size}"] for size in CODE_SIZES], "o-",
                  color=colour, label={"PCA": "PCA", "conv": "conv autoencoder"}[method])
    axes.axhline(precision["pixels"], color=PALETTE[0], linestyle="--", label="all pixels")
    axes.set_xscale("log")
    axes.set_xticks(CODE_SIZES, [f"{size}\n{pixels / size:.0f} : 1" for size in CODE_SIZES])
    axes.minorticks_off()
    axes.set_ylim(0, 1)
    axes.set_xlabel("bytes stored per image, and how many times fewer than its pixels")
    axes.set_ylabel(f"precision at {FOUND}")
    axes.legend(loc="lower right")
    return figure


def plot_neighbours(images, queries, found, right):
    """A row for each query: itself, then what is found by pixels, by PCA and by codes."""
    sheets = {"query": tile(images.x_test[queries], columns=1)}
    for name, title in {"pixels": f"pixels, {images.x_test[0].size} bytes",
                        "PCA 4": "PCA, 4 bytes", "conv 4": "conv autoencoder, 4 bytes"}.items():
        shown = images.x_train[found[name][queries].ravel()]
        sheets[title] = tile(framed(shown, ~right[name][queries].ravel()), columns=FOUND)
    figure, all_axes = new_figure(1, len(sheets), width=13, height=4.6,
                                  width_ratios=[sheet.shape[1] for sheet in sheets.values()])
    figure.get_layout_engine().set(wspace=0.1)
    for axes, (title, sheet) in zip(all_axes, sheets.items()):
        show_sheet(axes, sheet)
        axes.set_title(title)
    return figure


def timed(function, *arguments):
    """What the function returns, and the milliseconds that it took."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, 1000 * (time.perf_counter() - start)

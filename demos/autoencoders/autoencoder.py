"""Squeeze images through a few numbers, rebuild them, and draw new ones from the code alone.

An encoder turns an image of 784 pixels into a code of 2, 16 or 32 numbers, and a decoder rebuilds
the image from nothing else. Both learn by one rule, to make the squared error small. So what tells
one image from another has to go into the code, and what all of them share into the weights. The
baseline is PCA, the best that a linear encoder and decoder can do. After training the encoder is
thrown away, and the decoder draws by itself: points of the code space that no image was ever
encoded to become new digits.

    python -m demos autoencoder                                   1 min 40 s on two cores
    python -m demos autoencoder --data mnist-10k --preset long    5 min 35 s, 20 epochs

Expect, with a code of 16 numbers, a third of PCA's error on test images: 0.009 for 0.027, over
three seeds. On mnist-10k, after 20 epochs, it is 0.0104 for PCA's 0.0278. Stored as 16 bytes, a
49th of the image, the code does as well.

After Hinton and Salakhutdinov, Reducing the dimensionality of data with neural networks (Science,
2006).
"""

import tinygen as tg
from demos.common.figures import PALETTE, image_panels, image_rows, new_figure, tile
from demos.common.images import check_images
from demos.common.options import OWN_FILE
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.codes import PCA, in_batches, through_bytes
from models import autoencoder
from models.autoencoder import Config, ConvAutoencoder, DenseAutoencoder
from tinygen.backend import np, to_numpy, xp
from tinygen.data import IMAGES, load_images

PRESETS = {
    "smoke": dict(steps=3),
    "tour": dict(steps=450),
    "default": dict(steps=600, batch=64, lr=1e-3),  # 4 epochs of the drawn digits
    "long": dict(steps=1240, batch=128),            # 20 epochs of mnist-10k
}
CODE_SIZES = (2, 16, 32)
NETWORKS = {**{f"conv {size}": (ConvAutoencoder, size) for size in CODE_SIZES},
            "dense 16": (DenseAutoencoder, 16)}


@demo(PRESETS, data=(*IMAGES, OWN_FILE))
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_images(images, cfg.batch)
    x_train, x_test, y_test = images.x_train, images.x_test, images.y_test
    channels, side = x_train.shape[1:3]

    models = {}
    for name, (network, code_size) in NETWORKS.items():
        model = models[name] = network(Config(code_size, side, channels, channels), rng=run.rng)
        optimizer = tg.optim.Adam(model.parameters(), lr=cfg.lr)
        for step in run.steps(name, model=model, optimizer=optimizer):
            x = xp.asarray(x_train[epoch_batch(step, cfg.batch, len(x_train), run.seed)])
            loss = autoencoder.loss(model, x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log(loss=loss)

    # What the test images become: first codes, then images again.
    pca = PCA(x_train)
    codes = {name: in_batches(model.encode, x_test) for name, model in models.items()}
    rebuilt = {name: in_batches(models[name].decode, z) for name, z in codes.items()}
    for size in CODE_SIZES:
        codes[f"PCA {size}"] = pca.encode(x_test, size)
        rebuilt[f"PCA {size}"] = pca.decode(codes[f"PCA {size}"])
    error = {name: mse(again, x_test) for name, again in rebuilt.items()}

    run.measure("conv, code 16: test MSE", error["conv 16"], at_most=0.5 * error["PCA 16"],
                baseline=("PCA 16", error["PCA 16"]))
    for name in ("conv 2", "conv 32", "dense 16"):
        linear = name.replace("conv", "PCA").replace("dense", "PCA")
        run.measure(f"{name.replace(' ', ', code ')}: test MSE", error[name],
                    at_most=error[linear], baseline=(linear, error[linear]))
    seen = x_train[:2000]
    seen_codes = in_batches(models["conv 16"].encode, seen)
    stored = through_bytes(codes["conv 16"], seen_codes)
    from_bytes = in_batches(models["conv 16"].decode, stored)
    run.measure("conv, code 16 in 16 bytes: test MSE", mse(from_bytes, x_test),
                baseline=("unrounded", error["conv 16"]))

    examples = np.unique(y_test, return_index=True)[1][:10]  # the first image of each class
    if len(examples) < 3:  # one's own images may have none
        examples = np.arange(10)
    run.save_figure(rebuilt_figure(x_test, rebuilt, examples), "rebuilt",
                    "Test images and what is left of them after a code of 2, 16 or 32 numbers.")
    run.save_figure(error_figure(error, pca, x_test), "error",
                    "Error on the test images against the size of the code. A number takes a byte, "
                    f"an image {x_test[0].size}; the decoder, which all share, is not counted.")
    run.save_figure(plane_figure(codes, y_test), "plane",
                    "The test images as points of the plane: their codes of 2 numbers, coloured by "
                    "class. No class was ever shown to either method.")

    # The encoders have done their work. From here on the decoder draws by itself.
    run.save_figure(map_figure(models["conv 2"], codes["conv 2"]), "map",
                    "What the decoder makes of each point of the plane of codes, where there are "
                    "test images nearby.")
    drawn = autoencoder.sample(models["conv 16"], seen_codes, 80, rng=run.rng)
    linear = sample_pca(pca, seen, 16, 80, rng=run.rng)
    run.save_figure(image_panels({"conv autoencoder": drawn, "PCA": linear}), "samples",
                    "New images: codes of 16 numbers drawn from a Gaussian fitted to those of "
                    "training images, then decoded. Not all are digits, for real codes fill no "
                    "Gaussian; a variational autoencoder trains them to.")
    run.save_figure(between_figure(models["conv 16"], x_test, y_test, codes["conv 16"], examples),
                    "between",
                    "From one test image to another: along the straight line between their codes, "
                    "and for comparison along the one between their pixels, which only fades.")


def mse(images, target):
    return float(((to_numpy(images) - target) ** 2).mean())


def sample_pca(pca, x, size, count, rng):
    """The same as autoencoder.sample, for PCA, whose codes are uncorrelated."""
    z = pca.encode(x, size)
    return pca.decode(rng.normal(z.mean(axis=0), z.std(axis=0), (count, size)))


# ---- figures ----

def rebuilt_figure(x, rebuilt, examples):
    rows = {"original": x[examples]}
    for size in CODE_SIZES:
        for method in ("conv", "PCA"):
            rows[f"{method} {size}"] = rebuilt[f"{method} {size}"][examples]
    return image_rows(rows)


def error_figure(error, pca, x):
    figure, axes = new_figure(width=7.5, height=4.4)
    sizes = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64])
    axes.plot(sizes, [mse(pca.decode(pca.encode(x, size)), x) for size in sizes], "o-",
              color=PALETTE[8], markersize=4, label="PCA")
    axes.plot([16], [error["dense 16"]], "D", color=PALETTE[0], markersize=7,
              label="dense autoencoder")
    axes.plot(CODE_SIZES, [error[f"conv {size}"] for size in CODE_SIZES], "o-",
              color=PALETTE[1], markersize=8, label="conv autoencoder")
    for size in CODE_SIZES:
        axes.annotate(f"{error[f'conv {size}']:.4f}", (size, error[f"conv {size}"]), (-4, -17),
                      textcoords="offset points", ha="center", color=PALETTE[1])
    shown = sizes[[0, 1, 3, 5, 7, 9, 11]]
    axes.set_xscale("log")
    axes.set_xticks(shown, [f"{size}\n{x[0].size / size:.0f} : 1" for size in shown], minor=False)
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("bytes that a code takes, and how many times smaller it is than the image")
    axes.set_ylabel("mean squared error a pixel")
    axes.legend()
    return figure


def plane_figure(codes, y):
    figure, all_axes = new_figure(1, 2, width=11, height=5.2)
    for axes, name, title in zip(all_axes, ("conv 2", "PCA 2"), ("conv autoencoder", "PCA")):
        z = codes[name]
        for label, colour in zip(np.unique(y), PALETTE):
            axes.scatter(*z[y == label].T, s=7, color=colour, linewidths=0, label=str(label))
        axes.set(title=title, xlabel="first number", ylabel="second number")
    figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside right center",
                  title="class", markerscale=3)
    return figure


def map_figure(model, codes, columns=26):
    """The decoder's images on a grid over the codes; blank where no code is near."""
    low, high = np.percentile(codes, [0.5, 99.5], axis=0)
    step = (high - low) / (columns - 1)
    across, down = np.meshgrid(np.linspace(low[0], high[0], columns),
                               np.linspace(high[1], low[1], columns))
    grid = np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float32)
    drawn = in_batches(model.decode, grid)
    distance = np.abs((grid[:, None] - codes) / step).max(axis=2).min(axis=1)
    drawn[distance > 1.5] = 0
    figure, axes = new_figure(width=8, height=8)
    axes.imshow(tile(drawn, columns, gap=0), extent=(low[0], high[0], low[1], high[1]),
                aspect="auto", interpolation="antialiased")
    axes.grid(False)
    axes.set(xlabel="first number of the code", ylabel="second number of the code")
    return figure


def between_figure(model, x, y, codes, examples, steps=12):
    """Three pairs of test images, each joined by a line in code space and by one in pixels."""
    rows = {}
    for a, b in zip(examples[1::3], examples[2::3]):
        z1, z2 = xp.asarray(codes[a]), xp.asarray(codes[b])
        t = np.linspace(0, 1, steps)[:, None, None, None]
        rows[f"{y[a]} to {y[b]}, codes"] = autoencoder.interpolate(model, z1, z2, steps)
        rows[f"{y[a]} to {y[b]}, pixels"] = (1 - t) * x[a] + t * x[b]
    return image_rows({label: to_numpy(images) for label, images in rows.items()})

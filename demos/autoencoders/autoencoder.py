"""Squeeze images through a few numbers, rebuild them, and generate new ones from codes.

An encoder turns an image of 784 pixels into a code of 2, 16 or 32 numbers, and a decoder rebuilds
the image from nothing else. Both learn by one rule: make the squared error small. So whatever sets
one image apart from another has to go into the code, and whatever all of them share, into the
weights. The baseline is PCA, the best that a linear encoder and decoder can do. After training
the encoder is thrown away and the decoder works by itself: codes that no image was ever encoded to
become new digits.

    python -m demos autoencoder                                   1 min 40 s on two cores
    python -m demos autoencoder --data mnist-10k --preset long    5 min 35 s, 20 epochs

Expect, with a code of 16 numbers, a third of PCA's error on the test images: 0.009 against 0.027,
over three seeds. On mnist-10k, after 20 epochs, it is 0.0104 against 0.0278. Stored in 16 bytes, a
49th of the image, the code does just as well.

After Hinton and Salakhutdinov, Reducing the dimensionality of data with neural networks (Science,
2006).
"""
from demos.autoencoders.parts.autoencoder_figures import plot_error, plot_map, plot_plane
from demos.common.figures import plot_image_panels, plot_image_rows
from demos.common.options import OWN_FILE
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.codes import PCA, in_batches, through_bytes
from demos.tools.images import check_images
from models import autoencoder
from models.autoencoder import Config, ConvAutoencoder, DenseAutoencoder
from tinygen.backend import np, to_numpy, xp
from tinygen.data import IMAGES, load_images
from tinygen.optim import Adam

PRESETS = {
    "smoke": dict(steps=3),
    "tour": dict(steps=450),
    "default": dict(steps=600, batch=64, lr=1e-3),  # 4 epochs of the drawn digits
    "long": dict(steps=1240, batch=128),            # 20 epochs of mnist-10k
}
CODE_SIZES = (2, 16, 32)
NETWORKS = {**{f"conv {size}": (ConvAutoencoder, size) for size in CODE_SIZES},
            "dense 16": (DenseAutoencoder, 16)}
LINEAR_SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # of PCA's codes in the figure
SEEN = 2000  # training images whose codes give the range of a byte and the Gaussian to sample


@demo(PRESETS, data=(*IMAGES, OWN_FILE), loops=lambda cfg: len(NETWORKS) * [cfg.steps])
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_images(images, cfg.batch)
    channels, side = images.x_train.shape[1:3]

    models = {}
    for name, (network, code_size) in NETWORKS.items():
        models[name] = network(Config(code_size, side, channels, channels), rng=run.rng)
        train(run, name, models[name], images.x_train)

    pca = PCA(images.x_train)
    codes, rebuilt = encode_and_rebuild(models, pca, images.x_test)
    seen_codes = in_batches(models["conv 16"].encode, images.x_train[:SEEN])
    stored = through_bytes(codes["conv 16"], seen_codes)
    rebuilt["conv 16 in bytes"] = in_batches(models["conv 16"].decode, stored)
    error = {name: mse(again, images.x_test) for name, again in rebuilt.items()}
    measure(run, error)
    show(run, images, models, pca, codes, seen_codes, rebuilt, error)


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


def encode_and_rebuild(models, pca, x):
    """What images become: first codes, then images again, of each network and each PCA."""
    codes = {name: in_batches(model.encode, x) for name, model in models.items()}
    rebuilt = {name: in_batches(models[name].decode, z) for name, z in codes.items()}
    for size in CODE_SIZES:
        codes[f"PCA {size}"] = pca.encode(x, size)
        rebuilt[f"PCA {size}"] = pca.decode(codes[f"PCA {size}"])
    return codes, rebuilt


def measure(run, error):
    run.measure("conv, code 16: test MSE", error["conv 16"], at_most=0.5 * error["PCA 16"],
                baseline=("PCA 16", error["PCA 16"]))
    for name in ("conv 2", "conv 32", "dense 16"):
        network, size = name.split()
        linear = f"PCA {size}"
        run.measure(f"{network}, code {size}: test MSE", error[name], at_most=error[linear],
                    baseline=(linear, error[linear]))
    run.measure("conv, code 16 in 16 bytes: test MSE", error["conv 16 in bytes"],
                baseline=("unrounded", error["conv 16"]))


def show(run, images, models, pca, codes, seen_codes, rebuilt, error):
    x, y = images.x_test, images.y_test
    examples = np.unique(y, return_index=True)[1][:10]  # the first image of each class
    if len(examples) < 3:  # your own images may have no classes
        examples = np.arange(10)
    run.save_figure(plot_rebuilt(x, rebuilt, examples), "rebuilt",
                    "Test images, and what a code of 2, 16 or 32 numbers preserves of them.")
    linear = {size: mse(pca.decode(pca.encode(x, size)), x) for size in LINEAR_SIZES}
    run.save_figure(plot_error(error, linear, CODE_SIZES, pixels=x[0].size), "error",
                    "Error on the test images against the size of the code. A number takes one "
                    f"byte, an image {x[0].size}; the decoder, which all images share, is not "
                    "counted.")
    run.save_figure(plot_plane({"conv autoencoder": codes["conv 2"], "PCA": codes["PCA 2"]}, y),
                    "plane",
                    "The test images as points of the plane: their codes of 2 numbers, coloured by "
                    "class, with each class named at its centroid. Neither method was ever shown a "
                    "class.")

    # The encoders have done their work. From here on the decoder works by itself.
    run.save_figure(plot_map(models["conv 2"], codes["conv 2"]), "map",
                    "The image that the decoder makes of each code in the plane; blank where no "
                    "test image lies nearby.")
    new = {"conv autoencoder": autoencoder.sample(models["conv 16"], seen_codes, 80, rng=run.rng),
           "PCA": sample_pca(pca, images.x_train[:SEEN], 16, 80, rng=run.rng)}
    run.save_figure(plot_image_panels(new), "samples",
                    "New images: codes of 16 numbers drawn from a Gaussian fitted to those of "
                    "training images, then decoded. Not all are digits, because real codes do not "
                    "fill a Gaussian; a variational autoencoder trains them to.")
    run.save_figure(plot_between(models["conv 16"], x, y, codes["conv 16"], examples), "between",
                    "From one test image to another: along the straight line between their codes, "
                    "and for comparison between their pixels, where one just fades into the other.")


def plot_rebuilt(x, rebuilt, examples):
    """The originals, then what each size of code leaves of them, by network and by PCA."""
    rows = {"original": x[examples]}
    for size in CODE_SIZES:
        for method in ("conv", "PCA"):
            rows[f"{method} {size}"] = rebuilt[f"{method} {size}"][examples]
    return plot_image_rows(rows)


def plot_between(model, x, y, codes, examples, steps=12):
    """Three pairs of test images, each joined by a line in code space and by one in pixels."""
    rows = {}
    for a, b in zip(examples[1::3], examples[2::3]):
        z1, z2 = xp.asarray(codes[a]), xp.asarray(codes[b])
        t = np.linspace(0, 1, steps)[:, None, None, None]
        rows[f"{y[a]} to {y[b]}, codes"] = autoencoder.interpolate(model, z1, z2, steps)
        rows[f"{y[a]} to {y[b]}, pixels"] = (1 - t) * x[a] + t * x[b]
    return plot_image_rows({label: to_numpy(images) for label, images in rows.items()})


def mse(images, target):
    return float(((to_numpy(images) - target) ** 2).mean())


def sample_pca(pca, x, size, count, rng):
    """The same as autoencoder.sample, for PCA, whose codes are uncorrelated."""
    z = pca.encode(x, size)
    return pca.decode(rng.normal(z.mean(axis=0), z.std(axis=0), (count, size)))

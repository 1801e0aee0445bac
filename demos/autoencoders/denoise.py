"""A denoising autoencoder against the best Gaussian blur.

A blur averages neighbouring pixels, and smears strokes as it smooths noise. A network that is shown
x + noise and is asked for x learns what to average instead: all the clean digits that may lie under
this noise, E[x | x + noise], for that has the least squared error (Vincent et al., 2008). Noise
does not fit into its code, and digits do. What it takes away, turned around, points to where images
are likelier; diffusion models go that way step by step.

    python -m demos denoise                       1 min on two cores
    python -m demos denoise --data mnist-10k      the same

PSNR, the peak signal-to-noise ratio, is 10 log10(1 / MSE) in decibels, for pixels from 0 to 1: 10
more is a tenth of the error. Expect 19.4 for the blur's 15.4, over three seeds, and on mnist-10k
18.3 for 15.6. Left as they are, the noisy images have 6.0, which is 10 log10(1 / 0.5²).
"""

from demos.common.figures import image_rows, new_figure
from demos.common.images import check_images
from demos.common.options import OWN_FILE
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.codes import in_batches
from models.autoencoder import Config, ConvAutoencoder, loss
from tinygen.backend import np, xp
from tinygen.data import IMAGES, load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=15, images=200),
    "tour": dict(steps=500),
    "default": dict(steps=1000, batch=64, lr=3e-3, code=128, noise=0.5, images=2000),
    "long": dict(steps=5000),
}
WIDTHS = np.linspace(0.3, 1.6, 14)  # of the blurs that compete, in pixels
NOISES = np.linspace(0.1, 1.0, 10)  # that the trained network is tried on
SHOWN = 12


@demo(PRESETS, data=(*IMAGES, OWN_FILE))
def main(run):
    cfg = run.settings
    if cfg.noise <= 0:
        raise ValueError(f"--noise is a standard deviation above 0, got {cfg.noise:g}")
    data = load_images(run.data)
    check_images(data, cfg.batch)
    train, test = data.x_train, data.x_test[:cfg.images]
    channels, side = train.shape[1:3]

    # A code and no pooling indices: where a maximum lies among noise, the noise has chosen.
    model = ConvAutoencoder(Config(cfg.code, side, channels, channels), rng=run.rng)
    optimizer = Adam(model.parameters(), lr=cfg.lr)
    for step in run.steps(model=model, optimizer=optimizer):
        optimizer.lr = cfg.lr * warmup_cosine(step, warmup=cfg.steps // 20, total=cfg.steps)
        clean = train[epoch_batch(step, cfg.batch, len(train), run.seed)]
        noisy = add_noise(clean, cfg.noise, run.rng)  # anew, so that none is learnt by heart
        error = loss(model, xp.asarray(noisy), xp.asarray(clean))
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        run.log(loss=error)

    noisy = add_noise(test, cfg.noise, run.rng)
    denoised = in_batches(model, noisy)
    blurred, width = best_blur(noisy, test)
    blur_psnr = psnr(blurred, test)
    run.measure("PSNR, dB", psnr(denoised, test), at_least=blur_psnr + 2,
                baseline=("best blur", blur_psnr))
    run.measure(f"PSNR of the best blur, of width {width:.1f}", blur_psnr,
                baseline=("as it is", psnr(noisy, test)))

    few = slice(SHOWN)
    run.save_figure(
        image_rows({"clean": test[few], "noisy": noisy[few], "best blur": blurred[few],
                    "denoised": denoised[few], "removed": signed(noisy - denoised)[few]}),
        "denoised",
        f"Test digits under noise of standard deviation {cfg.noise:g}. The blur has to choose "
        "between noise and stroke; the network knows which strokes there are. The last row is what "
        "it took away, with grey for nothing: it should look like noise all over.")
    run.save_figure(
        psnr_figure(model, test[:500], cfg.noise, run.rng), "levels",
        f"One network, trained at {cfg.noise:g} only, under less noise and more. The blur is the "
        "best for each noise, chosen by looking at the answer. With very little noise the network "
        "loses: all that it returns has to pass through its code, also what needed no repair.")
    worst = np.argsort(-squared_errors(denoised, test))[:SHOWN]
    run.save_figure(
        image_rows({"clean": test[worst], "noisy": noisy[worst], "denoised": denoised[worst]}),
        "worst",
        "The largest errors. Where noise hides too much, the network draws a likelier digit than "
        "the one that was there, or a mean of several, and a clean line does not say that it is a "
        "guess.")


def add_noise(images, std, rng):
    """images + std·n, n from the standard normal distribution; not clipped."""
    return images + np.float32(std) * rng.standard_normal(images.shape, dtype=np.float32)


def gaussian_blur(images, width):
    """Each pixel becomes a mean of its neighbours, with weights exp(-distance² / 2 width²).

    Such a weight is a product of one for the rows and one for the columns: y = B x Bᵀ.
    """
    def weights(size):
        i = np.arange(size, dtype=np.float32)
        w = np.exp(-(i[:, None] - i) ** 2 / (2 * width ** 2))
        return (w / w.sum(axis=1, keepdims=True)).astype(np.float32)

    height, breadth = images.shape[2:]
    return weights(height) @ images @ weights(breadth).T


def best_blur(noisy, clean):
    """The blur that comes nearest to the clean images, clipped to 0..1, and its width."""
    blurs = {width: gaussian_blur(noisy, width).clip(0, 1) for width in WIDTHS}
    width = max(WIDTHS, key=lambda width: psnr(blurs[width], clean))
    return blurs[width], width


def squared_errors(images, clean):
    """Mean squared error of each image.  (N, C, H, W) -> (N,)"""
    return ((images - clean) ** 2).mean(axis=(1, 2, 3))


def psnr(images, clean):
    return -10 * np.log10(squared_errors(images, clean).mean())


def signed(difference):
    """-1 to 1 as white to black, and 0 as the grey in between."""
    return (difference + 1) / 2


def psnr_figure(model, clean, trained_at, rng):
    """PSNR against the noise's standard deviation: the network, the best blur for each, nothing."""
    rows = []
    for std in NOISES:
        noisy = add_noise(clean, std, rng)
        rows.append([psnr(in_batches(model, noisy), clean), psnr(best_blur(noisy, clean)[0], clean),
                     psnr(noisy, clean)])
    figure, axes = new_figure(height=3.8)
    for values, label, style in zip(zip(*rows), ("network", "best blur", "left as it is"),
                                    ("o-", "s-", "^:")):
        axes.plot(NOISES, values, style, markersize=5)
        axes.annotate(label, (NOISES[-1], values[-1]), (8, 0), textcoords="offset points",
                      va="center")
    axes.axvline(trained_at, color="#999999", linewidth=1, linestyle="--")
    axes.annotate("trained here", (trained_at, 1), (4, -4), va="top", color="#666666",
                  xycoords=("data", "axes fraction"), textcoords="offset points")
    axes.set(xlabel="standard deviation of the noise (ink is 1, paper 0)", ylabel="PSNR, dB",
             title="Higher is better")
    return figure

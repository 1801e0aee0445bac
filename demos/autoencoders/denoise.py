"""A denoising autoencoder against the best Gaussian blur.

A blur averages neighbouring pixels: it smooths the noise and smears the strokes. A network that is
shown x + noise and asked for x learns what to average instead: all the clean digits that may lie
under this noise, E[x | x + noise], because that has the least squared error. Digits fit into its
code and noise does not. The noise it removes, with its sign reversed, points to where images are
more likely; diffusion models go that way step by step.

    python -m demos denoise                       1 min on two cores
    python -m demos denoise --data mnist-10k      the same

PSNR, the peak signal-to-noise ratio, is 10 log10(1 / MSE) in decibels, for pixels from 0 to 1: 10
more means a tenth of the error. Expect 19.4 against the blur's 15.4, over three seeds, and on
mnist-10k 18.3 against 15.6. Left as they are, the noisy images have 6.0, which is
10 log10(1 / 0.5²).

After Vincent, Larochelle, Bengio and Manzagol, Extracting and composing robust features with
denoising autoencoders (ICML, 2008).
"""
from demos.common.figures import new_figure, plot_image_rows
from demos.common.options import OWN_FILE, check_positive
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.codes import in_batches
from demos.tools.images import check_images
from models import autoencoder
from models.autoencoder import Config, ConvAutoencoder
from tinygen.backend import np, xp
from tinygen.data import IMAGES, load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=15, images=200),
    "tour": dict(steps=500),
    "default": dict(steps=1000, batch=64, lr=3e-3, code=128, noise=0.5, images=2000),
    "long": dict(steps=5000),
}
WIDTHS = np.linspace(0.3, 1.6, 14)  # of the competing blurs, in pixels
NOISES = np.linspace(0.1, 1.0, 10)  # standard deviations that the trained network is tried on
SHOWN = 12


@demo(PRESETS, data=(*IMAGES, OWN_FILE))
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_images(images, cfg.batch)
    check_positive(cfg, "noise", "images")
    x_train, x_test = images.x_train, images.x_test[:cfg.images]
    channels, side = x_train.shape[1:3]

    # A code and no pooling indices: where there is noise, it decides where the maxima lie.
    model = ConvAutoencoder(Config(cfg.code, side, channels, channels), rng=run.rng)
    optimizer = Adam(model.parameters(), lr=cfg.lr)
    for step in run.steps(model=model, optimizer=optimizer):
        optimizer.lr = cfg.lr * warmup_cosine(step, warmup=cfg.steps // 20, total=cfg.steps)
        clean = x_train[epoch_batch(step, cfg.batch, len(x_train), run.seed)]
        noisy = add_noise(clean, cfg.noise, run.rng)  # new each time, so it can't be memorised
        loss = autoencoder.loss(model, xp.asarray(noisy), xp.asarray(clean))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)

    noisy = add_noise(x_test, cfg.noise, run.rng)
    denoised = in_batches(model, noisy)
    blurred, width = best_blur(noisy, x_test)
    measure(run, x_test, noisy, denoised, blurred, width)
    show(run, model, x_test, noisy, denoised, blurred)


def measure(run, clean, noisy, denoised, blurred, width):
    blur_psnr = psnr(blurred, clean)
    run.measure("PSNR, dB", psnr(denoised, clean), at_least=blur_psnr + 2,
                baseline=("best blur", blur_psnr))
    run.measure(f"PSNR of the best blur (width {width:.1f})", blur_psnr,
                baseline=("noisy", psnr(noisy, clean)))


def show(run, model, clean, noisy, denoised, blurred):
    rows = {"clean": clean, "noisy": noisy, "best blur": blurred, "denoised": denoised,
            "removed": signed(noisy - denoised)}
    noise = run.settings.noise
    run.save_figure(
        plot_image_rows({name: images[:SHOWN] for name, images in rows.items()}), "denoised",
        f"Test digits under noise of standard deviation {noise:g}. The blur has to choose between "
        "noise and stroke; the network knows which strokes there are. The last row is what it "
        "removed, with grey for nothing: it should look like noise all over.")
    run.save_figure(
        plot_psnr(noise_levels(model, clean[:500], run.rng), noise), "levels",
        f"One network, trained only at {noise:g}, under less noise and more. For each noise the "
        "blur is the best one, chosen by peeking at the answer. With very little noise the network "
        "loses: all that it returns has to pass through its code, even what needed no repair.")
    worst = np.argsort(-squared_errors(denoised, clean))[:SHOWN]
    run.save_figure(
        plot_image_rows({name: rows[name][worst] for name in ("clean", "noisy", "denoised")}),
        "worst",
        "The largest errors. Where noise hides too much, the network draws a likelier digit than "
        "the one that was there, or a mean of several, and a clean line does not say that it is a "
        "guess.")


def plot_psnr(levels, trained_at):
    """PSNR against the noise's standard deviation, a line for each way.  levels: way -> values"""
    figure, axes = new_figure(height=3.8)
    for (label, values), style in zip(levels.items(), ("o-", "s-", "^:")):
        line, = axes.plot(NOISES, values, style, markersize=5)
        axes.annotate(label, (NOISES[-1], values[-1]), (8, 0), textcoords="offset points",
                      va="center", color=line.get_color())
    axes.axvline(trained_at, color="#999999", linewidth=1, linestyle="--")
    axes.annotate("trained here", (trained_at, 1), (4, -4), va="top", color="#666666",
                  xycoords=("data", "axes fraction"), textcoords="offset points")
    axes.set(xlabel="standard deviation of the noise (ink is 1, paper 0)", ylabel="PSNR, dB",
             title="Higher is better")
    return figure


def add_noise(images, std, rng):
    """images + std·n, n from the standard normal distribution; not clipped."""
    return images + np.float32(std) * rng.standard_normal(images.shape, dtype=np.float32)


def gaussian_blur(images, width):
    """Each pixel becomes a mean of its neighbours, weighted by exp(-distance² / 2 width²).

    Each weight is one for the rows times one for the columns, so y = B x Bᵀ.
    """
    def weights(size):
        i = np.arange(size, dtype=np.float32)
        w = np.exp(-(i[:, None] - i) ** 2 / (2 * width ** 2))
        return (w / w.sum(axis=1, keepdims=True)).astype(np.float32)

    height, breadth = images.shape[2:]
    return weights(height) @ images @ weights(breadth).T


def best_blur(noisy, clean):
    """The blur that brings the noisy images nearest to the clean ones: the images, its width."""
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


def noise_levels(model, clean, rng):
    """PSNR at each of NOISES: by the network, by the best blur for each, and left as it is."""
    levels = {"network": [], "best blur": [], "left as it is": []}
    for std in NOISES:
        noisy = add_noise(clean, std, rng)
        levels["network"].append(psnr(in_batches(model, noisy), clean))
        levels["best blur"].append(psnr(best_blur(noisy, clean)[0], clean))
        levels["left as it is"].append(psnr(noisy, clean))
    return levels

"""A variational autoencoder: codes that can be sampled from N(0, 1), and what they cost in nats.

A plain autoencoder puts its codes wherever it likes, and a point between them may decode to
anything. A VAE's encoder maps each image to a Gaussian q(z|x) instead of a point, and pays for it
with the Kullback-Leibler divergence from the prior N(0, 1): the nats that the code says about x.
So the codes stay near the origin, and neighbours overlap and must look alike; a code sampled from
the prior then decodes to a new image.

The two terms, reconstruction + KL, add up to -ELBO, an upper bound of -log p(x). A latent that is
not worth its KL falls back to the prior: it carries nothing and costs nothing.

    python -m demos vae                                         50 s on two cores
    python -m demos vae --preset reference --data mnist-10k     784-400-20, 30 epochs, 30 s
    python -m demos vae --preset long --data mnist              the same, 10 epochs, 1 min
    python -m demos vae --sample                                more images from what it trained

Expect 98 to 105 nats for the test images, over three seeds; the mean image, which needs no code,
costs 203. The KL of 16 to 22 is spread over 13 or 14 of the 16 latents, those with more than 0.1
nats. `reference` is the example that every framework ships: on mnist-10k it reaches 112.7 to 113.1
nats with a KL of 25.0 to 26.1, and PyTorch on the same images 113.6 and 25.4. `long` expects 105.6,
the published result of PyTorch's example on full MNIST; it has not been run here. Each test image
is measured with one eps, which over 2,000 images is accurate to a tenth of a nat.

For comparison, the same network is trained as a plain autoencoder. From codes sampled from N(0, 1)
it makes pale blots, but from a Gaussian fitted to its own codes, images about as good as the VAE's.

Auto-encoding variational Bayes (Kingma and Welling, 2014).
"""
import tinygen as tg
from demos.common.figures import plot_image_panels, plot_image_rows, tile
from demos.common.options import OWN_FILE, check_positive
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.common.sampling import sampler
from demos.tools.codes import in_batches
from demos.tools.images import check_images, numbered_rows
from demos.vaes.parts.elbo import evaluate, mean_image_nats
from demos.vaes.parts.figures import spread_over_classes
from demos.vaes.parts.vae_figures import plot_latents, plot_posteriors, plot_rebuilt, plot_terms
from models import autoencoder
from models.parts import interpolate_codes, noise
from models.vae import Config, ConvVAE, DenseVAE, elbo_terms, generate
from tinygen.backend import np, to_numpy, xp
from tinygen.data import IMAGES, load_images
from tinygen.optim import Adam

REFERENCE = dict(network="dense", latents=20, batch=128, lr=1e-3)
PRESETS = {
    "smoke": dict(steps=2),
    "tour": dict(steps=300),
    "default": dict(steps=600, network="conv", latents=16, beta=1.0, batch=64, lr=2e-3),
    "reference": dict(REFERENCE, steps=30 * 62),  # 30 epochs of mnist-10k
    "long": dict(REFERENCE, steps=10 * 469),      # 10 epochs of mnist
}
# What a preset reaches on its data, in nats: lowest and highest -ELBO of the test images, and KL.
EXPECTED = {
    ("tour", "digits"): ((None, 135), (12, None)),
    ("default", "digits"): ((None, 112), (13, None)),
    ("reference", "mnist-10k"): ((112.1, 115.1), (23.5, 27)),
    ("long", "mnist"): ((104.1, 107.1), (23, 28)),
}
NETWORKS = {"conv": ConvVAE, "dense": DenseVAE}
EVALUATIONS = 12  # on test images, during training
PAIRS = 6         # of images in the animation
FRAMES, HELD = 16, 8  # of the animation: from one image to the other, and extra at the turn


@demo(PRESETS, data=(*IMAGES, OWN_FILE), loops=lambda cfg: [cfg.steps, cfg.steps / 2])
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_settings(cfg, images)
    x_train, x_test = images.x_train, images.x_test
    config = Config(cfg.latents, x_train.shape[2], x_train.shape[1], beta=cfg.beta)

    vae = NETWORKS[cfg.network](config, rng=run.rng)
    optimizer = Adam(vae.parameters(), lr=cfg.lr)
    for step in run.steps("VAE", model=vae, optimizer=optimizer):
        x = xp.asarray(x_train[epoch_batch(step, cfg.batch, len(x_train), run.seed)])
        reconstruction, kl = elbo_terms(vae, x, noise(len(x), cfg.latents, rng=run.rng))
        loss = reconstruction + cfg.beta * kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(reconstruction=reconstruction, kl=kl)
        if (step + 1) % max(1, cfg.steps // EVALUATIONS) == 0:
            test = evaluate(vae, x_test[:1000], rng=run.rng)
            run.log(test_reconstruction=test.reconstruction, test_kl=test.kl)

    # Without noise and without the KL, the same network is a plain autoencoder. Half the steps are
    # enough for it.
    plain = NETWORKS[cfg.network](config, rng=run.rng)
    optimizer = Adam(plain.parameters(), lr=cfg.lr)
    for step in run.steps("autoencoder", total=-(-cfg.steps // 2), model=plain,
                          optimizer=optimizer):
        x = xp.asarray(x_train[epoch_batch(step, cfg.batch, len(x_train), run.seed)])
        loss, _ = elbo_terms(plain, x, xp.zeros((len(x), cfg.latents), x.dtype))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(reconstruction=loss)

    run.save_model(vae)
    test = evaluate(vae, x_test, rng=run.rng)
    train = evaluate(vae, x_train[:len(x_test)], rng=run.rng)
    codes = {"VAE": test.sample_codes(run.rng),
             "autoencoder": in_batches(lambda x: plain.encode(x)[0], x_test)}
    without_code = mean_image_nats(x_train, x_test)
    measure(run, test, train, codes, without_code)
    show(run, vae, plain, images, test, codes, without_code)


def measure(run, test, train, codes, without_code):
    """The numbers, judged only if the run is a preset's own, on that preset's data."""
    key = (run.preset, run.data) if run.is_preset else None
    (low, high), (kl_low, kl_high) = EXPECTED.get(key, ((None, None), (None, None)))
    run.measure("-ELBO of the test images, nats", test.negative, at_least=low, at_most=high,
                baseline=("the mean image", without_code))
    run.measure("KL of the test images", test.kl, at_least=kl_low, at_most=kl_high)
    run.measure("reconstruction of the test images", test.reconstruction)
    run.measure("-ELBO of as many training images", train.negative)
    run.measure(f"active latents, of {len(test.per_latent)}", test.active.sum())
    spread = {name: float(np.sqrt((z ** 2).mean())) for name, z in codes.items()}
    run.measure("spread of the codes, rms (prior: 1)", spread["VAE"],
                baseline=("autoencoder", spread["autoencoder"]))


def show(run, vae, plain, images, test, codes, without_code):
    x, y = images.x_test, images.y_test
    z = noise(80, len(test.per_latent), rng=run.rng)  # the same codes for both
    fitted = autoencoder.sample(plain, codes["autoencoder"], len(z),
                                rng=np.random.default_rng(run.seed))
    new = {"VAE, codes from N(0, 1)": generate(vae, z),
           "plain autoencoder, N(0, 1)": generate(plain, z),
           "plain autoencoder, a Gaussian of its own": tg.sigmoid(fitted)}
    run.save_figure(plot_image_panels(new, columns=8), "samples",
                    "New images from sampled codes. Nothing told the plain autoencoder where to "
                    "put its codes, and near the origin, where N(0, 1) samples, there are few: "
                    "its images are pale. A Gaussian with the mean and covariance of its own codes "
                    "(right) mends that, and its images are about as good as the VAE's. So they "
                    "failed by the place and scale of the codes; the VAE is trained to put them "
                    "where the prior is, and needs no fit.")
    run.save_figure(plot_terms(run.history["VAE"], without_code), "elbo",
                    "-ELBO and its two terms, for training batches (lines) and for test images "
                    "(dots). At first the decoder learns the mean image, with nothing in the code; "
                    "then the KL rises, as long as each nat of it saves more than one nat of "
                    "reconstruction.")
    shown = spread_over_classes(y, 12)
    run.save_figure(plot_rebuilt(vae, plain, x[shown], run.rng), "rebuilt",
                    "Test images, reconstructed from the mean of q(z|x) and from samples of it: "
                    "where the samples differ, the code leaves things open. The last row is the "
                    "plain autoencoder, which pays nothing for its codes, after half as many "
                    "steps.")
    run.save_figure(plot_latents(vae, test, x[shown[4]]), "latents",
                    "KL of each latent, the largest first, and how one image changes when this "
                    "latent alone goes from -3 to 3. A latent with almost no KL says the same of "
                    "every image, and the decoder ignores it.")
    run.save_figure(plot_posteriors(test, codes, y), "posterior",
                    "Codes of test images in their two most informative directions; circles hold "
                    "50, 90 and 99 % of the prior, and each class is named at its centroid. Black "
                    "ellipses are q(z|x) of single images, at one standard deviation; over all "
                    "images they fill the prior. Right, on its own scale, the plain autoencoder: "
                    "most of its codes lie outside the circle that holds 99 % of the prior.")
    ends = spread_over_classes(y, 2 * PAIRS)
    run.save_animation(interpolation_frames(vae, test.mean[ends], x[ends]), "between",
                       "Between pairs of test images and back. Top: along the line between their "
                       "codes. Bottom: a cross-fade of the pixels.", enlarge=3)


@sampler(main, count=80)
def sample(run):
    """New images from a VAE that is trained already.

    Codes are sampled from N(0, 1) and decoded. Another seed gives other images.

        python -m demos vae --sample --count 200 --seed 1
    """
    check_positive(run.settings, "count")
    vae = run.load_model(lambda config, cfg: NETWORKS[cfg.network](Config(**config), rng=run.rng))
    z = noise(run.settings.count, vae.config.latent_size, rng=run.rng)
    run.save_figure(plot_image_rows(numbered_rows(generate(vae, z))), "samples",
                    "Images decoded from codes that were sampled from N(0, 1).")


def interpolation_frames(vae, mean, x):
    """Frames from one image to another and back: codes interpolated above, pixels below.

    mean (2n, latent_size), x (2n, C, H, W): the first n are the starts of n lines, the last n
    their ends.
    """
    pairs = len(x) // 2
    z, faded = (interpolate_codes(xp.asarray(ends[:pairs]), xp.asarray(ends[pairs:]), FRAMES)
                for ends in (mean, x))  # (frames, n, ...)
    decoded = to_numpy(generate(vae, z.reshape(FRAMES * pairs, -1))).reshape(faded.shape)
    there = [tile(np.concatenate(rows), columns=pairs) for rows in zip(decoded, to_numpy(faded))]
    return there + HELD * there[-1:] + there[::-1]


def check_settings(cfg, images):
    check_images(images, cfg.batch)
    if cfg.network not in NETWORKS:
        raise ValueError(f"--network is one of {', '.join(NETWORKS)}; got {cfg.network!r}")

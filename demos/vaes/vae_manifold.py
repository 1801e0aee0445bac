"""A VAE with two latents: everything that it can generate, on one sheet.

With two numbers a code is a point of the plane, and the decoder makes the plane a map of images: a
surface, or manifold, of two dimensions among all images. The sheet crosses it in steps of equal
probability, with coordinates z = F⁻¹(u) for u = 1/40, 3/40 ... 39/40, where F is the normal
distribution's CDF: each of its 20 x 20 images stands for 1/400 of the prior N(0, 1). Digits form
regions by shape, though the model never saw a label, and along the borders one turns into another.
Two numbers are few: what they cannot encode, the decoder has to average over.

    python -m demos vae_manifold                         45 s on two cores
    python -m demos vae_manifold --data mnist-10k        the same

Expect 148 to 151 nats for a test image, where the mean image costs 203 and 16 latents reach 108 in
a quarter of the steps. For more than half of the codes the nearest neighbour has the same class;
by chance it would be 1 in 10. Only 33 to 39 % of the codes lie in the circle that holds half of the
prior: to say more, they stretch beyond it, so parts of the sheet correspond to no image.

Auto-encoding variational Bayes (Kingma and Welling, 2014), figure 4.
"""
from statistics import NormalDist

from demos.common.figures import new_figure, plot_image_rows, scatter_classes, tile
from demos.common.options import OWN_FILE
from demos.common.resume import Snapshots, epoch_batch
from demos.common.run import demo
from demos.tools.images import check_images
from demos.vaes.parts.elbo import evaluate, mean_image_nats, nearest_agrees
from demos.vaes.parts.figures import plot_prior_circles, prior_radius, spread_over_classes
from models import vae
from models.parts import noise
from models.vae import Config, DenseVAE, generate, reconstruct
from tinygen.backend import np, xp
from tinygen.data import IMAGES, load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=2, side=6),
    "default": dict(steps=3000, batch=128, lr=3e-3, beta=1.0, side=20),
    "long": dict(steps=15000),
}
MARKED = (-2, -1, -0.5, 0, 0.5, 1, 2)  # values of z on the axes of the sheet
FRAMES, FRAME_SIDE = 36, 12  # of the animation: how many, and images along the side of each


@demo(PRESETS, data=(*IMAGES, OWN_FILE), loops=lambda cfg: [cfg.steps, cfg.steps / 4])
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_images(images, cfg.batch)
    grid, frame_grid = prior_grid(cfg.side), prior_grid(FRAME_SIDE)
    x_train, x_test = images.x_train, images.x_test

    models, frames = {}, Snapshots()
    moments = set(np.geomspace(1, cfg.steps, FRAMES).astype(int) - 1)  # most happens early
    for latents, steps in ((2, cfg.steps), (16, -(-cfg.steps // 4))):  # 16 for comparison
        config = Config(latents, x_train.shape[2], x_train.shape[1], beta=cfg.beta)
        model = models[latents] = DenseVAE(config, rng=run.rng)
        optimizer = Adam(model.parameters(), lr=cfg.lr)
        for step in run.steps(f"{latents} latents", total=steps, model=model, optimizer=optimizer,
                              frames=frames):
            optimizer.lr = cfg.lr * warmup_cosine(step, warmup=0, total=steps)
            x = xp.asarray(x_train[epoch_batch(step, cfg.batch, len(x_train), run.seed)])
            loss = vae.loss(model, x, noise(len(x), latents, rng=run.rng))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log(loss=loss)
            if latents == 2 and step in moments:
                frames.add(step, generate(model, frame_grid))

    test = {latents: evaluate(model, x_test, rng=run.rng) for latents, model in models.items()}
    codes = test[2].sample_codes(run.rng)
    measure(run, images, test, codes)
    show(run, models, images, grid, codes, frames)


def measure(run, images, test, codes):
    y = images.y_test
    run.measure("-ELBO with 2 latents, nats", test[2].negative, at_most=156,
                baseline=("the mean image", mean_image_nats(images.x_train, images.x_test)))
    run.measure("-ELBO with 16, in a quarter of the steps", test[16].negative,
                at_most=test[2].negative, baseline=("2 latents", test[2].negative))
    run.measure("KL of 2 latents", test[2].kl, baseline=("16 latents", test[16].kl))
    _, counts = np.unique(y, return_counts=True)
    run.measure("nearest code has the same class", nearest_agrees(test[2].mean, y),
                baseline=("chance", float(((counts / len(y)) ** 2).sum())))
    inside = np.hypot(*codes.T) < prior_radius(0.5)
    run.measure("share of codes in the circle that holds half of the prior", inside.mean())


def show(run, models, images, grid, codes, frames):
    side = run.settings.side
    run.save_figure(plot_manifold(generate(models[2], grid)), "manifold",
                    f"What the decoder makes of {side} x {side} points of the plane, in steps of "
                    "equal prior probability: everything that this model can generate.")
    run.save_figure(plot_codes(codes, images.y_test), "codes",
                    "Test images as points of the plane, one sample from each q(z|x), coloured by "
                    "class, each class named at its centroid. Left with circles that hold 50, 90 "
                    "and 99 % of the prior; right mapped by the normal CDF to the sheet's "
                    "coordinates, in which the prior is uniform. Gaps are codes that the prior "
                    "generates but no image has.")
    shown = spread_over_classes(images.y_test, 12)
    run.save_figure(plot_rebuilt(models, images.x_test[shown]), "rebuilt",
                    "Test images reconstructed from 2 numbers and from 16.")
    run.save_animation((tile(samples, FRAME_SIDE, gap=0) for _, samples in frames), "unfolding",
                       "The sheet during training. It starts as the same image everywhere, the "
                       "mean of all, and unfolds from there.", seconds=0.2)


def plot_manifold(images):
    """Images (N, C, H, W) decoded from the codes of `prior_grid`, as one sheet."""
    side = round(len(images) ** 0.5)
    figure, axes = new_figure(width=8, height=8)
    axes.imshow(tile(images, side, gap=0), extent=(0, side, 0, side), interpolation="antialiased")
    axes.grid(False)
    ticks = side * normal_cdf(MARKED)
    axes.set_xticks(ticks, MARKED)
    axes.set_yticks(ticks, MARKED)
    axes.set(xlabel="z0, in steps of equal probability", ylabel="z1, in steps of equal probability")
    return figure


def plot_codes(z, y):
    """Codes (N, 2) by class y, in the plane with the prior's circles and through the normal CDF."""
    figure, (plane, square) = new_figure(1, 2, width=12, height=5.6)
    scatter_classes(plane, z, y)
    scatter_classes(square, normal_cdf(z), y)
    plot_prior_circles(plane)
    plane.set(title="codes", xlabel="z0", ylabel="z1", aspect="equal")
    square.set(title="the same, in the sheet's coordinates", xlabel="share of the prior below z0",
               ylabel="share of the prior below z1", aspect="equal", xlim=(-0.02, 1.02),
               ylim=(-0.02, 1.02))
    return figure


def plot_rebuilt(models, x):
    """Rows of images: originals, and reconstructions by each of `models`: latents -> VAE."""
    return plot_image_rows({"original": x, **{f"{size} latents": reconstruct(model, xp.asarray(x))
                                              for size, model in models.items()}})


def prior_grid(side):
    """Codes on a sheet, each at the centre of a cell of equal probability under N(0, 1).

    -> (side·side, 2) by rows: the first number grows to the right, the second upwards. Raises
    ValueError unless side is at least 1.
    """
    if side < 1:
        raise ValueError(f"--side, the number of images along the sheet, is at least 1; got {side}")
    z = [NormalDist().inv_cdf((i + 0.5) / side) for i in range(side)]
    across, up = np.meshgrid(z, z[::-1])
    return xp.asarray(np.stack([across.ravel(), up.ravel()], axis=1).astype(np.float32))


def normal_cdf(z):
    return np.vectorize(NormalDist().cdf)(z)

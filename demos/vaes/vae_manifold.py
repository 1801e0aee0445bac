"""Two latents: all that a VAE can draw, on one sheet.

With two numbers a code is a point of the plane, and the decoder makes the plane a map of images: a
surface, or manifold, of two dimensions among all images. The sheet walks over it in steps of equal
probability, with coordinates z = F⁻¹(u) for u = 1/40, 3/40 ... 39/40, F the normal distribution's
CDF, so that each of its 20 x 20 images stands for 1/400 of what the prior N(0, 1) draws. Digits get
regions by their shape, though no label was ever shown, and along the borders one turns into
another. Two numbers are few: what they can't tell, the decoder has to average.

    python -m demos vae_manifold                         45 s on two cores
    python -m demos vae_manifold --data mnist-10k        the same

Expect 148 to 151 nats for a test image, where the mean image costs 203, and 16 latents, after a
quarter of the steps, 108. Next to more than half of the codes lies one of the same class; by chance
it is 1 in 10. Only 33 to 39 % of the codes are in the circle that holds half of the prior: they are
stretched beyond it to tell more, so the sheet has places that no image comes from.

Auto-encoding variational Bayes (Kingma and Welling, 2014), figure 4.
"""
from statistics import NormalDist

from demos.common.figures import tile
from demos.common.options import OWN_FILE
from demos.common.resume import Snapshots, epoch_batch
from demos.common.run import demo
from demos.tools.images import check_images
from demos.vaes.parts import figures as draw
from demos.vaes.parts.elbo import evaluate, mean_image_nats, nearest_agrees
from models.parts import noise
from models.vae import Config, DenseVAE, generate, loss
from tinygen.backend import np, xp
from tinygen.data import IMAGES, load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=2, side=6),
    "default": dict(steps=3000, batch=128, lr=3e-3, beta=1.0, side=20),
    "long": dict(steps=15000),
}
FRAMES, FRAME_SIDE = 36, 12  # of the animation: how many, and images along the side of each


@demo(PRESETS, data=(*IMAGES, OWN_FILE))
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_images(images, cfg.batch)
    grid, frame_grid = prior_grid(cfg.side), prior_grid(FRAME_SIDE)
    x_train, x_test, y_test = images.x_train, images.x_test, images.y_test

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
            cost = loss(model, x, noise(len(x), latents, rng=run.rng))
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            run.log(loss=cost)
            if latents == 2 and step in moments:
                frames.add(step, generate(model, frame_grid))

    test = {latents: evaluate(model, x_test, rng=run.rng) for latents, model in models.items()}
    codes = test[2].draw(run.rng)
    run.measure("-ELBO with 2 latents, nats", test[2].negative, at_most=156,
                baseline=("the mean image", mean_image_nats(x_train, x_test)))
    run.measure("-ELBO with 16, in a quarter of the steps", test[16].negative,
                at_most=test[2].negative, baseline=("2 latents", test[2].negative))
    run.measure("KL of 2 latents", test[2].kl, baseline=("16 latents", test[16].kl))
    classes, counts = np.unique(y_test, return_counts=True)
    run.measure("nearest code is of the same class", nearest_agrees(test[2].mean, y_test),
                baseline=("chance", float(((counts / len(y_test)) ** 2).sum())))
    radius = np.hypot(*codes.T)
    run.measure("codes in the circle of half the prior", (radius < draw.prior_radius(0.5)).mean())

    run.save_figure(draw.manifold(generate(models[2], grid), grid), "manifold",
                    f"What the decoder draws at {cfg.side} x {cfg.side} points of the plane, in "
                    "steps of equal prior probability: the whole of this model's imagination.")
    run.save_figure(draw.scatter(codes, y_test), "codes",
                    "Test images as points of the plane, one draw from each q(z|x), by class. Left "
                    "with circles that hold 50, 90 and 99 % of the prior; right through the normal "
                    "CDF, the coordinates of the sheet, where the prior is uniform. Gaps are codes "
                    "that the prior draws and no image has.")
    shown = draw.spread_over_classes(y_test, 12)
    run.save_figure(draw.by_size(models, x_test[shown]), "rebuilt",
                    "Test images rebuilt from 2 numbers and from 16.")
    run.save_animation((tile(drawn, FRAME_SIDE, gap=0) for _, drawn in frames), "unfolding",
                       "The sheet during training. It starts as one image everywhere, the mean of "
                       "all, and unfolds from there.", seconds=0.2)


def prior_grid(side):
    """Codes on a sheet, each the middle of a cell of the same probability under N(0, 1).

    -> (side·side, 2) by rows: the first number rises to the right, the second one upwards
    """
    if side < 1:
        raise ValueError(f"--side is the number of images along the sheet, from 1; got {side}")
    z = [NormalDist().inv_cdf((i + 0.5) / side) for i in range(side)]
    across, up = np.meshgrid(z, z[::-1])
    return xp.asarray(np.stack([across.ravel(), up.ravel()], axis=1).astype(np.float32))

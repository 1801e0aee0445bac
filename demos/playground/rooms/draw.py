"""Draw: what the models make of a drawing.

The page sends the pen's strokes, gets an image, and asks with that image for all the rest.
"""
import tinygen as tg
from demos.autoencoders.denoise import add_noise, best_blur
from demos.playground.drawing import PAD_EXAMPLES, answer_pads
from demos.playground.fields import as_bytes, as_numbers, image, number, optional, whole
from demos.playground.room import Room
from demos.tools.nearest import neighbours
from models import vae
from tinygen.backend import np, to_numpy, xp

ROOM = Room("draw", "Draw", needs=("autoencoder", "vae", "vae_manifold"))
NEAREST = 6
answer_pads(ROOM)


@ROOM.answers()
def about(models):
    """What does not depend on the drawing: the map, and the spread of the codes."""
    codes, means = models["autoencoder"].codes, models["vae_manifold"].means
    return {"means": as_numbers(means), "classes": models.images.y_test[:len(means)].tolist(),
            "middle": as_numbers(codes.mean(axis=0)), "spread": as_numbers(codes.std(axis=0)),
            "latents": models["vae"].model.config.latent_size}


@ROOM.answers(pixels=image(28))
def look(models, pixels):
    """The code, what three models rebuild, and where the image lies on the map."""
    x, pca = xp.asarray(pixels), models.data.pca
    with tg.no_grad():
        code = models["autoencoder"].model.encode(x)
        mean, logvar = models["vae_manifold"].model.encode(x)
        rebuilt = {"autoencoder": to_numpy(models["autoencoder"].model.decode(code)),
                   "PCA": pca.decode(pca.encode(pixels, code.shape[1])),
                   "VAE": to_numpy(vae.reconstruct(models["vae"].model, x))}
    return {"code": as_numbers(code[0]),
            "images": as_bytes(np.concatenate(list(rebuilt.values()))),
            "errors": [float(((again - pixels) ** 2).mean()) for again in rebuilt.values()],
            "mean": as_numbers(mean[0]), "deviation": as_numbers(xp.exp(0.5 * logvar.data[0]))}


@ROOM.answers(pixels=image(28))
def similar(models, pixels):
    """The nearest training images, by the autoencoder's code and by pixels."""
    with tg.no_grad():
        code = to_numpy(models["autoencoder"].model.encode(xp.asarray(pixels)))
    count = min(NEAREST, len(models.data.searched))
    found = {"code": neighbours(code, models["autoencoder"].codes, count)[0],
             "pixels": models.data.by_pixels.of(pixels, count)[0]}
    return {name: {"images": as_bytes(models.data.searched[rows, 0]),
                   "classes": models.images.y_train[rows].tolist()}
            for name, rows in found.items()}


@ROOM.answers(pixels=image(28), of=optional(whole(0, 15)))
def heat(models, pixels, of):
    """How much each pixel matters: the gradient, by the pixels, of number `of` of the code.

    None: of -ELBO, the VAE's cost of the image in nats, with the code at its mean.
    """
    x = tg.Tensor(xp.asarray(pixels))
    if of is None:
        network = models["vae"].model
        reconstruction, kl = vae.elbo_terms(
            network, x, xp.zeros((1, network.config.latent_size), x.dtype))
        y = reconstruction + kl
    else:
        y = models["autoencoder"].model.encode(x)[0, of]
    return {"value": y.item(), "gradient": as_numbers(tg.grad(y, x)[0, 0])}


@ROOM.answers(pixels=image(28), noise=number(0, 1), seed=whole(0, 1_000_000))
def denoise(models, pixels, noise, seed):
    """The image under noise, and what the denoiser and the best blur make of that."""
    denoiser = models["denoise"]
    noisy = add_noise(pixels, noise, np.random.default_rng(seed))
    with tg.no_grad():
        denoised = to_numpy(denoiser.model(xp.asarray(noisy)))
    shown = {"noisy": noisy, "denoised": denoised, "best blur": best_blur(noisy, pixels)[0]}
    return {"images": as_bytes(np.concatenate(list(shown.values()))),
            "errors": [float(((each - pixels) ** 2).mean()) for each in shown.values()],
            "trained": denoiser.settings.noise}


@ROOM.sends
def examples(models):
    pixels = as_bytes(models.images.x_test[0])["data"]
    return [("about", {}),
            *PAD_EXAMPLES,
            ("look", {"pixels": pixels}),
            ("similar", {"pixels": pixels}),
            ("heat", {"pixels": pixels, "of": 3}),
            ("denoise", {"pixels": pixels, "noise": 0.5, "seed": 1})]

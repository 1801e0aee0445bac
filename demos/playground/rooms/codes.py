"""Code space: what the decoders make of codes that no image was ever encoded to."""
from demos.playground.drawing import PAD_EXAMPLES, answer_pads
from demos.playground.fields import as_bytes, as_numbers, image, list_of, number
from demos.playground.room import Room
from models.parts import interpolate_codes, noise
from models.vae import generate
from tinygen import no_grad
from tinygen.backend import np, to_numpy, xp

ROOM = Room("codes", "Code space", needs=("vae_manifold", "vae"))
EDGE = 3.5   # of the plane, and of the sliders
SHEET = 17   # images along the side of the plane
STEPS = 9    # images on the way from one drawing to another
answer_pads(ROOM)


# ---- the plane ----

@ROOM.answers()
def plane(models):
    """The plane of two latents as a sheet of images, row by row from the top, and the codes on it.
    """
    z = np.linspace(-EDGE, EDGE, SHEET, dtype=np.float32)
    across, up = np.meshgrid(z, z[::-1])
    codes = xp.asarray(np.stack([across.ravel(), up.ravel()], axis=1))
    means = models["vae_manifold"].means
    return {"edge": EDGE, "side": SHEET,
            "sheet": as_bytes(generate(models["vae_manifold"].model, codes)[:, 0]),
            "means": as_numbers(means), "classes": models.images.y_test[:len(means)].tolist()}


@ROOM.answers(z=list_of(number(-6, 6), least=2, most=2))
def point(models, z):
    """What the decoder draws at a point of the plane."""
    code = xp.asarray(np.array([z], np.float32))
    return {"image": as_bytes(generate(models["vae_manifold"].model, code)[0, 0])}


# ---- a slider for each latent ----

@ROOM.answers()
def latents(models):
    """The latents, the most telling first: their numbers, and their KL in nats."""
    kl = models["vae"].kl
    order = np.argsort(-kl)
    return {"order": order.tolist(), "kl": kl[order].tolist(), "edge": EDGE}


@ROOM.answers(z=list_of(number(-6, 6), least=1, most=64))
def decode(models, z):
    """The image of a code, and what it becomes with each latent at the one and the other end."""
    network = models["vae"].model
    size = network.config.latent_size
    if len(z) != size:
        raise ValueError(f"a code has {size} numbers, got {len(z)}")
    codes = np.tile(np.array(z, np.float32), (1 + 2 * size, 1))
    latent = np.arange(size)
    codes[1 + 2 * latent, latent], codes[2 + 2 * latent, latent] = -EDGE, EDGE
    return {"images": as_bytes(generate(network, xp.asarray(codes))[:, 0])}


@ROOM.answers(seed=number(0, 2 ** 31))
def sample(models, seed):
    """A code from the prior, N(0, 1)."""
    size = models["vae"].model.config.latent_size
    return {"z": to_numpy(noise(1, size, rng=np.random.default_rng(int(seed))))[0].tolist()}


# ---- the way between two drawings ----

@ROOM.answers(first=image(28), second=image(28), t=number(0, 1))
def way(models, first, second, t):
    """From one image to the other, along the line between their codes and by fading the pixels."""
    network = models["vae"].model
    with no_grad():
        mean, _ = network.encode(xp.asarray(np.concatenate([first, second])))
    start, end = mean.data
    here = (1 - t) * start + t * end
    codes = xp.concatenate([interpolate_codes(start, end, STEPS), here[None]])
    weight = np.append(np.linspace(0, 1, STEPS), t)[:, None, None, None]
    return {"z": to_numpy(here).tolist(),
            "codes": as_bytes(generate(network, codes)[:, 0]),
            "pixels": as_bytes(((1 - weight) * first + weight * second)[:, 0])}


@ROOM.sends
def examples(models):
    first, second = (as_bytes(models.images.x_test[i])["data"] for i in (0, 1))
    size = models["vae"].model.config.latent_size
    return [("plane", {}), ("point", {"z": [0.5, -1.25]}), ("latents", {}),
            ("decode", {"z": [0.1] * size}), ("sample", {"seed": 5}), *PAD_EXAMPLES,
            ("way", {"first": first, "second": second, "t": 0.3})]

"""Code space: what the decoders make of codes that no image was ever encoded to."""
from demos.playground.fields import as_bytes, list_of, number
from demos.playground.room import Room
from models.vae import generate
from tinygen.backend import np, xp

ROOM = Room("codes", "Code space", needs=("vae_manifold", "vae"))


@ROOM.answers(z=list_of(number(-6, 6), most=2, least=2))
def point(models, z):
    """What the VAE with two latents draws at a point of the plane."""
    code = xp.asarray(np.array([z], np.float32))
    return {"image": as_bytes(generate(models["vae_manifold"].model, code)[0, 0])}


@ROOM.sends
def examples(models):
    return [("point", {"z": [0.5, -1.25]})]

"""From a seed comes what always came from it: a model's weights, and what it then computes.

A changed size, scale, slope or order of layers changes these numbers, and with them all results.
"""
import pytest

import tinygen as tg
from models import autoencoder, gan, gpt, transformer, vae
from models.parts import noise
from tinygen.backend import np, to_numpy, xp

IMAGES, LABELS = np.random.default_rng(1).random((4, 1, 8, 8), "float32"), np.array([0, 2, 1, 2])
IDS = np.random.default_rng(2).integers(1, 9, (3, 6))
AE = autoencoder.Config(code_size=3, size=8)
VAE = vae.Config(latent_size=3, size=8, classes=3, beta=2.0)
GAN = gan.Config(latent_size=3, shape=(1, 8, 8), classes=3, pack=2, minibatch_features=2)
NORMED = gan.Config(latent_size=3, shape=(1, 8, 8), batch_norm=True)
POINTS = gan.Config(latent_size=3, shape=(2,), spectral_norm=True)


def ae(kind, *sizes):
    model = kind(AE, *sizes, rng=np.random.default_rng(0))
    return [model], lambda: autoencoder.loss(model, xp.asarray(IMAGES))


def the_vae(kind, *sizes):
    model = kind(VAE, *sizes, rng=np.random.default_rng(0))
    eps = noise(4, 3, rng=np.random.default_rng(3))
    return [model], lambda: vae.loss(model, xp.asarray(IMAGES), eps, LABELS)


def players(generator, discriminator, config, *settings):
    """Both players, and the sum of their losses, with the penalty where there may be one."""
    rng = np.random.default_rng(0)
    g, d = (kind(config, *settings, rng=rng) for kind in (generator, discriminator))
    y = LABELS if config.classes else None
    real = xp.asarray(IMAGES if len(config.shape) == 3 else IMAGES[:, 0, 0, :2])
    z = noise(4, 3, rng=rng)

    def compute():
        fake = g(z, y)
        loss = gan.discriminator_loss(d(real, y), d(fake, y)) + gan.non_saturating_loss(d(fake, y))
        if config.minibatch_features or config.batch_norm:
            return loss
        return loss + gan.gradient_penalty(d, real, fake.data, y, rng=np.random.default_rng(5))
    return [g, d], compute


def the_gpt(**settings):
    config = gpt.Config(9, block_size=6, n_layer=2, n_head=2, n_embd=4, **settings)
    model = gpt.GPT(config, rng=np.random.default_rng(0))
    return [model], lambda: gpt.loss(model, xp.asarray(IDS), xp.asarray(IDS))


def the_transformer():
    config = transformer.Config(9, 9, max_length=8, n_layer=2, n_head=2, n_embd=4)
    model = transformer.Transformer(config, rng=np.random.default_rng(0))
    return [model], lambda: transformer.loss(model, xp.asarray(IDS),
                                             xp.asarray(IDS[:, ::-1].copy()))


# what is made; the norm of all weights, the loss and the norm of its gradient, and both of these
# with other weights
SEEDED = [
    (ae, (autoencoder.DenseAutoencoder, (5, 4)), {},
     (16.9154, 0.231177, 0.0117226, 0.226771, 0.0127542)),
    (ae, (autoencoder.ConvAutoencoder, (2, 3), 5), {},
     (4.30004, 0.242237, 0.0771422, 0.258864, 0.0698445)),
    (ae, (autoencoder.PoolAutoencoder, (3, 2)), {},
     (2.80805, 0.23643, 0.0804881, 0.187746, 0.156672)),
    (the_vae, (vae.DenseVAE, 5), {},
     (16.8807, 73.9852, 5.63552, 81.697, 23.4297)),
    (the_vae, (vae.ConvVAE, (2, 3), 5), {},
     (4.31904, 77.5029, 25.9358, 80.5639, 33.1617)),
    (players, (gan.MLPGenerator, gan.MLPDiscriminator, GAN, (5, 4)), {},
     (17.2468, 2.13207, 1.21944, 2.06407, 1.64119)),
    (players, (gan.DCGenerator, gan.DCDiscriminator, GAN, (3, 2), 4), {},
     (6.57712, 2.16671, 1.0349, 2.35786, 2.38699)),
    (players, (gan.DCGenerator, gan.DCDiscriminator, NORMED, (3, 2)), {},
     (4.44156, 1.89801, 1.59553, 1.97752, 0.508928)),
    (players, (gan.MLPGenerator, gan.MLPDiscriminator, POINTS, (5, 4)), {},
     (3.1433, 2.73571, 0.778368, 2.77599, 1.17725)),
    (the_gpt, (), {},
     (4.48507, 2.19576, 0.899878, 2.54322, 0.954999)),
    (the_gpt, (), {"dropout": 0.5, "bias": False, "tied": True},
     (4.48532, 2.1782, 0.661958, 2.40039, 2.36203)),
    (the_transformer, (), {},
     (6.95101, 2.18911, 3.1077, 2.62546, 2.07442)),
]


@pytest.mark.parametrize("make, arguments, settings, expected", SEEDED)
def test_a_seed_gives_the_same_as_ever(make, arguments, settings, expected):
    models, compute = make(*arguments, **settings)
    parameters = [p for model in models for p in model.parameters()]

    def norm(arrays):
        return np.sqrt(sum((to_numpy(a).astype(float) ** 2).sum() for a in arrays))

    def loss_and_gradient():
        loss = compute()
        return loss.item(), norm(tg.grad(loss, parameters))
    found, rng = [norm(parameters), *loss_and_gradient()], np.random.default_rng(6)
    for p in parameters:  # out of the calm in which training starts
        p.data = p.data + xp.asarray(rng.normal(0, 0.3, p.shape).astype("float32"))
    found += loss_and_gradient()
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_seed_gives_the_same_text_as_ever():
    (model,), _ = the_gpt()
    for p in model.parameters():
        p.data *= 8
    text = np.concatenate([
        np.stack(list(gpt.generate(model, xp.asarray(IDS[:, :2]), 6, rng=np.random.default_rng(4),
                                   **settings)))
        for settings in ({}, {"temperature": 0.7, "top_k": 4}, {"top_p": 0.6})])
    assert text.T.tolist() == [
        [0, 3, 3, 3, 2, 2, 0, 3, 3, 3, 2, 2, 3, 0, 3, 3, 2, 8],
        [3, 8, 8, 6, 1, 7, 3, 4, 2, 0, 1, 4, 3, 4, 2, 3, 2, 3],
        [6, 8, 6, 8, 6, 4, 0, 3, 0, 3, 1, 1, 3, 0, 3, 3, 8, 2]]

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
POINTS = gan.Config(latent_size=3, shape=(2,), spectral_norm=True)


def ae(kind, *sizes):
    model = kind(AE, *sizes, rng=np.random.default_rng(0))
    return [model], autoencoder.loss(model, xp.asarray(IMAGES))


def the_vae(kind, *sizes):
    model = kind(VAE, *sizes, rng=np.random.default_rng(0))
    eps = noise(4, 3, rng=np.random.default_rng(3))
    return [model], vae.loss(model, xp.asarray(IMAGES), eps, LABELS)


def players(generator, discriminator, config, *settings):
    """Both players, and the sum of their losses, with the penalty where there may be one."""
    rng = np.random.default_rng(0)
    g, d = (kind(config, *settings, rng=rng) for kind in (generator, discriminator))
    y = LABELS if config.classes else None
    real = xp.asarray(IMAGES if len(config.shape) == 3 else IMAGES[:, 0, 0, :2])
    fake = g(noise(4, 3, rng=rng), y)
    loss = gan.discriminator_loss(d(real, y), d(fake, y)) + gan.non_saturating_loss(d(fake, y))
    if not config.minibatch_features:
        loss = loss + gan.gradient_penalty(d, real, fake.data, y, rng=rng)
    return [g, d], loss


def the_gpt(**settings):
    config = gpt.Config(9, block_size=6, n_layer=2, n_head=2, n_embd=4, **settings)
    model = gpt.GPT(config, rng=np.random.default_rng(0))
    return [model], gpt.loss(model, xp.asarray(IDS), xp.asarray(IDS))


def the_transformer():
    config = transformer.Config(9, 9, max_length=8, n_layer=1, n_head=2, n_embd=4)
    model = transformer.Transformer(config, rng=np.random.default_rng(0))
    return [model], transformer.loss(model, xp.asarray(IDS), xp.asarray(IDS[:, ::-1].copy()))


# what is made; the norm of all weights, the loss, the norm of its gradient
SEEDED = [
    (ae, (autoencoder.DenseAutoencoder, (5, 4)), {}, (16.915, 0.23118, 0.011723)),
    (ae, (autoencoder.ConvAutoencoder, (2, 3), 5), {}, (4.3, 0.24224, 0.077142)),
    (ae, (autoencoder.PoolAutoencoder, (3, 2)), {}, (2.808, 0.23643, 0.080488)),
    (the_vae, (vae.DenseVAE, 5), {}, (16.881, 73.985, 5.6355)),
    (the_vae, (vae.ConvVAE, (2, 3), 5), {}, (4.319, 77.503, 25.936)),
    (players, (gan.MLPGenerator, gan.MLPDiscriminator, GAN, (5, 4)), {},
     (17.247, 2.1321, 1.2194)),
    (players, (gan.DCGenerator, gan.DCDiscriminator, GAN, (3, 2), 4), {},
     (6.5771, 2.1667, 1.0349)),
    (players, (gan.MLPGenerator, gan.MLPDiscriminator, POINTS, (5, 4)), {},
     (3.1433, 2.7357, 0.77837)),
    (the_gpt, (), {}, (4.4851, 2.1958, 0.89988)),
    (the_gpt, (), {"dropout": 0.5, "bias": False, "tied": True}, (4.4853, 2.1782, 0.66196)),
    (the_transformer, (), {}, (5.3082, 2.1807, 1.3311)),
]


@pytest.mark.parametrize("make, arguments, settings, expected", SEEDED)
def test_a_seed_gives_the_same_as_ever(make, arguments, settings, expected):
    models, loss = make(*arguments, **settings)
    parameters = [p for model in models for p in model.parameters()]
    gradients = tg.grad(loss, parameters)

    def norm(arrays):
        return np.sqrt(sum((to_numpy(a).astype(float) ** 2).sum() for a in arrays))
    found = norm(parameters), loss.item(), norm(gradients)
    assert found == pytest.approx(expected, rel=1e-3)


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

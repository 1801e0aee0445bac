"""Training at constant memory: reference counts alone free what a step has made."""
import gc
import tracemalloc

import pytest

import tinygen as tg
from models import autoencoder, gan, gpt, transformer, vae
from models.parts import noise
from tinygen.backend import backend_name, np, xp

IMAGES = np.random.default_rng(0).random((2, 1, 4, 4), dtype="float32")
IDS = np.array([[1, 2, 3, 4], [1, 4, 3, 0]])


def adam(model):
    return tg.optim.Adam(model.parameters(), lr=1e-3)


def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def autoencoders(kind, **sizes):
    def build(rng):
        model, x = kind(autoencoder.Config(2, size=4), rng=rng, **sizes), xp.asarray(IMAGES)
        optimizer = adam(model)
        return lambda: update(optimizer, autoencoder.loss(model, x))
    return build


def vaes(kind, **sizes):
    def build(rng):
        model, x = kind(vae.Config(2, size=4), rng=rng, **sizes), xp.asarray(IMAGES)
        optimizer = adam(model)
        return lambda: update(optimizer, vae.loss(model, x, noise(2, 2, rng=rng)))
    return build


def gans(rng):
    """A step of D, whose loss has the gradient penalty, and a step of G."""
    config, real = gan.Config(2, shape=(1, 4, 4)), xp.asarray(IMAGES)
    generator = gan.DCGenerator(config, (3, 2), rng=rng)
    discriminator = gan.DCDiscriminator(config, (2, 3), rng=rng)
    by_g, by_d = adam(generator), adam(discriminator)

    def step():
        fake = generator(noise(2, 2, rng=rng))
        update(by_d, gan.discriminator_loss(discriminator(real), discriminator(fake.data))
               + gan.gradient_penalty(discriminator, real, fake.data, rng=rng))
        update(by_g, gan.non_saturating_loss(discriminator(fake)))
    return step


def gpts(rng):
    """With dropout and clipped gradients."""
    model, ids = gpt.GPT(gpt.Config(5, 4, 1, 2, 4, dropout=0.1), rng=rng), xp.asarray(IDS)
    optimizer = adam(model)

    def step():
        loss = gpt.loss(model, ids, ids)
        optimizer.zero_grad()
        loss.backward()
        tg.optim.clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
    return step


def transformers(rng):
    model = transformer.Transformer(transformer.Config(5, 5, 4, 1, 2, 4), rng=rng)
    optimizer, ids = adam(model), xp.asarray(IDS)
    return lambda: update(optimizer, transformer.loss(model, ids, ids))


MODELS = {
    "dense autoencoder": autoencoders(autoencoder.DenseAutoencoder, hidden=(3, 2)),
    "conv autoencoder": autoencoders(autoencoder.ConvAutoencoder, channels=(2, 2), hidden=3),
    "pool autoencoder": autoencoders(autoencoder.PoolAutoencoder, channels=(2, 2)),
    "dense VAE": vaes(vae.DenseVAE, hidden=3),
    "conv VAE": vaes(vae.ConvVAE, channels=(2, 2), hidden=3),
    "GAN": gans, "GPT": gpts, "Transformer": transformers,
}


def memory_after(step, count):
    """Bytes in use after so many steps; what the collector could still free counts as an error."""
    for _ in range(count):
        step()
    assert gc.collect() == 0  # it also empties Python's lists of small objects kept for reuse
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.parametrize("steps", [30, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("model", MODELS)
def test_memory_is_constant_without_the_collector(model, steps, rng):
    if backend_name() != "numpy":
        pytest.skip("arrays on a GPU are not traced")
    step = MODELS[model](rng)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before = memory_after(step, 10)
        growth = memory_after(step, steps) - before
    finally:
        tracemalloc.stop()
        gc.enable()
    assert abs(growth) < 1000  # in all: a Tensor a step would be more than twice that

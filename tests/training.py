"""One training step of each model, on random images or tokens: tiny, or as large as in a demo."""
import tinygen as tg
from models import autoencoder, gan, gpt, transformer, vae
from models.parts import noise
from tinygen.backend import np, xp


def adam(model):
    return tg.optim.Adam(model.parameters(), lr=1e-3)


def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def images(large):
    n, size = (64, 28) if large else (2, 4)
    return xp.asarray(np.random.default_rng(0).random((n, 1, size, size), dtype="float32"))


def ids(large):
    """A target may hold PAD, 0, and begins with START, 1."""
    if large:
        return xp.asarray(np.random.default_rng(0).integers(1, 50, (16, 64)))
    return xp.asarray(np.array([[1, 2, 3, 4], [1, 4, 3, 0]]))


def autoencoders(kind, **tiny):
    def build(rng, large=False):
        x = images(large)
        model = kind(autoencoder.Config(2, size=x.shape[-1]), rng=rng, **({} if large else tiny))
        optimizer = adam(model)
        return lambda: update(optimizer, autoencoder.loss(model, x)), [model]
    return build


def vaes(kind, **tiny):
    def build(rng, large=False):
        x = images(large)
        model = kind(vae.Config(2, size=x.shape[-1]), rng=rng, **({} if large else tiny))
        optimizer = adam(model)
        return lambda: update(optimizer, vae.loss(model, x, noise(len(x), 2, rng=rng))), [model]
    return build


def gans(rng, large=False):
    """A step of D, whose loss has the gradient penalty, and a step of G."""
    real = images(large)
    config, channels = gan.Config(2, shape=real.shape[1:]), (64, 32) if large else (3, 2)
    generator = gan.DCGenerator(config, channels, rng=rng)
    discriminator = gan.DCDiscriminator(config, channels[::-1], rng=rng)
    by_g, by_d = adam(generator), adam(discriminator)

    def step():
        fake = generator(noise(len(real), 2, rng=rng))
        update(by_d, gan.discriminator_loss(discriminator(real), discriminator(fake.data))
               + gan.gradient_penalty(discriminator, real, fake.data, rng=rng))
        update(by_g, gan.non_saturating_loss(discriminator(fake)))
    return step, [generator, discriminator]


def gpts(rng, large=False):
    """With dropout and clipped gradients."""
    sizes = (50, 64, 2, 4, 128) if large else (5, 4, 1, 2, 4)
    model, tokens = gpt.GPT(gpt.Config(*sizes, dropout=0.1), rng=rng), ids(large)
    optimizer = adam(model)

    def step():
        loss = gpt.loss(model, tokens, tokens)
        optimizer.zero_grad()
        loss.backward()
        tg.optim.clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
    return step, [model]


def transformers(rng, large=False):
    sizes = (50, 50, 64, 1, 4, 64) if large else (5, 5, 4, 1, 2, 4)
    model, tokens = transformer.Transformer(transformer.Config(*sizes), rng=rng), ids(large)
    optimizer = adam(model)
    return lambda: update(optimizer, transformer.loss(model, tokens, tokens)), [model]


# name: build(rng, large), which returns a function that makes one step, and the networks.
MODELS = {
    "dense autoencoder": autoencoders(autoencoder.DenseAutoencoder, hidden=(3, 2)),
    "conv autoencoder": autoencoders(autoencoder.ConvAutoencoder, channels=(2, 2), hidden=3),
    "pool autoencoder": autoencoders(autoencoder.PoolAutoencoder, channels=(2, 2)),
    "dense VAE": vaes(vae.DenseVAE, hidden=3),
    "conv VAE": vaes(vae.ConvVAE, channels=(2, 2), hidden=3),
    "GAN": gans, "GPT": gpts, "Transformer": transformers,
}

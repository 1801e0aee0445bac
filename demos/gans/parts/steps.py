"""The two steps of a GAN's training, which every GAN demo takes in turn.

    for step in run.steps(...):
        run.log(**discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z))
        run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z))

Each returns what the flight recorder plots. Losses are models.gan's, LOSSES[name] has both.
"""
import tinygen as tg
from demos.gans.parts.flight import grad_norm
from models.gan import discriminator_loss, gradient_penalty
from tinygen.tensor import plain


def discriminator_step(generator, discriminator, optimizer, loss, x, z, y=None, *, penalty=0.0,
                       rng=None):
    """One step of the discriminator towards telling x from G(z); the generator's parameters are
    left alone.

    x: real examples (N, ...). z: noise (N, latent_size). y: the labels of both. penalty: the weight
    of the gradient penalty, whose points rng draws.
    """
    with tg.no_grad():
        fake = plain(generator(z, y))
    real_scores, fake_scores = discriminator(x, y), discriminator(fake, y)  # a batch of each kind
    value = loss(real_scores, fake_scores)
    total = value
    if penalty:
        total = value + penalty * gradient_penalty(discriminator, x, fake, y, rng=rng)
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    return {"d_real": mean_score(real_scores, loss), "d_fake": mean_score(fake_scores, loss),
            "d_loss": value, "d_grad": grad_norm(discriminator.parameters())}


def generator_step(generator, discriminator, optimizer, loss, z, y=None):
    """One step of the generator towards being taken for real.

    The gradient passes through the discriminator and stays out of it: neither its parameters nor
    what its layers remember (spectral norm's vectors) change.
    """
    discriminator.eval()
    value = loss(discriminator(generator(z, y), y))
    discriminator.train()
    optimizer.zero_grad()
    value.backward(inputs=generator.parameters())
    optimizer.step()
    return {"g_loss": value, "g_grad": grad_norm(generator.parameters())}


def mean_score(scores, loss):
    """The mean of D(x): probabilities where the discriminator's loss is of logits, else scores."""
    d = tg.sigmoid(plain(scores)) if loss is discriminator_loss else plain(scores)
    return d.mean()

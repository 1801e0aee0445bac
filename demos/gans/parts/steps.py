"""The two training steps of a GAN, one for each player. Every GAN demo alternates them.

    for step in run.steps(...):
        run.log(**discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z))
        run.log(**generator_step(generator, discriminator, g_optimizer, g_loss, z))

Each returns the meters that the flight recorder reads. The losses are those of models.gan:
LOSSES[name] holds the discriminator's and the generator's.
"""
import tinygen as tg
from demos.gans.parts.flight import grad_norm
from models.gan import discriminator_loss, gradient_penalty
from tinygen.tensor import plain


def discriminator_step(generator, discriminator, optimizer, loss, x, z, y=None, *, penalty=0.0,
                       rng=None):
    """One step of the discriminator towards telling x from G(z). The generator's parameters do not
    change.

    x: real examples (N, ...). z: noise (N, latent_size). y: labels (N,), shared by x and G(z).
    penalty: weight of the gradient penalty; rng then picks the points where it is evaluated.
    """
    with tg.no_grad():
        fake = plain(generator(z, y))
    real_scores, fake_scores = discriminator(x, y), discriminator(fake, y)  # separate batches
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
    """One step of the generator towards samples that the discriminator takes for real.

    The gradient flows through the discriminator but changes nothing there, neither parameters nor
    buffers (the vectors of spectral norm).
    """
    with discriminator.evaluating():
        value = loss(discriminator(generator(z, y), y))
    optimizer.zero_grad()
    value.backward(inputs=generator.parameters())
    optimizer.step()
    return {"g_loss": value, "g_grad": grad_norm(generator.parameters())}


def mean_score(scores, loss):
    """The mean of D(x): a probability if the discriminator's loss takes logits, else a score."""
    d = tg.sigmoid(plain(scores)) if loss is discriminator_loss else plain(scores)
    return d.mean()

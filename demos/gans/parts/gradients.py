"""What a generator can learn from: its gradient, the noise in it, and the landscape of a judge.

A judge is a discriminator or a critic.
"""
import math

import tinygen as tg
from models.parts import noise
from tinygen.backend import np, to_numpy, xp

LINE = np.linspace(-3.2, 3.2, 321)  # on the x axis, through two modes of the ring


def gradient_norm(generator, judge, loss, z):
    """The norm of the gradient that the generator would learn from, a float."""
    return float(xp.linalg.norm(flat_gradient(generator, judge, loss, z)))


def flat_gradient(generator, judge, loss, z):
    """The gradient of loss(judge(G(z))) with respect to G's parameters, as one vector."""
    grads = tg.grad(loss(judge(generator(z))), list(generator.parameters()))
    return xp.concatenate([g.data.ravel() for g in grads])


def gradient_noise(generator, judge, loss, batch, rng, batches=30):
    """Root mean square deviation of single batches' gradients, relative to the mean's norm."""
    z = [noise(batch, generator.config.latent_size, rng=rng) for _ in range(batches)]
    grads = xp.stack([flat_gradient(generator, judge, loss, codes) for codes in z])
    mean = grads.mean(axis=0)
    return float(xp.sqrt(((grads - mean) ** 2).sum(axis=1).mean()) / xp.linalg.norm(mean))


def scores_on_line(judge):
    """The judge's scores along LINE.  -> NumPy (321,)"""
    points = np.stack([LINE, np.zeros_like(LINE)], axis=1).astype("float32")
    with tg.no_grad():
        return to_numpy(judge(xp.asarray(points)).data)


def divergence(value):
    """The Jensen-Shannon divergence, in nats, that a discriminator with this V(D, G) has found.

    V(D*, G) = -log 4 + 2 JS for the best discriminator D*. Any other has a smaller value, so this
    is a lower bound.
    """
    return (value + math.log(4)) / 2

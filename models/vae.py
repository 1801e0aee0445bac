"""Variational autoencoders: the code is a distribution, so that new images can be sampled.

    x ──encode──▶ mean, logvar ──▶ z = mean + exp(logvar/2)·eps ──decode──▶ p(x|z)

Generation goes from z to x: z is drawn from the prior N(0, 1), and the decoder gives p(x|z), the
probability of ink for each pixel. Inference goes back, to the codes that may have produced an
image, p(z|x). That needs an integral over all codes, so the encoder learns an approximation, the
Gaussian q(z|x) = N(mean, exp(logvar)). Training raises a lower bound on log p(x), the ELBO:

    log p(x) ≥ E_q log p(x|z) - KL(q(z|x) || p(z))

or, as a loss, reconstruction + KL: the cost in nats of describing x given z, and of z itself.

The *reparameterization trick* makes the random z differentiable: eps is drawn from N(0, 1) outside
the graph, and z is a function of mean and logvar, with eps a constant. So the gradient passes
through z to the encoder, and with eps held fixed the loss is an ordinary function that finite
differences can check.

    DenseVAE   784 - 400 - 20, the standard example of most frameworks
    ConvVAE    strided convolutions down, transposed convolutions up

An image is (N, C, H, W) with values from 0 to 1. A model with classes takes labels y as well, in
the encoder and in the decoder (Sohn et al., 2015).

Auto-encoding variational Bayes (Kingma and Welling, 2014); beta-VAE (Higgins et al., 2017).
"""
import math
from dataclasses import dataclass
from numbers import Real

import tinygen as tg
from models.parts import check_halves, check_network, dense, down, noise, start_dark, up, with_class
from tinygen import nn
from tinygen.checks import check_sizes
from tinygen.tensor import shape_of


@dataclass(frozen=True)
class Config:
    """Sizes of a VAE, and its beta.

    latent_size: numbers in z. size: image height and width. channels: of an image. classes: 0 for a
    model without labels. beta: the weight of the KL, 1 for the ELBO; a larger one makes z simpler
    and x vaguer.
    Raises ValueError unless sizes are integers of at least 1 (classes: 0), size is a multiple of 4,
    and beta is finite and at least 0.
    """
    latent_size: int = 20
    size: int = 28
    channels: int = 1
    classes: int = 0
    beta: float = 1.0

    def __post_init__(self):
        check_sizes("VAE", latent_size=self.latent_size, size=self.size, channels=self.channels)
        check_sizes("VAE", least=0, classes=self.classes)
        check_halves("VAE", self.size)
        if not isinstance(self.beta, Real) or not 0 <= self.beta < math.inf:
            raise ValueError("VAE: beta, the weight of the KL, must be finite and at least 0, got "
                             f"{self.beta!r}; 1 gives the ELBO, 0 an autoencoder with a noisy code")


class VAE(nn.Module):
    """An encoder with two heads, mean and logvar, and a decoder; the caller draws eps."""

    def encode(self, x, y=None):
        """Images to the Gaussians q(z|x).  (N, C, H, W) -> mean and logvar, (N, latent_size)"""
        h = self.encoder(with_class(x, y, self.config.classes))
        return self.mean(h), self.logvar(h)

    def decode(self, z, y=None):
        """Codes to the logits of p(x|z).  (N, latent_size) -> (N, C, H, W)"""
        return self.decoder(with_class(z, y, self.config.classes))

    def forward(self, x, eps, y=None):
        """Images and noise (N, latent_size) -> logits (N, C, H, W), mean, logvar"""
        mean, logvar = self.encode(x, y)
        return self.decode(reparameterize(mean, logvar, eps), y), mean, logvar


class DenseVAE(VAE):
    """Fully connected: pixels - 400 - latent_size - 400 - pixels."""

    def __init__(self, config=Config(), hidden=400, *, rng):
        check_network(self, config, Config)
        self.config = config
        shape = (config.channels, config.size, config.size)
        pixels = math.prod(shape)
        self.encoder = nn.Sequential(*dense([pixels + config.classes, hidden], rng))
        self.mean = nn.Linear(hidden, config.latent_size, rng=rng)
        self.logvar = nn.Linear(hidden, config.latent_size, rng=rng)
        self.decoder = nn.Sequential(
            *dense([config.latent_size + config.classes, hidden], rng),
            start_dark(nn.Linear(hidden, pixels, rng=rng)), nn.Unflatten(1, shape))

    def encode(self, x, y=None):
        return super().encode(nn.Flatten()(x), y)


class ConvVAE(VAE):
    """Two convolutions of stride 2, a dense layer and the heads; the decoder mirrors them."""

    def __init__(self, config=Config(), channels=(32, 64), hidden=256, *, rng):
        check_network(self, config, Config, count=2, channels=channels)
        self.config = config
        c1, c2 = channels
        side = config.size // 4
        inside = c2 * side ** 2
        self.encoder = nn.Sequential(
            down(config.channels + config.classes, c1, rng), nn.ReLU(),  # (N, c1, H/2, W/2)
            down(c1, c2, rng), nn.ReLU(),                                # (N, c2, H/4, W/4)
            nn.Flatten(), *dense([inside, hidden], rng))
        self.mean = nn.Linear(hidden, config.latent_size, rng=rng)
        self.logvar = nn.Linear(hidden, config.latent_size, rng=rng)
        self.decoder = nn.Sequential(
            *dense([config.latent_size + config.classes, hidden, inside], rng),
            nn.Unflatten(1, (c2, side, side)),
            up(c2, c1, rng), nn.ReLU(),                                  # (N, c1, H/2, W/2)
            start_dark(up(c1, config.channels, rng)))


def reparameterize(mean, logvar, eps):
    """z = mean + exp(logvar/2)·eps: a sample from N(mean, exp(logvar)) for eps from N(0, 1).

    exp(logvar/2) is the standard deviation; exp(logvar) would be the variance. Raises ValueError
    unless all three have the same shape, (N, latent_size).
    """
    shapes = [shape_of("reparameterize", x) for x in (mean, logvar, eps)]
    if len(set(shapes)) > 1:
        raise ValueError(f"reparameterize: mean, logvar and eps must have the same shape, got "
                         f"{', '.join(map(str, shapes))}")
    return mean + tg.exp(0.5 * logvar) * eps


def elbo_terms(model, x, eps, y=None):
    """Reconstruction and KL, whose sum is -ELBO, in nats: two Tensors of one number each.

    Both are sums over pixels or latents and means over the batch. reconstruction = -E log p(x|z) is
    the binary cross-entropy of the pixels; a grey pixel counts as a probability of ink, so it does
    not reach 0.
    """
    logits, mean, logvar = model(x, eps, y)
    reconstruction = tg.bce_with_logits(logits, x, reduction="sum") / x.shape[0]
    return reconstruction, tg.kl_standard_normal(mean, logvar).mean()


def loss(model, x, eps, y=None):
    """reconstruction + beta·KL in nats per image, with beta from the model's config."""
    reconstruction, kl = elbo_terms(model, x, eps, y)
    return reconstruction + model.config.beta * kl


def generate(model, z, y=None):
    """Codes to images: the probability of ink for each pixel.  (N, latent_size) -> (N, C, H, W)"""
    with tg.no_grad():
        return tg.sigmoid(model.decode(z, y))


def reconstruct(model, x, y=None):
    """Images reconstructed from the means of their codes.  (N, C, H, W) -> same"""
    with tg.no_grad():
        return generate(model, model.encode(x, y)[0], y)


def sample(model, count, y=None, *, rng):
    """New images, from codes drawn from the prior.  -> (count, C, H, W)

    y: labels (count,), if the model has classes.
    """
    return generate(model, noise(count, model.config.latent_size, rng=rng), y)

"""Generative adversarial networks: a forger and an expert who learn from each other.

    z ──generator──▶ G(z) ──discriminator──▶ D(G(z))   the probability that it is real
                        x ──discriminator──▶ D(x)

The discriminator D learns to tell real examples x from generated ones; the generator G learns to
pass its own for real. It is a game with the value

    V(D, G) = E log D(x) + E log(1 - D(G(z)))          min over G of max over D

Against the best D it is smallest where the generated distribution is the real one; D then says 1/2
to everything, and V = -log 4 (Goodfellow et al., 2014). No likelihood is computed, and two players
who descend in turn need not get there: they may circle, the generator may produce only a few of the
modes (mode collapse), and a discriminator that is sure leaves it without a gradient. The losses
below and the discriminator's settings are remedies.

Discriminators return logits, D(x) = sigmoid(logit), or plain scores for a Wasserstein critic. With
batch norm the score of an example depends on its batch, so it is off by default, and refused with a
gradient penalty, which is about each example by itself.

    MLPGenerator, MLPDiscriminator   for points (N, d) and small images
    DCGenerator, DCDiscriminator     transposed convolutions up, convolutions down (DCGAN, Radford
                                     et al., 2016)
"""
import math
from dataclasses import dataclass
from itertools import pairwise

import tinygen as tg
from models.parts import check_halves, check_network, dense, down, noise, start_dark, up, with_class
from tinygen import nn
from tinygen.backend import xp
from tinygen.checks import check_flags, check_rng, check_sizes
from tinygen.tensor import shape_of


@dataclass(frozen=True)
class Config:
    """What is generated, and how the discriminator judges it.

    latent_size: numbers in z. shape: of one example, (d,) for points or (C, H, W) for images with
    values from 0 to 1. classes: 0 for none; otherwise both networks are given the label (Mirza and
    Osindero, 2014). The others are settings of the discriminator. pack: how many examples it judges
    together, so that it sees how much they differ (PacGAN, Lin et al., 2018). minibatch_features:
    how many numbers tell it how close an example is to the rest of its batch (Salimans et al.,
    2016). spectral_norm: whether its layers stretch nothing by more than 1 (Miyato et al., 2018).
    batch_norm: whether all its layers but the first and the last are batch-normalised (DCGAN).
    Raises ValueError unless shape is such a tuple, and sizes are integers of at least 1 (classes
    and minibatch_features: 0).
    """
    latent_size: int = 64
    shape: tuple = (1, 28, 28)
    classes: int = 0
    pack: int = 1
    minibatch_features: int = 0
    spectral_norm: bool = False
    batch_norm: bool = False

    def __post_init__(self):
        check_sizes("GAN", latent_size=self.latent_size, pack=self.pack)
        check_sizes("GAN", least=0, classes=self.classes,
                    minibatch_features=self.minibatch_features)
        check_flags("GAN", spectral_norm=self.spectral_norm, batch_norm=self.batch_norm)
        if not isinstance(self.shape, tuple) or len(self.shape) not in (1, 3):
            raise ValueError(f"GAN: shape must be (d,) for points or (C, H, W) for images, got "
                             f"{self.shape!r}")
        check_sizes("GAN", **{f"shape[{i}]": size for i, size in enumerate(self.shape)})


# ---- generators: z (N, latent_size), labels y (N,) if there are classes -> (N, *shape) ----

class Generator(nn.Module):
    """Noise to examples."""

    def forward(self, z, y=None):
        return self.layers(with_class(z, y, self.config.classes))


class MLPGenerator(Generator):
    """Fully connected with relu; images end with a sigmoid, points as they are."""

    def __init__(self, config=Config(), hidden=(128, 128), *, rng):
        check_network(self, config, Config, hidden=hidden)
        self.config = config
        sizes = [config.latent_size + config.classes, *hidden]
        out = nn.Linear(sizes[-1], math.prod(config.shape), rng=rng)
        last = [out] if len(config.shape) == 1 else [
            start_dark(out), nn.Sigmoid(), nn.Unflatten(1, config.shape)]
        self.layers = nn.Sequential(*dense(sizes, rng), *last)


class DCGenerator(Generator):
    """A linear layer to a quarter of the sides, then two transposed convolutions, with batch norm.

    Batch norm keeps the examples of a batch apart where they start out alike, and brings gradients
    to the first layers; the output layer goes without. hidden: units of an additional first layer,
    0 for none, as in InfoGAN (Chen et al., 2016). A transposed convolution sees only a few pixels
    around, so without that layer the coherence of the whole image is up to one linear layer.
    """

    def __init__(self, config=Config(), channels=(128, 64), hidden=0, *, rng):
        check_network(self, config, Config, count=2, channels=channels)
        self.config = config
        (c1, c2), (c, height, width) = channels, image_shape(config)
        check_sizes("GAN", least=0, hidden=hidden)
        inner, size = (c1, height // 4, width // 4), config.latent_size + config.classes
        whole = [nn.Linear(size, hidden, rng=rng), nn.BatchNorm1d(hidden),
                 nn.ReLU()] if hidden else []
        self.layers = nn.Sequential(
            *whole,                                                  # (N, hidden)
            nn.Linear(hidden or size, math.prod(inner), rng=rng),
            nn.Unflatten(1, inner), nn.BatchNorm2d(c1), nn.ReLU(),   # (N, c1, H/4, W/4)
            up(c1, c2, rng), nn.BatchNorm2d(c2), nn.ReLU(),          # (N, c2, H/2, W/2)
            start_dark(up(c2, c, rng)), nn.Sigmoid())                # (N, C, H, W)


# ---- discriminators: examples (N, *shape), labels y if there are classes -> scores (N/pack,) ----

class Discriminator(nn.Module):
    """Examples to scores: one for each example, or for each pack of them."""

    def forward(self, x, y=None):
        x = packed(with_class(x, y, self.config.classes), self.config.pack)
        return self.layers(x)[:, 0]  # (N/pack, 1) -> (N/pack,)


class MLPDiscriminator(Discriminator):
    """Fully connected with leaky relu; images are flattened."""

    def __init__(self, config=Config(), hidden=(128, 128), *, rng):
        check_network(self, config, Config, hidden=hidden)
        self.config = config
        sizes = [config.pack * (math.prod(config.shape) + config.classes), *hidden]
        layers = [layer for i, (n, m) in enumerate(pairwise(sizes))
                  for layer in _inner(nn.Linear(n, m, rng=rng), config, rng, first=i == 0)]
        self.layers = nn.Sequential(*layers, *_head(sizes[-1], config, rng))

    def forward(self, x, y=None):
        return super().forward(nn.Flatten()(x), y)


class DCDiscriminator(Discriminator):
    """Two convolutions of stride 2 with leaky relu, then a linear layer.

    hidden: units of a layer in between, 0 for none. Without it the score is a sum over positions,
    and strokes that don't fit together cost nothing.
    """

    def __init__(self, config=Config(), channels=(64, 128), hidden=0, *, rng):
        check_network(self, config, Config, count=2, channels=channels)
        self.config = config
        (c1, c2), (c, height, width) = channels, image_shape(config)
        check_sizes("GAN", least=0, hidden=hidden)
        inside = c2 * (height // 4) * (width // 4)
        first = down(config.pack * (c + config.classes), c1, rng)
        whole = _inner(nn.Linear(inside, hidden, rng=rng), config, rng) if hidden else []
        self.layers = nn.Sequential(
            *_inner(first, config, rng, first=True),                 # (N, c1, H/2, W/2)
            *_inner(down(c1, c2, rng), config, rng), nn.Flatten(),   # (N, c2·H/4·W/4)
            *whole,                                                  # (N, hidden)
            *_head(hidden or inside, config, rng))


def _inner(layer, config, rng, first=False):
    """A list: a layer of a discriminator and what follows it."""
    norm = []
    if config.batch_norm and not first:
        kind = nn.BatchNorm2d if isinstance(layer, nn.Conv2d) else nn.BatchNorm1d
        # A batch here is all real or all fake; running statistics would be of the mixture.
        norm = [kind(len(layer.weight), track_running_stats=False)]
    return [_normed(layer, config, rng), *norm, nn.LeakyReLU(0.2)]


def _head(features, config, rng):
    """The last layers, from features to the score, with the minibatch features added before it."""
    extra = config.minibatch_features
    layers = []
    if extra:
        layers.append(nn.MinibatchDiscrimination(features, extra, kernel_size=8, rng=rng))
    return [*layers, _normed(nn.Linear(features + extra, 1, rng=rng), config, rng)]


def _normed(layer, config, rng):
    return nn.SpectralNorm(layer, rng=rng) if config.spectral_norm else layer


def packed(x, pack):
    """Joins neighbours in the batch into one example.  (N, c, ...) -> (N/pack, pack·c, ...)"""
    n, c, *sides = x.shape
    if n % pack:
        raise ValueError(f"GAN: {pack} examples are judged together, so the batch must be a "
                         f"multiple of {pack}, got {n}")
    return x.reshape(n // pack, pack * c, *sides)


def image_shape(config):
    """config.shape, (C, H, W). Raises ValueError for points, and unless both sides can be halved
    twice."""
    if len(config.shape) != 3:
        raise ValueError(f"GAN: convolutions need images, shape (C, H, W), got {config.shape}; "
                         "points are for MLPGenerator and MLPDiscriminator")
    for side in config.shape[1:]:
        check_halves("GAN", side)
    return config.shape


# ---- losses: scores of a real and a fake batch, (N,) each -> one number ----

def game_value(real, fake):
    """The value of the game, V(D, G) = E log D(x) + E log(1 - D(G(z))), in nats: at most 0.

    log sigmoid(s) = -softplus(-s) and log(1 - sigmoid(s)) = -softplus(s) never overflow.
    """
    return -tg.softplus(-real).mean() - tg.softplus(fake).mean()


def discriminator_loss(real, fake):
    """-V(D, G): binary cross-entropy, real against fake."""
    return -game_value(real, fake)


def saturating_loss(fake):
    """E log(1 - D(G(z))): the generator's part of V in the min-max game.

    Its slope by the score is -D(G(z)), which nearly vanishes while D recognises the fakes.
    """
    return -tg.softplus(fake).mean()


def non_saturating_loss(fake):
    """-E log D(G(z)): the same aim with slope D(G(z)) - 1, largest while D recognises the fakes."""
    return tg.softplus(-fake).mean()


def least_squares_discriminator_loss(real, fake):
    """½ E (D(x) - 1)² + ½ E D(G(z))², where D is the score itself (LSGAN, Mao et al., 2017)."""
    return 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake ** 2).mean()


def least_squares_loss(fake):
    """½ E (D(G(z)) - 1)²: pulls fakes towards the score of real ones, from either side."""
    return 0.5 * ((fake - 1) ** 2).mean()


def critic_loss(real, fake):
    """E D(G(z)) - E D(x): minus the Wasserstein distance, for the best D with slope at most 1.

    Without gradient_penalty or spectral norm D grows without bound (Arjovsky et al., 2017).
    """
    return fake.mean() - real.mean()


def wasserstein_loss(fake):
    """-E D(G(z)): the generator moves its examples up the critic's slope."""
    return -fake.mean()


# name -> the discriminator's loss, of (real, fake), and the generator's, of (fake)
LOSSES = {
    "saturating": (discriminator_loss, saturating_loss),
    "non-saturating": (discriminator_loss, non_saturating_loss),
    "least squares": (least_squares_discriminator_loss, least_squares_loss),
    "wasserstein": (critic_loss, wasserstein_loss),
}


def gradient_penalty(discriminator, real, fake, y=None, *, rng):
    """E (‖∇D(x̂)‖ - 1)², with x̂ uniform on the line between a real example and a fake one.

    The norm is that of each example (with packing, of each pack). The gradient by x̂ is itself
    differentiated by D's parameters: a double backward. WGAN-GP adds ten times this to the critic's
    loss (Gulrajani et al., 2017). Raises ValueError unless both batches have the same shape, and
    for a discriminator whose score of an example depends on its batch.
    """
    if shape_of("gradient_penalty", real) != shape_of("gradient_penalty", fake):
        raise ValueError("gradient_penalty: each real example is joined to a fake one, so both "
                         f"must have the same shape, got {real.shape} and {fake.shape}")
    if discriminator.config.batch_norm or discriminator.config.minibatch_features:
        raise ValueError("gradient_penalty: needs the slope at each example by itself, but here "
                         "the score depends on the batch; use a Config without batch_norm and "
                         "minibatch_features")
    check_rng("gradient_penalty", rng)
    along = rng.random((real.shape[0],) + (1,) * (real.ndim - 1), dtype="float32")
    along = xp.asarray(along).astype(real.dtype)
    x = tg.Tensor(along * real + (1 - along) * fake)
    scores = discriminator(x, y)
    slope = tg.grad(scores.sum(), x, create_graph=True).reshape(len(scores), -1)
    norm = tg.sqrt((slope ** 2).sum(axis=1) + 1e-12)  # sqrt has no finite slope at 0
    return ((norm - 1) ** 2).mean()


def sample(generator, count, y=None, *, rng):
    """Generated examples, in evaluation mode: batch norm uses its running statistics.

    y: labels (count,), if the generator has classes. -> (count, *shape)
    """
    z = noise(count, generator.config.latent_size, rng=rng)
    with tg.no_grad(), generator.evaluating():
        return generator(z, y)

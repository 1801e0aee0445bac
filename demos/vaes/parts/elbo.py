"""What the VAE demos measure on a whole data set: the ELBO, its terms, and the codes."""
from dataclasses import dataclass

import tinygen as tg
from demos.tools.nearest import neighbours
from models.parts import noise
from tinygen.backend import np, to_numpy, xp

ACTIVE_NATS = 0.1  # KL above which a latent counts as active; below, it is at or near the prior


@dataclass(frozen=True)
class Elbo:
    """-ELBO = reconstruction + kl: means over N images, in nats.

    per_latent: the KL of each latent, (d,), whose sum is kl. mean, logvar: of q(z|x), (N, d).
    """
    reconstruction: float
    per_latent: np.ndarray
    mean: np.ndarray
    logvar: np.ndarray

    @property
    def kl(self):
        return float(self.per_latent.sum())

    @property
    def negative(self):
        """-ELBO, an upper bound of -log p(x)."""
        return self.reconstruction + self.kl

    @property
    def active(self):
        """Which latents have a KL above ACTIVE_NATS.  -> bool (d,)"""
        return self.per_latent > ACTIVE_NATS

    def sample_codes(self, rng):
        """One code from each q(z|x): together, samples of the aggregate posterior.  -> (N, d)"""
        return self.mean + np.exp(0.5 * self.logvar) * rng.standard_normal(self.mean.shape)


def evaluate(model, x, y=None, *, rng, size=500):
    """The Elbo of NumPy images x (N, C, H, W), with classes y (N,) for a conditional model.

    The KL is exact. The reconstruction is estimated from one eps per image: off by a few nats for a
    single image, by a tenth of a nat for the mean of 2,000.
    """
    reconstruction, heads = 0.0, []
    with tg.no_grad():
        for start in range(0, len(x), size):
            rows = slice(start, start + size)
            batch, labels = xp.asarray(x[rows]), None if y is None else y[rows]
            eps = noise(len(batch), model.config.latent_size, rng=rng)
            logits, mean, logvar = model(batch, eps, labels)
            reconstruction += tg.bce_with_logits(logits, batch, reduction="sum").item()
            heads.append((to_numpy(mean), to_numpy(logvar)))
    mean, logvar = (np.concatenate(head) for head in zip(*heads))
    per_latent = tg.kl_standard_normal(xp.asarray(mean), xp.asarray(logvar), axis=0)  # over images
    return Elbo(reconstruction / len(x), to_numpy(per_latent) / len(x), mean, logvar)


def mean_image_nats(x_train, x_test):
    """Cost of test images without any code: each pixel predicted by its mean over training images.

    It is the reconstruction term, in nats per image, of a VAE whose decoder ignores z.
    """
    p = x_train.mean(axis=0).clip(1e-4, 1 - 1e-4)
    costs = -x_test * np.log(p) - (1 - x_test) * np.log(1 - p)
    return float(costs.sum(axis=(1, 2, 3)).mean())


def nearest_agrees(z, y):
    """The share of codes (N, d) whose nearest neighbour has the same class."""
    first, second = neighbours(z, z, 2).T
    other = np.where(first == np.arange(len(z)), second, first)  # one of the two is the code itself
    return float((y[other] == y).mean())

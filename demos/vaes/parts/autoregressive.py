"""A VAE whose decoder can do without z, and the small images that it is trained on."""
import tinygen as tg
from models.parts import dense, start_dark
from models.vae import VAE, reparameterize
from tinygen import nn
from tinygen.backend import np, to_numpy, xp

SIZE = 16


class AutoregressiveVAE(VAE):
    """A VAE whose decoder predicts each pixel from z and from the pixels before it, row by row.

        logit of pixel i = decode(z)_i + Σ_{j < i} w_ij (2 x_j - 1)

    The sum alone is a logistic regression for each pixel, a fully visible belief network (Frey et
    al., 1996). z goes through three hidden layers. reach: how many rows and columns away a pixel
    can be seen, None for no limit. skip: z goes into every layer, not only the first (Dieng et al.,
    2019).
    """

    def __init__(self, config, hidden=200, reach=None, skip=False, *, rng):
        self.config, self.skip = config, skip
        pixels, latents = config.size ** 2, config.latent_size
        self.encoder = nn.Sequential(nn.Flatten(), *dense([pixels, hidden], rng))
        self.mean = nn.Linear(hidden, latents, rng=rng)
        self.logvar = nn.Linear(hidden, latents, rng=rng)
        inside = hidden + latents * skip
        self.layers = nn.ModuleList(nn.Linear(n, hidden, rng=rng)
                                    for n in (latents, inside, inside))
        self.last = start_dark(nn.Linear(inside, pixels, rng=rng))
        self.before = nn.Linear(pixels, pixels, bias=False, rng=rng)
        self.seen = xp.asarray(pixels_before(config.size, reach))

    def decode(self, z, y=None):
        """The part of the logits that comes from z.  (N, latent_size) -> (N, 1, H, W)"""
        h = z
        for layer in self.layers:
            h = tg.relu(layer(h))
            h = tg.concatenate([h, z], axis=1) if self.skip else h
        return self.last(h).reshape(-1, 1, self.config.size, self.config.size)

    def forward(self, x, eps, y=None):
        mean, logvar = self.encode(x)
        logits = self.decode(reparameterize(mean, logvar, eps))
        signs = 2 * x.reshape(x.shape[0], -1) - 1  # paper says as much as ink
        earlier = tg.linear(signs, self.before.weight * self.seen)
        return logits + earlier.reshape(*logits.shape), mean, logvar

    def sample(self, z, rng):
        """Images from p(x|z), one pixel after the other.  (N, latent_size) -> (N, 1, H, W)"""
        with tg.no_grad():
            logits = to_numpy(self.decode(z)).reshape(len(z), -1)
        weights = to_numpy(self.before.weight) * to_numpy(self.seen)
        x = np.zeros_like(logits)
        for i in range(x.shape[1]):
            ink = 1 / (1 + np.exp(-logits[:, i] - (2 * x - 1) @ weights[i]))
            x[:, i] = rng.random(len(x)) < ink
        return x.reshape(-1, 1, self.config.size, self.config.size)


def pixels_before(size, reach=None):
    """Row i is 1 at the pixels that pixel i is predicted from, those before it and within reach.

    -> float32 (size², size²)
    """
    row, column = np.divmod(np.arange(size ** 2), size)
    seen = np.tri(size ** 2, k=-1, dtype=bool)
    if reach is not None:
        seen &= abs(row[:, None] - row) <= reach
        seen &= abs(column[:, None] - column) <= reach
    return seen.astype(np.float32)


def small_ink(x):
    """Digits at half size, each pixel 1 for ink or 0 for paper.  (N, 1, 28, 28) -> (N, 1, 16, 16)

    With binary pixels p(x|z) is a true probability, which can be sampled pixel by pixel.
    """
    margin = SIZE - x.shape[-1] // 2
    x = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    halves = x.reshape(len(x), 1, SIZE, 2, SIZE, 2).mean(axis=(3, 5))
    return (halves > 0.5).astype(np.float32)

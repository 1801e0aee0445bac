"""Autoencoders: compress an image to a small code and learn by reconstructing it.

    x ──encode──▶ z ──decode──▶ x̂        loss = mean (x̂ - x)²

The code z is all that the decoder sees of x, so what the images have in common must go into the
weights. With linear layers the best such pair is PCA (Baldi and Hornik, 1989); nonlinear layers do
better (Hinton and Salakhutdinov, 2006). There are three, from the plainest to one that remembers
positions:

    DenseAutoencoder   fully connected: all pixels are treated alike
    ConvAutoencoder    strided convolutions down, transposed convolutions up
    PoolAutoencoder    max-pooling down; its indices are handed to max-unpooling on the way up

An image is (N, C, H, W) with values from 0 to 1.
"""
from dataclasses import dataclass

import tinygen as tg
from models.parts import check_halves, check_network, dense, down, interpolate_codes, start_dark, up
from tinygen import nn
from tinygen.backend import np, to_numpy, xp
from tinygen.checks import check_rng, check_sizes
from tinygen.errors import describe


@dataclass(frozen=True)
class Config:
    """Sizes of an autoencoder.

    code_size: numbers in the code. size: image height and width. in_channels, out_channels: of
    the input and the output image, which differ for colouring.
    Raises ValueError unless all are integers of at least 1 and size is a multiple of 4.
    """
    code_size: int = 16
    size: int = 28
    in_channels: int = 1
    out_channels: int = 1

    def __post_init__(self):
        check_sizes("autoencoder", **vars(self))
        check_halves("autoencoder", self.size)


class Autoencoder(nn.Module):
    """An encoder and a decoder, trained together and usable separately."""

    def encode(self, x):
        """Images to codes.  (N, C, H, W) -> (N, code_size)"""
        return self.encoder(x)

    def decode(self, z):
        """Codes to images; the codes may be made up.  (N, code_size) -> (N, C, H, W)"""
        return self.decoder(z)

    def forward(self, x):
        return self.decode(self.encode(x))


class DenseAutoencoder(Autoencoder):
    """Fully connected: pixels - 512 - 256 - code - 256 - 512 - pixels."""

    def __init__(self, config=Config(), hidden=(512, 256), *, rng):
        check_network(self, config, Config, hidden=hidden)
        shape = (config.out_channels, config.size, config.size)
        inside = [config.in_channels * config.size ** 2, *hidden]
        outside = [*hidden[::-1], config.out_channels * config.size ** 2]
        self.encoder = nn.Sequential(nn.Flatten(), *dense(inside, rng),
                                     nn.Linear(inside[-1], config.code_size, rng=rng))
        self.decoder = nn.Sequential(*dense([config.code_size, *outside[:-1]], rng),
                                     start_dark(nn.Linear(outside[-2], outside[-1], rng=rng)),
                                     nn.Sigmoid(), nn.Unflatten(1, shape))


class ConvAutoencoder(Autoencoder):
    """Two convolutions of stride 2 and a dense layer to the code; the decoder mirrors them."""

    def __init__(self, config=Config(), channels=(32, 64), hidden=256, *, rng):
        check_network(self, config, Config, count=2, channels=channels)
        c1, c2 = channels
        side = config.size // 4
        inside = c2 * side ** 2
        self.encoder = nn.Sequential(
            down(config.in_channels, c1, rng), nn.ReLU(),  # (N, c1, H/2, W/2)
            down(c1, c2, rng), nn.ReLU(),                  # (N, c2, H/4, W/4)
            nn.Flatten(), *dense([inside, hidden], rng),
            nn.Linear(hidden, config.code_size, rng=rng))
        self.decoder = nn.Sequential(
            *dense([config.code_size, hidden, inside], rng), nn.Unflatten(1, (c2, side, side)),
            up(c2, c1, rng), nn.ReLU(),                    # (N, c1, H/2, W/2)
            start_dark(up(c1, config.out_channels, rng)), nn.Sigmoid())


class PoolAutoencoder(nn.Module):
    """Max-pooling down, max-unpooling up: the code says what was there, the indices say where.

    Each unpooling puts its numbers at the pixels that its pooling took the maxima from, and a
    convolution fills the gaps (Zeiler and Fergus, 2014; SegNet, Badrinarayanan et al., 2015). The
    indices bypass the bottleneck with two bits for every pooled number. That keeps edges sharp, but
    the decoder can't work from a code alone: this network denoises and colours, but neither
    compresses nor generates.
    """

    def __init__(self, config=Config(), channels=(32, 16), *, rng):
        check_network(self, config, Config, count=2, channels=channels)
        c1, c2 = channels
        same = dict(kernel_size=3, padding=1, rng=rng)  # keeps height and width
        self.down1 = nn.Conv2d(config.in_channels, c1, **same)
        self.down2 = nn.Conv2d(c1, c2, **same)
        self.up2 = nn.Conv2d(c2, c1, **same)
        self.up1 = start_dark(nn.Conv2d(c1, config.out_channels, **same))

    def encode(self, x):
        """Images to codes and the indices of both poolings.  (N, C, H, W) -> (N, c2, H/4, W/4)"""
        h = tg.relu(self.down1(x))
        h, where1 = tg.max_pool2d(h, 2, return_indices=True)  # (N, c1, H/2, W/2)
        h = tg.relu(self.down2(h))
        z, where2 = tg.max_pool2d(h, 2, return_indices=True)  # (N, c2, H/4, W/4)
        return z, (where1, where2)

    def decode(self, z, where):
        """Codes and the indices of both poolings to images.  (N, c2, H/4, W/4) -> (N, C, H, W)"""
        if not isinstance(where, tuple) or len(where) != 2:
            raise TypeError(f"PoolAutoencoder: decode takes the code and the indices of both "
                            f"poolings, as encode returns them, got {describe(where)}")
        where1, where2 = where
        h = tg.relu(self.up2(tg.max_unpool2d(z, where2, 2)))  # (N, c1, H/2, W/2)
        return tg.sigmoid(self.up1(tg.max_unpool2d(h, where1, 2)))  # (N, C, H, W)

    def forward(self, x):
        return self.decode(*self.encode(x))


def loss(model, x, target=None):
    """Mean squared error per pixel of the model's output for x against `target`.

    target: the image wanted, such as x without noise or in colour; x itself if None.
    """
    return tg.mse(model(x), x if target is None else target)


def interpolate(model, z1, z2, steps):
    """Images decoded on the straight line from one code to another.

    (code_size,), (code_size,) -> (steps, C, H, W)
    """
    with tg.no_grad():
        return model.decode(interpolate_codes(z1, z2, steps))


def sample(model, codes, count, *, rng):
    """New images, decoded from a Gaussian fitted to the codes of many.

    (M, code_size) -> (count, C, H, W).  Raises ValueError for fewer than two codes.
    """
    check_sizes("sample", count=count)
    check_rng("sample", rng)
    codes = to_numpy(codes)
    if codes.ndim != 2 or len(codes) < 2:
        raise ValueError(f"sample: a Gaussian is fitted to codes (M, code_size), two or more, got "
                         f"shape {codes.shape}")
    covariance = np.atleast_2d(np.cov(codes, rowvar=False))
    z = rng.multivariate_normal(codes.mean(axis=0), covariance, size=count)
    with tg.no_grad():
        return model.decode(xp.asarray(z.astype(codes.dtype)))

"""The benchmark's networks, and how much there is to compute in a training step of each.

tinygen's layers, optimizers and `backward` read as PyTorch's do, so the same code builds a network
and trains it in either library. The few functions that differ have the same names in tinygen_side
and torch_side: `build(lib, **rng)` takes one of the two and returns the network's modules.
"""
from dataclasses import dataclass
from typing import Callable

from demos.speed.parts.steps import adversarial, elbo, next_token, regression, writing
from models import gpt

# ---- building them ----

HALF = dict(kernel_size=4, stride=2, padding=1)  # halves the sides; transposed, doubles them


def dense_autoencoder(lib, **rng):
    nn = lib.nn
    sizes = [784, 512, 256, 32, 256, 512, 784]
    layers = [nn.Flatten()]
    for n, m in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n, m, **rng), nn.ReLU()]
    return [nn.Sequential(*layers[:-1], nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)))]


def conv_network(lib, **rng):
    nn = lib.nn
    return [nn.Sequential(*encoder_layers(nn, **rng), *decoder_layers(nn, **rng), nn.Sigmoid())]


def conv_vae(lib, **rng):
    """Encoder, the heads for mean and log-variance, decoder."""
    nn = lib.nn
    return [nn.Sequential(*encoder_layers(nn, **rng)), nn.Linear(256, 20, **rng),
            nn.Linear(256, 20, **rng),
            nn.Sequential(nn.Linear(20, 256, **rng), nn.ReLU(), *decoder_layers(nn, **rng))]


def encoder_layers(nn, **rng):
    return [nn.Conv2d(1, 32, **HALF, **rng), nn.ReLU(), nn.Conv2d(32, 64, **HALF, **rng),
            nn.ReLU(), nn.Flatten(), nn.Linear(3136, 256, **rng), nn.ReLU()]


def decoder_layers(nn, **rng):
    return [nn.Linear(256, 3136, **rng), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, **HALF, **rng), nn.ReLU(),
            nn.ConvTranspose2d(32, 1, **HALF, **rng)]


def dcgan(lib, **rng):
    """Generator and critic."""
    nn = lib.nn
    return [nn.Sequential(nn.Linear(64, 6272, **rng), nn.Unflatten(1, (128, 7, 7)),
                          nn.BatchNorm2d(128), nn.ReLU(),
                          nn.ConvTranspose2d(128, 64, **HALF, **rng), nn.BatchNorm2d(64),
                          nn.ReLU(), nn.ConvTranspose2d(64, 1, **HALF, **rng), nn.Sigmoid()),
            nn.Sequential(nn.Conv2d(1, 64, **HALF, **rng), nn.LeakyReLU(0.2),
                          nn.Conv2d(64, 128, **HALF, **rng), nn.LeakyReLU(0.2), nn.Flatten(),
                          nn.Linear(6272, 1, **rng))]


def tiny_mlp(lib, **rng):
    nn = lib.nn
    return [nn.Sequential(nn.Linear(2, 16, **rng), nn.Tanh(), nn.Linear(16, 16, **rng), nn.Tanh(),
                          nn.Linear(16, 1, **rng))]


SMALL = gpt.Config(65, block_size=64, n_layer=4, n_head=4, n_embd=128, bias=False, tied=True)
LARGE = gpt.Config(65, block_size=256, n_layer=6, n_head=6, n_embd=384, bias=False, tied=True)


def language_model(config):
    def build(lib, **rng):
        return [lib.GPT(config, **rng)]
    return build


# ---- the matrix products of a step ----

def products(examples, layers, by_input=False):
    """The products of a training step, [(n, k, m), ...] for (n, k) @ (k, m).

    layers: (rows, k, m) of each layer's forward product, rows for each example. Two more give the
    gradients of its weights and of its input; by_input: whether the first layer needs that, too.
    """
    shapes = []
    for i, (rows, k, m) in enumerate(layers):
        n = rows * examples
        shapes += [(n, k, m), (k, n, m)] + [(n, m, k)] * (by_input or i > 0)
    return shapes


def through(examples, layers):
    """Those of a network that is not trained but passes a gradient on: forward, and by inputs."""
    return [shape for rows, k, m in layers
            for shape in ((rows * examples, k, m), (rows * examples, m, k))]


# (rows for each example, k, m) of each layer's forward product.
DENSE = [(1, 784, 512), (1, 512, 256), (1, 256, 32), (1, 32, 256), (1, 256, 512), (1, 512, 784)]
DOWN = [(196, 16, 32), (49, 512, 64), (1, 3136, 256)]
UP = [(1, 256, 3136), (49, 64, 512), (196, 32, 16)]
HEADS = [(1, 256, 20), (1, 256, 20), (1, 20, 256)]
GENERATOR = [(1, 64, 6272), (49, 128, 1024), (196, 64, 16)]
CRITIC = [(196, 16, 64), (49, 1024, 128), (1, 6272, 1)]
POINTS = [(1, 2, 16), (1, 16, 16), (1, 16, 1)]


def gpt_layers(config):
    """A GPT's layers, as in `products`, for one position, without attention's own products."""
    c, n = config, config.n_embd
    return c.n_layer * [(1, n, 3 * n), (1, n, n), (1, n, 4 * n), (1, 4 * n, n)] + [
        (1, n, c.vocab_size)]


def gpt_products(config, batch):
    """Those of a GPT's training step. A position sees half of the others, on average.

    The heads' products, (count, n, k, m), come in stacks. Scores and weighted values take two, and
    their gradients four.
    """
    c, t, d = config, config.block_size, config.n_embd // config.n_head
    count = c.n_head * batch
    heads = [(count, t, d, t // 2), (count, t, t // 2, d)] * (3 * c.n_layer)
    return products(batch * t, gpt_layers(c), by_input=True) + heads


# ---- all of them ----

@dataclass(frozen=True)
class Network:
    """build: (lib, **rng) -> modules. trainer: as in steps. products: a step's, as shapes."""
    build: Callable
    trainer: Callable
    products: list


IMAGE = 1, 28, 28

NETWORKS = {
    "dense AE": Network(dense_autoencoder, regression(128, IMAGE, IMAGE), products(128, DENSE)),
    "conv network": Network(conv_network, regression(128, IMAGE, IMAGE), products(128, DOWN + UP)),
    "conv VAE": Network(conv_vae, elbo(128), products(128, DOWN + HEADS + UP)),
    # The critic trains on two batches; a third's gradient passes through it to the generator.
    "DCGAN": Network(dcgan, adversarial(64), 2 * products(64, CRITIC) + through(64, CRITIC)
                     + products(64, GENERATOR)),
    "tiny MLP": Network(tiny_mlp, regression(32, (2,), (1,)), products(32, POINTS)),
    "small GPT": Network(language_model(SMALL), next_token(12, SMALL), gpt_products(SMALL, 12)),
    "10.8M GPT": Network(language_model(LARGE), next_token(16, LARGE), gpt_products(LARGE, 16)),
    "200 tokens": Network(language_model(LARGE), writing(200), 200 * gpt_layers(LARGE)),
}

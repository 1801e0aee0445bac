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


# ---- the work of a step ----

def step_products(layers):
    """Multiply-adds of a training step on one example, given those of each layer's forward product.

    Each layer takes three products: forward, and for the gradients of its weights and its input.
    The first layer's input needs no gradient.
    """
    return 3 * sum(layers) - layers[0]


# Multiply-adds of each layer's forward product, for one example.
DENSE = [784 * 512, 512 * 256, 256 * 32, 32 * 256, 256 * 512, 512 * 784]
DOWN = [196 * 32 * 16, 49 * 64 * 512, 3136 * 256]
UP = DOWN[::-1]
HEADS = 2 * [256 * 20] + [20 * 256]
GENERATOR = [64 * 6272, 49 * 128 * 1024, 196 * 64 * 16]
CRITIC = [196 * 64 * 16, 49 * 128 * 1024, 6272]


def gpt_products(config, positions, seen):
    """Multiply-adds of a GPT's forward pass at `positions` positions, which see `seen` in all."""
    c = config
    matrices = 12 * c.n_layer * c.n_embd ** 2 + c.vocab_size * c.n_embd
    return positions * matrices + seen * 2 * c.n_layer * c.n_embd


def gpt_step_flops(config, batch):
    """Floating-point operations of a GPT's training step; positions see up to themselves."""
    t = config.block_size
    return 2 * 3 * batch * gpt_products(config, t, t * (t + 1) // 2)


# ---- all of them ----

@dataclass(frozen=True)
class Network:
    """build: (lib, **rng) -> modules. trainer: as in steps. flops: of a step's matrix products."""
    build: Callable
    trainer: Callable
    flops: int


IMAGE = 1, 28, 28

NETWORKS = {
    "dense AE": Network(dense_autoencoder, regression(128, IMAGE, IMAGE),
                        2 * 128 * step_products(DENSE)),
    "conv network": Network(conv_network, regression(128, IMAGE, IMAGE),
                            2 * 128 * step_products(DOWN + UP)),
    "conv VAE": Network(conv_vae, elbo(128), 2 * 128 * step_products(DOWN + HEADS + UP)),
    # The critic trains on two batches; a third's gradient passes through it to the generator.
    "DCGAN": Network(dcgan, adversarial(64),
                     2 * 64 * (2 * step_products(CRITIC) + 2 * sum(CRITIC)
                               + step_products(GENERATOR))),
    "tiny MLP": Network(tiny_mlp, regression(32, (2,), (1,)),
                        2 * 32 * step_products([2 * 16, 16 * 16, 16])),
    "small GPT": Network(language_model(SMALL), next_token(12, SMALL), gpt_step_flops(SMALL, 12)),
    "10.8M GPT": Network(language_model(LARGE), next_token(16, LARGE), gpt_step_flops(LARGE, 16)),
    "200 tokens": Network(language_model(LARGE), writing(200),
                          2 * gpt_products(LARGE, 200, 200 * 201 // 2)),
}

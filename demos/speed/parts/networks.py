"""The benchmark's networks and what a training step of each is.

tinygen's layers, optimisers and `backward` read as PyTorch's do, so that the same text builds a
network and trains it in both libraries. The few functions that go by another name stand in
`library`. A network is built by `build(lib, **rng)`, which gives its modules, and trained by the
function that `trainer(lib, *modules)` gives: each call takes one step and returns its loss.
"""
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Callable

from models import gpt
from tinygen.backend import np


def library(name):
    """What the steps below need of "tinygen" or "torch", under the same names for either."""
    if name == "tinygen":
        import tinygen as tg
        return SimpleNamespace(
            nn=tg.nn, Adam=tg.optim.Adam, AdamW=tg.optim.AdamW, clip=tg.optim.clip_grad_norm,
            array=tg.xp.asarray, exp=tg.exp, mse=tg.mse, bce=tg.bce_with_logits,
            kl=tg.kl_standard_normal, cross_entropy=tg.cross_entropy, GPT=gpt.GPT,
            generate=lambda model, ids, count: np.stack(
                list(gpt.generate(model, ids, count, temperature=0, rng=None))))
    import torch
    from torch.nn import functional as F

    from demos.speed.parts import pytorch_gpt
    return SimpleNamespace(
        nn=torch.nn, Adam=torch.optim.Adam, AdamW=torch.optim.AdamW,
        clip=torch.nn.utils.clip_grad_norm_, array=torch.from_numpy, exp=torch.exp,
        mse=F.mse_loss, bce=F.binary_cross_entropy_with_logits,
        kl=lambda mean, logvar: 0.5 * (mean ** 2 + logvar.exp() - logvar - 1).sum(-1),
        cross_entropy=lambda logits, ids: F.cross_entropy(logits.flatten(0, 1), ids.flatten()),
        GPT=pytorch_gpt.GPT, generate=pytorch_gpt.generate)


# ---- the networks ----

HALF = dict(kernel_size=4, stride=2, padding=1)  # of the sides; transposed, double


def dense_autoencoder(lib, **rng):
    nn = lib.nn
    sizes = [784, 512, 256, 32, 256, 512, 784]
    layers = [nn.Flatten()]
    for n, m in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n, m, **rng), nn.ReLU()]
    return [nn.Sequential(*layers[:-1], nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)))]


def conv_network(lib, **rng):
    nn = lib.nn
    return [nn.Sequential(*_encoder(nn, **rng), *_decoder(nn, **rng), nn.Sigmoid())]


def conv_vae(lib, **rng):
    """Encoder, the heads for mean and log-variance, decoder."""
    nn = lib.nn
    return [nn.Sequential(*_encoder(nn, **rng)), nn.Linear(256, 20, **rng),
            nn.Linear(256, 20, **rng),
            nn.Sequential(nn.Linear(20, 256, **rng), nn.ReLU(), *_decoder(nn, **rng))]


def _encoder(nn, **rng):
    return [nn.Conv2d(1, 32, **HALF, **rng), nn.ReLU(), nn.Conv2d(32, 64, **HALF, **rng),
            nn.ReLU(), nn.Flatten(), nn.Linear(3136, 256, **rng), nn.ReLU()]


def _decoder(nn, **rng):
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
    return lambda lib, **rng: [lib.GPT(config, **rng)]


# ---- their training steps: forward, zero, backward, Adam ----

def regression(batch, inputs, outputs):
    """The trainer of one model towards random targets, by mean squared error."""
    def trainer(lib, model):
        x, target = _random(lib, (batch, *inputs), (batch, *outputs))
        optimizer = lib.Adam(model.parameters(), lr=1e-3)

        def step():
            loss = lib.mse(model(x), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()
        return step
    return trainer


def elbo(batch):
    """The trainer of a VAE: reconstruction and KL in nats, per image; the noise is fixed."""
    def trainer(lib, encoder, to_mean, to_logvar, decoder):
        x, noise = _random(lib, (batch, 1, 28, 28), (batch, 20))
        modules = encoder, to_mean, to_logvar, decoder
        optimizer = lib.Adam([p for module in modules for p in module.parameters()], lr=1e-3)

        def step():
            h = encoder(x)
            mean, logvar = to_mean(h), to_logvar(h)
            logits = decoder(mean + lib.exp(0.5 * logvar) * noise)
            loss = (lib.bce(logits, x, reduction="sum") + lib.kl(mean, logvar).sum()) / batch
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()
        return step
    return trainer


def adversarial(batch):
    """The trainer of a GAN: a step of the critic and one of the generator."""
    def trainer(lib, generator, critic):
        real, z = _random(lib, (batch, 1, 28, 28), (batch, 64))
        ones, zeros = [lib.array(np.full((batch, 1), v, np.float32)) for v in (1, 0)]
        adam = dict(lr=2e-4, betas=(0.5, 0.999))
        generator_parameters = list(generator.parameters())
        generator_optimizer = lib.Adam(generator_parameters, **adam)
        critic_optimizer = lib.Adam(critic.parameters(), **adam)

        def step():
            fake = generator(z)
            critic_loss = lib.bce(critic(real), ones) + lib.bce(critic(fake.detach()), zeros)
            critic_optimizer.zero_grad()
            critic_loss.backward()
            critic_optimizer.step()

            loss = lib.bce(critic(fake), ones)
            generator_optimizer.zero_grad()
            loss.backward(inputs=generator_parameters)  # none of the critic's
            generator_optimizer.step()
            return critic_loss.item() + loss.item()
        return step
    return trainer


def next_token(batch, config):
    """The trainer of a GPT on random text, with clipped gradients and AdamW."""
    def trainer(lib, model):
        text = np.random.default_rng(1).integers(config.vocab_size,
                                                 size=(2, batch, config.block_size))
        ids, targets = map(lib.array, text)
        parameters = list(model.parameters())
        optimizer = lib.AdamW(parameters, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)

        def step():
            loss = lib.cross_entropy(model(ids), targets)
            optimizer.zero_grad()
            loss.backward()
            lib.clip(parameters, 1.0)
            optimizer.step()
            return loss.item()
        return step
    return trainer


def writing(count):
    """No training: a step writes `count` tokens with a cache. In place of a loss, their sum."""
    def trainer(lib, model):
        start = lib.array(np.zeros((1, 1), np.int64))
        return lambda: float(lib.generate(model, start, count).sum())
    return trainer


def _random(lib, *shapes):
    """An array from 0 to 1 of each shape, the same in both libraries."""
    rng = np.random.default_rng(1)
    return [lib.array(rng.random(shape, dtype=np.float32)) for shape in shapes]


# ---- all of them, with how much there is to compute ----

@dataclass(frozen=True)
class Network:
    """build and trainer: as said above. flops: of the matrix products in one step."""
    build: Callable
    trainer: Callable
    flops: int


def _training(layers):
    """Multiply-adds of a step for one example, given those of each layer's forward product.

    Each layer takes three products, forward and for the gradients of weights and input; the first
    layer's input needs none.
    """
    return 3 * sum(layers) - layers[0]


DENSE = [784 * 512, 512 * 256, 256 * 32, 32 * 256, 256 * 512, 512 * 784]
DOWN = [196 * 32 * 16, 49 * 64 * 512, 3136 * 256]
UP = DOWN[::-1]
HEADS = 2 * [256 * 20] + [20 * 256]
GENERATOR = [64 * 6272, 49 * 128 * 1024, 196 * 64 * 16]
CRITIC = [196 * 64 * 16, 49 * 128 * 1024, 6272]
IMAGE = 1, 28, 28


def _transformer(config, places, seen):
    """Multiply-adds of a GPT forward at so many places, that see `seen` places in all."""
    c = config
    matrices = 12 * c.n_layer * c.n_embd ** 2 + c.vocab_size * c.n_embd
    return places * matrices + seen * 2 * c.n_layer * c.n_embd


def _language(config, batch):
    """Floating-point operations of a GPT's training step; each place sees those before it."""
    t = config.block_size
    return 2 * 3 * batch * _transformer(config, t, t * (t + 1) // 2)


NETWORKS = {
    "dense AE": Network(dense_autoencoder, regression(128, IMAGE, IMAGE),
                        2 * 128 * _training(DENSE)),
    "conv network": Network(conv_network, regression(128, IMAGE, IMAGE),
                            2 * 128 * _training(DOWN + UP)),
    "conv VAE": Network(conv_vae, elbo(128), 2 * 128 * _training(DOWN + HEADS + UP)),
    # The critic trains on two batches; a third one's gradient goes through it to the generator.
    "DCGAN": Network(dcgan, adversarial(64), 2 * 64 * (2 * _training(CRITIC) + 2 * sum(CRITIC)
                                                      + _training(GENERATOR))),
    "tiny MLP": Network(tiny_mlp, regression(32, (2,), (1,)),
                        2 * 32 * _training([2 * 16, 16 * 16, 16])),
    "small GPT": Network(language_model(SMALL), next_token(12, SMALL), _language(SMALL, 12)),
    "10.8M GPT": Network(language_model(LARGE), next_token(16, LARGE), _language(LARGE, 16)),
    "200 tokens": Network(language_model(LARGE), writing(200),
                          2 * _transformer(LARGE, 200, 200 * 201 // 2)),
}

"""Small computations to walk back through: three networks, and each op at a row of its table."""
import difflib
from collections.abc import Callable
from typing import NamedTuple

import tinygen as tg
from models import gpt, vae
from tinygen import nn
from tinygen.backend import xp
from tinygen.check.table import CASES

NETWORKS = "mlp", "vae", "gpt"


class Subject(NamedTuple):
    """compute() gives the Tensor to go back from, g is its cotangent; None for a loss."""
    compute: Callable
    model: nn.Module | None
    g: object


def subject(name, rng):
    """One of NETWORKS, or an op of the table of tinygen.check, in float64."""
    if name in NETWORKS:
        return {"mlp": mlp, "vae": small_vae, "gpt": small_gpt}[name](rng)
    names = list(dict.fromkeys(case.name for case in CASES))
    if name not in names:
        near = difflib.get_close_matches(name, [*NETWORKS, *names], n=1)
        raise ValueError(f"--of: mlp, vae, gpt or one of the {len(names)} ops, such as softmax; "
                         f"got {name!r}" + (f", did you mean {near[0]}?" if near else ""))
    case = max((case for case in CASES if case.name == name),  # layer_norm with its w and b
               key=lambda case: len(case.shapes))
    inputs = [tg.Tensor(xp.asarray(x)) for x in case.inputs()]
    y = case.f(*inputs)
    return Subject(lambda: case.f(*inputs), None, xp.asarray(decimals(y.shape, rng)))


def mlp(rng):
    """Exclusive or, by a hidden layer of three."""
    model = readable(nn.Sequential(nn.Linear(2, 3, rng=rng), nn.Tanh(), nn.Linear(3, 1, rng=rng)),
                     rng)
    x = xp.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    t = xp.asarray([[0.0], [1.0], [1.0], [0.0]])
    return Subject(lambda: tg.bce_with_logits(model(x), t), model, None)


def small_vae(rng):
    """Two images of 4x4 pixels, three hidden units, two latents."""
    model = readable(vae.DenseVAE(vae.Config(latent_size=2, size=4), hidden=3, rng=rng), rng)
    x = xp.asarray(rng.integers(0, 2, (2, 1, 4, 4)).astype("float64"))
    eps = xp.asarray(decimals((2, 2), rng))
    return Subject(lambda: vae.loss(model, x, eps), model, None)


def small_gpt(rng):
    """One block of width 4 with two heads, on three tokens of five."""
    config = gpt.Config(vocab_size=5, block_size=4, n_layer=1, n_head=2, n_embd=4)
    model = readable(gpt.GPT(config, rng=rng), rng)
    ids = rng.integers(0, 5, (1, 4))
    ids, targets = xp.asarray(ids[:, :-1]), xp.asarray(ids[:, 1:])
    return Subject(lambda: gpt.loss(model, ids, targets), model, None)


def readable(model, rng):
    """The model in float64, with weights of one decimal."""
    model.astype("float64")
    for _, p in model.named_parameters():
        p.data[...] = xp.asarray(decimals(p.shape, rng))
    return model


def decimals(shape, rng):
    """Numbers with one decimal, from 0.1 to 1 in size."""
    return rng.integers(1, 11, shape) / 10 * rng.choice([-1.0, 1.0], shape)

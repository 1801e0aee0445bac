"""Mean squared, absolute, binary and categorical cross-entropy."""
from tests.tinygen.properties.draw import call, drawn
from tinygen.backend import np


def reduced(y, reduction):
    return y if reduction == "none" else y.sum() if reduction == "sum" else y.sum() / y.size


def mse(x, t, reduction="mean"):
    return reduced((x - t) ** 2, reduction)


def l1(x, t, reduction="mean"):
    return reduced((x - t) * np.sign((x - t).real), reduction)


def bce_with_logits(x, t, reduction="mean"):
    """-t log p - (1 - t) log(1 - p) of p = 1 / (1 + e^-x)"""
    return reduced(t * np.log1p(np.exp(-x)) + (1 - t) * np.log1p(np.exp(x)), reduction)


def cross_entropy(x, labels, reduction="mean"):
    top = x.real.max(-1)
    total = np.log(np.exp(x - top[..., None]).sum(-1)) + top
    return reduced(total - np.take_along_axis(x, labels[..., None], -1)[..., 0], reduction)


def reduction(draw):
    return draw.choice([{}, {"reduction": "mean"}, {"reduction": "sum"}, {"reduction": "none"}])


@drawn("mse", mse, weight=3)
def numbers(draw):
    x = draw.floats(draw.shape(least=1))
    return call(x, x if draw.chance(0.1) else draw.floats(x.shape), **reduction(draw))


@drawn("l1", l1, weight=3)
def apart(draw):
    x = draw.stepped(draw.shape(least=1), 1 / 64)
    return call(x, draw.stepped(x.shape, 3 / 64), **reduction(draw))


@drawn("bce_with_logits", bce_with_logits, weight=4)
def probabilities(draw):
    reach = draw.choice([2, 2, 30])
    x = draw.floats(draw.shape(least=1), -reach, reach)
    decimals = draw.choice([0, 5])  # 0 or 1, or between
    t = draw.input(x.shape, lambda core: draw.rng.random(core).round(decimals))
    return call(x, t, **reduction(draw))


@drawn("cross_entropy", cross_entropy, weight=4)
def classes(draw):
    reach = draw.choice([2, 2, 30])
    x = draw.floats(draw.shape(least_axes=1, least=1), -reach, reach)
    labels = draw.integers(x.shape[:-1], 0, x.shape[-1], dtypes=["int64", "int32", "uint8"])
    return call(x, labels, **reduction(draw))

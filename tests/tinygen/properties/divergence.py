"""Kullback-Leibler divergences of Gaussians and of discrete distributions."""
from tests.tinygen.properties.draw import call, drawn
from tinygen.backend import np


def kl_normal(mean1, logvar1, mean2, logvar2, axis=-1):
    """E[log p - log q] for z = mean1 + s·ε, with E[ε] = 0 and E[ε²] = 1."""
    expected_log_p = -0.5 * (logvar1 + 1)
    expected_log_q = -0.5 * (logvar2 + ((mean1 - mean2) ** 2 + np.exp(logvar1)) / np.exp(logvar2))
    return (expected_log_p - expected_log_q).sum(axis)


def kl_standard_normal(mean, logvar, axis=-1):
    return kl_normal(mean, logvar, 0, 0, axis)


def kl_categorical(p, q, axis=-1):
    """Σ p log(p/q), where 0 log 0 = 0 and its slope is taken as 0."""
    there = p.real > 0
    p, q = np.where(there, p, 1), np.where(there, q, 1)
    return np.where(there, p * np.log(p / q), 0).sum(axis)


def axis(draw, ndim):
    return draw.choice([{}, {"axis": draw.axes(ndim)}]) if ndim else {"axis": ()}


@drawn("kl_standard_normal", kl_standard_normal, weight=3)
def one_gaussian(draw):
    shape = draw.shape()
    return call(draw.floats(shape), draw.floats(shape), **axis(draw, len(shape)))


@drawn("kl_normal", kl_normal, weight=4)
def two_gaussians(draw):
    shape = draw.shape()
    gaussians = [draw.floats(shape) for _ in range(4)]
    if draw.chance(0.2):
        gaussians[2] = gaussians[0]
    return call(*gaussians, **axis(draw, len(shape)))


@drawn("kl_categorical", kl_categorical, weight=3)
def distributions(draw):
    shape = draw.shape()
    draw.at_kinks = draw.with_kinks
    rest = 0.3 if draw.at_kinks else 0  # has probability 0
    p = draw.input(shape, lambda core: draw.rng.uniform(0.1, 1, core)
                   * (draw.rng.random(core) >= rest))
    return call(p, draw.floats(shape, 0.1, 1), **axis(draw, len(shape)))

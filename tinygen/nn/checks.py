"""What layers and models check their settings by."""
from numbers import Integral

from tinygen.backend import np


def check_sizes(layer, least=1, **sizes):
    """Raise ValueError unless each size is an integer of at least `least`."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, Integral) or size < least:
            raise ValueError(f"{layer}: {name} is an integer of at least {least}, got {size!r}")


def check_dropout(layer, **probability):
    """Raise ValueError unless 0 <= p < 1, for the dropout probability p under its name."""
    for name, p in probability.items():
        if not 0 <= p < 1:
            raise ValueError(f"{layer}: {name} is a probability of at least 0 and below 1, got {p}")


def check_rng(rng):
    """rng itself, or for None a generator with fresh entropy.

    Raises TypeError for anything but a numpy.random.Generator.
    """
    if rng is None:
        return np.random.default_rng()
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"init: rng is a numpy.random.Generator, got {rng!r}; use "
                        f"np.random.default_rng(seed)")
    return rng

"""The checks of settings that layers and models share; dropout's is in ops/elementwise."""
from numbers import Integral

from tinygen.backend import np


def check_sizes(layer, least=1, **sizes):
    """Raise ValueError unless each size is an integer of at least `least`."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, Integral) or size < least:
            raise ValueError(f"{layer}: {name} must be an integer of at least {least}, got "
                             f"{size!r}")


def check_rng(rng):
    """rng itself, or for None a generator with fresh entropy.

    Raises TypeError for anything but a numpy.random.Generator.
    """
    if rng is None:
        return np.random.default_rng()
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"init: rng must be a numpy.random.Generator, got {rng!r}; use "
                        f"np.random.default_rng(seed)")
    return rng

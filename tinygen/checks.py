"""The checks of settings that ops, layers, optimisers, data and models share.

`name` is who complains, such as "Linear"; the settings come by keyword, under the user's names.
"""
import os
from numbers import Integral, Real
from pathlib import Path

from tinygen.backend import np
from tinygen.errors import describe


def check_sizes(name, least=1, **sizes):
    """Raise ValueError unless each size is an integer of at least `least`."""
    for setting, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, Integral) or size < least:
            raise ValueError(f"{name}: {setting} must be an integer of at least {least}, got "
                             f"{_shown(size)}")


def check_number(name, low, high, **numbers):
    """Raise ValueError unless low <= number < high for each, TypeError for what is no number."""
    for setting, number in numbers.items():
        if not isinstance(number, Real) or not low <= number < high:
            kind = ValueError if isinstance(number, Real) else TypeError
            raise kind(f"{name}: {setting} must be at least {low} and below {high}, got "
                       f"{_shown(number)}")


def check_flags(name, **flags):
    """Raise TypeError unless each is True or False: any other object would count as one of them."""
    for setting, flag in flags.items():
        if not isinstance(flag, (bool, np.bool_)):
            raise TypeError(f"{name}: {setting} must be True or False, got {describe(flag)}")


def check_rng(name, rng):
    """rng itself. Raises TypeError unless it is a numpy.random.Generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{name}: rng must be a numpy.random.Generator, got {describe(rng)}; use "
                        f"np.random.default_rng(seed), and keep it from call to call")
    return rng


def generator(name, rng):
    """rng itself, or for None one with fresh entropy. Raises TypeError for anything else."""
    return np.random.default_rng() if rng is None else check_rng(name, rng)


def check_path(name, path):
    """`path` as a Path. Raises TypeError unless it is text or a Path: open(1) is no file."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name}: the path must be text or a pathlib.Path, got {describe(path)}")
    return Path(path)


def _shown(value):
    return repr(value) if isinstance(value, Real) else describe(value)

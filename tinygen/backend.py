"""The array library that does the arithmetic, and the only file that names one.

    from tinygen.backend import np, xp

`np` is always NumPy: data sets and initial weights are made with it on the host, so that every
backend starts from the same numbers. `xp` is the library in use, NumPy or CuPy: whatever a Tensor
computes goes through it. `use_backend`, or the environment variable TINYGEN_BACKEND, chooses it.
"""
import ctypes
import importlib
import os
import threading

import numpy as np

from tinygen import errors

INSTALL_HINTS = {
    "numpy": "pip install numpy",
    "cupy": "pip install 'tinygen[cuda12]' or 'tinygen[cuda13]', to match this machine's CUDA",
}

CACHE_NUMBERS = 512 * 1024  # 2 MiB of float32


class ArrayLibrary:
    """A proxy for the module in use: `xp.exp` is NumPy's or CuPy's exp, as `use_backend` says."""

    def __init__(self, module):
        self._bind(module)

    def _bind(self, module):
        # Names are looked up once and kept in __dict__, so that xp.exp costs no more than np.exp.
        self.__dict__.clear()
        self._module = module

    def __getattr__(self, name):
        value = getattr(self._module, name)
        self.__dict__[name] = value
        return value

    def __repr__(self):
        return f"<array library {self._module.__name__}>"


xp = ArrayLibrary(np)


def use_backend(library):
    """Compute with `library` from now on: "numpy", "cupy", or a module with their interface.

    A process uses one backend: Tensors made before the change keep their arrays, and an op that
    meets them raises an error. Raises ValueError for an unknown name and ImportError where the
    library or its GPU is missing; the backend then stays as it was.
    """
    if isinstance(library, str):
        library = _import_library(library)
    elif not hasattr(library, "ndarray"):
        raise errors.unknown_backend(library, INSTALL_HINTS)
    _unread.checks.clear()
    xp._bind(library)


def _import_library(name):
    if name not in INSTALL_HINTS:
        raise errors.unknown_backend(name, INSTALL_HINTS)
    try:
        module = importlib.import_module(name)
        module.zeros(1)  # CuPy imports without a GPU and fails at its first array
    except Exception as error:
        raise errors.unusable_backend(name, error, INSTALL_HINTS[name]) from error
    return module


def backend_name():
    """Name of the array library in use: "numpy", "cupy" or the module's own."""
    return xp._module.__name__


def is_array(value):
    """True for an array of the library in use."""
    return isinstance(value, xp.ndarray)


def to_numpy(value):
    """The values of a Tensor or an array as a NumPy array; copied only if they are on a GPU.

    Raises what a check on the GPU has found meanwhile, see `require`.
    """
    array = value.data if hasattr(value, "requires_grad") else value
    settle()
    return array.get() if hasattr(array, "get") else np.asarray(array)


class _Unread(threading.local):
    """Checks whose answers are still on a GPU, in this thread: (holds, error, shown) each."""

    def __init__(self):
        self.checks = []


_unread = _Unread()
MOST_UNREAD = 1000


def require(holds, error, *shown):
    """Raise error(*shown) unless `holds`: at once on a CPU, later on a GPU.

    holds, shown: 0-d arrays. Asking a GPU means waiting until it has done all that it was given,
    and leaving it idle until it is given more. So answers are kept there until `settle`.
    """
    if backend_name() == "numpy":
        if not holds:
            raise error(*shown)
        return
    _unread.checks.append((holds, error, shown))
    if len(_unread.checks) >= MOST_UNREAD:
        settle()


def settle(*numbers):
    """The numbers, 0-d arrays, as floats; raises the first error that was required meanwhile.

    So an optimiser's step updates nothing, and nothing is read from a GPU, before each index and
    each target has been found right. It costs one wait.
    """
    if backend_name() == "numpy":
        return [float(number) for number in numbers]
    checks, _unread.checks = _unread.checks, []
    if not checks and not numbers:
        return []
    holds = [xp.asarray(check) for check, _, _ in checks]
    read = xp.stack([v.astype("float64") for v in (*numbers, *holds)]).get().tolist()
    for held, (_, error, shown) in zip(read[len(numbers):], checks):
        if not held:
            raise error(*map(float, shown))
    return read[:len(numbers)]


def cache_parts(n, size):
    """Slices that cut range(n) evenly into parts of about half a million numbers, `size` each.

    That much stays in the processor's cache from one pass over it to the next. Their number is a
    power of two, like that of most processors' cores, unless n is less. A GPU gets all n at once:
    there each launch costs, and memory is ample.
    """
    count = 1
    if backend_name() == "numpy":
        count = min(n, 1 << (max(0, n * size - 1) // CACHE_NUMBERS).bit_length())
    return [slice(i * n // count, (i + 1) * n // count) for i in range(count)] if n else []


def _keep_freed_memory():
    """Ask glibc to keep freed memory for the next array instead of returning it to the system.

    A training step frees and allocates the same megabytes as the one before; fetching them from
    the system anew, page by page, costs about a sixth of a convolutional network's step. Threads
    share one arena: their own ones would be trimmed all the same.
    """
    mmap_threshold, trim_threshold, arena_max, gigabyte = -3, -1, -8, 1 << 30  # malloc.h's names
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # another C library, or Windows
    mallopt(mmap_threshold, gigabyte)
    mallopt(trim_threshold, gigabyte)
    mallopt(arena_max, 1)


_keep_freed_memory()
if os.environ.get("TINYGEN_BACKEND"):
    use_backend(os.environ["TINYGEN_BACKEND"])

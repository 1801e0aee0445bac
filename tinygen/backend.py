"""The array library that does the arithmetic, and the only file that names one.

    from tinygen.backend import np, xp

`np` is always NumPy: data sets and initial weights are made with it on the host, so that every
backend starts from the same numbers. `xp` is the library in use, NumPy or CuPy: whatever a Tensor
computes goes through it. `use_backend`, or the environment variable TINYGEN_BACKEND, chooses it.
"""
import contextlib
import ctypes
import importlib
import itertools
import os
from pathlib import Path

# After each product OpenBLAS's threads wait for the next one, by default in a loop of 2^26 cycles
# that keeps a core from everyone else. After 2^14 they sleep. Read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "14")

import numpy as np  # noqa: E402

from tinygen import errors  # noqa: E402

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
    """The values of a Tensor or an array as a NumPy array; copied only if they are on a GPU."""
    array = value.data if hasattr(value, "requires_grad") else value
    return array.get() if hasattr(array, "get") else np.asarray(array)


def cache_parts(n, size):
    """Slices that cut range(n) into parts of about half a million numbers, `size` for each of n.

    That much stays in the processor's cache from one pass over it to the next. A GPU gets all n at
    once: there each launch costs, and memory is ample.
    """
    count = max(1, CACHE_NUMBERS // max(1, size)) if backend_name() == "numpy" else max(1, n)
    return [slice(start, start + count) for start in range(0, n, count)]


def set_blas_threads(n):
    """Share each of NumPy's matrix products among n threads -> their number before.

    None where NumPy computes with another library than OpenBLAS: nothing is changed then.
    """
    if openblas := _openblas_threads():
        get, set_to = openblas
        before = get()
        set_to(n)
        return before
    return None


def _openblas_threads():
    """OpenBLAS's functions that get and set its threads, in the library that NumPy has loaded.

    Their names may begin with scipy_ and end with 64_.
    """
    home = Path(np.__file__).parent
    paths = [*home.parent.glob("numpy.libs/*openblas*"), *home.glob(".dylibs/*openblas*")]
    with contextlib.suppress(OSError):  # a file of Linux's; NumPy may use the system's OpenBLAS
        words = Path("/proc/self/maps").read_text(encoding="utf-8").split()
        paths += sorted({word for word in words if "/" in word and "openblas" in word})
    for path in paths:
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(str(path))
            for before, behind in itertools.product(("scipy_", ""), ("64_", "")):
                names = [f"{before}openblas_{verb}_num_threads{behind}" for verb in ("get", "set")]
                if all(hasattr(library, name) for name in names):
                    return [getattr(library, name) for name in names]
    return None


def _keep_freed_memory():
    """Ask glibc to keep freed memory for the next array instead of returning it to the system.

    A training step frees and allocates the same megabytes as the one before; fetching them from
    the system anew, page by page, costs about a sixth of a convolutional network's step.
    """
    mmap_threshold, trim_threshold, gigabyte = -3, -1, 1 << 30  # the names are malloc.h's
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # another C library, or Windows
    mallopt(mmap_threshold, gigabyte)
    mallopt(trim_threshold, gigabyte)


_keep_freed_memory()
if os.environ.get("TINYGEN_BACKEND"):
    use_backend(os.environ["TINYGEN_BACKEND"])

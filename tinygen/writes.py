"""What `tg.detect_writes` does: find an array that was written between a forward and its backward.

Ops keep their arrays and do not copy them. Whoever writes into one in place, `w.data += 1` or
`batch[:] = ...`, changes what the backward computes with, and gets a wrong gradient in silence.
"""
import zlib

from tinygen import errors
from tinygen.backend import is_array, np, to_numpy
from tinygen.tensor import plain


def guarded(op, inputs, settings, y, functions):
    """An op's gradients and textbook twin, each of which first looks for such a write."""
    named = {f"input {i}": x for i, x in enumerate(inputs)} | settings | {"the output": y}
    arrays = {name: plain(x) for name, x in named.items() if is_array(plain(x))}
    before = {name: _fingerprint(array) for name, array in arrays.items()}

    def guard(function):
        def after_a_look(*args, **settings):
            for name, array in arrays.items():
                if _fingerprint(array) != before[name]:
                    raise errors.written_in_place(op, name, array)
            return function(*args, **settings)
        return function and after_a_look
    return map(guard, functions)


def _fingerprint(array):
    return zlib.crc32(np.ascontiguousarray(to_numpy(array)))

"""Tensor: an array that remembers where it came from.

What can be done with one, x + y, x[key], x.sum(), is listed in tinygen.methods: each of these is an
op. tinygen.operation says how an op records itself, tinygen.autograd how `backward` walks what was
recorded.
"""
import functools
import itertools

import tinygen as tg  # for tg.autograd, which is made of Tensors and imported later
from tinygen import errors
from tinygen.backend import np, settle, to_numpy, xp
from tinygen.methods import Methods

next_birth = itertools.count().__next__


class Tensor(Methods):
    """An array that can be differentiated by.

    Tensor(data, *, requires_grad=True): data is a float, a nested list of floats (stored as
    float32) or a floating array (its dtype is kept, its values are copied). Constants such as a
    batch of images or labels may stay plain arrays: ops take both, and no gradient is computed for
    an array.

    data: the array, on the backend in use. grad: a Tensor of the same shape and dtype once
    `backward()` has run, else None. Operators and methods are NumPy's. Raises TypeError for
    integers, which have no derivative, and for data that is not an array of numbers.
    """
    # _origin: (op, inputs, settings, gradients, textbook twin) of a recorded result, else None.
    # _birth: a running number, larger for results than for their inputs; writing to a leaf gives it
    # a new one.
    __slots__ = ("data", "grad", "requires_grad", "_birth", "_origin", "__weakref__")

    def __init__(self, data, *, requires_grad=True):
        if isinstance(data, Tensor):
            raise errors.already_a_tensor()
        listed = not hasattr(data, "dtype")
        array = _even(data) if listed else data
        if array.dtype.kind != "f":
            raise errors.not_floating(array, data)
        self.data = xp.array(array, dtype="float32" if listed else array.dtype)
        self.grad, self.requires_grad = None, requires_grad
        self._birth, self._origin = next_birth(), None

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    dtype = property(lambda self: self.data.dtype)

    # ---- gradients ----

    def backward(self, g=None, *, inputs=None, retain_graph=False):
        """Add the gradient of <g, self> to `x.grad` of every leaf x that self was computed from.

        g: cotangent of self's shape, an array or a Tensor; may be left out if self has one element.
        inputs: only these Tensors get a gradient, and only what lies between self and them is
        computed, as when one of two networks is trained through the other. retain_graph: keep the
        graph for a second backward instead of freeing it on the way.
        Raises ValueError without a graph, for a freed graph, and for a cotangent that is missing or
        does not fit.
        """
        tg.autograd.backward(self, g, inputs, retain_graph)

    def detach(self):
        """The same array without its history: a constant for whatever uses it."""
        return result(self.data)

    # ---- values ----

    def numpy(self):
        """The values as a NumPy array; on a CPU it shares this Tensor's memory."""
        return to_numpy(self)

    def item(self):
        """The value of a one-element Tensor as a Python float."""
        if self.data.size != 1:
            raise errors.not_one_element(self)
        value, = settle(self.data.reshape(()))
        return value

    def argmax(self, axis=None):
        """Index of the largest element along an axis, or of all: integers, not differentiable."""
        if axis is not None and axis not in range(-self.ndim, self.ndim) or not self.size:
            raise errors.no_largest(self, axis)
        return self.data.argmax(axis)

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __bool__(self):
        return bool(self.item())

    def __repr__(self):
        body = np.array2string(to_numpy(self), separator=", ", prefix="Tensor(", threshold=60,
                               precision=4)
        return f"Tensor({body}, shape={self.shape}, dtype={self.dtype})"

    def __format__(self, spec):
        return format(self.item(), spec) if spec else repr(self)  # f"{loss:.3f}"

    def __setitem__(self, key, value):
        raise errors.assigned_into()

    def __len__(self):
        if not self.data.ndim:
            raise errors.no_length()
        return len(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __reduce__(self):
        """copy.deepcopy and pickle make another leaf with the same values, without its grad."""
        if self._origin is not None:
            raise errors.copied_result()
        return functools.partial(Tensor, requires_grad=self.requires_grad), (self.data,)


def _even(lists):
    try:
        return np.asarray(lists)
    except ValueError as error:
        raise errors.uneven_lists(lists) from error


def result(array, origin=None):
    """A Tensor around `array`, without check or copy: a constant unless it has an origin."""
    tensor = Tensor.__new__(Tensor)
    tensor.data, tensor.grad = array, None
    tensor.requires_grad, tensor._origin = origin is not None, origin
    tensor._birth = next_birth()
    return tensor


def plain(x):
    """The array behind a Tensor, or x itself: for what no gradient flows through."""
    return x.data if type(x) is Tensor else x


def mark_written(tensor):
    """Record that `tensor.data` was written in place, so that no earlier forward is walked back."""
    tensor._birth = next_birth()


def shape_of(name, x):
    """x's shape; raises TypeError, in the function's name, unless x is a Tensor or an array."""
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise errors.not_an_array(name, x)
    return x.shape

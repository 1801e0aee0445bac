"""Tensor: an array that remembers where it came from.

What it answers to, x + y, x[key], x.sum(), stands in tinygen.ops.methods, for its operators and
methods are the ops; `backward` is in tinygen.autograd.
"""
import functools
import itertools

from tinygen.backend import np, to_numpy, xp

_next_birth = itertools.count().__next__


class Tensor:
    """An array that can be differentiated by.

    Tensor(data, *, requires_grad=True): data is a float, a nested list of floats (stored as
    float32) or a floating array (its dtype is kept, its numbers are copied). Constants such as a
    batch of images or labels may stay plain arrays: ops take both, and no gradient is computed for
    an array.

    data: the array; tg.to_numpy(x) gives it as NumPy's on any backend. grad: a Tensor of the same
    shape and dtype once `backward()` has run, else None. Operators and methods are NumPy's.
    Raises TypeError for integers, which have no derivative, and for what is no array of numbers.
    """
    # _origin: (op, inputs, settings, gradients, textbook twin) of a recorded result, else None.
    # _birth: a running number; a leaf's says when it was last written.
    __slots__ = ("data", "grad", "requires_grad", "_birth", "_origin", "__weakref__")

    def __init__(self, data, *, requires_grad=True):
        if isinstance(data, Tensor):
            raise TypeError("Tensor: the data is a Tensor already; use it as it is, or x.detach() "
                            "for its numbers without their history")
        listed = not hasattr(data, "dtype")
        array = _even(data) if listed else data
        if array.dtype.kind != "f":
            raise TypeError(f"Tensor: the data must be floating-point, got {array.dtype} "
                            f"({describe(data)}); write 2.0 for 2, or use .astype('float32'). "
                            f"Labels and indices stay plain integer arrays")
        self.data = xp.array(array, dtype="float32" if listed else array.dtype)
        self.grad, self.requires_grad = None, requires_grad
        self._birth, self._origin = _next_birth(), None

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    dtype = property(lambda self: self.data.dtype)

    def item(self):
        """The value of a one-element Tensor as a Python float."""
        if self.data.size != 1:
            raise ValueError(f"item: only a Tensor of one element is one number, this one has "
                             f"shape {self.shape}")
        return self.data.item()

    def detach(self):
        """The same array without its history: a constant to whatever uses it."""
        return result(self.data)

    def __repr__(self):
        body = np.array2string(to_numpy(self), separator=", ", prefix="Tensor(", threshold=60,
                               precision=4)
        return f"Tensor({body}, shape={self.shape}, dtype={self.dtype})"

    def __format__(self, spec):
        return format(self.item(), spec) if spec else repr(self)  # f"{loss:.3f}"

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __bool__(self):
        return bool(self.item())

    def __reduce__(self):
        """How copy.deepcopy and pickle make another leaf: of the same numbers, without its grad."""
        if self._origin is not None:
            raise TypeError("Tensor: only what Tensor(...) made can be copied or pickled, and "
                            "this one was computed; take x.detach() for its numbers")
        return functools.partial(Tensor, requires_grad=self.requires_grad), (self.data,)

    def __setitem__(self, key, value):
        raise TypeError("Tensors are values: no assignment into one. Build a new one with tg.where "
                        "or tg.scatter_add, or write the plain array x.data before it is used")

    # ---- NumPy's functions are refused by name, instead of failing on a heap of objects ----

    def __array__(self, *args, **kwargs):
        raise TypeError("a Tensor does not turn into a NumPy array by itself, as its history would "
                        "be lost; ask for x.data, or tinygen.to_numpy(x)")

    def __array_function__(self, function, types, args, kwargs):
        raise _numpy_refused(function)


class _UfuncDoor:
    """Sends `array * tensor` to Tensor.__rmul__, and refuses numpy.exp(tensor).

    NumPy looks __array_ufunc__ up on the class and calls it; CuPy looks on the instance, where
    None means "the other operand knows better".
    """
    REFLECTED = {"add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__",
                 "divide": "__rtruediv__", "power": "__rpow__", "matmul": "__rmatmul__",
                 "less": "__gt__", "less_equal": "__ge__", "greater": "__lt__",
                 "greater_equal": "__le__", "equal": "__eq__", "not_equal": "__ne__"}

    def __get__(self, tensor, cls):
        return self.dispatch if tensor is None else None

    def dispatch(self, tensor, ufunc, method, *inputs, **settings):
        name = self.REFLECTED.get(ufunc.__name__)
        binary = method == "__call__" and len(inputs) == 2 and inputs[1] is tensor
        if "out" in settings:
            raise TypeError("an array takes in no Tensor in place, as its history would be lost; "
                            "use x.data for its numbers, or write a = a * x for a *= x")
        if name and binary and not settings:
            return getattr(tensor, name)(inputs[0])
        raise _numpy_refused(ufunc)


Tensor.__array_ufunc__ = _UfuncDoor()


def _numpy_refused(function):
    return TypeError(f"numpy.{function.__name__} does not know Tensors; call tinygen."
                     f"{function.__name__} where there is such an op, or numpy on x.data if no "
                     f"gradient is wanted")


def _even(lists):
    try:
        return np.asarray(lists)
    except ValueError as error:
        raise ValueError(f"Tensor: nested lists must be equally long at each level, got "
                         f"{describe(lists)}") from error


def result(array):
    """A Tensor around `array`, without check or copy: a constant until it is given an origin."""
    tensor = Tensor.__new__(Tensor)
    tensor.data = array
    tensor.grad = tensor._origin = None
    tensor.requires_grad = False
    tensor._birth = _next_birth()
    return tensor


def plain(x):
    """The array behind a Tensor, or x itself: for what no gradient goes through."""
    return x.data if type(x) is Tensor else x


def mark_written(tensor):
    """Say that `tensor.data` was written in place, so that no earlier forward is walked back."""
    tensor._birth = _next_birth()


def shape_of(name, x):
    """x's shape; TypeError by the function's name where x is neither a Tensor nor an array."""
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise TypeError(f"{name}: takes Tensors or arrays, got {describe(x)}; make one with "
                        f"tg.Tensor(...) or xp.asarray(...)")
    return x.shape


def describe(x):
    """A short name of a value for an error message: Tensor (2, 3) float32."""
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"{type(x).__name__} {tuple(x.shape)} {x.dtype}"
    text = repr(x)
    return f"{type(x).__name__} {text if len(text) < 40 else text[:36] + ' ...'}"

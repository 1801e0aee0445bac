"""The operators and methods of a Tensor, by NumPy's names: each is one of tinygen's ops.

x + y is tg.add(x, y), x[key] is tg.getitem(x, key), and x.sum(0) is tg.sum(x, 0). The class Tensor
inherits them from here.
"""
from tinygen import errors, ops  # ops is still being imported here: it is made of Tensors
from tinygen.backend import is_array, np


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
            raise errors.written_into_an_array()
        if name and binary and not settings:
            return getattr(tensor, name)(inputs[0])
        raise errors.numpy_on_a_tensor(ufunc)


class Methods:
    """What a Tensor inherits."""
    __slots__ = ()

    # ---- operators ----

    def __add__(self, other):
        return ops.add(self, other)

    def __radd__(self, other):
        return ops.add(other, self)

    def __sub__(self, other):
        return ops.sub(self, other)

    def __rsub__(self, other):
        return ops.sub(other, self)

    def __mul__(self, other):
        return ops.mul(self, other)

    def __rmul__(self, other):
        return ops.mul(other, self)

    def __truediv__(self, other):
        return ops.div(self, other)

    def __rtruediv__(self, other):
        return ops.div(other, self)

    def __pow__(self, other):
        return ops.pow(self, other)

    def __rpow__(self, other):
        return ops.pow(other, self)

    def __matmul__(self, other):
        return ops.matmul(self, other)

    def __rmatmul__(self, other):
        return ops.matmul(other, self)

    def __neg__(self):
        return ops.neg(self)

    def __abs__(self):
        return ops.abs(self)

    # Comparisons have no slope: they give plain boolean arrays.

    def __lt__(self, other):
        return _compared(self, "__lt__", other)

    def __le__(self, other):
        return _compared(self, "__le__", other)

    def __gt__(self, other):
        return _compared(self, "__gt__", other)

    def __ge__(self, other):
        return _compared(self, "__ge__", other)

    def __eq__(self, other):
        return _compared(self, "__eq__", other)

    def __ne__(self, other):
        return _compared(self, "__ne__", other)

    __hash__ = object.__hash__  # == compares values, a dict or set goes by identity

    def __getitem__(self, key):
        return ops.getitem(self, key=key)

    # ---- methods ----

    def sum(self, axis=None, keepdims=False):
        return ops.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis=None, keepdims=False):
        return ops.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis=None, keepdims=False):
        return ops.var(self, axis=axis, keepdims=keepdims)

    def std(self, axis=None, keepdims=False):
        """Square root of the variance; where that is 0 it has no finite gradient."""
        return ops.sqrt(ops.var(self, axis=axis, keepdims=keepdims))

    def max(self, axis=None, keepdims=False):
        return ops.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis=None, keepdims=False):
        return ops.min(self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis):
        return ops.cumsum(self, axis=axis)

    def exp(self):
        return ops.exp(self)

    def log(self):
        return ops.log(self)

    def sqrt(self):
        return ops.sqrt(self)

    def sin(self):
        return ops.sin(self)

    def cos(self):
        return ops.cos(self)

    def tanh(self):
        return ops.tanh(self)

    def abs(self):
        return ops.abs(self)

    def clip(self, low, high):
        return ops.clip(self, low=low, high=high)

    def reshape(self, *shape):
        """x.reshape(2, 3) or x.reshape((2, 3)); one size may be -1."""
        return ops.reshape(self, shape=_unpacked(shape))

    def flatten(self):
        return ops.reshape(self, shape=(-1,))

    def transpose(self, *axes):
        """x.transpose(1, 0) or x.transpose((1, 0)); reversed without axes."""
        return ops.transpose(self, axes=_unpacked(axes) or None)

    @property
    def T(self):
        return ops.transpose(self)

    def swapaxes(self, axis1, axis2):
        return ops.swapaxes(self, axis1=axis1, axis2=axis2)

    def squeeze(self, axis=None):
        return ops.squeeze(self, axis=axis)

    def astype(self, dtype):
        return ops.astype(self, dtype=dtype)

    # ---- NumPy's functions are refused by name, instead of failing on an array of objects ----

    def __array__(self, *args, **kwargs):
        raise errors.turned_into_an_array()

    def __array_function__(self, function, types, args, kwargs):
        raise errors.numpy_on_a_tensor(function)

    __array_ufunc__ = _UfuncDoor()


def _compared(tensor, name, other):
    """A boolean array, or NotImplemented for what has no order, so that x == None is False."""
    other = other.data if isinstance(other, Methods) else other
    comparable = is_array(other) or isinstance(other, (int, float, np.generic))
    return getattr(tensor.data, name)(other) if comparable else NotImplemented


def _unpacked(arguments):
    """The sizes or axes of x.reshape((2, 3)), which means x.reshape(2, 3)."""
    packed = len(arguments) == 1 and isinstance(*arguments, (tuple, list))
    return tuple(*arguments) if packed else arguments

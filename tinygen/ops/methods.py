"""What a Tensor answers to, by NumPy's names: x + y is add(x, y), and x.sum(0) is sum(x, axis=0).

The class Tensor can't say so itself, for the ops are made of Tensors.
"""
from tinygen.backend import is_array, np
from tinygen.ops import elementwise, reduce, shape
from tinygen.ops.linear import matmul
from tinygen.tensor import Tensor, plain


def _arithmetic(name, op):
    """x + 1 and 1 + x."""
    setattr(Tensor, f"__{name}__", lambda a, b: op(a, b))
    setattr(Tensor, f"__r{name}__", lambda a, b: op(b, a))


def _comparison(name):
    """x < y has no slope: it is a plain boolean array. With what has no order it isn't any."""
    def compare(a, b):
        b = plain(b)
        comparable = is_array(b) or isinstance(b, (int, float, np.generic))
        return getattr(a.data, name)(b) if comparable else NotImplemented  # x == None is False
    setattr(Tensor, name, compare)


def _reduction(op):
    """x.sum(0) and x.sum(axis=0)."""
    setattr(Tensor, op.name,
            lambda x, axis=None, keepdims=False: op(x, axis=axis, keepdims=keepdims))


def _sizes(arguments):
    """x.reshape((2, 3)) means what x.reshape(2, 3) does."""
    listed = len(arguments) == 1 and isinstance(arguments[0], (tuple, list))
    return tuple(arguments[0]) if listed else arguments


_arithmetic("add", elementwise.add)
_arithmetic("sub", elementwise.sub)
_arithmetic("mul", elementwise.mul)
_arithmetic("truediv", elementwise.div)
_arithmetic("pow", elementwise.pow)
_arithmetic("matmul", matmul)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _comparison(f"__{_name}__")
Tensor.__hash__ = object.__hash__  # == compares numbers, a dict goes by identity
Tensor.__neg__ = elementwise.neg
Tensor.__abs__ = elementwise.abs
Tensor.__getitem__ = lambda x, key: shape.getitem(x, key=key)

for _op in (reduce.sum, reduce.mean, reduce.var, reduce.max, reduce.min):
    _reduction(_op)
for _name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "abs"):
    setattr(Tensor, _name, getattr(elementwise, _name))
Tensor.clip = lambda x, low, high: elementwise.clip(x, low=low, high=high)
Tensor.cumsum = lambda x, axis: reduce.cumsum(x, axis=axis)
Tensor.reshape = lambda x, *sizes: shape.reshape(x, shape=_sizes(sizes))
Tensor.transpose = lambda x, *axes: shape.transpose(x, axes=_sizes(axes) or None)
Tensor.swapaxes = lambda x, axis1, axis2: shape.swapaxes(x, axis1=axis1, axis2=axis2)
Tensor.squeeze = lambda x, axis=None: shape.squeeze(x, axis=axis)
Tensor.astype = lambda x, dtype: shape.astype(x, dtype=dtype)
Tensor.T = property(shape.transpose)

for _name, _method in vars(Tensor).items():  # so that help(tg.Tensor) has names to show
    if getattr(_method, "__name__", "") == "<lambda>":
        _method.__name__ = _method.__qualname__ = _name

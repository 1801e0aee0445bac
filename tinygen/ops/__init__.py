"""Every op of the engine, by the file that tells about it.

elementwise   arithmetic, functions and activations of each element
shape         moving elements: reshape, pad, index, concatenate
reduce        bringing elements together: sum, mean, max, logsumexp, cumsum
linear        matrix products: matmul, linear, einsum
conv          convolution, its transpose and its weight gradient
pool          pooling and its way back: max, mean, upsampling
norm          softmax; layer, batch and group norm
loss          mse, l1, binary and categorical cross-entropy
"""
from tinygen.ops.conv import conv1d, conv2d, conv2d_weight, conv_transpose2d
from tinygen.ops.elementwise import (
    abs,
    add,
    clip,
    cos,
    div,
    dropout,
    elu,
    exp,
    gelu,
    gelu_textbook,
    leaky_relu,
    log,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    relu,
    sigmoid,
    silu,
    sin,
    softplus,
    sqrt,
    sub,
    tanh,
    where,
)
from tinygen.ops.linear import einsum, linear, matmul
from tinygen.ops.loss import bce_with_logits, cross_entropy, l1, mse
from tinygen.ops.norm import (
    batch_moments,
    batch_norm,
    group_norm,
    layer_norm,
    log_softmax,
    softmax,
    standardize,
)
from tinygen.ops.pool import (
    avg_pool2d,
    gather_pixels,
    max_pool2d,
    max_unpool2d,
    scatter_pixels,
    spread2d,
    sum_pool2d,
    upsample_nearest2d,
)
from tinygen.ops.reduce import cumsum, logsumexp, max, mean, min, sum, var
from tinygen.ops.shape import (
    alias,
    broadcast_to,
    concatenate,
    crop,
    embedding,
    expand_dims,
    flip,
    getitem,
    pad,
    reshape,
    scatter_add,
    split,
    squeeze,
    stack,
    sum_to,
    swapaxes,
    take_along_axis,
    transpose,
)
from tinygen.tensor import Tensor, plain


def _install_operators():
    """x + y is ops.add(x, y), x.sum() is ops.sum(x): what NumPy users expect a Tensor to answer to."""
    operators = {"add": add, "sub": sub, "mul": mul, "truediv": div, "pow": pow, "matmul": matmul}
    for name, function in operators.items():
        setattr(Tensor, f"__{name}__", lambda a, b, f=function: f(a, b))
        setattr(Tensor, f"__r{name}__", lambda a, b, f=function: f(b, a))
    Tensor.__neg__ = lambda x: neg(x)
    Tensor.__abs__ = lambda x: abs(x)
    Tensor.__getitem__ = lambda x, key: getitem(x, key=key)
    # Comparisons have no slope: they give plain boolean arrays.
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        compare = f"__{name}__"
        setattr(Tensor, compare, lambda a, b, c=compare: getattr(a.data, c)(plain(b)))
    Tensor.__hash__ = object.__hash__

    Tensor.sum = lambda x, axis=None, keepdims=False: sum(x, axis=axis, keepdims=keepdims)
    Tensor.mean = lambda x, axis=None, keepdims=False: mean(x, axis=axis, keepdims=keepdims)
    Tensor.reshape = lambda x, *shape: reshape(x, shape=shape[0] if isinstance(shape[0], tuple) else shape)
    Tensor.transpose = lambda x, *axes: transpose(x, axes=axes or None)
    Tensor.swapaxes = lambda x, axis1, axis2: swapaxes(x, axis1=axis1, axis2=axis2)
    Tensor.T = property(transpose)


_install_operators()

"""tinygen: a deep learning engine in NumPy, to read, to prove and to train generative models with.

    import tinygen as tg

Every op and loss is tg.name; layers are in tg.nn, optimisers in tg.optim, data sets in tg.data,
checkpoints in tg.checkpoint, tools to look inside with in tg.study. To read the engine, start with
backend, tensor, operation, ops/elementwise, ops/linear, autograd, in this order.
"""
# ruff: noqa: I001  (ops first, in the order of their files)
import importlib

from tinygen import ops  # before what is made of them
from tinygen import nn, optim
from tinygen.autograd import grad
from tinygen.backend import backend_name, to_numpy, use_backend, xp
from tinygen.check import check_gradients, check_model_gradients
from tinygen.operation import detect_nan, detect_writes, no_grad, op
from tinygen.ops.elementwise import (
    abs, add, clip, cos, div, elu, exp, gelu, leaky_relu, log, maximum, minimum, mul, neg,
    pow, relu, sigmoid, silu, sin, softplus, sqrt, sub, tanh, where)
from tinygen.ops.dropout import dropout
from tinygen.ops.shape import (
    astype, broadcast_to, crop, expand_dims, flip, pad, reshape, squeeze, swapaxes, transpose)
from tinygen.ops.indexing import (
    concatenate, embedding, getitem, scatter_add, split, stack, take_along_axis)
from tinygen.ops.reduce import cumsum, logsumexp, max, mean, min, sum, var
from tinygen.ops.linear import einsum, linear, matmul
from tinygen.ops.conv import conv1d, conv2d, conv2d_weight, conv_transpose2d
from tinygen.ops.pool import avg_pool2d, max_pool2d, max_unpool2d, upsample_nearest2d
from tinygen.ops.norm import (
    batch_norm, group_norm, layer_norm, log_softmax, softmax, standardize)
from tinygen.ops.attention import attention
from tinygen.ops.loss import bce_with_logits, cross_entropy, l1, mse
from tinygen.ops.divergence import kl_categorical, kl_normal, kl_standard_normal
from tinygen.tensor import Tensor
from tinygen.threads import set_threads

__version__ = "0.1.0"


def __getattr__(name):
    """Import tg.checkpoint, tg.data, tg.safetensors and tg.study when first used."""
    if name in ("checkpoint", "data", "safetensors", "study"):
        return importlib.import_module(f"tinygen.{name}")
    raise AttributeError(f"module 'tinygen' has no attribute {name!r}")

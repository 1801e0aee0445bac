"""tinygen: a deep learning engine in NumPy, to read, to prove and to train generative models with.

    import tinygen as tg

Every op and loss is tg.name; layers are in tg.nn, optimisers in tg.optim, data sets in
tinygen.data, checkpoints in tinygen.checkpoint.
"""
from tinygen import nn, ops, optim
from tinygen.autograd import grad
from tinygen.backend import backend_name, to_numpy, use_backend, xp
from tinygen.check import check_gradients, check_model_gradients
from tinygen.operation import detect_nan, no_grad, op
from tinygen.ops import (
    abs, add, alias, avg_pool2d, batch_moments, batch_norm, bce_with_logits, broadcast_to, clip,
    concatenate, conv1d, conv2d, conv2d_weight, conv_transpose2d, cos, crop, cross_entropy,
    cumsum, div, dropout, einsum, elu, embedding, exp, expand_dims, flip, gather_pixels, gelu,
    getitem, group_norm, l1, layer_norm, leaky_relu, linear, log, log_softmax, logsumexp, matmul,
    max, max_pool2d, max_unpool2d, maximum, mean, min, minimum, mse, mul, neg, pad, pow, relu,
    reshape, scatter_add, scatter_pixels, sigmoid, silu, sin, softmax, softplus, split, spread2d,
    sqrt, squeeze, stack, standardize, sub, sum, sum_pool2d, sum_to, swapaxes, take_along_axis,
    tanh, transpose, upsample_nearest2d, var, where,
)
from tinygen.tensor import Tensor

__version__ = "0.1.0"

"""Every op of the engine, by the file that explains it.

elementwise   arithmetic, functions and activations of each element
dropout       numbers that become 0 in training
shape         moving elements: reshape, transpose, broadcast, pad
indexing      taking elements out and putting them together: x[key], embedding, concatenate, split
reduce        combining elements: sum, mean, max, logsumexp, cumsum
linear        matrix products: matmul, linear, einsum
conv          convolution, its transpose and its weight gradient
pool          pooling and its inverse direction: max, mean, upsampling
norm          softmax; layer, batch and group norm
attention     queries, keys and values
loss          mse, l1, binary and categorical cross-entropy
divergence    Kullback-Leibler divergences of Gaussians and of discrete distributions
window        the geometry that convolution and pooling share
kernels       what several fused kernels share
"""
# ruff: noqa: I001  (in the order of the files)
from tinygen.ops.elementwise import (
    abs, add, clip, cos, div, elu, exp, gelu, gelu_textbook, leaky_relu, log, maximum, minimum,
    mul, neg, pow, relu, sigmoid, silu, sin, softplus, sqrt, sub, tanh, where)
from tinygen.ops.dropout import dropout
from tinygen.ops.shape import (
    alias, astype, broadcast_to, crop, expand_dims, flip, pad, reshape, squeeze, sum_to, swapaxes,
    transpose)
from tinygen.ops.indexing import (
    concatenate, embedding, getitem, scatter_add, split, stack, take_along_axis)
from tinygen.ops.reduce import cumsum, logsumexp, max, mean, min, sum, var
from tinygen.ops.linear import einsum, linear, matmul
from tinygen.ops.conv import conv1d, conv2d, conv2d_weight, conv_transpose2d
from tinygen.ops.pool import (
    avg_pool2d, gather_pixels, max_pool2d, max_unpool2d, scatter_pixels, spread2d, sum_pool2d,
    upsample_nearest2d)
from tinygen.ops.norm import (
    batch_moments, batch_norm, group_norm, layer_norm, log_softmax, softmax, standardize)
from tinygen.ops.attention import attention
from tinygen.ops.loss import bce_with_logits, cross_entropy, l1, mse
from tinygen.ops.divergence import kl_categorical, kl_normal, kl_standard_normal

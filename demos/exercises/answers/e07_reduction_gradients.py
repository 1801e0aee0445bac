"""07 reduction gradients   ★★   25 minutes

    y = Σ x                   gradient by x_i = g                      g is the gradient by y
    y = (1/n) Σ x             gradient by x_i = g / n
    y = (1/n) Σ (x - m)²      gradient by x_i = g · 2 (x_i - m) / n    m is the mean of the x

    sum_gradient(g, x, axis, keepdims)     x (..., n, ...), g (...) -> the gradient, of x's shape
    mean_gradient(g, x, axis, keepdims)    the same
    var_gradient(g, x, axis, keepdims)     the same

y is x.sum(axis=axis, keepdims=keepdims), and so on. axis is an axis of x, or None: then all numbers
are reduced to one, and n is how many they are. g has y's shape: without keepdims, the axis is gone
from it, and has to be put back before g can be repeated along it. (That m depends on x, too, makes
no difference: the x - m add up to 0.)

Given: NumPy, nothing else. To write: all three. Not allowed: tinygen.

By hand: x = [[1, 3], [2, 6]], axis=1, g = [1, 10]. Σ: each number gets its row's g, [[1, 1],
[10, 10]]. Mean: half of it, [[½, ½], [5, 5]]. Variance: the means are 2 and 4, so x - m is
[[-1, 1], [-2, 2]], and the gradient [[-1, 1], [-20, 20]].

    python -m demos exercises check 07
"""
import numpy as np


def sum_gradient(g, x, axis=None, keepdims=False):
    # ---- answer
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, x.shape)
    # ---- end


def mean_gradient(g, x, axis=None, keepdims=False):
    # ---- answer
    n = x.size if axis is None else x.shape[axis]
    return sum_gradient(g, x, axis, keepdims) / n
    # ---- end


def var_gradient(g, x, axis=None, keepdims=False):
    # ---- answer
    m = x.mean(axis=axis, keepdims=True)
    return mean_gradient(g, x, axis, keepdims) * 2 * (x - m)
    # ---- end

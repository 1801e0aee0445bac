"""08 softmax   ★★   30 minutes

    y_i = e^(x_i) / Σ_j e^(x_j)                      along one axis
    gradient by x_i = y_i (g_i - Σ_j g_j y_j)        g is the gradient by y

    softmax(x, axis)    x (..., n, ...) -> y, of x's shape, and a function gradient(g)
    gradient(g)         g, of x's shape -> the gradient by x, of x's shape

Given: NumPy, nothing else. To write: softmax, which returns y and gradient. The dtype is that of x.
Nothing may overflow, not even where x is 1000: subtracting the same number from all x_i of a row
does not change y. Not allowed: tinygen.

By hand: x = [0, ln 2, ln 5] gives y = [1/8, 2/8, 5/8]. With g = [1, 0, 0] we have Σ g·y = 1/8, and
the gradient is [1/8·(1 - 1/8), 2/8·(0 - 1/8), 5/8·(0 - 1/8)] = [7/64, -2/64, -5/64].

    python -m demos exercises check 08
"""
import numpy as np


def softmax(x, axis=-1):
    # ---- answer
    y = np.exp(x - x.max(axis=axis, keepdims=True))
    y = y / y.sum(axis=axis, keepdims=True)

    def gradient(g):
        return y * (g - (g * y).sum(axis=axis, keepdims=True))

    return y, gradient
    # ---- end

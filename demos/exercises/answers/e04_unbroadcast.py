"""04 unbroadcast   ★★   20 minutes

    y = x + z, where x was repeated to fit z         broadcasting
    gradient by x_i = Σ of g where x_i went          g is the gradient by y

    unbroadcast(g, shape)    g (...), of y's shape; shape, that of x -> the gradient by x, of shape

NumPy aligns shapes at their last axes, and repeats x along each axis that it lacks in front and
along each of its own that has size 1:

    y, g    (4, 2, 3)        x lacks axis 0, and its axis of size 1 is repeated 2 times:
    x          (1, 3)        g is summed over its axes 0 and 1

Given: NumPy, nothing else. To write: unbroadcast. Where nothing was repeated, nothing is summed;
then you may return g itself. Not allowed: tinygen.

By hand: x (2, 1) was repeated to (2, 3), and g = [[1, 2, 3], [4, 5, 6]]. Its first number went to
all of the first row, so it gets 1 + 2 + 3; the gradient is [[6], [15]]. Had x been (3,), it would
be [1 + 4, 2 + 5, 3 + 6] = [5, 7, 9].

    python -m demos exercises check 04
"""
import numpy as np


def unbroadcast(g, shape):
    # ---- answer
    lacking = g.ndim - len(shape)
    g = np.sum(g, axis=tuple(range(lacking)))
    for axis, size in enumerate(shape):
        if size == 1:
            g = np.sum(g, axis=axis, keepdims=True)
    return g
    # ---- end

"""05 elementwise gradients   ★   20 minutes

    y = a · b        dy = b da + a db
    y = a / b        dy = da / b - (a / b²) db
    y = e^x          dy = e^x dx
    y = √x           dy = dx / (2 √x)
    y = tanh(x)      dy = (1 - tanh² x) dx

    mul_gradients(g, y, a, b), div_gradients(g, y, a, b)     -> two arrays, the gradients by a and b
    exp_gradient(g, y, x), sqrt_gradient(g, y, x), tanh_gradient(g, y, x)    -> the gradient by x

Given: NumPy, and each time y, the result, which is often all you need: e^x is y. All arrays have
the same shape (...). To write: all five. g is the gradient by y, and what stands before dx above,
times g, is the gradient by x. In the model, a or b may be a plain number, and broadcasting is taken
care of after you. Not allowed: tinygen.

By hand: g = 5 everywhere. a = 8, b = 4: a·b gives 5·4 = 20 and 5·8 = 40; a/b, where y = 2, gives
5/4 and -5·2/4 = -5/2. At x = ln 3, e^x = 3 gives 15, and tanh(x) = 4/5 gives 5·(1 - 16/25) = 9/5.
√4 = 2 gives 5/4.

    python -m demos exercises check 05
"""
import numpy as np


def mul_gradients(g, y, a, b):
    # ---- answer
    return g * b, g * a
    # ---- end


def div_gradients(g, y, a, b):
    # ---- answer
    return g / b, -g * y / b
    # ---- end


def exp_gradient(g, y, x):
    # ---- answer
    return g * y
    # ---- end


def sqrt_gradient(g, y, x):
    # ---- answer
    return g / (2 * y)
    # ---- end


def tanh_gradient(g, y, x):
    # ---- answer
    return g * (1 - np.square(y))
    # ---- end

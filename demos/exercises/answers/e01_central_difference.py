"""01 central difference   ★   15 minutes

    ∂f/∂x_i ≈ (f(x with x_i + h) - f(x with x_i - h)) / 2h

    central_difference(f, x, h)    f takes an array of x's shape and returns a number
                                   x (...) -> the slopes of f at x, one for each x_i, of x's shape

Given: NumPy, nothing else. To write: central_difference. Move one number of x at a time, up by h
and down by h, and leave all others where they are. x may have any number of axes, even none: the
loop `for i in np.ndindex(x.shape)` goes through all positions, and x[i] is the number there. When
you return, x must be exactly what it was. Not allowed: tinygen.

By hand: f(x) = x_1² · x_2 at x = [2, 5] with h = 1. Moving x_1 gives f = 3²·5 = 45 and 1²·5 = 5, so
the first slope is (45 - 5)/2 = 20. Moving x_2 gives 2²·6 = 24 and 2²·4 = 16, so the second is 4.

    python -m demos exercises check 01
"""
import numpy as np


def central_difference(f, x, h):
    # ---- answer
    slopes = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        below = f(x)
        x[i] = kept  # x[i] += h would leave a rounding error
        slopes[i] = (above - below) / (2 * h)
    return slopes
    # ---- end

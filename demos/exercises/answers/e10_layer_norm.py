"""10 layer norm   ★★★   45 minutes

    x̂ = r (x - mean(x)),  r = 1/√(mean((x - mean(x))²) + eps)    of each row
    y = w·x̂ + b
    gradient by x = r (h - mean(h) - x̂·mean(x̂·h)),  h = w·g      g is the gradient by y
    gradient by w = Σ g·x̂,  gradient by b = Σ g                  over the rows

    layer_norm(x, w, b, eps)    x (N, n), w (n,), b (n,) -> y (N, n) and three functions of g:
    gradient_x(g)               g (N, n) -> (N, n)
    gradient_w(g)               g (N, n) -> (n,)
    gradient_b(g)               g (N, n) -> (n,)

Given: NumPy, nothing else. To write: layer_norm, which returns y, gradient_x, gradient_w and
gradient_b. Each row is normalised by itself, and all means are over its n numbers. The dtype is
that of x. Not allowed: tinygen.

By hand: x = [[0, 2]] has the mean 1 and the variance 1, and with eps = 3 we have r = 1/√4 = 1/2 and
x̂ = [-1/2, 1/2]. With w = [2, 4] and b = [0, 1], y = [[-1, 3]]. With g = [[1, 0]], h = [2, 0],
mean(h) = 1, mean(x̂·h) = -1/2, so the gradient by x is 1/2·([2, 0] - 1 + 1/2·[-1/2, 1/2]) =
[[3/8, -3/8]]. The gradient by w is [-1/2, 0], that by b is [1, 0].

    python -m demos exercises check 10
"""
import numpy as np


def layer_norm(x, w, b, eps=1e-5):
    # ---- answer
    centred = x - x.mean(axis=1, keepdims=True)
    r = 1 / np.sqrt((centred ** 2).mean(axis=1, keepdims=True) + eps)  # (N, 1)
    xhat = r * centred

    def gradient_x(g):
        h = w * g
        return r * (h - h.mean(axis=1, keepdims=True)
                    - xhat * (xhat * h).mean(axis=1, keepdims=True))

    def gradient_w(g):
        return (g * xhat).sum(axis=0)

    def gradient_b(g):
        return g.sum(axis=0)

    return w * xhat + b, gradient_x, gradient_w, gradient_b
    # ---- end

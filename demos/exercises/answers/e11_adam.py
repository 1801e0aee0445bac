"""11 Adam   ★★   25 minutes

    m ← β1·m + (1 - β1)·g          a running mean of the gradient
    v ← β2·v + (1 - β2)·g²         and of its square
    m̂ = m / (1 - β1ᵗ)              m and v began at 0, and so are too small at first
    v̂ = v / (1 - β2ᵗ)
    θ ← θ - lr·m̂ / (√v̂ + eps)

    adam(theta, g, m, v, t, lr, beta1, beta2, eps)    theta, g, m, v (n,), the others are numbers
                                                      -> the new theta, m, v (n,)

Given: NumPy, nothing else. theta holds all parameters of a network as one vector, g is the gradient
by theta, t is 1 at the first step, 2 at the second. To write: adam, which returns new arrays; those
that it was given stay as they are. The dtype is that of theta. Not allowed: tinygen.

By hand: the first step, t = 1, with beta1 = 1/2, beta2 = 3/4, lr = 1, and an eps of 2, large
enough to show. theta = [1, 1], g = [2, -6], m = v = [0, 0] give m = [1, -3] and v = [1, 9]. Divided
by 1/2 and 1/4, these are m̂ = [2, -6] and v̂ = [4, 36], and the new theta is
[1 - 2/(2 + 2), 1 + 6/(6 + 2)] = [1/2, 7/4].

    python -m demos exercises check 11
"""
import numpy as np


def adam(theta, g, m, v, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    # ---- answer
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g ** 2
    m_hat = m / (1 - beta1 ** t)
    v_hat = v / (1 - beta2 ** t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v
    # ---- end

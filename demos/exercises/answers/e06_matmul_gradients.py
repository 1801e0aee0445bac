"""06 matmul gradients   ★★   25 minutes

    y = a b          dy = da b + a db
    gradient by a = g bᵀ,  by b = aᵀ g               g is the gradient by y

    matmul_gradients(g, a, b)    g (..., n, m), a (..., n, k), b (..., k, m)
                                 -> the gradients by a (..., n, k) and by b (..., k, m)

Given: NumPy, nothing else; a @ b is the matrix product over the last two axes. The axes in front, a
batch, are the same in all three: each matrix of the batch is a product of its own. To write:
matmul_gradients, which returns both. If in doubt, look at the shapes: only one order of g and bᵀ
gives (n, k). Not allowed: tinygen.

By hand: a = [[1, 2], [0, 1]], b = [[1, 0], [3, 1]], g = [[1, 2], [3, 4]].
g bᵀ = [[1, 2], [3, 4]] [[1, 3], [0, 1]] = [[1, 5], [3, 13]]
aᵀ g = [[1, 0], [2, 1]] [[1, 2], [3, 4]] = [[1, 2], [5, 8]]

    python -m demos exercises check 06
"""
import numpy as np


def matmul_gradients(g, a, b):
    # ---- answer
    return g @ np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2) @ g
    # ---- end

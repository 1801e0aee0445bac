"""14 conv2d gradients   ★★★   50 minutes

    y[n, o, i, j] = b[o] + Σ_c Σ_u Σ_v  x[n, c, row, column] · w[o, c, u, v]
    row = stride·i + u - padding,  column = stride·j + v - padding

    gx[n, c, row, column]  collects  g[n, o, i, j] · w[o, c, u, v]           g is the gradient by y
    gw[o, c, u, v]         collects  g[n, o, i, j] · x[n, c, row, column]
    gb[o]                  collects  g[n, o, i, j]

    conv2d_gradients(g, x, w, stride, padding) -> gx, gw, gb
    g (N, O, OH, OW), x (N, C, H, W), w (O, C, kh, kw) -> gx of x's shape, gw of w's shape, gb (O,)

Each product in the sum of y hands g to both of its factors, times the other factor. "Collects"
means: summed over all n, o, c, i, j, u, v for which the left side is this number. So g[n, o, i, j]
stamps its multiple of w[o] onto gx, where the kernel lay when it made y[n, o, i, j]; stamps that
overlap add up. What falls on the padding belongs to no pixel and is dropped.

Given: NumPy, nothing else. To write: conv2d_gradients, which returns all three in x's dtype. stride
and padding are whole numbers, the same down and across. The kernel may never reach the last rows or
columns of x: their gradient is 0. Loops over u and v, or over i and j, are fine; loops over
everything are too slow for the model. Not allowed: tinygen.

By hand: x = [[1, 2, 0], [0, 1, 3]], w = [[1, 2], [3, 4]], g = [[1, 10]], stride 1, no padding.
    gx = 1·[[1, 2, 0], [3, 4, 0]] + 10·[[0, 1, 2], [0, 3, 4]] = [[1, 12, 20], [3, 34, 40]]
    gw = 1·[[1, 2], [0, 1]] + 10·[[2, 0], [1, 3]] = [[21, 2], [10, 31]]
    gb = [1 + 10] = [11]

    python -m demos exercises check 14
"""
import numpy as np


def conv2d_gradients(g, x, w, stride=1, padding=0):
    # ---- answer
    h, wide = x.shape[2:]
    kh, kw = w.shape[2:]
    oh, ow = g.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for u in range(kh):
        for v in range(kw):
            # Where the tap (u, v) lies, for each position of the kernel.
            rows, columns = slice(u, u + stride * oh, stride), slice(v, v + stride * ow, stride)
            gx[:, :, rows, columns] += np.einsum("noij,oc->ncij", g, w[:, :, u, v])
            gw[:, :, u, v] = np.einsum("noij,ncij->oc", g, x[:, :, rows, columns])
    gx = gx[:, :, padding:padding + h, padding:padding + wide]
    return gx, gw, g.sum(axis=(0, 2, 3))
    # ---- end

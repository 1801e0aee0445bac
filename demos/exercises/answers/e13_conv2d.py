"""13 conv2d   ★★   35 minutes

    y[n, o, i, j] = Σ_c Σ_u Σ_v  x[n, c, row, column] · w[o, c, u, v]
    row = stride·i + u - padding,  column = stride·j + v - padding

    OH = (H + 2·padding - kh) // stride + 1          OW likewise, from W and kw

    conv2d(x, w, stride, padding)   x (N, C, H, W), w (O, C, kh, kw) -> y (N, O, OH, OW)

There are N images of C channels, and O kernels that each look at all C channels and make one
channel of y. Frame the images with `padding` zeros on all four sides: pixels outside of x count as
0. For y[n, o, i, j], lay the kernel w[o] on the framed image, its upper left corner at row stride·i
and column stride·j, multiply it by what lies under it, and sum. The kernel is not flipped.

Given: NumPy, nothing else. To write: conv2d, in x's dtype. stride and padding are whole numbers,
the same down and across. np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))) frames the last two axes with
one zero on each side. Loops over u and v, or over i and j, are fine; loops over everything are too
slow for the model. Not allowed: tinygen.

By hand: x = [[1, 2, 0], [0, 1, 3]] and w = [[1, 2], [3, 4]], one image and one channel each, with
stride 1 and no padding. The kernel fits in at two positions: y = [[1 + 4 + 0 + 4, 2 + 0 + 3 + 12]]
= [[9, 17]].

    python -m demos exercises check 13
"""
import numpy as np


def conv2d(x, w, stride=1, padding=0):
    # ---- answer
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    n, c, h, wide = x.shape
    o, c, kh, kw = w.shape
    oh, ow = (h - kh) // stride + 1, (wide - kw) // stride + 1
    y = np.zeros((n, o, oh, ow), x.dtype)
    for u in range(kh):
        for v in range(kw):
            # All pixels that the tap (u, v) meets, one for each position of the kernel.
            pixels = x[:, :, u:u + stride * oh:stride, v:v + stride * ow:stride]
            y += np.einsum("ncij,oc->noij", pixels, w[:, :, u, v])
    return y
    # ---- end

"""15 conv_transpose2d   ★★★   45 minutes

    y.ravel() = M @ x.ravel()           a convolution is linear, so it is a matrix
    z.ravel() = M.T @ y.ravel()         its transpose leads from small images to large ones

    conv_matrix(w, size, stride, padding)                       w (kh, kw), size (H, W)
    -> M (OH·OW, H·W)     OH = (H + 2·padding - kh) // stride + 1, OW likewise from W and kw

    conv_transpose2d(x, w, stride, padding, output_padding)     x (N, C, H, W), w (C, O, kh, kw)
    -> y (N, O, OH, OW)   OH = (H - 1)·stride - 2·padding + kh + output_padding, OW likewise

Each row of M belongs to one pixel of the convolution's output. It holds the kernel w at the pixels
that the kernel lies on, rows stride·i - padding and following, and zeros elsewhere.

conv_transpose2d is the same backwards: each pixel x[n, c, i, j] stamps its multiple of w[c, o] onto
channel o of y, with the upper left corner at row stride·i - padding and column stride·j - padding.
Stamps that overlap add up; what falls outside of y is dropped. The first axis of w is that of x's
channels, because w is the kernel of the convolution that is transposed. With a stride above 1,
images of several sizes shrink to the same size; output_padding chooses which of them to go back to:
y gets that many more rows and columns at the end, and stamps may reach them, too.

Given: NumPy, nothing else. To write: both, in w's and x's dtype. The settings are whole numbers,
the same down and across; output_padding is less than stride. Not allowed: tinygen.

By hand: w = [[1, 2], [3, 4]], stride 1, no padding, size (2, 3):
    M = [[1, 2, 0, 3, 4, 0], [0, 1, 2, 0, 3, 4]]
From x = [[1, 10]], conv_transpose2d makes Mᵀ [1, 10] = [1, 12, 20, 3, 34, 40]: as an image,
y = [[1, 12, 20], [3, 34, 40]]. It is the gradient by x of exercise 14.

    python -m demos exercises check 15
"""
import numpy as np


def conv_matrix(w, size, stride=1, padding=0):
    # ---- answer
    (kh, kw), (h, wide) = w.shape, size
    oh, ow = (h + 2 * padding - kh) // stride + 1, (wide + 2 * padding - kw) // stride + 1
    m = np.zeros((oh, ow, h + 2 * padding, wide + 2 * padding), w.dtype)
    for i in range(oh):
        for j in range(ow):
            m[i, j, i * stride:i * stride + kh, j * stride:j * stride + kw] = w
    m = m[:, :, padding:padding + h, padding:padding + wide]  # padding is 0 and needs no column
    return m.reshape(oh * ow, h * wide)
    # ---- end


def conv_transpose2d(x, w, stride=1, padding=0, output_padding=0):
    # ---- answer
    n, c, h, wide = x.shape
    c, o, kh, kw = w.shape
    oh = (h - 1) * stride - 2 * padding + kh + output_padding
    ow = (wide - 1) * stride - 2 * padding + kw + output_padding
    y = np.zeros((n, o, oh + 2 * padding, ow + 2 * padding), x.dtype)  # with a frame
    for u in range(kh):
        for v in range(kw):
            rows, columns = slice(u, u + stride * h, stride), slice(v, v + stride * wide, stride)
            y[:, :, rows, columns] += np.einsum("ncij,co->noij", x, w[:, :, u, v])
    return y[:, :, padding:padding + oh, padding:padding + ow]
    # ---- end

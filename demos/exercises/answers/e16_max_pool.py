"""16 max pool   ★★   35 minutes

    y[n, c, i, j]       = the largest of the k·k pixels in rows k·i to k·i + k - 1 of x[n, c],
                          and columns k·j to k·j + k - 1
    indices[n, c, i, j] = row·W + column of the pixel where it stood

    max_pool(x, k)            x (N, C, H, W) -> y (N, C, H // k, W // k), and indices of this shape
    unpool(y, indices, size)  y, indices (N, C, OH, OW), size (H, W) -> (N, C, H, W)

max_pool keeps the largest pixel of each window; windows lie side by side. Of several that are
equally large, it takes the first, row by row. The indices are whole numbers that say where in its
image the pixel stood, counted row by row from 0. Where k does not divide H or W, the last rows or
columns that fill no window are left out; W in row·W is that of the whole image.
unpool puts each number of y back to where its index says, in images that are 0 elsewhere.

Given: NumPy, nothing else. To write: both, in x's and y's dtype. Loops over the k·k pixels of a
window, or over all windows of an image, are fine; loops over everything are too slow for the model.
Not allowed: tinygen.

By hand: x = [[1, 3, 5, 0], [2, 3, 1, 6]], one image and one channel, k = 2. The first window holds
1, 3, 2, 3, the second 5, 0, 1, 6. So y = [[3, 6]]; the first 3 stands at row 0, column 1, the 6 at
row 1, column 3: indices = [[0·4 + 1, 1·4 + 3]] = [[1, 7]]. Back again, unpool makes
[[0, 3, 0, 0], [0, 0, 0, 6]].

    python -m demos exercises check 16
"""
import numpy as np


def max_pool(x, k):
    # ---- answer
    n, c, h, wide = x.shape
    oh, ow = h // k, wide // k
    windows = x[:, :, :oh * k, :ow * k].reshape(n, c, oh, k, ow, k).swapaxes(3, 4)
    windows = windows.reshape(n, c, oh, ow, k * k)
    within = windows.argmax(axis=-1)  # 0 to k·k - 1, the first of equal ones
    rows = k * np.arange(oh)[:, None] + within // k
    columns = k * np.arange(ow) + within % k
    return windows.max(axis=-1), rows * wide + columns
    # ---- end


def unpool(y, indices, size):
    # ---- answer
    n, c, oh, ow = y.shape
    x = np.zeros((n, c, size[0] * size[1]), y.dtype)
    np.put_along_axis(x, indices.reshape(n, c, -1), y.reshape(n, c, -1), axis=-1)
    return x.reshape(n, c, *size)
    # ---- end

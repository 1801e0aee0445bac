"""16 max pool: down and up again, by which an autoencoder keeps its edges sharp."""
from unittest.mock import patch

import tinygen as tg
from demos.exercises.exercise import Case, Edit, parts
from demos.exercises.swap import POOL
from tinygen.backend import np

KIND = "N"
ANSWER = "max_pool", "unpool"
MODEL = POOL._replace(counts=("forward",))
HINTS = (
    "x.reshape(N, C, OH, k, OW, k) takes the rows and columns apart into windows. swapaxes(3, 4) "
    "and another reshape put the k·k pixels of a window side by side, on the last axis.",
    "argmax along that axis says which of the k·k is the first largest. Its row in the window is "
    "that // k, its column that % k. Add k·i and k·j for where the window stands: np.arange(OH)"
    "[:, None] and np.arange(OW).",
    "unpool: begin with zeros (N, C, H·W). np.put_along_axis(zeros, indices.reshape(N, C, -1), "
    "y.reshape(N, C, -1), axis=-1) puts all numbers in their places; reshape to (N, C, H, W).",
)


def spread(y, indices, size):
    """Each number over the whole of its window."""
    n, c, oh, ow = y.shape
    x = np.zeros((n, c, *size), y.dtype)
    kh, kw = size[0] // oh, size[1] // ow
    x[:, :, :oh * kh, :ow * kw] = y.repeat(kh, axis=2).repeat(kw, axis=3)
    return x


def overwritten(y, indices, size):
    """All images of a batch into the first one."""
    x = np.zeros((*y.shape[:2], *size), y.dtype)
    for at, index in np.ndenumerate(indices):
        x[0, 0, index // size[1], index % size[1]] = y[at]
    return x


MISTAKES = (
    ("You gave indices within the window; they count from the first pixel of the whole image: "
     "row·W + column.",
     Edit("rows * wide + columns", "within")),
    ("You took the last of equal pixels; it is the first, row by row.",
     Edit("windows.argmax(axis=-1)", "k * k - 1 - windows[..., ::-1].argmax(axis=-1)")),
    ("You multiplied by H, not W: a row has W pixels, so the pixel below is W further.",
     Edit("rows * wide", "rows * h")),
    ("You multiplied by the width of what the windows cover; a row of the image has W pixels, also "
     "where the last ones fill no window.", Edit("rows * wide", "rows * (ow * k)")),
    ("You exchanged row and column in the window: pixel p of it, counted row by row, is in row "
     "p // k and column p % k.", Edit("within // k", "within % k_", "within % k\n", "within // k\n",
                                      "k_", "k")),
    ("You reshaped without swapping axes: k·k numbers in a row of x are no window. Take x apart to "
     "(N, C, OH, k, OW, k), then swapaxes(3, 4).",
     Edit("reshape(n, c, oh, k, ow, k).swapaxes(3, 4)", "reshape(n, c, oh, k, ow, k)")),
    ("You began the largest at 0, and a window of negative pixels never gets below it; begin at "
     "the first pixel of the window.",
     Edit("return windows.max(axis=-1)", "return np.maximum(windows.max(axis=-1), 0)")),
    ("You filled the whole window in unpool; only the pixel at the index gets the number, all "
     "others are 0.", dict(unpool=spread)),
    ("You put all images and channels into the first one; the indices start at 0 again in "
     "each channel.", dict(unpool=overwritten)),
)


def cases(rng):
    def case(*shape, k=2, least=-2, dtype="float64"):
        x = rng.integers(least, least + 5, shape)  # of so few numbers, some are equal
        return Case(x=x.astype(dtype) / 2, k=k)

    return [
        Case(x=np.array([[[[1.0, 3.0, 5.0, 0.0], [2.0, 3.0, 1.0, 6.0]]]]), k=2),
        case(1, 1, 4, 2), case(1, 1, 1, 1, k=1), case(1, 1, 2, 3, k=1), case(1, 1, 6, 2),
        case(1, 1, 2, 4, least=-9), case(1, 1, 3, 6, k=3), case(1, 2, 2, 4), case(3, 1, 4, 2),
        case(1, 1, 5, 3), case(1, 1, 4, 5, k=3), case(2, 2, 2, 3),
        case(1, 2, 2, 6, dtype="float32"),
    ]


def ask(answer, case):
    y, indices = parts(answer.max_pool(case.x, case.k), "y", "indices")
    yield "y", y
    yield "indices", indices
    yield "unpool(y, indices, size)", answer.unpool(y, indices, case.x.shape[2:])


def expected(case):
    """Pixel by pixel."""
    x, k, wide = case.x, case.k, case.x.shape[3]
    y = np.zeros((*x.shape[:2], x.shape[2] // k, wide // k))
    indices, back = np.zeros(y.shape, int), np.zeros_like(x)
    for n, c, i, j in np.ndindex(y.shape):
        pixels = [(row, column) for row in range(k * i, k * i + k)
                  for column in range(k * j, k * j + k)]
        row, column = max(pixels, key=lambda pixel: x[(n, c, *pixel)])  # the first of equal ones
        y[n, c, i, j] = back[n, c, row, column] = x[n, c, row, column]
        indices[n, c, i, j] = row * wide + column
    return {"y": y, "indices": indices, "unpool(y, indices, size)": back}


def swap(answer, calls):
    own_pool, scatter = tg.max_pool2d, tg.ops.scatter_pixels.rule

    def max_pool2d(x, kernel_size, stride=None, padding=0, return_indices=False):
        own, like = own_pool(x, kernel_size, return_indices=True)
        y, indices = calls.forward(answer.max_pool, x.data, kernel_size)
        indices = calls.fits("indices", np.asarray(indices, like.dtype), like=like)
        y = calls.fits("y", y, like=own.data)
        y = tg.ops.gather_pixels(x, indices, known=y)
        return (y, indices) if return_indices else y

    def scatter_pixels(x, indices, *, size):
        like, *gradients = scatter(x, indices, size=size)
        y = calls.forward(answer.unpool, x, indices, tuple(size))
        return calls.fits("unpool's result", y, like=like), *gradients
    return [patch.object(tg, "max_pool2d", max_pool2d),
            tg.ops.scatter_pixels.replaced(by=scatter_pixels)]


def record(answer, keep):
    def max_pool(x, k):
        keep(Case(x=x, k=k))
        return answer.max_pool(x, k)
    return type(answer)(**{**vars(answer), "max_pool": max_pool})

"""Pooling and its inverse direction: max, mean, upsampling."""
from tests.tinygen.properties.conv import both, counts, pair, summed
from tests.tinygen.properties.draw import call, drawn
from tinygen import ops
from tinygen.backend import np

# ---- max: gather and scatter ----

def gather_pixels(x, indices):
    n, c, _, _ = np.indices(indices.shape)
    return x[n, c, indices // x.shape[3], indices % x.shape[3]]


def scatter_pixels(x, indices, size):
    y = np.zeros((*x.shape[:2], *size), x.dtype)
    for n, c, i, j in np.ndindex(x.shape):
        y[n, c, indices[n, c, i, j] // size[1], indices[n, c, i, j] % size[1]] += x[n, c, i, j]
    return y


def max_pool2d(x, kernel_size, stride=None, padding=0, return_indices=False):
    """The pixel of each window that is the first of the largest, row by row."""
    stride = kernel_size if stride is None else stride
    (kh, kw), (sh, sw), (ph, pw) = map(pair, (kernel_size, stride, padding))
    y = np.empty((*x.shape[:2], *counts(x.shape[2:], (kh, kw), stride, padding, 1)), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        top, left = i * sh - ph, j * sw - pw
        window = x[n, c, max(top, 0):top + kh, max(left, 0):left + kw].ravel()
        y[n, c, i, j] = window[window.real.argmax()]
    return y


def max_unpool2d(x, indices, kernel_size, stride=None, padding=0, output_size=None):
    kernel, padding = pair(kernel_size), pair(padding)
    stride = kernel if stride is None else pair(stride)
    return scatter_pixels(x, indices, output_size or tuple(
        (n - 1) * s - 2 * p + k for n, s, p, k in zip(x.shape[2:], stride, padding, kernel)))


def by_indices(x, return_indices, **settings):
    """The largest pixels, or those at the indices that max_pool2d returns beside them."""
    if not return_indices:
        return ops.max_pool2d(x, **settings)
    _, indices = ops.max_pool2d(x, return_indices=True, **settings)
    return ops.gather_pixels(x, indices)


def windows(draw):
    """Settings of pooling, and a size for its image."""
    kernel = draw.pair(1, 3)
    padding = tuple(draw.integer(0, k // 2) for k in kernel)
    size = tuple(max(k - 2 * p, 1) + draw.integer(0, 4) for k, p in zip(kernel, padding))
    settings = {"kernel_size": kernel[0] if kernel[0] == kernel[1] and draw.chance() else kernel}
    if draw.chance(0.6):
        settings["stride"] = draw.choice([None, draw.one_or_pair(1, 3)])
    if max(padding):
        settings["padding"] = padding
    return settings, size


def images(draw, size):
    return draw.size(most=3), draw.size(most=3), *size


@drawn("max_pool2d", max_pool2d, op=by_indices, weight=5)
def largest(draw):
    settings, size = windows(draw)
    return call(draw.distinct(images(draw, size)), **settings, return_indices=draw.chance())


@drawn("max_unpool2d", max_unpool2d, weight=4)
def unpooled(draw):
    settings, size = windows(draw)
    kernel, padding = pair(settings["kernel_size"]), pair(settings.get("padding", 0))
    stride = pair(settings.get("stride") or kernel)
    count = counts(size, kernel, stride, padding, 1)
    least = tuple((n - 1) * s - 2 * p + k for n, s, p, k in zip(count, stride, padding, kernel))
    if min(least) < 1 or draw.chance():
        settings["output_size"] = least = size
    shape = images(draw, count)
    return call(draw.floats(shape), draw.integers(shape, 0, least[0] * least[1]), **settings)


@drawn("gather_pixels", gather_pixels, weight=3)
def gathered(draw):
    shape, count = images(draw, draw.sizes(2, least=1)), draw.sizes(2)
    return call(draw.floats(shape), draw.integers((*shape[:2], *count), 0, shape[2] * shape[3]))


@drawn("scatter_pixels", scatter_pixels, weight=3)
def scattered(draw):
    size, shape = draw.sizes(2, least=1), images(draw, draw.sizes(2))
    return call(draw.floats(shape), draw.integers(shape, 0, size[0] * size[1]), size=size)


# ---- mean: sum and spread ----

def sum_pool2d(x, kernel, stride, padding):
    size = x.shape[2:]
    return summed("ncab,iau,jbv->ncij", x, *both(
        counts(size, kernel, stride, padding, 1), size, kernel, stride, padding, 1))


def spread2d(x, kernel, stride, padding, size):
    return summed("ncij,iau,jbv->ncab", x, *both(x.shape[2:], size, kernel, stride, padding, 1))


def avg_pool2d(x, kernel_size, stride=None, padding=0):
    kernel = pair(kernel_size)
    stride = kernel if stride is None else stride
    return sum_pool2d(x, kernel, stride, padding) / (kernel[0] * kernel[1])


def upsample_nearest2d(x, scale):
    (sh, sw), (h, w) = pair(scale), x.shape[2:]
    return x[:, :, np.arange(h * sh)[:, None] // sh, np.arange(w * sw) // sw]


@drawn("avg_pool2d", avg_pool2d, weight=3)
def means(draw):
    settings, size = windows(draw)
    return call(draw.floats(images(draw, size)), **settings)


@drawn("upsample_nearest2d", upsample_nearest2d, weight=2)
def enlarged(draw):
    return call(draw.floats(images(draw, draw.sizes(2, least=1))), scale=draw.one_or_pair(1, 3))


def pairs(draw):
    """The settings of sum_pool2d and spread2d, which are all pairs, and a size."""
    kernel, padding = draw.pair(1, 3), draw.pair(0, 2)
    size = tuple(max(k - 2 * p, 1) + draw.integer(0, 4) for k, p in zip(kernel, padding))
    return {"kernel": kernel, "stride": draw.pair(1, 3), "padding": padding}, size


@drawn("sum_pool2d", sum_pool2d, weight=3)
def sums(draw):
    settings, size = pairs(draw)
    return call(draw.floats(images(draw, size)), **settings)


@drawn("spread2d", spread2d, weight=3)
def spread(draw):
    settings, size = pairs(draw)
    x = draw.floats(images(draw, counts(size, *settings.values(), 1)))
    return call(x, **settings, size=size)

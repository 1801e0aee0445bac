"""Pooling and unpooling: two adjoint pairs, each op the gradient of the other.

    max_pool2d    gathers the largest pixel of each window     gather_pixels
    max_unpool2d  scatters numbers to where those came from    scatter_pixels
    avg_pool2d    sums each window                             sum_pool2d
    upsample_nearest2d  repeats each number over a window      spread2d

Settings are ints or (vertical, horizontal) pairs. Windows are never copied: each of the kh·kw taps
of the kernel is a strided view of the image, with all pixels that lie under this tap.
"""
import math

from tinygen.backend import cache_parts, xp
from tinygen.checks import check_flags
from tinygen.operation import op
from tinygen.ops.kernels import require_range
from tinygen.ops.window import check_pixels, pair
from tinygen.ops.window import output_size as window_count
from tinygen.tensor import plain, shape_of
from tinygen.threads import on_all_cores

# ---- max: gather and scatter ----

def max_pool2d(x, kernel_size, stride=None, padding=0, return_indices=False):
    """Largest pixel of each window, the first of equal ones.  (N, C, H, W) -> (N, C, OH, OW)

    OH = (H + 2·padding - kh) // stride + 1; stride is kernel_size by default; padding never wins.
    return_indices: return each winner's flat position in H·W as well, (N, C, OH, OW).
    Raises ValueError for a kernel larger than the padded image or padding above half the kernel.
    """
    check_flags("max_pool2d", return_indices=return_indices)
    windows = _windows("max_pool2d", x, kernel_size, stride, padding)
    largest, indices = _max_and_argmax(plain(x), *windows)
    y = gather_pixels(x, indices, known=largest)
    return (y, indices) if return_indices else y


def max_unpool2d(x, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Each number back to where max_pool2d found its maximum, zeros elsewhere.

    x, indices (N, C, OH, OW) -> (N, C, H, W), H = (OH - 1)·stride - 2·padding + kh, or output_size
    (H, W), since several sizes shrink to the same OH. Numbers that overlapping windows send to the
    same pixel add up. Raises TypeError or ValueError for indices that do not fit.
    (Zeiler and Fergus, 2014)
    """
    kernel, stride, padding = _settings("max_unpool2d", x, kernel_size, stride, padding)
    if output_size is None:
        output_size = [(n - 1) * s - 2 * p + k
                       for n, k, s, p in zip(x.shape[2:], kernel, stride, padding)]
    h, w = pair("max_unpool2d", "output_size", output_size)
    _check_indices(x, indices)
    _check_positions("max_unpool2d", indices, (h, w), "; set output_size to the (H, W) of the "
                                                      "image that was pooled")
    return scatter_pixels(x, indices, size=(h, w))


@op
def gather_pixels(x, indices, *, known=None):
    """x's pixels at flat positions in H·W.  (N, C, H, W), (N, C, OH, OW) -> (N, C, OH, OW)

    known: the result, if the caller already has it.
    """
    # y = Sx with a selection matrix S, so x̄ = Sᵀȳ.
    if known is None:
        _check_positions("gather_pixels", indices, x.shape[2:])
        order, back = _memory_order(x)
        positions = _flat_positions(indices, x.shape[2:], order)
        known = x.transpose(order).reshape(-1)[positions].transpose(back)
    return known, lambda g, y, x, indices: scatter_pixels(g, indices, size=x.shape[2:]), None


@op
def scatter_pixels(x, indices, *, size):
    """x added to zeros at flat positions in H·W.  (N, C, OH, OW) twice -> (N, C, *size)"""
    # y = Sᵀx, so x̄ = Sȳ.
    _check_positions("scatter_pixels", indices, size)
    order, back = _memory_order(x)
    positions = _flat_positions(indices, size, order)
    shape = (*x.shape[:2], *size)
    y = xp.zeros([shape[axis] for axis in order], x.dtype)
    xp.add.at(y.reshape(-1), positions.reshape(-1), x.transpose(order).reshape(-1))
    return y.transpose(back), lambda g, y, x, indices: gather_pixels(g, indices), None


def _max_and_argmax(x, kernel, stride, padding, count):
    """Each window's largest pixel and its flat position in H·W.  (N, C, H, W) -> (N, C, OH, OW)"""
    shape, w, (oh, ow) = (*x.shape[:2], *count), x.shape[3], count
    row = xp.arange(oh, dtype="int32")[:, None] * stride[0] - padding[0]  # of the first tap,
    column = xp.arange(ow, dtype="int32") * stride[1] - padding[1]        # < 0 in the padding
    # Where nothing beats the padding's -inf, take the window's first pixel inside the image.
    inside = xp.maximum(row, 0) * w + xp.maximum(column, 0)
    largest, latest = xp.empty_like(x, shape=shape), xp.zeros_like(x, shape=shape, dtype="int32")

    def take_the_lead(part):
        (_, pixels), *others = _taps(_framed(x[part], padding, -xp.inf), kernel, stride, count)
        best, distance = largest[part], latest[part]  # of the leading tap from the first
        best[...] = pixels
        for (i, j), pixels in others:
            # Distances grow from tap to tap: the last tap to take the lead has the largest.
            further = xp.multiply(pixels > best, i * w + j, dtype="int32")
            xp.maximum(distance, further, out=distance)
            xp.maximum(best, pixels, out=best)
        distance += row * w + column
        xp.maximum(distance, inside, out=distance)
    on_all_cores(take_the_lead, cache_parts(len(x), 2 * math.prod(x.shape[1:])))
    return largest, latest


def _memory_order(x):
    """The order of axes in which x is contiguous, and the order that undoes it."""
    if x.transpose(0, 2, 3, 1).flags.c_contiguous:
        return (0, 2, 3, 1), (0, 3, 1, 2)
    return (0, 1, 2, 3), (0, 1, 2, 3)


def _flat_positions(indices, size, order):
    """Positions in H·W as positions in the flattened array, whose axes are in the given order."""
    (n, c), pixels = indices.shape[:2], size[0] * size[1]
    image, channel = xp.arange(n)[:, None, None, None], xp.arange(c)[:, None, None]
    channels_last = order[-1] == 1
    positions = xp.multiply(indices, c if channels_last else 1, dtype="int64")
    positions += image * (c * pixels) + channel * (1 if channels_last else pixels)
    return positions.transpose(order)


# ---- mean: sum and spread ----

def avg_pool2d(x, kernel_size, stride=None, padding=0):
    """Mean of each window, padding counted as zeros.  (N, C, H, W) -> (N, C, OH, OW)

    OH = (H + 2·padding - kh) // stride + 1; stride is kernel_size by default. Raises ValueError for
    a kernel larger than the padded image or padding above half the kernel.
    """
    kernel, stride, padding, _ = _windows("avg_pool2d", x, kernel_size, stride, padding)
    y = sum_pool2d(x, kernel=kernel, stride=stride, padding=padding)
    return y * (1 / (kernel[0] * kernel[1]))


def upsample_nearest2d(x, scale):
    """Each pixel repeated over a window of `scale` pixels.  (N, C, H, W) -> (N, C, H·sh, W·sw)

    The adjoint of avg_pool2d(x, scale), up to the factor sh·sw. Raises ValueError for an image
    without pixels.
    """
    scale = pair("upsample_nearest2d", "scale", scale)
    h, w = _image_shape("upsample_nearest2d", x)[2:]
    check_pixels("upsample_nearest2d", (h, w))
    size = h * scale[0], w * scale[1]
    return spread2d(x, kernel=scale, stride=scale, padding=(0, 0), size=size)


@op
def sum_pool2d(x, *, kernel, stride, padding):
    """Sum of each window; settings are pairs.  (N, C, H, W) -> (N, C, OH, OW)"""
    # y = Σ Tx over the kernel's taps, each T a selection of pixels, so x̄ = Σ Tᵀȳ.
    _image_shape("sum_pool2d", x)
    count = window_count("sum_pool2d", x.shape[2:], kernel, stride, padding, (1, 1))
    y = 0
    for _, pixels in _taps(_framed(x, padding, 0), kernel, stride, count):
        y = y + pixels
    settings = {"kernel": kernel, "stride": stride, "padding": padding}
    return y, lambda g, y, x: spread2d(g, size=x.shape[2:], **settings)


@op
def spread2d(x, *, kernel, stride, padding, size):
    """x added to each pixel of its window; settings are pairs.  (N, C, OH, OW) -> (N, C, *size)"""
    # y = Σ Tᵀx, so x̄ = Σ Tȳ.
    (ph, pw), (h, w) = padding, size
    _check_windows(x, kernel, stride, padding, size)
    y = xp.zeros_like(x, shape=(*x.shape[:2], h + 2 * ph, w + 2 * pw))
    apart = stride[0] >= kernel[0] and stride[1] >= kernel[1]
    for _, pixels in _taps(y, kernel, stride, x.shape[2:]):
        if apart:
            pixels[...] = x
        else:
            pixels += x
    settings = {"kernel": kernel, "stride": stride, "padding": padding}
    return y[:, :, ph:ph + h, pw:pw + w], lambda g, y, x: sum_pool2d(g, **settings)


# ---- windows ----

def _taps(x, kernel, stride, count):
    """For each tap (i, j) of the kernel, a view of x: the pixels under it, one for each window."""
    (kh, kw), (sh, sw), (oh, ow) = kernel, stride, count
    for i in range(kh):
        for j in range(kw):
            yield (i, j), x[:, :, i:i + sh * (oh - 1) + 1:sh, j:j + sw * (ow - 1) + 1:sw]


def _framed(x, padding, value):
    """x in a frame of `value`, in the same memory layout."""
    (n, c, h, w), (ph, pw) = x.shape, padding
    if ph == pw == 0:
        return x
    framed = xp.full_like(x, value, shape=(n, c, h + 2 * ph, w + 2 * pw))
    framed[:, :, ph:ph + h, pw:pw + w] = x
    return framed


# ---- checks ----

def _check_indices(x, indices):
    if shape_of("max_unpool2d", indices) != x.shape or indices.dtype.kind not in "iu":
        raise TypeError(f"max_unpool2d: indices must be integers, one for each number of x "
                        f"{x.shape}, got {indices.shape} {indices.dtype}; max_pool2d returns them")


def _check_positions(name, indices, size, fix=""):
    """A position beyond its own image would silently be a pixel of the next one."""
    if indices.size:
        require_range(indices, 0, size[0] * size[1], lambda least, most: ValueError(
            f"{name}: indices must be positions in {size[0]}·{size[1]} pixels, got {least} to "
            f"{most}{fix}"))


def _image_shape(name, x):
    shape = shape_of(name, x)
    if len(shape) != 4:
        raise ValueError(f"{name}: x must be (N, C, H, W), got shape {shape}; a single image needs "
                         f"x[None]")
    return shape


def _check_windows(x, kernel, stride, padding, size):
    if window_count("spread2d", size, kernel, stride, padding, (1, 1)) != x.shape[2:]:
        raise ValueError(f"spread2d: x {x.shape} does not have a number for each window of an "
                         f"image of size {size}")


def _settings(name, x, kernel_size, stride, padding):
    _image_shape(name, x)
    kernel = pair(name, "kernel_size", kernel_size)
    stride = kernel if stride is None else pair(name, "stride", stride)
    padding = pair(name, "padding", padding, minimum=0)
    if any(2 * p > k for p, k in zip(padding, kernel)):
        raise ValueError(f"{name}: the padding must be at most half the kernel, or a window could "
                         f"hold nothing else; got padding {padding} for kernel {kernel}")
    return kernel, stride, padding


def _windows(name, x, kernel_size, stride, padding):
    kernel, stride, padding = _settings(name, x, kernel_size, stride, padding)
    return kernel, stride, padding, window_count(name, x.shape[2:], kernel, stride, padding, (1, 1))

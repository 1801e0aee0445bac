"""Convolution, its transpose and its weight gradient: three ops, each the gradient of the others.

    conv2d            y = x ⋆ w     image and weight -> image
    conv_transpose2d  x̄ = ȳ ⋆ᵀ w    image and weight -> image, from the smaller to the larger
    conv2d_weight     w̄ = x ⊗ ȳ     two images -> weight

All come from one trilinear form, the sum over every output position (i, j) and kernel tap (u, v) of

    <y, x ⋆ w> = Σ  y[n, o, i, j] · x[n, c, i·stride + u·dilation - padding, ...] · w[o, c, u, v]

Hold two of the three fixed, and the form is linear in the third: that is all the calculus here.

Shapes say N, C, H, W; in memory channels come last, so that the numbers under one row of the
kernel lie side by side and the columns of a convolution are gathered in long runs. A convolution
returns a transposed view of such an array; NumPy's elementwise functions keep the layout, and the
next convolution finds it as it needs it. The batch is taken in parts that stay in the cache.
"""
from tinygen.backend import cache_parts, np, xp
from tinygen.checks import check_sizes
from tinygen.operation import op
from tinygen.ops.kernels import check_dtypes, even_parts, product
from tinygen.ops.linear import matmul, rows
from tinygen.ops.shape import expand_dims, squeeze, transpose
from tinygen.ops.window import output_size as window_count
from tinygen.ops.window import pair
from tinygen.tensor import shape_of
from tinygen.threads import on_all_cores

MOST_SUMS = 8  # of a weight's gradient, over parts of the batch, in memory at a time


@op
def conv2d(x, w, b=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Slide the kernels w over x (cross-correlation, which every framework calls convolution).

    x (N, C, H, W), w (O, C/groups, kh, kw), b (O,) -> (N, O, OH, OW), where
    OH = (H + 2·padding - span) // stride + 1 and span = dilation·(kh - 1) + 1.
    Settings are ints or (vertical, horizontal) pairs. Raises ValueError for channels that do not
    fit, and for a kernel larger than the padded input.
    """
    stride, padding, dilation = _settings("conv2d", stride, padding, dilation)
    _check_channels("conv2d", x, w, b, groups)
    n, o, kernel = len(x), len(w), w.shape[2:]
    oh, ow = window_count("conv2d", x.shape[2:], kernel, stride, padding, dilation)
    kernels = w.reshape(groups, o // groups, -1, *kernel).transpose(0, 3, 4, 2, 1)
    kernels = kernels.reshape(groups, -1, o // groups)  # (G, kh·kw·C/G, O/G)
    y = xp.empty((n, oh, ow, o), x.dtype)

    def convolve(part):
        framed = _framed(x[part], padding, padding)
        columns = _columns(framed, kernel, (oh, ow), stride, dilation, groups)
        into = y[part].reshape(-1, groups, o // groups).swapaxes(0, 1)
        xp.matmul(columns, kernels, out=into)
        if b is not None:
            into += b.reshape(groups, 1, -1)
    on_all_cores(convolve, cache_parts(n, oh * ow * w[0].size * groups))
    settings = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    return (y.transpose(0, 3, 1, 2),  # (N, O, OH, OW)
            lambda g, y, x, w, *b: conv_transpose2d(g, w, output_size=x.shape[2:], **settings),
            lambda g, y, x, w, *b: conv2d_weight(x, g, kernel_size=w.shape[2:], **settings),
            lambda g, y, x, w, b: _pixel_sums(g))


@op
def conv_transpose2d(x, w, b=None, *, stride=1, padding=0, output_padding=0, output_size=None,
                     dilation=1, groups=1):
    """The transpose of conv2d's matrix: each pixel of x stamps a kernel onto y, and stamps add up.

    x (N, C, H, W), w (C, O/groups, kh, kw), b (O,) -> (N, O, OH, OW), where
    OH = (H - 1)·stride - 2·padding + span + output_padding and span = dilation·(kh - 1) + 1.
    Several sizes OH shrink to the same H under conv2d; output_padding (below stride), or
    output_size itself, chooses one. Settings are ints or (vertical, horizontal) pairs. Raises
    ValueError for channels or sizes that do not fit.
    """
    stride, padding, dilation = _settings("conv_transpose2d", stride, padding, dilation)
    _check_channels("conv_transpose2d", x, w, b, groups, transposed=True)
    size = _transposed_size(x.shape[2:], w.shape[2:], stride, padding, dilation, output_padding,
                            output_size)
    if groups == 1 and w[0].size <= len(w):  # a stamp holds fewer numbers than its x: C of them
        y = _stamped(x, w, b, stride, padding, dilation, size)
    else:
        y = _interleaved(x, _spread(w, dilation), b, stride, padding, size, groups)
    settings = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    return (y.transpose(0, 3, 1, 2),  # (N, O, OH, OW)
            lambda g, y, x, w, *b: conv2d(g, w, **settings),
            lambda g, y, x, w, *b: conv2d_weight(g, x, kernel_size=w.shape[2:], **settings),
            lambda g, y, x, w, b: _pixel_sums(g))


@op
def conv2d_weight(x, y, *, kernel_size, stride=1, padding=0, dilation=1, groups=1):
    """Correlation of x with y at each kernel tap: conv2d's gradient by its weight.

    x (N, C, H, W), y (N, O, OH, OW) -> (O, C/groups, kh, kw). Settings as in conv2d.
    """
    stride, padding, dilation = _settings("conv2d_weight", stride, padding, dilation)
    kernel = pair("conv2d_weight", "kernel_size", kernel_size)
    _check_images(x, y, kernel, stride, padding, dilation, groups)
    (n, c), (o, *count) = x.shape[:2], y.shape[1:]
    size = kernel[0] * kernel[1] * (c // groups)

    parts = cache_parts(n, count[0] * count[1] * size * groups)

    def correlate(some):
        w = xp.zeros((groups, o // groups, size), x.dtype)
        for part in parts[some]:
            framed = _framed(x[part], padding, padding)
            rows = y[part].transpose(0, 2, 3, 1).reshape(-1, groups, o // groups).transpose(1, 2, 0)
            w += rows @ _columns(framed, kernel, count, stride, dilation, groups)
        return w
    w = xp.zeros((groups, o // groups, size), x.dtype)
    for share in on_all_cores(correlate, even_parts(len(parts), MOST_SUMS, 1)):
        w += share
    w = w.reshape(groups, o // groups, *kernel, c // groups).transpose(0, 1, 4, 2, 3)
    settings = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    return (w.reshape(o, c // groups, *kernel),
            lambda g, w, x, y: conv_transpose2d(y, g, output_size=x.shape[2:], **settings),
            lambda g, w, x, y: conv2d(x, g, **settings))


def conv1d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
    """conv2d along one axis.  x (N, C, T), w (O, C/groups, k), b (O,) -> (N, O, OT)"""
    size, kernel = shape_of("conv1d", x)[2:], shape_of("conv1d", w)[2:]
    (_, stride), (_, padding), (_, dilation) = _settings("conv1d", stride, padding, dilation)
    check_sizes("conv1d", groups=groups)
    _check_channels("conv1d", x, w, b, groups, axes="NCT")
    window_count("conv1d", size, kernel, [stride], [padding], [dilation])
    x, w = expand_dims(x, axis=2), expand_dims(w, axis=2)  # an image one pixel high
    y = conv2d(x, w, b, stride=(1, stride), padding=(0, padding), dilation=(1, dilation),
               groups=groups)
    return squeeze(y, axis=2)


def _pixel_sums(g):
    """Each channel's sum over the batch and all pixels: a bias's gradient.  (N, C, H, W) -> (C,)"""
    g = rows(transpose(g, axes=(0, 2, 3, 1)))
    return matmul(xp.ones(len(g), g.dtype), g)  # several times as fast as NumPy's sum


# ---- the kernels: plain arrays, channels last ----

def _framed(x, before, after):
    """x with channels last, and with zeros before and after it (where negative, cropped).

    (N, C, H, W), two pairs (vertical, horizontal) -> (N, before + H + after, ..., C)
    """
    x = x.transpose(0, 2, 3, 1)
    (top, left), (bottom, right) = before, after
    n, h, w, c = x.shape
    x = x[:, max(-top, 0):h + bottom, max(-left, 0):w + right]
    if max(top, left, bottom, right) <= 0:
        return x
    framed = xp.zeros((n, top + h + bottom, left + w + right, c), x.dtype)
    top, left = max(top, 0), max(left, 0)
    framed[:, top:top + x.shape[1], left:left + x.shape[2]] = x
    return framed


def _columns(x, kernel, count, stride, dilation, groups):
    """The numbers under the kernel at each position, a row for each position (im2col).

    (N, H, W, C) -> (groups, N·OH·OW, kh·kw·C/groups)
    """
    n, h, w, c = x.shape
    (kh, kw), (oh, ow) = kernel, count
    along_n, along_h, along_w, along_c = x.strides
    windows = xp.lib.stride_tricks.as_strided(
        x, shape=(groups, n, oh, ow, kh, kw, c // groups),
        strides=(along_c * (c // groups), along_n, along_h * stride[0], along_w * stride[1],
                 along_h * dilation[0], along_w * dilation[1], along_c))
    positions, size = n * oh * ow, kh * kw * (c // groups)
    if kw * (c // groups) >= ow:
        return windows.reshape(groups, positions, size)
    # Few channels: an image's rows give longer runs. The same matrix, transposed in memory.
    windows = windows.transpose(0, 4, 5, 6, 1, 2, 3)
    return windows.reshape(groups, size, positions).transpose(0, 2, 1)


def _interleaved(x, w, b, stride, padding, size, groups):
    """The transposed convolution as an ordinary one of stride 1 whose outputs are interleaved.

    Write output pixel t = stride·q + r. Only taps u = stride·j + r reach it, from x at q - j: each
    remainder r has a small kernel w[stride·j + r] over x, which gathers instead of scattering. All
    remainders share the same columns.
    (N, C, H, W), (C, O/groups, kh, kw) -> (N, OH, OW, O)
    """
    (n, c, h, wide), (og, kh, kw), (sh, sw) = x.shape, w.shape[1:], stride
    jh, jw = taps = -(-kh // sh), -(-kw // sw)
    kernels = xp.zeros((c, og, jh * sh, jw * sw), w.dtype)
    kernels[:, :, :kh, :kw] = w
    kernels = kernels.reshape(groups, -1, og, jh, sh, jw, sw)[:, :, :, ::-1, :, ::-1]
    kernels = kernels.transpose(0, 3, 5, 1, 4, 6, 2)  # (G, JH, JW, C/G, SH, SW, O/G)
    kernels = kernels.reshape(groups, -1, sh * sw * og)

    # The q of the first output pixel, and one past that of the last.
    first = padding[0] // sh, padding[1] // sw
    last = -(-(padding[0] + size[0]) // sh), -(-(padding[1] + size[1]) // sw)
    qh, qw = count = last[0] - first[0], last[1] - first[1]
    before, after = (jh - 1 - first[0], jw - 1 - first[1]), (last[0] - h, last[1] - wide)
    y = xp.empty((n, qh, sh, qw, sw, groups, og), x.dtype)

    def convolve(part):
        columns = _columns(_framed(x[part], before, after), taps, count, (1, 1), (1, 1), groups)
        pixels = (columns @ kernels).reshape(groups, -1, qh, qw, sh, sw, og)
        if b is not None:
            pixels += b.reshape(groups, 1, 1, 1, 1, 1, og)
        y[part] = pixels.transpose(1, 2, 4, 3, 5, 0, 6)
    on_all_cores(convolve, cache_parts(n, qh * qw * jh * jw * c))
    y = y.reshape(n, qh * sh, qw * sw, groups * og)
    top, left = padding[0] - first[0] * sh, padding[1] - first[1] * sw
    return y[:, top:top + size[0], left:left + size[1]]


def _stamped(x, w, b, stride, padding, dilation, size):
    """The transposed convolution by its definition: all stamps, added tap by tap where they fall.

    (N, C, H, W), (C, O, kh, kw) -> (N, OH, OW, O)
    """
    (n, c, h, wide), (o, kh, kw) = x.shape, w.shape[1:]
    (sh, sw), (top, left), (dh, dw) = stride, padding, dilation
    stamps = product(w.reshape(c, -1).T, x.transpose(1, 0, 2, 3).reshape(c, -1))
    stamps = stamps.reshape(o, kh, kw, n, h, wide)
    y = xp.zeros((o, n, size[0] + 2 * top, size[1] + 2 * left), stamps.dtype)
    for u, v in np.ndindex(kh, kw):
        y[:, :, u * dh:u * dh + sh * h:sh, v * dw:v * dw + sw * wide:sw] += stamps[:, u, v]
    if b is not None:
        y += b.reshape(o, 1, 1, 1)
    return y[:, :, top:top + size[0], left:left + size[1]].transpose(1, 2, 3, 0)


def _spread(w, dilation):
    """The kernel with its taps `dilation` apart, zeros between.  (..., kh, kw) -> (..., spans)"""
    if dilation == (1, 1):
        return w
    (c, o, kh, kw), (dh, dw) = w.shape, dilation
    spread = xp.zeros((c, o, dh * (kh - 1) + 1, dw * (kw - 1) + 1), w.dtype)
    spread[:, :, ::dh, ::dw] = w
    return spread


# ---- checks ----

def _settings(name, stride, padding, dilation):
    return (pair(name, "stride", stride), pair(name, "padding", padding, minimum=0),
            pair(name, "dilation", dilation))


def _check_channels(name, x, w, b, groups, transposed=False, axes="NCHW"):
    if not x.ndim == w.ndim == len(axes):
        raise ValueError(f"{name}: x must be ({', '.join(axes)}) and w must have {len(axes)} axes "
                         f"too, got x {x.shape} and w {w.shape}; a single x needs x[None]")
    if 0 in (*x.shape[2:], *w.shape[2:]):
        raise ValueError(f"{name}: only the first two axes of x and w may be empty, got x "
                         f"{x.shape} and w {w.shape}")
    large, small = len(w), w.shape[1] * groups
    inputs, outputs = (large, small) if transposed else (small, large)
    if x.shape[1] != inputs or groups < 1 or large % groups:
        raise ValueError(f"{name}: w {w.shape} with groups={groups} needs {inputs} input channels "
                         f"and groups that divide {large}, got x {x.shape}")
    if b is not None and shape_of(name, b) != (outputs,):
        raise ValueError(f"{name}: the bias needs one number for each of the {outputs} outputs, "
                         f"got shape {b.shape}")
    check_dtypes(name, x, w, b)


def _check_images(x, y, kernel, stride, padding, dilation, groups):
    if (x.ndim != 4 or y.ndim != 4 or len(x) != len(y)
            or groups < 1 or x.shape[1] % groups or y.shape[1] % groups):
        raise ValueError(f"conv2d_weight: x must be (N, C, H, W), y (N, O, OH, OW), and groups "
                         f"must divide C and O; got {x.shape}, {y.shape} and groups={groups}")
    count = window_count("conv2d_weight", x.shape[2:], kernel, stride, padding, dilation)
    if count != y.shape[2:]:
        raise ValueError(f"conv2d_weight: a kernel of {kernel} with these settings does not lead "
                         f"from x {x.shape} to y {y.shape}")
    check_dtypes("conv2d_weight", x, y)


def _transposed_size(size, kernel, stride, padding, dilation, output_padding, output_size):
    least = tuple((n - 1) * s - 2 * p + d * (k - 1) + 1
                  for n, k, s, p, d in zip(size, kernel, stride, padding, dilation))
    if output_size is None:
        extra = pair("conv_transpose2d", "output_padding", output_padding, minimum=0)
        output_size = least[0] + extra[0], least[1] + extra[1]
    else:
        output_size = pair("conv_transpose2d", "output_size", output_size)
    if any(not n <= o < n + s or o < 1 for n, o, s in zip(least, output_size, stride)):
        raise ValueError(f"conv_transpose2d: from {tuple(size)} with this kernel, stride and "
                         f"padding the output is at least {least} and larger by less than the "
                         f"stride {stride}; got {output_size}")
    return output_size

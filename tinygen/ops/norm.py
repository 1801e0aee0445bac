"""Ops that normalise: softmax to a distribution, the norms to mean 0 and variance 1.

All are fused, each below the textbook twin that defines it. Sums over an image are einsums: single
passes that need no temporary array and no particular memory layout.
"""
import math
from numbers import Real

from tinygen.backend import cache_parts, require, xp
from tinygen.operation import op
from tinygen.ops.elementwise import exp, sqrt
from tinygen.ops.kernels import check_dtypes, dot_along, in_rows, once, sum_along
from tinygen.ops.reduce import logsumexp, mean, var
from tinygen.ops.shape import reshape
from tinygen.tensor import plain, shape_of
from tinygen.threads import on_all_cores

# ---- distributions ----

def softmax_textbook(x, *, axis=-1):
    """eˣ / Σ eˣ"""
    return exp(x - logsumexp(x, axis=axis, keepdims=True))


@op(textbook=softmax_textbook)
def softmax(x, *, axis=-1):
    """Scores to probabilities: y = eˣ / Σ eˣ, along one axis or several.  (..., n, ...) -> same"""
    # log y = x - log Σ eˣ,  dy = y·(dx - Σ y·dx),  <ȳ, dy> = <y·(ȳ - Σ ȳ·y), dx>
    _check_vectors("softmax", x)
    y = x - x.max(axis=axis, keepdims=True)  # largest 0: nothing overflows
    xp.exp(y, out=y)
    y *= 1 / sum_along(y, axis)

    def gradient(g, y, x):
        gx = g - dot_along(g, y, axis)
        gx *= y
        return gx
    return y, gradient


def log_softmax_textbook(x, *, axis=-1):
    """x - log Σ eˣ"""
    return x - logsumexp(x, axis=axis, keepdims=True)


@op(textbook=log_softmax_textbook)
def log_softmax(x, *, axis=-1):
    """Scores to log-probabilities: y = x - log Σ eˣ, the log of softmax.  (..., n, ...) -> same"""
    # dy = dx - Σ eʸ·dx,  <ȳ, dy> = <ȳ - eʸ·Σ ȳ, dx>
    _check_vectors("log_softmax", x)
    y = x - x.max(axis=axis, keepdims=True)
    y -= xp.log(sum_along(xp.exp(y), axis))

    def gradient(g, y, x):
        gx = xp.exp(y)
        gx *= -sum_along(g, axis)
        gx += g
        return gx
    return y, gradient


# ---- layer norm: each vector on its own ----

def layer_norm_textbook(x, w=None, b=None, *, eps=1e-5):
    """w (x - mean) / √(var + eps) + b"""
    y = (x - mean(x, axis=-1, keepdims=True)) / sqrt(var(x, axis=-1, keepdims=True) + eps)
    y = y if w is None else y * w
    return y if b is None else y + b


@op(textbook=layer_norm_textbook)
def layer_norm(x, w=None, b=None, *, eps=1e-5):
    """Each vector along the last axis to mean 0 and variance 1, then scaled and shifted.

    y = w (x - mean) / √(var + eps) + b.  (..., n), (n,), (n,) -> (..., n).  Raises ValueError for
    other shapes of w and b.  (Ba et al., 2016)
    """
    _check_vectors("layer_norm", x)
    n = x.shape[-1]
    _check_affine("layer_norm", x, w, b, n)
    check_eps("layer_norm", eps)
    dtype = xp.result_type(x, 1.0)
    xhat, r, y = [xp.empty(shape, dtype) for shape in (x.shape, (*x.shape[:-1], 1), x.shape)]

    def normalize(x, xhat, r, y):
        xp.subtract(x, sum_along(x) / n, out=xhat)
        xhat -= sum_along(xhat) / n  # what rounding left of the mean: √eps may be small against it
        xp.divide(1, xp.sqrt(dot_along(xhat, xhat) / n + eps), out=r)
        xhat *= r
        xp.multiply(xhat, 1 if w is None else w, out=y)
        if b is not None:
            y += b
    in_rows(normalize, x, xhat, r, y)

    # x̂ = r(x - m),  dr = -r²·mean(x̂·dx),  dx̂ = r(dx - mean(dx) - x̂·mean(x̂·dx)), which is
    # symmetric: with h = wȳ,  x̄ = r(h - mean(h) - x̂·mean(x̂·h)).  dy = w·dx̂ + x̂·dw + db.
    def gradient_x(g, y, x, w=None, b=None):
        gx = xp.empty(x.shape, x.dtype)

        def backward(g, xhat, r, gx):
            h = g if w is None else g * w
            xp.multiply(xhat, dot_along(h, xhat) / -n, out=gx)
            gx += h
            gx -= sum_along(h) / n
            gx *= r
        in_rows(backward, g, xhat, r, gx)
        return gx

    return (y, gradient_x,
            lambda g, y, x, w, b=None: xp.einsum("rn,rn->n", _rows(g), _rows(xhat)),
            lambda g, y, x, w, b: xp.ones(g.size // n, g.dtype) @ _rows(g))


def _rows(x):
    return x.reshape(-1, x.shape[-1])


# ---- batch norm and group norm: each channel of an image ----

def standardize(x, mean, var, w=None, b=None, eps=1e-5):
    """Channels normalised by a given mean and variance: batch norm in evaluation.

    y = w (x - mean) / √(var + eps) + b.  (N, C, ...), four times (C,) -> (N, C, ...).  Raises
    ValueError for other shapes and for a negative variance.
    """
    _check_moments(x, mean, var, w, b)
    check_eps("standardize", eps)
    scale = 1 / sqrt(var + eps) if w is None else w / sqrt(var + eps)
    y = (x - _by_channel(mean, x)) * _by_channel(scale, x)
    return y if b is None else y + _by_channel(b, x)


def batch_norm_textbook(x, w=None, b=None, *, eps=1e-5, moments=None):
    """standardize with the batch's own mean and variance"""
    axes = (0, *range(2, x.ndim))
    return standardize(x, mean(x, axis=axes), var(x, axis=axes), w, b, eps=eps)


@op(textbook=batch_norm_textbook)
def batch_norm(x, w=None, b=None, *, eps=1e-5, moments=None):
    """Each channel to mean 0 and variance 1 over the batch and all pixels, then scaled and shifted.

    y = w (x - mean) / √(var + eps) + b.  (N, C, ...), (C,), (C,) -> (N, C, ...).  moments: the
    result of batch_moments(x), if the caller already has it.  Raises ValueError for other shapes of
    w and b, and if a channel has only one number.  (Ioffe and Szegedy, 2015)
    """
    _check_channels("batch_norm", x, w, b)
    check_eps("batch_norm", eps)
    _check_count("batch_norm", x, len(x) * math.prod(x.shape[2:]))
    mean, var = batch_moments(x) if moments is None else moments
    return _standardized(x, w, b, eps, mean[None], var[None], _over_batch(x))


def batch_moments(x):
    """Mean and variance (divided by n) of each channel of an array.  (N, C, ...) -> (C,), (C,)"""
    (mean,), (var,) = _moments(x, _over_batch(x))
    return mean, var


def group_norm_textbook(x, w=None, b=None, *, groups, eps=1e-5):
    """layer_norm of each flattened group of channels"""
    size = math.prod(x.shape[1:]) // groups
    y = layer_norm_textbook(reshape(x, shape=(len(x), groups, size)), eps=eps)
    y = reshape(y, shape=x.shape)
    y = y if w is None else y * _by_channel(w, x)
    return y if b is None else y + _by_channel(b, x)


@op(textbook=group_norm_textbook)
def group_norm(x, w=None, b=None, *, groups, eps=1e-5):
    """Each group of channels of each image to mean 0 and variance 1, then scaled and shifted.

    y = w (x - mean) / √(var + eps) + b.  (N, C, ...), (C,), (C,) -> (N, C, ...).  Raises ValueError
    unless groups divides C, and for other shapes of w and b.  (Wu and He, 2018)
    """
    _check_channels("group_norm", x, w, b)
    _check_groups(x, groups)
    check_eps("group_norm", eps)
    _check_count("group_norm", x, math.prod(x.shape[1:]) // groups)
    pool = _over_groups(x, groups)
    return _standardized(x, w, b, eps, *_moments(x, pool), pool)


def _standardized(x, w, b, eps, mean, var, pool):
    """Value and gradients of y = w (x - mean) / √(var + eps) + b, by channel.

    pool turns sums over each image's pixels, (N, C), into means over all the pixels that are
    normalised together, (1, C) or (N, C), as it did for mean and var.
    """
    r = 1 / xp.sqrt(var + eps)
    scale = r if w is None else r * w
    y = xp.empty_like(x)

    def forward(part):
        of_part = y[part]
        # The mean first: x·scale - mean·scale would lose digits to a large one.
        xp.subtract(x[part], _of_images(mean, part, x), out=of_part)
        of_part *= _of_images(scale, part, x)
        if b is not None:
            of_part += _by_channel(b, x)
    on_all_cores(forward, _image_parts(x))

    @once
    def sums(g):
        """Σ ȳ and Σ ȳ·x̂ over each image's pixels."""
        def of_part(part):
            centred = x[part] - _of_images(mean, part, x)
            return _pixel_sums(g[part]), _pixel_dots(g[part], centred)
        of_g, of_products = _joined(of_part, x)
        return of_g, r * of_products

    # As in layer_norm, x̄ = r(h - mean(h) - x̂·mean(x̂·h)) with h = wȳ. With x̂ = r(x - m) this is
    # scale·ȳ + p·(x - m) + q with one p and one q for each channel, so x̂ itself is never stored.
    def gradient_x(g, y, x, w=None, b=None):
        h, h_xhat = [pool(s if w is None else w * s) for s in sums(g)]
        p, q = -r * r * h_xhat, -r * h
        gx = xp.empty_like(x)

        def backward(part):
            of_part = gx[part]
            xp.subtract(x[part], _of_images(mean, part, x), out=of_part)
            of_part *= _of_images(p, part, x)
            of_part += g[part] * _of_images(scale, part, x)
            of_part += _of_images(q, part, x)
        on_all_cores(backward, _image_parts(x))
        return gx

    return (y, gradient_x,
            lambda g, y, x, w, b=None: sums(g)[1].sum(axis=0),
            lambda g, y, x, w, b: sums(g)[0].sum(axis=0))


def _over_batch(x):
    count = x.size // x.shape[1]
    return lambda sums: sums.sum(axis=0, keepdims=True) / count  # (1, C)


def _over_groups(x, groups):
    n, c = x.shape[:2]
    count = math.prod(x.shape[1:]) // groups

    def pool(sums):
        means = sums.reshape(n, groups, c // groups).sum(axis=2) / count
        return means.repeat(c // groups, axis=1)  # (N, C)
    return pool


def _moments(x, pool):
    mean = pool(*_joined(lambda part: (_pixel_sums(x[part]),), x))

    def of_part(part):
        centred = x[part] - _of_images(mean, part, x)
        return _pixel_sums(centred), _pixel_dots(centred, centred)
    rest, squares = _joined(of_part, x)
    return mean + pool(rest), pool(squares)  # rest: what rounding left of the mean


def _image_parts(x):
    """Slices of the batch, of which several copies fit in the cache."""
    return cache_parts(len(x), 4 * math.prod(x.shape[1:]))


def _joined(sums, x):
    """What sums(part) returns for all slices of the batch, arrays (n, C), each joined to (N, C)."""
    return [xp.concatenate(arrays)
            for arrays in zip(*on_all_cores(sums, _image_parts(x) or [...]))]


def _of_images(v, part, x):
    """The numbers for a slice of the batch, with x's axes.  (1, C) or (N, C) -> (n, C, 1, 1)"""
    return _by_channel(v if len(v) == 1 else v[part], x)


def _pixel_sums(x):
    axes = "nchwd"[:x.ndim]
    return xp.einsum(f"{axes}->nc", x)


def _pixel_dots(a, b):
    axes = "nchwd"[:a.ndim]
    return xp.einsum(f"{axes},{axes}->nc", a, b)


def _by_channel(v, x):
    """Numbers for each channel, with x's axes.  (C,) -> (C, 1, 1);  (N, C) -> (N, C, 1, 1)"""
    return reshape(v, shape=v.shape + (1,) * (x.ndim - 2))


# ---- checks ----

def check_eps(name, eps):
    """Raise ValueError unless eps is finite and at least 0."""
    if not isinstance(eps, Real) or not 0 <= eps < math.inf:
        raise ValueError(f"{name}: eps, which is added to the variance, must be finite and at "
                         f"least 0, got {eps}; the usual value is 1e-5")


def _check_moments(x, mean, var, w, b):
    channels = shape_of("standardize", x)[1:2]
    given = [mean, var, *(v for v in (w, b) if v is not None)]
    shapes = [shape_of("standardize", v) for v in given]
    if len(channels) == 0 or set(shapes) != {channels}:
        raise ValueError(f"standardize: x must be (N, C, ...) and each of the others (C,), got x "
                         f"{x.shape} and {shapes}")
    check_dtypes("standardize", x, mean, var, w, b)
    if var.size:
        least = plain(var).min()
        require(~(least < 0), lambda least: ValueError(
            f"standardize: a variance must be at least 0, got {least}; pass the variance itself, "
            f"not its logarithm"), least)


def _check_vectors(name, x):
    if x.ndim == 0:
        raise ValueError(f"{name}: x is a single number, and needs at least one axis")


def _check_affine(name, x, w, b, n):
    for letter, v in (("w", w), ("b", b)):
        if v is not None and v.shape != (n,):
            raise ValueError(f"{name}: {letter} needs one number for each of the {n} features, "
                             f"got shape {v.shape}")
    check_dtypes(name, x, w, b)


def _check_channels(name, x, w, b):
    if not 2 <= x.ndim <= 5:
        raise ValueError(f"{name}: x must be (N, C) or (N, C, ...) with up to three more axes, "
                         f"got shape {x.shape}")
    _check_affine(name, x, w, b, x.shape[1])


def _check_groups(x, groups):
    if groups < 1 or x.shape[1] % groups:
        raise ValueError(f"group_norm: groups must divide the {x.shape[1]} channels, got {groups}")


def _check_count(name, x, count):
    if count < 2:
        raise ValueError(f"{name}: a single number has no variance, got x of shape {x.shape}; "
                         f"use a larger batch, or standardize(x, mean, var) in evaluation")

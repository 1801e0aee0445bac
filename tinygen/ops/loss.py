"""Losses: how far predictions are from their targets, as one number.

reduction: "mean" over all elements, their "sum", or "none" for the loss of each element. Shapes
must be equal: predictions (N, 1) and targets (N,) would broadcast to (N, N), and "train".
"""
from tinygen.backend import require, xp
from tinygen.operation import op
from tinygen.ops.elementwise import softplus
from tinygen.ops.indexing import take_along_axis
from tinygen.ops.kernels import in_parts, in_rows, require_range, sum_along
from tinygen.ops.norm import log_softmax
from tinygen.ops.shape import squeeze
from tinygen.tensor import plain


@op
def mse(x, t, *, reduction="mean"):
    """Squared error (x - t)².  (...), (...) -> () or (...)

    Raises ValueError for unequal shapes.
    """
    share = _check("mse", x, t, reduction)
    # dy = Σ 2(x - t)·(dx - dt); a mean gives each element its share of ȳ.
    return (_reduced((x - t) ** 2, reduction),
            lambda g, y, x, t: 2 * share * g * (x - t),
            lambda g, y, x, t: 2 * share * g * (t - x))


@op
def l1(x, t, *, reduction="mean"):
    """Absolute error |x - t|, with slope 0 where they are equal.  (...), (...) -> () or (...)

    Raises ValueError for unequal shapes.
    """
    share = _check("l1", x, t, reduction)
    # dy = Σ sign(x - t)·(dx - dt)
    return (_reduced(xp.abs(x - t), reduction),
            lambda g, y, x, t: share * g * xp.sign(plain(x) - plain(t)),
            lambda g, y, x, t: share * g * xp.sign(plain(t) - plain(x)))


def bce_with_logits_textbook(x, t, *, reduction="mean"):
    """-t log p - (1 - t) log(1 - p) for p = sigmoid(x) = eˣ / (1 + eˣ) is log(1 + eˣ) - t x"""
    return _reduced(softplus(x) - t * x, reduction)


@op(textbook=bce_with_logits_textbook)
def bce_with_logits(x, t, *, reduction="mean"):
    """Binary cross-entropy of the probabilities sigmoid(x) with targets t from 0 to 1, in nats.

    y = log(1 + eˣ) - t x.  (...), (...) -> () or (...)

    Raises ValueError for unequal shapes and for targets outside 0 to 1.
    """
    share = _check("bce_with_logits", x, t, reduction)
    _check_probabilities(t)
    # With e = e^-|x|, y = log(1 + e) + ([x > 0] - t)·x: nothing overflows, and a right answer's
    # small loss is not lost between large terms.
    y, e = xp.empty_like(x), xp.empty_like(x)

    def forward(x, t, y, e):
        xp.abs(x, out=e)
        e *= -1  # NumPy 2.4's negative writes to wrong places of some strided arrays
        xp.exp(e, out=e)
        xp.subtract(x > 0, t, out=y)
        y *= x
        y += _log1p(e)
    in_parts(forward, x, t, y, e)

    # dy = Σ (sigmoid(x) - t)·dx - x·dt,  sigmoid(x) = max([x > 0], e) / (1 + e)
    def gradient_x(g, y, x, t):
        def backward(x, t, e, gx):
            xp.maximum(x > 0, e, out=gx)
            gx /= 1 + e
            gx -= t
        gx = xp.empty_like(x)
        in_parts(backward, x, t, e, gx)
        gx *= share * g
        return gx
    return _reduced(y, reduction), gradient_x, lambda g, y, x, t: -share * g * x


def _log1p(e):
    """log(1 + e), several times faster than NumPy's log1p, within 2 units in the last place."""
    # u = 1 + e is rounded by r = (u - 1) - e, and log(u - r) = log u - r/u.
    u = 1 + e
    return xp.log(u) - ((u - 1) - e) / u


def cross_entropy_textbook(x, labels, *, reduction="mean"):
    """-log softmax(x)[label]"""
    y = -take_along_axis(log_softmax(x), labels[..., None], axis=-1)
    return _reduced(squeeze(y, axis=-1), reduction)


@op(textbook=cross_entropy_textbook)
def cross_entropy(x, labels, *, reduction="mean"):
    """Negative log-probability of the right class under softmax(x), in nats.

    y = log Σ eˣ - x[label].  Logits (..., C), integer labels (...) -> () or (...)

    Raises TypeError unless labels are integers, ValueError for one outside 0 ... C-1 and for other
    shapes.
    """
    share = _check_labels(x, labels, reduction)
    c = x.shape[-1]
    scores, right = x.reshape(-1, c), labels.reshape(-1, 1)
    p, y = xp.empty(scores.shape, x.dtype), xp.zeros(right.shape, x.dtype)

    def forward(scores, right, p, y):
        xp.subtract(scores, scores.max(axis=1, keepdims=True), out=p)
        y -= xp.take_along_axis(p, right, axis=1)
        xp.exp(p, out=p)
        total = sum_along(p)
        y += xp.log(total)
        p /= total
    in_rows(forward, scores, right, p, y)

    # dy = Σ p·dx - dx[label]: the gradient is p, less 1 at the label.
    def gradient(g, y, x, labels):
        weight = share * xp.broadcast_to(g.reshape(-1, 1), right.shape)
        gx = xp.empty(p.shape, x.dtype)

        def backward(p, right, weight, gx):
            xp.multiply(p, weight, out=gx)
            gx[xp.arange(len(gx)), right[:, 0]] -= weight[:, 0]
        in_rows(backward, p, right, weight, gx)
        return gx.reshape(x.shape)
    return _reduced(y.reshape(labels.shape), reduction), gradient, None


def _reduced(y, reduction):
    return y if reduction == "none" else getattr(y, reduction)()


# ---- checks ----

def _check(name, x, t, reduction):
    """Each element's share of the loss's cotangent: 1, or 1/n for a mean."""
    if getattr(x, "shape", None) != getattr(t, "shape", None):
        raise ValueError(f"{name}: prediction and target must have the same shape, got "
                         f"{getattr(x, 'shape', x)} and {getattr(t, 'shape', t)}; reshape one, "
                         f"since a loss does not broadcast")
    if x.dtype != t.dtype:
        raise TypeError(f"{name}: prediction and target must have the same dtype, got {x.dtype} "
                        f"and {t.dtype}; convert the target with .astype('{x.dtype}')")
    return _share(name, x.size, reduction)


def _check_probabilities(t):
    # Two passes in the cache, next to the loss's exp and log1p.
    low, high = t.min(), t.max()
    require((low >= 0) & (high <= 1), lambda low, high: ValueError(
        f"bce_with_logits: targets are probabilities from 0 to 1, got {low:g} to {high:g}; divide "
        f"pixels of 0 to 255 by 255"), low, high)


def _check_labels(x, labels, reduction):
    if labels.dtype.kind not in "iu":
        raise TypeError(f"cross_entropy: labels must be an integer array of classes, got "
                        f"{labels.dtype}; use .astype('int64'), or .argmax(-1) of one-hot rows")
    if x.ndim == 0 or labels.shape != x.shape[:-1]:
        raise ValueError(f"cross_entropy: logits (..., C) need labels (...), got {x.shape} and "
                         f"{labels.shape}; for one-hot rows use .argmax(-1)")
    share = _share("cross_entropy", labels.size, reduction)
    classes = x.shape[-1]
    require_range(labels, 0, classes, lambda least, most: ValueError(
        f"cross_entropy: labels run from 0 to {classes - 1} for {classes} classes, got {least} to "
        f"{most}"))
    return share


def _share(name, size, reduction):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
    if size == 0:
        raise ValueError(f"{name}: there are no elements, and an empty batch has no loss")
    return 1 / size if reduction == "mean" else 1

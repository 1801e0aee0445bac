"""Attention: each query gathers the values of the keys that it matches.

    y = softmax(q kᵀ / √d) v

A query asks, a key says how well it fits, and a value is what gets passed on. The leading axes are
batch and heads, which attend independently. Scores of random vectors have variance d; without the
1/√d, softmax would put nearly all weight on one key and pass on hardly any gradient.

Attention is all you need (Vaswani et al., 2017).
"""
import math

from tinygen.backend import cache_parts, np, require, xp
from tinygen.checks import check_number
from tinygen.operation import op
from tinygen.ops.dropout import kept, key_of
from tinygen.ops.elementwise import where
from tinygen.ops.kernels import check_dtypes, dot_along, once
from tinygen.ops.linear import matmul
from tinygen.ops.norm import softmax
from tinygen.ops.shape import swapaxes
from tinygen.threads import on_all_cores

COPIES = 4  # of a part's scores, which are in the cache at once
QUERIES = 128  # in a block: enough for fast products, few enough to skip much that causal hides


def attention_textbook(q, k, v, *, causal=False, mask=None, dropout=0.0, seed=0):
    """softmax(q kᵀ / √d, only where allowed) v"""
    scores = matmul(q, swapaxes(k)) / math.sqrt(q.shape[-1])  # (..., T, S)
    allowed = _allowed(q, k, causal, mask)
    if allowed is not None:
        scores = where(allowed, scores, _lowest(q))
    weights = softmax(scores)
    if dropout:
        every = slice(0, q.shape[-2]), slice(0, k.shape[-2])
        weights = weights * _mT(_kept(..., *every, q, k, dropout, key_of(seed)))
    return matmul(weights, v)


@op(textbook=attention_textbook)
def attention(q, k, v, *, causal=False, mask=None, dropout=0.0, seed=0):
    """Scaled dot-product attention.  (..., T, d), (..., S, d), (..., S, e) -> (..., T, e)

    causal: no query attends past its own position. The queries are the last T of S positions, so T
    may be less than S when keys are cached. mask: a boolean array that broadcasts to (..., T, S),
    True where a query may attend to a key. dropout: the probability of dropping a weight; the
    integer `seed` decides which.
    Raises ValueError for shapes that do not fit and for a query with no key to attend to.
    """
    _check(q, k, v, causal, mask, dropout)
    allowed = _allowed(q, k, causal, mask)
    bias = None  # added to the scores; like them, it has a column for each query
    if allowed is not None:
        bias = xp.where(_mT(xp.atleast_2d(allowed)), 0, _lowest(q)).astype(q.dtype)
        bias = xp.broadcast_to(bias, (*bias.shape[:-2], k.shape[-2], q.shape[-2]))
    scale = 1 / math.sqrt(q.shape[-1])
    # Block by block, and again in backward: the weights, which would take up most of a
    # Transformer's memory, stay in the cache and are never stored.
    parts, blocks, key = _parts(q, k), _blocks(q, k, causal), key_of(seed) if dropout else None

    def scores(part, rows, seen):
        """(..., S, T): with a column for each query, softmax compares and adds whole rows."""
        s = k[part][..., seen, :] @ _mT(q[part][..., rows, :] * scale)
        if bias is not None:
            b = bias[part] if bias.ndim == q.ndim and len(bias) == len(q) else bias
            s += xp.ascontiguousarray(b[..., seen, rows])  # 10 times as fast as a strided one
        return s

    y = xp.empty_like(q, shape=(*q.shape[:-1], v.shape[-1]))
    logsumexp = xp.empty((*q.shape[:-2], 1, q.shape[-2]), q.dtype)  # of each query's scores

    def attend(part):
        for rows, seen in blocks:
            w = scores(part, rows, seen)
            largest = w.max(axis=-2, keepdims=True)
            w -= largest  # nothing overflows
            xp.exp(w, out=w)
            total = (xp.ones(w.shape[-2], w.dtype) @ w)[..., None, :]
            logsumexp[part][..., rows] = largest + xp.log(total)
            if dropout:
                w *= _kept(part, rows, seen, q, k, dropout, key)
            w_v = _mT(w) @ v[part][..., seen, :]
            w_v /= _mT(total)
            y[part][..., rows, :] = w_v
    on_all_cores(attend, parts)

    # With scores s, p = softmax(s) and y = pv:  v̄ = pᵀȳ,  p̄ = ȳvᵀ,  and as for softmax
    # s̄ = p·(p̄ - Σ p̄·p) where Σ p̄·p = Σ ȳ·y,  q̄ = s̄k/√d,  k̄ = s̄ᵀq/√d.
    @once
    def gradients(g):
        gq, gk, gv = xp.empty_like(q), xp.zeros_like(k), xp.zeros_like(v)

        def walk_back(part):
            for rows, seen in blocks:
                h, p = g[part][..., rows, :], scores(part, rows, seen)
                p -= logsumexp[part][..., rows]
                xp.exp(p, out=p)
                scaled = h * scale
                gs = v[part][..., seen, :] @ _mT(scaled)
                if dropout:
                    kept = _kept(part, rows, seen, q, k, dropout, key)
                    gs *= kept
                    gv[part][..., seen, :] += (p * kept) @ h
                else:
                    gv[part][..., seen, :] += p @ h
                gs -= _mT(dot_along(scaled, y[part][..., rows, :]))
                gs *= p
                gq[part][..., rows, :] = _mT(gs) @ k[part][..., seen, :]
                gk[part][..., seen, :] += gs @ q[part][..., rows, :]
        on_all_cores(walk_back, parts)
        return gq, gk, gv

    return (y, lambda g, y, q, k, v: gradients(g)[0],
            lambda g, y, q, k, v: gradients(g)[1],
            lambda g, y, q, k, v: gradients(g)[2])


def _parts(q, k):
    """Slices of the batch, of whose scores some copies fit the cache; without one an ellipsis."""
    if q.ndim == 2:
        return [...]
    t, s = q.shape[-2], k.shape[-2]
    return cache_parts(q.shape[0], COPIES * math.prod(q.shape[1:-2]) * min(t, QUERIES) * s)


def _blocks(q, k, causal):
    """Slices of the queries, some at a time, and of the keys that they attend to.

    With causal, the keys after the last of these queries are skipped, nearly half of all in total.
    """
    t, s = q.shape[-2], k.shape[-2]
    rows = [slice(i, min(i + QUERIES, t)) for i in range(0, t, QUERIES)]
    return [(r, slice(0, s - t + r.stop if causal else s)) for r in rows]


def _allowed(q, k, causal, mask):
    """Which query may attend to which key, as booleans (..., T, S); None if all may to all."""
    t, s = q.shape[-2], k.shape[-2]
    if not causal or t == 1:  # the last position may attend to all
        return mask
    past = xp.tri(t, s, s - t, dtype=bool)
    return past if mask is None else past & mask


def _lowest(x):
    """A score whose weight is 0. Not -inf, which detect_nan would take for a mistake."""
    return float(xp.finfo(x.dtype).min) / 2


def _kept(part, rows, seen, q, k, dropout, key):
    """Dropout's factors for a block's weights, 0 or 1/(1 - dropout).  -> (..., S, T)"""
    t, s = q.shape[-2], k.shape[-2]
    which = xp.arange(math.prod(q.shape[:-2]), dtype="uint32").reshape(q.shape[:-2])[part]
    column = xp.arange(seen.start, seen.stop, dtype="uint32")[:, None]
    places = (which[..., None, None] * xp.uint32(s) + column) * xp.uint32(t)
    return kept(places + xp.arange(rows.start, rows.stop, dtype="uint32"), dropout, key, k.dtype)


def _mT(x):
    return x.swapaxes(-1, -2)


# ---- checks ----

def _check(q, k, v, causal, mask, dropout):
    if (min(q.ndim, k.ndim, v.ndim) < 2 or not q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
            or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]):
        raise ValueError(f"attention: q (..., T, d), k (..., S, d) and v (..., S, e) need the same "
                         f"leading axes; got {q.shape}, {k.shape}, {v.shape}")
    if 0 in k.shape[-2:]:
        raise ValueError(f"attention: needs at least one key, of at least one number; got keys "
                         f"{k.shape}")
    check_dtypes("attention", q, k, v)
    if not isinstance(causal, (bool, np.bool_)):
        raise TypeError(f"attention: causal must be True or False, got {causal!r}; a mask of your "
                        f"own goes to mask=")
    t, s = q.shape[-2], k.shape[-2]
    if causal and t > s:
        raise ValueError(f"attention: with causal, the {t} queries are the last of the positions "
                         f"that have keys, and there are only {s} keys")
    if mask is not None:
        _check_mask(mask, (*q.shape[:-1], s), causal, q, k)
    check_number("attention", 0, 1, dropout=dropout)


def _check_mask(mask, shape, causal, q, k):
    if getattr(mask, "dtype", "") != "bool":
        raise TypeError(f"attention: the mask must be a boolean array, True where a query may "
                        f"attend to a key; got "
                        f"{getattr(mask, 'dtype', type(mask).__name__)}")
    fits = all(m in (1, n) for m, n in zip(mask.shape[::-1], shape[::-1]))
    if mask.ndim > len(shape) or not fits:
        raise ValueError(f"attention: the mask must broadcast to (..., T, S), here {shape}; got "
                         f"{mask.shape}")
    require(_allowed(q, k, causal, mask).any(axis=-1).all(), lambda: ValueError(
        "attention: a query may attend to no key at all, so it has no weights; allow at least one, "
        "such as its own position"))

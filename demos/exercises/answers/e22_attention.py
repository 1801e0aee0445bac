"""22 attention   ★★★   45 minutes

    m_t = (x_1 + ... + x_t) / t                      the mean of the past
        = Σ_s w_ts x_s                               weights: 1/t for s ≤ t, 0 for the future
    y = softmax(q kᵀ / √d) v                         weights that the data choose

    mean_by_loops(x)           x (T, C) -> (T, C), position by position
    mean_by_product(x)         the same as one matrix product, w @ x
    attention(q, k, v, causal) q (..., T, d), k (..., T, d), v (..., T, e) -> (..., T, e)

Given: tinygen, whose operators turn arrays into Tensors and know their own gradients. To write: all
three, of Tensors, in x's and q's dtype. With causal, position t sees the positions up to t only;
without, all see all. A score that must not count becomes a very low number before the softmax, so
that its weight is 0; the other weights still add up to 1. Not allowed: tg.attention.

By hand: q = [1, 1], k = [0, ln 3], v = [0, 4], each (2, 1), causal. Position 1 sees itself only:
y_1 = v_1 = 0. Position 2 has scores 0 and ln 3, weights 1/4 and 3/4, so y_2 = 3. The means of the
past of x = [0, 4] are 0 and 2.

    python -m demos exercises check 22
"""
import math

import numpy as np

import tinygen as tg


def mean_by_loops(x):
    # ---- answer
    means = []
    for t in range(x.shape[0]):
        total = x[0]
        for s in range(1, t + 1):
            total = total + x[s]
        means.append(total / (t + 1))
    return tg.stack(means, axis=0)
    # ---- end


def mean_by_product(x):
    # ---- answer
    w = np.tril(np.ones((x.shape[0], x.shape[0]), x.dtype))
    w = w / w.sum(axis=1, keepdims=True)
    return w @ x
    # ---- end


def attention(q, k, v, causal=False):
    # ---- answer
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])  # (..., T, T)
    if causal:
        past = np.tril(np.ones(scores.shape[-2:], bool))
        scores = tg.where(past, scores, -1e30)
    return tg.softmax(scores, axis=-1) @ v
    # ---- end

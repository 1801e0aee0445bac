"""Queries, keys and values."""
import math

from tests.tinygen.properties.draw import call, drawn
from tests.tinygen.properties.elementwise import kept
from tinygen.backend import np
from tinygen.ops.attention import QUERIES


def attention(q, k, v, causal=False, mask=None, dropout=0.0, seed=0):
    """softmax(q kᵀ / √d) v, each query over the keys that it may attend to."""
    scores = np.einsum("...td,...sd->...ts", q, k) / math.sqrt(q.shape[-1])
    t, s = scores.shape[-2:]
    allowed = np.ones(scores.shape, bool)
    if causal:
        allowed &= np.arange(s) <= np.arange(s - t, s)[:, None]
    if mask is not None:
        allowed &= mask
    weights = np.exp(scores - scores.real.max(-1, keepdims=True)) * allowed
    weights = weights / weights.sum(-1, keepdims=True)
    if dropout:
        by_key = np.swapaxes(weights, -1, -2).shape  # (..., S, T), in whose order places count
        weights = weights * np.swapaxes(kept(by_key, seed, dropout), -1, -2)
    return np.einsum("...ts,...se->...te", weights, v)


@drawn("attention", attention, weight=10)
def queries_keys_values(draw):
    front, d, e = draw.shape(most_axes=2, most=3), draw.size(least=1), draw.size()
    t = QUERIES + draw.size() if draw.chance(0.05) else draw.size()  # more than one block
    causal = draw.chance()
    s = draw.integer(max(t, 1), t + 2) if causal else draw.size(least=1)
    q, k, v = [draw.floats((*front, *matrix)) for matrix in [(t, d), (s, d), (s, e)]]
    settings = {"causal": causal} if causal or draw.chance() else {}
    if draw.chance(0.4):
        mask = draw.rng.random(draw.broadcastable((*front, t, s)) or 1) < 0.6
        mask[..., :1] = True  # the first key is nobody's future
        settings["mask"] = mask
    if draw.chance(0.3):
        settings |= {"dropout": draw.choice([0.3, 0.8]), "seed": draw.integer(0, 9)}
    if t == s and d == e and draw.chance(0.3):
        return call(q, draw.choice([q, k]), q, **settings)
    return call(q, k, v, **settings)

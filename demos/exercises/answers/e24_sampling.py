"""24 sampling   ★★   35 minutes

    p_i = e^(s_i / τ) / Σ_j e^(s_j / τ)              s: logits, τ: temperature, above 0
    with top_k, only the top_k largest logits of a row count; all other tokens have p = 0

    draw(logits, temperature, top_k, rng)                 logits (N, V) -> token ids (N,)
    generate(model, ids, count, temperature, top_k, rng)  ids (B, T) -> (B, T + count)

Given: NumPy and a trained model. model(ids), of ids (B, t) with t at most model.block_size, returns
a Tensor of logits (B, t, V); those at the last position are about the next token, and .numpy()
makes an array of it. rng.random((N, 1)) draws numbers between 0 and 1. All ids are arrays of whole
numbers. To write: draw, which takes a token for each row of an array, with probability p; top_k is
None where all tokens count, and no two logits of a row are equal. Nothing may overflow, not even
where a logit is 1000. And generate, which appends `count` tokens to ids one after the other, each
drawn by what the model says after all the tokens before it, or after the last block_size of them
where there are more. Logits may be float32, whose probabilities add up to 1 only roughly;
.astype("float64") helps. Not allowed: the sampling of models.gpt.

By hand: logits [[0, ln 2, ln 5]] with temperature 1 and top_k = 2 have p = [0, 2/7, 5/7]. Take a
model with block_size = 2 whose most likely next token is the sum of its context, modulo 3; with
top_k = 1 the most likely one is always drawn. From ids [[1]] and count = 4: 1; 1 + 1 = 2; then the
last two are 1 + 2 = 3, so 0; 2 + 0 = 2. The result is [[1, 1, 2, 0, 2]].

    python -m demos exercises check 24
"""
import numpy as np


def draw(logits, temperature, top_k, rng):
    # ---- answer
    logits = logits.astype("float64")
    scores = (logits - logits.max(axis=1, keepdims=True)) / temperature
    if top_k is not None:
        least = np.sort(scores, axis=1)[:, [-top_k]]  # the last that counts, (N, 1)
        scores = np.where(scores < least, -np.inf, scores)
    p = np.exp(scores)
    p = p / p.sum(axis=1, keepdims=True)
    # Token i owns the part of [0, 1) from the sum of the p before it to the sum with it.
    ends = np.cumsum(p, axis=1)
    return (rng.random((len(p), 1)) * ends[:, -1:] >= ends).sum(axis=1)
    # ---- end


def generate(model, ids, count, temperature, top_k, rng):
    # ---- answer
    for _ in range(count):
        logits = model(ids[:, -model.block_size:]).numpy()  # (B, t, V)
        drawn = draw(logits[:, -1], temperature, top_k, rng)
        ids = np.concatenate([ids, drawn[:, None]], axis=1)
    return ids
    # ---- end

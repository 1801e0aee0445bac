"""23 GPT block: attention in several heads, and the block that GPT is a stack of."""
import math
from unittest.mock import patch

import tinygen as tg
from demos.exercises import swap as models
from demos.exercises.exercise import Case, Edit, slope
from models import gpt
from tinygen import nn
from tinygen.backend import np, xp
from tinygen.data import random_windows
from tinygen.optim import Adam

KIND = "T"
ANSWER = "multi_head", "block"
FORBIDDEN = "tinygen.nn.MultiHeadAttention.forward", "models.gpt.Block.forward"
HINTS = (
    "b, t, c = x.shape. reshape(b, t, heads, c // heads) splits the last axis: its columns h·d to "
    "h·d + d - 1 become row h. swapaxes(1, 2) then puts heads before t.",
    "Split x @ wq, x @ wk and x @ wv in this way and give them to tg.attention; its result is "
    "(B, heads, T, d). The way back is the same two steps in reverse: swapaxes(1, 2), then "
    "reshape(b, t, c). wo comes last.",
    "return y.swapaxes(1, 2).reshape(b, t, c) @ wo. block has two lines: x = x + "
    "attention(norm1(x)), then x + feed_forward(norm2(x)), where x is the new one.",
)
RESIDUAL = ("You dropped a residual: what attention and feed_forward return is added to x; it does "
            "not replace x.")
MISTAKES = (
    ("You reshaped without swapping axes: (B, T, C) to (B, heads, T, d) mixes positions. First "
     "(B, T, heads, d), then exchange T and heads.",
     Edit("y.reshape(b, t, heads, c // heads).swapaxes(1, 2)",
          "y.reshape(b, heads, t, c // heads)",
          "y.swapaxes(1, 2).reshape(b, t, c)", "y.reshape(b, t, c)")),
    ("You did not swap the axes back: the result of attention is (B, heads, T, d), and T and heads "
     "are exchanged before it is reshaped to (B, T, C).",
     Edit("y.swapaxes(1, 2).reshape(b, t, c)", "y.reshape(b, t, c)")),
    (RESIDUAL, Edit("x = x + attention(norm1(x))", "x = attention(norm1(x))")),
    (RESIDUAL, Edit("    return x + feed_forward(norm2(x))", "    return feed_forward(norm2(x))")),
    (RESIDUAL, Edit("    x = x + attention(norm1(x))\n    return x + feed_forward(norm2(x))",
                    "    return feed_forward(norm2(attention(norm1(x))))")),
    ("You normalised after, not before: norm(x + f(x)). GPT's blocks have x + f(norm(x)), in which "
     "x goes through all blocks as it is.",
     Edit("    x = x + attention(norm1(x))\n    return x + feed_forward(norm2(x))",
          "    x = norm1(x + attention(x))\n    return norm2(x + feed_forward(x))")),
    ("You gave feed_forward the x from before attention; it takes the sum of both.",
     Edit("    return x + feed_forward(norm2(x))",
          "    return x + feed_forward(norm2(before))",
          "    x = x + attention(norm1(x))\n",
          "    before, x = x, x + attention(norm1(x))\n")),
    ("You left out causal; pass it on to tg.attention.",
     Edit(", causal=causal)\n", ")\n")),
)


def cases(rng):
    def case(b, t, c, heads, causal=True, dtype="float64"):
        x, g = rng.normal(size=(2, b, t, c)).round(1)
        w, s = rng.normal(size=(4, c, c)).round(1), rng.normal(size=4).round(1)
        return Case(**{name: a.astype(dtype) for name, a in zip("xwgs", (x, w, g, s))},
                    heads=heads, causal=causal)

    w = np.array([[[0, 1], [0, 0]], [[0, 0], [0, math.log(3)]], [[0, 0], [4, 4]], [[0, 1], [1, 0]]])
    return [
        Case(x=np.array([[[1.0, 0.0], [1.0, 1.0]]]), w=w, g=np.ones((1, 2, 2)),
             s=np.array([1.0, 3.0, 1.0, 5.0]), heads=2, causal=True),
        case(1, 1, 1, 1), case(1, 3, 2, 1), case(1, 3, 2, 2, causal=False), case(2, 3, 2, 2),
        case(1, 4, 3, 3, causal=False), case(3, 2, 3, 1), case(1, 3, 4, 2),
        case(2, 1, 4, 2, causal=False), case(2, 3, 4, 2, dtype="float32"),
    ]


def ask(answer, case):
    x, w = tg.Tensor(case.x), tg.Tensor(case.w)

    def multi_head(x):
        return answer.multi_head(x, w[0], w[1], w[2], w[3], case.heads, case.causal)
    y = multi_head(x)
    yield "multi_head", y
    if "s" in case.arrays:
        last = case.x.copy()
        last[:, -1] += 1
        yield ("positions that move with the last input",
               who_moves(y.numpy(), multi_head(tg.Tensor(last)).numpy()))
        z = answer.block(x, *functions(case.s))
        yield "block", z
    by_x, by_w = tg.grad(y, [x, w], case.g)
    yield "gradient of multi_head by x", by_x
    yield "gradient of multi_head by wq, wk, wv, wo", by_w
    if "s" in case.arrays:
        yield "gradient of block by x", tg.grad(z, x, case.g)


def functions(s):
    """What a block is made of, each as simple as can be: attention, feed_forward, norm1, norm2."""
    a, b, c, d = map(float, s)
    return lambda x: b * x, lambda x: d * x, lambda x: x + a, lambda x: x + c


def who_moves(before, after):
    """Positions whose output differs.  (B, T, C) twice -> booleans (T,)"""
    return (np.abs(after - before) > 1e-6).any(axis=(0, 2))


def by_loops(x, w, heads, causal):
    wq, wk, wv, wo = w
    q, k, v, y = x @ wq, x @ wk, x @ wv, np.zeros_like(x)
    d = x.shape[2] // heads
    for b, t, head in np.ndindex(*x.shape[:2], heads):
        mine = slice(head * d, head * d + d)
        seen = range(t + 1 if causal else x.shape[1])
        scores = [q[b, t, mine] @ k[b, s, mine] / math.sqrt(d) for s in seen]
        powers = [math.exp(score - max(scores)) for score in scores]
        for s, power in zip(seen, powers):
            y[b, t, mine] += power / sum(powers) * v[b, s, mine]
    return y @ wo


def expected(case):
    x, w, heads, causal = case.x, case.w, case.heads, case.causal
    y, last = by_loops(x, w, heads, causal), x.copy()
    last[:, -1] += 1
    a, b, c, d = case.s

    def block(x):
        x = x + b * (x + a)
        return x + d * (x + c)
    return {
        "multi_head": y,
        "positions that move with the last input": who_moves(y, by_loops(last, w, heads, causal)),
        "block": block(x),
        "gradient of multi_head by x": slope(lambda x: by_loops(x, w, heads, causal), x, case.g),
        "gradient of multi_head by wq, wk, wv, wo": slope(
            lambda w: by_loops(x, w, heads, causal), w, case.g),
        "gradient of block by x": slope(block, x, case.g),
    }


# ---- the model ----

def train(answer, calls):
    """The GPT of swap.py without biases, which multi_head has none of."""
    ids, vocabulary = models.text()
    config = gpt.Config(vocabulary, 32, 2, 2, 32, bias=False)
    model, rng = gpt.GPT(config, rng=np.random.default_rng(0)), np.random.default_rng(1)

    def loss(step):
        x, targets = random_windows(ids, 8, 32, rng=rng)
        return gpt.loss(model, xp.asarray(x), xp.asarray(targets))
    return models.steps(MODEL.steps, Adam(model.parameters(), lr=1e-3), loss)


MODEL = models.GPT._replace(steps=100, train=train)


def swap(answer, calls):
    engines_attention, engines_block = nn.MultiHeadAttention.forward, gpt.Block.forward

    def attention(self, x, source=None, *, causal=False, mask=None, cache=None):
        weights, c = self.parameters(), x.shape[-1]
        more = [given for given in (source, mask, cache) if given is not None]
        if more or self.dropout or any(p.ndim == 1 for p in weights):
            return engines_attention(self, x, source, causal=causal, mask=mask, cache=cache)
        w = tg.concatenate(weights, axis=0)  # of queries, keys, values and the output: (4·C, C)
        w = [w[i * c:i * c + c].T for i in range(4)]
        y = calls.forward(answer.multi_head, x, *w, self.num_heads, causal)
        return calls.fits("What multi_head returns", y, like=x)

    def block(self, x, source=None, *, mask=None, source_mask=None, cache=None):
        if self.cross is not None or self.dropout.p:
            return engines_block(self, x, source, mask=mask, source_mask=source_mask, cache=cache)
        y = calls.forward(answer.block, x, lambda x: self.attention(
            x, causal=self.causal, mask=mask, cache=cache), self.feed_forward, self.norm1,
            self.norm2)
        return calls.fits("What block returns", y, like=x)
    return [patch.object(nn.MultiHeadAttention, "forward", attention),
            patch.object(gpt.Block, "forward", block)]


def record(answer, keep):
    rng = np.random.default_rng(0)

    def multi_head(x, wq, wk, wv, wo, heads, causal=False):
        w = np.stack([w.numpy() for w in (wq, wk, wv, wo)])
        g = rng.normal(size=x.shape).astype(x.dtype)
        keep(Case(x=x.numpy(), w=w, g=g, heads=heads, causal=causal))
        return answer.multi_head(x, wq, wk, wv, wo, heads, causal)
    return type(answer)(**{**vars(answer), "multi_head": multi_head})

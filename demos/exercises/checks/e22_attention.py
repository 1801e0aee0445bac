"""22 attention: the mean of the past twice, and attention, which GPT then sees by."""
import math

import tinygen as tg
from demos.exercises.exercise import Case, Edit, slope
from demos.exercises.swap import GPT
from tinygen.backend import np

KIND = "T"
ANSWER = "mean_by_loops", "mean_by_product", "attention"
FORBIDDEN = "tinygen.ops.attention", "tinygen.nn.MultiHeadAttention.forward"
MODEL = GPT
SHOWS = {"mean_": "x", "attention": "q k v", "gradient": "q k v g"}
HINTS = (
    "np.tril(np.ones((T, T))) has ones where s ≤ t. Divided by its rows' sums it is the w of "
    "mean_by_product; as booleans it says what causal allows.",
    "q @ k.swapaxes(-1, -2) has a row for each query and a column for each key. tg.where(allowed, "
    "scores, -1e30) leaves only what is allowed.",
    "In this order: the scores, divided by √d with d = q.shape[-1]; where; softmax along the last "
    "axis; @ v.",
)
MISTAKES = (
    ("You did not scale the scores; divide them by √d, d = q.shape[-1].",
     Edit(" / math.sqrt(q.shape[-1])", "")),
    ("You divided by d, not by its root √d.", Edit("math.sqrt(q.shape[-1])", "q.shape[-1]")),
    ("You ignored causal: position t then sees all positions, not only those up to t.",
     Edit("if causal:", "if False:")),
    ("You let a position see one position ahead; itself is the last that it sees.",
     Edit("np.tril(np.ones(scores.shape[-2:], bool))",
          "np.tril(np.ones(scores.shape[-2:], bool), 1)")),
    ("You masked after the softmax: the weights that are left no longer add up to 1.",
     Edit("scores = tg.where(past, scores, -1e30)",
          "return tg.where(past, tg.softmax(scores, axis=-1), 0.0) @ v")),
    ("You normalised over the queries; each query's weights over the keys add up to 1.",
     Edit("tg.softmax(scores, axis=-1)", "tg.softmax(scores, axis=-2)")),
    ("You divided the mean of the past by T at all positions, not by t.",
     Edit("total / (t + 1)", "total / x.shape[0]")),
    ("You divided the mean of the past by T at all positions, not by t.",
     Edit("w / w.sum(axis=1, keepdims=True)", "w / x.shape[0]")),
)


def cases(rng):
    def case(*shape, d=3, e=2, causal=True, scale=1.0, dtype="float64"):
        q, k = scale * rng.normal(size=(2, *shape, d)).round(1)
        v, g = rng.normal(size=(2, *shape, e)).round(1)
        x = rng.normal(size=(shape[-1], 2)).round(1)
        return Case(**{name: a.astype(dtype) for name, a in zip("qkvgx", (q, k, v, g, x))},
                    causal=causal)

    v = np.array([[0.0], [4.0]])
    return [
        Case(q=np.ones((2, 1)), k=np.log([[1.0], [3.0]]), v=v, g=np.ones((2, 1)), x=v, causal=True),
        case(2, causal=False), case(3), case(1), case(2, 3), case(2, 2, 3, causal=False),
        case(1, 2, 4, d=2, e=3), case(3, d=1, e=1), case(3, scale=30.0),
        case(2, 4, dtype="float32"),
    ]


def ask(answer, case):
    if "x" in case.arrays:
        x = tg.Tensor(case.x)
        yield "mean_by_loops", answer.mean_by_loops(x)
        yield "mean_by_product", answer.mean_by_product(x)
    q, k, v = map(tg.Tensor, (case.q, case.k, case.v))
    y = answer.attention(q, k, v, causal=case.causal)
    yield "attention", y
    if "x" in case.arrays:
        last = case.v.copy()
        last[..., -1, :] += 1
        moved = answer.attention(q, k, tg.Tensor(last), causal=case.causal)
        yield "positions that move with the last input", who_moves(y.numpy(), moved.numpy())
    for name, gradient in zip("qkv", tg.grad(y, [q, k, v], case.g)):
        yield f"gradient by {name}", gradient


def who_moves(before, after):
    """Positions whose output differs.  (..., T, e) twice -> booleans (T,)"""
    moved = (np.abs(after - before) > 1e-6).any(axis=-1)
    return moved.reshape(-1, moved.shape[-1]).any(axis=0)


def by_loops(q, k, v, causal):
    y = np.zeros((*q.shape[:-1], v.shape[-1]))
    for *head, t in np.ndindex(q.shape[:-1]):
        seen = range(t + 1 if causal else q.shape[-2])
        head = tuple(head)
        scores = [sum(a * b for a, b in zip(q[head][t], k[head][s])) / math.sqrt(q.shape[-1])
                  for s in seen]
        powers = [math.exp(score - max(scores)) for score in scores]
        for s, power in zip(seen, powers):
            y[head][t] += power / sum(powers) * v[head][s]
    return y


def expected(case):
    q, k, v, causal = case.q, case.k, case.v, case.causal
    means = np.array([case.x[:t + 1].mean(axis=0) for t in range(len(case.x))])
    y, last = by_loops(q, k, v, causal), v.copy()
    last[..., -1, :] += 1
    return {
        "mean_by_loops": means, "mean_by_product": means, "attention": y,
        "positions that move with the last input": who_moves(y, by_loops(q, k, last, causal)),
        "gradient by q": slope(lambda q: by_loops(q, k, v, causal), q, case.g),
        "gradient by k": slope(lambda k: by_loops(q, k, v, causal), k, case.g),
        "gradient by v": slope(lambda v: by_loops(q, k, v, causal), v, case.g),
    }


def swap(answer, calls):
    textbook = tg.ops.attention.textbook

    def attention(q, k, v, *, causal=False, mask=None, dropout=0.0, **settings):
        if mask is not None or dropout or q.shape != k.shape:  # not what was asked for
            return textbook(q, k, v, causal=causal, mask=mask, dropout=dropout, **settings)
        y = calls.forward(answer.attention, q, k, v, causal=causal)
        return calls.fits("The answer", y, like=v)
    return [tg.ops.attention.unfused(by=attention)]


def record(answer, keep):
    rng = np.random.default_rng(0)

    def attention(q, k, v, causal):
        g = rng.normal(size=v.shape).astype(v.dtype)
        keep(Case(q=q.numpy(), k=k.numpy(), v=v.numpy(), g=g, causal=causal))
        return answer.attention(q, k, v, causal=causal)
    return type(answer)(**{**vars(answer), "attention": attention})

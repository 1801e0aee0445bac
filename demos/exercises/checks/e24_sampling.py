"""24 sampling: drawing a token, and one after the other; a trained GPT then writes by it."""
import functools
import math
from unittest.mock import patch

import tinygen as tg
from demos.exercises.exercise import Case, Edit, Near, Wrong, what_is
from demos.exercises.swap import Model, small_gpt, steps, text
from models import gpt
from tinygen.backend import np, xp
from tinygen.data import CharTokenizer, load_text, random_windows
from tinygen.optim import Adam

KIND = "T"
ANSWER = "draw", "generate"
FORBIDDEN = "models.gpt.sample_tokens", "models.gpt.generate"
HINTS = (
    "draw: subtract each row's largest logit, divide by the temperature, give those below the "
    "top_k-th largest -np.inf, and only then take the softmax. np.sort(scores, axis=1) helps.",
    "A number u, even between 0 and 1, says which token: with ends = np.cumsum(p, axis=1), it is "
    "the first whose end is above u. That many ends before it are at most u: "
    "(u >= ends).sum(axis=1).",
    "generate, count times: logits = model(ids[:, -model.block_size:]).numpy()[:, -1], "
    "drawn = draw(logits, temperature, top_k, rng), "
    "ids = np.concatenate([ids, drawn[:, None]], axis=1).",
)
MISTAKES = (
    ("You multiplied by temperature; divide by it: the larger it is, the more even are the "
     "probabilities.",
     Edit(") / temperature", ") * temperature")),
    ("You divided the probabilities by temperature, which has no effect once they are "
     "normalised. Divide the logits.",
     Edit(") / temperature", ")", "p = np.exp(scores)", "p = np.exp(scores) / temperature")),
    ("You did not pass temperature on: generate draws with the one that it is given.",
     Edit("draw(logits[:, -1], temperature,", "draw(logits[:, -1], 1.0,")),
    ("You ignored top_k: only the top_k largest logits may be drawn.",
     Edit("if top_k is not None:", "if False:")),
    ("You let e^1000 overflow; subtract the largest logit of each row first.",
     Edit("(logits - logits.max(axis=1, keepdims=True)) / temperature", "logits / temperature")),
    ("You never cropped the context: the model takes at most its last block_size tokens.",
     Edit("ids[:, -model.block_size:]", "ids")),
    ("You cropped to the first tokens; the last block_size are what the next one follows.",
     Edit("ids[:, -model.block_size:]", "ids[:, :model.block_size]")),
    ("You took the logits of the first position; the last ones are about the next token.",
     Edit("logits[:, -1], ", "logits[:, 0], ")),
)


def cases(rng):
    def case(logits, temperature, top_k, b=1, t=1, count=4, block=3, draws=2_000, dtype="float64"):
        return Case(logits=np.array(logits, dtype), ids=rng.integers(len(logits), size=(b, t)),
                    temperature=temperature, top_k=top_k, count=count, block_size=block,
                    draws=draws, seed=int(rng.integers(2 ** 31)))

    def logits(n):
        return rng.uniform(-1, 1, n)

    example = case(np.log([1.0, 2.0, 5.0]), 1.0, 2, block=2, draws=20_000)
    example.ids[:] = 1
    return [
        example, case([0.0, 1.0], 1000.0, None), case([0.3], 1.0, None), case(logits(2), 1.0, None),
        case(logits(3), 0.6, None, b=2, t=2, draws=20_000),
        case(logits(4), 2.0, 3, b=3, t=5, block=4),
        case(logits(5), 0.7, 5, t=2, count=1), case(logits(3), 1.0, 1, b=2, t=4, block=1),
        case([1.0, 0.0], 1e-3, None), case([1000.0, 999.0, -1000.0], 1.0, None),
        case(logits(5), 0.8, 4, b=2, t=3, dtype="float32"),
    ]


class ContextTooLong(ValueError):
    """The model was given more tokens than it can look at."""


class SumModel:
    """The likeliest next token is the sum of all so far, modulo the number of tokens."""

    def __init__(self, size, block_size):
        self.size, self.block_size = size, block_size

    def __call__(self, ids):
        if np.ndim(ids) != 2 or np.shape(ids)[1] > self.block_size:
            raise ContextTooLong(f"the model takes ids (B, t) with t at most {self.block_size}, "
                                 f"got {what_is(ids)}")
        likeliest = np.cumsum(ids, axis=1) % self.size  # (B, t)
        return tg.Tensor(0.5 * (likeliest[..., None] == np.arange(self.size)))


def ask(answer, case):
    rng, size = np.random.default_rng(case.seed), len(case.logits)
    drawn = answer.draw(np.tile(case.logits, (case.draws, 1)), case.temperature, case.top_k, rng)
    drawn = token_ids("draw", drawn, (case.draws,), size)
    shares = np.bincount(drawn, minlength=size) / case.draws
    yield f"tokens that come in {case.draws:,} draws", shares > 0
    model = SumModel(size, case.block_size)
    yield "generate with top_k=1", answer.generate(model, case.ids, case.count, case.temperature,
                                                   1, rng)
    if case.top_k is None:
        yield "generate with temperature=0.001", answer.generate(model, case.ids, case.count, 0.001,
                                                                 None, rng)
    # Last, for these differ where two right answers use rng differently.
    yield f"shares of {case.draws:,} draws", shares.astype(case.dtype)


def token_ids(name, ids, shape, size):
    """The ids, if they are an array of tokens of this shape; else Wrong."""
    if not isinstance(ids, np.ndarray) or ids.dtype.kind not in "iu" or ids.shape != shape:
        raise Wrong(f"{name} returns token ids, an array of whole numbers of shape {shape}; yours "
                    f"is {what_is(ids)}.")
    if not ((0 <= ids) & (ids < size)).all():
        raise Wrong(f"{name} returns ids from {ids.min()} to {ids.max()}; tokens go from 0 to "
                    f"{size - 1}.")
    return ids


def expected(case):
    chosen = sorted(case.logits)[-(case.top_k or len(case.logits)):]
    powers = [math.exp((s - max(chosen)) / case.temperature) if s in chosen else 0.0
              for s in case.logits]
    p = np.array(powers) / sum(powers)
    rows = [list(map(int, row)) for row in case.ids]
    for row in rows:
        for _ in range(case.count):
            row.append(sum(row[-case.block_size:]) % len(case.logits))
    five_sigma = 5 * np.sqrt(p * (1 - p) / case.draws)
    values = {
        f"tokens that come in {case.draws:,} draws": p > 1e-12,
        "generate with top_k=1": np.array(rows),
    }
    if case.top_k is None:
        values["generate with temperature=0.001"] = np.array(rows)
    return values | {f"shares of {case.draws:,} draws": Near(p, five_sigma + 1e-6)}


def swap(answer, calls):
    engines = gpt.sample_tokens

    def sample_tokens(logits, temperature, top_k, top_p, rng):
        if temperature == 0 or top_p is not None:
            return engines(logits, temperature, top_k, top_p, rng)
        drawn = calls.forward(answer.draw, logits, temperature, top_k, rng)
        return token_ids("draw", drawn, logits.shape[:1], logits.shape[1])
    return [patch.object(gpt, "sample_tokens", sample_tokens)]


# ---- the model: a GPT, trained once, which the answer then lets write ----

@functools.cache
def trained():
    """The GPT of swap.py after 150 steps, and the tokenizer of its text."""
    ids, _ = text()
    model, rng = small_gpt(), np.random.default_rng(1)

    def loss(step):
        x, targets = random_windows(ids, 8, 32, rng=rng)
        return gpt.loss(model, xp.asarray(x), xp.asarray(targets))
    for _ in steps(150, Adam(model.parameters(), lr=3e-3), loss):
        pass
    return model.eval(), CharTokenizer(load_text("pydoc")[:100_000])


def train(answer, calls):
    model, tokenizer = trained()
    if answer is None:
        return
    prompt, count, rng = tokenizer.encode("The ")[None], 60, np.random.default_rng(0)
    likeliest = list(gpt.generate(model, prompt, count, temperature=0, cache=False, rng=rng))
    likeliest = np.concatenate([prompt, np.stack(likeliest, axis=1)], axis=1)
    for temperature, top_k in ((1.0, 1), (0.8, 10)):
        drawn = calls.forward(answer.generate, model, prompt, count, temperature, top_k, rng)
        drawn = token_ids("generate", drawn, likeliest.shape, len(tokenizer))
        if top_k == 1 and not np.array_equal(drawn, likeliest):
            first = int((drawn != likeliest).argmax())
            raise Wrong(f"With top_k=1 the trained GPT is to write the likeliest tokens; yours "
                        f"differs from them at position {first} of {likeliest.size}.")
    yield from ()  # there are no losses
    written = " ".join(tokenizer.decode(drawn[0]).split())
    return f"{2 * count} tokens of a trained GPT, all drawn by yours. It writes: {written}"


MODEL = Model("GPT", 2, train, counts=("forward",))

"""Write: the GPT goes on with a text, token by token, and shows what it looks at."""
import copy
import time

from demos.language.parts.heads import attention_weights
from demos.playground.fields import as_numbers, number, optional, text, whole, yes_or_no
from demos.playground.room import Room
from models.gpt import candidates, check_sampling, sample_tokens
from tinygen import no_grad
from tinygen.backend import np, to_numpy, xp
from tinygen.data import CharTokenizer
from tinygen.nn import KeyValueCache

SHOWN = 20  # tokens in the bars, the likeliest ones


class Writer:
    """What a tab has written so far: its tokens, and the keys and values that are kept of them."""

    def __init__(self, models):
        self.decoder = models["gpt"].model
        self.encoder = copy.deepcopy(self.decoder)  # the same weights, and each sees the future
        for block in self.encoder.blocks:
            block.causal = False
        self.tokenizer = CharTokenizer(models.text)
        self.forget()

    def forget(self):
        self.ids, self.cache, self.logits = [], None, None

    def encode(self, prompt):
        """The tokens of a text.  Raises ValueError for none, and for one that is unknown."""
        if not prompt:
            raise ValueError("the GPT needs something to go on from; type at least one character")
        return self.tokenizer.encode(prompt).tolist()

    def next_logits(self, ids, cached):
        """The logits of the token after ids, and how many positions were computed for them."""
        size, known = self.decoder.block_size, len(self.ids)
        if not cached or len(ids) > size:  # where the window slides, all positions change
            self.forget()
            computed = ids[-size:]
            self.logits = self._run(computed, None)
            return self.logits, len(computed)
        if ids == self.ids:
            return self.logits, 0
        if not known or ids[:known] != self.ids:
            self.forget()
            known, self.cache = 0, KeyValueCache(size)
        self.logits = self._run(ids[known:], self.cache)
        self.ids = ids
        return self.logits, len(ids) - known

    def _run(self, ids, cache):
        with no_grad():
            return to_numpy(self.decoder.next_logits(xp.asarray([ids]), cache))


ROOM = Room("write", "Write", needs=("gpt",), memory=Writer)


@ROOM.answers()
def about(models, writer):
    """How the GPT is built, and a piece of text to begin with."""
    config = writer.decoder.config
    start = models.text.find(" ", len(models.text) // 2) + 1
    return {"layers": config.n_layer, "heads": config.n_head, "context": config.block_size,
            "tokens": len(writer.tokenizer), "text": models.text[start:start + 24]}


@ROOM.answers(prompt=text(2000), temperature=number(0, 3), top_k=optional(whole(1, 1000)),
              top_p=optional(number(0.01, 1)), cached=yes_or_no, seed=whole(0, 2 ** 31))
def go_on(models, writer, prompt, temperature, top_k, top_p, cached, seed):
    """The token after a text: what it may be, what the settings leave of that, and a sample.

    Also how many positions went through the network, and how many were in the cache.
    """
    check_sampling(temperature, top_k, top_p)
    ids = writer.encode(prompt)
    before = time.perf_counter()
    logits, computed = writer.next_logits(ids, cached)
    seconds = time.perf_counter() - before
    order, p = candidates(logits, 1.0, None, None)
    left = np.zeros(len(order[0]))
    if temperature:
        likeliest, weights = candidates(logits, temperature, top_k, top_p)
        left[likeliest[0]] = weights[0] / weights.sum()
    else:
        left[order[0, 0]] = 1
    sampled = sample_tokens(logits, temperature, top_k, top_p, np.random.default_rng(seed))
    shown = order[0, :SHOWN]
    return {"tokens": [writer.tokenizer.decode([i]) for i in shown],
            "p": p[0, :SHOWN].tolist(), "left": left[shown].tolist(),
            "sampled": writer.tokenizer.decode(sampled), "computed": computed,
            "seen": min(len(ids), writer.decoder.block_size), "milliseconds": 1000 * seconds}


@ROOM.answers(prompt=text(2000), at=whole(0, 10_000), masked=yes_or_no)
def look(models, writer, prompt, at, masked):
    """What each head looks at from one position of the context.  -> (layers, heads, T)"""
    network = writer.decoder if masked else writer.encoder
    seen = writer.encode(prompt)[-network.block_size:]
    if at >= len(seen):
        raise ValueError(f"the context has {len(seen)} tokens, numbered from 0; got {at}")
    weights = attention_weights(network.features(xp.asarray([seen])))
    return {"weights": as_numbers(np.stack(weights)[:, 0, :, at])}


@ROOM.sends
def examples(models):
    settings = {"temperature": 0.8, "top_k": None, "top_p": 0.9, "cached": True, "seed": 1}
    return [("about", {}), ("go_on", {"prompt": "The ", **settings}),
            ("go_on", {"prompt": "The v", **settings}),
            ("look", {"prompt": "The value", "at": 3, "masked": True}),
            ("look", {"prompt": "The value", "at": 3, "masked": False})]

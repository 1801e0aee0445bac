"""GPT: a decoder-only Transformer that writes text one token at a time.

    ids (B, T) ─▶ token + position embedding ─▶ blocks ─▶ layer norm ─▶ head ─▶ logits (B, T, V)

The logits at position t predict the token at t + 1, and position t sees nothing after t: one
sequence of T tokens is T examples at once. Each block first moves information between positions
(attention), then processes each position by itself (feed-forward); both read a normalised input
(pre-LN) and add to it (residual). GPT-2 is only more of the same.

    Bigram   a table: predicts the next token from the last one alone
    GPT      sees a window of block_size tokens

Attention is all you need (Vaswani et al., 2017); Language models are unsupervised multitask
learners (Radford et al., 2019).
"""
from dataclasses import dataclass
from numbers import Integral, Real

import tinygen as tg
from models.parts import check_network
from tinygen import nn
from tinygen.backend import np, to_numpy, xp
from tinygen.checks import check_flags, check_number, check_rng, check_sizes
from tinygen.nn import init
from tinygen.nn.attention import check_cache
from tinygen.tensor import shape_of


@dataclass(frozen=True)
class Config:
    """Sizes of a GPT.

    vocab_size: how many tokens there are. block_size: the longest context, in tokens. n_layer:
    blocks. n_head: attention heads in each. n_embd: numbers that stand for one token. dropout: of
    embeddings, attention weights and what each block adds. bias: in linear layers and layer norms.
    tied: the head's weights are the token embedding's.
    Raises ValueError unless sizes are integers of at least 1, n_head divides n_embd and
    0 <= dropout < 1.
    """
    vocab_size: int
    block_size: int = 64
    n_layer: int = 4
    n_head: int = 4
    n_embd: int = 128
    dropout: float = 0.0
    bias: bool = True
    tied: bool = False

    def __post_init__(self):
        check_sizes("GPT", vocab_size=self.vocab_size, block_size=self.block_size)
        check_blocks("GPT", self.n_layer, self.n_head, self.n_embd, self.dropout)
        check_flags("GPT", bias=self.bias, tied=self.tied)


def check_blocks(model, n_layer, n_head, n_embd, dropout):
    """Raise ValueError, in the name of `model`, unless blocks of these sizes can be built."""
    check_sizes(model, n_layer=n_layer, n_head=n_head, n_embd=n_embd)
    if n_embd % n_head:
        raise ValueError(f"{model}: n_head must divide n_embd, got n_head={n_head} "
                         f"and n_embd={n_embd}")
    check_number(model, 0, 1, dropout=dropout)


def check_ids(model, ids):
    """Raise ValueError, in the name of `model`, unless ids are (B, T) with at least one token."""
    shape = shape_of(model, ids)
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"{model}: ids must be (B, T) with at least one token, got shape {shape}; "
                         f"a single text needs ids[None]")


class Bigram(nn.Module):
    """A table of the next token's logits for each token.  (B, T) -> (B, T, vocab_size)"""
    block_size = 1

    def __init__(self, vocab_size, *, rng):
        self.table = nn.Embedding(vocab_size, vocab_size, rng=rng)

    def forward(self, ids):
        return self.table(ids)

    def next_logits(self, ids, cache=None):
        """The logits of the token after ids.  (B, T) -> (B, vocab_size)"""
        check_ids("Bigram", ids)
        return self.table(ids[:, -1])


class FeedForward(nn.Module):
    """Each position by itself, to four times the width and back.  (..., n_embd) -> same"""

    def __init__(self, n_embd, dropout=0.0, bias=True, *, rng):
        self.inner = nn.Linear(n_embd, 4 * n_embd, bias, rng=rng)
        self.out = nn.Linear(4 * n_embd, n_embd, bias, rng=rng)
        self.dropout = nn.Dropout(dropout, rng=rng)

    def forward(self, x):
        return self.dropout(self.out(tg.gelu(self.inner(x))))


class Block(nn.Module):
    """Attention, then feed-forward, each normalised before and added after.

    (B, T, n_embd) -> same

    causal: no position looks past itself, as in a decoder; otherwise each looks at all, as in an
    encoder. cross: adds, between the two, an attention that looks at another sequence.
    """

    def __init__(self, n_embd, n_head, dropout=0.0, bias=True, *, causal=True, cross=False, rng):
        self.causal = causal
        self.norm1 = nn.LayerNorm(n_embd, bias=bias)
        self.attention = nn.MultiHeadAttention(n_embd, n_head, dropout, bias, rng=rng)
        self.norm_cross = nn.LayerNorm(n_embd, bias=bias) if cross else None
        self.cross = (nn.MultiHeadAttention(n_embd, n_head, dropout, bias, rng=rng) if cross
                      else None)
        self.norm2 = nn.LayerNorm(n_embd, bias=bias)
        self.feed_forward = FeedForward(n_embd, dropout, bias, rng=rng)
        self.dropout = nn.Dropout(dropout, rng=rng)

    def forward(self, x, source=None, *, mask=None, source_mask=None, cache=None):
        """source: the sequence that `cross` looks at, (B, S, n_embd). mask, source_mask: which
        positions of x and of source may be looked at, as in the op `attention`. Raises ValueError
        unless there is a source exactly where there is `cross`."""
        if (source is None) != (self.cross is None):
            raise ValueError(f"Block: a block {'without' if source is None else 'with'} a source "
                             f"is one with cross={source is not None}; this one has "
                             f"cross={self.cross is not None}")
        h = self.attention(self.norm1(x), causal=self.causal, mask=mask, cache=cache)
        x = x + self.dropout(h)
        if self.cross is not None:
            x = x + self.dropout(self.cross(self.norm_cross(x), source, mask=source_mask))
        return x + self.feed_forward(self.norm2(x))


class GPT(nn.Module):
    """Token ids to the logits of the next token, at each position.  (B, T) -> (B, T, vocab_size)"""

    def __init__(self, config, *, rng):
        check_network(self, config, Config)
        self.config = config
        c = config
        self.token = nn.Embedding(c.vocab_size, c.n_embd, rng=rng)
        self.position = nn.Embedding(c.block_size, c.n_embd, rng=rng)
        self.dropout = nn.Dropout(c.dropout, rng=rng)
        self.blocks = nn.ModuleList(Block(c.n_embd, c.n_head, c.dropout, c.bias, rng=rng)
                                    for _ in range(c.n_layer))
        self.norm = nn.LayerNorm(c.n_embd, bias=c.bias)
        self.head = nn.Linear(c.n_embd, c.vocab_size, bias=False, rng=rng)
        if c.tied:
            self.head.weight = self.token.weight
        initialise(self, c.n_layer, rng)

    @property
    def block_size(self):
        """The longest context, in tokens."""
        return self.config.block_size

    def features(self, ids, cache=None):
        """The input of the head.  (B, T) -> (B, T, n_embd)

        cache: a nn.KeyValueCache; ids are then only the tokens after those it holds. Raises
        ValueError for more than block_size tokens, with those in the cache.
        """
        check_ids("GPT", ids)
        if cache is not None:
            check_cache("GPT", cache)
        first, count = 0 if cache is None else len(cache), ids.shape[1]
        if first + count > self.block_size:
            raise ValueError(f"GPT: the context is at most {self.block_size} tokens, got "
                             f"{first + count}; keep only the last ones")
        positions = xp.arange(first, first + count)
        x = self.dropout(self.token(ids) + self.position(positions))  # (B, T, n_embd)
        for block in self.blocks:
            x = block(x, cache=cache)
        return self.norm(x)

    def forward(self, ids):
        return self.head(self.features(ids))

    def next_logits(self, ids, cache=None):
        """The logits of the token after ids.  (B, T) -> (B, vocab_size); cache as in features."""
        return self.head(self.features(ids, cache)[:, -1])


def initialise(model, n_layer, rng):
    """GPT-2's initial weights: N(0, 0.02²), and biases 0.

    The layers that add to the residual, two in each block, are scaled by 1/√(2·n_layer), so that
    the sum does not grow with depth.
    """
    for path, p in model.named_parameters():
        if p.ndim == 2:
            added = path.endswith(("out_proj.weight", "out.weight"))
            std = 0.02 / (2 * n_layer) ** 0.5 if added else 0.02
            p.data[...] = xp.asarray(init.normal(p.shape, std, rng=rng))
        elif path.endswith("bias"):
            p.data[...] = 0


def loss(model, ids, targets):
    """Mean cross-entropy of the next token, in nats.  (B, T), (B, T) -> one number"""
    return tg.cross_entropy(model(ids), targets)


# ---- generation ----

def generate(model, ids, count, *, temperature=1.0, top_k=None, top_p=None, stop=None, cache=True,
             rng):
    """Yield `count` further tokens as they are sampled, one array (B,) of ids at a time.

    ids: the prompt (B, T), at least one token. Of a text longer than the context only the last
    block_size tokens are seen. temperature: 0 takes the likeliest token, below 1 sharpens the
    distribution, above 1 flattens it. top_k: sample among the k likeliest only. top_p: among the
    likeliest that together have this probability (nucleus sampling, Holtzman et al., 2020). stop:
    the id of a token that ends a text; sampling ends when all B texts have ended, and what a text
    has after it is to be ignored. cache: keep keys and values while the text fits the context;
    without, the tokens are the same but slower.
    Raises ValueError for an empty prompt and for settings out of range, TypeError for a stop that
    is no id, another cache or another rng.
    """
    check_sampling(temperature, top_k, top_p)
    check_sizes("generate", least=0, count=count)
    check_flags("generate", cache=cache)
    check_rng("generate", rng)
    if stop is not None and (not isinstance(stop, Integral) or stop < 0):
        raise TypeError(f"generate: stop must be the id of a token, got {stop!r}; encode it first")
    ids = np.asarray(to_numpy(ids))
    if ids.ndim != 2 or not ids.size:
        raise ValueError(f"generate: the prompt must be (B, T) with at least one token, got shape "
                         f"{ids.shape}")
    kept = nn.KeyValueCache(model.block_size) if cache else None
    ended, evaluating = np.zeros(len(ids), bool), model.evaluating()
    for _ in range(count):
        if ids.shape[1] > model.block_size:
            kept = None  # the window slides: all positions change, the cache is void
        first = -model.block_size if kept is None else len(kept)
        with tg.no_grad(), evaluating:  # left before each yield: the model is the caller's then
            logits = model.next_logits(xp.asarray(ids[:, first:]), kept)
        sampled = sample_tokens(to_numpy(logits), temperature, top_k, top_p, rng)  # (B,)
        ids = np.concatenate([ids, sampled[:, None]], axis=1)
        yield sampled
        ended |= sampled == stop
        if ended.all():
            return


def sample_tokens(logits, temperature, top_k, top_p, rng):
    """A token for each row of logits, NumPy arrays.  (B, V) -> (B,)"""
    if temperature == 0:
        return logits.argmax(axis=1)
    order, p = candidates(logits, temperature, top_k, top_p)
    total = np.cumsum(p, axis=1)
    chosen = (rng.random((len(p), 1)) * total[:, -1:] >= total).sum(axis=1)
    return order[np.arange(len(p)), chosen]


def candidates(logits, temperature, top_k, top_p):
    """What is sampled from: the tokens, likeliest first, and their weights.  (B, V) -> (B, V) twice

    The weights that are left over by top_p need not add up to 1. temperature is above 0.
    """
    # The likeliest has score 0, so nothing overflows at a low temperature.
    logits = logits.astype("float64")
    scores = (logits - logits.max(axis=1, keepdims=True)) / temperature
    order = np.argsort(-scores, axis=1, kind="stable")  # likeliest first
    p = np.exp(np.take_along_axis(scores, order, axis=1))
    if top_k is not None:
        p[:, top_k:] = 0
    p /= p.sum(axis=1, keepdims=True)
    if top_p is not None:
        before = np.cumsum(p, axis=1) - p
        p[before >= top_p] = 0  # the first one always stays
    return order, p


def check_sampling(temperature, top_k, top_p):
    """Raise ValueError unless temperature >= 0, top_k >= 1 and 0 < top_p <= 1, or None."""
    if not isinstance(temperature, Real) or not 0 <= temperature < float("inf"):
        raise ValueError(f"generate: temperature must be finite and at least 0, got "
                         f"{temperature!r}; 0 takes the likeliest token each time")
    if top_k is not None and (not isinstance(top_k, Integral) or top_k < 1):
        raise ValueError(f"generate: top_k must be an integer of at least 1, got {top_k!r}")
    if top_p is not None and (not isinstance(top_p, Real) or not 0 < top_p <= 1):
        raise ValueError(f"generate: top_p must be above 0 and at most 1, got {top_p!r}")

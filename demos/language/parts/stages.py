"""The networks of the lecture "Let's build GPT", each with one idea more than the one before.

    ids (B, T) ─▶ token + position embedding ─▶ body ─▶ linear ─▶ logits (B, T, V)

From the second stage on the frame is the same, and only the body grows. At the end the body is
`models.gpt.Block`, three times, and the whole is a small `models.gpt.GPT`.
"""
from dataclasses import dataclass

import tinygen as tg
from models.gpt import GPT, Bigram, Block, Config, FeedForward
from tinygen import nn
from tinygen.backend import xp

BLOCK_SIZE, WIDTH, HEADS, LAYERS = 8, 32, 4, 3  # in all stages but the scaled one


@dataclass(frozen=True)
class Scale:
    """Sizes of the scaled stage, and how it is trained."""
    n_layer: int
    n_head: int
    n_embd: int
    block_size: int
    batch: int
    dropout: float
    lr: float
    steps: int
    warmup: int = 0     # steps in which the rate rises
    final: float = 1.0  # what it falls to after that, along a cosine; 1: it stays


SCALES = {
    "tiny": Scale(1, 2, 16, 16, batch=4, dropout=0.0, lr=1e-3, steps=8),
    "laptop": Scale(4, 4, 128, 64, batch=12, dropout=0.0, lr=2e-3, steps=1500, warmup=100,
                    final=0.1),
    "lecture": Scale(6, 6, 384, 256, batch=64, dropout=0.2, lr=3e-4, steps=5000),
}


# ---- the frame: what goes in and what comes out ----

class LanguageModel(nn.Module):
    """Embeddings, a body that turns (B, T, WIDTH) into the same, a head.  (B, T) -> (B, T, V)

    Attention by itself sees a bag of tokens. Each position therefore has a vector, which is added
    to that of the token there.
    """
    block_size = BLOCK_SIZE

    def __init__(self, vocab_size, body, *, rng):
        self.token = nn.Embedding(vocab_size, WIDTH, rng=rng)
        self.position = nn.Embedding(BLOCK_SIZE, WIDTH, rng=rng)
        self.body = body
        self.head = nn.Linear(WIDTH, vocab_size, rng=rng)

    def forward(self, ids):
        x = self.token(ids) + self.position(xp.arange(ids.shape[1]))  # (B, T, WIDTH)
        return self.head(self.body(x))

    def next_logits(self, ids, cache=None):
        """The logits of the token after ids.  (B, T) -> (B, V)"""
        return self(ids)[:, -1]


# ---- what the stages add ----

class Head(nn.Module):
    """One head of attention: each position gathers from itself and those before it.

    (B, T, C) -> (B, T, size)
    """

    def __init__(self, width, size, *, rng):
        self.query = nn.Linear(width, size, bias=False, rng=rng)
        self.key = nn.Linear(width, size, bias=False, rng=rng)
        self.value = nn.Linear(width, size, bias=False, rng=rng)

    def forward(self, x):
        return tg.attention(self.query(x), self.key(x), self.value(x), causal=True)


class Heads(nn.Module):
    """Several small heads, concatenated: several questions at once.  (B, T, C) -> same"""

    def __init__(self, width, count, *, rng):
        self.heads = nn.ModuleList(Head(width, width // count, rng=rng) for _ in range(count))

    def forward(self, x):
        return tg.concatenate([head(x) for head in self.heads], axis=-1)


class Think(nn.Module):
    """A linear layer and ReLU at each position by itself, to think over what was gathered."""

    def __init__(self, width, *, rng):
        self.linear = nn.Linear(width, width, rng=rng)

    def forward(self, x):
        return tg.relu(self.linear(x))


class Residual(nn.Module):
    """Gather and think, and add both to what is there already.  (B, T, C) -> same

    A sum passes its gradient to both sides undiminished, so that blocks can be stacked. What is
    added comes out of a linear layer, which can keep it small: nn.MultiHeadAttention is the heads
    above and such a layer; the feed-forward is four times as wide inside.
    """

    def __init__(self, width, heads, *, rng):
        self.attention = nn.MultiHeadAttention(width, heads, rng=rng)
        self.feed_forward = FeedForward(width, rng=rng)

    def forward(self, x):
        x = x + self.attention(x, causal=True)
        return x + self.feed_forward(x)


# ---- the stages ----

def one_head(vocab_size, rng):
    return LanguageModel(vocab_size, Head(WIDTH, WIDTH, rng=rng), rng=rng)


def heads(vocab_size, rng):
    return LanguageModel(vocab_size, Heads(WIDTH, HEADS, rng=rng), rng=rng)


def feed_forward(vocab_size, rng):
    body = nn.Sequential(Heads(WIDTH, HEADS, rng=rng), Think(WIDTH, rng=rng))
    return LanguageModel(vocab_size, body, rng=rng)


def residual(vocab_size, rng):
    body = nn.Sequential(*[Residual(WIDTH, HEADS, rng=rng) for _ in range(LAYERS)])
    return LanguageModel(vocab_size, body, rng=rng)


def layer_norm(vocab_size, rng):
    """Block is Residual with a layer norm before each half; one more precedes the head."""
    blocks = [Block(WIDTH, HEADS, rng=rng) for _ in range(LAYERS)]
    return LanguageModel(vocab_size, nn.Sequential(*blocks, nn.LayerNorm(WIDTH)), rng=rng)


def bigram(vocab_size, rng):
    return Bigram(vocab_size, rng=rng)


def scaled(vocab_size, rng, scale):
    """All of this, larger, with dropout and initial weights that suit the depth."""
    s = scale
    return GPT(Config(vocab_size, s.block_size, s.n_layer, s.n_head, s.n_embd, s.dropout), rng=rng)

"""The encoder-decoder Transformer: reads one sequence, writes another.

    source (B, S) ─▶ encoder ─▶ memory (B, S, n_embd)
                                  │ cross-attention
    target (B, T) ─▶ decoder ─────┴─▶ logits (B, T, V) of the token after each

It is built from GPT's blocks. In the encoder a position looks at all others, before and after; in
the decoder only at itself and those before: the mask is the whole difference. A decoder's block has
a second attention, whose queries look at the encoder's memory.

All sequences of a batch are as long as the longest; PAD fills the rest and is never looked at. A
target begins with START and ends with STOP.

Attention is all you need (Vaswani et al., 2017).
"""
from dataclasses import dataclass

import tinygen as tg
from models.gpt import Block, check_blocks, check_ids, initialise
from models.parts import check_network
from tinygen import nn
from tinygen.backend import np, require, to_numpy, xp
from tinygen.checks import check_sizes
from tinygen.errors import describe
from tinygen.nn.attention import check_cache

PAD, START, STOP = 0, 1, 2  # the first three ids of every vocabulary


@dataclass(frozen=True)
class Config:
    """Sizes of a Transformer.

    source_vocab, target_vocab: how many tokens there are on each side; the first three are PAD,
    START and STOP. max_length: of either sequence, with START or STOP. n_layer: blocks in the
    encoder and in the decoder. n_head, n_embd, dropout: as in models.gpt.Config.
    Raises ValueError unless both vocabularies have at least 4 tokens, other sizes are integers of
    at least 1, n_head divides n_embd and 0 <= dropout < 1.
    """
    source_vocab: int
    target_vocab: int
    max_length: int = 32
    n_layer: int = 2
    n_head: int = 4
    n_embd: int = 64
    dropout: float = 0.0

    def __post_init__(self):
        check_sizes("Transformer", max_length=self.max_length)
        check_sizes("Transformer", least=STOP + 2, source_vocab=self.source_vocab,
                    target_vocab=self.target_vocab)
        check_blocks("Transformer", self.n_layer, self.n_head, self.n_embd, self.dropout)


class Stack(nn.Module):
    """Embeddings, blocks and a layer norm: the encoder or the decoder.  (B, T) -> (B, T, n_embd)

    causal: no position looks past itself. cross: the blocks also look at a source (B, S, n_embd).
    """

    def __init__(self, vocab_size, config, *, causal, cross, rng):
        c = config
        self.token = nn.Embedding(vocab_size, c.n_embd, rng=rng)
        self.position = nn.Embedding(c.max_length, c.n_embd, rng=rng)
        self.dropout = nn.Dropout(c.dropout, rng=rng)
        self.blocks = nn.ModuleList(
            Block(c.n_embd, c.n_head, c.dropout, causal=causal, cross=cross, rng=rng)
            for _ in range(c.n_layer))
        self.norm = nn.LayerNorm(c.n_embd)

    def forward(self, ids, source=None, *, mask=None, source_mask=None, cache=None):
        if cache is not None:
            check_cache("Transformer", cache)
        first = 0 if cache is None else len(cache)
        last = first + ids.shape[1]
        if last > self.position.num_embeddings:
            raise ValueError(f"Transformer: sequences have at most {self.position.num_embeddings} "
                             f"tokens, got {last}; raise max_length in the Config")
        x = self.dropout(self.token(ids) + self.position(xp.arange(first, last)))
        for block in self.blocks:
            x = block(x, source, mask=mask, source_mask=source_mask, cache=cache)
        return self.norm(x)


class Transformer(nn.Module):
    """Two sequences to the logits of the target's next token at each position.

    source (B, S), target (B, T) -> (B, T, target_vocab)
    """

    def __init__(self, config, *, rng):
        check_network(self, config, Config)
        self.config = config
        self.encoder = Stack(config.source_vocab, config, causal=False, cross=False, rng=rng)
        self.decoder = Stack(config.target_vocab, config, causal=True, cross=True, rng=rng)
        self.head = nn.Linear(config.n_embd, config.target_vocab, rng=rng)
        initialise(self, 2 * config.n_layer, rng)

    def encode(self, source):
        """The memory, and a mask of where it is not PAD.  (B, S) -> (B, S, n_embd), (B, 1, 1, S)"""
        check_ids("Transformer", source)
        mask = (source != PAD)[:, None, None, :]
        return self.encoder(source, mask=mask), mask

    def decode(self, target, memory, mask, cache=None):
        """The logits of the next token at each position.  (B, T) -> (B, T, target_vocab)

        cache: a nn.KeyValueCache; target is then only the tokens after those it holds.
        """
        check_ids("Transformer", target)
        return self.head(self.decoder(target, memory, source_mask=mask, cache=cache))

    def forward(self, source, target):
        return self.decode(target, *self.encode(source))


def loss(model, source, target):
    """Mean cross-entropy of the target's tokens, each given the source and those before, in nats.

    source (B, S), target (B, T) with START and STOP; PAD does not count. Raises ValueError if the
    target has no token after START.
    """
    check_ids("Transformer", target)
    logits, wanted = model(source, target[:, :-1]), target[:, 1:]
    counts = (wanted != PAD).astype(logits.dtype)
    total, shape = xp.asarray(counts.sum()), target.shape  # on a GPU it stays there
    require(total > 0, lambda: ValueError(
        f"Transformer: a target needs a token after START, got only PAD in shape {shape}"))
    return (tg.cross_entropy(logits, wanted, reduction="none") * counts).sum() / total


def translate(model, source):
    """Write the likeliest token at each step, until all rows have STOP or reach max_length.

    (B, S) -> ids, a NumPy array (B, T), without START, with PAD after STOP
    """
    check_ids("Transformer", source)
    cache = nn.KeyValueCache(model.config.max_length)
    written = np.full((source.shape[0], 1), START)
    ended = np.zeros(len(written), bool)
    with tg.no_grad(), model.evaluating():
        memory, mask = model.encode(source)
        while not ended.all() and written.shape[1] < model.config.max_length:
            logits = model.decode(xp.asarray(written[:, -1:]), memory, mask, cache)
            likeliest = to_numpy(logits)[:, -1].argmax(axis=1)
            written = np.c_[written, np.where(ended, PAD, likeliest)]
            ended |= likeliest == STOP
    return written[:, 1:]


def padded(sequences):
    """Lists of ids as one array, padded with PAD.  -> (B, longest)

    Raises ValueError if there are no lists.
    """
    if not hasattr(sequences, "__len__") or not len(sequences):
        raise ValueError(f"padded: takes one or more lists of ids, got {describe(sequences)}")
    for sequence in map(np.asarray, sequences):
        if sequence.ndim != 1 or sequence.size and sequence.dtype.kind not in "iu":
            raise TypeError(f"padded: takes lists of ids, got {describe(sequence)} among them")
    ids = np.full((len(sequences), max(map(len, sequences))), PAD)
    for row, sequence in zip(ids, sequences):
        row[:len(sequence)] = sequence
    return ids

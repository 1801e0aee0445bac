"""Text for the language models: its tokens, a tenth held out for validation, the loss on all."""
from dataclasses import dataclass

import tinygen as tg
from tinygen.backend import np, to_numpy, xp
from tinygen.data import (
    BPETokenizer,
    CharTokenizer,
    consecutive_windows,
    load_text,
    random_windows,
    split_tokens,
)


@dataclass(frozen=True)
class Text:
    """A text as tokens: those to train on, and the last tenth, to validate with."""
    tokenizer: CharTokenizer | BPETokenizer
    train: np.ndarray
    val: np.ndarray


def load_tokens(name, block_size, tokens=0):
    """The text called `name`, or the file of that name, as a Text.

    block_size: of the windows that will be cut from it; both parts have to be longer. tokens: 0 for
    one token per character, else the size of the byte-pair vocabulary, which is learnt from the
    training part alone.
    """
    text = load_text(name)
    if tokens:
        tokenizer = BPETokenizer.train(text[:int(0.9 * len(text))], tokens)
    else:
        tokenizer = CharTokenizer(text)
    return Text(tokenizer, *split_tokens(tokenizer.encode(text), block_size))


def visible(text):
    """The text with visible spaces and line ends, for the ticks of a figure."""
    return text.translate({ord(" "): "␣", ord("\n"): "↵", ord("\t"): "⇥"})


def batch(ids, count, block_size, rng):
    """Random windows and their targets, on the backend.  -> (count, block_size) twice"""
    return tuple(map(xp.asarray, random_windows(ids, count, block_size, rng=rng)))


def text_loss(model, ids, block_size, at_a_time=64, windows=None):
    """Mean cross-entropy over a whole text, in nats per token, from consecutive windows.

    A window's first tokens have little to attend to, as in training. windows: at most so many of
    them, evenly spread.
    """
    x, targets = consecutive_windows(ids, block_size)
    if windows and windows < len(x):
        spread = np.linspace(0, len(x) - 1, windows).astype(int)
        x, targets = x[spread], targets[spread]
    total = 0.0
    with tg.no_grad(), model.evaluating():
        for start in range(0, len(x), at_a_time):
            part = slice(start, start + at_a_time)
            logits = model(xp.asarray(x[part]))
            total += float(to_numpy(tg.cross_entropy(logits, xp.asarray(targets[part]),
                                                     reduction="sum")))
    return total / x.size

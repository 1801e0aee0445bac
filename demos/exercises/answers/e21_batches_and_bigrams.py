"""21 batches and bigrams   ★   30 minutes

    token of a character:  its position in `characters`, from 0
    x       = ids[s], ..., ids[s + T - 1]            a window of T tokens that starts at s
    targets = ids[s + 1], ..., ids[s + T]            what comes after each of them
    C[a, b] = how often token b comes right after token a

    encode(text, characters)           a str of n characters -> ids (n,), whole numbers
    decode(ids, characters)            ids (n,) -> the text, a str
    batch(ids, count, length, rng)     ids (n,) -> x and targets, (count, length) each
    count_bigrams(ids, size)           ids (n,) -> C (size, size), whole numbers

Given: NumPy. characters is a str in which each character of the text occurs once; size is how many
different tokens there are. To write: all four. batch draws `count` windows of T = length tokens:
rng.integers(k, size=count) draws that many numbers from 0, ..., k - 1. Every start s is as likely
as every other, from the first to the last for which the targets still lie inside of ids.
Not allowed: tinygen.

By hand: characters = "abn", so "banana" is ids = [1, 0, 2, 0, 2, 0]. Only one window of length 5
has its targets inside: x = [1, 0, 2, 0, 2], targets = [0, 2, 0, 2, 0]. After a (row 0) comes n
twice, after b comes a once, after n comes a twice: C = [[0, 0, 2], [1, 0, 0], [2, 0, 0]].

    python -m demos exercises check 21
"""
import numpy as np


def encode(text, characters):
    # ---- answer
    token = {character: i for i, character in enumerate(characters)}
    return np.array([token[character] for character in text])
    # ---- end


def decode(ids, characters):
    # ---- answer
    return "".join(characters[i] for i in ids)
    # ---- end


def batch(ids, count, length, rng):
    # ---- answer
    starts = rng.integers(len(ids) - length, size=count)
    windows = ids[starts[:, None] + np.arange(length + 1)]  # (count, length + 1)
    return windows[:, :-1], windows[:, 1:]
    # ---- end


def count_bigrams(ids, size):
    # ---- answer
    counts = np.zeros((size, size), int)
    for a, b in zip(ids[:-1], ids[1:]):
        counts[a, b] += 1
    return counts
    # ---- end

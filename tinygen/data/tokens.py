"""Tokenizers: text to integers and back, by characters or by byte pairs.

    tokenizer = CharTokenizer(text)                       one token for each character that occurs
    tokenizer = BPETokenizer.train(text, vocab_size=512)  one for each frequent run of bytes
    tokenizer = BPETokenizer.load("gpt2")                 GPT-2's, from its two files

    ids = tokenizer.encode(text);  tokenizer.decode(ids) == text;  len(tokenizer) is the vocabulary
"""
import json
from collections import Counter, defaultdict
from heapq import heappop, heappush

from tinygen.backend import np, to_numpy
from tinygen.checks import check_path, check_sizes
from tinygen.data.words import from_printable, printable, word_pattern
from tinygen.errors import describe
from tinygen.files import replacing

END_OF_TEXT = "<|endoftext|>"  # GPT-2's only special token: it separates documents


class CharTokenizer:
    """A token for each character of `text`, numbered in the order of their code points."""

    def __init__(self, text):
        _check_text("CharTokenizer", text)
        self.characters, self.special = "".join(sorted(set(text))), {}
        if not self.characters:
            raise ValueError("CharTokenizer: the text is empty, so there are no tokens to make")
        self._ids = {character: i for i, character in enumerate(self.characters)}

    def __len__(self):
        return len(self.characters)

    def encode(self, text):
        """Text to ids, int64 (n,). Raises ValueError for a character without a token."""
        _check_text("CharTokenizer.encode", text)
        try:
            return np.array([self._ids[character] for character in text], np.int64)
        except KeyError as error:
            missing = error.args[0]
            raise ValueError(
                f"CharTokenizer: {missing!r} at {text.index(missing):,} has no token, since it "
                f"does not occur in the text that the tokens were made from; leave it out, or use "
                f"BPETokenizer, which can encode anything") from error

    def decode(self, ids):
        """Ids to text."""
        return "".join(self.characters[i] for i in _checked(ids, len(self)))

    def decode_bytes(self, ids):
        """Ids to text in UTF-8."""
        return self.decode(ids).encode()


class BPETokenizer:
    """Byte-pair encoding: bytes, merged pair by pair in the order in which training found them.

    Text is first split into words (with the space before them), numbers and signs; merges never
    cross their boundaries. Any text can be encoded, since each of the 256 bytes is a token.

    merges: pairs of byte strings, in the order in which they are merged. vocabulary: token -> id;
    by default the bytes and then the merged pairs. special: further tokens such as
    "<|endoftext|>" -> id, which encode never produces. Raises ValueError for a vocabulary that
    lacks a token.
    Neural machine translation of rare words with subword units (Sennrich et al., 2016).
    """

    def __init__(self, merges, vocabulary=None, special=None):
        _check_merges(merges, vocabulary)
        tokens = [bytes([i]) for i in range(256)] + [a + b for a, b in merges]
        if vocabulary is None:
            vocabulary = {token: i for i, token in enumerate(tokens)}
        missing = [token for token in tokens if token not in vocabulary]
        if missing:
            raise ValueError(f"BPETokenizer: every byte and every merged pair needs an id in the "
                             f"vocabulary, and {missing[0]!r} has none")
        self.merges, self.special = list(merges), dict(special or {})
        self._ids = vocabulary
        self._tokens = {i: token for token, i in vocabulary.items()}
        self._tokens |= {i: token.encode() for token, i in self.special.items()}
        self._rank = {pair: rank for rank, pair in enumerate(self.merges)}
        self._words = {}  # word -> ids, of all words seen so far

    def __len__(self):
        return max(self._tokens) + 1

    # ---- text and ids ----

    def encode(self, text):
        """Text, or any bytes, to ids, int64 (n,)."""
        if not isinstance(text, (str, bytes)):
            raise TypeError(f"BPETokenizer.encode: takes a str or bytes, got {describe(text)}")
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogateescape")  # preserves bytes that are not UTF-8
        words = word_pattern().findall(text)
        for word in set(words) - self._words.keys():
            self._words[word] = self._encode_word(word.encode("utf-8", "surrogateescape"))
        return np.array([i for word in words for i in self._words[word]], np.int64)

    def decode(self, ids):
        """Ids to text; bytes that are not UTF-8, such as half a character, become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def decode_bytes(self, ids):
        """Ids to the bytes that they stand for. Raises ValueError for an id without a token."""
        ids = _checked(ids, len(self))
        missing = [i for i in ids if i not in self._tokens]
        if missing:
            raise ValueError(f"BPETokenizer: no token has the id {missing[0]}")
        return b"".join(self._tokens[i] for i in ids)

    def _encode_word(self, word):
        parts, waiting = _Parts([word]), []  # waiting: a heap of rank and position of each pair

        def wait(i):
            if (rank := self._rank.get(parts.pair(i))) is not None:
                heappush(waiting, (rank, i))

        for i in range(len(word)):
            wait(i)
        while waiting:
            rank, positions = waiting[0][0], []
            while waiting and waiting[0][0] == rank:  # all of one pair, before pairs that it makes
                positions.append(heappop(waiting)[1])
            for i in positions:
                if parts.pair(i) == self.merges[rank]:
                    parts.merge(i)
                    wait(parts.before[i])
                    wait(i)
        return [self._ids[part] for part in parts.parts if part]

    # ---- training, loading, saving ----

    @classmethod
    def train(cls, text, vocab_size):
        """Find the merges: again and again, the most frequent pair of neighbours becomes a token.

        Ties go to the pair that comes first in byte order. Ends early if no pair occurs twice.
        Raises ValueError if vocab_size is less than the 256 bytes, TypeError unless text is a str.
        """
        _check_text("BPETokenizer.train", text)
        check_sizes("BPETokenizer.train", least=256, vocab_size=vocab_size)  # each byte is a token
        counts = Counter(word_pattern().findall(text))
        words = [word.encode("utf-8", "surrogateescape") for word in counts]
        parts, times = _Parts(words), []  # how often the word at each position occurs
        for word, occurs in zip(words, counts.values()):
            times += [occurs] * (len(word) + 1)
        frequency, where = Counter(), defaultdict(set)  # of each pair; the positions it begins at

        def count(i):
            if pair := parts.pair(i):
                frequency[pair] += times[i]
                where[pair].add(i)

        def discount(i):
            if pair := parts.pair(i):
                frequency[pair] -= times[i]
                where[pair].remove(i)
                if not where[pair]:
                    del frequency[pair], where[pair]

        for i in range(len(times)):
            count(i)
        merges = []
        while len(merges) < vocab_size - 256 and frequency:
            most = max(frequency.values())
            if most < 2:
                break
            pair = min(pair for pair, times_seen in frequency.items() if times_seen == most)
            merges.append(pair)
            for i in sorted(where[pair]):
                if parts.pair(i) == pair:  # not the second of two that overlap, as in aaa
                    touched = parts.before[i], i, parts.after[i]
                    for at in touched:
                        discount(at)
                    parts.merge(i)
                    for at in touched:
                        count(at)
        return cls(merges)

    @classmethod
    def load(cls, folder):
        """The tokenizer in the files vocab.json and merges.txt of `folder`, in GPT-2's format.

        Raises FileNotFoundError for a missing file, ValueError for a damaged one.
        """
        folder = check_path("BPETokenizer.load", folder)
        path = folder / "vocab.json"
        try:
            ids = json.loads(path.read_text(encoding="utf-8"))
            if any(type(i) is not int or not 0 <= i < 2 ** 31 for i in ids.values()):
                raise ValueError("an id is not a whole number, or is too large")
            if len(set(ids.values())) < len(ids):
                raise ValueError("two tokens have the same id")
            special = {END_OF_TEXT: ids.pop(END_OF_TEXT)} if END_OF_TEXT in ids else {}
            ids = {from_printable(token): i for token, i in ids.items()}
            path = folder / "merges.txt"
            lines = path.read_text(encoding="utf-8").splitlines()
            merges = [tuple(map(from_printable, line.split(" "))) for line in lines
                      if line and not line.startswith("#version")]
            if any(len(pair) != 2 for pair in merges):
                raise ValueError("a line is not two tokens separated by a space")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
            raise ValueError(f"{path} is not part of a tokenizer like GPT-2's: {error}") from error
        return cls(merges, ids, special)

    def save(self, folder):
        """Write vocab.json and merges.txt, which `load` and other tools can read."""
        folder = check_path("BPETokenizer.save", folder)
        folder.mkdir(parents=True, exist_ok=True)
        ids = {printable(token): i for token, i in self._ids.items()} | self.special
        with replacing(folder / "vocab.json") as file:
            file.write(json.dumps(ids, ensure_ascii=False).encode())
        with replacing(folder / "merges.txt") as file:
            lines = ["#version: 0.2", *(f"{printable(a)} {printable(b)}" for a, b in self.merges)]
            file.write("\n".join([*lines, ""]).encode())


class _Parts:
    """Words as linked parts, at first their bytes, so that a merge touches only its neighbours.

    parts[i] is the part at position i, None at the end of a word and where a part has been merged
    into one before it; before[i] and after[i] are the positions of its neighbours. Before the first
    is -1, the end of the last word.
    """

    def __init__(self, words):
        self.parts = [part for word in words for part in (*(bytes([b]) for b in word), None)]
        self.before = [i - 1 for i in range(len(self.parts))]
        self.after = [i + 1 for i in range(len(self.parts))]

    def pair(self, i):
        """The part at i and the next one, or None at the end of a word."""
        if self.parts[i] is None or self.parts[self.after[i]] is None:
            return None
        return self.parts[i], self.parts[self.after[i]]

    def merge(self, i):
        """Join the next part to the one at i."""
        gone = self.after[i]
        self.parts[i] += self.parts[gone]
        self.parts[gone] = None
        self.after[i] = self.after[gone]
        self.before[self.after[i]] = i


def _check_text(name, text):
    if not isinstance(text, str):
        raise TypeError(f"{name}: the text must be a str, got {describe(text)}; decode bytes with "
                        f".decode('utf-8')")


def _check_merges(merges, vocabulary):
    for pair in merges if isinstance(merges, (list, tuple)) else [merges]:
        if not isinstance(pair, tuple) or list(map(type, pair)) != [bytes, bytes]:
            raise TypeError(f"BPETokenizer: merges are pairs of bytes, such as (b'a', b'b'), got "
                            f"{describe(pair)}; BPETokenizer.train(text, vocab_size) finds them in "
                            f"a text")
    if vocabulary is not None and not isinstance(vocabulary, dict):
        raise TypeError(f"BPETokenizer: the vocabulary is a dict of token to id, got "
                        f"{describe(vocabulary)}")


def _checked(ids, size):
    """ids as a list of Python's integers. Raises TypeError or ValueError for anything else."""
    ids = np.asarray(to_numpy(ids))
    if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
        raise TypeError(f"decode: ids must be integers of shape (n,), got {ids.dtype} of shape "
                        f"{ids.shape}")
    if ids.size and not 0 <= ids.min() <= ids.max() < size:
        raise ValueError(f"decode: ids run from 0 to {size - 1} for {size} tokens, got "
                         f"{ids.min()} to {ids.max()}")
    return ids.tolist()

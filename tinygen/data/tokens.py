"""Tokenizers: text to integers and back, by characters or by byte pairs.

    tokenizer = CharTokenizer(text)                       one token for each character that occurs
    tokenizer = BPETokenizer.train(text, vocab_size=512)  one for each frequent run of bytes
    tokenizer = BPETokenizer.load("gpt2")                 GPT-2's, from its two files

    ids = tokenizer.encode(text);  tokenizer.decode(ids) == text;  len(tokenizer) is the vocabulary
"""
import functools
import json
import re
import unicodedata
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

from tinygen.backend import np, to_numpy
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
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogateescape")  # preserves bytes that are not UTF-8
        words = _word_pattern().findall(text)
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
        parts = [bytes([byte]) for byte in word]
        while len(parts) > 1:
            first = min(pairwise(parts), key=lambda pair: self._rank.get(pair, len(self._rank)))
            if first not in self._rank:
                break
            parts = _merged(parts, first)
        return [self._ids[part] for part in parts]

    # ---- training, loading, saving ----

    @classmethod
    def train(cls, text, vocab_size):
        """Find the merges: again and again, the most frequent pair of neighbours becomes a token.

        Ties go to the pair that comes first in byte order. Ends early if no pair occurs twice.
        Raises ValueError if vocab_size is less than the 256 bytes, TypeError unless text is a str.
        """
        _check_text("BPETokenizer.train", text)
        if vocab_size < 256:
            raise ValueError(f"BPETokenizer: every byte is a token, so vocab_size is at least 256, "
                             f"got {vocab_size}")
        counts = Counter(_word_pattern().findall(text))
        words = [[bytes([byte]) for byte in word.encode("utf-8", "surrogateescape")]
                 for word in counts]
        counts = list(counts.values())
        frequency, where = Counter(), defaultdict(set)  # of each pair; the words that contain it
        for i, word in enumerate(words):
            _count(word, i, counts[i], frequency, where)
        merges = []
        while len(merges) < vocab_size - 256 and frequency:
            most = max(frequency.values())
            if most < 2:
                break
            pair = min(pair for pair, count in frequency.items() if count == most)
            merges.append(pair)
            for i in list(where[pair]):  # only the words that contain it change
                _count(words[i], i, -counts[i], frequency, where)
                words[i] = _merged(words[i], pair)
                _count(words[i], i, counts[i], frequency, where)
        return cls(merges)

    @classmethod
    def load(cls, folder):
        """The tokenizer in the files vocab.json and merges.txt of `folder`, in GPT-2's format.

        Raises FileNotFoundError for a missing file, ValueError for a damaged one.
        """
        folder = Path(folder)
        path = folder / "vocab.json"
        try:
            ids = json.loads(path.read_text(encoding="utf-8"))
            if any(type(i) is not int or not 0 <= i < 2 ** 31 for i in ids.values()):
                raise ValueError("an id is not a whole number, or is too large")
            if len(set(ids.values())) < len(ids):
                raise ValueError("two tokens have the same id")
            special = {END_OF_TEXT: ids.pop(END_OF_TEXT)} if END_OF_TEXT in ids else {}
            ids = {_bytes(token): i for token, i in ids.items()}
            path = folder / "merges.txt"
            lines = path.read_text(encoding="utf-8").splitlines()
            merges = [tuple(map(_bytes, line.split(" "))) for line in lines
                      if line and not line.startswith("#version")]
            if any(len(pair) != 2 for pair in merges):
                raise ValueError("a line is not two tokens separated by a space")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
            raise ValueError(f"{path} is not part of a tokenizer like GPT-2's: {error}") from error
        return cls(merges, ids, special)

    def save(self, folder):
        """Write vocab.json and merges.txt, which `load` and other tools can read."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        ids = {_printable(token): i for token, i in self._ids.items()} | self.special
        with replacing(folder / "vocab.json") as file:
            file.write(json.dumps(ids, ensure_ascii=False).encode())
        with replacing(folder / "merges.txt") as file:
            lines = ["#version: 0.2", *(f"{_printable(a)} {_printable(b)}" for a, b in self.merges)]
            file.write("\n".join([*lines, ""]).encode())


def _merged(parts, pair):
    """parts with each occurrence of the pair merged, from left to right."""
    merged, i = [], 0
    while i < len(parts):
        if i + 1 < len(parts) and (parts[i], parts[i + 1]) == pair:
            merged.append(parts[i] + parts[i + 1])
            i += 2
        else:
            merged.append(parts[i])
            i += 1
    return merged


def _count(word, i, times, frequency, where):
    """Count the pairs of word number i, which occurs `times` times; negative to subtract them."""
    for pair in pairwise(word):
        frequency[pair] += times
        if times > 0:
            where[pair].add(i)
        elif not frequency[pair]:
            del frequency[pair], where[pair]


def _check_text(name, text):
    if not isinstance(text, str):
        raise TypeError(f"{name}: the text must be a str, got {describe(text)}; decode bytes with "
                        f".decode('utf-8')")


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


# ---- how GPT-2 cuts text into words, and how its files write bytes ----

@functools.cache
def _word_pattern():
    """English endings, then words, numbers or signs with a space before them, then other spaces.

    The last of several spaces goes with the word after it. Letters and numbers are Unicode's, for
    which Python's re has no name, so their ranges are listed.
    """
    letters, numbers = _ranges("L"), _ranges("N")
    spaces = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    return re.compile(f"'(?:s|t|re|ve|m|ll|d)| ?[{letters}]+| ?[{numbers}]+"
                      f"| ?[^{spaces}{letters}{numbers}]+|[{spaces}]+(?![^{spaces}])|[{spaces}]+")


def _ranges(category):
    """The characters of a Unicode category, to stand in a regular expression's brackets."""
    ranges, first = [], None
    for code in range(0x110001):
        inside = code < 0x110000 and unicodedata.category(chr(code))[0] == category
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            ranges.append(f"\\U{first:08x}-\\U{code - 1:08x}")
            first = None
    return "".join(ranges)


# Each byte as a printable character: itself if it is printable, else one from U+0100 on.
_OWN = [*range(ord("!"), ord("~") + 1), *range(0xa1, 0xad), *range(0xae, 0x100)]
_LETTERS = {chr(byte): byte for byte in _OWN} | {
    chr(0x100 + i): byte for i, byte in enumerate(sorted(set(range(256)) - set(_OWN)))}
_BYTE_LETTERS = {byte: letter for letter, byte in _LETTERS.items()}


def _bytes(token):
    return bytes(_LETTERS[letter] for letter in token)


def _printable(token):
    return "".join(_BYTE_LETTERS[byte] for byte in token)

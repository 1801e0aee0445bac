"""How GPT-2 cuts text into words, and how its files write bytes."""
import functools
import re
import unicodedata


@functools.cache
def word_pattern():
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
    for code in range(0x110000):  # the last one is neither a letter nor a number: no range is open
        inside = unicodedata.category(chr(code))[0] == category
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


def from_printable(token):
    """The bytes that `printable` wrote. Raises KeyError for a character that it does not use."""
    return bytes(_LETTERS[letter] for letter in token)


def printable(token):
    """A token's bytes as GPT-2's files write them."""
    return "".join(_BYTE_LETTERS[byte] for byte in token)

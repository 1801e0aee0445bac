"""Texts by name or from a file of your own, and windows of tokens to train on."""
from tinygen.backend import np
from tinygen.checks import check_number, check_path, check_rng, check_sizes
from tinygen.data.download import locate
from tinygen.data.names import TEXTS, unknown
from tinygen.errors import describe


def load_text(name="pydoc", root=None):
    """The text `name`, one of `names.TEXTS`, or the UTF-8 file at that path, as one string.

    "pydoc" differs between Python versions (3.10: 459,073 characters, 3.13: 510,742), so results on
    it should state the version. `root`: the folder with the downloaded files, instead of
    $TINYGEN_DATA; see `locate`. Raises ValueError for an unknown name and for a file that is not
    text, FileNotFoundError for a missing file.
    """
    if name == "pydoc":
        from pydoc_data.topics import topics
        return "\n\n".join(topics[title] for title in sorted(topics))
    if name == "shakespeare":
        return read_text(locate("tinyshakespeare/input.txt", root))
    path = check_path("load_text", name).expanduser()
    if path.suffix or len(path.parts) > 1 or path.exists():
        return read_text(path)
    raise unknown(name, TEXTS, "the path of a text file")


def split_tokens(ids, block_size, share=0.1):
    """A text's tokens (n,) -> those to train on, and the last `share` of them for validation.

    Raises ValueError if either part is shorter than block_size tokens and the one after.
    """
    _check_tokens("split_tokens", ids)
    check_sizes("split_tokens", block_size=block_size)
    check_number("split_tokens", 0, 1, share=share)
    cut = len(ids) - int(share * len(ids))
    if min(cut, len(ids) - cut) <= block_size:
        raise ValueError(f"split_tokens: the text has {len(ids):,} tokens, and both the part set "
                         f"aside for validation, {len(ids) - cut:,} of them, and the rest must be "
                         f"longer than a block of {block_size}; use a longer text or a smaller "
                         f"block")
    return ids[:cut], ids[cut:]


def random_windows(ids, count, block_size, *, rng):
    """`count` windows from random positions in a text, and the token after each of their tokens.

    (n,) -> ids and targets, (count, block_size); the targets are the ids shifted by one.  Raises
    ValueError for a text no longer than block_size.
    """
    _check_windows("random_windows", ids, block_size)
    check_sizes("random_windows", count=count)
    check_rng("random_windows", rng)
    starts = rng.integers(len(ids) - block_size, size=count)
    windows = ids[starts[:, None] + np.arange(block_size + 1)]
    return windows[:, :-1], windows[:, 1:]


def consecutive_windows(ids, block_size):
    """A whole text in windows, one after the other; the remainder is dropped.

    (n,) -> ids and targets, (n // block_size or one less, block_size).  Raises ValueError for a
    text no longer than block_size.
    """
    _check_windows("consecutive_windows", ids, block_size)
    count = (len(ids) - 1) // block_size
    cut = count * block_size
    return ids[:cut].reshape(count, -1), ids[1:cut + 1].reshape(count, -1)


def _check_tokens(name, ids):
    if not isinstance(ids, np.ndarray) or ids.ndim != 1:
        raise TypeError(f"{name}: ids must be an array (n,) of tokens, got {describe(ids)}; use "
                        f"tokenizer.encode(text)")


def _check_windows(name, ids, block_size):
    _check_tokens(name, ids)
    check_sizes(name, block_size=block_size)
    if len(ids) <= block_size:
        raise ValueError(f"{name}: the text must be longer than a block of {block_size}, got "
                         f"{len(ids)} tokens; use a longer text or a smaller block")


def read_text(path):
    """The UTF-8 text in a file, with line ends \\n. Raises ValueError if there is none."""
    if path.is_dir():
        raise not_text(path, "a folder")
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows editors put a mark in front
    except UnicodeDecodeError as error:
        raise not_text(path, f"byte {error.object[error.start]:#04x} at {error.start:,}") from error
    if "\0" in text:
        raise not_text(path, f"a zero byte at {text.index(chr(0)):,}")
    if not text:
        raise not_text(path, "no character at all")
    return text


def not_text(path, found):
    """The error for a file that is not UTF-8 text."""
    return ValueError(f"{path} must be UTF-8 text; found {found}: save it as UTF-8, or use another "
                      "file")

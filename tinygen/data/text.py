"""Texts by name, or any text file of your own."""
from pathlib import Path

from tinygen.data.download import locate
from tinygen.data.names import TEXTS, unknown


def load_text(name="pydoc", root=None):
    """The text `name`, one of `names.TEXTS`, or the UTF-8 file at that path, as one string.

    "pydoc" differs from one Python version to the next (3.10: 459,073 characters, 3.13: 510,742):
    what was trained on it names the version too. `root` is the folder that has the downloaded
    files, instead of $TINYGEN_DATA; see `locate`. Raises ValueError for an unknown name and for a
    file that is not text, FileNotFoundError for a missing file.
    """
    if name == "pydoc":
        from pydoc_data.topics import topics
        return "\n\n".join(topics[title] for title in sorted(topics))
    if name == "shakespeare":
        return read_text(locate("tinyshakespeare/input.txt", root))
    path = Path(name).expanduser()
    if path.suffix or len(path.parts) > 1 or path.exists():
        return read_text(path)
    raise unknown(name, TEXTS, "the path of a text file")


def read_text(path):
    """The UTF-8 text in a file, its line ends as \\n. Raises ValueError if it holds none."""
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
    """The error for a file that is no UTF-8 text."""
    return ValueError(f"{path} is to be text in UTF-8; found {found}: save it as UTF-8, or give "
                      "another file")

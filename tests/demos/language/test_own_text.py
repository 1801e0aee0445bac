"""The user's own text: which files --data accepts, and what it says about the others."""
import re

import pytest

from demos.language import bigram, gpt


@pytest.mark.parametrize("demo", [gpt, bigram])
@pytest.mark.parametrize(("data", "found"), [
    (bytes(range(256)) * 20, "a zero byte at 0|byte 0x80 at 128"),
    (b"\x89PNG\r\n\x1a\n" + bytes(99), "byte 0x89 at 0"),
    (b"PK\3\4" + bytes(99), "a zero byte at 4"),
    ("text ".encode("utf-16") * 99, "byte 0xff at 0"), (b"text \xff" * 99, "byte 0xff at 5"),
    (b"text\0" * 99, "a zero byte at 4"), (b"", "no character"), (b"\xef\xbb\xbf", "no character"),
    (None, "a folder")])
def test_binary_input_is_not_text(demo, data, found, tmp_path, refusal):
    path = tmp_path / "binary.txt"
    path.mkdir() if data is None else path.write_bytes(data)
    assert re.search(f"must be UTF-8 text; found ({found})", refusal(demo, "--data binary.txt"))

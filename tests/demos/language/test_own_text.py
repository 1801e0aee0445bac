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


@pytest.mark.parametrize("demo", [gpt, bigram])
@pytest.mark.parametrize(("arguments", "message"), [
    ("--data missing.txt", "there is no data set or file 'missing.txt': choose one of pydoc, "
                           "shakespeare, or give the path of a text file"),
    ("--data shakespear", "did you mean shakespeare\\?"),
    ("--data short.txt", "has 9 tokens, .* longer than a block of"),
    ("--batch 0", "--batch is above 0; got 0"),
    ("--block-size -1", "--block-size is above 0; got -1"),
    ("--lr nan", "lr must be .* got nan")])
def test_bad_options_are_one_line(demo, arguments, message, tmp_path, refusal):
    (tmp_path / "short.txt").write_text("too short", encoding="utf-8")
    assert re.search(message, refusal(demo, arguments))

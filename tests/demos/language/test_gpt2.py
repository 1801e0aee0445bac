"""The GPT-2 demo: its options, how it streams text, and a prompt that is too long."""
import pytest

from demos.language import gpt2
from models.gpt import GPT, Config
from models.gpt2 import save
from tinygen.backend import np
from tinygen.data import BPETokenizer


@pytest.mark.parametrize(("arguments", "message"), [
    (["--preset", "default"], "--weights is a folder"),
    (["--weights", "nowhere"], "there is no nowhere.config.json; a folder with a GPT-2 has"),
    (["--preset", "smoke", "--prompt", ""], "--prompt is empty"),
    (["--preset", "smoke", "--temperature", "-1"], "temperature"),
    (["--preset", "smoke", "--temperature", "nan"], "temperature"),
    (["--preset", "smoke", "--top-k", "-3"], "top_k"),
    (["--preset", "smoke", "--top-p", "0"], "top_p"),
    (["--preset", "smoke", "--top-p", "1.1"], "top_p"),
    (["--preset", "smoke", "--count", "0"], "--count is above 0")])
def test_options_out_of_range(arguments, message, refused):
    refused(gpt2, arguments, message)


def test_weights_without_their_tokenizer(tmp_path, rng, refused):
    save(tmp_path / "bare", GPT(Config(300, 8, 1, 1, 4), rng=rng))
    refused(gpt2, ["--weights", str(tmp_path / "bare")], "has no vocab.json")


def test_text_is_streamed_as_its_bytes_come(capsys):
    """Half a character waits for its rest; what a terminal would obey is replaced."""
    tokenizer, printed = BPETokenizer([]), []

    def tokens():
        for byte in "é\x1b[31m\n".encode() + b"\xc3":
            yield np.array([byte])
            printed.append(capsys.readouterr().out)

    assert gpt2.stream("a", tokens(), tokenizer) == ("é\ufffd[31m\n", 9)
    assert printed[:3] == ["\na|", "é", "\ufffd"]


def test_a_longer_prompt_than_the_context_is_reported(tmp_path, capsys):
    assert gpt2.main(["--preset", "smoke", "--prompt", "x y z " * 20, "--count", "3",
                      "--out", str(tmp_path)]) == 0
    assert "the model sees 32: only the last ones are used" in capsys.readouterr().out

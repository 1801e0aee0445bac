"""The GPT-2 demo: its options, and a prompt that is too long."""
import pytest

from demos.language import gpt2
from models.gpt import GPT, Config
from models.gpt2 import save


@pytest.mark.parametrize(("arguments", "message"), [
    (["--preset", "default"], "--weights is a folder"),
    (["--weights", "nowhere"], "there is no nowhere/config.json; a folder with a GPT-2 has"),
    (["--prompt", ""], "--prompt is empty"),
    (["--temperature", "-1"], "temperature"),
    (["--temperature", "nan"], "temperature"),
    (["--top-k", "-3"], "top_k"),
    (["--top-p", "0"], "top_p"),
    (["--top-p", "1.1"], "top_p"),
    (["--count", "0"], "--count is above 0")])
def test_bad_options_are_one_line(arguments, message, refusal):
    assert message in refusal(gpt2, arguments).replace("\\", "/")  # a path's separators


def test_weights_without_their_tokenizer(tmp_path, rng, refusal):
    save(tmp_path / "bare", GPT(Config(300, 8, 1, 1, 4), rng=rng))
    assert "has no vocab.json" in refusal(gpt2, ["--weights", str(tmp_path / "bare")])


def test_a_longer_prompt_than_the_context_is_reported(tmp_path, capsys):
    assert gpt2.main(["--preset", "smoke", "--prompt", "x y z " * 20, "--count", "3",
                      "--out", str(tmp_path)]) == 0
    assert "the model sees 32: only the last ones are used" in capsys.readouterr().out

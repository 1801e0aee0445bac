"""The GPT-2 demo: a folder without a tokenizer, and a prompt that is too long."""

from demos.language import gpt2
from models.gpt import GPT, Config
from models.gpt2 import save


def test_weights_without_their_tokenizer(tmp_path, rng, refusal):
    save(tmp_path / "bare", GPT(Config(300, 8, 1, 1, 4), rng=rng))
    assert "has no vocab.json" in refusal(gpt2, ["--weights", str(tmp_path / "bare")])


def test_a_longer_prompt_than_the_context_is_reported(tmp_path, capsys):
    assert gpt2.main(["--preset", "smoke", "--prompt", "x y z " * 20, "--count", "3",
                      "--out", str(tmp_path)]) == 0
    assert "the model sees 32: only the last ones are used" in capsys.readouterr().out

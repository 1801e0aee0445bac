"""Text for language models: windows and targets, what is kept to validate with, the loss on all."""
import pytest

import tinygen as tg
from demos.common import OWN_TEXT
from demos.common.heads import attention_weights
from demos.common.options import DataNames
from demos.common.texts import batch, load_tokens, text_loss
from demos.gpt2 import main as gpt2_demo
from models.gpt import GPT, Bigram, Config
from tinygen.backend import np, to_numpy, xp
from tinygen.data import consecutive_windows, random_windows, split_tokens

IDS = np.arange(1000)


def test_targets_are_what_comes_next(rng):
    for x, targets in (random_windows(IDS, 50, 7, rng=rng), consecutive_windows(IDS, 7)):
        assert x.shape == targets.shape and x.shape[1] == 7
        assert np.array_equal(x + 1, targets)
        assert (np.diff(x, axis=1) == 1).all()


def test_random_windows_come_from_everywhere(rng):
    starts = random_windows(IDS[:9], 1000, 7, rng=rng)[0][:, 0]
    assert set(starts) == {0, 1}
    assert random_windows(IDS[:8], 3, 7, rng=rng)[1].tolist() == [list(range(1, 8))] * 3


def test_consecutive_windows_cover_the_text_once():
    for n in (8, 9, 14, 15, 16, 100):
        x, targets = consecutive_windows(IDS[:n], 7)
        assert x.size == (n - 1) // 7 * 7
        assert x.ravel().tolist() == list(range(x.size)) and targets[-1, -1] == x.size


def test_the_last_tenth_is_kept():
    train, val = split_tokens(IDS, 20)
    assert len(train) == 900 and val.tolist() == list(range(900, 1000))


@pytest.mark.parametrize("n", [0, 5, 199, 209])
def test_a_text_shorter_than_a_block(n):
    with pytest.raises(ValueError, match=f"has {n} tokens, .* longer than a block of 20"):
        split_tokens(IDS[:n], 20)
    split_tokens(IDS[:210], 20)


def test_loss_of_a_whole_text(rng):
    model = Bigram(5, rng=rng)
    ids = rng.integers(5, size=211)
    log_p = to_numpy(tg.log_softmax(model.table.weight.data))
    expected = -log_p[ids[:210], ids[1:211]].mean()
    for at_a_time in (1, 4, 100):
        assert text_loss(model, ids, 7, at_a_time) == pytest.approx(expected, rel=1e-5)
    assert model.training


def test_own_text_is_read_and_cut_into_tokens(tmp_path, rng):
    path = tmp_path / "mine.txt"
    path.write_text("Größe und Güte. " * 40, encoding="utf-8")
    text = load_tokens(path, 8)
    assert text.tokenizer.decode(np.concatenate([text.train, text.val])) == "Größe und Güte. " * 40
    pairs = load_tokens(path, 8, tokens=270)
    assert len(pairs.tokenizer) <= 270 and len(pairs.train) < len(text.train)
    x, targets = batch(text.train, 3, 8, rng)
    assert x.shape == targets.shape == (3, 8)


@pytest.mark.parametrize(("name", "known"), [
    ("pydoc", True), ("mine.txt", True), ("a/b.md", True), ("shakespear", False)])
def test_names_that_data_takes(name, known):
    assert (name in DataNames(("pydoc", "shakespeare", OWN_TEXT))) == known
    assert name == "pydoc" or name not in DataNames(("pydoc", "shakespeare"))


def test_binary_input_as_text(tmp_path, capsys):
    from demos.gpt import main
    path = tmp_path / "binary.txt"
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(SystemExit) as end:
        main(["--preset", "smoke", "--data", str(path), "--out", str(tmp_path / "out")])
    assert end.value.code == 2 and "is to be text in UTF-8" in capsys.readouterr().err


# ---- what the figures of heads show ----

def test_caught_weights_are_the_ones_that_are_used(rng):
    model = GPT(Config(5, 6, 2, 2, 4), rng=rng)
    for p in model.parameters():
        p.data *= 10
    ids = xp.asarray(rng.integers(5, size=(1, 6)))
    outputs = []
    weights = attention_weights(lambda: outputs.append(to_numpy(model(ids))))
    assert [w.shape for w in weights] == [(1, 2, 6, 6)] * 2
    for w in weights:
        np.testing.assert_allclose(w.sum(axis=-1), 1, rtol=1e-5)
        assert not w[..., np.triu(np.ones((6, 6), bool), 1)].any()
    np.testing.assert_array_equal(outputs[0], to_numpy(model(ids)))
    assert tg.ops.attention.rule.__name__ == "attention"


# ---- the demo of GPT-2 ----

@pytest.mark.parametrize(("arguments", "message"), [
    (["--preset", "default"], "--weights is a folder"),
    (["--weights", "nowhere"], "nowhere"),
    (["--preset", "smoke", "--prompt", ""], "--prompt is empty"),
    (["--preset", "smoke", "--temperature", "-1"], "temperature"),
    (["--preset", "smoke", "--top-k", "-3"], "top_k")])
def test_options_of_the_gpt2_demo(arguments, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        gpt2_demo([*arguments, "--out", str(tmp_path)])
    assert end.value.code == 2 and message in capsys.readouterr().err


def test_a_prompt_longer_than_the_context_is_said_to_be_cropped(tmp_path, capsys):
    assert gpt2_demo(["--preset", "smoke", "--prompt", "x y z " * 20, "--count", "3",
                      "--out", str(tmp_path)]) == 0
    assert "the model sees 32: its last ones are used" in capsys.readouterr().out

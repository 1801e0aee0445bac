"""Text for language models: windows and targets, what is kept to validate with, the loss on all."""
import re

import pytest

import tinygen as tg
from demos.bigram import main as bigram_demo
from demos.common import OWN_TEXT
from demos.common.heads import attention_weights
from demos.common.options import DataNames
from demos.common.texts import batch, load_tokens, text_loss
from demos.gpt import main as gpt_demo
from demos.gpt2 import main as gpt2_demo
from demos.gpt2 import stream
from models import gpt2
from models.gpt import GPT, Bigram, Config
from tinygen.backend import np, to_numpy, xp
from tinygen.data import BPETokenizer, consecutive_windows, random_windows, split_tokens

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


def assert_refused(demo, arguments, message, tmp_path, capsys):
    """One line that says why, and status 2."""
    with pytest.raises(SystemExit) as end:
        demo([*arguments, "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert end.value.code == 2 and re.search(message, error) and error.count("\n") == 1


@pytest.mark.parametrize("demo", [gpt_demo, bigram_demo])
@pytest.mark.parametrize(("data", "found"), [
    (bytes(range(256)) * 20, "a zero byte at 0|byte 0x80 at 128"),
    (b"\x89PNG\r\n\x1a\n" + bytes(99), "byte 0x89 at 0"),
    (b"PK\3\4" + bytes(99), "a zero byte at 4"),
    ("text ".encode("utf-16") * 99, "byte 0xff at 0"), (b"text \xff" * 99, "byte 0xff at 5"),
    (b"text\0" * 99, "a zero byte at 4"), (b"", "no character"), (b"\xef\xbb\xbf", "no character"),
    (None, "a folder")])
def test_binary_input_as_text(demo, data, found, tmp_path, capsys):
    path = tmp_path / "binary.txt"
    path.mkdir() if data is None else path.write_bytes(data)
    assert_refused(demo, ["--preset", "smoke", "--data", str(path)],
                   f"must be UTF-8 text; found ({found})", tmp_path, capsys)


@pytest.mark.parametrize("demo", [gpt_demo, bigram_demo])
@pytest.mark.parametrize(("arguments", "message"), [
    ("--data missing.txt", "No such file"), ("--data shakespear", "invalid choice"),
    ("--data short.txt", "has 9 tokens, .* longer than a block of"),
    ("--batch 0", "--batch is above 0; got 0"), ("--block -1", "--block is above 0; got -1"),
    ("--lr nan", "lr is .* got nan")])
def test_options_that_cannot_be(demo, arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.txt").write_text("too short", encoding="utf-8")
    assert_refused(demo, ["--preset", "smoke", *arguments.split()], message, tmp_path, capsys)


@pytest.mark.parametrize(("arguments", "message"), [
    ("--temperature -1", "temperature"), ("--tokens 100", "at least 256, got 100"),
    ("--heads 3", "heads divides width"), ("--samples 0", "--samples is above 0"),
    ("--clip 0", "--clip is above 0")])
def test_options_of_the_gpt_demo(arguments, message, tmp_path, capsys):
    assert_refused(gpt_demo, ["--preset", "smoke", *arguments.split()], message, tmp_path, capsys)


def test_a_checkpoint_of_another_config(tmp_path, capsys):
    """What differs is said; a run shorter than its warm-up is run all the same."""
    arguments = ["--preset", "smoke", "--steps", "2", "--warmup", "100"]
    assert gpt_demo([*arguments, "--out", str(tmp_path / "out")]) == 0
    for changed, message in (("--width 32", "made with width 16, now it is 32"),
                             ("--no-tied", "made with tied True, now it is False"),
                             ("--data shakespeare", "made with --data pydoc")):
        assert_refused(gpt_demo, [*arguments, "--resume", *changed.split()], message, tmp_path,
                       capsys)


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
    (["--weights", "nowhere"], "there is no nowhere.config.json; a folder with a GPT-2 has"),
    (["--preset", "smoke", "--prompt", ""], "--prompt is empty"),
    (["--preset", "smoke", "--temperature", "-1"], "temperature"),
    (["--preset", "smoke", "--temperature", "nan"], "temperature"),
    (["--preset", "smoke", "--top-k", "-3"], "top_k"),
    (["--preset", "smoke", "--top-p", "0"], "top_p"),
    (["--preset", "smoke", "--top-p", "1.1"], "top_p"),
    (["--preset", "smoke", "--count", "0"], "--count is above 0")])
def test_options_of_the_gpt2_demo(arguments, message, tmp_path, capsys):
    assert_refused(gpt2_demo, arguments, message, tmp_path, capsys)


def test_weights_without_their_tokenizer(tmp_path, capsys):
    gpt2.save(tmp_path / "bare", GPT(Config(300, 8, 1, 1, 4), rng=np.random.default_rng(0)))
    assert_refused(gpt2_demo, ["--weights", str(tmp_path / "bare")], "has no vocab.json", tmp_path,
                   capsys)


def test_text_is_streamed_as_its_bytes_come(capsys):
    """Half a character waits for its rest; what a terminal would obey is not passed on to it."""
    tokenizer, printed = BPETokenizer([]), []

    def tokens():
        for byte in "é\x1b[31m\n".encode() + b"\xc3":
            yield np.array([byte])
            printed.append(capsys.readouterr().out)

    assert stream("a", tokens(), tokenizer) == ("é\ufffd[31m\n", 9)
    assert printed[:3] == ["\na|", "é", "\ufffd"]


def test_a_prompt_longer_than_the_context_is_said_to_be_cropped(tmp_path, capsys):
    assert gpt2_demo(["--preset", "smoke", "--prompt", "x y z " * 20, "--count", "3",
                      "--out", str(tmp_path)]) == 0
    assert "the model sees 32: its last ones are used" in capsys.readouterr().out

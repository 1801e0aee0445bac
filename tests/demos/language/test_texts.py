"""Text for language models: tokens, batches, the loss on a whole text, and visible spaces."""
import pytest

import tinygen as tg
from demos.language.parts.texts import batch, load_tokens, text_loss, visible
from models.gpt import Bigram
from tinygen.backend import np, to_numpy


def test_loss_of_a_whole_text(rng):
    model = Bigram(5, rng=rng)
    ids = rng.integers(5, size=211)
    log_p = to_numpy(tg.log_softmax(model.table.weight.data))
    expected = -log_p[ids[:210], ids[1:211]].mean()
    for at_a_time in (1, 4, 100):
        assert text_loss(model, ids, 7, at_a_time) == pytest.approx(expected, rel=1e-5)
    assert model.training
    some = [start + t for start in (0, 98, 203) for t in range(7)]  # 3 of the 30 windows
    assert text_loss(model, ids, 7, windows=3) == pytest.approx(
        -log_p[ids[some], ids[np.array(some) + 1]].mean(), rel=1e-5)


def test_own_text_is_read_and_cut_into_tokens(tmp_path, rng):
    path = tmp_path / "mine.txt"
    path.write_text("Größe und Güte. " * 40, encoding="utf-8")
    text = load_tokens(path, 8)
    assert text.tokenizer.decode(np.concatenate([text.train, text.val])) == "Größe und Güte. " * 40
    pairs = load_tokens(path, 8, tokens=270)
    assert len(pairs.tokenizer) <= 270 and len(pairs.train) < len(text.train)
    x, targets = batch(text.train, 3, 8, rng)
    assert x.shape == targets.shape == (3, 8)


def test_spaces_and_line_ends_become_visible():
    assert visible("a b\tc\n") == "a␣b⇥c↵"

"""The demos of the bigram, of attention and of GPT: what they count, show and insist on."""
import pytest

import tinygen as tg
from demos.language import attention, bigram, gpt
from demos.language.parts.texts import visible
from models.gpt import Bigram
from tinygen.backend import np, xp
from tinygen.data import CharTokenizer


def test_the_table_is_counted(rng):
    table = bigram.counted_table(np.array([0, 1, 0, 1, 2, 0]), 3)
    once = bigram.ONCE
    expected = np.array([[0, 2, 0], [1, 0, 1], [1, 0, 0]]) + once
    np.testing.assert_allclose(table, expected / expected.sum(axis=1, keepdims=True))


def test_no_table_makes_the_text_likelier_than_the_counted_one(rng, monkeypatch):
    monkeypatch.setattr(bigram, "ONCE", 1e-9)
    ids = rng.integers(4, size=400) * rng.integers(2, size=400)
    model = Bigram(4, rng=rng).astype("float64")
    counted = np.log(bigram.counted_table(ids, 4))

    def loss(logits):
        model.table.weight.data[...] = xp.asarray(logits)
        return tg.cross_entropy(model(xp.asarray(ids[None, :-1])), xp.asarray(ids[None, 1:])).item()

    best = loss(counted)
    assert all(loss(counted + 0.1 * rng.standard_normal((4, 4))) > best for _ in range(20))


@pytest.mark.parametrize("name", ["softmax", "attention"])
def test_forms_that_are_not_equal_end_the_demo(name, tmp_path):
    """Be it by as little as 1e-11."""
    op = getattr(tg.ops, name)
    rule = op.rule

    def changed(*inputs, **settings):
        y, *gradients = rule(*inputs, **settings)
        return y + 1e-11, *gradients

    with op.replaced(by=changed), pytest.raises(AssertionError):
        attention.main(["--preset", "smoke", "--out", str(tmp_path)])


def test_the_shapes_are_told(tmp_path, capsys):
    assert attention.main(["--preset", "smoke", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for shapes in ("x (6, 32)", "weights (6, 6) @ x (6, 32) -> y (6, 32)",
                   "query, key, value (6, 8): x (6, 32) @ (32, 8) each",
                   "q (4, 6, 8) -> weights (4, 6, 6) -> y (6, 32)"):
        assert shapes in printed


def test_a_piece_of_words_is_shown():
    tokenizer = CharTokenizer("abc .\n")
    ids = tokenizer.encode("....... a b.. ab cab bc \n\n.....a")
    assert tokenizer.decode(gpt.mostly_words(ids, 8, tokenizer)) == " cab bc "
    assert len(gpt.mostly_words(ids[:9], 8, tokenizer)) == 8


def test_spaces_can_be_seen():
    assert visible("a b\tc\n") == "a␣b⇥c↵"

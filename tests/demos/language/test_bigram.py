"""The bigram demo: the table is counted correctly, and no other makes the text likelier."""
import tinygen as tg
from demos.language import bigram
from models.gpt import Bigram
from tinygen.backend import np, xp


def test_the_table_is_counted():
    table = bigram.counted_table(np.array([0, 1, 0, 1, 2, 0]), 3)
    expected = np.array([[0, 2, 0], [1, 0, 1], [1, 0, 0]]) + bigram.SMOOTHING
    np.testing.assert_allclose(table, expected / expected.sum(axis=1, keepdims=True))


def test_no_table_makes_the_text_likelier_than_the_counted_one(rng, monkeypatch):
    monkeypatch.setattr(bigram, "SMOOTHING", 1e-9)
    ids = rng.integers(4, size=400) * rng.integers(2, size=400)
    model = Bigram(4, rng=rng).astype("float64")
    counted = np.log(bigram.counted_table(ids, 4))

    def loss(logits):
        model.table.weight.data[...] = xp.asarray(logits)
        return tg.cross_entropy(model(xp.asarray(ids[None, :-1])), xp.asarray(ids[None, 1:])).item()

    best = loss(counted)
    assert all(loss(counted + 0.1 * rng.standard_normal((4, 4))) > best for _ in range(20))

"""The encoder-decoder: the whole loss by finite differences, who sees what, and a task learnt."""
import pytest

import tinygen as tg
from models import transformer
from models.transformer import PAD, START, STOP, Config, Transformer, padded, translate
from tinygen import to_numpy
from tinygen.backend import np, xp

TINY = Config(6, 7, max_length=5, n_layer=1, n_head=2, n_embd=4)


def batch():
    source = xp.asarray(np.array([[3, 4, 5, 3], [5, 3, PAD, PAD]]))
    target = xp.asarray(np.array([[START, 3, 6, 4, STOP], [START, 5, STOP, PAD, PAD]]))
    return source, target


def larger(model):
    """In float64 and with weights three times as large, so that nothing is nearly linear."""
    for p in model.parameters():
        p.data *= 3
    return model.astype("float64")


# ---- gradients of the whole loss ----

def test_gradient_of_the_loss_by_every_parameter(rng):
    model, (source, target) = larger(Transformer(TINY, rng=rng)), batch()
    rows = tg.check_model_gradients(model, lambda: transformer.loss(model, source, target),
                                    order=2, samples=6)
    checked = {(row.argument, row.order) for row in rows}
    assert checked >= {(name, order) for name, _ in model.named_parameters() for order in (1, 2)}


# ---- who sees what ----

def logits(model, source, target):
    return to_numpy(model(xp.asarray(source), xp.asarray(target)))


def test_every_position_sees_the_whole_source_and_only_its_own_past(rng):
    model = larger(Transformer(TINY, rng=rng))
    source, target = (to_numpy(ids).copy() for ids in batch())
    before = logits(model, source, target)
    source[0, 3] = 4
    assert (np.abs(logits(model, source, target) - before).max(axis=2)[0] > 1e-6).all()
    source, target[0, 3] = to_numpy(batch()[0]), 5
    after = logits(model, source, target)
    assert np.array_equal(before[0, :3], after[0, :3])
    assert (np.abs(after - before).max(axis=2)[0, 3:] > 1e-6).all()


def test_padding_changes_nothing(rng):
    model = larger(Transformer(TINY, rng=rng))
    source, target = (to_numpy(ids) for ids in batch())
    alone = logits(model, source[1:, :2], target[1:, :3])
    np.testing.assert_allclose(logits(model, source, target)[1:, :3], alone, rtol=1e-9)


@pytest.mark.parametrize("length, counts", [(5, [4, 2]), (2, [1, 1])])
def test_the_loss_counts_no_padding(length, counts, rng):
    model, (source, target) = larger(Transformer(TINY, rng=rng)), batch()
    target = target[:, :length]
    each = [transformer.loss(model, source[i:i + 1], target[i:i + 1]).item() for i in (0, 1)]
    assert transformer.loss(model, source, target).item() == pytest.approx(
        np.average(each, weights=counts))


# ---- writing ----

def test_it_learns_to_reverse(rng):
    config = Config(6, 6, max_length=5, n_layer=1, n_head=2, n_embd=32)
    model = Transformer(config, rng=rng)
    optimizer = tg.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(250):
        words = [rng.integers(3, 6, size=rng.integers(1, 4)) for _ in range(64)]
        source = xp.asarray(padded(words))
        target = xp.asarray(padded([[START, *word[::-1], STOP] for word in words]))
        loss = transformer.loss(model, source, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    words = [[3, 4, 5], [5, 3], [4]]
    written = translate(model, xp.asarray(padded(words)))
    expected = padded([[*word[::-1], STOP] for word in words])
    assert np.array_equal(written, expected)
    assert translate(model, xp.asarray(np.array([[4]]))).tolist() == [[4, STOP]]


def test_translating_with_the_cache_is_as_without(rng):
    model, (source, _) = larger(Transformer(TINY, rng=rng)), batch()
    written = np.full((2, 1), START)
    while written.shape[1] < TINY.max_length:
        likeliest = logits(model, to_numpy(source), written)[:, -1].argmax(axis=1)
        written = np.c_[written, likeliest]
    expected = written[:, 1:]
    for row in expected:
        if STOP in row:
            row[row.tolist().index(STOP) + 1:] = PAD
    got = translate(model, source)
    assert np.array_equal(got, expected[:, :got.shape[1]]) and model.training


def test_padded():
    expected = [[3, 4, 5], [6, PAD, PAD], [PAD, PAD, PAD]]
    assert padded([[3, 4, 5], [6], []]).tolist() == expected


# ---- mistakes ----

def test_a_sequence_that_is_too_long(rng):
    model = Transformer(TINY, rng=rng)
    with pytest.raises(ValueError, match="at most 5 tokens, got 6; raise max_length"):
        model(xp.asarray(np.full((1, 6), 3)), xp.asarray(np.full((1, 2), 3)))
    with pytest.raises(ValueError, match="at most 5 tokens, got 6"):
        translate(model, xp.asarray(np.full((1, 6), 3)))
    assert model.training


@pytest.mark.parametrize("source, target", [((3,), (1, 3)), ((1, 3), (3,)), ((), (1, 3))])
def test_ids_that_are_no_batch_of_sequences(source, target, rng):
    model = Transformer(TINY, rng=rng)
    source, target = [xp.asarray(np.full(shape, 3)) for shape in (source, target)]
    for call in (model, lambda *ids: transformer.loss(model, *ids)):
        with pytest.raises(ValueError, match=r"Transformer: ids must be \(B, T\) .*ids\[None\]"):
            call(source, target)

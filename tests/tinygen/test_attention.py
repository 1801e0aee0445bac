"""Attention: which query may attend to which key, what dropout leaves, and the cache."""
import sys

import pytest

import tinygen as tg
from tinygen import backend, nn, ops
from tinygen.backend import np, to_numpy, xp


def draw(*shape, seed=0):
    return xp.asarray(np.random.default_rng(seed).standard_normal(shape))


def qkv(*leading, t=4, s=4, d=3):
    return draw(*leading, t, d), draw(*leading, s, d, seed=1), draw(*leading, s, d, seed=2)


# ---- the op ----

@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
def test_causal_outputs_do_not_depend_on_later_positions(leading):
    q, k, v = qkv(*leading)
    before = to_numpy(ops.attention(q, k, v, causal=True))
    for a in (q, k, v):
        a[..., 2:, :] += 5
    after = to_numpy(ops.attention(q, k, v, causal=True))
    assert np.array_equal(before[..., :2, :], after[..., :2, :])
    assert not np.allclose(before[..., 2:, :], after[..., 2:, :])


def test_the_last_queries_alone_see_what_they_saw_among_all():
    q, k, v = qkv(2, t=5, s=5)
    whole = to_numpy(ops.attention(q, k, v, causal=True))
    for t in (1, 2, 4):
        np.testing.assert_allclose(
            to_numpy(ops.attention(q[:, -t:], k, v, causal=True)), whole[:, -t:], rtol=1e-12)


@pytest.mark.parametrize("shape", [(4,), (4, 4), (2, 1, 1, 4), (2, 3, 4, 4), (1, 3, 1, 4)])
def test_masked_keys_are_as_if_they_were_not_there(shape):
    q, k, v = qkv(2, 3)
    mask = np.random.default_rng(3).random(shape) < 0.6
    mask[..., 0] = True
    y = to_numpy(ops.attention(q, k, v, mask=xp.asarray(mask)))
    full = np.broadcast_to(mask, (2, 3, 4, 4))
    for b, h, i in np.ndindex(2, 3, 4):
        keys = xp.asarray(np.flatnonzero(full[b, h, i]))
        alone = ops.attention(q[b, h, i:i + 1], k[b, h][keys], v[b, h][keys])
        np.testing.assert_allclose(y[b, h, i], to_numpy(alone)[0], rtol=1e-12)


def test_causal_and_mask_together():
    q, k, v = qkv(2)
    mask = xp.asarray(np.array([True, False, True, True]))
    past = xp.asarray(np.tri(4, dtype=bool))
    np.testing.assert_array_equal(to_numpy(ops.attention(q, k, v, causal=True, mask=mask)),
                                  to_numpy(ops.attention(q, k, v, mask=past & mask)))


def test_scores_of_any_size_give_finite_numbers():
    q, k, v = qkv(2)
    for scale in (1e4, 1e8):
        y = ops.attention((q * scale).astype("float32"), k.astype("float32"), v.astype("float32"),
                          causal=True)
        assert np.isfinite(to_numpy(y)).all()
    with tg.detect_nan():
        x = tg.Tensor(to_numpy(q))
        ops.attention(x, x, x, causal=True).sum().backward()


def test_a_batch_in_parts_gives_what_it_gives_whole(monkeypatch):
    xs = [tg.Tensor(to_numpy(x)) for x in qkv(5, 2)]
    settings = dict(causal=True, dropout=0.4, seed=7)
    mask = xp.asarray(np.random.default_rng(0).random((5, 1, 4, 4)) < 0.5) | xp.asarray(
        np.eye(4, dtype=bool))

    def everything():
        y = ops.attention(*xs, mask=mask, **settings)
        return [to_numpy(a) for a in (y, *tg.grad(y, xs, draw(5, 2, 4, 3, seed=4)))]
    whole = everything()
    monkeypatch.setattr(backend, "CACHE_NUMBERS", 2 * 4 * 4 * 2)  # two of the batch at a time
    for a, b in zip(whole, everything(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("leading", [(), (2, 2)])
@pytest.mark.parametrize("settings", [{}, dict(causal=True), dict(causal=True, dropout=0.3)])
def test_queries_in_blocks_give_what_the_textbook_gives(leading, settings, monkeypatch):
    monkeypatch.setattr(sys.modules["tinygen.ops.attention"], "QUERIES", 2)
    xs = [tg.Tensor(to_numpy(x)) for x in qkv(*leading, t=5, s=6)]
    tg.check_gradients(lambda q, k, v: ops.attention(q, k, v, **settings), *xs)
    y, twin = (f(*xs, **settings) for f in (ops.attention, ops.attention.textbook))
    np.testing.assert_allclose(to_numpy(y), to_numpy(twin), rtol=1e-12)


@pytest.mark.parametrize("settings", [{}, dict(causal=True, dropout=0.3)])
def test_without_a_batch_nothing_is_cut_however_large(settings, monkeypatch):
    xs = [tg.Tensor(to_numpy(x)) for x in qkv(t=5, s=6)]

    def everything():
        y = ops.attention(*xs, **settings)
        return [to_numpy(a) for a in (y, *tg.grad(y, xs, draw(5, 3, seed=4)))]
    whole = everything()
    monkeypatch.setattr(backend, "CACHE_NUMBERS", 1)
    for a, b in zip(whole, everything(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_mask_in_blocks(monkeypatch):
    xs = [tg.Tensor(to_numpy(x)) for x in qkv(3, 2, t=5, s=5)]
    mask = xp.asarray(np.random.default_rng(0).random((3, 1, 1, 5)) < 0.5) | xp.asarray(
        np.eye(5, dtype=bool))

    def everything():
        y = ops.attention(*xs, mask=mask, causal=True)
        return [to_numpy(a) for a in (y, *tg.grad(y, xs, draw(3, 2, 5, 3, seed=4)))]
    whole = everything()
    monkeypatch.setattr(sys.modules["tinygen.ops.attention"], "QUERIES", 2)
    for a, b in zip(whole, everything(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_dropout_leaves_out_its_share_and_keeps_the_mean():
    """With equal scores and the identity matrix as values, the output is the weights."""
    n = 200
    zeros, values = xp.zeros((4, n, 1)), xp.asarray(np.broadcast_to(np.eye(n), (4, n, n)).copy())
    w = to_numpy(ops.attention(zeros, zeros, values, dropout=0.25, seed=3))
    assert (w == 0).mean() == pytest.approx(0.25, abs=0.01)
    np.testing.assert_allclose(w[w > 0], 1 / n / 0.75)
    again, other = (to_numpy(ops.attention(zeros, zeros, values, dropout=0.25, seed=seed))
                    for seed in (3, 4))
    assert np.array_equal(w, again) and not np.array_equal(w, other)
    assert not np.array_equal(w[0], w[1])
    assert not np.array_equal(w[:, :n - 128], w[:, 128:])  # of two blocks of queries


def test_scores_next_to_the_largest_float_do_not_overflow():
    x, values = (xp.asarray(np.array(a, "float32")) for a in ([[8e18], [-8e18], [8e18]], np.eye(3)))
    for keys, weights in ((x, [[1, 0, 0], [0, 1, 0], [0.5, 0, 0.5]]),
                          (-x, [[1, 0, 0], [1, 0, 0], [0, 1, 0]])):
        with np.errstate(all="raise", under="ignore"):
            y = ops.attention(x, keys, values, causal=True)
        np.testing.assert_array_equal(to_numpy(y), weights)


# ---- the layer ----

@pytest.mark.parametrize("bias", [True, False])
def test_initial_weights_are_drawn_as_those_of_four_linear_layers(bias):
    rng, twin = (np.random.default_rng(3) for _ in range(2))
    layer = nn.MultiHeadAttention(6, 2, bias=bias, rng=rng)
    *parts, out = [nn.Linear(6, 6, bias, rng=twin) for _ in range(4)]
    stacked = np.concatenate([to_numpy(part.weight) for part in parts])
    assert np.array_equal(to_numpy(layer.in_proj_weight), stacked)
    assert np.array_equal(to_numpy(layer.out_proj.weight), to_numpy(out.weight))
    if bias:
        stacked = np.concatenate([to_numpy(part.bias) for part in parts])
        assert np.array_equal(to_numpy(layer.in_proj_bias), stacked)
    assert [path for path, _ in layer.named_parameters()] == [
        path for path in ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
        if bias or "bias" not in path]


def test_heads_by_hand(rng):
    layer, x = nn.MultiHeadAttention(6, 2, rng=rng).astype("float64"), draw(3, 4, 6)
    projected = tg.linear(x, layer.in_proj_weight, layer.in_proj_bias)
    q, k, v = np.split(to_numpy(projected), 3, axis=-1)
    heads = []
    for h in range(2):
        share = slice(3 * h, 3 * h + 3)
        scores = q[..., share] @ k[..., share].swapaxes(-1, -2) / 3 ** 0.5
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        heads.append(weights @ v[..., share])
    expected = layer.out_proj(xp.asarray(np.concatenate(heads, axis=-1)))
    np.testing.assert_allclose(to_numpy(layer(x)), to_numpy(expected), rtol=1e-10)


def test_another_sequence_may_be_looked_at(rng):
    layer, x, source = nn.MultiHeadAttention(6, 2, rng=rng), draw(3, 4, 6), draw(3, 7, 6, seed=1)
    x, source = x.astype("float32"), source.astype("float32")
    y = layer(x, source)
    assert y.shape == (3, 4, 6)
    assert not np.allclose(to_numpy(y), to_numpy(layer(x, source[:, ::-1] * 2)))


def test_gradients_of_the_layer(rng):
    layer = nn.MultiHeadAttention(4, 2, dropout=0.2, rng=rng).astype("float64").eval()
    x, source = draw(2, 3, 4), draw(2, 5, 4, seed=1)
    tg.check_model_gradients(layer, lambda: (layer(x, causal=True) ** 2).sum())
    tg.check_model_gradients(layer, lambda: (layer(x, source) ** 2).sum())


def test_a_sequence_as_its_own_source_gives_the_same(rng):
    """By three products instead of one; with gradients."""
    layer, x = nn.MultiHeadAttention(6, 2, rng=rng).astype("float64"), draw(3, 4, 6)
    found = []
    for source in (None, x):
        y = layer(x, source, causal=True)
        found.append([to_numpy(a) for a in (y, *tg.grad((y ** 2).sum(), layer.parameters()))])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cuts", [(5,), (1, 1, 1, 1, 1), (2, 3), (4, 1)])
def test_a_cache_gives_what_the_whole_gives(cuts, rng):
    layer, x = nn.MultiHeadAttention(6, 2, rng=rng).astype("float64"), draw(3, 5, 6)
    whole = to_numpy(layer(x, causal=True))
    cache, start, parts = nn.KeyValueCache(5), 0, []
    with tg.no_grad():
        for count in cuts:
            assert len(cache) == start
            parts.append(layer(x[:, start:start + count], causal=True, cache=cache))
            start += count
    np.testing.assert_allclose(np.concatenate([to_numpy(p) for p in parts], axis=1), whole,
                               rtol=1e-10)


def test_dropout_is_for_training_only(rng):
    layer, x = nn.MultiHeadAttention(6, 2, 0.5, rng=rng), draw(3, 5, 6).astype("float32")
    assert not np.array_equal(to_numpy(layer(x)), to_numpy(layer(x)))
    layer.eval()
    assert np.array_equal(to_numpy(layer(x)), to_numpy(layer(x)))


def test_each_call_drops_other_weights_and_evaluation_draws_nothing(rng):
    layer, x = nn.MultiHeadAttention(4, 2, 0.5, rng=rng), draw(1, 3, 4).astype("float32")
    seeds = []

    def watching(q, k, v, *, seed, **settings):
        seeds.append(seed)
        return rule(q, k, v, seed=seed, **settings)
    rule = ops.attention.rule
    with ops.attention.replaced(by=watching):
        for _ in range(200):
            layer(x)
        layer.eval()
        state = rng.bit_generator.state
        layer(x)
    assert len(set(seeds[:200])) == 200 and seeds[200] == 0
    assert rng.bit_generator.state == state

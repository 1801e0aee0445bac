"""GPT: the whole loss by finite differences, what may look at what, and the text that it writes."""
from functools import partial

import pytest

import tinygen as tg
from models import gpt
from models.gpt import GPT, Bigram, Config, generate, sample_tokens
from tinygen import to_numpy
from tinygen.backend import np, xp
from tinygen.check.gradients import GradientError

V = 7
TINY = Config(V, block_size=4, n_layer=2, n_head=2, n_embd=4)


def tokens(*shape, seed=0):
    return xp.asarray(np.random.default_rng(seed).integers(V, size=shape))


def checked(model, loss):
    rows = tg.check_model_gradients(model, loss, order=2, samples=6)
    return {(row.argument, row.order) for row in rows}


def everything(model):
    return {(name, order) for name, _ in model.named_parameters() for order in (1, 2)}


def larger(model):
    """In float64 and with weights five times as large, so that nothing is nearly linear."""
    for p in model.parameters():
        p.data *= 5
    return model.astype("float64")


# ---- gradients of the whole loss ----

def test_gradient_of_the_bigram(rng):
    model = Bigram(V, rng=rng).astype("float64")
    ids, targets = tokens(2, 4), tokens(2, 4, seed=1)
    assert checked(model, lambda: gpt.loss(model, ids, targets)) >= everything(model)


def test_gradient_of_two_layers(rng):
    model = larger(GPT(TINY, rng=rng))
    ids, targets = tokens(2, 4), tokens(2, 4, seed=1)
    tg.check_model_gradients(model, lambda: gpt.loss(model, ids, targets), order=1)


@pytest.mark.parametrize("settings", [{}, {"tied": True}, {"bias": False}, {"dropout": 0.2}])
def test_gradient_of_the_gpt_by_every_parameter(settings, rng):
    model = larger(GPT(Config(V, 4, 1, 2, 4, **settings), rng=rng))
    ids, targets, luck = tokens(2, 4), tokens(2, 4, seed=1), rng.bit_generator.state

    def loss():
        rng.bit_generator.state = luck  # dropout draws the same mask each time
        return gpt.loss(model, ids, targets)

    assert checked(model, loss) >= everything(model)
    assert (rng.bit_generator.state != luck) == bool(settings.get("dropout"))


def test_a_wrong_gradient_is_found(rng):
    model = larger(GPT(TINY, rng=rng))
    ids, targets = tokens(2, 4), tokens(2, 4, seed=1)
    rule = tg.ops.attention.rule

    def attention(q, k, v, **settings):
        y, gq, gk, gv = rule(q, k, v, **settings)
        return y, gq, gk, lambda g, y, q, k, v: 1.01 * gv(g, y, q, k, v)

    with tg.ops.attention.replaced(by=attention), pytest.raises(GradientError, match="order 1"):
        tg.check_model_gradients(model, lambda: gpt.loss(model, ids, targets), order=1)


# ---- what it is ----

def test_logits_and_first_loss(rng):
    model = GPT(Config(65), rng=rng)
    ids = xp.asarray(rng.integers(65, size=(12, 64)))
    logits = model(ids)
    assert logits.shape == (12, 64, 65) and logits.dtype == "float32"
    assert gpt.loss(model, ids, ids[:, ::-1]).item() == pytest.approx(np.log(65), abs=0.1)


def test_no_position_looks_past_itself(rng):
    model, ids = larger(GPT(TINY, rng=rng)), tokens(2, 4)
    before = to_numpy(model(ids))
    changed = to_numpy(ids).copy()
    changed[:, 2] = (changed[:, 2] + 1) % V
    after = to_numpy(model(xp.asarray(changed)))
    assert np.array_equal(before[:, :2], after[:, :2])
    assert not np.allclose(before[:, 2:], after[:, 2:])


def test_without_the_mask_all_look_at_all(rng):
    block = gpt.Block(4, 2, causal=False, rng=rng)
    x = rng.standard_normal((1, 4, 4)).astype("float32")
    before = to_numpy(block(xp.asarray(x)))
    x[:, 3, 0] += 1
    assert not np.allclose(before[:, 0], to_numpy(block(xp.asarray(x)))[:, 0])


@pytest.mark.parametrize("make, inputs", [
    (partial(gpt.FeedForward, 4), 1), (partial(gpt.Block, 4, 2), 1),
    (partial(gpt.Block, 4, 2, cross=True), 2)])
def test_parts_have_biases_and_no_dropout_by_default(make, inputs, rng):
    for settings, expected in ({}, True), ({"bias": False}, False):
        names = [name for name, _ in make(rng=rng, **settings).named_parameters()]
        assert any("bias" in name for name in names) == expected
    part, x = make(rng=rng), xp.asarray(rng.standard_normal((1, 5, 4), dtype="float32"))
    assert np.array_equal(to_numpy(part(*[x] * inputs)), to_numpy(part(*[x] * inputs)))


def test_the_level_of_a_row_of_logits_does_not_matter(rng):
    logits = rng.standard_normal((2, 5))
    order, p = gpt.candidates(logits, 1.0, None, None)
    far_order, far_p = gpt.candidates(logits + [[1e5], [-1e5]], 1.0, None, None)
    assert np.array_equal(order, far_order)
    np.testing.assert_allclose(far_p, p, rtol=1e-9)


def test_a_tied_head_is_one_parameter(rng):
    tied, loose = (GPT(Config(V, tied=tied), rng=rng) for tied in (True, False))
    assert tied.head.weight is tied.token.weight
    count = [sum(p.size for p in model.parameters()) for model in (tied, loose)]
    assert count[1] - count[0] == V * 128


def test_size_of_the_lectures_network(rng):
    """10.8 million parameters for 65 characters, as the lecture counts them."""
    model = GPT(Config(65, 256, 6, 6, 384), rng=rng)
    assert sum(p.size for p in model.parameters()) == pytest.approx(10.8e6, rel=0.01)


def test_what_is_added_starts_smaller(rng):
    model = GPT(Config(65, n_layer=8), rng=rng)
    assert to_numpy(model.token.weight).std() == pytest.approx(0.02, rel=0.03)
    for block in model.blocks:
        assert to_numpy(block.feed_forward.out.weight).std() == pytest.approx(0.005, rel=0.05)
        assert to_numpy(block.attention.out_proj.weight).std() == pytest.approx(0.005, rel=0.05)
        assert not to_numpy(block.attention.out_proj.bias).any()


def test_dropout_is_for_training_only(rng):
    model, ids = GPT(Config(V, dropout=0.5), rng=rng), tokens(2, 4)
    assert not np.array_equal(to_numpy(model(ids)), to_numpy(model(ids)))
    model.eval()
    assert np.array_equal(to_numpy(model(ids)), to_numpy(model(ids)))


def test_it_learns_a_sequence_by_heart(rng):
    model, ids = GPT(Config(V, 8, 2, 2, 16), rng=rng), tokens(1, 9)
    optimizer = tg.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(60):
        loss = gpt.loss(model, ids[:, :-1], ids[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    text = list(generate(model, ids[:, :1], 8, temperature=0, rng=rng))
    assert np.array_equal(np.concatenate(text), to_numpy(ids)[0, 1:])


# ---- generation ----

SAMPLING = [{}, {"temperature": 0}, {"temperature": 0.8}, {"top_k": 3}, {"top_p": 0.7},
            {"temperature": 1.5, "top_k": 5, "top_p": 0.9}]


@pytest.mark.parametrize("prompt", [1, 3, 4, 9])
@pytest.mark.parametrize("settings", SAMPLING)
def test_with_the_cache_the_tokens_are_the_same(prompt, settings, rng):
    """Also when the text has outgrown the context of 4 tokens."""
    model = larger(GPT(TINY, rng=rng))
    with_cache, without = (
        np.stack(list(generate(model, tokens(3, prompt), 12, cache=cache, **settings,
                               rng=np.random.default_rng(5)))) for cache in (True, False))
    assert with_cache.shape == (12, 3) and np.array_equal(with_cache, without)


def test_the_seed_decides(rng):
    model = GPT(TINY, rng=rng)
    first, again, other = (
        np.stack(list(generate(model, tokens(3, 2), 20, rng=np.random.default_rng(seed))))
        for seed in (5, 5, 6))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_cache_saves_work(rng):
    """One position for each new token instead of all of them."""
    model, seen = GPT(Config(V, block_size=8), rng=rng), []
    features = model.features
    model.features = lambda ids, cache=None: (seen.append(ids.shape[1]), features(ids, cache))[1]
    list(generate(model, tokens(1, 3), 7, rng=rng))
    assert seen == [3, 1, 1, 1, 1, 1, 8]  # until the text outgrows the context


def test_a_bigram_generates_too(rng):
    model, ids = Bigram(V, rng=rng), tokens(1, 5)
    text = np.concatenate(list(generate(model, ids, 20, rng=rng)))
    assert text.shape == (20,) and 0 <= text.min() and text.max() < V
    assert np.array_equal(to_numpy(model.next_logits(ids)), to_numpy(model(ids))[:, -1])


def test_a_long_prompt_is_cropped(rng):
    model = larger(GPT(TINY, rng=rng))
    long = tokens(1, 9)
    first, cropped = (np.concatenate(list(generate(model, ids, 5, temperature=0, rng=rng)))
                      for ids in (long, long[:, -4:]))
    assert np.array_equal(first, cropped)
    with pytest.raises(ValueError, match="GPT: the context is at most 4 tokens, got 9; keep"):
        model(long)


def test_tokens_come_one_at_a_time(rng):
    text = generate(GPT(TINY, rng=rng), tokens(2, 1), 10 ** 9, rng=rng)
    assert next(text).shape == next(text).shape == (2,)


def test_generation_ends_at_the_stop_token(rng):
    model = Bigram(V, rng=rng)
    model.table.weight.data[...] = -100 * xp.asarray(1 - np.roll(np.eye(V), 1, axis=1))  # i to i+1
    text = np.stack(list(generate(model, xp.asarray(np.array([[0], [2]])), 50, stop=4, rng=rng)))
    assert text.T.tolist() == [[1, 2, 3, 4], [3, 4, 5, 6]]


def test_generating_leaves_the_mode_as_it_was(rng):
    for training in (True, False):
        model = GPT(Config(V, dropout=0.5), rng=rng).train(training)
        list(generate(model, tokens(1, 1), 3, rng=rng))
        assert all(module.training == training for _, module in model.named_modules())


def test_between_two_tokens_the_model_is_in_the_callers_mode(rng):
    model = GPT(Config(V, dropout=0.5), rng=rng)
    tokens_to_come = generate(model, tokens(1, 1), 3, rng=rng)
    next(tokens_to_come)
    assert model.training
    model.next_logits = None
    with pytest.raises(TypeError):
        next(tokens_to_come)
    assert model.training


def test_dropout_is_off_while_generating(rng):
    model = GPT(Config(V, dropout=0.5), rng=rng)
    first, again = (np.stack(list(generate(model, tokens(1, 1), 20, temperature=0, rng=rng)))
                    for _ in range(2))
    assert np.array_equal(first, again)


# ---- sampling a token ----

LOGITS = np.log(np.array([[0.1, 0.5, 0.15, 0.25]]))


def shares(**settings):
    settings = {"temperature": 1.0, "top_k": None, "top_p": None, **settings}
    drawn = sample_tokens(LOGITS.repeat(20_000, axis=0), rng=np.random.default_rng(0), **settings)
    return np.bincount(drawn, minlength=4) / len(drawn)


@pytest.mark.parametrize(("settings", "expected"), [
    ({}, [0.1, 0.5, 0.15, 0.25]),
    ({"temperature": 0}, [0, 1, 0, 0]),
    ({"temperature": 0.5}, np.array([0.01, 0.25, 0.0225, 0.0625]) / 0.345),
    ({"top_k": 1}, [0, 1, 0, 0]),
    ({"top_k": 2}, [0, 2 / 3, 0, 1 / 3]),
    ({"top_k": 100}, [0.1, 0.5, 0.15, 0.25]),
    ({"top_p": 0.4}, [0, 1, 0, 0]),
    ({"top_p": 0.7}, [0, 2 / 3, 0, 1 / 3]),
    ({"top_p": 1.0}, [0.1, 0.5, 0.15, 0.25]),
    ({"top_k": 3, "top_p": 0.5}, [0, 1, 0, 0]),
    ({"temperature": 1e-6}, [0, 1, 0, 0]),
    ({"temperature": 1e-30}, [0, 1, 0, 0]),
    ({"temperature": 1e-300}, [0, 1, 0, 0]),
    ({"top_k": np.int64(1)}, [0, 1, 0, 0]),
])
@np.errstate(over="raise", invalid="raise")
def test_shares_of_the_tokens(settings, expected):
    np.testing.assert_allclose(shares(**settings), expected, atol=0.012)


def test_of_equally_likely_tokens_the_first_comes_first():
    order, _ = gpt.candidates(np.tile([0.0, 1.0], (1, 500)), 1.0, None, None)
    assert order.tolist() == [[*range(1, 1000, 2), *range(0, 1000, 2)]]


def test_top_p_takes_no_token_beyond_it():
    order, p = gpt.candidates(np.zeros((1, 4)), 1.0, None, 0.5)
    assert order.tolist() == [[0, 1, 2, 3]] and p.tolist() == [[0.25, 0.25, 0, 0]]


# ---- mistakes ----

@pytest.mark.parametrize("shape", [(3,), (), (1, 0), (0, 3), (1, 1, 3)])
def test_ids_that_are_no_batch_of_texts(shape, rng):
    gpt = GPT(TINY, rng=rng)
    for call in (gpt, gpt.next_logits, Bigram(V, rng=rng).next_logits):
        with pytest.raises(ValueError, match=r"^(GPT|Bigram): ids must be \(B, T\) .* ids\[None\]"):
            call(xp.asarray(tokens(*shape)))
    with pytest.raises(TypeError, match="GPT: takes Tensors or arrays, got list"):
        gpt([[1, 2]])

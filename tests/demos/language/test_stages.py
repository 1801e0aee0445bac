"""The networks of the lecture's stages: who sees what, and what each is made of."""
import pytest

import tinygen as tg
from demos.language.gpt_stages import STAGES
from demos.language.parts import stages
from models import gpt
from models.gpt import Block
from tinygen import nn
from tinygen.backend import np, to_numpy, xp

VOCAB = 11
TINY = stages.SCALES["tiny"]
BUILD = {stage.name: stage.build for stage in STAGES}
BUILD["scaled"] = lambda vocab_size, rng: stages.scaled(vocab_size, rng, TINY)


def ids_of(rng, count=2):
    return rng.integers(VOCAB, size=(count, stages.BLOCK_SIZE))


@pytest.mark.parametrize("name", BUILD)
def test_no_stage_sees_the_future(name, rng):
    model, ids = BUILD[name](VOCAB, rng), ids_of(rng)
    before = to_numpy(model(xp.asarray(ids)))
    assert before.shape == (2, stages.BLOCK_SIZE, VOCAB)
    ids[:, 5] = (ids[:, 5] + 1) % VOCAB
    moved = np.abs(to_numpy(model(xp.asarray(ids))) - before).max(axis=(0, 2))
    assert not moved[:5].any() and moved[5] > 0
    assert bool(moved[6:].any()) == (name != "bigram")


@pytest.mark.parametrize("name", ["feed-forward", "residual"])  # the others are models, or parts
def test_every_parameter_has_its_gradient(name, rng):
    model = BUILD[name](VOCAB, rng).astype("float64")
    ids, targets = xp.asarray(ids_of(rng)), xp.asarray(ids_of(rng))
    rows = tg.check_model_gradients(model, lambda: gpt.loss(model, ids, targets), order=1,
                                    samples=2)
    assert {row.argument for row in rows} >= {path for path, _ in model.named_parameters()}


@pytest.mark.parametrize("name", BUILD)
def test_each_stage_writes_on_past_its_context(name, rng):
    model = BUILD[name](VOCAB, rng)
    written = list(gpt.generate(model, ids_of(rng, 1), 12, cache=False, rng=rng))
    assert len(written) == 12


# ---- the stages' parts against the models' ----

def test_heads_and_a_linear_layer_are_multi_head_attention(rng):
    width, count = 8, 2
    layer = nn.MultiHeadAttention(width, count, bias=False, rng=rng)
    heads = stages.Heads(width, count, rng=rng)
    for number, head in enumerate(heads.heads):
        part = slice(number * width // count, (number + 1) * width // count)
        for linear, weight in zip((head.query, head.key, head.value),
                                  layer.in_proj_weight.data.reshape(3, width, width)):
            linear.weight.data[...] = weight[part]
    x = xp.asarray(rng.standard_normal((2, 5, width)).astype("float32"))
    np.testing.assert_allclose(to_numpy(layer(x, causal=True)), to_numpy(layer.out_proj(heads(x))),
                               rtol=1e-4, atol=1e-6)


def test_a_block_is_the_residual_block_with_norms(rng):
    block, plain = Block(8, 2, rng=rng), stages.Residual(8, 2, rng=rng)
    plain.load_state_dict({path: value for path, value in block.state_dict().items()
                           if not path.startswith("norm")})
    block.norm1 = block.norm2 = nn.Sequential()
    x = xp.asarray(rng.standard_normal((2, 5, 8)).astype("float32"))
    np.testing.assert_array_equal(to_numpy(block(x)), to_numpy(plain(x)))


def test_without_positions_attention_sees_a_bag(rng):
    model, ids = BUILD["one head"](VOCAB, rng), ids_of(rng, 1)
    ids[0, :2] = 1, 2
    swapped = ids.copy()
    swapped[0, :2] = 2, 1

    def last(tokens):
        return to_numpy(model(xp.asarray(tokens)))[0, -1]

    assert np.abs(last(ids) - last(swapped)).max() > 1e-4
    model.position.weight.data[...] = 0
    np.testing.assert_allclose(last(ids), last(swapped), rtol=1e-5, atol=1e-6)

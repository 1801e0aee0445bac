"""The recorded weights of attention heads, for the figures."""
import tinygen as tg
from demos.language.parts.heads import attention_weights, plot_heads, specialists
from models.gpt import GPT, Config
from tinygen.backend import np, to_numpy, xp
from tinygen.data import CharTokenizer


def test_the_weights_are_those_in_use(rng):
    model = GPT(Config(5, 6, 2, 2, 4), rng=rng)
    for p in model.parameters():
        p.data *= 10
    ids = xp.asarray(rng.integers(5, size=(1, 6)))
    seen = []
    weights = attention_weights(model(ids))
    kept = tg.ops.attention.rule

    def watched(q, k, v, **settings):  # with the values gathered by the weights that were found
        y, *gradients = kept(q, k, v, **settings)
        seen.append(np.abs(to_numpy(y) - weights[len(seen)] @ to_numpy(v)).max())
        return y, *gradients

    with tg.ops.attention.replaced(by=watched):
        model(ids)
    assert [w.shape for w in weights] == [(1, 2, 6, 6)] * 2
    for w in weights:
        np.testing.assert_allclose(w.sum(axis=-1), 1, rtol=1e-5)
        assert not w[..., np.triu(np.ones((6, 6), bool), 1)].any()
    assert len(seen) == 2 and max(seen) < 1e-5


def test_specialists_finds_what_each_head_looks_for(rng):
    """Heads made by hand: one looks at the last space, one just before, one at all alike."""
    text = "so it was as if he had"
    tokenizer = CharTokenizer(text)
    ids = np.stack([tokenizer.encode(text)] * 2)
    count = ids.shape[1]
    before, space = np.eye(count, k=-1), np.zeros((count, count))
    for t in range(count):
        space[t, max(0, text.rfind(" ", 0, t + 1))] = 1
    equal = np.tri(count) / np.arange(1, count + 1)[:, None]
    layers = [np.stack([[equal, 0.9 * before + 0.1 * equal]] * 2), np.stack([[space, equal]] * 2)]
    found = list(specialists(layers, ids, tokenizer).items())
    assert [(head, habit) for head, (habit, _) in found[:2]] == [
        ((1, 0), "the last space or line end"), ((0, 1), "the one just before")]
    assert found[0][1][1] == 1 and 0.9 < found[1][1][1] < 0.93


def test_the_masked_future_is_white():
    figure = plot_heads({"head": np.tri(4) / 4}, list("abcd"), causal=True)
    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), np.tri(4) == 0)

"""The recorded weights of attention heads, for the figures."""
import tinygen as tg
from demos.language.parts.heads import attention_weights
from models.gpt import GPT, Config
from tinygen.backend import np, to_numpy, xp


def test_the_recorded_weights_are_those_in_use(rng):
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

"""The demo of masks and dates: exact matches, and where the decoder looks."""
import datetime

from demos.language import encoder_vs_decoder
from demos.language.parts import dates
from models.transformer import Config, Transformer
from tinygen.backend import np

DAY = (datetime.date(1984, 3, 3) - dates.FIRST).days


def test_exact_match_counts_whole_texts(rng, monkeypatch):
    def spoiled(model, words):
        return ["1984-03-03" if words[0][0] == "S" else "1984-03-0"] * len(words)

    monkeypatch.setattr(encoder_vs_decoder, "to_iso", spoiled)
    hits = encoder_vs_decoder.exact_matches(None, [DAY, DAY + 1])
    assert hits.shape == (len(dates.FORMATS), 2)
    assert hits[:, 0].tolist() == [False, False, False, True, False, True, False]
    assert not hits[:, 1].any()


def test_cross_attention_has_a_row_for_each_character_written(rng):
    config = Config(len(dates.SOURCE) + dates.OFFSET, len(dates.TARGET) + dates.OFFSET, 32, 2, 2, 8)
    model = Transformer(config, rng=rng)
    for p in model.parameters():
        p.data *= 10
    layers = encoder_vs_decoder.cross_attention(model, "3 March 1984", "1984-03-03")
    assert [w.shape for w in layers] == [(2, 10, 12)] * 2
    for w in layers:
        np.testing.assert_allclose(w.sum(axis=-1), 1, rtol=1e-5)
        assert w[0, 0, 1:].any()  # no causal mask: the first row looks beyond the first column

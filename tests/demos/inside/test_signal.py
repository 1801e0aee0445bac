"""The demo signal: the four designs, and what flow finds in them."""
import pytest

import tinygen as tg
from demos.inside import signal
from demos.inside.signal import DESIGNS, NORMED, RELU, RESIDUAL, SIGMOID, Layer, Network, layers_of
from tests.helpers import read_result
from tinygen import study
from tinygen.backend import np, to_numpy, xp


@pytest.mark.parametrize("design", DESIGNS)
def test_what_a_layer_does(design, rng):
    layer = Layer(design, 5, rng=rng)
    h = xp.asarray(rng.standard_normal((3, 5), "float32"))
    wh = to_numpy(h if design != NORMED else tg.layer_norm(h)) @ to_numpy(layer.linear.weight).T
    expected = {SIGMOID: 1 / (1 + np.exp(-wh)), RELU: np.maximum(wh, 0)}.get(
        design, to_numpy(h) + np.maximum(wh, 0))
    np.testing.assert_allclose(to_numpy(layer(h)), expected, rtol=1e-4, atol=1e-5)


def test_signals_die_explode_or_arrive(rng):
    """In the direction that the demo claims, by 12 layers."""
    x, y = xp.asarray(rng.random((32, 1, 4, 4), "float32")), xp.asarray(rng.integers(0, 10, 32))
    found = {}
    for design in DESIGNS:
        model = Network(design, 16, 32, 12, rng=rng)
        rows = layers_of(study.flow(lambda: tg.cross_entropy(model(x), y), model))
        assert len(rows) == 12
        found[design] = (rows[-1].output.deviation / rows[0].output.deviation,
                         rows[0].gradient.deviation / rows[-1].gradient.deviation)
    assert found[SIGMOID][1] < 1e-5 < 0.1 < found[RELU][1] < 10
    assert found[RESIDUAL][0] > 50 > 10 > found[NORMED][0] > 1


def test_a_run_measures_what_it_claims(tmp_path, spots, monkeypatch):
    images = type("Images", (), {
        "x_train": to_numpy(spots), "y_train": np.arange(16) % 10,
        "x_test": to_numpy(spots), "y_test": np.arange(16) % 10})
    monkeypatch.setattr(signal, "load_images", lambda name: images)
    argv = ["--preset", "smoke", "--batch", "8", "--out", str(tmp_path)]
    assert signal.main(argv) == 0
    result = read_result(tmp_path)
    assert [bool(row["criterion"]) for row in result["metrics"]] == [
        True, True, True, True, False, True, False, True]  # not judged: what takes 32 layers
    assert [each["file"] for each in result["figures"]] == ["signals.png", "learning.png"]


@pytest.mark.parametrize("option", ["--depth", "--width", "--batch", "--lr"])
def test_bad_options_are_one_line(option, refusal):
    assert f"{option} is finite and above 0; got 0" in refusal(signal, [option, "0"])


def test_a_width_of_one_is_one_line(refusal):
    assert "--width is at least 2, since layer norm" in refusal(signal, ["--width", "1"])

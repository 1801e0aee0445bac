"""The demo vae: its limits, its animation, its options."""
import json
from types import SimpleNamespace

import pytest

from demos.common.figures import tile
from demos.vaes import vae
from demos.vaes.parts.elbo import ACTIVE_NATS, Elbo
from demos.vaes.parts.vae_figures import plot_latents, plot_posteriors
from models.vae import Config, ConvVAE, generate
from tinygen.backend import np, to_numpy, xp


def test_the_way_between_images_starts_and_ends_at_them_and_comes_back(rng):
    model = ConvVAE(Config(3, 8), (2, 3), 6, rng=rng)
    x = rng.random((2 * vae.PAIRS, 1, 8, 8), dtype="float32")
    mean = to_numpy(model.encode(xp.asarray(x))[0])
    frames = vae.interpolation_frames(model, mean, x)
    assert len(frames) == 2 * vae.FRAMES + vae.HELD
    assert all(np.array_equal(a, b) for a, b in zip(frames, frames[::-1]))
    own = to_numpy(generate(model, xp.asarray(mean)))
    halfway = frames[vae.FRAMES - 1]
    for frame, ends in ((frames[0], slice(vae.PAIRS)), (halfway, slice(vae.PAIRS, None))):
        expected = tile(np.concatenate([own[ends], x[ends]]), columns=vae.PAIRS)
        np.testing.assert_allclose(frame, expected, atol=1e-5)


def test_the_latents_bars_start_at_zero_and_both_planes_name_the_classes(rng):
    model = ConvVAE(Config(3, 8), (2, 3), 6, rng=rng)
    found = Elbo(100.0, np.array([2.0, 0.05, 1.0]), rng.standard_normal((20, 3)), np.zeros((20, 3)))
    bars = plot_latents(model, found, rng.random((1, 8, 8), dtype="float32")).axes[0]
    assert bars.get_xlim()[0] == 0
    assert bars.get_title(loc="left") == f"2 active latents (above {ACTIVE_NATS} nats)"
    codes = {"VAE": found.mean, "autoencoder": 5 * found.mean}
    for axes in plot_posteriors(found, codes, np.arange(20) % 4).axes:
        assert {"0", "1", "2", "3"} <= {text.get_text() for text in axes.texts}


@pytest.mark.parametrize("data, is_preset, limit", [
    ("mnist-10k", True, 115.1), ("mnist-10k", False, None), ("digits", True, None)])
def test_limits_hold_for_a_presets_own_run_on_its_own_data(data, is_preset, limit):
    limits = {}
    run = SimpleNamespace(preset="reference", data=data, is_preset=is_preset,
                          measure=lambda metric, value, **given: limits.update({metric: given}))
    found = Elbo(100.0, np.ones(3), np.zeros((2, 3)), np.zeros((2, 3)))
    codes = {"VAE": np.ones((2, 3)), "autoencoder": np.ones((2, 3))}
    vae.measure(run, found, found, codes, 200.0)
    assert limits["-ELBO of the test images, nats"]["at_most"] == limit


def test_colour_images_of_ones_own(tmp_path, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("own.npz", x=rng.random((120, 3, 12, 12), dtype="float32"), y=np.zeros(120, int))
    assert vae.main("--data own.npz --preset smoke --batch 8 --out o".split()) == 0
    result = json.loads((tmp_path / "o" / "result.json").read_text(encoding="utf-8"))
    assert result["data"] == "own.npz" and np.isfinite(result["metrics"][0]["value"])

"""What the VAE demos compute by themselves: ELBOs of data sets, sheets, paths, chosen classes."""
import importlib
import json
from statistics import NormalDist
from types import SimpleNamespace

import pytest

from demos.vaes import vae as vae_demo
from demos.vaes import vae_conditional, vae_manifold
from demos.vaes.parts import figures as vae_figures
from demos.vaes.parts.elbo import Elbo, evaluate, mean_image_nats, nearest_agrees
from models import vae
from models.vae import Config, ConvVAE, DenseVAE
from tinygen import to_numpy
from tinygen.backend import np, xp


def images(rng, count, size=8, channels=1):
    return rng.random((count, channels, size, size), dtype="float32")


# ---- the ELBO of a data set ----

def test_the_elbo_in_batches_is_that_of_all_images(rng):
    model, x = DenseVAE(Config(3, 8), hidden=7, rng=rng), images(rng, 11)
    model.logvar.bias.data -= 100  # no noise, so that eps does not matter
    found = evaluate(model, x, rng=rng, size=4)
    reconstruction, kl = vae.elbo_terms(model, xp.asarray(x), xp.zeros((11, 3), "float32"))
    assert found.reconstruction == pytest.approx(reconstruction.item(), rel=1e-5)
    assert found.kl == pytest.approx(kl.item(), rel=1e-5)
    assert found.negative == pytest.approx(found.reconstruction + found.kl)
    assert found.per_latent.shape == (3,) and found.mean.shape == found.logvar.shape == (11, 3)


def test_the_elbo_needs_the_noise_and_the_labels(rng):
    model, x = ConvVAE(Config(3, 8, classes=2), (2, 3), 6, rng=rng), images(rng, 8)
    model.logvar.bias.data += 6
    y = np.array([0, 1] * 4)
    one, again, other = (evaluate(model, x, y, rng=np.random.default_rng(seed))
                         for seed in (1, 1, 2))
    assert one.reconstruction == again.reconstruction != other.reconstruction
    assert evaluate(model, x, 1 - y, rng=rng).kl != pytest.approx(one.kl)


def test_draws_have_the_spread_of_means_and_of_noise(rng):
    mean = rng.standard_normal((20_000, 3)) * [2, 1, 0]
    found = Elbo(0.0, np.array([3, 0.6, 0.1]), mean, np.zeros_like(mean) + np.log([0.25, 1, 9]))
    np.testing.assert_allclose(found.draw(rng).std(axis=0), [4.25 ** 0.5, 2 ** 0.5, 3], rtol=0.03)
    assert found.active().tolist() == [True, True, False]


def test_the_mean_image_costs_its_entropy():
    x = np.zeros((4, 1, 1, 2), "float32")
    x[:3, 0, 0, 0] = 1  # a pixel that is on in three of four, and one that never is
    entropy = -0.75 * np.log(0.75) - 0.25 * np.log(0.25)
    assert mean_image_nats(x, x) == pytest.approx(entropy, abs=1e-3)


def test_nearest_codes_leave_out_the_code_itself(rng):
    z = np.array([[0, 0], [0.1, 0], [5, 5], [5.1, 5], [5.2, 5]])
    assert nearest_agrees(z, np.array([0, 0, 1, 1, 1])) == 1
    assert nearest_agrees(z, np.array([0, 1, 0, 1, 0])) == 0
    chance = nearest_agrees(rng.standard_normal((2000, 2)), rng.integers(4, size=2000))
    assert chance == pytest.approx(0.25, abs=0.04)


# ---- sheets, paths, chosen classes ----

@pytest.mark.parametrize("side", [1, 2, 20])
def test_a_sheet_goes_in_steps_of_equal_probability(side):
    z = to_numpy(vae_manifold.prior_grid(side)).reshape(side, side, 2)
    u = (np.arange(side) + 0.5) / side
    cdf = np.vectorize(NormalDist().cdf)
    np.testing.assert_allclose(cdf(z[0, :, 0]), u, atol=1e-6)
    np.testing.assert_allclose(cdf(z[:, 0, 1]), u[::-1], atol=1e-6)  # upwards
    assert (z[..., 0] == z[:1, :, 0]).all() and (z[..., 1] == z[:, :1, 1]).all()


def test_the_way_between_images_starts_and_ends_at_them_and_comes_back(rng):
    pairs = vae_demo.PAIRS
    model, x = ConvVAE(Config(3, 8), (2, 3), 6, rng=rng), images(rng, 2 * pairs)
    mean = to_numpy(model.encode(xp.asarray(x))[0])
    frames = vae_demo.between(model, mean, x)
    assert len(frames) == 2 * vae_demo.FRAMES + vae_demo.HELD
    assert all(np.array_equal(a, b) for a, b in zip(frames, frames[::-1]))
    own = to_numpy(vae.generate(model, xp.asarray(mean)))
    halfway = frames[vae_demo.FRAMES - 1]
    for frame, ends in ((frames[0], slice(pairs)), (halfway, slice(pairs, None))):
        expected = vae_demo.tile(np.concatenate([own[ends], x[ends]]), columns=pairs)
        np.testing.assert_allclose(frame, expected, atol=1e-5)


def test_each_code_is_drawn_with_each_label(rng):
    model = DenseVAE(Config(3, 8, classes=10), hidden=7, rng=rng)
    z = rng.standard_normal((4, 3)).astype("float32")
    drawn = vae_conditional.in_classes(model, z, [7, 2])
    assert drawn.shape == (4, 2, 1, 8, 8)
    for column, digit in enumerate([7, 2]):
        alone = to_numpy(vae.generate(model, xp.asarray(z), np.full(4, digit)))
        np.testing.assert_allclose(drawn[:, column], alone, rtol=1e-5)
    assert np.array_equal(vae_conditional.flat(drawn)[3], drawn[1, 1])


# ---- the command line ----

@pytest.mark.parametrize("argv, words", [
    ("vae --latent 0", "latent_size"), ("vae --latent many", "invalid int value: 'many'"),
    ("vae --beta -1", "beta, the weight of the KL, must be finite and at least 0, got -1.0"),
    ("vae --beta nan", "got nan"), ("vae --network rnn", "--network is one of conv, dense"),
    ("vae --data cifar", "invalid choice: 'cifar'"), ("vae --data missing.npz", "No such file"),
    ("vae --data own.npz --batch 999", "--batch is from 1 to"),
    ("vae_manifold --side 0", "--side is the number of images along the sheet"),
    ("vae_conditional --digit 10", "--digit is from 0 to 9, one or several; got 10"),
    ("vae_conditional --digit 3 -1", "got 3 -1"),
    ("vae_conditional --data own.npz", "invalid choice: 'own.npz'")])
def test_bad_options_are_one_line(argv, words, tmp_path, monkeypatch, capsys, rng):
    monkeypatch.chdir(tmp_path)
    np.savez("own.npz", x=images(rng, 90), y=np.arange(90) % 3)
    name, *options = argv.split()
    with pytest.raises(SystemExit) as end:
        importlib.import_module(f"demos.vaes.{name}").main(options)
    message = capsys.readouterr().err
    assert end.value.code == 2 and message.count("\n") == 1
    assert message.startswith(f"python -m demos {name}: error: ") and words in message


@pytest.mark.parametrize("demo", [vae_demo, vae_manifold])
def test_colour_images_of_ones_own(demo, tmp_path, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("own.npz", x=images(rng, 120, size=12, channels=3), y=np.zeros(120, int))
    argv = "--data own.npz --preset smoke --batch 8 --out o".split()
    assert demo.main(argv) == 0
    result = json.loads((tmp_path / "o" / "result.json").read_text(encoding="utf-8"))
    assert result["data"] == "own.npz" and np.isfinite(result["metrics"][0]["value"])


@pytest.mark.parametrize("data, change, limit", [
    ("mnist-10k", {}, 115.1), ("mnist-10k", {"beta": 2.0}, None), ("digits", {}, None)])
def test_limits_hold_for_a_presets_own_run_on_its_own_data(data, change, limit):
    limits = {}
    settings = {**vae_demo.PRESETS["default"], **vae_demo.PRESETS["reference"], **change}
    run = SimpleNamespace(preset="reference", data=data, settings=SimpleNamespace(**settings),
                          measure=lambda metric, value, **given: limits.update({metric: given}))
    found = Elbo(100.0, np.ones(3), np.zeros((2, 3)), np.zeros((2, 3)))
    codes = {"VAE": np.ones((2, 3)), "autoencoder": np.ones((2, 3))}
    vae_demo.measure(run, found, found, codes, 200.0)
    assert limits["-ELBO of the test images, nats"]["at_most"] == limit


def test_images_are_chosen_from_all_classes(rng):
    y = rng.permutation(np.repeat(np.arange(10), 7))
    assert sorted(y[vae_figures.spread_over_classes(y, 10)]) == list(range(10))
    chosen = vae_figures.spread_over_classes(np.zeros(12, int), 12)
    assert sorted(chosen) == list(range(12))

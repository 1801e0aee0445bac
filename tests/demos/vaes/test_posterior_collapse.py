"""The demo posterior_collapse: what its cures change in the loss, and how it counts latents."""
import pytest

import tinygen as tg
from demos.vaes.parts.autoregressive import AutoregressiveVAE
from demos.vaes.parts.elbo import Elbo, evaluate
from demos.vaes.parts.posterior_collapse_figures import plot_cures, plot_same_code
from demos.vaes.posterior_collapse import Change, weighted
from models.vae import Config
from tinygen.backend import np, to_numpy, xp


def test_beta_rises_in_warm_up_only():
    kl, warm_up = xp.asarray(np.array([0.2, 0.8])), Change("", warm_up=0.5, beta=2.0)
    assert [weighted(kl, done, warm_up).item() for done in (0, 0.25, 0.5, 0.9)] == [0, 1, 2, 2]
    assert weighted(kl, 0, Change("")).item() == 1


def test_free_bits_leave_small_kl_alone():
    kl = tg.Tensor(xp.asarray(np.array([0.2, 0.8])))
    loss = weighted(kl, 0, Change("", free_bits=0.5))
    assert loss.item() == pytest.approx(1.3)
    assert to_numpy(tg.grad(loss, kl)).tolist() == [0, 1]


def test_a_latent_that_says_nothing_is_not_active(rng):
    model = AutoregressiveVAE(Config(2, 4), 5, rng=rng)
    for p in (model.mean.weight, model.mean.bias, model.logvar.weight, model.logvar.bias):
        p.data[0] = 0  # the first latent is the prior, whatever the image
    model.mean.weight.data[1] *= 5
    x = (rng.random((50, 1, 4, 4)) > 0.5).astype("float32")
    elbo = evaluate(model, x, rng=rng)
    assert elbo.per_latent[0] == 0 and elbo.active.tolist() == [False, True]


def test_bars_start_at_zero_and_rows_have_names(rng):
    elbos = {name: Elbo(30.0 + i, np.array([i, 0.0]), None, None)
             for i, name in enumerate(("as it is", "warm-up"))}
    bars = plot_cures({name: {"kl": [(0, 0.1), (1, 0.2)]} for name in elbos}, elbos).axes[1]
    assert bars.get_xlim()[0] == 0
    assert sum(bar.get_width() for bar in bars.patches) == 30 + 31 + 1
    assert [text.get_text() for text in bars.texts] == ["30.0, 0 active", "32.0, 1 active"]
    images = rng.random((2, 1, 4, 4))
    panel = plot_same_code(images, [3, 8], {"as it is": np.stack([images] * 7, axis=1)}).axes[0]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["3", "8"]
    assert [label.get_text() for label in panel.get_xticklabels()] == [
        "image", "7 samples with its code"]

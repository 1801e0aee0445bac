"""The demo posterior_collapse: what its cures change in the loss, and how it counts latents."""
import pytest

import tinygen as tg
from demos.vaes.parts.autoregressive import AutoregressiveVAE
from demos.vaes.parts.elbo import Elbo, evaluate
from demos.vaes.parts.posterior_collapse_figures import active_by_kl, active_by_variance
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


def test_the_counts_tell_latents_that_speak_from_those_that_do_not(rng):
    model = AutoregressiveVAE(Config(2, 4), 5, rng=rng)
    for p in (model.mean.weight, model.mean.bias, model.logvar.weight, model.logvar.bias):
        p.data[0] = 0  # the first latent is the prior, whatever the image
    model.mean.weight.data[1] *= 5
    x = (rng.random((50, 1, 4, 4)) > 0.5).astype("float32")
    elbo = evaluate(model, x, rng=rng)
    assert elbo.per_latent[0] == 0 and elbo.per_latent[1] > 0.01
    assert active_by_kl(elbo) == active_by_variance(elbo) == 1
    wide = Elbo(5.0, np.array([0.02, 0.0]), np.zeros((4, 2)), np.zeros((4, 2)))
    assert active_by_kl(wide) == 1 and active_by_variance(wide) == 0

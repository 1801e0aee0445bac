"""The demo reparameterization: the ELBO of a digit, and fitting its code."""
import pytest

from demos.vaes import reparameterization
from demos.vaes.parts.reparameterization_figures import plot_histograms
from demos.vaes.reparameterization import descend, quadratic, reconstruction_of
from models import vae
from models.parts import noise
from models.vae import Config, DenseVAE
from tinygen.backend import np, xp


def test_f_of_a_digit_is_its_reconstruction(rng):
    model, image = DenseVAE(Config(2, 8), hidden=5, rng=rng), xp.asarray(
        rng.random((1, 1, 8, 8)).astype("float32"))
    eps = noise(1, 2, rng=rng)
    mean, logvar = model.encode(image)
    f = reconstruction_of(model, image)(vae.reparameterize(mean, logvar, eps))
    assert f.shape == (1,)
    assert f.item() == pytest.approx(vae.elbo_terms(model, image, eps)[0].item(), rel=1e-5)


def test_descent_by_the_trick_goes_down(rng):
    losses = descend(lambda z: 5 * quadratic(z - 2), 3, "trick", 0.1, rng, 60)
    assert len(losses) == 60 and losses[-5:].mean() < 0.6 * losses[:5].mean()


def test_the_best_rate_is_the_one_that_ends_lowest(rng, monkeypatch):
    monkeypatch.setattr(reparameterization, "RATES", (1e-6, 0.1, 1e-5))
    losses, rate = reparameterization.best_descent(lambda z: 5 * quadratic(z - 2), 3, "trick", rng,
                                                   steps=60)
    assert rate == 0.1 and reparameterization.end_of(losses) < losses[:5].mean()
    assert reparameterization.end_of(np.arange(20.0)) == 18.5


def test_histograms_of_different_width_share_one_axis(rng):
    draws = {name: width * rng.standard_normal(2000)
             for name, width in (("trick", 1), ("score", 40), ("score, baseline", 5))}
    trick, score, _ = plot_histograms(draws).axes
    assert trick.get_xlim() == score.get_xlim()
    filled = [sum(bar.get_height() > 0 for bar in axes.patches) for axes in (trick, score)]
    assert filled[0] < 6 and filled[1] > 80

"""The ELBO of a data set and its codes, against terms computed by hand."""
import pytest

from demos.vaes.parts.elbo import Elbo, evaluate, mean_image_nats, nearest_agrees
from models import vae
from models.vae import Config, ConvVAE, DenseVAE
from tinygen.backend import np, xp


def test_the_elbo_in_batches_is_that_of_all_images(rng):
    model = DenseVAE(Config(3, 8), hidden=7, rng=rng)
    x = rng.random((11, 1, 8, 8), dtype="float32")
    model.logvar.bias.data -= 100  # no noise, so that eps does not matter
    found = evaluate(model, x, rng=rng, size=4)
    reconstruction, kl = vae.elbo_terms(model, xp.asarray(x), xp.zeros((11, 3), "float32"))
    assert found.reconstruction == pytest.approx(reconstruction.item(), rel=1e-5)
    assert found.kl == pytest.approx(kl.item(), rel=1e-5)
    assert found.negative == pytest.approx(found.reconstruction + found.kl)
    assert found.per_latent.shape == (3,) and found.mean.shape == found.logvar.shape == (11, 3)


def test_the_elbo_depends_on_the_noise_and_on_the_labels(rng):
    model = ConvVAE(Config(3, 8, classes=2), (2, 3), 6, rng=rng)
    x, y = rng.random((8, 1, 8, 8), dtype="float32"), np.array([0, 1] * 4)
    model.logvar.bias.data += 6
    one, again, other = (evaluate(model, x, y, rng=np.random.default_rng(seed))
                         for seed in (1, 1, 2))
    assert one.reconstruction == again.reconstruction != other.reconstruction
    assert evaluate(model, x, 1 - y, rng=rng).kl != pytest.approx(one.kl)


def test_sampled_codes_have_the_spread_of_the_means_and_of_the_noise(rng):
    mean = rng.standard_normal((20_000, 3)) * [2, 1, 0]
    found = Elbo(0.0, np.array([3, 0.2, 0.05]), mean, np.zeros_like(mean) + np.log([0.25, 1, 9]))
    spread = found.sample_codes(rng).std(axis=0)
    np.testing.assert_allclose(spread, [4.25 ** 0.5, 2 ** 0.5, 3], rtol=0.03)
    assert found.active.tolist() == [True, True, False]


def test_the_mean_image_costs_its_entropy():
    x = np.zeros((4, 1, 1, 2), "float32")
    x[:3, 0, 0, 0] = 1  # a pixel that is on in three of four, and one that never is
    entropy = -0.75 * np.log(0.75) - 0.25 * np.log(0.25)
    assert mean_image_nats(x, x) == pytest.approx(entropy, abs=1e-3)


def test_the_nearest_code_is_never_the_code_itself(rng):
    z = np.array([[0, 0], [0.1, 0], [5, 5], [5.1, 5], [5.2, 5]])
    assert nearest_agrees(z, np.array([0, 0, 1, 1, 1])) == 1
    assert nearest_agrees(z, np.array([0, 1, 0, 1, 0])) == 0
    chance = nearest_agrees(rng.standard_normal((2000, 2)), rng.integers(4, size=2000))
    assert chance == pytest.approx(0.25, abs=0.04)

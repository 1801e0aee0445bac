"""The anomaly scores and the AUROC, against their definitions."""
import pytest

import tinygen as tg
from demos.gans.parts import scores
from demos.tools.codes import in_batches
from models import autoencoder, gan, vae
from tinygen.backend import np, to_numpy, xp


def auroc_by_pairs(values, anomalous):
    """The definition: the share of pairs whose anomaly scores higher; ties count half."""
    pairs = [(a > b) + 0.5 * (a == b) for a in values[anomalous] for b in values[~anomalous]]
    return np.mean(pairs)


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_auroc_counts_pairs_and_half_of_the_ties(levels, rng):
    values, anomalous = rng.integers(levels, size=80), rng.random(80) < 0.2
    assert scores.auroc(values, anomalous) == pytest.approx(auroc_by_pairs(values, anomalous))
    assert scores.auroc(-values, anomalous) == pytest.approx(1 - scores.auroc(values, anomalous))


def test_auroc_of_the_extremes():
    anomalous = np.array([False, True, False, True])
    assert scores.auroc([1, 3, 2, 4], anomalous) == 1
    assert scores.auroc([3, 2, 4, 1], anomalous) == 0
    assert scores.auroc([7, 7, 7, 7], anomalous) == 0.5
    for none in (np.zeros(4, bool), np.ones(4, bool)):
        with pytest.raises(ValueError, match="needs both anomalies and normal images; got"):
            scores.auroc([1, 2, 3, 4], none)


@pytest.mark.parametrize("levels", [3, 1000])
def test_the_area_under_the_roc_curve_is_the_auroc(levels, rng):
    values, anomalous = rng.integers(levels, size=60), rng.random(60) < 0.3
    alarms, hits = scores.roc_curve(values, anomalous)
    assert (alarms[0], hits[0], alarms[-1], hits[-1]) == (0, 0, 1, 1)
    assert len(alarms) == len(np.unique(values)) + 1
    area = ((hits[1:] + hits[:-1]) / 2 * np.diff(alarms)).sum()
    assert area == pytest.approx(scores.auroc(values, anomalous))


def test_the_nearest_neighbour_is_found_and_its_distance_is_right(rng):
    train, x = (rng.random((n, 1, 8, 8), dtype=np.float32) for n in (30, 7))
    x[3] = train[11]
    found = scores.distance_to_training(train)(x)
    by_hand = ((x[:, None] - train) ** 2).sum(axis=(2, 3, 4)).min(axis=1)
    np.testing.assert_allclose(found, by_hand, atol=1e-4)
    assert 0 <= found[3] < 1e-4


def test_descent_on_z_finds_an_image_that_the_generator_made(rng):
    generator = gan.MLPGenerator(gan.Config(2, (1, 8, 8)), hidden=(16,), rng=rng)
    generator.layers[-3].weight.data *= 8  # images that differ
    before = [to_numpy(p.data).copy() for p in generator.parameters()]
    made = to_numpy(gan.sample(generator, 5, rng=rng))
    start = scores.distance_to_generated(generator, 0)(made)
    left = scores.distance_to_generated(generator, 200)(made)
    assert (left < 0.05 * start).mean() >= 0.6  # descent may end in another valley
    far = scores.distance_to_generated(generator, 200)(rng.random((5, 1, 8, 8), dtype=np.float32))
    assert far.min() > np.median(left)
    assert all(np.array_equal(old, to_numpy(p.data))
               for old, p in zip(before, generator.parameters()))


def test_the_mean_of_the_elbos_is_the_models_loss(rng):
    model = vae.DenseVAE(vae.Config(3, 8), hidden=16, rng=rng)
    model.logvar.bias.data -= 5  # a KL that counts
    x = rng.random((400, 1, 8, 8), dtype=np.float32)
    each = scores.negative_elbo(model, rng)(x)
    assert each.shape == (400,)
    eps = xp.asarray(rng.standard_normal((400, 3), dtype=np.float32))
    reconstruction, kl = vae.elbo_terms(model, xp.asarray(x), eps)
    assert each.mean() == pytest.approx(float(to_numpy(reconstruction + kl)), rel=0.01)


def test_errors_are_sums_over_pixels(rng):
    model = autoencoder.DenseAutoencoder(autoencoder.Config(2, 8), hidden=(8,), rng=rng)
    x = rng.random((9, 1, 8, 8), dtype=np.float32)
    found = scores.autoencoder_error(model)(x)
    np.testing.assert_allclose(found, ((in_batches(model, x) - x) ** 2).sum((1, 2, 3)), rtol=1e-5)
    with tg.no_grad():
        mean = float(to_numpy(autoencoder.loss(model, xp.asarray(x))))
    assert found.mean() == pytest.approx(64 * mean, rel=1e-5)


def test_called_fake_is_minus_the_logit(rng):
    x = rng.random((9, 1, 8, 8), dtype=np.float32)
    found = scores.called_fake(lambda x: x.sum(axis=(1, 2, 3)))(x)
    np.testing.assert_allclose(found, -x.sum(axis=(1, 2, 3)), rtol=1e-5)


def test_scores_per_ink():
    x = np.zeros((3, 1, 4, 4), np.float32)
    x[0, 0, :2], x[1, 0, 0, 0] = 1, 0.5
    assert scores.amount_of_ink(x).tolist() == [8, 0.5, 0]
    assert scores.per_ink(np.array([4.0, 4, 4]), x).tolist() == [0.5, 4, 4]


def test_other_anomalies_are_images_of_the_same_size(rng):
    x = np.zeros((4, 1, 28, 28), np.float32)
    x[:, :, 10:20, 12:16] = 1
    for kind, make in scores.KINDS.items():
        strange = np.asarray(make(x, rng))
        assert strange.shape == x.shape and 0 <= strange.min() <= strange.max() <= 1, kind
        assert not np.array_equal(strange, x), kind
    curves = scores.scribbles(x, rng)
    assert 0.02 < curves.mean() < 0.4 and not np.array_equal(curves[0], curves[1])

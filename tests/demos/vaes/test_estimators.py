"""Estimators of one gradient: what each differentiates, against closed form."""
import pytest

from demos.vaes.parts.estimators import (
    ESTIMATORS,
    differences,
    log_normal,
    single_draw_gradients,
    total_variance,
)
from demos.vaes.reparameterization import exact_gradient, quadratic
from models.parts import noise
from tinygen.backend import np, to_numpy, xp

MEAN, LOGVAR = np.array([0.5, -1.0], "float32"), np.array([-1.0, 0.3], "float32")


def draws(estimator, rng, count=40_000):
    return single_draw_gradients(quadratic, xp.asarray(MEAN), xp.asarray(LOGVAR),
                                 noise(count, 2, rng=rng), estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_mean_is_the_exact_gradient(estimator, rng):
    g = draws(estimator, rng)
    error = g.std(axis=0) / len(g) ** 0.5
    assert (abs(g.mean(axis=0) - exact_gradient(MEAN, LOGVAR)) < 4 * error).all()


def test_each_draw_of_the_trick_is_f_s_slope(rng):
    eps = noise(5, 2, rng=rng)
    g = single_draw_gradients(quadratic, xp.asarray(MEAN), xp.asarray(LOGVAR), eps, "trick")
    std = np.exp(0.5 * LOGVAR)
    z = MEAN + std * to_numpy(eps)
    np.testing.assert_allclose(g, np.concatenate([z, z * 0.5 * std * to_numpy(eps)], axis=1),
                               rtol=1e-4, atol=1e-6)


def test_each_draw_of_the_score_function_is_f_times_the_score(rng):
    eps = noise(5, 2, rng=rng)
    g = single_draw_gradients(quadratic, xp.asarray(MEAN), xp.asarray(LOGVAR), eps, "score")
    e, std = to_numpy(eps), np.exp(0.5 * LOGVAR)
    f = 0.5 * ((MEAN + std * e) ** 2).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(g, np.concatenate([f * e / std, f * (e ** 2 - 1) / 2], axis=1),
                               rtol=1e-3, atol=1e-4)


def test_the_baseline_of_a_draw_is_the_mean_of_the_others(rng):
    """With its own f in it, the mean gradient would be too small: by half, of two draws."""
    eps = noise(2, 2, rng=rng)
    args = quadratic, xp.asarray(MEAN), xp.asarray(LOGVAR), eps
    bare, less = (single_draw_gradients(*args, name) for name in ("score", "score, baseline"))
    f = quadratic(MEAN + np.exp(0.5 * LOGVAR) * to_numpy(eps))
    np.testing.assert_allclose(less, bare * ((f - f[::-1]) / f)[:, None], rtol=1e-3)


def test_a_baseline_takes_variance_away_and_adds_no_bias(rng):
    trick, score, baseline = (total_variance(draws(name, rng)) for name in ESTIMATORS)
    assert trick < baseline < score
    shifted = single_draw_gradients(lambda z: quadratic(z) + 1000, xp.asarray(MEAN),
                                    xp.asarray(LOGVAR), noise(40_000, 2, rng=rng),
                                    "score, baseline")
    assert total_variance(shifted) == pytest.approx(baseline, rel=0.1)
    assert np.sqrt((differences(shifted, draws("trick", rng)) ** 2).mean()) < 2.5


def test_differences_are_found(rng):
    a = rng.standard_normal((2000, 3))
    assert abs(differences(a + [0, 0, 1], a[::-1])).argmax() == 2
    assert abs(differences(a + [0, 0, 1], a)).max() > 20


def test_log_normal_has_the_slopes_of_its_density(rng):
    z, mean, logvar = (xp.asarray(rng.standard_normal((4, 3))) for _ in range(3))
    expected = -0.5 * ((z - mean) ** 2 / xp.exp(logvar) + logvar).sum(axis=1)
    np.testing.assert_allclose(to_numpy(log_normal(z, mean, logvar)), to_numpy(expected))

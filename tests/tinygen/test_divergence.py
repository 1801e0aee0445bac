"""Divergences in closed form, against their definitions: a mean of log p - log q, an integral."""
import pytest

import tinygen as tg
from tinygen.backend import np, to_numpy, xp

# (mean1, logvar1, mean2, logvar2): narrow, wide, far apart, and twice the same
GAUSSIANS = [(0.7, -1.0, 0.0, 0.0), (-1.2, 0.8, 0.0, 0.0), (0.5, 0.3, -0.4, 1.1),
             (2.0, -2.0, 1.5, -1.0), (0.3, 0.6, 0.3, 0.6)]


def log_density(z, mean, logvar):
    return -0.5 * (np.log(2 * np.pi) + logvar + (z - mean) ** 2 / np.exp(logvar))


def on_device(*arrays):
    return [xp.asarray(np.asarray(a)) for a in arrays]


def random_gaussians(rng, *shape):
    """mean1, logvar1, mean2, logvar2 as arrays of the backend."""
    return on_device(*rng.normal(size=(4, *shape)))


def probabilities(rng, *shape):
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])


def numbers(y):
    return to_numpy(y).astype("float64")


def assert_mean_of(samples, expected):
    """The samples' mean is `expected`, give or take four of its standard errors."""
    error = samples.std() / np.sqrt(samples.size)
    assert abs(samples.mean() - expected) <= 4 * error + 1e-12
    assert error < 0.02  # else this would say nothing


# ---- against the definition ----

@pytest.mark.parametrize("gaussians", GAUSSIANS)
def test_gaussians_by_numeric_integration(gaussians):
    mean1, logvar1, mean2, logvar2 = gaussians
    z = mean1 + np.exp(0.5 * logvar1) * np.linspace(-12, 12, 10_001)
    log_p = log_density(z, mean1, logvar1)
    y = np.exp(log_p) * (log_p - log_density(z, mean2, logvar2))
    integral = ((y[1:] + y[:-1]) / 2 * np.diff(z)).sum()
    kl = numbers(tg.kl_normal(*on_device(*gaussians), axis=()))
    assert kl == pytest.approx(integral, rel=1e-9, abs=1e-12)
    if (mean2, logvar2) == (0, 0):
        standard = tg.kl_standard_normal(*on_device(mean1, logvar1), axis=())
        assert numbers(standard) == pytest.approx(integral, rel=1e-9)


@pytest.mark.parametrize("gaussians", GAUSSIANS)
def test_gaussians_by_monte_carlo(gaussians, rng):
    """The divergences of three independent latents, each such a Gaussian, add up."""
    mean1, logvar1, mean2, logvar2 = gaussians
    z = mean1 + np.exp(0.5 * logvar1) * rng.normal(size=(200_000, 3))
    log_ratio = log_density(z, mean1, logvar1) - log_density(z, mean2, logvar2)
    kl = tg.kl_normal(*on_device(*(np.full(3, v) for v in gaussians)))
    assert_mean_of(log_ratio.sum(axis=1), float(kl))


def test_categorical_by_monte_carlo(rng):
    p, q = probabilities(rng, 5), probabilities(rng, 5)
    drawn = rng.choice(5, size=200_000, p=p)
    assert_mean_of(np.log(p[drawn] / q[drawn]), float(tg.kl_categorical(*on_device(p, q))))


# ---- what holds for any divergence ----

def test_the_standard_normal_is_a_special_case(rng):
    mean, logvar, *_ = random_gaussians(rng, 6, 4)
    zeros = xp.zeros_like(mean)
    for axis in (-1, 0, (0, 1), None, ()):
        general = tg.kl_normal(mean, logvar, zeros, zeros, axis=axis)
        special = numbers(tg.kl_standard_normal(mean, logvar, axis=axis))
        assert special == pytest.approx(numbers(general), rel=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_distribution_is_at_no_distance_from_itself(dtype, rng):
    mean, logvar, *_ = [a.astype(dtype) for a in random_gaussians(rng, 50, 4)]
    p, = on_device(probabilities(rng, 50, 4).astype(dtype))
    assert (numbers(tg.kl_normal(mean, logvar, mean, logvar)) == 0).all()
    assert (numbers(tg.kl_categorical(p, p)) == 0).all()
    zeros = xp.zeros_like(mean)
    assert (numbers(tg.kl_standard_normal(zeros, zeros)) == 0).all()


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 3])
def test_no_divergence_of_gaussians_is_negative(scale, rng):
    """Not even by rounding in float32, for Gaussians that are close to each other."""
    gaussians = [(scale * a).astype("float32") for a in random_gaussians(rng, 1000, 3)]
    assert (numbers(tg.kl_standard_normal(*gaussians[:2], axis=())) >= 0).all()
    assert (numbers(tg.kl_normal(*gaussians, axis=())) >= 0).all()


def test_no_divergence_of_discrete_distributions_is_negative(rng):
    p, q = on_device(probabilities(rng, 1000, 3), probabilities(rng, 1000, 3))
    assert (numbers(tg.kl_categorical(p, q)) > 0).all()


def test_small_divergences_keep_their_digits(rng):
    """exp(v) - 1 - v is v²/2 for small v, where float32's exp(v) is 1 plus rounding."""
    logvar = (1e-3 * rng.normal(size=(100, 20))).astype("float32")
    kl = numbers(tg.kl_standard_normal(*on_device(np.zeros_like(logvar), logvar)))
    exact = logvar.astype("float64")
    assert kl == pytest.approx(0.5 * (np.expm1(exact) - exact).sum(axis=1), rel=1e-3)


# ---- zeros in a distribution ----

def test_categorical_with_zeros():
    p, q = on_device([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]], [[0.25, 0.5, 0.25], [0.0, 1.0, 0.0]])
    p, q = tg.Tensor(p), tg.Tensor(q)
    kl = tg.kl_categorical(p, q)
    assert numbers(kl) == pytest.approx([0.5 * np.log(2), 0])
    for create_graph in (True, False):
        by_p, by_q = tg.grad(kl.sum(), [p, q], create_graph=create_graph)
        assert numbers(by_p) == pytest.approx(np.array([[np.log(2) + 1, 1, 0], [0, 1, 0]]))
        assert numbers(by_q) == pytest.approx(np.array([[-2, -1, 0], [0, -1, 0]]))
        kl = tg.kl_categorical(p, q)


def test_what_q_holds_impossible_costs_infinitely_much():
    p, q = on_device([0.5, 0.5], [1.0, 0.0])
    with np.errstate(divide="ignore"):
        assert numbers(tg.kl_categorical(p, q)) == np.inf
    assert numbers(tg.kl_categorical(q, p)) == pytest.approx(np.log(2))


def test_categorical_meets_cross_entropy(rng):
    """Cross-entropy is KL(p || q) plus the entropy of p, which is 0 where p is one-hot."""
    scores, labels = tg.Tensor(rng.normal(size=(6, 4))), rng.integers(4, size=6)
    rows, = on_device(np.eye(4)[labels])
    kl = tg.kl_categorical(rows, tg.softmax(scores)).mean()
    loss = tg.cross_entropy(scores, xp.asarray(labels))
    assert float(kl) == pytest.approx(float(loss), rel=1e-12)
    by_kl, by_loss = tg.grad(kl, scores), tg.grad(loss, scores)
    assert numbers(by_kl) == pytest.approx(numbers(by_loss), rel=1e-9, abs=1e-12)

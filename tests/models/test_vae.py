"""The VAEs: the whole loss by finite differences eps held fixed, and what the ELBO promises."""
import pytest

import tinygen as tg
from models import vae
from models.parts import noise
from models.vae import Config, ConvVAE, DenseVAE
from tinygen import to_numpy
from tinygen.backend import np, xp
from tinygen.check.gradients import GradientError

SIZE = 8


def dense(config, rng):
    return DenseVAE(config, hidden=5, rng=rng)


def conv(config, rng):
    return ConvVAE(config, channels=(2, 3), hidden=6, rng=rng)


every_vae = pytest.mark.parametrize("build", [dense, conv])


def images(rng, count=2, channels=1, dtype="float32"):
    return xp.asarray(rng.random((count, channels, SIZE, SIZE)).astype(dtype))


# ---- gradients of the whole loss ----

@every_vae
@pytest.mark.parametrize(("classes", "beta"), [(0, 1.0), (0, 4.0), (3, 1.0)])
def test_gradient_of_the_loss_by_every_parameter(build, classes, beta, rng):
    model = build(Config(2, SIZE, classes=classes, beta=beta), rng).astype("float64")
    x, eps = images(rng, dtype="float64"), noise(2, 2, rng=rng).astype("float64")
    y = np.array([2, 0]) if classes else None
    rows = tg.check_model_gradients(model, lambda: vae.loss(model, x, eps, y), order=2)
    checked = {(row.argument, row.order) for row in rows}
    assert checked >= {(name, order) for name, _ in model.named_parameters() for order in (1, 2)}


@every_vae
def test_a_wrong_gradient_is_found(build, rng):
    model = build(Config(2, SIZE), rng).astype("float64")
    x, eps = images(rng, dtype="float64"), noise(2, 2, rng=rng).astype("float64")

    def exp(x):
        return xp.exp(x), lambda g, y, x: 1.01 * g * y

    with tg.ops.exp.replaced(by=exp), pytest.raises(GradientError, match="is wrong at order 1"):
        tg.check_model_gradients(model, lambda: vae.loss(model, x, eps), order=1)


# ---- the reparameterization trick ----

def test_z_has_the_mean_and_the_standard_deviation_of_the_heads(rng):
    eps = xp.asarray(rng.standard_normal((100_000, 2)))
    mean, logvar = (xp.zeros_like(eps) + xp.asarray(head) for head in ([3.0, -1.0], [-2.0, 1.0]))
    z = to_numpy(vae.reparameterize(mean, logvar, eps))
    np.testing.assert_allclose(z.mean(axis=0), [3, -1], atol=0.02)
    np.testing.assert_allclose(z.std(axis=0), np.exp([-1, 0.5]), rtol=0.02)


def test_no_gradient_goes_into_eps(rng):
    eps = noise(4, 3, rng=rng)
    mean = tg.Tensor(to_numpy(noise(4, 3, rng=rng)))
    z = vae.reparameterize(mean, mean, eps)
    assert not isinstance(eps, tg.Tensor) and z.requires_grad
    z.sum().backward()
    expected = 1 + 0.5 * np.exp(0.5 * to_numpy(mean)) * to_numpy(eps)
    np.testing.assert_allclose(to_numpy(mean.grad), expected, rtol=1e-5)


def test_without_noise_z_is_the_mean(rng):
    mean = noise(4, 3, rng=rng)
    assert np.array_equal(to_numpy(vae.reparameterize(mean, mean, xp.zeros_like(mean))),
                          to_numpy(mean))


# ---- the ELBO ----

@every_vae
def test_terms_are_sums_over_pixels_and_latents_and_means_over_the_batch(build, rng):
    model, x, eps = build(Config(3, SIZE), rng), images(rng, 4), noise(4, 3, rng=rng)
    logits, mean, logvar = (to_numpy(a).astype("float64") for a in model(x, eps))
    p = 1 / (1 + np.exp(-logits))
    pixels = -to_numpy(x) * np.log(p) - (1 - to_numpy(x)) * np.log(1 - p)
    latents = 0.5 * (mean ** 2 + np.exp(logvar) - 1 - logvar)
    reconstruction, kl = vae.elbo_terms(model, x, eps)
    assert reconstruction.item() == pytest.approx(pixels.sum() / 4, rel=1e-5)
    assert kl.item() == pytest.approx(latents.sum() / 4, rel=1e-4)


def test_beta_weighs_the_kl(rng):
    model, x, eps = conv(Config(3, SIZE, beta=2.5), rng), images(rng), noise(2, 3, rng=rng)
    reconstruction, kl = (term.item() for term in vae.elbo_terms(model, x, eps))
    assert vae.loss(model, x, eps).item() == pytest.approx(reconstruction + 2.5 * kl, rel=1e-5)


def test_the_elbo_is_a_lower_bound_of_log_p(rng):
    """With one latent, log p(x) is an integral that a grid can do."""
    model = dense(Config(1, SIZE), rng).astype("float64")
    for p in model.parameters():
        p.data *= 3  # away from where z hardly matters, and the bound is tight by itself
    x = images(rng, 1, dtype="float64")
    z = np.linspace(-8, 8, 4001)[:, None]
    with tg.no_grad():
        logits = to_numpy(model.decode(xp.asarray(z))).reshape(len(z), -1)
    pixels = to_numpy(x).reshape(-1)
    log_px_given_z = (pixels * logits - np.logaddexp(0, logits)).sum(axis=1)
    log_prior = -0.5 * z[:, 0] ** 2 - 0.5 * np.log(2 * np.pi)
    joint = log_px_given_z + log_prior
    log_px = joint.max() + np.log(np.exp(joint - joint.max()).sum() * (z[1, 0] - z[0, 0]))
    with tg.no_grad():
        elbos = [-float(to_numpy(sum(vae.elbo_terms(model, x, xp.asarray([[eps]])))))
                 for eps in rng.standard_normal(2000)]
    error = np.std(elbos) / len(elbos) ** 0.5
    assert np.mean(elbos) < log_px + 3 * error
    assert np.mean(elbos) > log_px - 50  # and it is a bound of this very number


# ---- shapes, classes, samples ----

@every_vae
@pytest.mark.parametrize("channels", [1, 3])
def test_logits_of_an_image_come_out(build, channels, rng):
    model = build(Config(3, SIZE, channels), rng)
    logits, mean, logvar = model(images(rng, 5, channels), noise(5, 3, rng=rng))
    assert logits.shape == (5, channels, SIZE, SIZE) and logits.dtype == "float32"
    assert mean.shape == logvar.shape == (5, 3)


def test_default_sizes(rng):
    x = xp.zeros((20, 1, 28, 28), "float32")
    for network in (DenseVAE, ConvVAE):
        model = network(rng=rng)
        assert model.encode(x)[0].shape == (20, 20)
        drawn = to_numpy(vae.sample(model, 20, rng=rng))
        assert 0.05 < drawn.mean() < 0.35  # about as dark as digits are, from the start
    assert [layer.weight.shape for layer in DenseVAE(rng=rng).encoder if hasattr(layer, "weight")
            ] == [(400, 784)]


@every_vae
def test_the_class_reaches_encoder_and_decoder(build, rng):
    model = build(Config(3, SIZE, classes=10), rng)
    x, z = images(rng), noise(2, 3, rng=rng)
    one, other = np.array([1, 1]), np.array([1, 7])
    for a, b in ((model.encode(x, one)[0], model.encode(x, other)[0]),
                 (model.decode(z, one), model.decode(z, other))):
        a, b = to_numpy(a), to_numpy(b)
        assert np.array_equal(a[0], b[0]) and not np.allclose(a[1], b[1])


@every_vae
def test_samples_are_probabilities_and_follow_the_seed(build, rng):
    model = build(Config(3, SIZE), rng)
    first, again, other = (to_numpy(vae.sample(model, 4, rng=np.random.default_rng(seed)))
                           for seed in (1, 1, 2))
    assert first.shape == (4, 1, SIZE, SIZE) and 0 <= first.min() and first.max() <= 1
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@every_vae
def test_reconstructions_are_decoded_means(build, rng):
    model, x = build(Config(3, SIZE), rng), images(rng)
    logits = to_numpy(model.decode(model.encode(x)[0]))
    again = vae.reconstruct(model, x)
    assert not again.requires_grad
    np.testing.assert_allclose(to_numpy(again), 1 / (1 + np.exp(-logits)), rtol=1e-5)


@every_vae
def test_training_lowers_the_loss(build, spots, rng):
    model = build(Config(3, SIZE), rng)
    optimizer = tg.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(100):
        loss = vae.loss(model, spots, noise(len(spots), 3, rng=rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


# ---- mistakes ----

@every_vae
@pytest.mark.parametrize(("classes", "y", "message"), [
    (0, [1, 2], "given labels"), (3, None, "given no labels"), (3, [0, 3], "3"),
    (3, [-1, 0], "-1"), (3, [0], "shape")])
def test_labels_that_do_not_fit(build, classes, y, message, rng):
    model = build(Config(3, SIZE, classes=classes), rng)
    with pytest.raises(ValueError, match=message):
        model(images(rng), noise(2, 3, rng=rng), None if y is None else np.array(y))


@every_vae
def test_pixels_that_are_no_probabilities(build, rng):
    """A forgotten /255 would train, towards a loss below 0."""
    model, x, eps = build(Config(3, SIZE), rng), images(rng), noise(2, 3, rng=rng)
    with pytest.raises(ValueError, match="bce_with_logits: .* from 0 to 1, .* divide pixels"):
        vae.loss(model, x * 255, eps)
    with pytest.raises(TypeError, match="must share one floating dtype, got .* uint8"):
        vae.loss(model, (x * 255).astype("uint8"), eps)


@every_vae
def test_images_and_noise_of_another_shape_are_refused(build, rng):
    model = build(Config(3, SIZE), rng)
    with pytest.raises(ValueError, match="channels|weights"):
        model(images(rng, channels=2), noise(2, 3, rng=rng))
    with pytest.raises(ValueError, match="shape"):
        model(images(rng), noise(2, 4, rng=rng))
    with pytest.raises(ValueError, match="shape"):
        model(images(rng), noise(1, 3, rng=rng))

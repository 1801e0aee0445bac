"""The GANs: both players' losses and the gradient penalty by finite differences, and the game."""
import copy

import pytest

import tinygen as tg
from models import gan
from models.gan import LOSSES, Config, gradient_penalty, packed, sample
from models.parts import noise
from tinygen import to_numpy
from tinygen.backend import np, xp
from tinygen.check.gradients import GradientError

LATENT = 3
POINTS, IMAGES = (2,), (1, 8, 8)


def mlp(rng, shape=POINTS, **settings):
    config = Config(LATENT, shape, **settings)
    return gan.MLPGenerator(config, (5, 4), rng=rng), gan.MLPDiscriminator(config, (5, 4), rng=rng)


def conv(rng, shape=IMAGES, **settings):
    config = Config(LATENT, shape, **settings)
    return gan.DCGenerator(config, (3, 2), rng=rng), gan.DCDiscriminator(config, (2, 3), rng=rng)


def conv_hidden(rng, shape=IMAGES, **settings):
    config = Config(LATENT, shape, **settings)
    return (gan.DCGenerator(config, (3, 2), hidden=4, rng=rng),
            gan.DCDiscriminator(config, (2, 3), hidden=4, rng=rng))


def mlp_on_images(rng, **settings):
    return mlp(rng, IMAGES, **settings)


every_gan = pytest.mark.parametrize("build", [mlp, mlp_on_images, conv])
every_loss = pytest.mark.parametrize("loss", LOSSES)


def draw(rng, shape, count=4, dtype="float32"):
    return xp.asarray(rng.random((count, *shape)).astype(dtype))


def check_every_parameter(model, loss, order=2):
    rows = tg.check_model_gradients(model, loss, order=order)
    checked = {(row.argument, row.order) for row in rows}
    assert checked >= {(name, order) for name, _ in model.named_parameters() for order in (1, 2)}


# ---- gradients of the whole losses ----

@every_gan
@every_loss
def test_gradient_of_the_discriminators_loss(build, loss, rng):
    generator, discriminator = (player.astype("float64") for player in build(rng))
    real = draw(rng, generator.config.shape, dtype="float64")
    fake = generator(noise(4, LATENT, rng=rng).astype("float64")).data
    check_every_parameter(discriminator,
                          lambda: LOSSES[loss][0](discriminator(real), discriminator(fake)))


@every_gan
@every_loss
def test_gradient_of_the_generators_loss(build, loss, rng):
    generator, discriminator = (player.astype("float64") for player in build(rng))
    z = noise(4, LATENT, rng=rng).astype("float64")
    check_every_parameter(generator, lambda: LOSSES[loss][1](discriminator(generator(z))))


@pytest.mark.parametrize("build", [mlp, conv_hidden])
@pytest.mark.parametrize("settings", [{"classes": 3}, {"pack": 2}, {"minibatch_features": 2},
                                      {"spectral_norm": True}, {"batch_norm": True}])
def test_gradients_with_each_setting(build, settings, rng):
    generator, discriminator = (player.astype("float64") for player in build(rng, **settings))
    discriminator.eval()  # spectral norm's vectors stay as they are
    if "batch_norm" in settings:  # features that hardly vary are blown up, and so is rounding
        for p in [*generator.parameters(), *discriminator.parameters()]:
            p.data *= 4
    real = draw(rng, generator.config.shape, 8, "float64")
    z = noise(8, LATENT, rng=rng).astype("float64")
    y = np.array([0, 2, 1, 2, 1, 1, 0, 2]) if "classes" in settings else None
    fake = generator(z, y).data
    check_every_parameter(
        discriminator,
        lambda: gan.discriminator_loss(discriminator(real, y), discriminator(fake, y)))
    check_every_parameter(
        generator, lambda: gan.non_saturating_loss(discriminator(generator(z, y), y)))


@every_gan
@pytest.mark.parametrize("settings", [{}, {"classes": 3}, {"pack": 2}])
def test_gradient_of_the_gradient_penalty(build, settings, rng):
    """The penalty holds a first derivative: at order 2 these are its third ones."""
    discriminator = build(rng, **settings)[1].astype("float64")
    real, fake = (draw(rng, discriminator.config.shape, dtype="float64") for _ in range(2))
    y = np.array([0, 2, 1, 2]) if "classes" in settings else None

    def penalty():
        return gradient_penalty(discriminator, real, fake, y, rng=np.random.default_rng(1))
    check_every_parameter(discriminator, penalty)


def test_a_penalty_without_its_double_backward_is_found(rng):
    """Taken as a constant, the slope would give every parameter a gradient of zero."""
    discriminator = mlp(rng)[1].astype("float64")
    x = draw(rng, POINTS, dtype="float64")

    def penalty():
        leaf = tg.Tensor(x)
        slope = tg.grad(discriminator(leaf).sum(), leaf)
        return (discriminator(x) * 0).sum() + ((slope ** 2).sum(axis=1) ** 0.5 - 1).sum()
    with pytest.raises(GradientError):
        tg.check_model_gradients(discriminator, penalty, order=1)


# ---- the gradient penalty ----

def test_the_penalty_of_a_linear_critic(rng):
    """Of D(x) = w·x the slope is w everywhere, so the penalty is (|w| - 1)²."""
    discriminator = gan.MLPDiscriminator(Config(LATENT, (3,)), (), rng=rng)
    w = np.array([[2.0, -3.0, 6.0]], "float32")
    discriminator.load_state_dict({"layers.0.weight": w, "layers.0.bias": np.zeros(1)})
    real, fake = draw(rng, (3,)), draw(rng, (3,))
    penalty = gradient_penalty(discriminator, real, fake, rng=rng)
    assert penalty.item() == pytest.approx(36, rel=1e-5)


def test_the_penalty_is_about_each_example_by_itself(rng):
    """|slope| of each example, and not of the batch: for n examples it stays the same."""
    discriminator = mlp(rng)[1].astype("float64")
    real = draw(rng, POINTS, 1, "float64")
    one = gradient_penalty(discriminator, real, real, rng=rng).item()
    many = gradient_penalty(discriminator, xp.concatenate([real] * 6), xp.concatenate([real] * 6),
                            rng=rng).item()
    assert many == pytest.approx(one, rel=1e-9)


def test_the_penalty_of_a_critic_without_any_slope(rng):
    """It asks for slope 1, and has a gradient that is finite, although |0| has none."""
    discriminator = mlp(rng)[1].astype("float64")
    for p in discriminator.parameters():
        p.data = p.data * 0
    real, fake = (draw(rng, POINTS, dtype="float64") for _ in range(2))
    penalty = gradient_penalty(discriminator, real, fake, rng=rng)
    assert penalty.item() == pytest.approx((1 - 1e-6) ** 2, abs=1e-8)
    for gradient in tg.grad(penalty, discriminator.parameters()):
        assert np.isfinite(to_numpy(gradient)).all()


def test_the_penalty_looks_between_real_and_fake(rng):
    """Slope 1 between them and another beyond: the penalty must not see beyond."""
    seen = []

    class Watched(gan.MLPDiscriminator):
        def forward(self, x, y=None):
            seen.append(to_numpy(x))
            return super().forward(x, y)

    discriminator = Watched(Config(LATENT, POINTS), rng=rng)
    real, fake = xp.zeros((200, 2), "float32"), xp.ones((200, 2), "float32")
    gradient_penalty(discriminator, real, fake, rng=rng)
    points, = seen
    np.testing.assert_allclose(points[:, 0], points[:, 1])
    assert 0 <= points.min() < 0.05 and 0.95 < points.max() <= 1


def test_the_penalty_refuses_what_is_not_about_each_example_by_itself(rng):
    real, fake = draw(rng, POINTS), draw(rng, POINTS)
    for settings in ({"batch_norm": True}, {"minibatch_features": 2}):
        with pytest.raises(ValueError, match="depends on the batch"):
            gradient_penalty(mlp(rng, **settings)[1], real, fake, rng=rng)
    with pytest.raises(ValueError, match=r"same shape, got \(4, 2\) and \(1, 2\)"):
        gradient_penalty(mlp(rng)[1], real, fake[:1], rng=rng)


# ---- the losses ----

def test_the_games_value():
    real, fake = xp.asarray(np.array([0.3, -1.2])), xp.asarray(np.array([0.8, 2.0, -0.5]))
    d_real, d_fake = (1 / (1 + np.exp(-to_numpy(s))) for s in (real, fake))
    expected = np.log(d_real).mean() + np.log(1 - d_fake).mean()
    assert gan.game_value(real, fake).item() == pytest.approx(expected)
    assert gan.discriminator_loss(real, fake).item() == pytest.approx(-expected)
    assert gan.saturating_loss(fake).item() == pytest.approx(np.log(1 - d_fake).mean())
    assert gan.non_saturating_loss(fake).item() == pytest.approx(-np.log(d_fake).mean())


def test_a_discriminator_that_cannot_tell_gives_minus_log_4():
    assert gan.game_value(xp.zeros(5), xp.zeros(5)).item() == pytest.approx(-np.log(4))


def test_least_squares_and_wasserstein():
    real, fake = xp.asarray(np.array([0.5, 1.5])), xp.asarray(np.array([0.2, -1.0]))
    assert gan.least_squares_discriminator_loss(real, fake).item() == pytest.approx(
        0.5 * 0.25 + 0.5 * (0.04 + 1) / 2)
    assert gan.least_squares_loss(fake).item() == pytest.approx(0.5 * (0.64 + 4) / 2)
    assert gan.critic_loss(real, fake).item() == pytest.approx(-0.4 - 1)
    assert gan.wasserstein_loss(fake).item() == pytest.approx(0.4)


def test_slopes_where_fakes_are_found_out():
    """The saturating loss gives D(G(z)), next to nothing; the other keeps nearly 1."""
    scores = tg.Tensor(np.full(1, -20.0))
    assert abs(tg.grad(gan.saturating_loss(scores), scores).item()) < 1e-8
    assert tg.grad(gan.non_saturating_loss(scores), scores).item() == pytest.approx(-1)


def test_losses_of_extreme_scores_are_finite():
    scores = xp.asarray(np.array([-1e4, 1e4], "float32"))
    for d_loss, g_loss in LOSSES.values():
        assert np.isfinite(d_loss(scores, scores).item()) and np.isfinite(g_loss(scores).item())


# ---- shapes and settings ----

def state(player):
    return copy.deepcopy(player.state_dict())


def equal(before, player):
    after = player.state_dict()
    return all(np.array_equal(before[name], after[name]) for name in before)


@every_gan
@pytest.mark.parametrize("settings", [{}, {"classes": 3}, {"minibatch_features": 2},
                                      {"spectral_norm": True}, {"batch_norm": True}])
def test_one_score_for_each_example(build, settings, rng):
    generator, discriminator = build(rng, **settings)
    y = np.array([0, 2, 1, 1]) if "classes" in settings else None
    x = generator(noise(4, LATENT, rng=rng), y)
    assert x.shape == (4, *generator.config.shape) and x.dtype == "float32"
    assert discriminator(x, y).shape == (4,)


@every_gan
def test_one_score_for_each_pack(build, rng):
    generator, discriminator = build(rng, pack=2)
    x = generator(noise(6, LATENT, rng=rng))
    scores = to_numpy(discriminator(x))
    assert scores.shape == (3,)
    apart = to_numpy(discriminator(x.data[2:4]))
    np.testing.assert_allclose(scores[1], apart[0], rtol=1e-5)
    with pytest.raises(ValueError, match="multiple of 2, got 5"):
        discriminator(x.data[:5])


def test_packs_are_neighbours():
    x = xp.arange(12).reshape(4, 3)
    assert to_numpy(packed(x, 2)).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


@every_gan
def test_the_class_reaches_both(build, rng):
    generator, discriminator = build(rng, classes=3)
    z, one, other = noise(2, LATENT, rng=rng), np.array([1, 1]), np.array([1, 2])
    x = sample_of(generator, z, one)
    assert not np.allclose(to_numpy(generator.eval()(z, one))[1],
                           to_numpy(generator(z, other))[1])
    assert not np.allclose(to_numpy(discriminator(x, one))[1], to_numpy(discriminator(x, other))[1])


def sample_of(generator, z, y):
    with tg.no_grad():
        return generator(z, y).data


@pytest.mark.parametrize("build", [mlp, conv_hidden])
def test_spectral_norm_is_in_every_layer(build, rng):
    """Larger weights make no larger score, but for the biases, which are not normed."""
    discriminator = build(rng, spectral_norm=True)[1].eval()
    x = draw(rng, discriminator.config.shape)
    for name, p in discriminator.named_parameters():
        if name.endswith("bias"):
            p.data *= 0
    before = to_numpy(discriminator(x))
    for p in discriminator.parameters():
        p.data *= 3
        np.testing.assert_allclose(to_numpy(discriminator(x)), before, rtol=1e-4)


@pytest.mark.parametrize("build", [mlp, conv_hidden])
def test_batch_norm_is_over_the_batch_at_hand(build, rng):
    """Also in evaluation, and in all inner layers but the first and the last."""
    generator, discriminator = build(rng, batch_norm=True)
    x = generator(noise(8, LATENT, rng=rng)).data
    scores = to_numpy(discriminator(x))
    assert np.array_equal(to_numpy(discriminator.eval()(x)), scores)
    assert not np.allclose(to_numpy(discriminator(x[:4])), scores[:4])
    kinds = [type(layer).__name__ for layer in discriminator.layers]
    assert sum("BatchNorm" in kind for kind in kinds) == kinds.count("LeakyReLU") - 1
    assert kinds[1] == "LeakyReLU" and kinds[-1] == "Linear"


def test_default_sizes(rng):
    z = noise(20, 64, rng=rng)
    x = gan.DCGenerator(rng=rng)(z)
    assert x.shape == (20, 1, 28, 28) and gan.DCDiscriminator(rng=rng)(x).shape == (20,)
    for generator in (gan.DCGenerator(rng=rng), gan.MLPGenerator(rng=rng)):
        assert 0.05 < to_numpy(generator(z)).mean() < 0.35  # about as dark as digits are


@every_gan
def test_samples_leave_the_generator_as_it_was(build, rng):
    generator = build(rng)[0]
    before = state(generator)
    first, again = (to_numpy(sample(generator, 5, rng=np.random.default_rng(3))) for _ in range(2))
    assert first.shape == (5, *generator.config.shape) and np.array_equal(first, again)
    assert equal(before, generator) and generator.training
    sample(generator.eval(), 5, rng=rng)
    assert not generator.training
    assert not sample(generator, 5, rng=rng).requires_grad


# ---- mistakes ----

@every_gan
@pytest.mark.parametrize(("classes", "y", "message"), [
    (0, [1, 2], "given labels"), (3, None, "given no labels"), (3, [0, 3], "3"),
    (3, [-1, 0], "-1")])
def test_labels_that_do_not_fit(build, classes, y, message, rng):
    generator, discriminator = build(rng, classes=classes)
    y = None if y is None else np.array(y)
    with pytest.raises(ValueError, match=message):
        generator(noise(2, LATENT, rng=rng), y)
    with pytest.raises(ValueError, match=message):
        discriminator(draw(rng, generator.config.shape, 2), y)

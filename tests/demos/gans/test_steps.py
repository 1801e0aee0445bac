"""The two training steps of a GAN: what each changes, what it leaves alone, and its meters."""
import copy
import pickle

import pytest

import tinygen as tg
from demos.gans.parts.steps import discriminator_step, generator_step
from models import gan
from models.gan import LOSSES, Config, gradient_penalty
from models.parts import noise
from tinygen import to_numpy
from tinygen.backend import np, xp

LATENT = 3
POINTS, IMAGES = (2,), (1, 8, 8)


def mlp(rng, shape=POINTS, **settings):
    config = Config(LATENT, shape, **settings)
    return gan.MLPGenerator(config, (5, 4), rng=rng), gan.MLPDiscriminator(config, (5, 4), rng=rng)


def mlp_on_images(rng, **settings):
    return mlp(rng, IMAGES, **settings)


def conv(rng, **settings):
    config = Config(LATENT, IMAGES, **settings)
    return gan.DCGenerator(config, (3, 2), rng=rng), gan.DCDiscriminator(config, (2, 3), rng=rng)


every_gan = pytest.mark.parametrize("build", [mlp, mlp_on_images, conv])
every_loss = pytest.mark.parametrize("loss", LOSSES)


def examples(rng, shape, count=4):
    return xp.asarray(rng.random((count, *shape)).astype("float32"))


def state(player):
    return copy.deepcopy(player.state_dict())


def equal(before, player):
    after = player.state_dict()
    return all(np.array_equal(before[name], after[name]) for name in before)


def players(build, rng, **settings):
    generator, discriminator = build(rng, **settings)
    return generator, discriminator, *(tg.optim.Adam(player.parameters(), lr=1e-2)
                                       for player in (generator, discriminator))


@every_gan
@pytest.mark.parametrize("settings", [{}, {"spectral_norm": True}, {"minibatch_features": 2},
                                      {"batch_norm": True}])
def test_the_generators_step_leaves_the_discriminator_untouched(build, settings, rng):
    generator, discriminator, g_optimizer, d_optimizer = players(build, rng, **settings)
    x, z = examples(rng, generator.config.shape), noise(4, LATENT, rng=rng)
    d_loss, g_loss = LOSSES["non-saturating"]
    discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z)
    g_before, d_before = state(generator), state(discriminator)
    gradients = [to_numpy(p.grad).copy() for p in discriminator.parameters()]
    optimizer = pickle.dumps(d_optimizer.state_dict())
    generator_step(generator, discriminator, g_optimizer, g_loss, z)
    assert equal(d_before, discriminator) and not equal(g_before, generator)
    for p, gradient in zip(discriminator.parameters(), gradients, strict=True):
        assert np.array_equal(to_numpy(p.grad), gradient)
    assert pickle.dumps(d_optimizer.state_dict()) == optimizer
    assert all(module.training for _, module in discriminator.named_modules())


@every_gan
def test_the_discriminators_step_leaves_the_generators_parameters_untouched(build, rng):
    generator, discriminator, _, optimizer = players(build, rng)
    before = [to_numpy(p).copy() for p in generator.parameters()]
    d_before = state(discriminator)
    discriminator_step(generator, discriminator, optimizer, gan.discriminator_loss,
                       examples(rng, generator.config.shape), noise(4, LATENT, rng=rng))
    assert all(np.array_equal(a, to_numpy(p)) for a, p in zip(before, generator.parameters()))
    assert all(p.grad is None for p in generator.parameters())
    assert not equal(d_before, discriminator)


def test_real_and_fake_are_judged_in_batches_of_their_own(rng):
    generator, discriminator, _, optimizer = players(mlp, rng)
    sizes, forward = [], discriminator.forward
    discriminator.forward = lambda x, y=None: (sizes.append(x.shape[0]), forward(x, y))[1]
    discriminator_step(generator, discriminator, optimizer, gan.discriminator_loss,
                       examples(rng, POINTS, 6), noise(4, LATENT, rng=rng))
    assert sizes == [6, 4]


@every_loss
def test_meters_are_probabilities_or_scores(loss, rng):
    """Of the real batch and of the fake one, as D is before its step."""
    generator, discriminator, _, optimizer = players(mlp, rng)
    x, z = examples(rng, POINTS), noise(4, LATENT, rng=rng)
    expected = {"d_real": discriminator(x), "d_fake": discriminator(generator(z))}
    meters = discriminator_step(generator, discriminator, optimizer, LOSSES[loss][0], x, z)
    for name, scores in expected.items():
        scores = to_numpy(scores)
        if "saturating" in loss:
            scores = 1 / (1 + np.exp(-scores))
        assert float(meters[name]) == pytest.approx(scores.mean(), rel=1e-4)


@every_gan
@every_loss
def test_each_step_lowers_its_loss(build, loss, rng):
    generator, discriminator, g_optimizer, d_optimizer = players(build, rng)
    x, z = examples(rng, generator.config.shape, 16), noise(16, LATENT, rng=rng)
    d_loss, g_loss = LOSSES[loss]
    d = [discriminator_step(generator, discriminator, d_optimizer, d_loss, x, z) for _ in range(20)]
    g = [generator_step(generator, discriminator, g_optimizer, g_loss, z) for _ in range(20)]
    assert d[-1]["d_loss"].item() < d[0]["d_loss"].item()
    assert g[-1]["g_loss"].item() < g[0]["g_loss"].item()
    assert d[0]["d_grad"] > 0 and g[0]["g_grad"] > 0


def test_a_step_takes_the_penalty_between_its_real_and_its_fake_batch(rng):
    generator, discriminator, _, optimizer = players(mlp, rng)
    seen, forward = [], discriminator.forward
    discriminator.forward = lambda x, y=None: (seen.append(to_numpy(x)), forward(x, y))[1]
    discriminator_step(generator, discriminator, optimizer, gan.critic_loss, examples(rng, POINTS),
                       noise(4, LATENT, rng=rng), penalty=1.0, rng=rng)
    real, fake, points = seen
    share = (points - fake) / (real - fake)
    np.testing.assert_allclose(share[:, 0], share[:, 1], rtol=1e-3)
    assert 0 < share.min() and share.max() < 1


def test_a_step_with_the_penalty_moves_the_slope_to_one(rng):
    generator, discriminator, _, optimizer = players(mlp, rng)
    x, z = examples(rng, POINTS, 64), noise(64, LATENT, rng=rng)
    for _ in range(200):
        discriminator_step(generator, discriminator, optimizer, gan.critic_loss, x, z, penalty=10.0,
                           rng=rng)
    assert gradient_penalty(discriminator, x, generator(z).data, rng=rng).item() < 0.1

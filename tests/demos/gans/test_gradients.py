"""What a generator can learn from: its gradient, the noise in it, the judge's landscape."""
import math

import pytest

import tinygen as tg
from demos.gans.parts.flight import grad_norm
from demos.gans.parts.gradients import (
    LINE,
    divergence,
    gradient_noise,
    gradient_norm,
    scores_on_line,
)
from models.gan import (
    Config,
    MLPDiscriminator,
    MLPGenerator,
    non_saturating_loss,
    saturating_loss,
)
from models.parts import noise
from tinygen import to_numpy
from tinygen.backend import np


@pytest.fixture
def players(rng):
    config = Config(2, (2,))
    return (MLPGenerator(config, (64, 64, 64), rng=rng),
            MLPDiscriminator(config, (64, 64), rng=rng))


def test_the_generators_gradient_is_what_backward_gives(players, rng):
    generator, discriminator = players
    z = noise(16, 2, rng=rng)
    found = gradient_norm(generator, discriminator, saturating_loss, z)
    saturating_loss(discriminator(generator(z))).backward(inputs=list(generator.parameters()))
    assert found == pytest.approx(grad_norm(generator.parameters()), rel=1e-5)


def test_a_sure_discriminator_takes_away_the_saturating_gradient_only(players, rng):
    generator, discriminator = players
    z = noise(16, 2, rng=rng)
    bias = list(discriminator.parameters())[-1]
    before, after = [], []
    for norms, shift in ((before, 0), (after, -10)):
        bias.data += shift
        norms += [gradient_norm(generator, discriminator, loss, z)
                  for loss in (saturating_loss, non_saturating_loss)]
    assert after[0] < before[0] * 1e-3 and after[1] > before[1]


def test_gradient_noise_falls_with_the_batch(players, rng):
    small, large = [gradient_noise(*players, non_saturating_loss, batch, rng)
                    for batch in (8, 512)]
    assert 0 < 3 * large < small


def test_the_divergence_runs_from_0_to_log_2():
    assert divergence(-math.log(4)) == 0
    assert divergence(0) == pytest.approx(math.log(2))


def test_the_line_goes_through_two_modes_and_the_middle(players):
    _, discriminator = players
    scores = scores_on_line(discriminator)
    middle = np.abs(LINE).argmin()
    with tg.no_grad():
        expected = to_numpy(discriminator(tg.Tensor(np.zeros((1, 2), np.float32))).data)
    assert scores.shape == LINE.shape
    assert scores[middle] == pytest.approx(expected[0], abs=1e-5)

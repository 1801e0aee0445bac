"""The digits' GAN: how it is judged, and the options that it refuses."""
import math

import pytest

from demos.gans import gan_digits
from models.gan import Config, DCGenerator
from models.parts import noise
from tinygen.backend import np


def test_class_entropy_counts_the_likeliest_classes_only():
    unsure = np.full((20, 10), 0.05)
    unsure[np.arange(20), np.arange(20) % 10] = 0.55
    assert gan_digits.class_entropy(unsure) == pytest.approx(math.log(10))
    assert gan_digits.class_entropy(unsure[[0, 10]]) == 0  # one class, however unsure
    assert gan_digits.class_entropy(np.eye(10)[[1, 1, 1, 7]]) == pytest.approx(
        -0.75 * math.log(0.75) - 0.25 * math.log(0.25))


def test_the_image_of_a_z_does_not_depend_on_the_others(rng):
    generator = DCGenerator(Config(3, (1, 8, 8)), (3, 2), rng=rng)
    z = noise(6, 3, rng=rng)
    alone, among = gan_digits.generate(generator, z[:2]), gan_digits.generate(generator, z)[:2]
    np.testing.assert_allclose(alone, among, rtol=1e-5)
    assert generator.training

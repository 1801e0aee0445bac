"""The demo vae_conditional: codes decoded with labels, its options."""
import pytest

from demos.vaes import vae_conditional
from models.vae import Config, DenseVAE, generate
from tinygen.backend import np, to_numpy, xp


def test_each_code_is_decoded_with_each_label(rng):
    model = DenseVAE(Config(3, 8, classes=10), hidden=7, rng=rng)
    z = rng.standard_normal((4, 3)).astype("float32")
    images = vae_conditional.generate_classes(model, z, [7, 2])
    assert images.shape == (4, 2, 1, 8, 8)
    for column, digit in enumerate([7, 2]):
        alone = to_numpy(generate(model, xp.asarray(z), np.full(4, digit)))
        np.testing.assert_allclose(images[:, column], alone, rtol=1e-5)
    assert np.array_equal(vae_conditional.flat(images)[3], images[1, 1])


@pytest.mark.parametrize("options, words", [
    ("--digit 10", "--digit takes one or more digits from 0 to 9; got 10"),
    ("--digit 3 -1", "got 3 -1"), ("--classifier-steps 0", "--classifier-steps"),
    ("--data own.npz", "there is no data set 'own.npz'")])
def test_bad_options_are_one_line(options, words, own_file, refusal):
    assert words in refusal(vae_conditional, options)

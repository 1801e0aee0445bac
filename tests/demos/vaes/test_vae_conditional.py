"""The demo vae_conditional: codes decoded with labels, its options."""

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

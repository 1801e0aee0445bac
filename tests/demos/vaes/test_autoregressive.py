"""The autoregressive VAE: its gradients, what each pixel sees, and what it samples."""
import pytest

import tinygen as tg
from demos.vaes.parts.autoregressive import SIZE, AutoregressiveVAE, pixels_before, small_ink
from models import vae
from models.parts import noise
from models.vae import Config
from tinygen.backend import np, to_numpy, xp

SMALL = 4


def build(rng, skip=False, reach=None):
    return AutoregressiveVAE(Config(2, SMALL), 5, reach, skip, rng=rng)


def ink(rng, count=3):
    return (rng.random((count, 1, SMALL, SMALL)) > 0.5).astype("float32")


@pytest.mark.parametrize("skip", [False, True])
def test_gradient_of_the_loss_by_every_parameter(skip, rng):
    model = build(rng, skip).astype("float64")
    x, eps = xp.asarray(ink(rng).astype("float64")), noise(3, 2, rng=rng).astype("float64")
    tg.check_model_gradients(model, lambda: vae.loss(model, x, eps), order=1)


@pytest.mark.parametrize("reach", [None, 1])
def test_a_pixel_is_predicted_from_none_that_follow_it(reach, rng):
    """Else it could copy itself, and the loss would be no probability."""
    model, x, z = build(rng, reach=reach), ink(rng, 1), noise(1, 2, rng=rng)
    mean, logvar = model.encode(xp.asarray(x))
    model.encode = lambda x, y=None: (mean, logvar)  # the code stays, only the decoder's x changes
    with tg.no_grad():
        before = to_numpy(model(xp.asarray(x), z)[0]).ravel()
        for i in range(SMALL ** 2):
            changed = x.copy()
            changed.reshape(-1)[i] = 1 - changed.reshape(-1)[i]
            after = to_numpy(model(xp.asarray(changed), z)[0]).ravel()
            seen_by = np.flatnonzero(after != before)
            assert (seen_by > i).all()
            if reach:
                row, column = np.divmod(seen_by, SMALL)
                assert (abs(row - i // SMALL) <= 1).all() and (abs(column - i % SMALL) <= 1).all()


def test_every_pixel_before_is_seen():
    assert pixels_before(3).sum() == 9 * 8 / 2
    assert pixels_before(3, 1)[4].tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert pixels_before(3, 1)[8].tolist() == [0, 0, 0, 0, 1, 1, 0, 1, 0]


def test_samples_follow_the_probabilities_that_the_loss_is_made_of(rng):
    """Each pixel against its probability given the pixels before it, over 20,000 samples."""
    model = build(rng)
    model.before.weight.data *= 8
    z = xp.asarray(np.repeat(to_numpy(noise(1, 2, rng=rng)), 20_000, axis=0))
    samples = model.sample(z, rng)
    model.encode = lambda x, y=None: (z, xp.full(z.shape, -100.0, "float32"))
    with tg.no_grad():
        logits = to_numpy(model(xp.asarray(samples), xp.zeros_like(z))[0])
    error = (samples - 1 / (1 + np.exp(-logits))).reshape(len(samples), -1)  # (N, pixels)
    assert abs(error.mean(axis=0)).max() * len(samples) ** 0.5 / 0.5 < 4
    first = samples.reshape(len(samples), -1)[:, :1] - 0.5
    assert abs((error * first).mean(axis=0)[1:]).max() < 0.01  # no trace of the first pixel is left


def test_small_ink_is_ink_or_paper():
    x = np.zeros((1, 1, 28, 28), "float32")
    x[0, 0, 10:14, 6:8] = 0.9
    small = small_ink(x)
    assert small.shape == (1, 1, SIZE, SIZE)
    assert np.argwhere(small[0, 0]).tolist() == [[6, 4], [7, 4]]


def test_skips_bring_z_to_each_layer(rng):
    z = noise(3, 2, rng=rng)
    for skip in (False, True):
        model = build(rng, skip)
        model.layers[1].weight.data[:, :5] = 0  # nothing comes from the layer before
        logits = to_numpy(model.decode(z))
        assert np.allclose(logits[0], logits[1]) != skip

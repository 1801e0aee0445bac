"""The autoencoders: each loss by finite differences, every parameter, and what each promises."""
import pytest

import tinygen as tg
from models import autoencoder
from models.autoencoder import Config, ConvAutoencoder, DenseAutoencoder, PoolAutoencoder
from models.parts import interpolate_codes
from tinygen import to_numpy
from tinygen.backend import np, xp
from tinygen.check.gradients import GradientError

SIZE = 8


def dense(config, rng):
    return DenseAutoencoder(config, hidden=(7, 5), rng=rng)


def conv(config, rng):
    return ConvAutoencoder(config, channels=(2, 3), hidden=6, rng=rng)


def pool(config, rng):
    return PoolAutoencoder(config, channels=(3, 2), rng=rng)


every_autoencoder = pytest.mark.parametrize("build", [dense, conv, pool])
with_a_code = pytest.mark.parametrize("build", [dense, conv])


def images(rng, count=2, channels=1, dtype="float32"):
    return xp.asarray(rng.random((count, channels, SIZE, SIZE)).astype(dtype))


# ---- gradients of the whole loss ----

@every_autoencoder
@pytest.mark.parametrize(("in_channels", "out_channels"), [(1, 1), (1, 3)])
def test_gradient_of_the_loss_by_every_parameter(build, in_channels, out_channels, rng):
    config = Config(3, SIZE, in_channels, out_channels)
    model = build(config, rng).astype("float64")
    x = images(rng, channels=in_channels, dtype="float64")
    target = None if in_channels == out_channels else images(rng, 2, out_channels, "float64")
    rows = tg.check_model_gradients(model, lambda: autoencoder.loss(model, x, target), order=2)
    checked = {(row.argument, row.order) for row in rows}
    assert checked >= {(name, order) for name, _ in model.named_parameters() for order in (1, 2)}


@every_autoencoder
def test_a_wrong_gradient_is_found(build, rng):
    model = build(Config(3, SIZE), rng).astype("float64")
    x = images(rng, dtype="float64")

    def relu(x):
        return xp.maximum(x, 0), lambda g, y, x: 1.01 * g * (x > 0)

    with tg.ops.relu.replaced(by=relu), pytest.raises(GradientError, match="is wrong at order 1"):
        tg.check_model_gradients(model, lambda: autoencoder.loss(model, x), order=1)


# ---- shapes and values ----

@every_autoencoder
@pytest.mark.parametrize(("in_channels", "out_channels"), [(1, 1), (3, 1), (1, 3)])
def test_an_image_comes_out(build, in_channels, out_channels, rng):
    model = build(Config(3, SIZE, in_channels, out_channels), rng)
    y = model(images(rng, 5, in_channels))
    assert y.shape == (5, out_channels, SIZE, SIZE) and y.dtype == "float32"
    assert 0 <= to_numpy(y).min() and to_numpy(y).max() <= 1


@with_a_code
def test_the_code_has_its_size(build, rng):
    assert build(Config(3, SIZE), rng).encode(images(rng, 5)).shape == (5, 3)


def test_default_sizes(rng):
    x = xp.zeros((2, 1, 28, 28), "float32")
    for network in (DenseAutoencoder, ConvAutoencoder):
        assert network(rng=rng).encode(x).shape == (2, 16)
    assert PoolAutoencoder(rng=rng).encode(x)[0].shape == (2, 16, 7, 7)


@with_a_code
def test_first_images_are_dark(build, rng):
    assert 0.05 < to_numpy(build(Config(3, SIZE), rng)(images(rng, 5))).mean() < 0.25


@every_autoencoder
def test_same_seed_same_network(build):
    first, second = (build(Config(3, SIZE), np.random.default_rng(7)) for _ in range(2))
    for (name, p), (_, q) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        assert np.array_equal(to_numpy(p), to_numpy(q)), name


@every_autoencoder
def test_loss_is_the_mean_squared_error_against_what_is_wanted(build, rng):
    model, x, target = build(Config(3, SIZE), rng), images(rng), images(rng)
    y = to_numpy(model(x))
    for wanted, loss in ((x, autoencoder.loss(model, x)),
                         (target, autoencoder.loss(model, x, target))):
        assert loss.item() == pytest.approx(((y - to_numpy(wanted)) ** 2).mean(), rel=1e-5)


# ---- the code ----

@with_a_code
def test_the_decoder_works_without_the_encoder(build, rng):
    model, x = build(Config(3, SIZE), rng), images(rng)
    z, whole = model.encode(x), model(x)
    del model.encoder
    assert np.array_equal(to_numpy(model.decode(z)), to_numpy(whole))
    assert model.decode(xp.ones((4, 3), "float32")).shape == (4, 1, SIZE, SIZE)


@with_a_code
def test_interpolation_starts_and_ends_at_its_codes(build, rng):
    model = build(Config(3, SIZE), rng)
    z = model.encode(images(rng)).data
    path = autoencoder.interpolate(model, z[0], z[1], steps=5)
    assert path.shape == (5, 1, SIZE, SIZE) and not path.requires_grad
    np.testing.assert_allclose(to_numpy(path)[[0, -1]], to_numpy(model.decode(z)), atol=1e-6)
    assert interpolate_codes(z, z, steps=5).shape == (5, 2, 3)


@pytest.mark.parametrize(("code_size", "count"), [(1, 50), (3, 50), (3, 2)])
def test_samples_follow_the_codes_they_are_fitted_to(code_size, count, rng):
    model = conv(Config(code_size, SIZE), rng)
    codes = xp.asarray(rng.normal(5, 1e-4, (count, code_size)).astype("float32"))  # nearly a point
    new = autoencoder.sample(model, codes, 4, rng=rng)
    assert new.shape == (4, 1, SIZE, SIZE) and new.dtype == "float32" and not new.requires_grad
    at_the_point = to_numpy(model.decode(codes[:1]))
    np.testing.assert_allclose(to_numpy(new), np.repeat(at_the_point, 4, axis=0), atol=1e-3)


def test_samples_follow_the_seed(rng):
    model, codes = conv(Config(3, SIZE), rng), rng.standard_normal((50, 3)).astype("float32")
    first, again, other = (
        to_numpy(autoencoder.sample(model, codes, 4, rng=np.random.default_rng(seed)))
        for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


# ---- the indices that cross over ----

def test_unpooling_puts_maxima_back_where_they_came_from(rng):
    model, x = pool(Config(size=SIZE), rng), images(rng)
    _, (where, _) = model.encode(x)
    h = tg.relu(model.down1(x))
    maxima, expected = tg.max_pool2d(h, 2, return_indices=True)
    assert np.array_equal(to_numpy(where), to_numpy(expected))
    back, before = to_numpy(tg.max_unpool2d(maxima, where, 2)), to_numpy(h)
    kept = back != 0
    assert np.array_equal(back[kept], before[kept])
    assert kept.sum() == (to_numpy(maxima) != 0).sum()


def test_the_positions_matter_to_the_decoder(rng):
    model, x = pool(Config(size=SIZE), rng), images(rng)
    z, where = model.encode(x)
    elsewhere = model.encode(x[:, :, ::-1, ::-1])[1]
    assert not np.allclose(to_numpy(model.decode(z, where)), to_numpy(model.decode(z, elsewhere)))


# ---- training, saving ----

@every_autoencoder
def test_training_lowers_the_loss(build, spots, rng):
    model = build(Config(3, SIZE), rng)
    optimizer = tg.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(100):
        loss = autoencoder.loss(model, spots)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@every_autoencoder
def test_state_moves_to_another_network(build, rng):
    x, config = images(rng), Config(3, SIZE)
    first, second = build(config, rng), build(config, rng)
    assert not np.array_equal(to_numpy(first(x)), to_numpy(second(x)))
    second.load_state_dict(first.state_dict())
    assert np.array_equal(to_numpy(first(x)), to_numpy(second(x)))


# ---- mistakes ----

@every_autoencoder
def test_images_of_another_shape_are_refused(build, rng):
    model = build(Config(3, SIZE), rng)
    with pytest.raises(ValueError, match="channels|weights"):
        model(images(rng, channels=2))
    with pytest.raises(ValueError, match="shape"):
        autoencoder.loss(model, images(rng), images(rng, channels=3))

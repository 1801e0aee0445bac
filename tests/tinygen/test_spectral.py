"""SpectralNorm, by singular values."""
import copy

import pytest

import tinygen as tg
from tinygen import nn, to_numpy
from tinygen.backend import np, xp

LAYERS = {
    "Linear": (lambda rng: nn.Linear(6, 4, rng=rng), (5, 6), lambda w: w),
    "Conv1d": (lambda rng: nn.Conv1d(3, 4, 3, rng=rng), (2, 3, 6), lambda w: w.reshape(4, 9)),
    "Conv2d": (lambda rng: nn.Conv2d(2, 3, 2, rng=rng), (2, 2, 4, 4), lambda w: w.reshape(3, 8)),
    "ConvTranspose2d": (lambda rng: nn.ConvTranspose2d(2, 3, 2, rng=rng), (2, 2, 3, 3),
                        lambda w: w.swapaxes(0, 1).reshape(3, 8)),
}
each_layer = pytest.mark.parametrize("make, shape, matrix", LAYERS.values(), ids=LAYERS)


def settled(layer, x, rng):
    """The layer under SpectralNorm in float64 and evaluation, with u and v at their limit."""
    model = nn.SpectralNorm(layer, rng=rng, iterations=3000).astype("float64")
    model(x)
    return model.eval()


@each_layer
def test_the_weight_is_divided_by_its_largest_singular_value(make, shape, matrix, rng):
    layer = make(rng)
    model = nn.SpectralNorm(copy.deepcopy(layer), rng=rng).astype("float64")
    x = xp.asarray(rng.normal(size=shape))
    for _ in range(200):
        y = model(x)
    w = to_numpy(layer.weight).astype("float64")
    sigma = np.linalg.svd(matrix(w), compute_uv=False)[0]
    layer.astype("float64").weight.data /= sigma
    assert to_numpy(y) == pytest.approx(to_numpy(layer(x)), rel=1e-9, abs=1e-12)
    assert abs(sigma - 1) > 1e-3  # else dividing by it would not show
    assert np.array_equal(to_numpy(model.layer.weight), w)  # the layer keeps its own


@each_layer
def test_gradients_to_second_order(make, shape, matrix, rng):
    model = nn.SpectralNorm(make(rng), rng=rng).astype("float64").eval()
    x = xp.asarray(rng.normal(size=shape))
    tg.check_model_gradients(model, lambda: tg.tanh(model(x)), samples=4)


@each_layer
def test_the_gradient_is_that_of_dividing_by_the_singular_value(make, shape, matrix, rng):
    """Though u and v are held constant: against finite differences through numpy's svd."""
    x = xp.asarray(rng.normal(size=shape))
    model = settled(make(rng), x, rng)
    layer = model.layer
    g = rng.normal(size=model(x).shape)
    gradient = to_numpy(tg.grad(model(x), layer.weight, xp.asarray(g)))
    w, other = to_numpy(layer.weight), copy.deepcopy(layer)

    def loss(w):
        other.weight.data = xp.asarray(w / np.linalg.svd(matrix(w), compute_uv=False)[0])
        return (g * to_numpy(other(x))).sum()

    for _ in range(3):
        v = rng.normal(size=w.shape)
        slope = (loss(w + 1e-5 * v) - loss(w - 1e-5 * v)) / 2e-5
        assert (gradient * v).sum() == pytest.approx(slope, rel=1e-6)


def test_no_difference_is_stretched(rng):
    """Lipschitz constant 1, and the direction v is stretched by just that."""
    layer = nn.Linear(8, 5, rng=rng)
    layer.weight.data *= 10
    a, b = rng.normal(size=(2, 1000, 8))
    model = settled(layer, xp.asarray(a), rng)
    outputs = to_numpy(model(xp.asarray(a))) - to_numpy(model(xp.asarray(b)))
    stretch = np.linalg.norm(outputs, axis=1) / np.linalg.norm(a - b, axis=1)
    assert 0.5 < stretch.max() <= 1 + 1e-9
    along = model(model.v[None]) - model(xp.zeros_like(model.v)[None])
    assert np.linalg.norm(to_numpy(along)) == pytest.approx(1, rel=1e-9)


def test_power_iteration_runs_in_training_only(rng):
    x = xp.asarray(rng.normal(size=(2, 30)))
    model = nn.SpectralNorm(nn.Linear(30, 20, rng=rng), rng=rng).astype("float64")

    def error():
        w = to_numpy(model.layer.weight)
        sigma = to_numpy(model.u) @ w @ to_numpy(model.v)
        return 1 - sigma / np.linalg.svd(w, compute_uv=False)[0]

    assert error() < 0.15  # usable from the first call on, in evaluation too
    kept = model.eval().state_dict()
    first = to_numpy(model(x))
    assert np.array_equal(first, to_numpy(model(x)))
    assert all(np.array_equal(kept[path], value) for path, value in model.state_dict().items())
    before = error()
    model.train()(x)
    assert 0 <= error() < before
    assert not np.array_equal(first, to_numpy(model.eval()(x)))


def test_iterations_are_as_many_as_calls(rng):
    x = xp.asarray(rng.normal(size=(2, 6)).astype("float32"))
    one = nn.SpectralNorm(nn.Linear(6, 4, rng=rng), rng=rng)
    three = copy.deepcopy(one)
    three.iterations = 3
    for _ in range(3):
        one(x)
    three(x)
    assert np.array_equal(to_numpy(one.u), to_numpy(three.u))


def test_two_forwards_before_one_backward(rng):
    """Real and fake: the second call's iteration leaves the first call's u and v alone."""
    model = nn.SpectralNorm(nn.Linear(6, 4, rng=rng), rng=rng).astype("float64")
    real, fake = (xp.asarray(rng.normal(size=(3, 6))) for _ in range(2))
    twin = copy.deepcopy(model)
    (tg.tanh(model(real)).sum() - tg.tanh(model(fake)).sum()).backward()
    tg.tanh(twin(real)).sum().backward()
    (-tg.tanh(twin(fake)).sum()).backward()
    together, apart = (to_numpy(m.layer.weight.grad) for m in (model, twin))
    assert together == pytest.approx(apart, rel=1e-10, abs=1e-13)


def test_it_is_saved_with_u_and_v(rng):
    model = nn.SpectralNorm(nn.Conv2d(2, 3, 2, rng=rng), rng=rng)
    assert list(model.state_dict()) == ["layer.weight", "layer.bias", "u", "v"]
    assert model.layer.weight in model.parameters() and len(model.parameters()) == 2
    x = xp.asarray(rng.normal(size=(1, 2, 4, 4)).astype("float32"))
    model(x)
    other = nn.SpectralNorm(nn.Conv2d(2, 3, 2, rng=rng), rng=rng)
    other.load_state_dict(model.state_dict())
    assert np.array_equal(to_numpy(model(x)), to_numpy(other(x)))


def test_an_error_on_the_way_leaves_the_weight_in_place(rng):
    model = nn.SpectralNorm(nn.Linear(3, 2, rng=rng), rng=rng)
    weight = model.layer.weight
    with pytest.raises(ValueError, match="linear: "):
        model(xp.zeros((5, 4), "float32"))
    assert model.layer.weight is weight and model.parameters()[0] is weight


def test_a_zero_weight_is_refused(rng):
    layer = nn.Linear(3, 2, rng=rng)
    layer.weight.data *= 0
    with pytest.raises(ValueError, match="SpectralNorm: the weight .* is zero"):
        nn.SpectralNorm(layer, rng=rng)
    layer.weight.data[0, 0] = 1  # one number suffices
    assert nn.SpectralNorm(layer, rng=rng)(xp.ones((1, 3), "float32")).shape == (1, 2)

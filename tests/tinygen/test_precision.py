"""float32 keeps its digits: far tails, large means, and numbers that are all equal.

Results in float32 are held against the same op, or its formula, in float64.
"""
import numpy as np
import pytest

import tinygen as tg
from tinygen.backend import to_numpy, xp

EPSILON = 2.0 ** -24  # the relative error of a single rounding


@pytest.mark.parametrize("activation", [tg.sigmoid, tg.silu])
def test_the_left_tail_keeps_its_digits(activation):
    x = np.linspace(-80, 0, 1001, dtype="float32")[:-1]
    small, exact = to_numpy(activation(xp.asarray(x))), x / (1 + np.exp(-x.astype("float64")))
    exact = exact if activation is tg.silu else exact / x
    np.testing.assert_allclose(small, exact, rtol=8 * EPSILON)


@pytest.mark.parametrize("target", [0, 1])
def test_a_right_answer_still_costs_something(target):
    x = np.linspace(-40, 40, 401, dtype="float32")
    score = tg.Tensor(xp.asarray(x))
    losses = tg.bce_with_logits(score, xp.full_like(score.data, target), reduction="none")
    losses.backward(xp.ones_like(losses.data))
    wide = (1 - 2 * target) * x.astype("float64")  # log(1 + e^wide)
    np.testing.assert_allclose(losses.numpy(),
                               np.log1p(np.exp(-np.abs(wide))) + np.maximum(wide, 0),
                               rtol=8 * EPSILON)
    if target == 0:  # at 1, sigmoid(x) - 1 has the digits of 1
        np.testing.assert_allclose(score.grad.numpy(), 1 / (1 + np.exp(-x.astype("float64"))),
                                   rtol=8 * EPSILON)


NORMS = {
    "layer_norm": (lambda x, w, b: tg.layer_norm(x, w, b), (64, 16), 16),
    "batch_norm": (lambda x, w, b: tg.batch_norm(x, w, b), (32, 8, 6, 6), 8),
    "group_norm": (lambda x, w, b: tg.group_norm(x, w, b, groups=2), (16, 8, 6, 6), 8),
    "standardize": (lambda x, w, b: tg.standardize(
        x, xp.full((8,), 1000, x.dtype), xp.ones(8, x.dtype), w, b), (16, 8, 6, 6), 8),
}


@pytest.mark.parametrize("name", NORMS)
def test_norms_survive_a_large_mean(name, rng):
    norm, shape, features = NORMS[name]
    arrays = [(rng.standard_normal(shape) + 1000).astype("float32"),
              *rng.standard_normal((2, features)).astype("float32")]
    g = rng.standard_normal(shape).astype("float32")

    def value_and_gradients(dtype):
        x, w, b = (tg.Tensor(xp.asarray(a.astype(dtype))) for a in arrays)
        y = norm(x, w, b)
        y.backward(xp.asarray(g.astype(dtype)))
        return [y.numpy(), *(t.grad.numpy() for t in (x, w, b))]

    for small, exact in zip(value_and_gradients("float32"), value_and_gradients("float64")):
        # The mean itself, near 1000, is stored to half a unit of 2^-14.
        np.testing.assert_allclose(small, exact, atol=2.0 ** -14 * max(1, np.abs(exact).max()))


@pytest.mark.parametrize("width", [64, 4096])
def test_layer_norm_of_equal_numbers_is_zero(width, rng):
    x = np.repeat(rng.uniform(-10, 10, (20, 1)), width, axis=1).astype("float32")
    assert np.abs(to_numpy(tg.layer_norm(xp.asarray(x)))).max() < 1e-6

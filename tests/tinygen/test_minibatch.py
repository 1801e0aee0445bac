"""MinibatchDiscrimination, by loops."""
import pytest

import tinygen as tg
from tinygen import nn, to_numpy
from tinygen.backend import np, xp


def test_closeness_is_summed_over_the_other_rows(rng):
    x = rng.normal(size=(6, 4))
    layer = nn.MinibatchDiscrimination(4, 3, 2, rng=rng).astype("float64")
    m = np.einsum("na,abc->nbc", x, to_numpy(layer.weight))
    expected = np.zeros((6, 3))
    for i, j, b in np.ndindex(6, 6, 3):
        if j != i:
            expected[i, b] += np.exp(-np.abs(m[i, b] - m[j, b]).sum())
    y = to_numpy(layer(xp.asarray(x)))
    assert np.array_equal(y[:, :4], x)
    assert y[:, 4:] == pytest.approx(expected, rel=1e-12)


def test_minibatch_gradients_to_second_order(rng):
    layer = nn.MinibatchDiscrimination(3, 2, 2, rng=rng).astype("float64")
    x = tg.Tensor(rng.normal(size=(4, 3)))
    m = np.einsum("na,abc->nbc", to_numpy(x), to_numpy(layer.weight))
    gaps = np.abs(m[:, None] - m)[~np.eye(4, dtype=bool)]
    assert gaps.min() > 1e-3  # no pair is at the kink of |.| but a row and itself
    tg.check_gradients(lambda x: layer(x) ** 2, x)
    tg.check_model_gradients(layer, lambda: layer(x.data) ** 2)


def test_rows_that_are_alike_and_rows_without_company(rng):
    layer = nn.MinibatchDiscrimination(3, 2, 2, rng=rng)
    row = rng.normal(size=(1, 3)).astype("float32")
    alike = to_numpy(layer(xp.asarray(np.repeat(row, 5, axis=0))))
    assert alike[:, 3:] == pytest.approx(np.full((5, 2), 4), rel=1e-5)
    alone = tg.Tensor(row)
    y = layer(alone)[:, 3:]
    assert np.array_equal(to_numpy(y), np.zeros((1, 2)))
    y.sum().backward()
    assert np.array_equal(to_numpy(alone.grad), np.zeros((1, 3)))


def test_the_order_of_the_batch_does_not_matter(rng):
    layer = nn.MinibatchDiscrimination(4, 3, 2, rng=rng).astype("float64")
    x, order = rng.normal(size=(6, 4)), rng.permutation(6)
    shuffled = to_numpy(layer(xp.asarray(x[order])))
    assert shuffled == pytest.approx(to_numpy(layer(xp.asarray(x)))[order], rel=1e-12)

"""Dropout: its share, its mean, and masks that have nothing in common."""
import pytest

from tests import standin
from tinygen import backend, ops
from tinygen.backend import np, to_numpy, use_backend, xp
from tinygen.ops.dropout import kept, key_of


def mask(seed=0, shape=(400, 500), p=0.3, dtype="float32"):
    return to_numpy(ops.dropout(xp.ones(shape, dtype), p, np.random.default_rng(seed)))


@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_its_share_is_dropped_and_the_mean_kept(p, dtype):
    y = mask(p=p, dtype=dtype)
    within = 5 * (p * (1 - p) / y.size) ** 0.5
    assert y.dtype == dtype and (y == 0).mean() == pytest.approx(p, abs=within)
    np.testing.assert_array_equal(np.unique(y), np.array([0, 1 / (1 - p)], dtype))


def test_neighbours_and_masks_have_nothing_in_common():
    """Pairs at several distances, and masks of other seeds, coincide as often as by chance."""
    y = (mask() == 0).ravel()
    for other in (*(y[distance:] for distance in (1, 2, 16, 500, 65536)),
                  *((mask(seed) == 0).ravel() for seed in (1, 2))):
        both = (y[:len(other)] & other).mean()
        assert both == pytest.approx(0.09, abs=5 * (0.09 * 0.91 / len(other)) ** 0.5)


@pytest.mark.parametrize("seed", [1, 2, 5, 2 ** 32, 2 ** 32 + 1])
def test_the_masks_of_two_seeds_are_not_parts_of_one_sequence(seed):
    """Attention's seed is whatever a user says; no mask is another one, moved by a little."""
    def dropped(seed):
        places = xp.arange(20_000, dtype="uint32")
        return to_numpy(kept(places, 0.3, key_of(seed), "float32")) == 0
    y, other = dropped(0), dropped(seed)
    for shift in range(40):
        both = (y[shift:] & other[:len(y) - shift]).mean()
        assert both == pytest.approx(0.09, abs=5 * (0.09 * 0.91 / len(y)) ** 0.5), shift


@pytest.mark.parametrize("seed, place, number", [
    (0, 0, 1099249726), (0, 7, 2138881228), (3, 2 ** 31, 1646302203)])
def test_a_number_below_p_is_dropped(seed, place, number):
    """Each place has a number from 0 to 2³² - 1, which a seed and the place decide for good."""
    def is_dropped(p):
        return to_numpy(kept(xp.asarray([place], dtype="uint32"), p, key_of(seed), "float64")) == 0
    assert is_dropped((number + 1) / 2 ** 32) and not is_dropped(number / 2 ** 32)


def test_rows_and_columns_lose_the_same_share():
    y = mask(shape=(1000, 1000)) == 0
    for axis in (0, 1):
        share = y.mean(axis=axis)
        assert share.std() == pytest.approx((0.3 * 0.7 / 1000) ** 0.5, rel=0.15)


def test_parts_and_the_library_change_nothing(monkeypatch):
    whole, before = mask(), xp._module
    monkeypatch.setattr(backend, "CACHE_NUMBERS", 1000)
    np.testing.assert_array_equal(mask(), whole)
    try:
        for library in (np, standin):
            use_backend(library)
            np.testing.assert_array_equal(mask(), whole)
    finally:
        use_backend(before)


def test_each_call_draws_another_mask():
    rng, x = np.random.default_rng(0), xp.ones(1000)
    assert not np.array_equal(*(to_numpy(ops.dropout(x, 0.5, rng)) for _ in range(2)))

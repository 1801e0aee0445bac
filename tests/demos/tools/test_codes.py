"""PCA, codes stored in bytes, and functions applied to data in batches."""
import tinygen as tg
from demos.tools.codes import PCA, in_batches, through_bytes
from tinygen import to_numpy
from tinygen.backend import np, xp


def images(rng, count=200):
    return (rng.random((count, 1, 4, 4)) * np.linspace(0.1, 2, 16).reshape(4, 4)).astype("float32")


def test_the_error_of_pca_is_the_sum_of_the_eigenvalues_left_out(rng):
    x = images(rng)
    pca, values = PCA(x), np.linalg.eigvalsh(np.cov(x.reshape(len(x), -1), rowvar=False, bias=True))
    for size in (1, 5, 16):
        z = pca.encode(x, size)
        assert z.shape == (len(x), size) and z.dtype == x.dtype
        error = ((pca.decode(z) - x) ** 2).mean()
        np.testing.assert_allclose(error, values[:16 - size].sum() / 16, atol=1e-5)


def test_a_shorter_pca_code_is_the_beginning_of_a_longer_one(rng):
    x = images(rng)
    pca = PCA(x)
    np.testing.assert_allclose(pca.encode(x, 9)[:, :4], pca.encode(x, 4), atol=1e-5)


def test_a_byte_per_number_loses_at_most_half_a_level(rng):
    seen = rng.normal(3, 2, (100, 5)).astype("float32")
    back = through_bytes(seen, seen)
    assert back.dtype == seen.dtype
    assert (np.abs(back - seen) <= 0.501 * np.ptp(seen, axis=0) / 255).all()
    outside = through_bytes(np.full((1, 5), 1e6, "float32"), seen)
    np.testing.assert_allclose(outside[0], seen.max(axis=0), rtol=1e-5)


def test_a_constant_number_comes_back(rng):
    seen = np.full((9, 2), 0.3, "float32")
    assert np.array_equal(through_bytes(seen, seen), seen)


def test_in_batches_gives_what_one_call_would(rng):
    model, x = tg.nn.Linear(4, 3, rng=rng), rng.random((11, 4)).astype("float32")
    y = in_batches(model, x, size=4)
    assert isinstance(y, np.ndarray)
    np.testing.assert_allclose(y, to_numpy(model(xp.asarray(x))), rtol=1e-5)

"""Many samples, generated in batches."""
from demos.gans.parts import sampling
from tinygen.backend import np


def test_many_samples_have_their_labels(monkeypatch, rng):
    monkeypatch.setattr(sampling, "sample",
                        lambda generator, count, y, rng: np.stack([y, np.full(count, count)], 1))
    labels = np.arange(1234)
    samples = sampling.sample_many(None, 1234, labels, rng=rng)
    assert np.array_equal(samples[:, 0], labels) and samples[:, 1].max() == 500

"""Many samples of a generator."""
from models.gan import sample
from tinygen.backend import np, to_numpy

BATCH = 500  # generated at a time


def sample_many(generator, count, y=None, *, rng):
    """`count` samples, generated in batches to save memory.  y: labels (count,) -> NumPy"""
    return np.concatenate([
        to_numpy(sample(generator, min(BATCH, count - start),
                        None if y is None else y[start:start + BATCH], rng=rng))
        for start in range(0, count, BATCH)])

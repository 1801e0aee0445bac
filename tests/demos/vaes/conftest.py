"""What the tests of the VAE demos share."""
import pytest

from demos.vaes.parts.melodies import write_corpus
from tinygen.backend import np


@pytest.fixture
def own_file(tmp_path, monkeypatch, rng):
    """Images of one's own: own.npz in a fresh current folder, 90 of 8 x 8 in three classes."""
    monkeypatch.chdir(tmp_path)
    np.savez("own.npz", x=rng.random((90, 1, 8, 8), dtype="float32"), y=np.arange(90) % 3)


@pytest.fixture(scope="session")
def corpus():
    """300 bars of the demo music, and their chords."""
    return write_corpus(300, np.random.default_rng(0))

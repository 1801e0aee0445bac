"""What the tests of the VAE demos share."""
import pytest

from demos.vaes.parts.melodies import write_corpus
from tinygen.backend import np


@pytest.fixture(scope="session")
def corpus():
    """300 bars of the demo music, and their chords."""
    return write_corpus(300, np.random.default_rng(0))

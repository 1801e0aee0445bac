"""How many configurations a run of the tests checks, and which."""
import math
import os
import zlib

from tests.tinygen.properties import SUBJECTS
from tinygen.backend import np

COUNT = int(os.environ.get("TINYGEN_PROPERTIES") or 2000)
SEED = int(os.environ.get("TINYGEN_PROPERTIES_SEED") or np.random.default_rng().integers(2 ** 32))


def seeds(name):
    """The seeds of an op's share of the configurations."""
    total = sum(subject.weight for subject in SUBJECTS.values())
    share = math.ceil(COUNT * SUBJECTS[name].weight / total)
    return np.random.default_rng([SEED, zlib.crc32(name.encode())]).integers(2 ** 32, size=share)

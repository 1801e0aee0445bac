"""One suite, three libraries:  pytest --backend numpy | cupy | standin  (see standin.py)."""
import os

import pytest

import tinygen as tg
from tests import standin
from tinygen.backend import backend_name, np, settle, use_backend, xp


def pytest_addoption(parser):
    parser.addoption("--backend", choices=("numpy", "cupy", "standin"),
                     default=os.environ.get("TINYGEN_BACKEND") or "numpy",
                     help="the array library to test with; default: $TINYGEN_BACKEND, or numpy")


def pytest_configure(config):
    name = config.getoption("--backend")
    try:
        use_backend(standin if name == "standin" else name)
    except ImportError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_report_header():
    return f"tinygen backend: {backend_name()}"


@pytest.fixture(autouse=True)
def no_silent_writes():
    """Every test fails whose backward meets an array that was written to in place."""
    with tg.detect_writes():
        yield


@pytest.fixture(autouse=True)
def no_silent_mistakes():
    """On a GPU, every test fails that leaves a failed check there which nothing has read."""
    yield
    settle()


@pytest.fixture
def rng():
    """Random numbers drawn on the host, the same in every test and for every backend."""
    return np.random.default_rng(0)


@pytest.fixture
def spots(rng):
    """Images that a few numbers describe: a bright spot somewhere in each.  (16, 1, 8, 8)"""
    row, column = np.arange(8)[:, None], np.arange(8)
    centre = rng.uniform(2, 5, (2, 16, 1, 1, 1))
    images = np.exp(-((row - centre[0]) ** 2 + (column - centre[1]) ** 2) / 4)
    return xp.asarray(images.astype("float32"))

"""One suite, three libraries:  pytest --backend numpy | cupy | standin  (see standin.py)."""
import os

import pytest
import standin

from tinygen.backend import backend_name, np, use_backend


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


@pytest.fixture
def rng():
    """Random numbers drawn on the host, the same in every test and for every backend."""
    return np.random.default_rng(0)

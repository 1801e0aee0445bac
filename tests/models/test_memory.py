"""Training at constant memory: reference counts alone free what a step has made."""
import gc
import tracemalloc

import pytest

from tests.training import MODELS
from tinygen.backend import backend_name


def memory_after(step, count):
    """Bytes in use after so many steps; what the collector could still free counts as an error."""
    for _ in range(count):
        step()
    assert gc.collect() == 0  # it also empties Python's lists of small objects kept for reuse
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.parametrize("steps", [30, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("model", MODELS)
def test_memory_is_constant_without_the_collector(model, steps, rng):
    if backend_name() != "numpy":
        pytest.skip("arrays on a GPU are not traced")
    step, _ = MODELS[model](rng)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before = memory_after(step, 10)
        growth = memory_after(step, steps) - before
    finally:
        tracemalloc.stop()
        gc.enable()
    assert abs(growth) < 1000  # in all: a Tensor a step would be more than twice that

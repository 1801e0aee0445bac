"""Training at constant memory: reference counts alone free what a step has made."""
import gc
import tracemalloc
from itertools import pairwise
from statistics import median

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
        after = [memory_after(step, count) for count in (10, *[steps // 3] * 3)]
    finally:
        tracemalloc.stop()
        gc.enable()
    # At one step or another Python enlarges a table of its own, such as that of interned names.
    growth = median(abs(b - a) for a, b in pairwise(after))
    assert growth < 333  # a Tensor a step would be more than twice that

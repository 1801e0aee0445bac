"""Every model trains to the same bits on 1, 2 and 4 threads."""
import pytest

import tinygen as tg
from tests.training import MODELS
from tinygen import threads
from tinygen.backend import backend_name, np, to_numpy


@pytest.mark.parametrize("model", MODELS)
def test_training_gives_the_same_bits_on_any_number_of_threads(model, monkeypatch):
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    if backend_name() != "numpy" or "openblas" not in blas:
        pytest.skip("only NumPy's OpenBLAS leaves the sharing to us")
    shared, weights, run = [], [], threads.pool.run
    monkeypatch.setattr(threads.pool, "run", lambda job: shared.append(job.count) or run(job))
    for n in (1, 2, 4):
        before = tg.set_threads(n)
        try:
            shared.clear()
            step, networks = MODELS[model](np.random.default_rng(0), large=True)
            step()
            step()
            assert bool(shared) == (n > 1)
        finally:
            tg.set_threads(before)
        weights.append({(i, name): to_numpy(value) for i, network in enumerate(networks)
                        for name, value in network.state_dict().items()})
    for name, value in weights[0].items():
        assert np.isfinite(value).all(), name
        for other in weights[1:]:
            assert value.tobytes() == other[name].tobytes(), name

"""What a training step costs a GPU beside its arithmetic, counted on the stand-in."""
import pytest

from tests import standin
from tests.training import MODELS
from tinygen.backend import backend_name
from tinygen.operation import mode

LAUNCHES = {  # of kernels, in one step of each model
    "dense autoencoder": 69, "conv autoencoder": 136, "pool autoencoder": 264, "dense VAE": 98,
    "conv VAE": 181, "GAN": 471, "GPT": 410, "Transformer": 619}


@pytest.mark.parametrize("model", MODELS)
def test_a_step_waits_for_the_gpu_at_most_once_for_each_update(model, rng, monkeypatch):
    if backend_name() != "tests.standin":
        pytest.skip("only the stand-in counts")
    monkeypatch.setattr(mode, "reject_writes", False)  # which reads every array
    step, networks = MODELS[model](rng)
    step()
    standin.counts.clear()
    step()
    assert standin.counts["waits"] <= len(networks)
    assert standin.counts["launches"] <= LAUNCHES[model]

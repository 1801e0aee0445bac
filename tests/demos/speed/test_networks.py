"""The benchmark's networks: both libraries build the same."""
import pytest

from demos.speed.parts import tinygen_side as ours
from models import gpt
from tinygen.backend import np, to_numpy


def test_both_gpts_write_the_same(rng):
    torch = pytest.importorskip("torch")
    from demos.speed.parts import torch_side as theirs

    config = gpt.Config(11, block_size=8, n_layer=2, n_head=2, n_embd=8, bias=False, tied=True)
    model, twin = ours.GPT(config, rng=rng), theirs.GPT(config)
    for p in model.parameters():
        p.data *= 20  # so that what comes next depends on what was written
    numbers = torch.from_numpy(np.concatenate([to_numpy(p).ravel() for p in model.parameters()]))
    torch.nn.utils.vector_to_parameters(numbers, twin.parameters())
    ids = rng.integers(11, size=(5, 3))
    np.testing.assert_allclose(to_numpy(model(ours.array(ids))),
                               twin(theirs.array(ids)).detach(), rtol=1e-3, atol=1e-3)
    written = theirs.generate(twin, theirs.array(ids), 5)
    np.testing.assert_array_equal(ours.generate(model, ours.array(ids), 5).T, written)
    assert len(np.unique(written)) > 3

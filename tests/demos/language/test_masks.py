"""One block with the mask and without: the outputs' changes, and their Jacobian."""
from demos.language.parts.masks import changes, jacobian_norms, mask_effect
from models.gpt import Block
from tinygen.backend import np


def test_only_the_mask_hides_the_future(rng):
    block = Block(8, 2, rng=rng).astype("float64")
    x, other = rng.standard_normal((2, 1, 5, 8))
    for causal in (False, True):
        block.causal = causal
        future = np.triu_indices(5, 1)
        for matrix in (changes(block, x, other), jacobian_norms(block, x)):
            assert matrix.shape == (5, 5)
            assert (matrix[future] == 0).all() if causal else (matrix[future] > 1e-3).all()
            assert (matrix[np.tril_indices(5)] > 1e-3).all()


def test_jacobian_norms_are_the_change_by_a_small_step(rng):
    block, x = Block(4, 1, rng=rng).astype("float64"), rng.standard_normal((1, 3, 4))
    step, total = 1e-6, np.zeros((3, 3))
    for number in range(4):
        moved = x.copy()
        moved[..., number] += step
        total += (changes(block, x, moved) / step) ** 2
    np.testing.assert_allclose(jacobian_norms(block, x), np.sqrt(total), rtol=1e-4, atol=1e-8)


def test_at_the_last_position_the_mask_makes_no_difference(rng):
    maps, last_difference = mask_effect(rng)
    assert len(maps) == 2 and last_difference <= 1e-12

"""Windows of a text and their targets, and the part held out for validation."""
import pytest

from tinygen.backend import np
from tinygen.data import consecutive_windows, random_windows, split_tokens

IDS = np.arange(1000)


def test_targets_are_what_comes_next(rng):
    for x, targets in (random_windows(IDS, 50, 7, rng=rng), consecutive_windows(IDS, 7)):
        assert x.shape == targets.shape and x.shape[1] == 7
        assert np.array_equal(x + 1, targets)
        assert (np.diff(x, axis=1) == 1).all()


def test_random_windows_come_from_everywhere(rng):
    starts = random_windows(IDS[:9], 1000, 7, rng=rng)[0][:, 0]
    assert set(starts) == {0, 1}
    assert random_windows(IDS[:8], 3, 7, rng=rng)[1].tolist() == [list(range(1, 8))] * 3


def test_consecutive_windows_cover_the_text_once():
    for n in (8, 9, 14, 15, 16, 100):
        x, targets = consecutive_windows(IDS[:n], 7)
        assert x.size == (n - 1) // 7 * 7
        assert x.ravel().tolist() == list(range(x.size)) and targets[-1, -1] == x.size


def test_the_last_tenth_is_kept():
    train, val = split_tokens(IDS, 20)
    assert len(train) == 900 and val.tolist() == list(range(900, 1000))


@pytest.mark.parametrize("n", [0, 5, 199, 209])
def test_a_text_shorter_than_a_block(n):
    with pytest.raises(ValueError, match=f"has {n} tokens, .* longer than a block of 20"):
        split_tokens(IDS[:n], 20)
    split_tokens(IDS[:210], 20)

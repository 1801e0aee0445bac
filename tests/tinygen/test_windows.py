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


@pytest.mark.parametrize("ids, block_size, kind, message", [
    (IDS[:7], 7, ValueError, "longer than a block of 7, got 7 tokens; use a longer text"),
    (IDS[:0], 1, ValueError, "longer than a block of 1, got 0"),
    (IDS, -3, ValueError, "block_size must be at least 1, got -3"),
    (IDS, 0, ValueError, "block_size must be at least 1, got 0"),
    (IDS[None], 3, TypeError, r"an array \(n,\) of tokens, got ndarray \(1, 1000\)"),
    (np.array(3), 3, TypeError, r"got ndarray \(\) int64"),
    ([1, 2, 3], 1, TypeError, r"got list .*tokenizer.encode")])
def test_windows_that_cannot_be_cut(ids, block_size, kind, message, rng):
    with pytest.raises(kind, match=f"random_windows: .*{message}"):
        random_windows(ids, 2, block_size, rng=rng)
    with pytest.raises(kind, match=f"consecutive_windows: .*{message}"):
        consecutive_windows(ids, block_size)


@pytest.mark.parametrize("ids", [np.array(3), [1, 2, 3], "text"])
def test_what_is_no_text_to_split(ids):
    with pytest.raises(TypeError, match=r"split_tokens: ids must be an array \(n,\) of tokens"):
        split_tokens(ids, 1)

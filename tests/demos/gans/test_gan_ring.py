"""The options that gan_ring refuses."""
import pytest

from demos.gans import gan_ring


@pytest.mark.parametrize("argv, words", [
    ("--toys star", "--toys are among ring, grid; got star"),
    ("--seeds 0", "--seeds is above 0; got 0"), ("--batch -1", "--batch is above 0; got -1"),
])
def test_bad_options_are_one_line(argv, words, refusal):
    assert words in refusal(gan_ring, argv)

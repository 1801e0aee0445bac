"""What the demo vanishing_gradients refuses."""
import pytest

from demos.gans import vanishing_gradients


@pytest.mark.parametrize("argv, words", [
    ("--penalty nan", "--penalty is above 0; got nan"),
    ("--starts 0", "--starts is above 0; got 0")])
def test_bad_options_are_one_line(argv, words, refusal):
    assert words in refusal(vanishing_gradients, argv)

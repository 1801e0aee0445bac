"""What synthetic_data refuses, and the error that its steering networks are compared by."""
import pytest

from demos import synthetic_data
from tinygen.backend import np


def test_the_steering_error_is_in_units_of_curvature():
    true = np.array([-1.0, 0.0, 1.0])
    assert synthetic_data.rmse(true + 0.25, true) == pytest.approx(0.25)
    assert synthetic_data.rmse(np.zeros(3), true) == pytest.approx((2 / 3) ** 0.5)


@pytest.mark.parametrize("argv, words", [
    ("--own 3", "--own is from 10 to 1000; got 3"),
    ("--scenes 20", "--scenes is from 64 to 5000; got 20"),
    ("--batch 0", "--batch is from 2 to"),
    ("--road-steps 0", "--road-steps is from 1 to"),
    ("--latent 0", "latent_size is an integer of at least 1")])
def test_bad_options_are_one_line(argv, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        synthetic_data.main(["--preset", "smoke", "--out", str(tmp_path), *argv.split()])
    message = capsys.readouterr().err
    assert end.value.code == 2 and message.count("\n") == 1
    assert words in message

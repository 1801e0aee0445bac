"""What the demo vanishing_gradients refuses."""
import pytest

from demos.gans import vanishing_gradients


@pytest.mark.parametrize("argv, words", [
    ("--penalty nan", "--penalty is above 0; got nan"),
    ("--starts 0", "--starts is above 0; got 0")])
def test_bad_options_are_one_line(argv, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        vanishing_gradients.main(["--preset", "smoke", "--out", str(tmp_path), *argv.split()])
    message = capsys.readouterr().err
    assert end.value.code == 2 and words in message and message.count("\n") == 1

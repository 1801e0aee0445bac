"""The command line of a demo: settings are options, and a bad one is refused in one line."""
import pytest

from tests.helpers import read_result


def test_settings_are_options(tiny, tmp_path):
    argv = "--preset smoke --lr 0.2 --sizes 8 --nesterov --out o".split()
    assert tiny.main(argv) == 0
    assert read_result(tmp_path / "o")["settings"] == {
        "steps": 4, "lr": 0.2, "sizes": [8], "nesterov": True}


@pytest.mark.parametrize("argv, words", [
    ("--preset huge", "invalid choice: 'huge'"),
    ("--data cifar", "there is no data set 'cifar': choose one of points, noise; --help"),
    ("--data point", "there is no data set 'point': did you mean points? choose one of"),
    ("--backend torch", "invalid choice: 'torch'"),
    ("--step 3", "unrecognized arguments: --step 3"),
    ("--steps 0", "must be at least 1; got 0"),
    ("--steps many", "invalid int value: 'many'"),
    ("--seed -1", "must be at least 0; got -1"),
    ("--lr fast", "invalid float value: 'fast'"),
    ("--lr -1", "lr is positive; got -1.0"),
    ("--sizes 65", "a batch takes 1 to all 64 examples; got 65"),
    ("--data own.npz", "there is no data set 'own.npz': choose one of"),
    ("--out tiny.txt/o", "--out: cannot write to"),
    ("--resume", "does not exist; leave out --resume"),
])
def test_bad_options_are_one_line(tiny, tmp_path, capsys, argv, words):
    (tmp_path / "tiny.txt").touch()
    with pytest.raises(SystemExit) as end:
        tiny.main(argv.split())
    message = capsys.readouterr().err
    assert end.value.code == 2
    assert words in message and message.startswith("python -m demos tiny: error: ")
    assert message.count("\n") == 1

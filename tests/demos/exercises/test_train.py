"""A demo trains on all that has passed."""
import importlib.util

import pytest

from demos.exercises import exercise
from demos.exercises.__main__ import main
from demos.exercises.exercise import find
from demos.exercises.folder import Folder
from tinygen.backend import backend_name

pytestmark = [
    pytest.mark.skipif(backend_name() != "numpy", reason="students' answers are NumPy's"),
    pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="no matplotlib")]


@pytest.fixture
def solved(tmp_path):
    """A folder in which every reference has passed."""
    place = Folder(tmp_path / "mine")
    place.write_stubs()
    for number in exercise.numbers():
        program = find(number).source.encode()
        place.file(find(number)).write_bytes(program)
        place.mark_passed(find(number), program)
    return place


@pytest.mark.parametrize("model", [
    "gpt", *[pytest.param(name, marks=pytest.mark.slow)
             for name in ("autoencoder", "vae", "gan_ring")]])
def test_every_answer_fits_into_the_demos(solved, tmp_path, capsys, model):
    assert main(["train", model, "--preset", "smoke", "--out", str(tmp_path / "out"), "--dir",
                 str(solved.path)]) == 0
    text = capsys.readouterr().out
    assert f"called by {model}" in text
    for number in exercise.numbers():
        found = find(number)
        if found.swap(found.reference, None):
            assert text.count(found.label) == 2


def test_without_a_passed_answer_there_is_nothing_to_train_on(solved, capsys):
    for number in exercise.numbers():
        solved.reset(find(number))
    assert main(["train", "gpt", "--dir", str(solved.path)]) == 1
    assert "No answer has passed yet" in capsys.readouterr().out

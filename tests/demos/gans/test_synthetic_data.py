"""What synthetic_data refuses, and the error that its steering networks are compared by."""
from types import SimpleNamespace

import pytest

from demos.gans import synthetic_data
from tinygen.backend import np


def test_the_steering_error_is_in_units_of_curvature():
    true = np.array([-1.0, 0.0, 1.0])
    assert synthetic_data.rmse(true + 0.25, true) == pytest.approx(0.25)
    assert synthetic_data.rmse(np.zeros(3), true) == pytest.approx((2 / 3) ** 0.5)


def test_many_samples_have_their_labels(monkeypatch, rng):
    monkeypatch.setattr(synthetic_data, "sample",
                        lambda generator, count, y, rng: np.stack([y, np.full(count, count)], 1))
    labels = np.arange(1234)
    drawn = synthetic_data.sample_many(None, 1234, labels, rng=rng)
    assert np.array_equal(drawn[:, 0], labels) and drawn[:, 1].max() == 500


@pytest.mark.parametrize("kind", ["copied", "new"])
def test_copies_are_found_and_new_images_are_not(kind, monkeypatch, rng):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    x_train, x_test, new = (rng.random((n, 1, 8, 8), dtype="float32") for n in (300, 100, 100))
    found = {}
    run = SimpleNamespace(rng=rng, save_figure=lambda *args: None,
                          measure=lambda metric, value, **limits: found.update({metric: value}))
    drawn = x_train[:100] + np.float32(0.01) if kind == "copied" else new
    synthetic_data.look_for_copies(run, x_train, x_test, drawn)
    share = found["generated nearer than 95 % of new real images"]
    assert share == 1 if kind == "copied" else share < 0.2
    assert found["copies nearer than 95 % of new real images"] == 1


@pytest.mark.parametrize("argv, words", [
    ("--own 3", "--own is from 10 to 1000; got 3"),
    ("--scenes 20", "--scenes is from 64 to 5000; got 20"),
    ("--batch 2 --scenes 20", "--scenes is from 33 to 5000; got 20"),
    ("--batch 0", "--batch is from 2 to"),
    ("--road-steps 0", "--road-steps is from 1 to"),
    ("--latent 0", "latent_size is an integer of at least 1")])
def test_bad_options_are_one_line(argv, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        synthetic_data.main(["--preset", "smoke", "--out", str(tmp_path), *argv.split()])
    message = capsys.readouterr().err
    assert end.value.code == 2 and message.count("\n") == 1
    assert words in message

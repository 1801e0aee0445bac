"""--sample: images from the model that a run left, without training, and whose model it takes."""
import dataclasses

import numpy as np
import pytest

from demos.common import run
from demos.gans import gan_digits
from demos.vaes import vae, vae_conditional
from models.vae import Config, ConvVAE
from tests.helpers import read_result
from tinygen import checkpoint
from tinygen.backend import to_numpy

# demo -> options of a short training, the loop that trains the model, its name there
TRAININGS = {
    vae: ("--data own.npz --network dense --batch 8 --latents 3", "VAE", "model"),
    vae_conditional: ("--batch 8 --latents 3 --classifier-steps 1", "training", "model"),
    gan_digits: ("--data own.npz --batch 8 --channels 3 2 --hidden 4 --classifier-steps 1",
                 "training", "generator")}


def train(demo, monkeypatch):
    """Train `demo` for a few steps; its results, without figures, are in the folder o."""
    np.savez("own.npz", x=np.random.default_rng(0).random((90, 8, 8)), y=np.arange(90) % 3)
    with monkeypatch.context() as patch:
        patch.setattr(run.Run, "save_figure", lambda *args: None)
        patch.setattr(run.Run, "save_animation", lambda *args, **settings: None)
        argv = ["--preset", "smoke", "--out", "o", *TRAININGS[demo][0].split()]
        assert demo.main(argv) == 0


@pytest.mark.parametrize("demo", TRAININGS, ids=lambda demo: demo.__name__)
def test_the_trained_model_makes_new_images(demo, tmp_path, monkeypatch, capsys):
    """Of its own weights; by --seed and --count; beside the training's results, with a page."""
    monkeypatch.chdir(tmp_path)
    train(demo, monkeypatch)
    _, loop, name = TRAININGS[demo]
    trained = checkpoint.load("o/checkpoint.npz")["loops"][loop]["objects"][name]
    saved = checkpoint.load("o/model.npz")["state"]
    assert saved.keys() == trained.keys()
    assert all(np.array_equal(saved[name], trained[name]) for name in saved)
    before = {path: path.read_bytes() for path in (tmp_path / "o").iterdir()}

    sheets, plot = [], demo.plot_image_rows
    monkeypatch.setattr(demo, "plot_image_rows",
                        lambda rows: (sheets.append(rows), plot(rows))[1])
    capsys.readouterr()
    pictures = []
    for options in (["--count", "12"], ["--count", "12"], ["--count", "12", "--seed", "1"]):
        assert demo.main(["--sample", "--out", "o", *options]) == 0
        pictures.append((tmp_path / "o" / "sample" / "samples.png").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]
    count = 10 * 12 if demo is vae_conditional else 12
    assert sum(map(len, sheets[0].values())) == count
    images = np.concatenate([to_numpy(row) for row in sheets[0].values()])
    assert np.ptp(images, axis=0).max() > 0 and images.min() >= 0 and images.max() <= 1

    printed = capsys.readouterr().out
    assert "%" not in printed and "index.html" in printed  # no step of training
    page = (tmp_path / "o" / "sample" / "index.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in page and "--sample" in page
    result = read_result(tmp_path / "o" / "sample")
    assert result["settings"]["count"] == 12 and result["title"].endswith(".")
    assert result["idea"] and "python" not in result["idea"][0]  # no commands
    assert all(path.read_bytes() == content for path, content in before.items())


def test_the_digits_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = ConvVAE(Config(3, 8, classes=10), rng=np.random.default_rng(0))
    (tmp_path / "o").mkdir()
    checkpoint.save("o/model.npz", {
        "demo": "vae_conditional", "settings": {}, "config": dataclasses.asdict(model.config),
        "state": model.state_dict()})
    sheets, plot = [], vae_conditional.plot_image_rows
    monkeypatch.setattr(vae_conditional, "plot_image_rows",
                        lambda rows: (sheets.append(rows), plot(rows))[1])
    for digits in (["7", "2", "7"], ["2"]):
        argv = ["--sample", "--out", "o", "--count", "3", "--digit", *digits]
        assert vae_conditional.main(argv) == 0
    assert [list(rows) for rows in sheets] == [["7", "2"], ["2"]]
    np.testing.assert_allclose(sheets[0]["2"], sheets[1]["2"], atol=1e-6)  # of the same codes
    assert not np.allclose(sheets[0]["2"], sheets[0]["7"], atol=1e-6)


@pytest.mark.parametrize("demo, argv, words", [
    (vae, "--count 0", "--count is finite and above 0; got 0"),
    (vae, "--seed -1", "at least 0; got -1"),
    (vae, "--steps 3", "stays as it was trained: leave out --steps"),
    (vae, "--resume", "leave out --resume"), (vae, "--digit 3", "unrecognized arguments: --digit"),
    (vae, "--out elsewhere", "elsewhere holds no trained model of vae; `python -m demos vae --out"),
    (gan_digits, "", "o/model.npz is of vae, not of gan_digits; give the --out of a run of gan_"),
    (vae_conditional, "--digit 10", "--digit takes one or more digits from 0 to 9; got 10")])
def test_bad_options_are_one_line(tmp_path, monkeypatch, capsys, demo, argv, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o").mkdir()
    checkpoint.save("o/model.npz", {"demo": "vae", "settings": {}, "config": {}, "state": {}})
    message = refused(demo, ["--sample", "--out", "o", *argv.split()], capsys)
    assert words in message.replace("\\", "/")
    assert [path.name for path in tmp_path.rglob("*")] == ["o", "model.npz"]


@pytest.mark.parametrize("changes", [
    {"settings": {"network": "rnn"}}, {"settings": {}}, {"config": {"latent_size": 4, "size": 8}},
    {"config": {"latents": 3}}, {"state": {}}, {"state": None}, {"config": 3}])
def test_a_model_that_does_not_fit(tmp_path, monkeypatch, capsys, changes):
    monkeypatch.chdir(tmp_path)
    model = vae.DenseVAE(vae.Config(3, 8), rng=np.random.default_rng(0))
    (tmp_path / "o").mkdir()
    checkpoint.save("o/model.npz", {
        "demo": "vae", "settings": {"network": "dense"}, "config": {"latent_size": 3, "size": 8},
        "state": model.state_dict(), **changes})
    message = refused(vae, ["--sample", "--out", "o"], capsys)
    assert "model.npz does not fit this version of vae (" in message and "train again" in message


def test_files_that_are_no_models_and_demos_that_have_none(tmp_path, monkeypatch, capsys, tiny):
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "model.npz").write_bytes(b"PK\3\4, cut short")
    assert "is damaged or truncated" in refused(vae, ["--sample", "--out", "o"], capsys)
    checkpoint.save("o/model.npz", {"w": 1})
    assert "is of something else, not of vae" in refused(vae, ["--sample", "--out", "o"], capsys)
    assert "unrecognized arguments: --sample" in refused(tiny, ["--sample"], capsys)


def refused(demo, argv, capsys):
    """The one line with which the options are refused."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        demo.main(argv)
    message = capsys.readouterr().err
    assert end.value.code == 2 and message.count("\n") == 1, message
    return message

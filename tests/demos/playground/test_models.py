"""Where the models come from: the demos' own loops, a file of each, a process that trains."""
import json

import pytest

from demos.exercises import train
from demos.exercises.exercise import find
from demos.exercises.folder import Folder
from demos.playground import __main__ as playground
from demos.playground.fields import as_bytes
from demos.playground.models import Models
from demos.playground.recipes import Choice
from demos.vaes import vae_manifold
from tinygen import checkpoint
from tinygen.backend import backend_name, np, to_numpy


@pytest.fixture
def choice(models, tmp_path):
    """The fixture's data, and a folder in which nothing is kept yet."""
    return models.choice._replace(folder=str(tmp_path / "kept"))


def weights(module):
    return {name: to_numpy(value) for name, value in module.state_dict().items()}


def test_the_weights_are_those_of_the_demos_own_run(models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vae_manifold, "measure", lambda *_: None)
    monkeypatch.setattr(vae_manifold, "show", lambda *_: None)
    assert vae_manifold.main(["--preset", "smoke", "--data", models.choice.images]) == 0
    loop = checkpoint.load("out/vae_manifold/checkpoint.npz")["loops"]["2 latents"]
    mine = weights(models["vae_manifold"].model)
    assert mine.keys() == loop["objects"]["model"].keys()
    for name, value in loop["objects"]["model"].items():
        np.testing.assert_array_equal(mine[name], value, err_msg=name)


def test_a_process_trains_what_is_missing_keeps_it_and_says_what_cannot_be(models, choice):
    choice.path("vae").mkdir(parents=True)  # in the file's place
    first = Models(choice, models.data, ("vae", "vae_manifold"))
    assert str(first.progress["vae_manifold"]) == "the VAE with two latents is waiting"
    first.begin()
    first.wait()
    assert first.progress["vae_manifold"].state == "ready", first.progress
    assert str(first.progress["vae"]).startswith("the VAE could not be trained: ")
    assert choice.path("vae").name in first.progress["vae"].why
    kept = choice.path("vae_manifold").read_bytes()
    rounding = 0 if backend_name() == "numpy" else 2e-4  # the process computes with NumPy
    for name, value in weights(models["vae_manifold"].model).items():
        np.testing.assert_allclose(weights(first["vae_manifold"].model)[name], value,
                                   rtol=0, atol=rounding)

    second = Models(choice, models.data, ("vae_manifold",))
    second._train = None  # would be an error
    second.bring()
    assert "vae_manifold" in second and choice.path("vae_manifold").read_bytes() == kept


@pytest.mark.parametrize("damage", ["missing", "half", "another", "other settings", "other data"])
def test_a_file_that_is_not_what_is_wanted_is_trained_anew(models, choice, damage):
    path, wanted = choice.path("vae_manifold"), []
    path.parent.mkdir()
    good = models.choice.path("vae_manifold").read_bytes()
    path.write_bytes(good[:len(good) // 2] if damage == "half" else good)
    state = checkpoint.load(models.choice.path("vae_manifold"))
    if damage == "missing":
        path.unlink()
    if damage == "another":
        checkpoint.save(path, {"something": np.zeros(3)})
    if damage == "other settings":
        state["identity"]["settings"]["lr"] = 1.0
        checkpoint.save(path, state)
    if damage == "other data":
        state["identity"]["data"] = "0" * 64
        checkpoint.save(path, state)
    found = Models(choice, models.data, ("vae_manifold",))
    found._train = wanted.extend
    found.bring()
    assert wanted == ["vae_manifold"]
    found.bring(retrain=True)
    assert wanted == ["vae_manifold"] * 2


# ---- the command line ----

def said(capsys, *argv):
    """The one line with which the command ends, with status 2."""
    with pytest.raises(SystemExit) as end:
        playground.main(list(argv))
    message = capsys.readouterr().err
    assert end.value.code == 2 and message.count("\n") == 1, message
    assert message.startswith("python -m demos playground: error: ")
    return message


def test_options_are_refused_in_one_line(capsys, server, tmp_path, models):
    port = str(server.server_port)
    few = models.choice.images
    assert f"--port: {port} is taken" in said(capsys, "--port", port, "--data", few)
    assert "--port: 70000 cannot be used" in said(capsys, "--port", "70000", "--data", few)
    assert "must be at least 0" in said(capsys, "--port", "-1")
    assert "neither images nor text" in said(capsys, "--data", "cats")
    assert "no-file.npz" in said(capsys, "--data", str(tmp_path / "no-file.npz"))
    assert "there is no folder" in said(capsys, "--with", str(tmp_path / "nowhere"))
    assert "has passed yet" in said(capsys, "--with", str(tmp_path))
    np.savez(tmp_path / "colour.npz", x=np.zeros((20, 3, 32, 32), np.uint8), y=np.zeros(20, int))
    assert "28 x 28 pixels of grey" in said(capsys, "--data", str(tmp_path / "colour.npz"))
    assert "no demo has a preset enormous" in said(capsys, "--preset", "enormous")


def test_a_choice_takes_images_and_text(tmp_path):
    class Given:
        seed, preset, data = 3, "smoke", ["mnist-10k", str(tmp_path / "mine.txt")]
    choice = playground.chosen(Given)
    assert choice == Choice("mnist-10k", str(tmp_path / "mine.txt"), 3, "smoke")
    assert choice.path("gpt").name == "gpt-mine-smoke-3.npz"
    assert choice.path("vae").name == "vae-mnist-10k-smoke-3.npz"
    assert Choice(**json.loads(json.dumps(choice._asdict()))) == choice


@pytest.fixture
def ready(models, monkeypatch):
    """The command line gets the fixture's models."""
    monkeypatch.setattr(playground, "Models", lambda choice, data: models)
    monkeypatch.setattr(playground, "Data", lambda choice: models.data)
    monkeypatch.setattr(models, "begin", lambda retrain: None)
    monkeypatch.setattr(models, "wait", lambda: None)


def test_ctrl_c_ends_it_quietly_and_a_missing_browser_is_told(ready, capsys, monkeypatch):
    def pressed(server):
        raise KeyboardInterrupt

    monkeypatch.setattr(playground.Server, "serve_forever", pressed)
    monkeypatch.setattr(playground.webbrowser, "open", lambda url: False)
    assert playground.main([]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("The playground: http://127.0.0.1:") and not err
    assert "No browser was found; open this address in one." in out


@pytest.mark.skipif(backend_name() != "numpy", reason="students' answers are NumPy's")
def test_exercises_that_have_passed_compute_the_answers(ready, capsys, monkeypatch, tmp_path):
    place, found = Folder(tmp_path), find(17)  # KL and reparameterize
    place.file(found).write_text(found.source, encoding="utf-8")
    place.mark_passed(found, found.source.encode())
    calls, told = [], []

    def put_in(place, stack):
        yours = train.put_in(place, stack)
        calls.extend(calls for _, calls in yours)
        return yours

    def ask(server):
        values = {"pixels": as_bytes(np.zeros((28, 28)))["data"], "of": None}
        cost = server.rooms["draw"].answer("heat", values, server.models, "12345678")["value"]
        told.append((server.status()["yours"], sum(each.forward_calls for each in calls), cost))
        raise KeyboardInterrupt

    monkeypatch.setattr(playground, "put_in", put_in)
    monkeypatch.setattr(playground.Server, "serve_forever", ask)
    for argv in (["--with", str(tmp_path)], []):
        assert playground.main(["--no-browser", *argv]) == 0
    (yours, count, mine), (nothing, still, own) = told
    assert (yours, nothing) == ([found.label], [])
    assert count == still > 0
    assert mine == pytest.approx(own, rel=1e-6)


def test_measure_prints_each_request(ready, models, server, capsys, monkeypatch):
    monkeypatch.setattr("demos.playground.measure.ROUNDS", 2)
    status = playground.main(["--measure"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + sum(len(room.examples(models)) for room in server.rooms.values())
    assert status == (0 if lines[-1].startswith("all within 50 ms") else 1)

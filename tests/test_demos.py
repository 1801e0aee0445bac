"""What demos share: options, progress, Ctrl-C and --resume, results, and the tour's page."""
import importlib
import json
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

import demos
from demos import __main__ as tour
from demos import common
from demos.common import progress, resume, run
from tinygen.backend import to_numpy
from tinygen.nn import Linear

TINY = '''"""Two lines fitted to points.

    python -m demos.tiny

Gradient descent & <b>momentum</b> find
the slope.
"""
import signal
import numpy as np
from demos.common import demo, epoch_batch, new_figure

PRESETS = {"smoke": dict(steps=4), "default": dict(steps=20, lr=0.1, sizes=(8, 16), nesterov=False)}
stop_at = None  # (loop, step) at which a test presses Ctrl-C
presses = 1
diverges = None  # the size at which it does


class Line:
    def __init__(self, rng):
        self.w, self.velocity, self.count = rng.standard_normal(1), np.zeros(1), 0

    def state_dict(self):
        return {"w": self.w, "velocity": self.velocity, "count": self.count}

    def load_state_dict(self, state):
        self.w[:], self.velocity[:], self.count = state["w"], state["velocity"], state["count"]


@demo(PRESETS, data=("points", "noise"))
def main(run):
    cfg = run.settings
    if cfg.lr < 0:
        raise ValueError("lr is positive; got " + str(cfg.lr))
    x = np.random.default_rng(run.seed).standard_normal(64)
    for size in cfg.sizes:
        line = Line(run.rng)
        for step in run.steps(f"size {size}", line=line):
            batch = epoch_batch(step, size, len(x), run.seed)
            noise = run.rng.standard_normal(size)
            error = line.w * x[batch] - 3 * x[batch] - 0.1 * noise
            line.velocity[:] = 0.5 * line.velocity - cfg.lr * (error * x[batch]).mean()
            line.w += line.velocity
            line.count += 1
            if size == diverges:
                line.w[:] = np.nan
            run.log(loss=(error**2).mean(), slope=line.w[0])
            if stop_at == (size, step):
                for _ in range(presses):
                    signal.raise_signal(signal.SIGINT)
        run.measure(f"slope error {size}", abs(line.w[0] - 3), at_most=5, baseline=("none", 3.0))
    run.measure("draws left", run.rng.random())
    run.measure("impossible", 1, at_least=2, at_most=3)
    figure, axes = new_figure()
    axes.plot(*zip(*run.history["size 8"]["loss"]))
    run.save_figure(figure, "loss", "Loss < noise.")
'''


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The demo above as demos.tiny, run in an empty folder."""
    folder = tmp_path / "more demos"
    folder.mkdir()
    (folder / "tiny.py").write_text(TINY, encoding="utf-8")
    monkeypatch.setattr(demos, "__path__", [str(folder)])
    monkeypatch.chdir(tmp_path)
    yield importlib.import_module("demos.tiny")
    for name in [name for name in sys.modules if name.startswith(("demos.tiny", "demos.broken"))]:
        del sys.modules[name]


def result(folder):
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def values(folder):
    return [row["value"] for row in result(folder)["metrics"]]


def test_result_says_what_was_measured_and_what_it_stands_for(tiny, tmp_path, capsys):
    assert tiny.main(["--seed", "3", "--data", "noise"]) == 0
    found = result(tmp_path / "out" / "tiny")
    assert found["command"] == "python -m demos.tiny --seed 3 --data noise"
    assert (found["seed"], found["data"], found["preset"]) == (3, "noise", "default")
    assert found["settings"] == {"steps": 20, "lr": 0.1, "sizes": [8, 16], "nesterov": False}
    assert found["title"] == "Two lines fitted to points."
    assert found["idea"] == ["Gradient descent & <b>momentum</b> find the slope."]
    assert set(found["versions"]) == {"python", "numpy", "tinygen"}
    assert [row["verdict"] for row in found["metrics"]] == ["pass", "pass", "measured", "fail"]
    assert [row["criterion"] for row in found["metrics"]] == ["<= 5", "<= 5", "", "2 to 3"]
    assert found["verdict"] == "fail"
    assert found["figures"] == [{"file": "loss.png", "caption": "Loss < noise."}]
    assert (tmp_path / "out" / "tiny" / "loss.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "FAIL: 1 of 3 outside the limit: impossible." in printed
    assert re.search(r"slope error 8 +[\d.]+ +<= 5 +none: 3 +pass", printed)


@pytest.mark.parametrize("argv", [["--preset", "smoke"], ["--steps", "19"]])
def test_short_runs_are_not_judged(tiny, tmp_path, argv, capsys):
    assert tiny.main([*argv, "--out", "o"]) == 0
    assert {row["verdict"] for row in result(tmp_path / "o")["metrics"]} == {
        "measured", "not judged at this length"}
    assert "Not judged at this length" in capsys.readouterr().out


def test_a_demo_without_steps_is_judged_and_has_nothing_to_resume(tmp_path, capsys):
    @run.demo({"smoke": {}, "default": {}})
    def main(run):
        run.measure("error", 0, at_most=1)

    assert main(["--preset", "smoke", "--out", str(tmp_path)]) == 0
    assert result(tmp_path)["verdict"] == "pass"
    assert "smoke, seed 0, 0." in capsys.readouterr().out
    for option in ("--resume", "--steps=1"):
        with pytest.raises(SystemExit):
            main([option, "--out", str(tmp_path)])
        assert f"unrecognized arguments: {option}" in capsys.readouterr().err


def test_settings_are_options(tiny, tmp_path):
    argv = "--preset smoke --lr 0.2 --sizes 8 --nesterov --out o".split()
    assert tiny.main(argv) == 0
    assert result(tmp_path / "o")["settings"] == {
        "steps": 4, "lr": 0.2, "sizes": [8], "nesterov": True}


@pytest.mark.parametrize("argv, words", [
    ("--preset huge", "invalid choice: 'huge'"),
    ("--data mnist", "invalid choice: 'mnist'"),
    ("--backend torch", "invalid choice: 'torch'"),
    ("--step 3", "unrecognized arguments: --step 3"),
    ("--steps 0", "must be at least 1; got 0"),
    ("--steps many", "invalid int value: 'many'"),
    ("--seed -1", "must be at least 0; got -1"),
    ("--lr fast", "invalid float value: 'fast'"),
    ("--lr -1", "lr is positive; got -1.0"),
    ("--sizes 65", "a batch takes 1 to all 64 examples; got 65"),
    ("--data own.npz", "invalid choice: 'own.npz'"),
    ("--out tiny.txt/o", "--out: cannot write to"),
    ("--resume", "does not exist; leave out --resume"),
])
def test_bad_options_are_one_line(tiny, tmp_path, capsys, argv, words):
    (tmp_path / "tiny.txt").touch()
    with pytest.raises(SystemExit) as end:
        tiny.main(argv.split())
    message = capsys.readouterr().err
    assert end.value.code == 2
    assert words in message and message.startswith("python -m demos.tiny: error: ")
    assert message.count("\n") == 1


@pytest.mark.parametrize("stop_at", [(8, 0), (8, 6), (8, 19), (16, 0), (16, 13)])
def test_a_resumed_run_ends_as_if_it_had_never_stopped(tiny, tmp_path, capsys, stop_at):
    handler = signal.getsignal(signal.SIGINT)
    assert tiny.main(["--out", "whole"]) == 0
    tiny.stop_at = stop_at
    assert tiny.main(["--out", "parts"]) == 130
    assert signal.getsignal(signal.SIGINT) is handler
    assert "Continue with:  python -m demos.tiny --out parts --resume" in capsys.readouterr().out
    assert not (tmp_path / "parts" / "result.json").exists()
    tiny.stop_at = None
    assert tiny.main(["--out", "parts", "--resume"]) == 0
    assert values(tmp_path / "parts") == values(tmp_path / "whole")
    assert (tmp_path / "parts/loss.png").read_bytes() == (tmp_path / "whole/loss.png").read_bytes()


@pytest.mark.parametrize("owner, name, call", [
    (run.Run, "measure", 1), (run.Run, "measure", 2), (run.Run, "save_figure", 1),
    (run.Run, "finish", 1), (resume.LoopCheckpoint, "restore", 2)])
def test_ctrl_c_outside_of_the_loops_ends_at_once_and_can_be_resumed(
        tiny, tmp_path, monkeypatch, capsys, owner, name, call):
    assert tiny.main(["--out", "whole"]) == 0
    method, calls = getattr(owner, name), []

    def press(*args, **settings):
        calls.append(name)
        if len(calls) == call:
            signal.raise_signal(signal.SIGINT)
        return method(*args, **settings)

    monkeypatch.setattr(owner, name, press)
    assert tiny.main(["--out", "parts"]) == 130
    assert "Continue with:" in capsys.readouterr().out
    assert not (tmp_path / "parts" / "result.json").exists()
    assert tiny.main(["--out", "parts", "--resume"]) == 0
    assert values(tmp_path / "parts") == values(tmp_path / "whole")
    assert (tmp_path / "parts/loss.png").read_bytes() == (tmp_path / "whole/loss.png").read_bytes()


@pytest.mark.parametrize("save", [1, 2])
def test_two_ctrl_c_while_a_checkpoint_is_written_leave_the_one_before(
        tiny, tmp_path, monkeypatch, capsys, save):
    write, calls = np.savez, []

    def press(file, **arrays):
        calls.append(file)
        file.write(b"half of the n")
        if len(calls) == save:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        file.seek(0)
        write(file, **arrays)

    monkeypatch.setattr(np, "savez", press)
    assert tiny.main(["--out", "o"]) == 130
    there = [path.name for path in (tmp_path / "o").iterdir()]
    if save == 1:
        assert "Nothing was saved yet" in capsys.readouterr().out and not there
    else:
        assert "Continue with:" in capsys.readouterr().out and there == ["checkpoint.npz"]
        assert tiny.main(["--out", "o", "--resume"]) == 0
        assert tiny.main(["--out", "whole"]) == 0
        assert values(tmp_path / "o") == values(tmp_path / "whole")


def test_a_run_can_be_stopped_twice_and_then_continued_for_longer(tiny, tmp_path):
    tiny.stop_at = (8, 3)
    assert tiny.main(["--out", "o"]) == 130
    tiny.stop_at = (8, 9)
    assert tiny.main(["--out", "o", "--resume"]) == 130
    tiny.stop_at = None
    assert tiny.main(["--out", "o", "--resume", "--steps", "30", "--sizes", "8", "16"]) == 0
    assert tiny.main(["--out", "whole", "--steps", "30"]) == 0
    assert values(tmp_path / "o") == values(tmp_path / "whole")


def test_a_second_ctrl_c_does_not_wait_for_the_step(tiny, capsys):
    tiny.stop_at, tiny.presses = (8, 0), 2
    assert tiny.main([]) == 130
    assert "Nothing was saved yet" in capsys.readouterr().out


def test_a_checkpoint_is_there_from_the_first_step_on(tiny, tmp_path):
    tiny.stop_at, tiny.presses = (8, 1), 2  # ends at once, so only an earlier save can help
    assert tiny.main(["--out", "o"]) == 130
    tiny.stop_at = None
    assert tiny.main(["--out", "o", "--resume"]) == 0
    assert tiny.main(["--out", "whole"]) == 0
    assert values(tmp_path / "o") == values(tmp_path / "whole")


@pytest.mark.parametrize("cost, longest", [(0.001, 0.2), (0.1, 6), (10, 61)])
def test_checkpoints_are_frequent_where_they_are_cheap(tmp_path, monkeypatch, cost, longest):
    clock, saved_at = [0.0], []

    def save(path, state):
        clock[0] += cost
        saved_at.append(clock[0])

    monkeypatch.setattr(resume.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(resume.checkpoint, "save", save)
    kept = resume.LoopCheckpoint(tmp_path / "c.npz", {})
    while clock[0] < 200:
        clock[0] += 0.1  # a step
        if kept.is_due():
            kept.save("loop", 1, {}, {}, 0)
    assert saved_at[0] == pytest.approx(0.1 + cost)
    gaps = np.diff(saved_at) - cost
    assert gaps.max() < longest and (cost > 1 or cost / gaps.min() < 0.0201)


def test_snapshots_are_part_of_the_checkpoint(tmp_path):
    stop = [3]

    @run.demo({"smoke": {}, "default": {"steps": 6}})
    def main(run):
        w, snapshots = np.zeros(2), resume.Snapshots()
        for step in run.steps(snapshots=snapshots):
            w += 1
            if step % 2 == 0:
                snapshots.add(step, w)
            if step in stop:
                signal.raise_signal(signal.SIGINT)
        assert len(snapshots) == 3
        run.measure("first", sum(10 ** step * array[0] for step, array in list(snapshots)[:2]))

    assert main(["--out", str(tmp_path)]) == 130
    stop.clear()
    assert main(["--out", str(tmp_path), "--resume"]) == 0
    assert values(tmp_path) == [1 + 300]


@pytest.mark.parametrize("argv, words", [
    ("--seed 1", "made with --seed 0, now it is 1"),
    ("--lr 0.2", "made with lr 0.1, now it is 0.2"),
    ("--sizes 8", "made with sizes [8, 16], now it is [8]"),
    ("--steps 5", "is at step 20 of size 8, past the 5 asked for"),
])
def test_resume_refuses_another_run(tiny, capsys, argv, words):
    assert tiny.main(["--out", "o"]) == 0
    with pytest.raises(SystemExit):
        tiny.main(["--out", "o", "--resume", *argv.split()])
    assert words in capsys.readouterr().err


def test_resume_refuses_a_damaged_checkpoint(tiny, tmp_path, capsys):
    assert tiny.main(["--out", "o"]) == 0
    path = tmp_path / "o" / "checkpoint.npz"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(SystemExit):
        tiny.main(["--out", "o", "--resume"])
    message = capsys.readouterr().err
    assert "checkpoint.npz is damaged or truncated" in message and message.count("\n") == 1


def test_divergence_is_a_sentence_and_the_last_good_checkpoint_can_be_shown(
        tiny, tmp_path, capsys):
    argv = ["--out", "o", "--lr", "1e200", "--sizes", "8"]
    with np.errstate(all="ignore"):
        assert tiny.main(argv) == 1
        printed = capsys.readouterr().out
        assert re.search(r"Training diverged: loss is inf at step 1 of size 8\. Start afresh",
                         printed)
        assert "The last good checkpoint is kept: --resume --steps 1 shows" in printed
        assert tiny.main([*argv, "--resume", "--steps", "1"]) == 0
        assert tiny.main([*argv, "--resume"]) == 1
    assert "checkpoint is kept: --resume --steps 1" in capsys.readouterr().out


def test_divergence_before_the_first_save_and_in_a_later_loop_is_told(tiny, capsys):
    with np.errstate(all="ignore"):
        assert tiny.main(["--lr", "nan", "--sizes", "8"]) == 1
        assert "slope is nan at step 0 of size 8" in (printed := capsys.readouterr().out)
        assert "before there was anything to save" in printed
        tiny.diverges = 16
        assert tiny.main([]) == 1
    printed = capsys.readouterr().out
    assert "slope is nan at step 0 of size 16" in printed
    assert "checkpoint, from before size 16, is kept, but to go on from it leads to" in printed


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("press", [False, True])
def test_weights_that_are_not_finite_never_replace_good_ones(tmp_path, capsys, monkeypatch, bad,
                                                             press):
    monkeypatch.setattr(resume, "SECONDS_BETWEEN", -1)  # each step
    layer = Linear(2, 3, rng=np.random.default_rng(0))

    @run.demo({"smoke": {}, "default": {"steps": 6}})
    def main(run):
        for step in run.steps(layer=layer):  # whose loss is not even looked at
            if step == 3:
                layer.bias.data[1:2] = bad
                if press:
                    signal.raise_signal(signal.SIGINT)

    assert main(["--out", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert ("Training diverged: layer/bias holds nan or infinity after step 3 of training. Start "
            "afresh with a smaller learning rate. The last good checkpoint is kept: --resume "
            "--steps 3 shows what was learnt until then.") in printed
    assert main(["--out", str(tmp_path), "--resume", "--steps", "3"]) == 0
    assert np.isfinite(to_numpy(layer.bias)).all()


def test_mistakes_in_the_loop_show_their_traceback(tiny, monkeypatch):
    monkeypatch.setattr(tiny, "epoch_batch", lambda *_: np.zeros(3).reshape(2))
    with pytest.raises(ValueError, match="cannot reshape"):
        tiny.main([])


def test_progress_is_a_line_per_tenth_when_not_on_a_terminal(tiny, capsys):
    tiny.main(["--out", "o", "--sizes", "8"])
    printed = capsys.readouterr().out
    assert printed.count("size 8  ") == 10
    assert re.search(r"size 8: 20 steps, about [\d.]+ s", printed)
    assert re.search(r"size 8  10/20   50 %  loss [\d.]+  slope [\d.]+  [\d.]+ s left", printed)
    assert re.search(r"size 8  20/20  100 %  loss .* took [\d.]+ s", printed)
    assert "\r" not in printed


def test_progress_is_one_live_line_on_a_terminal(tiny, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    tiny.main(["--out", "o", "--sizes", "8"])
    live = capsys.readouterr().out.split("\n")[0]
    assert live.count("\r") >= 2 and all(len(line) <= 59 for line in live.split("\r"))
    assert "size 8  20/20  [####################]" in live


def test_printing_wipes_the_live_line_first(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    line = progress.Progress("training", 0, 10)
    line.show(1, {"loss": 0.5})
    line.clear()
    shown = capsys.readouterr().out
    assert "1/10" in shown and shown.endswith("\r") and not shown.split("\r")[-2].strip()


@pytest.mark.parametrize("seconds, words", [
    (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"),
    (7800, "2 h 10 min")])
def test_durations(seconds, words):
    assert progress.duration(seconds) == words


def test_epochs_take_each_example_once_in_an_order_of_their_own():
    epochs = [np.concatenate([common.epoch_batch(5 * epoch + step, 4, 20, seed=1)
                              for step in range(5)]) for epoch in range(2)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(20))
    assert not np.array_equal(*epochs)
    assert len(common.epoch_batch(5, 4, 23, seed=1)) == 4


def test_tiles_are_ink_on_paper():
    sheet = common.tile(np.ones((3, 1, 4, 5)), columns=2, gap=1)
    assert sheet.shape == (9, 11, 3)
    assert (sheet[:4, :5] == 0).all() and (sheet[4] == 1).all() and (sheet[5:, 6:] == 1).all()
    colour = np.random.default_rng(0).random((2, 3, 4, 4))
    assert np.array_equal(common.tile(colour, columns=1, gap=0)[4:], colour[1].transpose(1, 2, 0))
    for wrong in [(3, 4, 4), (3, 2, 4, 4), (0, 1, 4, 4)]:
        with pytest.raises(ValueError, match="tile: images have shape"):
            common.tile(np.zeros(wrong), columns=2)


def test_image_figures_have_labelled_rows(tiny, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    images = np.random.default_rng(0).random((10, 1, 28, 28))
    axes = common.image_rows({"original": images, "code 16": images[:4]}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["original", "code 16"]
    assert common.image_grid(images).axes[0].images[0].get_array().shape == (88, 118, 3)
    small = common.image_rows({"one": images[:3, :, :4, :4], "two": images[:2, :, :4, :4]}).axes[0]
    assert small.images[0].get_array().shape == (9, 16, 3)
    assert small.figure.get_size_inches()[1] > 0.8  # room for two labels


def fake_check(monkeypatch, outcome=0):
    def check(argv):
        print("op  worst error\nexp  1e-9 <ok>\n1 op checked")
        if outcome is KeyboardInterrupt:
            raise KeyboardInterrupt
        return outcome

    monkeypatch.setattr("tinygen.check.__main__.main", check)


def page(tmp_path):
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "http" not in text and "<script" not in text
    assert all(source.startswith("data:image/png;base64,")
               for source in re.findall(r'(?:src|href)="([^"#][^"]*)"', text))
    return text


def test_the_tour_runs_its_demos_and_makes_one_page(tiny, tmp_path, monkeypatch, capsys):
    (tmp_path / "more demos" / "broken.py").write_text(
        TINY.replace("cfg = run.settings", "1 / 0"), encoding="utf-8")
    monkeypatch.setattr(tour, "TOUR", {"tiny": ("default", 2), "broken": ("smoke", 1)})
    fake_check(monkeypatch)
    assert tour.main([]) == 1
    printed = capsys.readouterr().out
    assert "tiny    Two lines fitted to points." in printed
    assert printed.index("on this machine") < printed.index("[1/3] gradients")
    assert "[2/3] tiny: Two lines fitted to points." in printed
    assert "broken: ZeroDivisionError" in printed and "index.html" in printed
    text = page(tmp_path)
    for words in ["exp  1e-9 &lt;ok&gt;", "1 op checked",
                  "Gradient descent &amp; &lt;b&gt;momentum", "Loss &lt; noise.",
                  ">fail<", ">pass<", "2 to 3", "none: 3", "ZeroDivisionError",
                  "python -m demos.tiny --preset default"]:
        assert words in text, words


def test_ctrl_c_ends_the_tour_with_a_page_of_what_ran(tiny, tmp_path, monkeypatch, capsys):
    tiny.stop_at = (16, 3)
    monkeypatch.setattr(tour, "TOUR", {"tiny": ("default", 2), "never": ("default", 1)})
    fake_check(monkeypatch)
    assert tour.main([]) == 130
    assert "never" not in capsys.readouterr().out.partition("[1/3]")[2]
    assert "stopped before its end" in page(tmp_path)


def test_ctrl_c_in_the_gradient_table(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(tour, "TOUR", {"tiny": ("default", 2)})
    fake_check(monkeypatch, KeyboardInterrupt)
    assert tour.main([]) == 130
    assert "stopped before its end" in page(tmp_path)


def test_smoke_runs_every_demo(tiny, tmp_path, monkeypatch):
    fake_check(monkeypatch)
    assert tour.main(["--smoke", "--out", "s"]) == 0
    assert result(tmp_path / "s" / "tiny")["preset"] == "smoke"


def test_one_demo_by_name(tiny, tmp_path, capsys):
    assert tour.main(["tiny", "--preset", "smoke"]) == 0
    assert result(tmp_path / "out" / "tiny")["preset"] == "smoke"
    assert tour.main(["--list"]) == 0
    assert capsys.readouterr().out.endswith("tiny  Two lines fitted to points.\n")


@pytest.mark.parametrize("argv, words", [
    (["tyni"], "no demo is called 'tyni': did you mean tiny?"),
    (["xxx"], "no demo is called 'xxx': there are tiny"),
    (["--lsit"], "unrecognized arguments: --lsit"),
    (["--out", "a file/out"], "--out: cannot write to"),
])
def test_bad_options_of_the_tour_are_one_line(tiny, tmp_path, capsys, argv, words):
    (tmp_path / "a file").touch()
    with pytest.raises(SystemExit) as end:
        tour.main(argv)
    message = capsys.readouterr().err
    assert end.value.code == 2 and words in message and message.count("\n") == 1


def test_every_demo_introduces_itself_and_the_tour_knows_them():
    titles = tour.find_demos()
    assert set(tour.TOUR) <= set(titles)
    for name, title in titles.items():
        assert 10 < len(title) <= 100, f"demos/{name}.py: its docstring's first line is its title"


def test_importing_the_helpers_leaves_matplotlib_alone():
    code = "import sys, demos.common; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

"""A run of a demo: its result, its verdict, and what it says when training fails."""
import re
import signal

import numpy as np
import pytest

from demos.common import resume
from demos.common.run import demo
from tests.helpers import read_result
from tinygen.backend import to_numpy
from tinygen.nn import Linear


def test_result_says_what_was_measured_and_what_it_stands_for(tiny, tmp_path, capsys):
    assert tiny.main(["--seed", "3", "--data", "noise"]) == 0
    found = read_result(tmp_path / "out" / "tiny")
    assert found["command"] == "python -m demos tiny --seed 3 --data noise"
    assert (found["seed"], found["data"], found["preset"]) == (3, "noise", "default")
    assert found["settings"] == {"steps": 20, "lr": 0.1, "sizes": [8, 16], "nesterov": False}
    assert found["title"] == "Two lines fitted to points."
    assert found["idea"] == ["Gradient descent & <b>momentum</b> find the `slope`."]
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
    assert {row["verdict"] for row in read_result(tmp_path / "o")["metrics"]} == {
        "measured", "not judged at this length"}
    assert "Not judged at this length" in capsys.readouterr().out


def test_a_demo_without_steps_is_judged_and_has_nothing_to_resume(tmp_path, capsys):
    @demo({"smoke": {}, "default": {}})
    def main(run):
        run.measure("error", 0, at_most=1)

    assert main(["--preset", "smoke", "--out", str(tmp_path)]) == 0
    assert read_result(tmp_path)["verdict"] == "pass"
    assert "smoke, seed 0, 0." in capsys.readouterr().out
    for option in ("--resume", "--steps=1"):
        with pytest.raises(SystemExit):
            main([option, "--out", str(tmp_path)])
        assert f"unrecognized arguments: {option}" in capsys.readouterr().err


def test_divergence_is_a_sentence_and_the_last_good_checkpoint_can_be_shown(
        tiny, tmp_path, capsys):
    argv = ["--out", "o", "--lr", "1e200", "--sizes", "8"]
    with np.errstate(all="ignore"):
        assert tiny.main(argv) == 1
        printed = capsys.readouterr().out
        assert "Training diverged at step 1 of size 8: loss is inf. Start again" in printed
        assert "The last good checkpoint is kept: --resume --steps 1 shows" in printed
        assert tiny.main([*argv, "--resume", "--steps", "1"]) == 0
        assert tiny.main([*argv, "--resume"]) == 1
    assert "checkpoint is kept: --resume --steps 1" in capsys.readouterr().out


def test_overflow_in_a_loop_gives_no_warning_but_a_sentence(tmp_path, capsys, recwarn):
    @demo({"smoke": {}, "default": {"steps": 6}})
    def main(run):
        w = np.float32([3e38])
        for _ in run.steps():
            w = w * 10 - w * 10
            run.log(loss=w[0])

    assert main(["--out", str(tmp_path)]) == 1
    assert "diverged at step 0 of training: loss is nan." in capsys.readouterr().out
    assert not recwarn.list and np.geterr()["over"] == "warn"


def test_what_is_not_finite_outside_of_the_loops_has_no_step(tmp_path, capsys):
    @demo({"smoke": {}, "default": {"steps": 6}})
    def main(run):
        raise FloatingPointError("exp made an infinity")

    assert main(["--out", str(tmp_path)]) == 1
    assert "Training diverged: exp made an infinity. Start again" in capsys.readouterr().out


def test_divergence_before_the_first_save_and_in_a_later_loop_is_told(tiny, capsys):
    with np.errstate(all="ignore"):
        assert tiny.main(["--lr", "nan", "--sizes", "8"]) == 1
        assert "diverged at step 0 of size 8: slope is nan" in (printed := capsys.readouterr().out)
        assert "before there was anything to save" in printed
        tiny.diverges = 16
        assert tiny.main([]) == 1
    printed = capsys.readouterr().out
    assert "diverged at step 0 of size 16: slope is nan" in printed
    assert "checkpoint, from before size 16, is kept, but resuming from it leads to" in printed


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("press", [False, True])
def test_weights_that_are_not_finite_never_replace_good_ones(tmp_path, capsys, monkeypatch, bad,
                                                             press):
    monkeypatch.setattr(resume, "SECONDS_BETWEEN", -1)  # each step
    layer = Linear(2, 3, rng=np.random.default_rng(0))

    @demo({"smoke": {}, "default": {"steps": 6}})
    def main(run):
        for step in run.steps(layer=layer):  # whose loss is not even looked at
            if step == 3:
                layer.bias.data[1:2] = bad
                if press:
                    signal.raise_signal(signal.SIGINT)

    assert main(["--out", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert ("Training diverged at step 3 of training: layer/bias holds nan or infinity. Start "
            "again with a smaller learning rate and another --out. The last good checkpoint is "
            "kept: --resume --steps 3 shows what was learnt by then.") in printed
    assert main(["--out", str(tmp_path), "--resume", "--steps", "3"]) == 0
    assert np.isfinite(to_numpy(layer.bias)).all()


def test_mistakes_in_the_loop_show_their_traceback(tiny, monkeypatch):
    monkeypatch.setattr(tiny, "epoch_batch", lambda *_: np.zeros(3).reshape(2))
    with pytest.raises(ValueError, match="cannot reshape"):
        tiny.main([])


@pytest.mark.parametrize("moment", ["Line", "epoch_batch"])  # before the first step, and in it
def test_too_little_memory_is_one_line(tiny, monkeypatch, capsys, moment):
    def too_much(*_):
        raise MemoryError("Unable to allocate 1.86 TiB")

    monkeypatch.setattr(tiny, moment, too_much)
    with pytest.raises(SystemExit) as end:
        tiny.main([])
    message = capsys.readouterr().err
    assert end.value.code == 2 and message.count("\n") == 1
    assert "error: not enough memory (Unable to allocate 1.86 TiB); give smaller set" in message


def test_a_second_run_in_the_same_folder_is_refused(tiny, tmp_path, monkeypatch, capsys):
    called = []

    def another_run(rng):
        if not called:
            called.append(rng)
            with pytest.raises(SystemExit):
                tiny.main(["--out", "o"])
            message = capsys.readouterr().err
            assert "--out: another run is writing to o; wait until it ends" in message
            assert message.count("\n") == 1
        return line(rng)

    line = tiny.Line
    monkeypatch.setattr(tiny, "Line", another_run)
    assert tiny.main(["--out", "o"]) == 0
    assert called and ".lock" not in [path.name for path in (tmp_path / "o").iterdir()]
    (tmp_path / "o" / ".lock").touch()  # what a killed run leaves
    assert tiny.main(["--out", "o"]) == 0

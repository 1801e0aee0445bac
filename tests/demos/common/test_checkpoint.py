"""Ctrl-C, checkpoints and --resume: a stopped run ends as if it had never been stopped."""
import signal

import numpy as np
import pytest

from demos.common import resume, run
from tests.helpers import read_result, read_values
from tinygen import checkpoint


@pytest.mark.parametrize("stop_at", [(8, 0), (8, 6), (8, 19), (16, 0), (16, 13)])
def test_a_resumed_run_ends_as_if_it_had_never_stopped(tiny, tmp_path, capsys, stop_at):
    handler = signal.getsignal(signal.SIGINT)
    assert tiny.main(["--out", "whole"]) == 0
    tiny.stop_at = stop_at
    assert tiny.main(["--out", "parts"]) == 130
    assert signal.getsignal(signal.SIGINT) is handler
    assert "Continue with:  python -m demos tiny --out parts --resume" in capsys.readouterr().out
    assert not (tmp_path / "parts" / "result.json").exists()
    tiny.stop_at = None
    assert tiny.main(["--out", "parts", "--resume"]) == 0
    assert read_values(tmp_path / "parts") == read_values(tmp_path / "whole")
    assert (tmp_path / "parts/loss.png").read_bytes() == (tmp_path / "whole/loss.png").read_bytes()


@pytest.fixture
def ctrl_c_interrupts():
    """Python's own handler, also where the tests were started with SIGINT ignored (`nohup`)."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.parametrize("owner, name, call", [
    (run.Run, "measure", 1), (run.Run, "measure", 2), (run.Run, "save_figure", 1),
    (run.Run, "finish", 1), (resume.LoopCheckpoint, "restore", 2)])
def test_ctrl_c_outside_of_the_loops_ends_at_once_and_can_be_resumed(
        tiny, ctrl_c_interrupts, tmp_path, monkeypatch, capsys, owner, name, call):
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
    assert read_values(tmp_path / "parts") == read_values(tmp_path / "whole")
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
    if save == 1:
        assert "Nothing was saved yet" in capsys.readouterr().out and not list(tmp_path.glob("o"))
    else:
        assert "Continue with:" in capsys.readouterr().out
        assert [path.name for path in (tmp_path / "o").iterdir()] == ["checkpoint.npz"]
        assert tiny.main(["--out", "o", "--resume"]) == 0
        assert tiny.main(["--out", "whole"]) == 0
        assert read_values(tmp_path / "o") == read_values(tmp_path / "whole")


def test_a_run_can_be_stopped_twice_and_then_continued_for_longer(tiny, tmp_path):
    tiny.stop_at = (8, 3)
    assert tiny.main(["--out", "o"]) == 130
    tiny.stop_at = (8, 9)
    assert tiny.main(["--out", "o", "--resume"]) == 130
    tiny.stop_at = None
    assert tiny.main(["--out", "o", "--resume", "--steps", "30", "--sizes", "8", "16"]) == 0
    assert tiny.main(["--out", "whole", "--steps", "30"]) == 0
    assert read_values(tmp_path / "o") == read_values(tmp_path / "whole")


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
    assert read_values(tmp_path / "o") == read_values(tmp_path / "whole")


@pytest.mark.parametrize("cost, longest", [(0.001, 0.2), (0.1, 6), (10, 61)])
def test_checkpoints_are_frequent_where_they_are_cheap(tmp_path, monkeypatch, cost, longest):
    clock, saved_at = [0.0], []

    def save(path, state):
        clock[0] += cost
        saved_at.append(clock[0])

    monkeypatch.setattr(resume.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(resume.checkpoint, "save", save)
    kept = resume.LoopCheckpoint(tmp_path, {}, "")
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
    assert read_values(tmp_path) == [1 + 300]


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


def test_resume_refuses_a_checkpoint_of_something_else(tiny, capsys):
    assert tiny.main(["--out", "o"]) == 0
    good = checkpoint.load("o/checkpoint.npz")
    first = good["loops"]["size 8"]
    for bad in ({"x": 1}, {**good, "identity": [1]}, {**good, "loops": None},
                {**good, "loops": {}}, {**good, "command": 3},
                {**good, "seconds": "1"}, {**good, "seconds": np.ones(2)},
                *({**good, "loops": {"size 8": {**first, **changes}}} for changes in (
                    {"done": 2.5}, {"done": -1}, {"objects": [1]}, {"history": 3}, {"more": 1},
                    {"history": {"loss": np.zeros(3)}}, {"history": {"loss": [[0, 1]]}},
                    {"history": {"loss": np.full((3, 2), np.nan)}}))):
        checkpoint.save("o/checkpoint.npz", bad)
        message = refused_resume(tiny, capsys)
        assert "checkpoint.npz was not written by a demo's run; leave out --resume" in message


@pytest.mark.parametrize("argv", [
    "", "--preset smoke", "--seed 1", "--data noise", "--lr 0.2", "--steps 30"])
def test_an_unfinished_run_is_not_replaced(tiny, tmp_path, capsys, argv):
    tiny.stop_at = (16, 3)
    assert tiny.main(["--out", "o", "--sizes", "8", "16"]) == 130
    before = (tmp_path / "o" / "checkpoint.npz").read_bytes()
    tiny.stop_at = None
    message = refused(tiny, capsys, ["--out", "o", *argv.split()])
    assert ("--out: o holds an unfinished run, at step 4 of size 16; continue it with `python -m "
            "demos tiny --out o --sizes 8 16 --resume`, or give another --out") in message
    assert (tmp_path / "o" / "checkpoint.npz").read_bytes() == before
    assert tiny.main(["--out", "o", "--resume"]) == 0


def test_a_finished_run_may_be_replaced_and_what_replaces_it_is_kept_as_well(tiny, tmp_path,
                                                                             capsys):
    assert tiny.main(["--out", "o"]) == 0
    tiny.stop_at, tiny.presses = (8, 0), 2
    assert tiny.main(["--out", "o", "--seed", "1"]) == 130  # before its first checkpoint
    assert tiny.main(["--out", "o", "--resume"]) == 0       # so the one before is still there
    tiny.stop_at, tiny.presses = (8, 3), 1
    assert tiny.main(["--out", "o", "--seed", "1"]) == 130
    assert "at step 4 of size 8" in refused(tiny, capsys, ["--out", "o"])
    tiny.stop_at = None
    assert tiny.main(["--out", "o", "--seed", "1", "--resume"]) == 0
    assert tiny.main(["--out", "o"]) == 0
    assert read_result(tmp_path / "o")["seed"] == 0


@pytest.mark.parametrize("content", [b"", b"PK, and then nothing", None])
def test_a_file_that_is_no_runs_is_not_replaced(tiny, tmp_path, capsys, content):
    path = tmp_path / "o" / "checkpoint.npz"
    path.parent.mkdir()
    path.write_bytes(content) if content is not None else np.savez(path, x=np.zeros(3))
    before = path.read_bytes()
    message = refused(tiny, capsys, ["--out", "o"])
    assert "checkpoint.npz is in the way, and of no run that could be continued" in message
    assert path.read_bytes() == before


@pytest.mark.parametrize("there", ["", "a", "a/b"])
@pytest.mark.parametrize("argv", ["--lr -1", "--resume", ""])
def test_folders_are_not_left_behind_empty(tiny, tmp_path, capsys, there, argv):
    """After a bad option, and after Ctrl-C before anything was saved."""
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    before = sorted(tmp_path.rglob("*"))
    tiny.stop_at, tiny.presses = (8, 0), 2
    argv = ["--out", "a/b/c", *argv.split()]
    if len(argv) > 2:
        refused(tiny, capsys, argv)
    else:
        assert tiny.main(argv) == 130
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("loop", ["size 8", "size 16"])
@pytest.mark.parametrize("name, state", [("line", 3), ("line", {}), ("rng", {}), ("rng", None)])
def test_resume_refuses_a_state_that_does_not_fit(tiny, capsys, loop, name, state):
    assert tiny.main(["--out", "o"]) == 0
    bad = checkpoint.load("o/checkpoint.npz")
    bad["loops"][loop]["objects"][name] = state
    checkpoint.save("o/checkpoint.npz", bad)
    message = refused_resume(tiny, capsys)
    assert f"--resume: the state of {name} in o" in message and "does not fit this demo" in message


def refused_resume(tiny, capsys):
    """The one line with which --resume is refused."""
    return refused(tiny, capsys, ["--out", "o", "--resume"])


def refused(tiny, capsys, argv):
    """The one line with which the options are refused."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        tiny.main(argv)
    printed = capsys.readouterr()
    assert end.value.code == 2 and printed.err.strip().count("\n") == 0
    return printed.err


def test_epochs_take_each_example_once_in_an_order_of_their_own():
    epochs = [np.concatenate([resume.epoch_batch(5 * epoch + step, 4, 20, seed=1)
                              for step in range(5)]) for epoch in range(2)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(20))
    assert not np.array_equal(*epochs)
    assert len(resume.epoch_batch(5, 4, 23, seed=1)) == 4

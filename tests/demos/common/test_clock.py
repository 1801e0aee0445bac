"""The time of a run: what is said before, what while it runs, and whether it comes true."""
import json
import re
from types import SimpleNamespace

import pytest

from demos.common import clock, times
from demos.common.clock import Clock
from tests.helpers import read_result

TIMES = {"loops": [10, 30, 20], "rest": 15}  # seconds on the reference machine
WORK = [100, 100, 50]


@pytest.fixture
def now(monkeypatch):
    """A clock that goes by hand, on a machine half as fast as the reference."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(clock.time, "monotonic", lambda: now.seconds)
    monkeypatch.setattr(clock, "slowness", lambda: 2.0)
    return now


def run_through(clock, now, took, rest, resumed=0):
    """Play a run of loops that take `took` seconds in WORK steps, and `rest` at the end.

    resumed: steps of all loops that an earlier run did. Yields (loop, steps done, what the clock
    says is left, what is left in truth).
    """
    ahead = sum(took) + rest
    for loop, (steps, seconds) in enumerate(zip(WORK, took)):
        done = min(resumed, steps)
        resumed -= done
        clock.begin(1 - done / steps)
        ahead -= done * seconds / steps
        for step in range(done + 1, steps + 1):
            now.seconds += seconds / steps
            ahead -= seconds / steps
            yield loop, step, clock.left(step - done, steps - step), ahead


def test_a_run_as_expected_is_told_right_from_the_first_step_on(now):
    for _, _, said, left in run_through(Clock(TIMES, WORK, WORK), now, [20, 60, 40], 30):
        assert said == pytest.approx(left)


@pytest.mark.parametrize("factor", [0.5, 1.4, 4])
def test_a_machine_faster_or_slower_than_it_seemed_is_told_better_and_better(now, factor):
    took, wrong = [20 * factor, 60 * factor, 40 * factor], abs(factor - 1) / factor
    for loop, step, said, left in run_through(Clock(TIMES, WORK, WORK), now, took, 30 * factor):
        trust = [1, 0.85, 0.5][loop]  # of the error at the start: the rest of it
        assert abs(said / left - 1) <= trust * wrong + 1e-9, (loop, step)


@pytest.mark.parametrize("steps", [60, 150, 230])
def test_a_resumed_run_has_only_the_rest_to_go(now, steps):
    told = list(run_through(Clock(TIMES, WORK, WORK), now, [20, 60, 40], 30, resumed=steps))
    assert len(told) == 250 - steps
    for _, _, said, left in told:
        assert said == pytest.approx(left)


def test_without_times_the_first_steps_tell(now):
    told = list(run_through(Clock(None, WORK, WORK), now, [20, 20, 10], 0))
    assert [said for _, _, said, _ in told[:2]] == [None, None]
    for _, _, said, left in told[100:]:
        assert said is None or said == pytest.approx(left)


@pytest.mark.parametrize("work, total", [
    (WORK, 150), ([200, 200, 100], 270), ([200, 100, 50], 170), ([100], 78), (4 * [25], 78)])
def test_the_total_follows_the_work(now, work, total):
    """Loop by loop, or by all the loops' mean where there are more or fewer than usual."""
    assert Clock(TIMES, work, WORK).total == pytest.approx(total)


@pytest.mark.parametrize("times, work, taken, own, words", [
    (TIMES, WORK, 0, True, "About 2 min 30 s in all: 3 loops, then the figures."),
    (TIMES, WORK, 0, False, "About 2 min 30 s in all, judged by the preset's own settings: 3 "),
    (TIMES, WORK, 110, True, "About 40 s more, of 2 min 30 s in all: 3 loops, then the"),
    (TIMES, WORK, 999, True, "About 0.0 s more"),
    ({"loops": [5], "rest": 1}, [9], 0, True, "About 12 s in all: 1 loop, then the figures."),
    ({"loops": [], "rest": 2}, [], 0, True, "About 4.0 s in all."),
    (None, WORK, 0, True, "How long it takes, its first steps will tell: 3 loops, then the fig"),
    (None, [], 0, True, "")])
def test_announcements(now, times, work, taken, own, words):
    usual = WORK if work == WORK else [9] * len(work)
    said = Clock(times, work, usual).announcement(taken, own)
    assert said.startswith(words) and bool(said) == bool(words)


@pytest.fixture
def timed(tiny, tmp_path, monkeypatch):
    """The demo tiny, timed for its default preset."""
    monkeypatch.setattr(clock, "TIMES", tmp_path / "times.json")
    monkeypatch.setattr(clock, "slowness", lambda: 1.0)
    clock.TIMES.write_text(json.dumps({"tiny": {"default": {"loops": [40, 20], "rest": 30}}}),
                           encoding="utf-8")
    return tiny


@pytest.mark.parametrize("argv, words", [
    ("", "About 1 min 30 s in all: 2 loops, then the figures."),
    ("--steps 40", "About 2 min 30 s in all: 2 loops, then the figures."),
    ("--sizes 8", "About 1 min 0 s in all, judged by the preset's own settings: 1 loop, then"),
    ("--data noise", "About 1 min 30 s in all, judged by the preset's own settings: 2 loops"),
    ("--preset smoke", "How long it takes, its first steps will tell: 2 loops, then the figures.")])
def test_the_first_line_of_a_run_says_how_long_it_takes(timed, tmp_path, capsys, argv, words):
    assert timed.main(["--out", "o", *argv.split()]) == 0
    assert capsys.readouterr().out.startswith(words)
    result = read_result(tmp_path / "o")
    assert len(result["loop_seconds"]) == len(result["settings"]["sizes"])
    assert result["expected_seconds"] == {
        "": 90, "--steps 40": 150, "--sizes 8": 60, "--data noise": 90}.get(argv)


def test_the_first_line_of_a_resumed_run(timed, capsys):
    timed.stop_at = (16, 3)
    assert timed.main(["--out", "o"]) == 130
    timed.stop_at = None
    capsys.readouterr()
    assert timed.main(["--out", "o", "--resume"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("About 1 min 30 s more, of 1 min 30 s in all: 2 loops, then the")
    assert re.search(r"^3\d s left +\[2/2\] size 16 +6/20", printed, re.MULTILINE)


def test_timing_a_demo(timed, monkeypatch, capsys):
    monkeypatch.setattr(times, "TIMES", clock.TIMES)
    monkeypatch.setattr(times, "slowness", lambda: 2.0)
    times.write_times("tiny", "smoke", [1.0, 2.0], 9.0)
    times.write_times("other", "default", [], 3.0)
    assert clock.reference_times("tiny", "smoke") == {"loops": [0.5, 1.0], "rest": 3.0}
    assert clock.reference_times("tiny", "default") == {"loops": [40, 20], "rest": 30}
    assert clock.reference_seconds("other", "default") == 1.5
    assert clock.reference_seconds("other", "smoke") == 0
    with pytest.raises(SystemExit):
        times.main(["tinny"])
    assert "no demo is called 'tinny'" in capsys.readouterr().err

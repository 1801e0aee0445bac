"""The progress of a loop: a live line on a terminal, else a line at each 10 %."""
import re
import sys
from types import SimpleNamespace

import pytest

from demos.common import progress


def test_progress_is_a_line_per_tenth_when_not_on_a_terminal(tiny, capsys):
    tiny.main(["--out", "o", "--sizes", "8"])
    printed = capsys.readouterr().out
    assert printed.count("size 8  ") == 10
    assert re.search(r"^timing +size 8   2/20   10 %  loss", printed, re.MULTILINE)
    assert re.search(r"^[\d.]+ s left +size 8  10/20   50 %  loss [\d.]+  slope [\d.]+$", printed,
                     re.MULTILINE)
    assert re.search(r"^[\d.]+ s left +size 8  20/20  100 %  loss .* took [\d.]+ s$", printed,
                     re.MULTILINE)
    assert "\r" not in printed


def test_each_of_several_loops_has_its_number(tiny, capsys):
    tiny.main(["--out", "o"])
    printed = capsys.readouterr().out
    assert printed.count("  [1/2] size 8  ") == printed.count("  [2/2] size 16  ") == 10


def test_slow_steps_show_before_the_first_tenth(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    line = progress.Progress("training", 0, 1000, clock())
    for done in range(1, 50):
        now[0] += 0.1
        line.show(done, {})
    assert capsys.readouterr().out.splitlines() == ["7.0 s left        training     6/1000    0 %"]


def test_progress_is_one_live_line_on_a_terminal(tiny, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    tiny.main(["--out", "o", "--sizes", "8"])
    live = capsys.readouterr().out.split("\n")[1]
    assert live.count("\r") >= 2 and all(len(line) <= 59 for line in live.split("\r"))
    assert re.search(r"\r[\d.]+ s left +size 8  20/20  \[##########\]  loss", live)


def clock():
    """A clock that has one loop, and always 7 seconds left."""
    return SimpleNamespace(number=1, count=1, left=lambda fresh, remaining: 7.0)


def test_printing_wipes_the_live_line_first(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    line = progress.Progress("training", 0, 10, clock())
    line.show(1, {"loss": 0.5})
    line.clear()
    shown = capsys.readouterr().out
    assert "1/10" in shown and shown.endswith("\r") and not shown.split("\r")[-2].strip()


@pytest.mark.parametrize("seconds, words", [
    (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"),
    (7800, "2 h 10 min")])
def test_durations(seconds, words):
    assert progress.duration(seconds) == words

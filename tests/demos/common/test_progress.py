"""The progress of a loop: a live line on a terminal, else a line at each 10 %."""
import re
import sys

import pytest

from demos.common import progress


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

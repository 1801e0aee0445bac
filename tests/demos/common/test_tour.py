"""python -m demos: the list, one demo by name, and the tour with its page."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

import demos
from demos.__main__ import main
from tests.helpers import read_result


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
    source = Path(tiny.__file__).read_text(encoding="utf-8")
    Path(tiny.__file__).with_name("broken.py").write_text(
        source.replace("cfg = run.settings", "1 / 0"), encoding="utf-8")
    monkeypatch.setattr("demos.__main__.TOUR", {"tiny": "default", "broken": "smoke"})
    fake_check(monkeypatch)
    assert main([]) == 1
    printed = capsys.readouterr().out
    assert printed.index("on this machine") < printed.index("[1/3] gradients")
    assert "[2/3] tiny: Two lines fitted to points." in printed
    assert "broken: ZeroDivisionError" in printed and "index.html" in printed
    text = page(tmp_path)
    for words in ["exp  1e-9 &lt;ok&gt;", "1 op checked",
                  "Gradient descent &amp; &lt;b&gt;momentum", "Loss &lt; noise.",
                  ">fail<", ">pass<", "2 to 3", "none: 3", "ZeroDivisionError",
                  "python -m demos tiny --preset default"]:
        assert words in text, words


def test_ctrl_c_ends_the_tour_with_a_page_of_what_ran(tiny, tmp_path, monkeypatch, capsys):
    tiny.stop_at = (16, 3)
    monkeypatch.setattr("demos.__main__.TOUR", {"tiny": "default", "never": "default"})
    fake_check(monkeypatch)
    assert main([]) == 130
    assert "never" not in capsys.readouterr().out.partition("[1/3]")[2]
    assert "It was stopped early." in page(tmp_path)
    tiny.stop_at = None
    monkeypatch.setattr("demos.__main__.TOUR", {"tiny": "default"})
    assert main([]) == 0  # it begins anew


def test_the_tour_leaves_alone_what_was_trained_by_hand(tiny, tmp_path, monkeypatch):
    tiny.stop_at = (16, 3)
    assert main(["tiny"]) == 130
    tiny.stop_at = None
    monkeypatch.setattr("demos.__main__.TOUR", {"tiny": "smoke"})
    fake_check(monkeypatch)
    assert main([]) == 0
    assert main(["tiny", "--resume"]) == 0


def test_ctrl_c_in_the_gradient_table(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("demos.__main__.TOUR", {"tiny": "default"})
    fake_check(monkeypatch, KeyboardInterrupt)
    assert main([]) == 130
    assert "It was stopped early." in page(tmp_path)


def test_smoke_runs_every_demo(tiny, tmp_path, monkeypatch):
    fake_check(monkeypatch)
    assert main(["--smoke", "--out", "s"]) == 0
    assert read_result(tmp_path / "s" / "tour" / "tiny")["preset"] == "smoke"


def test_one_demo_by_name(tiny, tmp_path, capsys):
    assert main(["tiny", "--preset", "smoke"]) == 0
    assert read_result(tmp_path / "out" / "tiny")["preset"] == "smoke"
    assert main(["--list"]) == 0
    listed = "Lines: the first family.\n  tiny  Two lines fitted to points.\n"
    assert listed in capsys.readouterr().out


@pytest.mark.parametrize("argv", [["--list"], ["vae", "--help"], ["attention", "--out"]])
def test_a_closed_pipe_ends_quietly(tmp_path, argv):
    """At the first line, and when the interpreter ends."""
    argv += [str(tmp_path / "o")] * (argv[-1] == "--out")
    with subprocess.Popen([sys.executable, "-m", "demos", *argv], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=Path(demos.__file__).parents[1]) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("argv, words", [
    (["tyni"], "no demo is called 'tyni': did you mean tiny?"),
    (["xxx"], "no demo is called 'xxx': --list shows them all"),
    (["--lsit"], "unrecognized arguments: --lsit"),
    (["--out", "a file/out"], "--out: cannot write to"),
])
def test_bad_options_of_the_tour_are_one_line(tiny, tmp_path, capsys, argv, words):
    (tmp_path / "a file").touch()
    with pytest.raises(SystemExit) as end:
        main(argv)
    message = capsys.readouterr().err
    assert end.value.code == 2 and words in message and message.count("\n") == 1

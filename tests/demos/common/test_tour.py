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


def test_strict_judges_the_tour(tiny, tmp_path, monkeypatch, capsys):
    source = Path(tiny.__file__).read_text(encoding="utf-8")
    for name, old, new in [("good", "at_least=2, at_most=3", "at_least=1, at_most=3"),
                           ("broken", "cfg = run.settings", "1 / 0")]:
        Path(tiny.__file__).with_name(f"{name}.py").write_text(
            source.replace(old, new), encoding="utf-8")
    fake_check(monkeypatch)

    def strict(*argv, **tour):
        """The exit status and the table of `--strict`, its columns apart, and the sentence."""
        monkeypatch.setattr("demos.__main__.TOUR", tour)
        status = main(["--strict", *argv])
        table = capsys.readouterr().out.partition("  demo ")[2].splitlines()[1:]
        return status, [re.split("  +", row.strip()) for row in table]

    status, (*rows, (sentence,)) = strict(good="default")
    assert status == 0 and sentence == "PASS: 3 of 3 within the limit."
    assert rows[-1] == ["good", "impossible", "1 to 3", "1", "pass"]
    assert [row[:3] for row in rows[:-1]] == [["good", "slope error 8", "<= 5"],
                                              ["good", "slope error 16", "<= 5"]]
    status, (*rows, (sentence,)) = strict(good="default", tiny="default")
    assert status == 1
    assert sentence == "FAIL: 1 of 6 outside the limit: tiny: impossible."
    assert rows[-1] == ["tiny", "impossible", "2 to 3", "1", "fail"] and len(rows) == 6
    status, (*rows, (sentence,)) = strict(good="default", broken="smoke")
    assert status == 1 and rows[-1] == ["broken", "error"]
    assert sentence == ("FAIL: there were errors in broken. "
                        "The others: PASS: 3 of 3 within the limit.")
    status, (*rows, (sentence,)) = strict("--smoke", tiny="default")  # all three of the family
    assert status == 1 and {row[-1] for row in rows} == {"not judged at this length", "error"}
    status, (*rows, (sentence,)) = strict(tiny="smoke")
    assert status == 0 and sentence.startswith("Not judged at this length")
    fake_check(monkeypatch, 1)
    status, (*rows, (sentence,)) = strict(good="default")
    assert status == 1 and sentence.startswith("FAIL: there were errors in gradients. The others")


def test_strict_judges_one_demo(tiny, tmp_path, monkeypatch, capsys):
    assert main(["tiny"]) == 0
    assert main(["tiny", "--strict"]) == 1
    assert "FAIL: 1 of 3 outside the limit: impossible." in capsys.readouterr().out
    assert main(["tiny", "--strict", "--steps", "5"]) == 0  # not judged at this length
    tiny.stop_at = (16, 3)
    assert main(["tiny", "--strict"]) == 130
    tiny.stop_at = None
    assert main(["tiny", "--strict", "--resume"]) == 1


def test_the_page_says_what_there_is_to_look_inside(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("demos.common.report.LOOK_INSIDE", {
        "tiny --steps 9": "More & more.", "broken": "Not on this page."})
    monkeypatch.setattr("demos.__main__.TOUR", {"tiny": "smoke"})
    fake_check(monkeypatch)
    assert main([]) == 0
    text = page(tmp_path)
    assert "<code>python -m demos tiny --steps 9</code>" in text
    assert 'More &amp; more. One such run is <a href="#tiny">above</a>.' in text
    assert "Not on this page.</dd>" in text
    assert set(re.findall('href="#([^"]*)"', text)) <= set(re.findall('id="([^"]*)"', text))


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
    (["--strict", "tiny"], "the name comes first: python -m demos tiny ..."),
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

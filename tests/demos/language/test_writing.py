"""Writing on from a prompt: streamed as it comes, from models of characters and of byte pairs."""
import numpy as np
import pytest

from demos.common import run
from demos.language import gpt, gpt2
from demos.language.parts import writing
from models import gpt as model
from models import gpt2 as files
from models.gpt import GPT, Config
from tests.helpers import read_result
from tinygen.data import BPETokenizer, CharTokenizer


def test_text_is_streamed_as_its_bytes_come(capsys):
    """Half a character waits for its rest; what a terminal would obey is replaced."""
    tokenizer, printed = BPETokenizer([]), []

    def tokens():
        for byte in "é\x1b[31m\n".encode() + b"\xc3":
            yield np.array([byte])
            printed.append(capsys.readouterr().out)

    assert writing.stream("a", tokens(), tokenizer) == ("é\ufffd[31m\n", 9)
    assert printed[:3] == ["\na|", "é", "\ufffd"]
    assert writing.stream("a", [np.array([1])], CharTokenizer("aé")) == ("é", 1)


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A function that trains the demo gpt for a few steps on a text with é; its folder is o."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.txt").write_text("To be, or not to be: thé question.\n" * 9, encoding="utf-8")

    def train(options=""):
        with monkeypatch.context() as patch:
            patch.setattr(run.Run, "save_figure", lambda *args: None)
            assert gpt.main(["--preset", "smoke", "--data", "own.txt", "--block-size", "8", "--out",
                             "o", *options.split()]) == 0
    return train


@pytest.mark.parametrize("options", ["", "--tokens 260"])
def test_a_trained_gpt_writes_on_without_training(trained, tmp_path, capsys, options):
    """What the model in --out itself writes; nothing of the training's results is touched."""
    trained(options)
    before = {path: path.read_bytes() for path in (tmp_path / "o").rglob("*") if path.is_file()}
    prompt, count = "or thé", ["--count", "30"]
    own, tokenizer = files.load(tmp_path / "o" / "gpt2")
    ids = tokenizer.encode(prompt)
    printed = []
    for seed in (0, 0, 1):
        capsys.readouterr()
        assert gpt.main(["--sample", "--prompt", prompt, *count, "--out", "o", "--seed",
                         str(seed)]) == 0
        printed.append(capsys.readouterr().out.partition("\ngpt: sample")[0])
        expected = np.concatenate(list(model.generate(
            own, ids[None], 30, temperature=0.8, top_p=1.0, rng=np.random.default_rng(seed))))
        written = (tmp_path / "o" / "sample" / "written.txt").read_text(encoding="utf-8")
        assert written.startswith(f"{prompt}|") and written in printed[-1]
        if not options:
            assert written == f"{prompt}|{tokenizer.decode(expected)}"
    assert printed[0] == printed[1] != printed[2] and "%" not in printed[0]
    assert gpt2.main(["--weights", "o/gpt2", "--prompt", prompt, *count, "--out", "w", "--top-p",
                      "1"]) == 0
    assert (tmp_path / "w" / "written.txt").read_text(encoding="utf-8") in printed[0]
    assert all(path.read_bytes() == content for path, content in before.items())
    result = read_result(tmp_path / "o" / "sample")
    assert [row["metric"] for row in result["metrics"]] == ["tokens per second"]
    assert result["title"] == "A GPT that is trained already goes on from your prompt."


@pytest.mark.parametrize("argv, words", [
    (["--prompt", ""], "--prompt is empty"),
    (["--prompt", "2 Ω"], "--prompt has '2', 'Ω', which the text that the model learnt from nev"),
    (["--count", "0"], "--count is finite and above 0"), (["--temperature", "-1"], "temperature"),
    (["--top-p", "0"], "top_p"),
    (["--n-embd", "8"], "the model in --out stays as it was trained: leave out --n-embd"),
    (["--preset=tour"], "leave out --preset=tour"), (["--data", "own.txt"], "leave out --data"),
    (["--promt", "a"], "unrecognized arguments: --promt a")])
def test_bad_options_are_one_line(tmp_path, monkeypatch, capsys, rng, argv, words):
    monkeypatch.chdir(tmp_path)
    tokenizer = CharTokenizer("To be, or not to be\n")
    files.save(tmp_path / "o" / "gpt2", GPT(Config(len(tokenizer), 8, 1, 1, 4), rng=rng), tokenizer)
    with pytest.raises(SystemExit) as end:
        gpt.main(["--sample", "--out", "o", *argv])
    message = capsys.readouterr().err
    assert end.value.code == 2 and words in message and message.count("\n") == 1


def test_nothing_was_trained_yet(refusal, tmp_path, capsys):
    with pytest.raises(SystemExit):
        gpt.main(["--sample"])
    assert ("--sample: out/gpt holds no trained model of gpt; `python -m demos gpt --out out/gpt` "
            "trains one") in capsys.readouterr().err.replace("\\", "/")
    assert not list(tmp_path.iterdir())

"""The demo step_backward: its subjects, its pages, and how they are turned."""
import builtins
import sys

import pytest

from demos.common.figures import new_figure
from demos.inside import step_backward
from demos.inside.parts import step_figure
from demos.inside.parts.step_figure import plot_steps
from demos.inside.parts.subjects import NETWORKS, subject
from demos.inside.step_backward import distance, turn
from tests.helpers import read_result
from tinygen import study
from tinygen.backend import np
from tinygen.check.table import CASES


def steps_of(name, rng):
    compute, model, g = subject(name, rng)
    return study.trace(compute, model), list(study.backward_steps(compute(), g=g, model=model))


@pytest.mark.parametrize("name", NETWORKS)
def test_each_network_goes_back_to_its_parameters(name, rng):
    graph, steps = steps_of(name, rng)
    assert len(steps) == len(graph.nodes) == steps[0].count
    assert max(map(distance, steps)) < step_backward.AGREE
    _, model, _ = subject(name, rng)
    reached = {given.name for step in steps for given in step.given}
    assert {path for path, _ in model.named_parameters()} <= reached


def test_each_op_of_the_table_has_its_page(rng):
    for name in sorted({case.name for case in CASES}):
        graph, steps = steps_of(name, rng)
        assert steps and max(map(distance, steps)) < step_backward.AGREE, name


@pytest.mark.parametrize("name", ["linear", "layer_norm", "batch_norm", "group_norm"])
def test_an_op_is_shown_with_its_weight_and_bias(name, rng):
    _, steps = steps_of(name, rng)
    step = next(step for step in steps if step.op == name)
    assert all(gradient is not None for gradient in step.gradients[:3])
    assert len(step.gradients) >= 3


@pytest.mark.parametrize("name", ["mlp", "gpt", "attention", "conv2d", "sum", "concatenate"])
def test_a_step_as_a_figure(name, rng):
    graph, steps = steps_of(name, rng)
    figure, = plot_steps(graph, steps[-1:])
    assert tuple(figure.get_size_inches()) == (12.8, 7.2)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert "ȳ" in titles and "by differences" in titles
    assert not any(np.isnan(image.get_array()).any()
                   for axes in figure.axes for image in axes.images)


@pytest.fixture
def small_frames(monkeypatch):
    """The animation's frames are tested above: here they need not take their time."""
    monkeypatch.setattr(step_figure, "plot_step", lambda *_: new_figure(width=1, height=1)[0])


def test_a_run_writes_the_graph_and_the_animation(small_frames, tmp_path, capsys):
    argv = ["--of", "mlp", "--preset", "smoke", "--out", str(tmp_path)]
    assert step_backward.main(argv) == 0
    printed = capsys.readouterr().out
    assert [f"Step {n} of 4" in printed for n in (1, 2, 3, 4)] == [True] * 4
    assert "\nin 1\nStep 3 of 4: tanh, op 1\n" in printed
    result = read_result(tmp_path)
    assert [row["verdict"] for row in result["metrics"]] == ["pass", "pass"]
    assert [each["file"] for each in result["figures"]] == ["graph.png", "steps.gif"]


@pytest.mark.parametrize("answers, shown", [
    (["", "", ""], "abc"), (["", "b", "b", "", "q"], "abaab"), ([EOFError], "a")])
def test_pages_are_turned_by_hand(answers, shown, monkeypatch, capsys):
    answers = iter(answers)

    def answer(prompt):
        given = next(answers)
        if given is EOFError:
            raise EOFError
        return given
    monkeypatch.setattr(builtins, "input", answer)
    turn(["page a", "page b", "page c"])
    printed = capsys.readouterr().out
    assert printed.split() == [word for page in shown for word in ("page", page)]
    assert printed.endswith("\n\n") == (shown == "a")  # nothing is to stand behind the prompt


def test_only_a_terminal_is_asked(small_frames, tmp_path, monkeypatch, capsys):
    def no_answer(prompt):
        raise AssertionError("asked")
    monkeypatch.setattr(builtins, "input", no_answer)
    argv = ["--of", "exp", "--out", str(tmp_path)]
    assert step_backward.main(argv) == 0
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    for quiet in ["--no-pause"], ["--preset", "tour"], ["--preset", "smoke"]:
        assert step_backward.main([*argv, *quiet]) == 0
    with pytest.raises(AssertionError, match="asked"):
        step_backward.main(argv)


@pytest.mark.parametrize("of, words", [
    ("softmx", "got 'softmx', did you mean softmax?"), ("transformer", "80 ops, such as softmax"),
    ("batch_moments", "mlp, vae, gpt or one of the 80 ops")])
def test_an_unknown_subject_is_one_line(of, words, refusal):
    assert words in refusal(step_backward, ["--of", of])

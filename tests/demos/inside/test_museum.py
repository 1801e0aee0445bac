"""The museum: every check passes the healthy code and fails the broken, every meter tells them
apart, and the questions are put to those who can answer."""
import builtins
import sys

import pytest

import tinygen as tg
from demos.exercises.exercise import Edit
from demos.inside import museum
from demos.inside.exhibits.exhibit import changed, mistake_in
from demos.inside.exhibits.hall import EXHIBITS
from demos.inside.museum import Course, Visit, ask, explanation, introduction
from demos.inside.parts.museum_figures import plot_exhibit, smoothed
from tests.helpers import read_result
from tinygen.backend import backend_name, np

pytestmark = pytest.mark.skipif(backend_name() != "numpy", reason="the exercises are NumPy's")
each = pytest.mark.parametrize("exhibit", EXHIBITS.values(), ids=EXHIBITS)

# The steps after which an exhibit's meter tells; what is not here tells at once.
STEPS = {"broadcast_loss": 60, "left_training": 200, "variance_as_deviation": 400,
         "averaged_kl": 250, "uncleared_gradients": 80, "penalty_axis": 60, "unshifted_targets": 60,
         "unscaled_attention": 200, "peek_ahead": 140, "lost_tokens": 80}


def test_there_are_thirteen_and_nine_are_of_exercises():
    assert len(EXHIBITS) == 13
    caught_by = [exhibit.mistake.caught_by for exhibit in EXHIBITS.values()]
    of_exercises = [words[-2:] for words in caught_by if "exercises check" in words]
    assert sorted(of_exercises) == ["08", "11", "17", "17", "20", "21", "22", "22", "22"]


@each
def test_the_check_passes_the_healthy_code_and_fails_the_broken(exhibit):
    assert exhibit.mistake.found_in(exhibit.mistake.right) == ""
    assert exhibit.mistake.found_in(exhibit.mistake.wrong)


@each
def test_the_meter_tells_them_apart(exhibit):
    beyond = []
    for version in (exhibit.mistake.right, exhibit.mistake.wrong):
        steps, readings = STEPS.get(exhibit.name, 3), []
        with exhibit.mistake.in_place(version):
            stage = exhibit.stage(version, np.random.default_rng(0))
            for step in range(steps):
                stage.step(step)
                if step % exhibit.every == 0 or step == steps - 1:
                    readings.append(exhibit.read(stage))
        beyond.append(exhibit.is_broken(exhibit.of(readings)))
    assert beyond == [False, True]


@pytest.mark.parametrize("name, same", [("left_training", 4), ("lost_tokens", 1),
                                        ("softmax_gradient", 1), ("uncorrected_adam", 1)])
def test_both_runs_begin_alike(name, same):
    """And go on so, bit for bit, until the mistake makes itself felt."""
    exhibit, losses = EXHIBITS[name], []
    for version in (exhibit.mistake.right, exhibit.mistake.wrong):
        with exhibit.mistake.in_place(version):
            stage = exhibit.stage(version, np.random.default_rng(3))
            losses.append([stage.step(step).item() for step in range(4)])
            exhibit.read(stage)
    assert losses[0][:same] == losses[1][:same]
    assert same == 4 or losses[0] != losses[1]


def test_what_is_told_of_the_gradient_of_softmax_is_so():
    """Its loss falls, then rises to the entropy of how often each character occurs."""
    exhibit, losses = EXHIBITS["softmax_gradient"], []
    mistake = exhibit.mistake
    with mistake.in_place(mistake.wrong):
        stage = exhibit.stage(mistake.wrong, np.random.default_rng(0))
        losses = [stage.step(step).item() for step in range(260)]
    shares = np.bincount(stage.ids) / len(stage.ids)
    entropy = -sum(p * np.log(p) for p in shares if p)
    assert np.mean(losses[60:80]) < 3 < np.mean(losses[-60:])
    assert np.mean(losses[-60:]) == pytest.approx(entropy, rel=0.03)
    assert exhibit.choices[exhibit.right] == "It falls, then rises again and stays there"


def test_the_engine_is_whole_again():
    mistake, rule = EXHIBITS["lost_tokens"].mistake, tg.ops.scatter_add.rule
    with mistake.in_place(mistake.wrong):
        assert tg.ops.scatter_add.rule is not rule
    assert tg.ops.scatter_add.rule is rule


# ---- the pieces ----

def double(x):
    y = 2 * x
    return y


def test_a_mistake_in_a_function_shows_its_lines():
    def check(double):
        if double(3) != 6:
            raise ValueError(f"3 was to become 6, got {double(3)}")
    mistake = mistake_in(double, Edit("2 * x", "3 * x"), check=check, caught_by="trying")
    assert mistake.lines == ["- y = 2 * x", "+ y = 3 * x"]
    assert mistake.found_in(mistake.right) == ""
    assert mistake.found_in(mistake.wrong) == "3 was to become 6, got 9"
    with pytest.raises(ValueError, match="0 times, not once"):
        mistake_in(double, Edit("4 * x", "3 * x"), check=check, caught_by="trying")


def test_lines_are_shown_without_their_indentation():
    source = "def f(x):\n    if x:\n        return 1\n    return 2\n"
    assert changed(source, Edit("if x:\n        return 1", "if not x:\n        return 1")) == [
        "- if x:", "+ if not x:"]


@each
def test_what_an_exhibit_says(exhibit):
    text = introduction(exhibit, "1 of 13")
    assert exhibit.name in text and all(f"    {line}" in text for line in exhibit.mistake.lines)
    assert all(f"  {letter}  {choice}" in text for letter, choice in zip("abc", exhibit.choices))
    assert len(exhibit.choices) == 3 and exhibit.right in range(3)
    for sentence in (exhibit.question, exhibit.why, exhibit.seen):
        assert sentence[-1] in ".?" and "  " not in sentence


def visit_of(exhibit, written=""):
    curves = [(0, 3.0), (1, 2.0)], [(0, 1.0), (1, 0.5)]
    return Visit(exhibit, Course(*curves, 0.5, 2.0, written, ""),
                 Course(*curves, 0.25, 2.5, written, "It is wrong."))


@pytest.mark.parametrize("guess, begins", [(None, "\nb  "), (1, "\nYou were right. b  "),
                                           (0, "\nNo: b  ")])
def test_a_prediction_is_answered(guess, begins):
    exhibit = EXHIBITS["unscaled_attention"]
    text = explanation(visit_of(exhibit, "abc"), guess)
    assert text.startswith(begins + exhibit.choices[1])
    assert "healthy      broken" in text and "0.25" in text and "It is wrong." in text
    assert "the healthy model writes 'abc'" in " ".join(text.split())


@pytest.mark.parametrize("typed, guess", [(["b"], 1), (["x", "4", "C"], 2), ([""], None),
                                          ([EOFError], None), (["bc", "a"], 0)])
def test_asking(typed, guess, monkeypatch):
    typed = iter(typed)

    def answer(prompt):
        given = next(typed)
        if given is EOFError:
            raise EOFError
        return given
    monkeypatch.setattr(builtins, "input", answer)
    assert ask() == guess and next(typed, None) is None


def test_the_figure_shows_both_runs_and_the_lines():
    exhibit = EXHIBITS["lost_tokens"]
    figure = plot_exhibit(visit_of(exhibit))
    left, right = figure.axes
    assert left.get_title("left") == "Loss" and right.get_title("left").startswith("Gradient by")
    assert len(left.lines) == 4 and len(right.lines) == 2 and right.get_yscale() == "log"
    assert [text.get_text() for text in figure.texts] == [exhibit.title, *exhibit.mistake.lines]


def test_a_loss_is_smoothed_by_what_came_before(monkeypatch):
    monkeypatch.setattr("demos.inside.parts.museum_figures.WINDOW", 2)
    np.testing.assert_allclose(smoothed([1.0, 3.0, 5.0, 0.0]), [1, 2, 4, 2.5])


# ---- runs ----

def test_a_run_shows_measures_and_checks(tmp_path, capsys):
    argv = ["--exhibit", "penalty_axis", "--preset", "smoke", "--out", str(tmp_path)]
    assert museum.main(argv) == 0
    printed = capsys.readouterr().out
    assert "Exhibit 1 of 1, penalty_axis" in printed and "What becomes of the critic?" in printed
    assert "\nb  It is far too flat" in printed and "Caught by the penalty of a batch" in printed
    result = read_result(tmp_path)
    assert [row["metric"].partition(":")[0] for row in result["metrics"]] == [
        "penalty_axis, broken", "penalty_axis, broken",
        "exhibits whose healthy run is within the limit",
        "exhibits whose check passes the healthy code and no other"]
    assert result["metrics"][-1]["value"] == 1
    assert [each["file"] for each in result["figures"]] == ["penalty_axis.png"]
    assert len(result["loop_seconds"]) == 2


def test_only_a_terminal_is_asked(tmp_path, monkeypatch, capsys):
    asked = []

    def answer(prompt):
        asked.append(prompt)
        return "a"
    monkeypatch.setattr(builtins, "input", answer)
    argv = ["--exhibit", "penalty_axis", "--steps", "2", "--out", str(tmp_path)]
    assert museum.main(argv) == 0 and not asked
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    assert museum.main([*argv, "--no-pause"]) == 0 and not asked
    assert museum.main(argv) == 0
    assert asked == ["What will you see? a, b or c; Enter to skip  "]
    assert "\nNo: b  It is far too flat" in capsys.readouterr().out
    assert museum.main([*argv, "--resume"]) == 0 and len(asked) == 1  # that exhibit was answered
    assert "\nb  It is far too flat" in capsys.readouterr().out


@pytest.mark.parametrize("name, words", [
    ("late_maks", "no exhibit 'late_maks': did you mean late_mask? choose all or one of uncorr"),
    ("", "no exhibit ''"), ("xyzzy", "no exhibit 'xyzzy': choose all or one of")])
def test_an_unknown_exhibit_is_one_line(name, words, refusal):
    assert words in refusal(museum, ["--exhibit", name])


def test_other_backends_are_refused(monkeypatch, refusal):
    monkeypatch.setattr(museum, "backend_name", lambda: "cupy")
    assert "leave out --backend" in refusal(museum, "")

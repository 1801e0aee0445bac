"""The gate that each exercise has to pass:  pytest tests/demos/exercises/test_exercises.py -k 08

Nothing here knows a single exercise; all that are found are checked in the same way.
"""
import functools
import re
import time

import pytest

from demos.exercises import cases, exercise, folder, judge, swap
from demos.exercises.exercise import find
from tinygen.backend import backend_name, np

pytestmark = pytest.mark.skipif(backend_name() != "numpy", reason="students' answers are NumPy's")

NUMBERS = exercise.numbers()
MISTAKES = [pytest.param(number, i, id=f"{number:02d}-{i}") for number in NUMBERS
            for i in range(len(find(number).declared_mistakes))]
each = pytest.mark.parametrize("number", NUMBERS, ids="{:02d}".format)


@functools.cache
def questions_of(number, seed):
    """Cases, and what is expected of them."""
    questions = find(number).cases(np.random.default_rng(seed))
    return questions, judge.expectations(find(number), questions)


def verdict_of(number, answer, seed=0):
    questions, wanted = questions_of(number, seed)
    answers = list(cases.ask_all(find(number), answer, questions))
    return judge.judge(find(number), questions, answers, wanted)


@each
def test_it_declares_what_it_should(number):
    found = find(number)
    title, stars, minutes = found.head
    assert title.lower().replace(" ", "_") == found.name
    assert 1 <= len(stars) <= 3 and minutes <= 60
    assert found.kind in ("N", "T") and len(found.hints) == 3
    assert len(found.declared_mistakes) >= 3
    assert found.task.endswith(f"python -m demos exercises check {number:02d}")
    assert "Not allowed:" in found.task and "By hand:" in found.task
    questions = found.cases(np.random.default_rng(0))
    assert len(questions) >= 6


@each
def test_the_untouched_stub_fails_with_its_own_sentence(number):
    found = find(number)
    text = folder.stub(found)
    assert folder.ANSWER not in text and folder.END not in text
    assert text.count("is still to be written") >= len(found.names)
    failure = verdict_of(number, found.answer_of(exercise.run_text(text, "stub"))).failure
    assert failure.stage == "written"
    assert re.fullmatch(rf"{number:02d} \S+ is still to be written", failure.found.message)
    assert failure.found.message.split()[1].partition(".")[0] in found.names


@pytest.mark.parametrize("seed", range(3))
@each
def test_the_reference_passes(number, seed):
    verdict = verdict_of(number, find(number).reference, seed)
    assert verdict.failure is None, verdict.failure


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 20))
@each
def test_the_reference_passes_on_more_seeds(number, seed):
    test_the_reference_passes(number, seed)


@pytest.mark.parametrize("number, i", MISTAKES)
def test_a_mistake_fails_under_its_own_sentence(number, i):
    sentence, wrong = find(number).mistakes[i]
    failure = verdict_of(number, wrong).failure
    assert failure is not None, f"it passes: {sentence}"
    assert failure.sentence == sentence.format(**failure.case.settings)


@each
def test_the_reference_trains_the_model_and_answers_its_calls(number):
    found = find(number)
    swap.own_losses(found.model)
    started = time.process_time()
    training, questions = swap.train_reference(found)
    assert time.process_time() - started < 20  # on a slow machine, too
    outcome = judge.judge_training(found, training)
    assert isinstance(outcome, str), outcome
    if found.record is not None:
        assert len(questions) == 8
    for question in questions:
        answered = cases.ask(found, found.reference, question)
        assert answered.error is None and not answered.changed
        assert answered.values and not any(isinstance(v, str) for v in answered.values.values())

"""One check from beginning to end: cases, a child's answers, the verdict, the model."""
from dataclasses import dataclass

from demos.exercises import cases, judge, messages, swap
from demos.exercises.judge import Failure
from demos.exercises.parent import run_child
from tinygen.backend import np


@dataclass
class Check:
    """What a check found, and what there is to say about it."""
    exercise: object
    seed: int
    count: int       # cases
    verdict: judge.Verdict
    printed: str = ""


def questions(exercise, seed):
    """The cases of a seed, and what is expected of them."""
    asked = exercise.cases(np.random.default_rng([exercise.number, seed]))
    return asked, judge.expectations(exercise, asked)


def check_program(exercise, program, seed, seconds=swap.SECONDS):
    """Check an answer's file, given as bytes, in children -> Check."""
    asked, wanted = questions(exercise, seed)
    report = run_child(exercise, program, asked, seconds=seconds)
    verdict = verdict_on(exercise, asked, wanted, report, seconds)
    printed = report.printed
    if verdict.failure is None:
        report = run_child(exercise, program, [], train=True, seconds=2 * seconds)
        conclude(verdict, exercise, outcome_of(exercise, report))
        printed = printed or report.printed
    return Check(exercise, seed, len(asked), verdict, printed)


def check_answer(exercise, answer, seed):
    """Check a function, or an object with several, in this process -> Check."""
    asked, wanted = questions(exercise, seed)
    answers = list(cases.ask_all(exercise, answer, asked))
    verdict = judge.judge(exercise, asked, answers, wanted)
    if verdict.failure is None:
        try:
            outcome = judge.judge_training(exercise, swap.train(exercise, answer))
        except Exception as error:
            outcome = Failure(exercise.model.name, cases.error_of(error))
        conclude(verdict, exercise, outcome)
    return Check(exercise, seed, len(asked), verdict)


def verdict_on(exercise, asked, wanted, report, seconds):
    """The verdict on what a child reported, up to the model."""
    stages = judge.stages_of(exercise, wanted)
    if not report.loaded:
        failure = Failure("loads", report.load) if report.load else gone("loads", report, seconds)
        return judge.Verdict([], failure, stages[1:])
    verdict = judge.judge(exercise, asked, report.answers, wanted)
    count = len(report.answers)
    if verdict.failure is None and count < len(asked):  # it never came back from the next one
        at = stages.index("values" if count else "example")
        failure = gone(stages[at], report, seconds, number=count + 1, case=asked[count])
        verdict = judge.Verdict(stages[:at], failure, stages[at + 1:])
    return verdict


def gone(stage, report, seconds, **where):
    """The failure of a child that ended before it came to its end."""
    status = "error" if report.ended == "exit" else report.ended
    return Failure(stage, messages.ended(report, seconds), status=status, **where)


def outcome_of(exercise, report):
    """A Failure in the model, or the sentence of success."""
    name, training = exercise.model.name, report.training
    if isinstance(training, swap.Training):
        return judge.judge_training(exercise, training)
    if training or report.load:
        return Failure(name, training or report.load)
    return gone(name, report, 2 * swap.SECONDS)


def conclude(verdict, exercise, outcome):
    """Add what came of the model to a verdict that is good so far."""
    verdict.left.remove(exercise.model.name)
    if isinstance(outcome, Failure):
        verdict.failure = outcome
    else:
        verdict.passed.append(exercise.model.name)
        verdict.success = outcome

"""From answers to a verdict: the stages of a check, of which the first failure ends it."""
from dataclasses import dataclass, field

from demos.exercises import messages
from demos.exercises.cases import Error, ask, compare, wanted_dtype
from demos.exercises.swap import COMPARED
from tinygen.backend import np

# Errors that tell of a wrong answer, not of a broken one.
OF_OURS = "Wrong", "Refused", "NotAllowed", "NotImplementedError"


@dataclass
class Failure:
    """Where and how an answer fails."""
    stage: str
    found: object          # a Difference, an Error, or a sentence
    name: str = ""         # of the value
    number: int = 0        # of the case, from 1
    case: object = None
    sentence: str = ""     # what a known mistake says about it
    status: str = ""       # how a child ended that gave no answer: timeout, memory, error

    def __post_init__(self):
        if not self.status:
            raised = isinstance(self.found, Error) and self.found.kind not in OF_OURS
            memory = raised and self.found.kind == "MemoryError"
            self.status = "memory" if memory else "error" if raised else "fail"


@dataclass
class Verdict:
    """What a check found."""
    passed: list = field(default_factory=list)  # names of stages
    failure: Failure | None = None
    left: list = field(default_factory=list)    # names of stages that were not reached
    success: str = ""                           # the last stage's sentence


def stages_of(exercise, wanted):
    """The names of the stages that an exercise has."""
    gradients = ["gradients"] if any(is_gradient(name) for row in wanted for name in row) else []
    return ["loads", "written", "example", "values", "inputs unchanged", *gradients,
            exercise.model.name]


def is_gradient(name):
    return name.startswith("gradient")


def expectations(exercise, cases):
    """What is expected of each case: {name: value}, computed in float64."""
    return [exercise.expected(case.copy("float64")) for case in cases]


def judge(exercise, cases, answers, wanted):
    """Judge what an answer said to the cases -> Verdict, up to the model.

    answers: a list of Answered, which may be shorter than cases: the next one was never finished.
    wanted: what `expectations` returns.
    """
    *stages, model = stages_of(exercise, wanted)
    verdict = Verdict(left=[*stages, model])
    found = [problems(*row) for row in zip(cases, answers, wanted)]
    finders = {
        "loads": lambda: None,
        "written": lambda: _first(found, lambda i, name, problem: unwritten(problem)),
        "example": lambda: _first(found, lambda i, name, problem: i == 0),
        "values": lambda: _first(found, lambda i, name, problem: not is_gradient(name)),
        "inputs unchanged": lambda: _unsteady(cases, answers),
        "gradients": lambda: _first(found, lambda i, name, problem: True),
    }
    for stage in stages:
        at = finders[stage]()
        if at is not None:
            i, name, problem = at
            verdict.failure = Failure(stage, problem, name, i + 1, cases[i])
            verdict.failure.sentence = known_mistake(exercise, cases, answers, i, name) or (
                messages.changed(answers[i].changed) if answers[i].changed else "")
            verdict.left.remove(stage)
            return verdict
        verdict.left.remove(stage)
        verdict.passed.append(stage)
    return verdict


def judge_model_cases(exercise, cases, answers, wanted):
    """The first problem with recorded calls, where `wanted` are the reference's answers."""
    found = [problems(*row) for row in zip(cases, answers, wanted)]
    at = _first(found, lambda i, name, problem: True) or _unsteady(cases, answers)
    if at is None:
        return None
    i, name, problem = at
    return Failure(exercise.model.name, problem, name, i + 1, cases[i])


def problems(case, answered, wanted):
    """List of (name, Difference or Error) of one case."""
    found = []
    for name, value in wanted.items():
        if name not in answered.values and answered.error:
            return [*found, (name, answered.error)]
        dtype = wanted_dtype(case, np.asarray(getattr(value, "value", value)))
        difference = compare(answered.values.get(name), value, dtype)
        if difference:
            found.append((name, difference))
    return found


def unwritten(problem):
    return isinstance(problem, Error) and problem.kind == "NotImplementedError"


def _first(found, applies):
    for i, problems in enumerate(found):
        for name, problem in problems:
            if applies(i, name, problem):
                return i, name, problem
    return None


def _unsteady(cases, answers):
    """The first case whose arrays were written into, or whose second call gave something else."""
    for i, answered in enumerate(answers):
        if answered.changed:
            return i, answered.changed[0], messages.written_into(answered.changed)
        for name, value in (answered.second or {}).items():
            if not same(value, answered.values.get(name)):
                return i, name, messages.unsteady(name)
    return None


def same(a, b):
    """Whether two values, of an answer and of a mistake, are the same."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return type(a) is type(b) and a == b
    return a.dtype == b.dtype and compare(a, b, b.dtype) is None


def known_mistake(exercise, cases, answers, i, name):
    """The sentence of the mistake that says what the answer says to case i; "" if none does."""
    names = list(answers[i].values)  # up to this one, which is missing if an error came instead
    names = names[:names.index(name)] if name in names else names

    def is_alike(wrong):
        mistaken = ask(exercise, wrong, cases[i])
        return all(_alike(mistaken, answers[i], n) for n in [*names, name])
    alike = [(sentence, wrong) for sentence, wrong in exercise.mistakes if is_alike(wrong)]
    if len(alike) > 1:  # on this case; the one that agrees on more of them is it

        def agreement(mistake):
            return sum(_alike(ask(exercise, mistake[1], case), answered, n)
                       for case, answered in zip(cases, answers) for n in answered.values)
        alike.sort(key=agreement, reverse=True)
    return alike[0][0].format(**cases[i].settings) if alike else ""


def _alike(mistaken, answered, name):
    if mistaken.changed != answered.changed:
        return False
    if name not in answered.values:  # it raised an error, or says nothing
        kind = answered.error and answered.error.kind
        return name not in mistaken.values and kind == (mistaken.error and mistaken.error.kind)
    return name in mistaken.values and same(answered.values[name], mistaken.values[name]) and (
        (answered.second is None) == (mistaken.second is None))


def judge_training(exercise, training):
    """A Failure of the run in the model, or the sentence of its success."""
    name, counts = exercise.model.name, exercise.model.counts

    def fails(sentence):
        return Failure(name, sentence)
    if training.wrong:
        return fails(training.wrong)
    if training.slow:
        return fails(messages.too_slow(exercise.model, training))
    for kind in counts:
        if not getattr(training, kind):
            return fails(messages.never_called(kind, exercise.model))
    count = min(COMPARED, len(training.own))
    for step, (mine, own) in enumerate(zip(training.losses[:count], training.own), 1):
        if not abs(mine - own) <= exercise.model.tolerance * max(1, abs(own)):
            return fails(messages.other_losses(step, mine, own))
    if len(training.losses) < count:
        return fails(messages.ended_early(len(training.losses), len(training.own)))
    return messages.trained(exercise.model, training)



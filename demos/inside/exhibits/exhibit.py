"""What an exhibit is made of: a mistake, the model that trains with it, and the meter that tells.

A mistake is a piece of code in two versions, `right` and `wrong`, and a way to put either into the
model: the two runs differ in that piece and in nothing else. Nine are mistakes of the exercises;
the others are edits of the source of the engine, of a model, or of the exhibit.
"""
import difflib
import inspect
import sys
import textwrap
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import tinygen as tg
from demos.exercises.cases import ask_all
from demos.exercises.checking import questions
from demos.exercises.exercise import find
from demos.exercises.judge import judge
from demos.exercises.swap import Calls
from tinygen.backend import np


@dataclass(frozen=True)
class Mistake:
    """Two versions of a piece of code.

    lines: those that differ, as "- right" and "+ wrong". put(version): with blocks in which models
    compute with it; none if the stage calls the version itself. check(version): raises an error
    that says what is wrong with it. caught_by: what that check is called.
    """
    right: Callable
    wrong: Callable
    lines: list
    put: Callable
    check: Callable
    caught_by: str

    @contextmanager
    def in_place(self, version):
        """Compute with this version for the length of a with block."""
        with ExitStack() as stack:
            for context in self.put(version):
                stack.enter_context(context)
            yield

    def found_in(self, version):
        """What the check says about a version; "" if it passes."""
        try:
            self.check(version)
        except (tg.check.GradientError, ValueError) as error:
            return str(error)
        return ""


@dataclass(frozen=True)
class Exhibit:
    """A mistake on show.

    stage(version, rng): a Stage that trains with that version. pace: its steps for each of the
    demo's. meter: what is read; read(stage) -> a number, each `every` steps; of(readings): what
    they come to; log: whether its axis is logarithmic. broken: the limit, at_least or at_most,
    beyond which the broken run is and the healthy one is not. choices: what one may predict, of
    which choices[right] comes true. why: what happens. seen: where it was seen.
    """
    name: str
    title: str
    mistake: Mistake
    stage: Callable
    meter: str
    read: Callable
    broken: dict
    question: str
    choices: tuple
    right: int
    why: str
    seen: str
    every: int = 20
    pace: float = 1
    of: Callable = lambda readings: readings[-1]
    log: bool = False

    def length(self, steps):
        """The steps of a run in a demo of `steps`."""
        return max(1, round(self.pace * steps))

    def is_broken(self, value):
        """Whether a reading lies beyond the limit."""
        return (self.broken.get("at_least", -np.inf) <= value
                <= self.broken.get("at_most", np.inf))


class Stage:
    """A model in training, by `loss(step)`, `optimizer`, and numbers drawn from `rng`."""

    def parts(self):
        """All that changes from step to step."""
        return dict(model=self.model, optimizer=self.optimizer, draws=self.rng)

    def step(self, step):
        """A step of training -> the loss, a Tensor."""
        loss = self.loss(step)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    def sample(self):
        """What the model writes, if it writes."""
        return ""


def mistake_of_exercise(number, words):
    """The mistake of an exercise whose sentence begins with these words, by the exercise's swap."""
    exercise = find(number)
    at, = (i for i, (sentence, _) in enumerate(exercise.mistakes) if sentence.startswith(words))
    edit, wrong = exercise.declared_mistakes[at][1], exercise.mistakes[at][1]

    def check(answer):
        asked, wanted = questions(exercise, seed=0)
        answers = list(ask_all(exercise, answer, asked))
        failure = judge(exercise, asked, answers, wanted).failure
        if failure is not None:
            raise ValueError(failure.sentence)
    return Mistake(exercise.reference, wrong, changed(exercise.source, edit),
                   lambda answer: exercise.swap(answer, Calls()), check,
                   f"python -m demos exercises check {number:02d}")


def mistake_in(function, edit, *, put=lambda version: [], check, caught_by):
    """An Edit of a function's or an op's own source."""
    rule = getattr(function, "__wrapped__", function)
    source, names = inspect.getsource(rule), dict(vars(sys.modules[rule.__module__]))
    exec(edit.of(source), names)
    return Mistake(function, names[rule.__name__], changed(source, edit), put, check, caught_by)


def changed(source, edit):
    """The lines that an Edit takes out and puts in, with - and + before them."""
    before, after = source.splitlines(), edit.of(source).splitlines()
    lines = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    code = textwrap.dedent("\n".join(line[2:] for line in lines)).splitlines()
    return [f"{line[0]} {rest}" for line, rest in zip(lines, code)]

"""A museum of mistakes: thirteen that were really made, beside the healthy run, and what tells.

A falling loss proves nothing. In each exhibit a real model trains twice, from the same seed and on
the same batches: once as it should, once with a mistake of one or two lines. You are shown the
lines and asked what will happen. Then come both losses, which often look alike, the meter that
tells them apart, and the check that would have caught it.

    python -m demos museum                               all thirteen, 30 s on two cores
    python -m demos museum --exhibit unscaled_attention  one of them
    python -m demos museum --no-pause                    without the questions

Without a terminal, nothing is asked. By what the loss does, the exhibits are: far too good
(unshifted_targets, peek_ahead, averaged_kl), a little too good (variance_as_deviation,
uncorrected_adam), the same to the last bit (left_training), the same or hardly worse
(unscaled_attention, late_mask, lost_tokens), plainly worse (softmax_gradient, broadcast_loss), and
a game's, which does not say what is wrong (uncleared_gradients, penalty_axis).

Expect, from any of four seeds: without 1/√d weights of a third of the entropy or less, at a loss of
0 to 9 % more; with unshifted targets a loss of 0.02, and 8.6 to 8.8 nats for what really comes
next; with a mask that is off by one a loss of 0.15 to 0.18, and 3.1 to 3.2 nats more at the last
position; without bias correction first steps of 3.1 to 3.2 learning rates.

Nine of the mistakes are those of the exercises, which look for them in your code:
`python -m demos exercises`.
"""
import textwrap
from typing import NamedTuple

from demos.common.run import demo
from demos.inside.exhibits.exhibit import Exhibit
from demos.inside.exhibits.hall import ALL, EXHIBITS, chosen
from demos.inside.parts.museum_figures import plot_exhibit
from demos.inside.parts.terminal import answer_to, at_a_terminal
from tinygen.backend import backend_name, np

PRESETS = {
    "smoke": dict(steps=2, pause=False),
    "tour": dict(exhibit="unscaled_attention", pause=False),
    "default": dict(exhibit=ALL, steps=400, pause=True),
}
LETTERS = "abc"


class Course(NamedTuple):
    """One of an exhibit's two runs: (step, loss) and (step, reading), what the meter and the loss
    come to, what the model writes, and what the check says."""
    losses: list
    readings: list
    meter: float
    loss: float
    written: str
    found: str


class Visit(NamedTuple):
    exhibit: Exhibit
    healthy: Course
    broken: Course


def loops(cfg):
    """The steps of each run: two for each exhibit."""
    return [exhibit.length(cfg.steps) for exhibit in EXHIBITS.values()
            if cfg.exhibit in (ALL, exhibit.name) for _ in ("healthy", "broken")]


@demo(PRESETS, loops=loops)
def main(run):
    exhibits, visits = chosen(run.settings.exhibit), []
    if backend_name() != "numpy":
        raise ValueError("the exercises, which the mistakes are taken from, are in NumPy; leave "
                         "out --backend")
    for number, exhibit in enumerate(exhibits, start=1):
        run.print(introduction(exhibit, f"{number} of {len(exhibits)}"))
        asked = run.has_begun(loop_of(exhibit, "healthy"))
        guess = ask() if run.settings.pause and at_a_terminal() and not asked else None
        visit = Visit(exhibit, train(run, exhibit, "healthy", exhibit.mistake.right),
                      train(run, exhibit, "broken", exhibit.mistake.wrong))
        run.print(explanation(visit, guess))
        visits.append(visit)
    measure(run, visits)
    show(run, visits)


def train(run, exhibit, name, version):
    """Train the exhibit's model with a version of the code -> Course."""
    loop, total = loop_of(exhibit, name), exhibit.length(run.settings.steps)
    with exhibit.mistake.in_place(version):
        stage = exhibit.stage(version, np.random.default_rng(run.seed))
        for step in run.steps(loop, total=total, **stage.parts()):
            run.log(loss=stage.step(step))
            if step % exhibit.every == 0 or step == total - 1:
                run.log(meter=exhibit.read(stage))
        written = stage.sample()
    losses, readings = run.history[loop]["loss"], run.history[loop]["meter"]
    end = losses[-max(1, len(losses) // 10):]
    return Course(losses, readings, exhibit.of([value for _, value in readings]),
                  np.mean([loss for _, loss in end]), written, exhibit.mistake.found_in(version))


def loop_of(exhibit, name):
    """What one of an exhibit's two runs is called in the progress line and the checkpoint."""
    return f"{exhibit.name}, {name}"


def measure(run, visits):
    for exhibit, healthy, broken in visits:
        run.measure(f"{exhibit.name}, broken: {exhibit.meter}", broken.meter, **exhibit.broken,
                    baseline=("healthy", healthy.meter))
        run.measure(f"{exhibit.name}, broken: loss", broken.loss,
                    baseline=("healthy", healthy.loss))
    run.measure("exhibits whose healthy run is within the limit", sum(
        not visit.exhibit.is_broken(visit.healthy.meter) for visit in visits),
        at_least=len(visits))
    run.measure("exhibits whose check passes the healthy code and no other", sum(
        not visit.healthy.found and bool(visit.broken.found) for visit in visits),
        at_least=len(visits))


def show(run, visits):
    for visit in visits:
        run.save_figure(plot_exhibit(visit), visit.exhibit.name, " ".join(paragraphs(visit)))


# ---- what is said ----

def introduction(exhibit, place):
    """The mistake, and the question."""
    choices = [f"  {letter}  {choice}" for letter, choice in zip(LETTERS, exhibit.choices)]
    return "\n".join(["", f"Exhibit {place}, {exhibit.name}: {exhibit.title}", "",
                      *(f"    {line}" for line in exhibit.mistake.lines), "",
                      textwrap.fill(exhibit.question, 78), *choices])


def ask():
    """Which of the choices is predicted, from 0; None if the question is skipped."""
    while True:
        answer = answer_to("What will you see? a, b or c; Enter to skip  ")
        if not answer:
            return None
        if answer in tuple(LETTERS):
            return LETTERS.index(answer)


def explanation(visit, guess):
    """Whether the guess was right, what was measured, and all that there is to say."""
    exhibit, healthy, broken = visit
    verdict = "" if guess is None else "You were right. " if guess == exhibit.right else "No: "
    told = f"{verdict}{LETTERS[exhibit.right]}  {exhibit.choices[exhibit.right]}"
    return "\n".join([
        "", told, "", f"{'':52}{'healthy':>12}{'broken':>12}",
        *(f"{name:52}{a:12.4g}{b:12.4g}" for name, a, b in (
            ("loss, mean of the last tenth", healthy.loss, broken.loss),
            (exhibit.meter, healthy.meter, broken.meter))), "",
        *(textwrap.fill(text, 78) for text in paragraphs(visit))])


def paragraphs(visit):
    """Why it is so, what both models write, if they write, what catches it, where it was seen."""
    exhibit, healthy, broken = visit
    wrote = [f"After the same twenty characters the healthy model writes {healthy.written!r}, the "
             f"broken one {broken.written!r}."] if healthy.written else []
    return [exhibit.why, *wrote, f"Caught by {exhibit.mistake.caught_by}: {broken.found}",
            exhibit.seen]

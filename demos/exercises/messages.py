"""All that a check says, in sentences, and how they are set on the page."""
import textwrap

from demos.exercises.cases import Difference, Error
from tinygen.backend import np

WIDTH, INDENT = 78, 8
WHOLE = 16  # elements of an array that is shown whole
INPUTS = 3  # arrays of the case that are shown beside it, at most


# ---- sentences ----

def changed(names):
    return (f"Your answer writes into {' and '.join(names)}, which belongs to the caller. Work on "
            f"a copy, or let NumPy make a new array: y = x + 1, not x += 1.")


def unsteady(name):
    return (f"A second call with the same arguments gives another {name}. What is kept from call "
            f"to call, such as a list as a default argument, must not change the result.")


def never_called(kind, model):
    what = {"forward": "It was never called", "gradient": "Its gradient was never asked for"}[kind]
    fix = "" if kind == "forward" else (
        " Something in your answer cuts the graph: .data, .numpy() or .detach().")
    return f"{what} while the {model.name} trained.{fix}"


def too_slow(model, training):
    each = f": {training.slowest:.2g} s a call, on {training.on}" if training.on else ""
    return (f"{len(training.losses)} of {model.steps} steps in {training.seconds:.0f} s{each}\n"
            f"It is right, but goes through the numbers in Python. Let NumPy take whole arrays.")


def other_losses(step, mine, own):
    return (f"At step {step} the loss is {mine:.6g}, the engine's own {own:.6g}. On small cases "
            f"your answer is right, in the model it is not.")


def ended_early(count, own):
    return f"Training ended after {count} of {own} steps."


def trained(model, training):
    if training.sentence:
        return training.sentence
    calls = f"{training.forward} forward"
    if "gradient" in model.counts:
        calls += f", {training.gradient} gradient"
    return (f"{calls} calls, all yours: loss {training.losses[0]:.3g} -> {training.losses[-1]:.3g} "
            f"in {training.seconds:.1f} s; the engine's own {training.own[-1]:.3g}")

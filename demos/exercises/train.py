"""Trains a demo's model on all the answers that have passed, and counts who was called."""
import importlib
from contextlib import ExitStack
from pathlib import Path

from demos.exercises.exercise import Wrong, run_file
from demos.exercises.swap import Calls

FAMILIES = {"autoencoder": "autoencoders", "vae": "vaes", "gan_ring": "gans", "gpt": "language"}


def train(place, model, preset, out=None):
    """Run a demo with the folder's passed answers in it -> exit status."""
    with ExitStack() as stack:
        counted = put_in(place, stack)
        if not counted:
            print("No answer has passed yet that a model could call; check one first.")
            return 1
        print(f"Yours: {', '.join(found.label for found, _ in counted)}.\n", flush=True)
        main = importlib.import_module(f"demos.{FAMILIES[model]}.{model}").main
        try:
            status = main(["--preset", preset, "--out", str(out or Path("out", f"my_{model}"))])
        except Wrong as error:
            print(f"It stopped: {error}")
            status = 1
    print("\n" + table(model, counted))
    return status


def put_in(place, stack):
    """Put the folder's passed answers in the engine's place until the ExitStack closes.

    -> [(exercise, its Calls)], of those that a model can call.
    """
    counted = []
    # In the order of their numbers: where two answers take one place, the later one has it, and
    # what an answer leaves to the engine it leaves to the answers before it.
    for found in place.passed():
        answer = found.answer_of(vars(run_file(place.file(found))))
        calls = Calls()
        contexts = found.swap(answer, calls)
        for context in contexts:
            stack.enter_context(context)
        if contexts:
            counted.append((found, calls))
    return counted


def table(model, counted):
    """Who was called how often, as text."""
    lines = [f"{'called by ' + model:<28}{'forward':>10}{'gradients':>12}{'seconds':>10}"]
    for found, calls in counted:
        counts = f"{calls.forward_calls:>10,}{calls.gradient_calls:>12,}{calls.seconds:>10.1f}"
        idle = not calls.forward_calls and not calls.gradient_calls
        lines.append(f"{found.label:<28}" + ("  has no place in this model" if idle else counts))
    return "\n".join(lines)

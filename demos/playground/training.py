"""The process that trains what is missing, beside the server and at a lower priority.

    python -m demos.playground.training CHOICE NAME ...

CHOICE is the Choice as JSON. Each line that it prints says how far a model is, as JSON.
"""
import json
import os
import sys

from demos.playground.recipes import Choice, Data, train


def main(argv):
    sys.stdout = sys.stderr  # the server reads what `say` prints, and nothing else
    choice, names = Choice(**json.loads(argv[0])), argv[1:]
    if hasattr(os, "nice"):
        os.nice(10)  # who plays comes first; on Windows the server sees to that
    data = Data(choice)
    for name in names:
        def tell(done, total, left, name=name):
            say(name, state="training", done=done, total=total, left=left)
        say(name, state="training")
        try:
            train(choice, name, data, tell)
            say(name, state="kept")
        except (ArithmeticError, ValueError, OSError) as error:
            say(name, state="failed", why=str(error))


def say(name, **progress):
    print(json.dumps({"name": name, **progress}), flush=True, file=sys.__stdout__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (KeyboardInterrupt, BrokenPipeError):  # the server has ended
        os._exit(1)

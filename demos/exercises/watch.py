"""Checks an exercise whenever its file changes.

The content is polled: notices of change do not arrive from network drives, WSL and Docker.
"""
import queue
import sys
import threading

from demos.exercises import exercise, messages

SECONDS = 0.3
KEYS = "Enter checks again, h gives a hint, n goes to the next exercise, q ends."


def watch(place, check, keys=None):
    """Check the next exercise of the folder at each change, until q or Ctrl-C.

    check(place, exercise) says what came of it and returns whether it passed. keys: where the
    lines that are typed come from; the terminal if left out.
    """
    keys = keys or typed()
    found = place.next() or exercise.find(exercise.numbers()[-1])
    seen, asked = None, True
    while True:
        now = content(place, found)
        if asked or now != seen:
            seen, asked = now, False
            print()
            check(place, found)
            print(f"\nWatching {place.file(found)}\n{KEYS}", flush=True)
        try:
            key = keys.get(timeout=SECONDS).strip().lower()
        except queue.Empty:
            continue
        if key == "q":
            return 0
        if key == "h":
            print("\n".join(line for i, text in enumerate(place.hint(found), 1)
                            for line in messages.paragraph(text, f"{i}: ")), flush=True)
        elif key == "n":
            found, asked = following(found), True
        else:
            asked = True


def content(place, found):
    """The bytes of an exercise's file; None while there is none or an editor writes it."""
    try:
        return place.file(found).read_bytes()
    except OSError:
        return None


def following(found):
    """The exercise after this one; after the last, the first."""
    numbers = exercise.numbers()
    return exercise.find(numbers[(numbers.index(found.number) + 1) % len(numbers)])


def typed():
    """A queue of the lines that are typed. Without a terminal it stays empty."""
    keys = queue.Queue()

    def read():
        for line in sys.stdin:
            keys.put(line)
    threading.Thread(target=read, daemon=True).start()
    return keys


"""Asking whoever sits at the terminal."""
import sys


def at_a_terminal():
    """True unless input or output is a file or a pipe."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def answer_to(prompt):
    """What is typed, in small letters; None at the end of input (Ctrl-D)."""
    try:
        return input(prompt).strip().lower()
    except EOFError:
        print()  # what comes next is not to stand behind the prompt
        return None

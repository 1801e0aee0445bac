"""What an answer may not call: the engine at all (kind N), or some of its names (kind T)."""
import importlib
import sys
from contextlib import ExitStack, contextmanager

from tinygen import ops
from tinygen.operation import Op

PACKAGES = ("tinygen", "models", "demos")


class Refused(Exception):
    """The answer called what it may not call."""


@contextmanager
def refusing(exercise):
    """Refuse, for the length of a with block, what the exercise's answer may not call."""
    with ExitStack() as stack:
        if exercise.kind == "N":
            every = [op for op in vars(ops).values() if isinstance(op, Op)]
            stack.enter_context(patched(Op, "__call__", _numpy_alone))
            for op in every:
                stack.enter_context(_without_rule(op, _numpy_alone))
        for name in exercise.forbidden:
            for context in _refused(name):
                stack.enter_context(context)
        yield


@contextmanager
def patched(owner, name, value):
    """owner.name is value for the length of a with block. (unittest.mock takes 30 ms to import.)"""
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def _numpy_alone(op, *args, **settings):
    name = op.name if isinstance(op, Op) else "its rule"
    raise Refused(f"It calls tinygen's {name}; this exercise is NumPy alone.")


@contextmanager
def _without_rule(op, refusal):
    kept = op.rule, op.textbook
    op.rule = op.textbook = refusal
    try:
        yield
    finally:
        op.rule, op.textbook = kept


def _refused(path):
    """With blocks in which what has this dotted name refuses to be called, wherever it is known."""
    module, _, name = path.rpartition(".")
    try:
        owner = importlib.import_module(module)
    except ModuleNotFoundError:  # a method: the module, then the class
        module, _, cls = module.rpartition(".")
        owner = getattr(importlib.import_module(module), cls)
    target = getattr(owner, name)

    def refusal(*args, **settings):
        raise Refused(f"It calls {path}, which this exercise does without.")

    if isinstance(owner, type):
        return [patched(owner, name, refusal)]
    contexts, others = [], [target]
    if isinstance(target, Op):
        contexts, others = [_without_rule(target, refusal)], [target.textbook]
    for module in [m for n, m in sys.modules.items() if n.partition(".")[0] in PACKAGES]:
        contexts += [patched(module, known, refusal) for known, value in vars(module).items()
                     if value is not None and any(value is other for other in others)]
    return contexts

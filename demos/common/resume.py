"""What makes a run resumable: its checkpoint, Ctrl-C between steps, batches that need no memory."""
import copy
import functools
import json
import signal
from contextlib import contextmanager

from tinygen import checkpoint
from tinygen.backend import np


class LoopCheckpoint:
    """The checkpoint of a run: of each loop the steps done, the states of its objects, the history.

    identity: what a resumed run must have in common with the stopped one: demo, seed, settings.
    """

    def __init__(self, path, identity):
        self.path, self.identity, self.loops = path, identity, {}

    def save(self, loop, done, objects, history, seconds):
        points = {name: np.array(values) for name, values in history.items()}
        # A copy, for a later loop may change these very arrays before the next save.
        self.loops[loop] = copy.deepcopy({
            "done": done, "history": points,
            "objects": {name: _get_state(thing) for name, thing in objects.items()}})
        checkpoint.save(self.path, {"identity": self.identity, "loops": self.loops,
                                    "seconds": seconds})

    def read(self):
        """Take over what the file holds; returns the seconds that the run had taken."""
        if not self.path.exists():
            raise ValueError(f"--resume: {self.path} does not exist; leave out --resume, or give "
                             "the --out of the run to continue")
        saved = checkpoint.load(self.path)
        there = saved.get("identity", {})
        for name, here in json.loads(json.dumps(self.identity)).items():  # tuples become lists
            if here != there.get(name):
                raise ValueError(f"--resume: {self.path} was made with {name} {there.get(name)}, "
                                 f"now it is {here}; give the same options, or leave out --resume")
        self.loops = saved["loops"]
        return saved["seconds"]

    def restore(self, loop, total, objects):
        """Bring `objects` to where the checkpoint left them -> steps done, history."""
        if loop not in self.loops:
            return 0, {}
        saved = self.loops[loop]
        if saved["done"] > total:
            raise ValueError(f"--resume: {self.path} is at step {saved['done']} of {loop}, past "
                             f"the {total} asked for; give more --steps, or leave out --resume")
        if list(saved["objects"]) != list(objects):
            raise ValueError(f"--resume: {self.path} holds {', '.join(saved['objects'])}, and the "
                             f"demo has {', '.join(objects)}; leave out --resume to start afresh")
        for name, thing in objects.items():
            _set_state(thing, saved["objects"][name])
        return saved["done"], {name: [(int(step), value) for step, value in points.tolist()]
                               for name, points in saved["history"].items()}


def _get_state(thing):
    if isinstance(thing, np.random.Generator):
        return thing.bit_generator.state
    return thing.state_dict()


def _set_state(thing, state):
    if isinstance(thing, np.random.Generator):
        thing.bit_generator.state = state
    else:
        thing.load_state_dict(state)


@contextmanager
def ctrl_c_waits():
    """Ctrl-C only fills the list, so that no step is left half done; a second one does not wait."""
    pressed = []

    def note(signum, frame):
        if pressed:
            raise KeyboardInterrupt
        pressed.append(signum)

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, previous)


def epoch_batch(step, size, count, seed):
    """Indices of the batch at `step`, where each epoch takes all `count` examples in a new order.

    The order follows from (seed, epoch) alone, so that a resumed run has nothing to remember. What
    is left over at the end of an epoch, less than a batch, is skipped.
    """
    if not 1 <= size <= count:
        raise ValueError(f"epoch_batch: a batch takes 1 to all {count} examples; got {size}")
    epoch, position = divmod(step, count // size)
    return _epoch_order(epoch, count, seed)[position * size:(position + 1) * size]


@functools.lru_cache(maxsize=2)
def _epoch_order(epoch, count, seed):
    return np.random.default_rng((seed, epoch)).permutation(count)

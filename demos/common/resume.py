"""What makes a run resumable: its checkpoint, Ctrl-C between steps, batches without state."""
import copy
import functools
import json
import math
import signal
import time
from contextlib import contextmanager

from demos.common.options import BadOption
from tinygen import checkpoint
from tinygen.backend import np, to_numpy

SECONDS_BETWEEN = 60  # at most, from one checkpoint to the next
SHARE_OF_TIME = 0.02  # at most, spent on writing them


class LoopCheckpoint:
    """A run's checkpoint: for each loop the steps done, its objects' states and its history.

    It is of a finished run as long as result.json stands beside it. identity: what a resumed run
    must share with the stopped one: demo, data, seed and settings. command: the line that started
    the run, without --resume.
    """

    def __init__(self, folder, identity, command):
        self.path, self.result = folder / "checkpoint.npz", folder / "result.json"
        self.identity, self.command, self.loops = identity, command, {}
        self._saved, self._took = time.monotonic(), 0.0

    def check_replaceable(self):
        """Raise ValueError if the file is of a run that never finished: a new one would lose it."""
        if not self.path.exists() or self.result.exists():
            return
        try:
            saved = checkpoint.load(self.path)
        except ValueError:
            saved = {}
        if not _is_saved_run(saved):
            raise ValueError(f"--out: {self.path} is in the way, and of no run that could be "
                             "continued; remove it, or give another --out")
        loop, state = list(saved["loops"].items())[-1]
        raise ValueError(f"--out: {self.path.parent} holds an unfinished run, at step "
                         f"{state['done']} of {loop}; continue it with `{saved['command']} "
                         "--resume`, or give another --out")

    def is_due(self):
        """True after the first step, and then as often as SHARE_OF_TIME allows."""
        wait = min(SECONDS_BETWEEN, self._took / SHARE_OF_TIME)
        return time.monotonic() - self._saved > wait

    def save(self, loop, done, objects, history, seconds):
        """Write how far `loop` is; the earlier checkpoint stays until this one is complete.

        Raises FloatingPointError if an object holds nan or infinity, and keeps the earlier
        checkpoint: it is the last one that the run can continue from.
        """
        started = time.monotonic()
        states = {name: _get_state(thing) for name, thing in objects.items()}
        for name, state in states.items():
            if path := _not_finite(state, name):
                raise FloatingPointError(f"{path} holds nan or infinity")
        points = {name: np.array(values) for name, values in history.items()}
        # A copy, because a later loop may change these very arrays before the next save.
        here = copy.deepcopy({"done": done, "history": points, "objects": states})
        loops = {**self.loops, loop: here}
        self.result.unlink(missing_ok=True)  # of the finished run that this one replaces
        checkpoint.save(self.path, {"identity": self.identity, "command": self.command,
                                    "loops": loops, "seconds": seconds})
        self.loops = loops
        self._saved = time.monotonic()
        self._took = self._saved - started

    def read(self):
        """Read the file -> the seconds that the run had taken."""
        if not self.path.exists():
            raise ValueError(f"--resume: {self.path} does not exist; leave out --resume, or give "
                             "the --out of the run to continue")
        saved = checkpoint.load(self.path)
        if not _is_saved_run(saved):
            raise ValueError(f"--resume: {self.path} was not written by a demo's run; leave out "
                             "--resume to start again")
        there = saved["identity"]
        for name, here in json.loads(json.dumps(self.identity)).items():  # tuples become lists
            if here != there.get(name):
                raise ValueError(f"--resume: {self.path} was made with {name} {there.get(name)}, "
                                 f"now it is {here}; give the same options, or leave out --resume")
        self.loops = saved["loops"]
        return saved["seconds"]

    def restore(self, loop, total, objects):
        """Bring `objects` to where the checkpoint left them -> steps done, history.

        Raises BadOption if the checkpoint is of another loop, or its states fit other objects.
        """
        if loop not in self.loops:
            return 0, {}
        saved = self.loops[loop]
        if saved["done"] > total:
            raise BadOption(f"--resume: {self.path} is at step {saved['done']} of {loop}, past "
                            f"the {total} asked for; give more --steps, or leave out --resume")
        if list(saved["objects"]) != list(objects):
            raise BadOption(f"--resume: {self.path} holds {', '.join(saved['objects'])}, but the "
                            f"demo has {', '.join(objects)}; leave out --resume to start again")
        for name, thing in objects.items():
            try:
                _set_state(thing, saved["objects"][name])
            except Exception as error:  # each object reads its state in its own way
                reason = " ".join(str(error).split())  # on one line
                raise BadOption(f"--resume: the state of {name} in {self.path} does not fit this "
                                f"demo ({type(error).__name__}: {reason}); leave out --resume to "
                                "start again") from error
        return saved["done"], {name: [(int(step), value) for step, value in points.tolist()]
                               for name, points in saved["history"].items()}


def _is_saved_run(saved):
    """True if a loaded checkpoint has the form in which LoopCheckpoint.save writes it."""
    loops, seconds = saved.get("loops"), saved.get("seconds")
    return (isinstance(saved.get("identity"), dict) and isinstance(saved.get("command"), str)
            and isinstance(loops, dict) and loops
            and isinstance(seconds, (int, float)) and 0 <= seconds < math.inf
            and all(isinstance(loop, dict) and _is_saved_loop(**loop) for loop in loops.values()))


def _is_saved_loop(done=None, history=None, objects=None, **unknown):
    return (type(done) is int and done >= 0 and not unknown
            and isinstance(objects, dict) and isinstance(history, dict)
            and all(isinstance(points, np.ndarray) and points.dtype == float
                    and points.ndim == 2 and points.shape[1] == 2 and np.isfinite(points).all()
                    for points in history.values()))


def _get_state(thing):
    if isinstance(thing, np.random.Generator):
        return thing.bit_generator.state
    return thing.state_dict()


def _not_finite(state, path):
    """The path to the first array in `state` that holds nan or infinity, or None."""
    if isinstance(state, dict):
        state = state.items()
    elif isinstance(state, (list, tuple)):
        state = enumerate(state)
    else:
        array = to_numpy(state) if hasattr(state, "dtype") else np.zeros(0)
        return path if array.dtype.kind == "f" and not np.isfinite(array).all() else None
    found = (_not_finite(item, f"{path}/{key}") for key, item in state)
    return next((path for path in found if path), None)


def _set_state(thing, state):
    if isinstance(thing, np.random.Generator):
        thing.bit_generator.state = state
    else:
        thing.load_state_dict(state)


class Snapshots:
    """Arrays kept at some steps of a loop, such as samples for an animation.

        snapshots = Snapshots()
        for step in run.steps(model=model, snapshots=snapshots):
            if step % 50 == 0:
                snapshots.add(step, samples)
        run.save_animation((plot(step, samples) for step, samples in snapshots), ...)

    As one of the loop's objects they are in the checkpoint: a resumed run has the early ones too.
    """

    def __init__(self):
        self._taken = []  # (step, NumPy array)

    def add(self, step, array):
        """Keep a copy of `array`, a Tensor or an array, as of `step`."""
        self._taken.append((step, np.array(to_numpy(array))))

    def __iter__(self):
        return iter(self._taken)

    def __len__(self):
        return len(self._taken)

    def state_dict(self):
        return {"steps": [step for step, _ in self._taken],
                "arrays": [array for _, array in self._taken]}

    def load_state_dict(self, state):
        self._taken = list(zip(state["steps"], state["arrays"], strict=True))


@contextmanager
def ctrl_c_waits():
    """Ctrl-C adds to the list and lets the step finish; a second Ctrl-C interrupts at once."""
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
    """Indices of the batch at `step`; each epoch goes through all `count` examples in a new order.

    The order depends on (seed, epoch) alone, so a resumed run has nothing to restore. The examples
    left over at the end of an epoch, fewer than a batch, are skipped.
    """
    if not 1 <= size <= count:
        raise BadOption(f"a batch takes 1 to all {count} examples; got {size}")
    epoch, position = divmod(step, count // size)
    return _epoch_order(epoch, count, seed)[position * size:(position + 1) * size]


@functools.lru_cache(maxsize=2)
def _epoch_order(epoch, count, seed):
    return np.random.default_rng((seed, epoch)).permutation(count)

"""Runs an answer in a process of its own, where it can do no harm by accident.

    python -I -B -c BOOT SYS_PATH FOLDER        as parent.py starts it

FOLDER holds request.json, cases.npz and the answer's file. What the answer says is written there as
it comes: events.jsonl, a line for each thing that happened, and N.npz for case N. This is a fence
against accidents and pranks, not a sandbox against hostile code.
"""
import faulthandler
import functools
import inspect
import json
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from types import CodeType, FunctionType

import models
import tinygen
from demos.exercises import cases, swap
from demos.exercises.exercise import ANSWERS, CHECKS, Case, Exercise, run_file
from demos.exercises.refuse import refusing
from tinygen.backend import np

try:
    import _posixsubprocess
except ImportError:  # Windows
    _posixsubprocess = None

BOOT = ("import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
        "from demos.exercises.child import main; main(sys.argv[2])")
HUNG = "hung.txt"  # where the answer was when its time was up
PATIENCE = 5       # times its computing time may pass by the clock, since others compute as well
GIGABYTE = 1 << 30
LIMITS = (("memory (2 GB)", "RLIMIT_AS", lambda seconds: 2 * GIGABYTE),
          ("CPU time", "RLIMIT_CPU", lambda seconds: int(seconds) + 10),
          ("size of files", "RLIMIT_FSIZE", lambda seconds: GIGABYTE // 4))

# Events of sys.addaudithook that are refused: always, or outside of the folder.
PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
             "os.spawn", "os.startfile", "os.kill", "os.killpg", "pty.spawn",
             "cpython.PyInterpreterState_New")
CHANGES = ("os.remove", "os.rmdir", "os.rename", "os.mkdir", "os.truncate", "os.chmod", "os.chown",
           "os.utime", "os.link", "os.symlink", "os.setxattr", "os.removexattr", "shutil.rmtree")
MODULES = "socket.", "ctypes.", "sqlite3.", "resource.", "gc.get_"


class NotAllowed(PermissionError):
    """The answer did to the computer what an answer has no need to do."""


def main(folder):
    folder = Path(folder).resolve()
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    exercise = Exercise(CHECKS / f"{request['exercise']}.py")
    forget(exercise)
    questions = read_cases(folder / "cases.npz")
    if request["train"]:
        swap.own_losses(exercise.model)  # not of the student's time
    with open(folder / "events.jsonl", "a", encoding="utf-8") as file:

        def tell(**event):
            file.write(json.dumps(event) + "\n")
            file.flush()
        tell(limits=limit(request["seconds"]))
        watchdog = open(folder / HUNG, "w", encoding="utf-8")
        threading.Thread(target=end_after, args=(request["seconds"], watchdog), daemon=True).start()
        faulthandler.dump_traceback_later(PATIENCE * request["seconds"], exit=True, file=watchdog)
        fence(folder, exercise.file)
        run(exercise, folder, questions, request["train"], tell)


def run(exercise, folder, questions, train, tell):
    """Load the answer, ask it, train on it, and tell what came of each."""
    try:
        with refusing(exercise):
            answer = exercise.answer_of(vars(run_file(folder / exercise.file)))
    except BaseException as error:
        return tell(load=asdict(cases.error_of(error)))
    tell(loaded=True)
    for i, answered in enumerate(cases.ask_all(exercise, answer, questions)):
        tell(case=i, **save(folder / f"{i}.npz", answered))
    if train:
        try:
            tell(training=asdict(swap.train(exercise, answer)))
        except BaseException as error:
            tell(training=asdict(cases.error_of(error)))
    tell(end=True)


def forget(exercise):
    """Take out of memory what would give the answer away: what is expected, and the mistakes.

    The functions of the check file that are left are those that `ask` and the model call.
    """
    space, called = exercise.ask.__globals__, set()
    exercise.expected = exercise.cases = exercise.record = None
    exercise.declared_mistakes = ()
    codes = [f.__code__ for f in (exercise.ask, exercise.swap, exercise.model.train)]
    codes += [f.__code__ for cls in vars_of(space, type) for f in vars_of(vars(cls), FunctionType)]
    while codes:
        code = codes.pop()
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
        for name in set(code.co_names) - called:
            called.add(name)
            f = inspect.unwrap(space.get(name))  # of functools.cache
            codes += [f.__code__] if isinstance(f, FunctionType) else []
    for name in [name for name, value in space.items() if isinstance(value, FunctionType)
                 and name not in called]:
        del space[name]
    del space["MISTAKES"]


def vars_of(namespace, kind):
    return [value for value in namespace.values() if isinstance(value, kind)]


# ---- cases and answers as files: arrays in .npz, the rest as JSON ----

def write_cases(path, questions):
    arrays = {f"{i} {name}": array for i, case in enumerate(questions)
              for name, array in case.arrays.items()}
    settings = json.dumps([case.settings for case in questions])
    np.savez(path, settings=np.array(settings), **arrays)


def read_cases(path):
    with np.load(path, allow_pickle=False) as file:
        given = [{key: tuples(value) for key, value in settings.items()}
                 for settings in json.loads(str(file["settings"]))]
        for key in file.files:
            if key != "settings":
                i, _, name = key.partition(" ")
                given[int(i)][name] = file[key]
    return [Case(**each) for each in given]


def tuples(value):
    """JSON has lists only; settings have tuples only."""
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def save(path, answered):
    """Write the arrays of what came of a case -> the rest of it, as plain values."""
    arrays, values = {}, []
    for call, given in enumerate((answered.values, answered.second)):
        told = []
        for name, value in (given or {}).items():
            if isinstance(value, np.ndarray):
                arrays[f"{call} {len(told)}"], value = value, None
            told.append([name, value])
        values.append(told)
    np.savez(path, **arrays)
    return {"values": values, "error": answered.error and asdict(answered.error),
            "changed": answered.changed, "again": answered.second is not None}


# ---- limits ----

def limit(seconds):
    """Limit memory, CPU time and the size of files, where the system can -> what it limits."""
    try:
        import resource
    except ImportError:  # Windows
        return []
    held = []
    for what, name, most in LIMITS:
        try:
            resource.setrlimit(getattr(resource, name), 2 * (most(seconds),))
            held.append(what)
        except (AttributeError, OSError, ValueError):
            continue  # macOS knows some of the names only
    return held


def end_after(seconds, file):
    """End this process once it has computed for so long, and write to `file` where it was."""
    end = time.process_time() + seconds
    while (left := end - time.process_time()) > 0:
        time.sleep(max(left, 0.01))
    faulthandler.dump_traceback(file)
    os._exit(1)


def fence(folder, own):
    """From here on refuse processes, sockets, ctypes, and changes outside of the folder.

    own: the name of the answer's file, which is not to be read anywhere else, either.
    """
    inside = str(folder) + os.sep
    ours = tuple(str(path) + os.sep for path in (
        ANSWERS, CHECKS, Path(tinygen.ops.__file__).parent, Path(models.__file__).parent))
    to_write = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def path_of(path):
        return os.path.realpath(os.fsdecode(path)) if isinstance(path, (str, bytes)) else None

    def hook(event, args):
        if event == "open":
            path, mode, flags = path_of(args[0]), args[1] or "", args[2] or 0
            if path is None or path == os.devnull:
                return
            if path.startswith(ours):
                raise NotAllowed("It reads the files of the exercises or of the engine; write the "
                                 "answer yourself.")
            if path.startswith(inside):
                return
            if os.path.basename(path) == own:
                raise NotAllowed(f"It reads {path}; write the answer yourself.")
            if set(mode) & set("wax+") or flags & to_write or os.path.isdir(path):  # for dir_fd
                raise NotAllowed(f"It writes to {path}; an answer has no files to write.")
        elif event in CHANGES:
            changed = args[:2] if event in ("os.rename", "os.link", "os.symlink") else args[:1]
            if not all((path_of(path) or "").startswith(inside) for path in changed):
                raise NotAllowed(f"It changes files ({event} {args[0]}), which an answer must not.")
        elif event in PROCESSES:
            raise NotAllowed(f"It starts or ends processes ({event}), which an answer must not.")
        elif event.startswith(MODULES):
            raise NotAllowed(f"It uses {event.partition('.')[0]}, which an answer must not.")
    sys.addaudithook(hook)
    for owner, name in ((_posixsubprocess, "fork_exec"), (os, "mkfifo"), (os, "mknod")):
        if hasattr(owner, name):  # these raise no event
            setattr(owner, name, functools.partial(unheard, name))


def unheard(name, *args, **settings):
    raise NotAllowed(f"It calls {name}, which an answer must not.")

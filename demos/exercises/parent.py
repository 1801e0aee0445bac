"""Starts a child that runs an answer, ends it when its time is up, and reads what it wrote.

Nothing that the child says is trusted to be well formed, and nothing of the student's is imported
here.
"""
import io
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from demos.exercises.cases import LARGEST, Answered, Error
from demos.exercises.child import BOOT, HUNG, LIMITS, PATIENCE, write_cases
from demos.exercises.exercise import HERE
from demos.exercises.swap import Training
from tinygen.backend import np

ROOT = HERE.parents[1]
PRINTED = 4000  # characters of what an answer prints that are kept
START_UP = 10   # seconds for a child to import what it needs


@dataclass
class Report:
    """What came of a child. ended: "end" as it should, else "timeout", "memory" or "exit"."""
    ended: str = "exit"
    loaded: bool = False
    load: Error | None = None
    answers: list = field(default_factory=list)
    training: object = None  # a Training or an Error
    limits: list = field(default_factory=list)
    printed: str = ""
    hung: str = ""         # the line that it was in when its time was up
    room: int = 4 * LARGEST  # bytes of arrays that are still accepted


def run_child(exercise, program, questions, *, train=False, seconds=20, stop=None):
    """Run `program`, the bytes of an answer's file, in a child -> Report.

    seconds: how long it may compute; by the clock, PATIENCE times as long. stop: an Event by which
    another thread ends it early.
    """
    folder = Path(tempfile.mkdtemp(prefix="tinygen-"))
    try:
        (folder / exercise.file).write_bytes(program)
        write_cases(folder / "cases.npz", questions)
        request = {"exercise": exercise.stem, "train": train, "seconds": seconds}
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        code, printed = run_process(folder, PATIENCE * seconds + START_UP, stop)
        report = read_report(folder)
        report.printed = printed
        if report.ended != "end":
            report.hung = hung_in(folder, exercise)
            report.ended = "timeout" if report.hung else {
                "timeout": "timeout", -getattr(signal, "SIGXCPU", 0): "timeout",
                -getattr(signal, "SIGKILL", 0): "memory"}.get(code, "exit")
        return report
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_process(folder, seconds, stop=None):
    """Start the child and wait -> its exit status, or "timeout"; what it printed."""
    path = json.dumps([str(ROOT), *(os.path.abspath(entry) for entry in sys.path)])
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
                   "MPLBACKEND": "Agg", "TMPDIR": str(folder), "TEMP": str(folder),
                   "TMP": str(folder)}
    command = [sys.executable, "-I", "-B", "-u", "-X", "utf8", "-c", BOOT, path, str(folder)]
    child = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=os.name == "posix")
    printed, deadline = bytearray(), time.monotonic() + seconds
    reader = threading.Thread(target=drain, args=(child.stdout, printed), daemon=True)
    reader.start()
    try:
        while child.poll() is None and time.monotonic() < deadline and not (stop and stop.is_set()):
            time.sleep(0.01)
        code = "timeout" if child.poll() is None else child.returncode
    finally:
        end_tree(child)
    reader.join(1)
    return code, printed.decode("utf-8", "replace")


def drain(pipe, kept):
    """Read all that is printed, so that the child is not held up, and keep its beginning."""
    while chunk := pipe.read1(65536):
        kept += chunk[:PRINTED - len(kept)]


def end_tree(child):
    """End the child and whatever it may have started."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):  # it has ended
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True,
                       check=False)
    child.wait()


# ---- what it wrote ----

def hung_in(folder, exercise):
    """Where the answer was when its time was up, as "line 12"; "" if it was not."""
    try:
        dumped = read_file(folder / HUNG, PRINTED).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
    found = re.search(rf'{re.escape(exercise.file)}", line (\d+) in ', dumped)
    return f"line {found[1]}" if found else "tinygen" if "line" in dumped else ""


def read_file(path, most):
    """The beginning of a file. Raises ValueError for a pipe or a link, which might never end."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise ValueError(f"{path} is no regular file")
    with open(path, "rb") as file:
        return file.read(most)


def read_report(folder):
    report = Report()
    try:
        for line in read_file(folder / "events.jsonl", LARGEST).decode("utf-8").splitlines():
            take_in(report, folder, json.loads(line))
    except Exception:  # half a line, or not what the child writes
        report.ended = "exit"
    return report


def take_in(report, folder, event):
    """Add one event to the report."""
    if "limits" in event:
        report.limits = [name for name, _, _ in LIMITS if name in event["limits"]]
    if "loaded" in event:
        report.loaded = True
    if "load" in event:
        report.load, report.ended = read_error(event["load"]), "end"
    if "case" in event and event["case"] == len(report.answers):
        arrays = load_arrays(folder / f"{len(report.answers)}.npz", report.room)
        report.room -= sum(array.nbytes for array in arrays.values())
        report.answers.append(read_answered(arrays, event))
    if "training" in event:
        told = event["training"]
        report.training = Training(**told) if "losses" in told else read_error(told)
    if "end" in event:
        report.ended = "end"


def read_answered(arrays, event):
    calls = []
    for call, told in enumerate(event["values"]):
        calls.append({str(name): arrays[f"{call} {i}"] if value is None else str(value)
                      for i, (name, value) in enumerate(told)})
    first, second = calls
    return Answered(first, read_error(event["error"]) if event["error"] else None,
                    [str(name) for name in event["changed"]], second if event["again"] else None)


def read_error(told):
    return Error(str(told["kind"]), str(told["message"])[:500], int(told["line"]),
                 str(told["text"])[:100])


def load_arrays(path, most):
    """The arrays of numbers in an .npz file, once its declared sizes add up to `most` or less."""
    written = io.BytesIO(read_file(path, most))
    with zipfile.ZipFile(written) as archive:
        declared = sum(member.file_size for member in archive.infolist())
    if declared > most:
        raise ValueError(f"{path} declares {declared:,} bytes")
    with np.load(written, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if any(array.dtype.kind not in "biufc" for array in arrays.values()):
        raise ValueError(f"{path} holds other than numbers")
    return arrays

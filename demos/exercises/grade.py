"""Grades a folder of submissions, each a folder or a zip: the student's own check, other cases.

A child for each student and exercise answers the cases and, in place of training, calls that the
model made while it trained on the reference: so the parent need not trust what a child says of a
run in the model.
"""
import concurrent.futures
import threading
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

from demos.common.options import make_writable
from demos.exercises import exercise, judge, report, swap
from demos.exercises.cases import ask
from demos.exercises.checking import Check, conclude, gone, questions, verdict_on
from demos.exercises.messages import page
from demos.exercises.parent import run_child
from demos.exercises.terminal import Plain

LARGEST_FILE = 1 << 20  # bytes of an answer's file
LONGEST_NAME = 60       # characters of a student's name
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")  # read are zips only


class Unusable(Exception):
    """Why a submission, or a file of it, cannot be read."""


@dataclass
class Grade:
    """One cell of the table."""
    student: str
    number: int
    status: str  # pass, fail, error, timeout, memory, missing
    share: float  # of the stages passed
    message: str
    stage: str = ""
    mistake: str = ""
    limits: tuple = ()


def grade(submissions, out, numbers, jobs, seconds, seed):
    """Grade all submissions of a folder, and write the report to `out`."""
    students, left_out = find_submissions(submissions)
    make_writable(out)
    print(f"{len(students)} submissions, {len(numbers)} exercises, seed {seed}. "
          f"The reference trains the models first.", flush=True)
    if left_out:
        print(f"Left out, for a submission is a folder or a zip: {', '.join(left_out)}")
    tests = [Test(exercise.find(number), seed) for number in numbers]
    grades, stop = [], threading.Event()
    with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
        tasks = {student: [pool.submit(grade_one, student, path, test, seconds, stop)
                           for test in tests] for student, path in students.items()}
        try:
            for student, futures in tasks.items():
                grades += (row := [future.result() for future in futures])
                counts = Counter(each.status for each in row)
                print(f"  {student}: " + ", ".join(f"{n} {kind}" for kind, n in counts.items()),
                      flush=True)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    report.write(out, grades, [test.exercise for test in tests], seed, seconds)
    print(f"The report: {(out / 'index.html').resolve().as_uri()}")


class Test:
    """An exercise with all that is the same for every student."""

    def __init__(self, found, seed):
        self.exercise, self.seed = found, seed
        self.asked, self.wanted = questions(found, seed)
        self.calls = swap.train_reference(found)[1] if found.record else []
        self.answers = [ask(found, found.reference, call).values for call in self.calls]

    def verdict(self, report, seconds):
        """What a child's report says, on the cases and on the model's calls."""
        count = len(self.asked)
        calls, report.answers = report.answers[count:], report.answers[:count]
        verdict = verdict_on(self.exercise, self.asked, self.wanted, report, seconds)
        if verdict.failure is None and self.calls:
            conclude(verdict, self.exercise, self.in_the_model(calls, report, seconds))
        return verdict

    def in_the_model(self, answered, report, seconds):
        failure = judge.judge_model_cases(self.exercise, self.calls, answered, self.answers)
        if failure is None and len(answered) < len(self.calls):
            return gone(self.exercise.model.name, report, seconds)
        return failure or f"{len(self.calls)} calls of the model, answered as the reference does"


def grade_one(student, path, test, seconds, stop):
    """Grade one student's answer to one exercise -> Grade."""
    found = test.exercise
    try:
        program = read_answer(path, found.file)
    except Exception as error:  # Unusable, and what else a damaged zip comes up with
        return Grade(student, found.number, "error", 0.0, f"{found.label}\n{error}"[:500], "loads")
    if program is None:
        return Grade(student, found.number, "missing", 0.0,
                     f"{found.label}\nThere is no file {found.file}{instead(path, found)}.",
                     "loads")
    try:
        ran = run_child(found, program, [*test.asked, *test.calls], seconds=seconds, stop=stop)
        verdict = test.verdict(ran, seconds)
        message = page(Check(found, test.seed, len(test.asked), verdict, ran.printed), Plain(),
                       [f"Again: check {found.number:02d} --seed {test.seed}"])
    except Exception as error:  # one submission must not end the grading of all
        return Grade(student, found.number, "error", 0.0,
                     f"{found.label}\nIt could not be judged: {error!r}"[:500], "loads")
    passed, failure = len(verdict.passed), verdict.failure
    if failure is None:
        return Grade(student, found.number, "pass", 1.0, message, limits=tuple(ran.limits))
    share = passed / (passed + 1 + len(verdict.left))
    return Grade(student, found.number, failure.status, share, message, failure.stage,
                 failure.sentence, tuple(ran.limits))


# ---- submissions ----

def find_submissions(folder):
    """{student: path} of the folders and zips in a folder, and the names of what else lies there.

    Raises ValueError if there are no submissions.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}; give the one that holds the submissions, a "
                         f"folder or a zip each")
    found, left_out = {}, []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        if path.is_dir():
            found[free_label(found, path.name)] = path
        elif path.suffix.lower() in ARCHIVES:
            found[free_label(found, path.stem, path.name)] = path
        else:
            left_out.append(printable(path.name))
    if not found:
        raise ValueError(f"{folder} holds no submissions; each is a folder or a zip")
    return found, left_out


def free_label(taken, *names):
    """The first of the names, made fit to print and to be a file's name, that is not taken."""
    taken, names = {name.casefold() for name in taken}, [*map(printable, names)]
    names += [f"{names[-1]} ({number})" for number in range(2, len(taken) + 3)]
    return next(name for name in names if name.casefold() not in taken)


def printable(name):
    """A file's name without line breaks and what is not UTF-8, of moderate length."""
    return "".join(c if c.isprintable() else "?" for c in name)[:LONGEST_NAME]


def read_answer(path, name):
    """The bytes of the file `name` in a submission, wherever in it; None if there is none.

    Nothing is unpacked: a zip's paths lead nowhere. Raises Unusable.
    """
    if not path.is_dir():
        return read_from_zip(path, name)
    program = read_from_folder(path, name)
    if program is None:  # a course platform's download: a folder for each student, a zip in it
        for archive in zips_in(path):
            program = program or read_from_zip(archive, name)
    return program


def zips_in(folder):
    return sorted(path for path in folder.rglob("*.zip")
                  if path.is_file() and not path.is_symlink())


def instead(path, found):
    """What may be there in place of a file that is missing: ", but softmax (1).py"."""
    try:
        names = [each.name for each in path.rglob("*.py")] if path.is_dir() else []
        for archive in zips_in(path) if path.is_dir() else [path]:
            with zipfile.ZipFile(archive) as opened:
                names += [PurePosixPath(name).name for name in opened.namelist()]
    except (OSError, ValueError, zipfile.BadZipFile):
        return ""
    if found.file in names:
        return ", but a link or a folder of that name"
    alike = sorted({printable(name) for name in names if name.endswith(".py")
                    and not name.startswith(".") and found.name in name.lower()})
    return f", but {' and '.join(alike[:3])}" if alike else ""


def read_from_folder(folder, name):
    try:
        files = [path for path in folder.rglob(name) if path.is_file() and not path.is_symlink()]
        if not files:
            return None
        path = min(files, key=lambda path: (len(path.parts), str(path)))
        if path.stat().st_size > LARGEST_FILE:
            raise Unusable(f"{name} is larger than a megabyte.")
        return path.read_bytes()
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror}.") from error


def read_from_zip(path, name):
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist()
                       if PurePosixPath(m.filename.replace("\\", "/")).name == name]
            if not members:
                return None
            member = min(members, key=lambda m: (m.filename.count("/"), m.filename))
            if member.file_size > LARGEST_FILE:
                raise Unusable(f"{name} is larger than a megabyte.")
            with archive.open(member) as file:
                return file.read(LARGEST_FILE)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError,
            EOFError, zlib.error) as error:  # damaged, encrypted, or packed in an unknown way
        raise Unusable(f"{path.name} is no zip that can be read: {error}.") from error

"""Parts of a kernel on several cores, with the same bits on any number of them.

A kernel cuts its work by size, never by the number of cores, and hands the parts to `on_all_cores`.
NumPy releases the GIL inside its loops and products, so threads compute at the same time.

NumPy's BLAS, if it is OpenBLAS, is told to use one thread for as long as the process lives. How it
divides a product depends on how many it has, and the last bits of the result with it; and its idle
threads spin on the cores that are needed here. With another BLAS everything is left as it is.
"""
import contextlib
import contextvars
import ctypes
import itertools
import math
import os
import threading
from collections import deque
from pathlib import Path
from queue import Empty, SimpleQueue

from tinygen import errors
from tinygen.backend import np


def on_all_cores(work, parts):
    """[work(part) for part in parts], several at a time.

    Each part must write where no other does. If one fails, no more are taken, and it raises here.
    """
    if len(parts) < 2 or pool.threads < 2 or pool.here.inside:
        return [work(part) for part in parts]
    return pool.run(Job(work, parts))


def set_threads(n):
    """Compute on n threads from now on -> their number before.

    The default is the environment variable TINYGEN_THREADS, or as many as the cores that this
    process may use. Results do not depend on it, to the last bit. With 1, no thread is used but the
    caller's; where NumPy has another BLAS than OpenBLAS, that is so for any n, since such a BLAS
    has threads of its own. Raises ValueError unless n is a whole number of at least 1.
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise errors.wrong_threads("set_threads", n)
    before, pool.threads = pool.threads, 1 if usual_threads is None else n
    return before


class Job:
    """Parts that several threads take, one by one, until none is left."""

    def __init__(self, work, parts):
        self.work, self.waiting, self.count = work, deque(enumerate(parts)), len(parts)
        self.results, self.failed = [None] * self.count, []
        self.helping, self.left = set(), SimpleQueue()

    def take_parts(self):
        """Do what is waiting."""
        while self.waiting:
            try:
                i, part = self.waiting.popleft()
            except IndexError:  # another thread was faster
                return
            self.results[i] = self.work(part)

    def help(self):
        """The same in another thread; what fails there is raised by the calling one."""
        me = threading.get_ident()
        self.helping.add(me)
        try:
            self.take_parts()
        except BaseException as error:
            self.failed.append(error)
            self.waiting.clear()
        self.helping.discard(me)
        self.left.put(me)

    def end(self):
        """Have no more parts taken, and wait until no thread works on one.

        Ctrl-C may come between any two steps of the calling thread. So it counts nothing: it asks
        who is helping, which only the helpers change, and the queue just wakes it.
        """
        interrupted = None
        while True:
            try:
                self.waiting.clear()
                if not self.helping:
                    break
                self.left.get(timeout=0.1)
            except Empty:
                pass
            except BaseException as error:  # the parts write to arrays that others may read
                interrupted = error
        if interrupted:
            raise interrupted


class Pool:
    """Threads that wait for jobs. They are started when first needed."""

    def __init__(self, threads):
        self.threads, self.here = threads, _Here()
        self.forget()

    def forget(self):
        """Forget the threads: a forked child has none of its parent's."""
        self.started, self.lock, self.jobs = 0, threading.Lock(), SimpleQueue()

    def run(self, job):
        """A job's results. The calling thread works on it too."""
        helpers = min(self.threads, job.count) - 1
        if self.started < helpers:
            self._start(helpers)
        try:
            for _ in range(min(helpers, self.started)):
                # NumPy's errstate, for one, belongs to a context.
                self.jobs.put((contextvars.copy_context(), job))
            self.here.inside = True
            job.take_parts()
        finally:
            self.here.inside = False
            job.end()
            failed, job.failed = job.failed, []  # their tracebacks lead to the job: a cycle
        if failed:
            raise failed.pop()
        return job.results

    def _start(self, helpers):
        with self.lock, contextlib.suppress(RuntimeError):  # where the system allows no more
            while self.started < helpers:
                threading.Thread(target=self._help, name="tinygen", daemon=True).start()
                self.started += 1

    def _help(self):
        self.here.inside = True
        while True:
            context, job = self.jobs.get()
            context.run(job.help)
            del context, job  # or their arrays would live until the next job


class _Here(threading.local):
    """inside: whether this thread is inside a part, where no further parts are shared."""
    inside = False


# ---- how many ----

def set_blas_threads(n):
    """Share each of NumPy's matrix products among n threads -> their number before.

    None where NumPy computes with another library than OpenBLAS: nothing is changed then.
    """
    if openblas := _openblas_threads():
        get, set_to = openblas
        before = get()
        set_to(n)
        return before
    return None


def _openblas_threads():
    """OpenBLAS's functions that get and set its threads, in the library that NumPy has loaded.

    Their names may begin with scipy_ and end with 64_. None unless it was built with threads of its
    own: OpenMP's are set for each thread, and a build without any may not be called from several.
    """
    home = Path(np.__file__).parent
    paths = [*home.parent.glob("numpy.libs/*openblas*"), *home.glob(".dylibs/*openblas*")]
    with contextlib.suppress(OSError):  # a file of Linux's; NumPy may use the system's OpenBLAS
        lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        paths += sorted({"/" + line.partition("/")[2] for line in lines if "openblas" in line})
    for path in paths:
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(str(path))
            for before, behind in itertools.product(("scipy_", ""), ("64_", "")):
                names = [f"{before}openblas_{name}{behind}"
                         for name in ("get_num_threads", "set_num_threads", "get_parallel")]
                if all(hasattr(library, name) for name in names):
                    *functions, get_parallel = [getattr(library, name) for name in names]
                    return functions if get_parallel() == 1 else None
    return None


def _default_threads(usual):
    """What TINYGEN_THREADS says, or how many cores this process may use.

    usual: how many OpenBLAS would use, which sees the machine's cores and the variables that limit
    them, but not a container's share.
    """
    told = os.environ.get("TINYGEN_THREADS")
    if told is not None:
        if not told.isdecimal() or int(told) < 1:
            raise errors.wrong_threads("TINYGEN_THREADS", told)
        return int(told)
    return max(1, min(usual, _container_share()))


def _container_share():
    """The cores that a container may keep busy, rounded up; infinite where nothing limits it."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="utf-8").split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no container, or "max"
        return math.inf


pool = Pool(1)
usual_threads = set_blas_threads(1)
if usual_threads is not None:
    set_threads(_default_threads(usual_threads))
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.forget)

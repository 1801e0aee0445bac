"""Copies of the tree, in each of which one pytest runs at a time."""
import concurrent.futures
import os
import queue
import shutil
import signal
import subprocess
import sys
from pathlib import Path

COPIED = ("tinygen", "models", "demos", "tests", "setup.cfg", "README.md")


class Copies:
    """As many copies as jobs, in a folder; leaving the with block stops what still runs in them."""

    def __init__(self, root, folder, jobs):
        self.trees = [_copy(root, Path(folder) / f"tree{i}") for i in range(jobs)]
        self._free = queue.SimpleQueue()
        for tree in self.trees:
            self._free.put(tree)
        self._running, self._ended = set(), False
        self._pool = concurrent.futures.ThreadPoolExecutor(jobs)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._ended = True
        for process in tuple(self._running):
            _stop(process)
        self._pool.shutdown()

    def each(self, function, tasks):
        """function(copies, tree, *task) of each task, as they end."""
        def borrowing(task):
            tree = self._free.get()
            try:
                return function(self, tree, *task)
            finally:
                self._free.put(tree)
        futures = [self._pool.submit(borrowing, task) for task in tasks]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()

    def pytest(self, tree, plugin, files, **environment):
        """The exit code of pytest with one of this package's plugins."""
        settings = {**os.environ, "TINYGEN_CACHE": str(tree / "cache"),
                    "TINYGEN_PROPERTIES_SEED": "0", "OPENBLAS_NUM_THREADS": "1",
                    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # a core for each job
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", f"tests.mutate.{plugin}",
             "-p", "no:cacheprovider", f"--basetemp={tree / 'temporary'}", *files],
            cwd=tree, env={**settings, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self._running.add(process)
        if self._ended:  # a task that goes on after Ctrl-C
            _stop(process)
        try:
            return process.wait()
        finally:
            _stop(process)
            self._running.discard(process)


def _copy(root, tree):
    """A copy of what the tests need."""
    tree.mkdir()
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, tree / name,
                            ignore=shutil.ignore_patterns("__pycache__", "gallery"))
        elif (root / name).exists():
            shutil.copy(root / name, tree / name)
    return tree


def _stop(process):
    """End a process, and where there are groups whatever else its tests have started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass  # nothing is left

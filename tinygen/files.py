"""Writing a file so that nobody ever sees half of it, and locks that a dead process does not hold.

A lock belongs to an open file, and the system ends it with the process, however that dies.
"""
import errno
import glob
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt
    fcntl = None

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # disk, quota, the largest file


@contextmanager
def replacing(path):
    """A binary file to write, which replaces `path` once it is completely on disk.

    It is written next to `path` under a temporary name, and locked. If anything goes wrong before
    the end (an exception, Ctrl-C, a full disk), the earlier file stays as it was, and nothing else
    is left. What a killed process leaves, the next one to write `path` removes.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no such folder; make it first")
    _remove_dead(path)
    # No other thread, process or machine that shares the folder has this name.
    unique = f"{os.getpid()}.{secrets.randbelow(10**9)}"
    temporary = path.with_name(f".{path.name}.{unique}.tmp")
    try:
        while not (file := open_locked(temporary, "wb")):
            pass  # another process looks whether this one is dead, for a moment
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not fcntl:
                file.close()  # Windows does not rename an open file
            os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL and not error.filename:
            error.filename = str(path)
        raise


def open_locked(path, mode):
    """Open `path` and lock it until it is closed -> the file, or None if another holds the lock.

    On a file system without locks every file counts as free.
    """
    while True:
        file = open(path, mode)
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except (BlockingIOError, PermissionError):
            file.close()
            return None
        except OSError:
            return file
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                return file
        file.close()  # it was removed between open and lock


def remove_locked(path, file):
    """Remove what `open_locked` gave, and unlock it."""
    with file:
        if not fcntl:
            file.close()  # Windows does not remove an open file
        path.unlink(missing_ok=True)


def _remove_dead(path):
    """Remove the temporary files of `path` that no living process holds."""
    for found in path.parent.glob(f".{glob.escape(path.name)}.[0-9]*.tmp"):
        with suppress(OSError):
            if file := open_locked(found, "r+b"):
                remove_locked(found, file)

"""Writing a file so that nobody ever sees half of it."""
import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path):
    """A binary file to write, which replaces `path` once it is completely on disk.

    It is written next to `path` under a temporary name. If anything goes wrong before the end (an
    exception, Ctrl-C, a full disk), the earlier file stays as it was, and nothing else is left.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no such folder; make it first")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

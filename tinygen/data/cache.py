"""Where tinygen keeps the files that it made or downloaded, and how it writes them."""
import os
import sys
from contextlib import contextmanager
from pathlib import Path


def cache_folder():
    """tinygen's folder: $TINYGEN_CACHE, else its own in the platform's place for caches.

    The folder need not exist: whoever writes into it makes it.
    """
    if os.environ.get("TINYGEN_CACHE"):
        return Path(os.environ["TINYGEN_CACHE"]).expanduser()
    if sys.platform == "win32":
        caches = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        caches = Path.home() / "Library" / "Caches"
    else:
        caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "tinygen"


@contextmanager
def replacing(path):
    """Open a temporary file beside `path` for bytes; it takes path's place if the block succeeds.

    So nobody ever reads half a file, however its writer ended.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)

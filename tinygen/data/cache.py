"""Where tinygen keeps the files that it has made or downloaded."""
import os
import sys
from pathlib import Path


def cache_folder():
    """$TINYGEN_CACHE, or else the folder `tinygen` in the platform's folder for caches.

    It need not exist: whoever writes to it creates it.
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

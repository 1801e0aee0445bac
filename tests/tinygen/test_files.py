"""Files are replaced as a whole; what killed processes leave is removed, and holds no lock."""
import errno
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from tinygen import checkpoint, files
from tinygen.files import open_locked, remove_locked, replacing

WRITES = """
import sys
from tinygen.files import replacing
with replacing(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""
LOCKS = """
import sys
from tinygen.files import open_locked
file = open_locked(sys.argv[1], "ab")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def process(code, path):
    """A process that has begun what `code` does to `path`; killed at the end."""
    running = subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        assert running.stdout.readline()
        yield
    finally:
        running.kill()
        running.communicate()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_next_save_removes_what_a_killed_one_left(tmp_path):
    path = tmp_path / "c[1].npz"
    with process(WRITES, path), process(WRITES, tmp_path / "other"):
        assert len(names(tmp_path)) == 2
    (tmp_path / ".c[1].npz.1234.tmp").touch()  # from an earlier version of tinygen
    (tmp_path / ".c[1].npz.mine.tmp").touch()
    checkpoint.save(path, {"x": 1})
    left = names(tmp_path)
    assert left[:1] == [".c[1].npz.mine.tmp"] and left[2:] == ["c[1].npz"]
    assert left[1].startswith(".other.")


def test_the_file_of_a_living_process_stays(tmp_path):
    path = tmp_path / "c.npz"
    with process(WRITES, path):
        temporary, = tmp_path.iterdir()
        checkpoint.save(path, {"x": 1})
        assert temporary.read_bytes() == b"half"


def test_threads_that_save_one_file_do_not_disturb_each_other(tmp_path):
    path, failures = tmp_path / "c", []

    def save(number):
        try:
            for _ in range(30):
                with replacing(path) as file:
                    file.write(bytes([number]) * 1000)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and names(tmp_path) == ["c"]
    assert len(set(path.read_bytes())) == 1 and path.stat().st_size == 1000


def test_a_lock_ends_with_its_process(tmp_path):
    path = tmp_path / "lock"
    with process(LOCKS, path):
        assert open_locked(path, "ab") is None
    file = open_locked(path, "ab")
    assert file and open_locked(path, "ab") is None
    remove_locked(path, file)
    assert not names(tmp_path)


def test_what_keeps_the_file_from_being_opened_is_told(tmp_path, monkeypatch):
    def denied(path, mode):
        raise PermissionError("no")
    monkeypatch.setattr(files, "open_locked", denied)
    with pytest.raises(PermissionError, match="^no$"):
        checkpoint.save(tmp_path / "c.npz", {"x": 1})


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"c\.npz cannot be written: .*no such folder"):
        checkpoint.save(tmp_path / "missing" / "c.npz", {"x": 1})


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a file that is open")
def test_a_lock_whose_file_is_gone_can_be_removed(tmp_path):
    path = tmp_path / "lock"
    file = open_locked(path, "wb")
    path.unlink()
    remove_locked(path, file)
    assert file.closed


def test_as_on_windows(tmp_path, monkeypatch):
    """It locks bytes instead of files, and neither renames nor removes a file that is open."""
    held, opened, real_replace, real_unlink = [], [], os.replace, type(tmp_path).unlink

    def locking(descriptor, mode, count):
        assert (mode, count) == ("without waiting", 1)
        if held:
            raise PermissionError
        held.append(descriptor)

    def replace(*paths):
        assert opened[0].closed
        real_replace(*paths)

    def unlink(path, missing_ok):
        assert opened[0].closed
        real_unlink(path, missing_ok)
    monkeypatch.setattr(files, "fcntl", None)
    monkeypatch.setattr(files, "msvcrt", SimpleNamespace(
        locking=locking, LK_NBLCK="without waiting"), raising=False)
    monkeypatch.setattr(files.os, "replace", replace)
    monkeypatch.setattr(type(tmp_path), "unlink", unlink)
    with replacing(tmp_path / "a") as file:
        opened.append(file)
    held.clear()
    opened[:] = [open_locked(tmp_path / "b", "wb")]
    assert open_locked(tmp_path / "b", "wb") is None
    remove_locked(tmp_path / "b", opened[0])
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch, number):
    def full(descriptor):
        raise OSError(number, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: .*c\.npz"):
        checkpoint.save(tmp_path / "c.npz", {"x": 1})
    with pytest.raises(OSError, match="no space: 'other'"), replacing(tmp_path / "c.npz"):
        raise OSError(number, "no space", "other")  # which knows its file
    assert not names(tmp_path)


def test_what_is_forced_to_the_disk_is_the_whole_file(tmp_path, monkeypatch):
    sizes = []
    monkeypatch.setattr(files.os, "fsync", lambda file: sizes.append(os.fstat(file).st_size))
    with replacing(tmp_path / "a") as file:
        file.write(b"all of it")
    assert sizes == [9]

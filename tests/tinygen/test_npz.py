"""Files that claim more than they hold are refused, in memory in proportion to their size."""
import gzip
import io
import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from tinygen import checkpoint
from tinygen.data import load_images
from tinygen.data.images import read_idx
from tinygen.npz import read_npz


def npy(array=None, *, header=None):
    """The bytes of an .npy file; with `header`, its text, and no values."""
    file = io.BytesIO()
    if header is None:
        np.lib.format.write_array(file, array)
    else:
        text = header.encode() + b"\n"
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    return file.getvalue()


def zipped(compression=zipfile.ZIP_STORED, **contents):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name.replace("__", "/") + ".npy", content)
    return file.getvalue()


def overlapping(count):
    """An archive whose `count` entries are all the same megabyte."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", npy(np.zeros(2**17)))
        archive.filelist *= count
    return file.getvalue()


def oversized(claim):
    """An archive whose directory says, as the array does, that its entry has so many bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in "xy":
            archive.writestr(f"{name}.npy", npy(header=CLAIM % ("|u1", claim)))
            archive.filelist[-1].file_size = claim
    return file.getvalue()


def header(**changes):
    whole = {"format": checkpoint.FORMAT, "version": checkpoint.VERSION, "arrays": [],
             "values": {}, **changes}
    return npy(np.array(json.dumps(whole)))


CLAIM = "{'descr': '%s', 'fortran_order': False, 'shape': (%d,)}"
ZEROS = npy(np.zeros((300, 200, 200), np.uint8))  # 12 MB, which zip to 12 kB
BOMBS = {
    "arrays": zipped(zipfile.ZIP_DEFLATED, header=header(arrays=["state/x"]), state__x=ZEROS),
    "text": zipped(zipfile.ZIP_DEFLATED, header=header(values={"x": "a" * 3_000_000})),
    "images": zipped(zipfile.ZIP_BZIP2, x=ZEROS, y=npy(np.zeros(300, int))),
    "shared": overlapping(40),
    "sizes": oversized(10**8),
    "claim": zipped(x=npy(header=CLAIM % ("|u1", 3 * 10**9)), y=npy(np.zeros(6, int))),
    "items": zipped(x=npy(header=CLAIM % ("<f8", 20)), y=npy(np.zeros(6, int))),
    "no size": zipped(x=npy(header=CLAIM % ("<U0", 10**9)), y=npy(np.zeros(6, int))),
}


def peak_of(refused, match):
    """The most memory that `refused()` takes until it raises ValueError."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=match):
            refused()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("bomb", [name for name in BOMBS
                                  if name not in ("claim", "items", "no size")])
@pytest.mark.parametrize("load", [checkpoint.load, load_images])
def test_a_bomb_is_refused_in_little_memory(tmp_path, bomb, load):
    path = tmp_path / "bomb.npz"
    path.write_bytes(BOMBS[bomb])
    assert peak_of(lambda: load(path), r"bomb\.npz") < 10 * len(BOMBS[bomb]) + 2**20


@pytest.mark.parametrize("bomb", ["claim", "items", "no size"])
@pytest.mark.parametrize("load", [checkpoint.load, load_images])
def test_a_claim_of_more_than_is_there_is_refused(tmp_path, bomb, load):
    path = tmp_path / "bomb.npz"
    path.write_bytes(BOMBS[bomb])
    assert peak_of(lambda: load(path), r"bomb\.npz.*claims an array") < 2**20


def test_the_largest_honest_header_takes_ten_times_the_file_at_most(tmp_path):
    path = tmp_path / "c.npz"
    for values in ({"x": [[] for _ in range(300_000)]}, {"x": [{"a": {}}] * 150_000}):
        checkpoint.save(path, values)
        tracemalloc.start()
        checkpoint.load(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 10 * path.stat().st_size


def test_fields_with_names_in_any_script_are_read(tmp_path):
    array = np.zeros(3, [("größe", "f4"), ("π", "i8")])
    with pytest.warns(UserWarning, match="format 3.0"):
        checkpoint.save(tmp_path / "c.npz", {"x": array})
    assert checkpoint.load(tmp_path / "c.npz")["x"].dtype == array.dtype


def test_a_deep_header_with_long_keys_takes_memory_in_proportion(tmp_path):
    path, values = tmp_path / "c.npz", {}
    for _ in range(300):
        values = {"a": values}
    values = {"k" * 100_000: values}
    path.write_bytes(zipped(header=header(values=values)))
    tracemalloc.start()
    checkpoint.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * path.stat().st_size


@pytest.mark.parametrize("shape", [(3000, 4000), (2**31, 2**31), (2, 3)])
def test_an_idx_file_is_read_as_far_as_its_header_says(tmp_path, shape):
    path = tmp_path / "a.gz"
    start = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    path.write_bytes(gzip.compress(start + bytes(12_000_000)))
    why = "it has more" if shape == (2, 3) else "more than a file of its size can hold"
    assert peak_of(lambda: read_idx(path), rf"a\.gz is damaged: .*{why}") < 2**20


def test_compression_is_named_with_what_to_do(tmp_path):
    np.savez_compressed(tmp_path / "own.npz", x=np.zeros((6, 8, 8)), y=np.zeros(6, int))
    with pytest.raises(ValueError, match="own.npz.*entry x is compressed; write it with numpy.sav"):
        load_images(tmp_path / "own.npz")


@pytest.mark.parametrize("content, why", [
    (b"hello", "the entry x is no array"),
    (b"", "the entry x is no array"),
    (npy(np.zeros((6, 8, 8))) + b"more", "the entry x goes on after its array"),
])
def test_an_entry_that_is_no_array_is_refused(tmp_path, content, why):
    path = tmp_path / "own.npz"
    path.write_bytes(zipped(x=content, y=npy(np.zeros(6, int))))
    with pytest.raises(ValueError, match=f"own.npz is not an .npz file with .*{why}"):
        load_images(path)


def test_only_what_is_asked_for_is_read(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, x=np.arange(3), names=np.array([None]))
    with open(path, "rb") as file:
        assert read_npz(file, ["x"])["x"].tolist() == [0, 1, 2]
        with pytest.raises(KeyError, match="there is no entry y"):
            read_npz(file, ["x", "y"])
    with open(path, "rb") as file, pytest.raises(ValueError, match="Object arrays"):
        read_npz(file)


@pytest.mark.parametrize("arrays, values", [
    (["state/x"], {}), (["state/x/0"], {"x": []}), (["state/x/y"], {"x": 3}),
    (["state/x"], {"x": 3}), (["state/x/y"], {"x": [None]}), (["x"], {"x": None})])
def test_an_array_without_a_position_is_damage(tmp_path, arrays, values):
    path = tmp_path / "c.npz"
    contents = {name.replace("/", "__"): npy(np.zeros(2)) for name in arrays}
    path.write_bytes(zipped(header=header(arrays=arrays, values=values), **contents))
    with pytest.raises(ValueError, match="c.npz is damaged: its header has no position"):
        checkpoint.load(path)

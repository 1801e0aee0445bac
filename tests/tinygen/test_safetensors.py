"""safetensors: what was written can be read, as the format says, and nothing else."""
import json
import re

import pytest

from tinygen import safetensors
from tinygen.backend import np, to_numpy, xp


def write(path, header, data=b"", length=None):
    """A file with this header, a dict or raw bytes, and this data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    length = len(text) if length is None else length
    path.write_bytes(length.to_bytes(8, "little") + text + data)
    return path


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


ARRAYS = {
    "a": np.arange(6, dtype="float32").reshape(2, 3), "b.weight": np.float64([[1.5]]),
    "half": np.float16([1, -0.5, 65504]), "empty": np.zeros((0, 4), "float32"),
    "number": np.array(3, "int64"), "bytes": np.uint8([0, 255]), "yes": np.array([True, False]),
    "big endian": np.arange(3, dtype=">f4"), "columns": np.arange(6, dtype="f4").reshape(2, 3).T,
}


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "x.safetensors"
    safetensors.save(path, ARRAYS, {"format": "pt", "steps": 3})
    loaded = safetensors.load(path)
    assert list(loaded) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].shape == array.shape
        assert np.array_equal(loaded[name], array)
    assert loaded["half"].dtype == "float32" and loaded["number"].dtype == "int64"


def test_the_file_is_laid_out_as_described(tmp_path):
    path = tmp_path / "x.safetensors"
    safetensors.save(path, {"w": np.float32([[1, 2]]), "n": np.int32([7])}, {"by": "me"})
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    assert length % 8 == 0 and json.loads(raw[8:8 + length]) == {
        "__metadata__": {"by": "me"},
        "w": entry("F32", [1, 2], 0, 8), "n": entry("I32", [1], 8, 12)}
    assert raw[8 + length:] == np.float32([1, 2]).tobytes() + np.int32([7]).tobytes()


@pytest.mark.parametrize("letters", range(9))
def test_the_arrays_start_at_a_multiple_of_8(letters, tmp_path):
    safetensors.save(tmp_path / "x", {"w" * letters: np.ones(1)})
    assert int.from_bytes((tmp_path / "x").read_bytes()[:8], "little") % 8 == 0


def test_arrays_of_the_backend_are_saved(tmp_path):
    safetensors.save(tmp_path / "x", {"w": xp.asarray(np.float32([1, 2]))})
    assert safetensors.load(tmp_path / "x")["w"].tolist() == [1, 2]


def test_bfloat16_is_widened(tmp_path):
    numbers = np.float32([1, -2.5, 0, 3.0e38, np.inf])
    upper = (numbers.view(np.uint32) >> 16).astype("<u2")
    path = write(tmp_path / "x", {"w": entry("BF16", [5], 0, 10)}, upper.tobytes())
    loaded = safetensors.load(path)["w"]
    assert loaded.dtype == "float32"
    np.testing.assert_array_equal(loaded, (upper.astype(np.uint32) << 16).view(np.float32))
    np.testing.assert_allclose(loaded, numbers, rtol=0.01)


def test_arrays_may_stand_in_any_order_in_the_header(tmp_path):
    data = np.float32([1, 2, 3]).tobytes()
    header = {"late": entry("F32", [1], 8, 12), "early": entry("F32", [2], 0, 8)}
    loaded = safetensors.load(write(tmp_path / "x", header, data))
    assert loaded["late"].tolist() == [3] and loaded["early"].tolist() == [1, 2]


def test_loaded_arrays_do_not_write_to_the_file(tmp_path):
    safetensors.save(tmp_path / "x", {"w": np.float32([1, 2])})
    with pytest.raises(ValueError, match="read-only"):
        safetensors.load(tmp_path / "x")["w"][0] = 5


def test_a_file_without_arrays(tmp_path):
    assert safetensors.load(write(tmp_path / "x", {})) == {}


W = entry("F32", [2], 0, 8)


@pytest.mark.parametrize(("header", "data", "message"), [
    ({"w": W}, bytes(7), "take 8 bytes, and its data has 7"),
    ({"w": W}, bytes(9), "take 8 bytes, and its data has 9"),
    ({"w": W, "v": W}, bytes(8), "begins at byte 0 .* end at 8"),
    ({"w": W, "v": entry("F32", [1], 12, 16)}, bytes(16), "begins at byte 12"),
    ({"w": W, "v": entry("F32", [2], 4, 12)}, bytes(12), "begins at byte 4"),
    ({"w": entry("F32", [3], 0, 8)}, bytes(8), "does not fit its offsets"),
    ({"w": entry("F32", [2], 8, 0)}, bytes(8), "does not fit"),
    ({"w": entry("F32", [-2], 0, 8)}, bytes(8), "whole numbers"),
    ({"w": entry("F32", [-1, -1], 0, 4)}, bytes(4), "whole numbers"),
    ({"w": entry("F32", [2.0], 0, 8)}, bytes(8), "whole numbers"),
    ({"w": entry("F32", [True, 2], 0, 8)}, bytes(8), "whole numbers"),
    ({"w": entry("F32", [2 ** 62, 2 ** 62], 0, 8)}, bytes(8), "does not fit"),
    ({"w": entry("F32", [0, 2 ** 70], 0, 8)}, bytes(8), "does not fit"),
    ({"w": entry("F32", [0, 2 ** 70], 0, 0)}, b"", "does not fit"),
    ({"w": entry("F64", [0, 2 ** 40, 2 ** 40], 0, 0)}, b"", "does not fit"),
    ({"w": entry("F32", [1] * 60, 0, 4)}, bytes(4), "does not fit"),
    ({"w": entry("F32", "2", 0, 8)}, bytes(8), "whole numbers"),
    ({"w": entry("F32", {}, 0, 4)}, bytes(4), "whole numbers"),
    ({"w": entry("F8", [2], 0, 8)}, bytes(8), "unknown dtype 'F8'"),
    ({"w": entry(["F32"], [2], 0, 8)}, bytes(8), "unknown dtype"),
    ({"w": {"dtype": "F32", "shape": [2]}}, bytes(8), "must have dtype, shape and data_offsets"),
    ({"w": {**W, "more": 1}}, bytes(8), "must have"),
    *[({"w": {**W, "data_offsets": offsets}}, bytes(8), "does not fit")
      for offsets in ([0, 4, 8], [0, 8, 8], [8], [])],
    ({"w": 3}, bytes(8), "must have"),
    ({"w": W, "__metadata__": {"a": 1}}, bytes(8), "text to text"),
    ({"w": W, "__metadata__": []}, bytes(8), "text to text"),
    (b"[1, 2]", b"", "not a JSON object"), (b"{", b"", "not JSON"), (b"\xff\xfe", b"", "not JSON"),
    (b"[" * 100_000, b"", "not JSON"), (b'{"w": NaN}', b"", "must have"),
    (b'{"w": {}, "w": {}}', b"", "occurs twice"),
])
def test_what_breaks_the_format_is_refused(header, data, message, tmp_path):
    path = write(tmp_path / "x", header, data)
    said = f"^{re.escape(str(path))} is not a valid safetensors file: .*{message}"
    with pytest.raises(ValueError, match=said):
        safetensors.load(path)


@pytest.mark.parametrize("length", [2 ** 64 - 1, 2 ** 40, 100, 3])
def test_a_header_longer_than_the_file(length, tmp_path):
    with pytest.raises(ValueError, match=f"claims a header of {length:,} bytes, but 2 follow"):
        safetensors.load(write(tmp_path / "x", {}, length=length))


@pytest.mark.parametrize("raw", [b"", b"1234567"])
def test_a_file_too_short_for_a_length(raw, tmp_path):
    (tmp_path / "x").write_bytes(raw)
    with pytest.raises(ValueError, match="length alone takes 8"):
        safetensors.load(tmp_path / "x")


def test_the_limits_are_where_they_are_said_to_be(tmp_path, monkeypatch):
    def load(header, data=b""):
        return safetensors.load(write(tmp_path / "x", header, data))
    assert safetensors.HEADER_LIMIT == 100_000_000
    monkeypatch.setattr(safetensors, "HEADER_LIMIT", 12)
    assert load(b"{}" + b" " * 10) == {}
    with pytest.raises(ValueError, match="claims a header of 13 bytes"):
        load(b"{}" + b" " * 11)
    with pytest.raises(ValueError, match="not JSON"):
        load(b"")  # 8 bytes in all
    monkeypatch.undo()
    assert load({"w": entry("F32", [1] * 32, 0, 4)}, bytes(4))["w"].ndim == 32
    assert load({"w": entry("U8", [0, 2 ** 59 - 1], 0, 0)})["w"].size == 0
    for shape in ([1] * 33, [0, 2 ** 59]):
        with pytest.raises(ValueError, match="does not fit its offsets"):
            load({"w": entry("U8", shape, 0, 1 - shape.count(0))}, bytes(1 - shape.count(0)))


def test_2000_mutations_give_arrays_or_clean_errors(tmp_path):
    """Bytes changed, removed, doubled and inserted at random, mostly in the header."""
    rng = np.random.default_rng(0)
    path = tmp_path / "x"
    safetensors.save(path, {name: ARRAYS[name] for name in ("a", "half", "number")}, {"k": "v"})
    good = path.read_bytes()
    header = 8 + int.from_bytes(good[:8], "little")
    refused = 0
    for _ in range(2000):
        raw = bytearray(good)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(header + 8 if rng.random() < 0.9 else len(raw)) % len(raw))
            kind = rng.integers(4)
            if kind == 0:
                raw[at] = rng.integers(256)
            elif kind == 1:
                raw[at] ^= 1 << int(rng.integers(8))
            elif kind == 2:
                del raw[at:at + int(rng.integers(1, 20))]
            else:
                raw[at:at] = raw[at:at + int(rng.integers(1, 20))]
        path.write_bytes(raw)
        try:
            loaded = safetensors.load(path)
        except ValueError as error:
            assert "not a valid safetensors file" in str(error)
            refused += 1
        else:
            assert sum(to_numpy(array).nbytes for array in loaded.values()) <= 4 * len(raw)
    assert refused > 1000


@pytest.mark.parametrize("arrays", [{3: np.ones(1)}, {"__metadata__": np.ones(1)},
                                    {"c": np.ones(1, "complex64")}, {"o": np.array([None])}])
def test_what_cannot_be_saved(arrays, tmp_path):
    with pytest.raises(TypeError, match="safetensors: an array needs a name"):
        safetensors.save(tmp_path / "x", arrays)
    assert not list(tmp_path.iterdir())

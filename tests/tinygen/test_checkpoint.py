"""Checkpoints: exact round trips; damage and foreign files are named; failures leave no trace."""
import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from tests import standin
from tinygen import checkpoint, files
from tinygen.backend import use_backend, xp


def example_state():
    rng = np.random.default_rng(3)
    return {
        "model": {"encoder.weight": rng.standard_normal((3, 4)).astype(np.float32),
                  "empty": np.zeros((0, 2)), "transposed": np.arange(6).reshape(2, 3).T},
        "optimizer": {"step": 7, "lr": 0.1, "moments": [np.arange(3.0), np.array(2.5), None]},
        "rng": rng.bit_generator.state,
        "mersenne": np.random.MT19937(1).state,
        "file": np.arange(2),
        "words": ["π", "", None, True, float("inf"), -0.0, 2**200],
        "nothing": {},
    }


def assert_same(a, b):
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list):
        for item, other in zip(a, b, strict=True):
            assert_same(item, other)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    else:
        assert repr(a) == repr(b)


def test_round_trip_is_exact(tmp_path):
    checkpoint.save(tmp_path / "a.npz", example_state())
    assert_same(checkpoint.load(tmp_path / "a.npz"), example_state())
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_restored_generator_continues_the_stream(tmp_path):
    rng = np.random.default_rng(5)
    rng.random(10)
    checkpoint.save(tmp_path / "a.npz", {"rng": rng.bit_generator.state})
    expected = rng.random(5)
    other = np.random.default_rng(0)
    other.bit_generator.state = checkpoint.load(tmp_path / "a.npz")["rng"]
    assert np.array_equal(other.random(5), expected)


def test_tuples_and_numpy_scalars_become_plain_values(tmp_path):
    state = {"betas": (0.9, 0.999), "loss": np.float32(0.5), "n": np.int64(3)}
    checkpoint.save(tmp_path / "a", state)
    assert_same(checkpoint.load(tmp_path / "a"), {"betas": [0.9, 0.999], "loss": 0.5, "n": 3})


def test_tensors_are_stored_as_arrays(tmp_path):
    class LikeTensor:
        data, requires_grad = np.arange(3), False

    checkpoint.save(tmp_path / "a", {"x": LikeTensor()})
    assert_same(checkpoint.load(tmp_path / "a"), {"x": np.arange(3)})


def test_a_foreign_file_is_shown_by_its_first_8_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"123456789")
    with pytest.raises(ValueError, match="it begins with b'12345678'; give a file"):
        checkpoint.load(tmp_path / "a")


def test_arrays_of_another_library_and_of_the_host_are_both_stored(tmp_path):
    before = xp._module
    use_backend(standin)
    try:
        checkpoint.save(tmp_path / "a", {"x": standin.asarray(np.arange(3)), "y": np.arange(2)})
    finally:
        use_backend(before)
    assert_same(checkpoint.load(tmp_path / "a"), {"x": np.arange(3), "y": np.arange(2)})


@pytest.mark.parametrize("state, words", [
    ([1], "state must be a dict"),
    ({1: 2}, "keys must be str"),
    ({"a": {"b/c": 2}}, "'b/c' in state/a"),
    ({"a": [object()]}, "state/a/0 has type object"),
    ({"a": {1, 2}}, "state/a has type set"),
    ({"a": np.array([object()])}, "only pickle"),
])
def test_save_refuses_what_it_could_not_give_back(tmp_path, state, words):
    checkpoint.save(tmp_path / "a", {"x": 1})
    with pytest.raises(TypeError, match=words):
        checkpoint.save(tmp_path / "a", state)
    assert checkpoint.load(tmp_path / "a") == {"x": 1}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failed_save_leaves_the_earlier_checkpoint(tmp_path, monkeypatch, failure):
    checkpoint.save(tmp_path / "a", {"x": 1})

    def fail(descriptor):
        raise failure

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(type(failure)):
        checkpoint.save(tmp_path / "a", {"x": 2})
    assert checkpoint.load(tmp_path / "a") == {"x": 1}
    assert len(list(tmp_path.iterdir())) == 1


def saved_bytes(**changes):
    """A checkpoint file whose JSON header is altered by `changes`."""
    header = {"format": checkpoint.FORMAT, "version": checkpoint.VERSION, "arrays": ["state/x"],
              "values": {"x": None}, **changes}
    file = io.BytesIO()
    np.savez(file, header=np.array(json.dumps(header)), **{"state/x": np.arange(1000.0)})
    return file.getvalue()


def npz_bytes(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zip_bytes(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("content, words", [
    (b"", "it is empty"),
    (pickle.dumps({"x": 1}), "looks like a pickle"),
    (b"hello", "begins with b'hello'"),
    (b"PK nothing behind it", "damaged or truncated"),
    (saved_bytes()[:-100], "damaged or truncated"),
    (saved_bytes()[:5000] + b"\xff" + saved_bytes()[5001:], "damaged or truncated"),
    (npz_bytes(weights=np.arange(3)), "not a tinygen checkpoint: it holds weights"),
    (npz_bytes(a=0, b=1, c=2, d=3), "not a tinygen checkpoint: it holds a, b, c; give"),
    (npz_bytes(header=np.array("[1]")), "not a tinygen checkpoint: it holds nothing"),
    (npz_bytes(header=np.array("{")), "damaged or truncated"),
    (npz_bytes(header=np.array([None])), "damaged or truncated"),
    (zip_bytes("header.npy", b"\x93NUMPY"), "damaged or truncated"),
    (saved_bytes(version=2), "version 2, and this tinygen reads 1"),
    (saved_bytes(arrays=["state/x", "state/y"]), "are not those listed in its header"),
    (saved_bytes(values=3), "are not those listed in its header"),
])
def test_load_names_what_it_found(tmp_path, content, words):
    path = tmp_path / "some file.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as caught:
        checkpoint.load(path)
    assert "some file.npz" in str(caught.value) and "\n" not in str(caught.value)


def test_a_pickle_inside_a_checkpoint_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path / "trap").touch, ()

    header = {"format": checkpoint.FORMAT, "version": checkpoint.VERSION, "arrays": ["state/x"],
              "values": {"x": None}}
    trap = np.array([Trap()], dtype=object)
    np.savez(tmp_path / "file.npz", header=np.array(json.dumps(header)), **{"state/x": trap})
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        checkpoint.load(tmp_path / "file.npz")
    assert not (tmp_path / "trap").exists()


def test_missing_file_and_missing_folder_are_the_systems_own_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        checkpoint.load(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match="absent"):
        checkpoint.save(tmp_path / "absent" / "a.npz", {})


def test_mutated_files_raise_value_errors_only(tmp_path):
    checkpoint.save(tmp_path / "a.npz", {"x": np.arange(6.0), "n": 3})
    original = (tmp_path / "a.npz").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        mutated = bytearray(original)
        for position in rng.integers(0, len(mutated), size=rng.integers(1, 4)):
            mutated[position] = rng.integers(256)
        (tmp_path / "b.npz").write_bytes(mutated)
        try:
            checkpoint.load(tmp_path / "b.npz")
        except ValueError as error:
            assert "b.npz" in str(error)

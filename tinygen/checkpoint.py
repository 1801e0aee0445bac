"""Checkpoints: nested dicts of arrays and plain values in one .npz file, replaced atomically.

An .npz file is a zip of arrays, which any NumPy opens; without pickle, a file cannot run code.
Arrays are stored under their path in the dict, such as `state/model/encoder.weight`; the rest is
one JSON text, with None in place of each array.
"""
import json

from tinygen.backend import is_array, np, to_numpy
from tinygen.checks import check_path
from tinygen.files import replacing
from tinygen.npz import read_npz

FORMAT = "tinygen checkpoint"
VERSION = 1
HEADER = "header"  # the entry with the JSON text
ROOT = "state"  # begins the path of every array, so that none collides with the header


def save(path, state):
    """Write `state` to `path` as one .npz file; an earlier file stays until this one is complete.

    state: a dict with str keys, whose values are arrays, Tensors, int, float, bool, str, None, or
    dicts and lists of these. Tuples are loaded as lists, NumPy scalars as Python numbers. Raises
    TypeError for anything else.
    """
    if not isinstance(state, dict):
        raise TypeError(f"checkpoint.save: the state must be a dict; got {type(state).__name__}; "
                        "name the parts, for example {'model': model.state_dict()}")
    path, arrays = check_path("checkpoint.save", path), {}
    values = _separate(state, ROOT, arrays)
    header = {"format": FORMAT, "version": VERSION, "arrays": list(arrays), "values": values}
    with replacing(path) as file:
        np.savez(file, **{HEADER: np.array(json.dumps(header))}, **arrays)


def load(path):
    """The state that `save` wrote to `path`, bit for bit, with NumPy arrays.

    Raises ValueError for a file that is damaged, of another kind or of another version, OSError for
    one that cannot be opened.
    """
    with open(check_path("checkpoint.load", path), "rb") as file:
        first_bytes = file.read(8)
        if not first_bytes.startswith(b"PK"):
            raise ValueError(f"{path} is not a tinygen checkpoint: {_kind(first_bytes)}; "
                             "give a file that checkpoint.save wrote")
        try:
            stored = read_npz(file)
            header = json.loads(stored.pop(HEADER).item()) if HEADER in stored else {}
        except Exception as error:  # zip, zlib, JSON, memory: damage can raise anything
            raise ValueError(f"{path} is damaged or truncated ({type(error).__name__}: {error}); "
                             "use another copy, or start again") from error
    return _checked(path, header, stored)


def _checked(path, header, stored):
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = ", ".join(list(stored)[:3]) or "nothing"
        raise ValueError(f"{path} is an .npz file, but not a tinygen checkpoint: it holds {found}; "
                         "give a file that checkpoint.save wrote")
    if header.get("version") != VERSION:
        raise ValueError(f"{path} has checkpoint version {header.get('version')}, and this tinygen "
                         f"reads {VERSION}; load it with the tinygen that wrote it")
    if header.get("arrays") != list(stored) or not isinstance(header.get("values"), dict):
        raise ValueError(f"{path} is damaged: its {len(stored)} arrays are not those listed in its "
                         "header; use another copy, or start again")
    try:
        return _put_back(stored, header["values"])
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: its header has no position for one of its arrays "
                         f"({error}); use another copy, or start again") from error


def _separate(value, name, arrays):
    """`value` for JSON: its arrays are moved to `arrays` and replaced by None."""
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or "/" in key:
                raise TypeError("checkpoint.save: keys must be str without '/'; "
                                f"got {key!r} in {name}; rename it")
        return {key: _separate(item, f"{name}/{key}", arrays) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_separate(item, f"{name}/{index}", arrays) for index, item in enumerate(value)]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if not (is_array(value) or isinstance(value, np.ndarray) or hasattr(value, "requires_grad")):
        raise TypeError(f"checkpoint.save: {name} has type {type(value).__name__}, which cannot "
                        "be stored; give arrays, numbers, str, None, and dicts and lists of these")
    arrays[name] = to_numpy(value)
    if arrays[name].dtype.hasobject:
        raise TypeError(f"checkpoint.save: {name} has dtype {arrays[name].dtype}, which only "
                        "pickle could store; convert it to numbers or strings")
    return None


def _put_back(arrays, values):
    """The inverse of `_separate`: each array takes the position of the None that it left."""
    for name, array in arrays.items():
        _, *path, last = name.split("/")
        part = values
        for key in path:
            part = part[int(key) if isinstance(part, list) else key]
        last = int(last) if isinstance(part, list) else last
        if part[last] is not None:
            raise KeyError(name)
        part[last] = array
    return values


def _kind(first_bytes):
    if not first_bytes:
        return "it is empty"
    if first_bytes.startswith(b"\x80"):
        return "it looks like a pickle, which is not opened because it could run code"
    return f"it begins with {first_bytes!r}"

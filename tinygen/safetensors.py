"""The safetensors format: named arrays in one file, which cannot make its reader run code.

    8 bytes         length n of the header, little-endian
    n bytes         the header, JSON: name -> {"dtype", "shape", "data_offsets": [begin, end]}, and
                    optionally "__metadata__": text -> text; may be padded with spaces
    the rest        the arrays' bytes, little-endian and in C order, end to end

No number in the header is trusted; all are checked before anything is allocated: the arrays must
lie one after the other, without gaps or overlaps, and fill the file to its end.
Source: https://huggingface.co/docs/safetensors
"""
import json
import math

from tinygen.backend import np, to_numpy
from tinygen.checks import check_path
from tinygen.errors import describe
from tinygen.files import replacing

# The format's names; bfloat16, which NumPy lacks, is the upper half of a float32.
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4",
          "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
          "BOOL": "?"}
HEADER_LIMIT = 100_000_000  # bytes, the format's own


def load(path):
    """The arrays of a file: name -> NumPy array; float16 and bfloat16 become float32.

    Other arrays are read-only views of the file, read from disk when used. Raises ValueError for a
    file that violates the format, FileNotFoundError for a missing one.
    """
    path = check_path("safetensors.load", path)
    with open(path, "rb") as file:
        header, start, size = _read_header(path, file)
    data = np.array([], np.uint8)
    if size:
        data = np.memmap(path, np.uint8, "r", offset=start)
    return {name: _array(entry, data) for name, entry in header.items()}


def save(path, arrays, metadata=None):
    """Write name -> array, such as a state_dict, for other tools to read; the write is atomic.

    Raises TypeError for a name that is not text and for a dtype that the format lacks.
    """
    path = check_path("safetensors.save", path)
    if not isinstance(arrays, dict):
        raise TypeError(f"safetensors.save: takes a dict of name to array, such as a state_dict, "
                        f"got {describe(arrays)}")
    names = {np.dtype(code): name for name, code in DTYPES.items() if name != "BF16"}
    header, offset, contents = {}, 0, []
    if metadata:
        header["__metadata__"] = {str(key): str(value) for key, value in metadata.items()}
    for name, array in arrays.items():
        array = np.asarray(to_numpy(array))
        dtype = array.dtype.newbyteorder("<")
        if not isinstance(name, str) or name == "__metadata__" or dtype not in names:
            raise TypeError(f"safetensors: an array needs a name, which is text, and one of the "
                            f"dtypes {', '.join(DTYPES)}; got {name!r} of dtype {array.dtype}")
        contents.append(np.ascontiguousarray(array, dtype))
        header[name] = {"dtype": names[dtype], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the arrays start at a multiple of 8
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for array in contents:
            file.write(array.tobytes())


def _array(entry, data):
    begin, end = entry["data_offsets"]
    array = data[begin:end].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
    if entry["dtype"] == "BF16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32) if entry["dtype"] == "F16" else array


def _read_header(path, file):
    """The checked header without metadata, and the start and size of the data in bytes."""
    whole = path.stat().st_size
    if whole < 8:
        raise _broken(path, f"it has {whole} bytes, and the header's length alone takes 8")
    length = int.from_bytes(file.read(8), "little")
    if length > min(whole - 8, HEADER_LIMIT):
        raise _broken(path, f"it claims a header of {length:,} bytes, but {whole - 8:,} follow")
    try:
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise _broken(path, f"its header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise _broken(path, "its header is not a JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or any(type(v) is not str for v in metadata.values()):
        raise _broken(path, "__metadata__ must map text to text")
    start, size = 8 + length, whole - 8 - length
    for name, entry in header.items():
        _check_entry(path, name, entry)
    reached = 0
    for begin, end, name in sorted((*entry["data_offsets"], name)
                                   for name, entry in header.items()):
        if begin != reached:
            raise _broken(path, f"{name!r} begins at byte {begin:,} of the data, where the arrays "
                                f"before it end at {reached:,}")
        reached = end
    if reached != size:
        raise _broken(path, f"its arrays take {reached:,} bytes, and its data has {size:,}")
    return header, start, size


def _check_entry(path, name, entry):
    """Raise ValueError unless dtype, shape and offsets are there, are valid, and fit together."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise _broken(path, f"{name!r} must have dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if type(dtype) is not str or dtype not in DTYPES:
        raise _broken(path, f"{name!r} has the unknown dtype {dtype!r}")
    for numbers in (shape, offsets):
        if type(numbers) is not list or any(type(n) is not int or n < 0 for n in numbers):
            raise _broken(path, f"shape and data_offsets of {name!r} must be lists of whole "
                                f"numbers")
    expected = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    # With a 0 among the axes any others would fit; NumPy still refuses sizes that it cannot count.
    countable = len(shape) <= 32 and math.prod(n or 1 for n in shape) < 2 ** 59
    if not countable or len(offsets) != 2 or offsets[1] - offsets[0] != expected:
        raise _broken(path, f"{name!r}, {dtype} of shape {tuple(shape)}, does not fit its offsets "
                            f"{offsets}")


def _without_doubles(pairs):
    """A JSON object as a dict; a duplicate name would hide an array."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _broken(path, why):
    return ValueError(f"{path} is not a valid safetensors file: {why}")

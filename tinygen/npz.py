"""Reading an .npz file that may come from anywhere: it runs no code and takes no undue memory.

An .npz file is a zip with one .npy file for each array. `numpy.savez` does not compress, so that
an honest file is as large as its arrays; a compressed one can claim a thousand times its size.
"""
import math
import os
import zipfile

from tinygen.backend import np


def read_npz(file, names=None):
    """The arrays of an .npz file, open for reading, as {name: array}; only `names`, if given.

    Raises ValueError for an entry that is compressed, that claims more than is there, or is no
    array of numbers or text, KeyError for a missing one; a damaged file can raise anything.
    """
    size = os.fstat(file.fileno()).st_size
    arrays = {}
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        wanted = list(entries) if names is None else names
        for name in wanted:
            if name not in entries:
                raise KeyError(f"there is no entry {name}")
            if entries[name].compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"the entry {name} is compressed; write it with numpy.savez, not "
                                 "savez_compressed")
        claimed = sum(entries[name].file_size for name in wanted)
        if claimed > size:  # entries that share their bytes, or a wrong size
            raise ValueError(f"its entries claim {claimed:,} bytes, and the file has {size:,}")
        for name in wanted:
            arrays[name] = _array(archive, entries[name], name)
    return arrays


def _array(archive, entry, name):
    with archive.open(entry) as file:
        if file.peek(6)[:6] != np.lib.format.MAGIC_PREFIX:
            raise ValueError(f"the entry {name} is no array")
        if _claimed_bytes(file) > entry.file_size:
            raise ValueError(f"the entry {name} claims an array larger than itself")
    with archive.open(entry) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
        if file.read(1):  # reading to the end also tests the checksum
            raise ValueError(f"the entry {name} goes on after its array")
    return array


def _claimed_bytes(file):
    """The size of the array that the header of an .npy file announces."""
    npy = np.lib.format
    # Version 3 is 2 with UTF-8 in the names of fields, which do not matter here.
    read_header = {1: npy.read_array_header_1_0}.get(npy.read_magic(file)[0],
                                                     npy.read_array_header_2_0)
    shape, _, dtype = read_header(file)
    return math.prod(shape) * max(1, dtype.itemsize)

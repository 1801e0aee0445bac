"""Image data sets: by name, or from a file of your own."""
import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

from tinygen.backend import np
from tinygen.data.digits import load_digits
from tinygen.data.download import locate
from tinygen.data.names import IMAGES, unknown
from tinygen.npz import read_npz

IDX_UBYTE = 8  # the code for unsigned bytes in an IDX file's third byte
LARGEST_RATIO = 10  # of unzipped to zipped bytes; MNIST's files have 2 to 5
SMALL = 2**20  # bytes of images that may be zipped as tightly as they like


@dataclass(frozen=True)
class Images:
    """Images x, float32 (N, C, H, W) from 0 to 1, and their classes y, int64 (N,)."""
    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load_images(name="digits", root=None):
    """The data set `name`: one of `names.IMAGES`, or the path of an .npz file of your own.

    `root`: the folder with the downloaded files, instead of $TINYGEN_DATA; see `locate`. Raises
    ValueError for an unknown name and for damaged or invalid files.
    """
    if str(name).endswith(".npz"):
        arrays = read_own(Path(name).expanduser())
    elif name == "digits":
        arrays = load_digits()
    elif name == "mnist-10k":
        x, y = read_half("mnist/t10k", root)
        arrays = x[:8000], y[:8000], x[8000:], y[8000:]
    elif name in ("mnist", "fashion"):
        arrays = *read_half(f"{name}/train", root), *read_half(f"{name}/t10k", root)
    else:
        raise unknown(name, IMAGES, "the path of an .npz file with arrays x and y")
    x_train, y_train, x_test, y_test = arrays
    return Images(str(name), as_images(x_train), y_train.astype(np.int64),
                  as_images(x_test), y_test.astype(np.int64))


def as_images(x):
    """Bytes or floats, (N, H, W) or (N, C, H, W) -> float32 (N, C, H, W), bytes scaled to 0..1."""
    if x.ndim == 3:
        x = x[:, None]
    return np.divide(x, 255 if x.dtype == np.uint8 else 1, dtype=np.float32)


def read_half(prefix, root):
    """Images and labels of one half of an MNIST-like set: x (N, 28, 28) and y (N,), bytes."""
    return (read_idx(locate(f"{prefix}-images-idx3-ubyte.gz", root)),
            read_idx(locate(f"{prefix}-labels-idx1-ubyte.gz", root)))


def read_idx(path):
    """Read a gzipped IDX file of bytes. -> uint8 array of the shape in its header

    The format: two zero bytes, a type code, the number of axes, their lengths as big-endian 32-bit
    integers, the values. Raises ValueError for a file that violates it, or that claims more than
    LARGEST_RATIO times its own size. Source: http://yann.lecun.com/exdb/mnist
    """
    try:
        with gzip.open(path) as file:
            return _read_unzipped(path, file)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise broken(path, f"it is not a complete gzip file ({error})") from error


def _read_unzipped(path, file):
    start = file.read(4)
    if len(start) < 4 or start[:3] != bytes([0, 0, IDX_UBYTE]):
        raise broken(path, "an IDX file of bytes starts with 00 00 08 and how many axes it has, "
                           f"this one with {start.hex(' ') or 'nothing'}")
    lengths = file.read(4 * start[3])
    shape = tuple(int.from_bytes(lengths[i:i + 4], "big") for i in range(0, 4 * start[3], 4))
    expected = math.prod(shape)
    limit = max(SMALL, LARGEST_RATIO * Path(path).stat().st_size)
    if len(shape) > 4 or math.prod(n or 1 for n in shape) > limit:
        raise broken(path, f"its header promises shape {shape[:4]}{' ...' * (len(shape) > 4)}, "
                           f"more than a file of its size can hold")
    data = file.read(expected + 1)  # one more, to see the end and have the checksum tested
    if len(data) != expected or len(lengths) < 4 * start[3]:
        raise broken(path, f"its header promises shape {shape}, {expected:,} bytes of values; it "
                           f"has {'more' if len(data) > expected else f'{len(data):,}'}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def broken(path, why):
    """The error for a file that is not what its name says."""
    return ValueError(f"{path} is damaged: {why}; delete it and run again to download it again")


def read_own(path):
    """Your own images from an .npz file: x (N, H, W) or (N, C, H, W), y (N,) whole numbers.

    x holds bytes, or floats from 0 to 1. The images are shuffled, always in the same way, and the
    last sixth becomes the test set. -> x_train, y_train, x_test, y_test. Raises ValueError for
    anything else, FileNotFoundError for a missing file.
    """
    try:
        with open(path, "rb") as file:
            x, y = read_npz(file, ("x", "y")).values()
    except OSError:  # missing or unreadable: the error says so itself
        raise
    except Exception as error:
        raise ValueError(f"{path} is not an .npz file with arrays x and y ({error}); write one "
                         "with numpy.savez(path, x=images, y=labels)") from error

    def refuse(rule, got):
        raise ValueError(f"{path}: {rule}; got {got}")

    if x.ndim not in (3, 4) or 0 in x.shape:
        refuse("x must have shape (N, H, W) or (N, C, H, W), with no size 0", f"shape {x.shape}")
    if y.shape != x.shape[:1] or y.dtype.kind not in "iu":
        refuse("y must have one whole number for each image (zeros if there are no classes)",
               f"{y.dtype} of shape {y.shape} for {len(x)} images")
    if y.min() < 0:
        refuse("classes in y must be counted from 0", f"{y.min()}")
    if y.max() >= len(x):
        refuse(f"classes in y must be counted from 0, so with {len(x)} images they are at most "
               f"{len(x) - 1}", f"{y.max()}")
    if x.dtype != np.uint8:
        if x.dtype.kind != "f":
            refuse("x must hold bytes (uint8), or floats from 0 to 1", x.dtype)
        if not (x.min() >= 0 and x.max() <= 1):  # written so that NaN is refused as well
            refuse("floats in x must lie between 0 and 1: divide them by the largest",
                   f"{x.min()} to {x.max()}")
    if len(x) < 6:
        refuse("a sixth of the images is set aside for testing, so there must be at least 6",
               len(x))
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:-(len(x) // 6)], order[-(len(x) // 6):]
    return x[train], y[train], x[test], y[test]

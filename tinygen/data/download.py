"""Files from the internet: looked for on this computer, downloaded once, verified by checksum."""
import hashlib
import os
import sys
from dataclasses import dataclass

from tinygen.checks import check_path
from tinygen.data.cache import cache_folder
from tinygen.files import replacing

TIMEOUT = 30     # seconds to wait for a silent mirror
CHUNK = 1 << 16  # bytes read at a time


@dataclass(frozen=True)
class RemoteFile:
    """A published file: its size in bytes, its SHA-256, and the addresses that serve it."""
    size: int
    sha256: str
    addresses: tuple


def idx_files(name, mirrors, facts):
    """The four files of an MNIST-like set: their (size, sha256) -> {path: RemoteFile}"""
    files = [f"{half}-{part}-ubyte.gz" for half in ("train", "t10k")
             for part in ("images-idx3", "labels-idx1")]
    return {f"{name}/{file}": RemoteFile(*fact, tuple(mirror + file for mirror in mirrors))
            for file, fact in zip(files, facts)}


# Sizes and checksums as published by TensorFlow Datasets. One mirror has no https; the checksum
# protects against tampering all the same.
MNIST = idx_files("mnist", [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
], [
    (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
])
FASHION = idx_files("fashion", [
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
], [
    (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
])
GITHUB = "https://raw.githubusercontent.com/"
SHAKESPEARE = {"tinyshakespeare/input.txt": RemoteFile(
    1_115_394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    (GITHUB + "karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
     GITHUB + "jcjohnson/torch-rnn/master/data/tiny-shakespeare.txt"),
)}
FILES = MNIST | FASHION | SHAKESPEARE


def locate(name, root=None):
    """The path of the published file `name`, such as "mnist/t10k-images-idx3-ubyte.gz".

    Looked for in `root`, or else $TINYGEN_DATA, then in the cache folder; downloaded there if
    neither has it. Raises FileNotFoundError if the root is not a folder, ValueError if a file is
    not the published one, OSError if no address delivers it.
    """
    root = root or os.environ.get("TINYGEN_DATA")
    folders = [cache_folder()]
    if root:
        folders.insert(0, check_path("the data root", root).expanduser())
        if not folders[0].is_dir():
            raise FileNotFoundError(f"the data root must be a folder, and there is none at {root}; "
                                    "set root= or TINYGEN_DATA to one that exists, or to nothing")
    for folder in folders:
        path = folder / name
        if path.is_file():
            if hashlib.sha256(path.read_bytes()).hexdigest() != FILES[name].sha256:
                raise ValueError(f"{path} is damaged or a different file: its SHA-256 is not the "
                                 f"published {FILES[name].sha256}; delete it and run again to "
                                 "download it again")
            return path
    return download(name)


def download(name):
    """Download the file `name` to the cache folder, from the first address that serves it."""
    from http.client import HTTPException  # half of this package's import time, and rarely needed

    target = cache_folder() / name
    failures = []
    for address in FILES[name].addresses:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as out:
                receive(address, FILES[name], out)
            return target
        except (OSError, HTTPException, ValueError) as error:
            failures.append(f"  {address}: {error}")
    raise OSError("\n".join([f"{name} could not be downloaded:", *failures]) + (
        f"\nWithout a network: put the file at {target}, or at {name} in the folder that "
        "TINYGEN_DATA names; or use the data that needs no download, 'digits' and 'pydoc'"))


def receive(address, file, out):
    """Copy what `address` sends to the open file `out`; raises ValueError unless it is `file`."""
    from urllib.request import urlopen

    live = sys.stderr.isatty()
    received, digest = 0, hashlib.sha256()
    print(f"downloading {address} ({file.size / 1e6:.1f} MB)", file=sys.stderr)
    with urlopen(address, timeout=TIMEOUT) as answer:
        while received <= file.size and (chunk := answer.read(CHUNK)):
            out.write(chunk)
            digest.update(chunk)
            received += len(chunk)
            if live:
                print(f"\r{received / file.size:6.0%}", end="", file=sys.stderr, flush=True)
    if live:
        print(file=sys.stderr)
    if digest.hexdigest() != file.sha256:
        raise ValueError(f"sent a different file: {received:,} bytes with SHA-256 "
                         f"{digest.hexdigest()}; published are {file.size:,} with {file.sha256}")

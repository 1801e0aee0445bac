"""tinygen.data: what each data set holds, and the errors for broken files and wrong names."""
import dataclasses
import gzip
import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygen import data
from tinygen.backend import is_array, to_numpy, xp
from tinygen.data import batches, cache, digits, download, load_images, load_text, toys
from tinygen.data.images import LARGEST_RATIO, SMALL, read_idx
from tinygen.data.names import IMAGES
from tinygen.files import replacing


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    """Every test has its own cache folder, and no data root unless it sets one."""
    monkeypatch.setenv("TINYGEN_CACHE", str(tmp_path / "new" / "cache"))
    monkeypatch.delenv("TINYGEN_DATA", raising=False)
    return tmp_path / "new" / "cache"


REAL = os.environ.get("TINYGEN_DATA")
needs_real_files = pytest.mark.skipif(not REAL, reason="TINYGEN_DATA names no folder of real files")


@pytest.fixture(scope="module")
def drawn():
    """1,200 training and 400 test digits."""
    return (*digits.draw_digits(1200, np.random.default_rng([0, 0])),
            *digits.draw_digits(400, np.random.default_rng([0, 1])))


def accuracy(x_train, y_train, x_test, y_test):
    """Share of test images that ridge regression onto one-hot classes reads right."""
    def flat(x):
        return np.c_[x.reshape(len(x), -1) / 255, np.ones(len(x))]
    a = flat(x_train)
    w = np.linalg.solve(a.T @ a + 10 * np.eye(a.shape[1]), a.T @ np.eye(10)[y_train])
    return ((flat(x_test) @ w).argmax(axis=1) == y_test).mean()


# ---- drawn digits

def test_digits_are_bytes_of_mnist_shape_with_balanced_classes(drawn):
    x, y, _, _ = drawn
    assert x.shape == (1200, 28, 28) and x.dtype == np.uint8
    assert y.shape == (1200,) and y.dtype == np.int64
    assert (np.bincount(y) == 120).all()


def test_digits_look_like_mnist_in_mean_and_spread(drawn):
    x = drawn[0] / 255
    assert 0.122 < x.mean() < 0.140  # MNIST 0.133
    assert 0.300 < x.std() < 0.325   # MNIST 0.310


def test_digits_fill_mnists_box_about_the_centre(drawn):
    x = drawn[0].astype(float)
    inked = x > 64
    heights, widths = (inked.any(axis=axis).sum(axis=1) for axis in (2, 1))
    longer = np.maximum(heights, widths)
    assert np.median(longer) == 20 and longer.min() >= 18 and longer.max() <= 22
    pixel = np.arange(28)
    for axis in (1, 2):
        centre = (x.sum(axis=axis) @ pixel) / x.sum(axis=(1, 2))
        assert abs(centre - 14).max() < 0.6
    cut = (x[:, [0, -1]] > 127).any(axis=(1, 2))  # by the border: the foot of a 7 or a 9
    assert cut.mean() < 0.04  # MNIST 0.01


def test_digits_come_from_the_seed_alone():
    x, y = digits.draw_digits(40, np.random.default_rng(3))
    again, labels = digits.draw_digits(40, np.random.default_rng(3))
    other, _ = digits.draw_digits(40, np.random.default_rng(4))
    assert (x == again).all() and (y == labels).all()
    assert (x != other).any(axis=(1, 2)).all()


# Of the images of each class, each seen through two random masks, the mean.
MASKED = [
    [-11.305, 2.302], [-7.69, 4.208], [-11.363, -3.886], [-2.359, 6.312], [-6.857, -3.263],
    [-3.809, 1.735], [-12.702, -0.198], [-7.435, -0.609], [-5.335, 3.219], [-4.106, 3.425]]


def test_digits_are_drawn_as_they_always_were():
    """Whatever number in the drawing is changed, results on this data set change, too."""
    x, y = digits.draw_digits(40, np.random.default_rng(3))
    seen = x.reshape(40, 784) / 255 @ np.random.default_rng(0).standard_normal((2, 784)).T
    means = [seen[y == digit].mean(axis=0) for digit in range(10)]
    np.testing.assert_allclose(means, MASKED, atol=0.01)  # a byte off by one: 0.001


def test_the_set_is_as_large_as_its_description_says():
    assert f"{digits.TRAIN:,} train and {digits.TEST:,} test" in IMAGES["digits"]


def test_no_digit_is_drawn_twice(drawn):
    x = np.concatenate([drawn[0], drawn[2]])
    assert len({image.tobytes() for image in x}) == len(x)


def test_every_class_is_written_in_several_ways_equally_often(monkeypatch):
    assert [len(styles) for styles in digits.STYLES] == [3, 3, 3, 3, 3, 3, 3, 4, 3, 3]
    drawn = {}

    def counted(strokes, count, rng):
        drawn[strokes] = count
        return np.empty(count), None
    monkeypatch.setattr(digits, "random_paths", counted)
    monkeypatch.setattr(digits, "ink", lambda paths, radii: np.zeros((len(paths), 28, 28)))
    digits.draw_digits(10_000, np.random.default_rng(0))
    for styles in digits.STYLES:
        counts = [drawn[strokes] for strokes in styles]
        assert sum(counts) == 1000 and min(counts) > 0.8 * 1000 / len(styles)


def test_a_linear_model_reads_drawn_digits(drawn):
    assert accuracy(*drawn) > 0.80  # chance is 0.10; measured 0.89


@needs_real_files
def test_a_linear_model_trained_on_drawn_digits_reads_mnist(drawn):
    real = load_images("mnist-10k", root=REAL)
    x = np.rint(255 * real.x_test[:, 0])
    assert accuracy(drawn[0], drawn[1], x, real.y_test) > 0.75  # measured 0.82


def test_a_spline_is_an_average_of_its_points_that_starts_and_ends_at_theirs():
    points = np.array([[0, 0], [3, 1], [5, 6], [9, 9]])
    weights = digits.spline_weights(points)
    path = weights @ points
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(path[[0, -1]], points[[0, -1]], atol=1e-12)
    assert np.hypot(*np.diff(path, axis=0).T).max() < 0.5


def test_a_stroke_that_ends_where_it_began_is_closed_and_smooth():
    points = np.array([[4, 0], [0, 4], [4, 8], [8, 4], [4, 0]])
    path = digits.spline_weights(points) @ points
    np.testing.assert_allclose(path[0], path[-1])
    steps = np.diff(path, axis=0)
    cosine = (steps[0] @ steps[-1]) / np.linalg.norm(steps[0]) / np.linalg.norm(steps[-1])
    assert cosine > 0.95


def test_ink_is_the_soft_threshold_of_the_distance():
    path = np.array([[[10, 14], [11, 14], [12, 14]]], np.float32)
    image = digits.ink(path, np.full((1, 1, 1), 1.5, np.float32))[0]
    np.testing.assert_allclose(image[14, 10:13], 1)
    np.testing.assert_allclose(image[15:18, 11], [1, 0, 0], atol=0.06)
    assert image[14, 13] == 1 and image[14, 14] < 0.06 and image[11, 11] == 0


# ---- the cache of drawn digits

@pytest.fixture
def small_digits(monkeypatch):
    monkeypatch.setattr(digits, "TRAIN", 20)
    monkeypatch.setattr(digits, "TEST", 10)


def test_train_and_test_digits_come_from_seeds_of_their_own(monkeypatch):
    monkeypatch.setattr(digits, "TRAIN", 20)
    monkeypatch.setattr(digits, "TEST", 20)
    x_train, _, x_test, _ = digits.load_digits()
    assert (x_train[:, None] != x_test).any(axis=(2, 3)).all()
    for part, x in enumerate((x_train, x_test)):  # always the same
        assert (x == digits.draw_digits(20, np.random.default_rng([0, part]))[0]).all()


def no_drawing(*args):
    raise AssertionError("drawn again")


def test_digits_are_drawn_once_and_then_read(small_digits, empty_cache, monkeypatch):
    first = digits.load_digits()
    assert [p.name for p in empty_cache.iterdir()] == ["digits.npz"]
    monkeypatch.setattr(digits, "draw_digits", no_drawing)
    for drawn, read in zip(first, digits.load_digits(), strict=True):
        assert drawn.dtype == read.dtype and (drawn == read).all()


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "no zip"])
def test_a_damaged_cache_is_drawn_again(damage, small_digits, empty_cache, monkeypatch):
    first = digits.load_digits()
    path = empty_cache / "digits.npz"
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 0xFF
    path.write_bytes({"cut": whole[:len(whole) // 2], "flipped": bytes(flipped), "empty": b"",
                      "no zip": b"not a zip file"}[damage])
    assert all((a == b).all() for a, b in zip(first, digits.load_digits(), strict=True))
    monkeypatch.setattr(digits, "draw_digits", no_drawing)
    digits.load_digits()  # mended on disk as well


def test_a_cache_of_another_recipe_is_drawn_again(small_digits, monkeypatch):
    digits.load_digits()
    monkeypatch.setattr(digits, "recipe", lambda: "another")
    monkeypatch.setattr(digits, "draw_digits", no_drawing)
    with pytest.raises(AssertionError, match="drawn again"):
        digits.load_digits()


def test_a_cache_that_cannot_be_written_is_a_warning(small_digits, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TINYGEN_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="TINYGEN_CACHE"):
        assert len(digits.load_digits()[0]) == 20


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replacing(path) as file:
        file.write(b"half of the n")
        raise RuntimeError
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("platform, variable, folder", [
    ("linux", "XDG_CACHE_HOME", ".cache"), ("win32", "LOCALAPPDATA", "AppData/Local"),
    ("darwin", None, "Library/Caches")])
def test_the_cache_folder_follows_the_platform(platform, variable, folder, tmp_path, monkeypatch):
    monkeypatch.delenv("TINYGEN_CACHE")
    monkeypatch.setattr(cache.sys, "platform", platform)
    monkeypatch.setattr(cache.Path, "home", lambda: tmp_path)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert cache.cache_folder() == tmp_path / folder / "tinygen"
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
        assert cache.cache_folder() == tmp_path / "elsewhere" / "tinygen"


# ---- IDX files

def idx(values, kind=8):
    header = bytes([0, 0, kind, values.ndim])
    return header + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


def test_an_idx_file_gives_its_array(tmp_path):
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx(values)))
    assert (read_idx(tmp_path / "a.gz") == values).all()


GOOD = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize("content, why", [
    (gzip.compress(GOOD)[:-12], "gzip"),
    (b"<html>not found</html>", "gzip"),
    (gzip.compress(GOOD)[:12] + b"\xff\xff\xff" + gzip.compress(GOOD)[15:], "gzip"),
    (gzip.compress(b""), "nothing"),
    (gzip.compress(b"\0\0\x08"), "this one with 00 00 08"),
    (gzip.compress(idx(np.zeros(3, np.uint8), kind=0x0D)), "00 00 0d"),
    (gzip.compress(GOOD[:-1]), r"shape \(2, 3, 4\), 24 bytes of values; it has 23"),
    (gzip.compress(GOOD + b"x"), "it has more"),
    (gzip.compress(GOOD[:14]), "it has 0"),
    (gzip.compress(GOOD)[:-8] + bytes(8), "gzip"),
    (gzip.compress(b"\0\0\x08\xff" + bytes(1020)), "shape .* more than a file of its size"),
    (gzip.compress(b"\0\0\x08\x02\0\0\0\0\xff\xff\xff\xff"), "more than a file of its size"),
], ids=itertools.count())
def test_a_damaged_idx_file_is_named_with_what_to_do(content, why, tmp_path):
    (tmp_path / "bad.gz").write_bytes(content)
    with pytest.raises(ValueError, match=rf"bad\.gz is damaged: .*{why}.*delete it"):
        read_idx(tmp_path / "bad.gz")


def test_the_limits_of_an_idx_file(tmp_path, monkeypatch):
    """At most four axes, and what unzips to ten times the file, or to a megabyte."""
    def read(values):
        path.write_bytes(gzip.compress(idx(values)))
        return read_idx(path).shape
    path = tmp_path / "a.gz"
    assert read(np.zeros((1, 1, 1, 1), np.uint8)) == (1, 1, 1, 1)
    with pytest.raises(ValueError, match="more than a file of its size"):
        read(np.zeros((1, 1, 1, 1, 1), np.uint8))
    assert (SMALL, LARGEST_RATIO) == (2**20, 10)
    monkeypatch.setattr("tinygen.data.images.SMALL", 2000)
    assert read(np.zeros(2000, np.uint8)) == (2000,)
    assert read(np.zeros((0, 2000), np.uint8)) == (0, 2000)
    with pytest.raises(ValueError, match="more than a file of its size"):
        read(np.zeros(2001, np.uint8))
    monkeypatch.setattr("tinygen.data.images.SMALL", 0)
    assert read(np.zeros(200, np.uint8)) == (200,)  # in a file of 31 bytes


# ---- finding and downloading

CONTENT = b"the published bytes" * 10_000
FILE = "set/file.txt"


@pytest.fixture
def published(tmp_path, monkeypatch):
    """One published file, whose two addresses are paths in the file system. -> these paths"""
    mirrors = tmp_path / "one" / "file.txt", tmp_path / "two" / "file.txt"
    for mirror in mirrors:
        mirror.parent.mkdir()
    monkeypatch.setattr(download, "FILES", {FILE: download.RemoteFile(
        len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), tuple(m.as_uri() for m in mirrors))})
    return mirrors


def put(folder, content=CONTENT):
    path = folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_are_looked_for_in_root_then_environment_then_cache(
        published, tmp_path, empty_cache, monkeypatch):
    cached = put(empty_cache)
    assert download.locate(FILE) == cached
    in_environment = put(tmp_path / "environment")
    monkeypatch.setenv("TINYGEN_DATA", str(tmp_path / "environment"))
    assert download.locate(FILE) == in_environment
    in_root = put(tmp_path / "root")
    assert download.locate(FILE, root=tmp_path / "root") == in_root
    in_root.unlink()
    assert download.locate(FILE, root=tmp_path / "root") == cached


def test_a_root_that_is_no_folder_is_an_error_before_any_download(published, tmp_path, empty_cache):
    published[0].write_bytes(CONTENT)
    with pytest.raises(FileNotFoundError, match="TINYGEN_DATA"):
        download.locate(FILE, root=tmp_path / "mistyped")
    assert not empty_cache.exists()


def test_a_found_file_that_is_not_the_published_one_is_refused(published, tmp_path):
    put(tmp_path / "root", CONTENT[:-1])
    with pytest.raises(ValueError, match=r"file\.txt is damaged or a different file.*delete it"):
        download.locate(FILE, root=tmp_path / "root")


def test_a_download_comes_from_the_first_mirror_and_happens_once(published, empty_cache, capsys):
    published[0].write_bytes(CONTENT)
    path = download.locate(FILE)
    assert path == empty_cache / FILE and path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]
    assert f"downloading {published[0].as_uri()} (0.2 MB)" in capsys.readouterr().err
    published[0].unlink()
    assert download.locate(FILE) == path


def test_a_terminal_sees_the_share_that_has_come(published, capsys, monkeypatch):
    published[0].write_bytes(CONTENT)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    at_once = []
    monkeypatch.setattr(sys.stderr, "flush", lambda: at_once.append(True))
    download.locate(FILE)
    assert len(at_once) >= 3
    out, err = capsys.readouterr()
    assert out == "" and err.endswith("\r   34%\r   69%\r  100%\n")


@pytest.mark.parametrize("first", [None, CONTENT[:-1], CONTENT + b"x", b"X" + CONTENT[1:]],
                         ids=["absent", "short", "long", "altered"])
def test_the_second_mirror_stands_in_for_a_bad_first(first, published):
    if first is not None:
        published[0].write_bytes(first)
    published[1].write_bytes(CONTENT)
    assert download.locate(FILE).read_bytes() == CONTENT


def test_a_silent_mirror_is_waited_for_half_a_minute(published, monkeypatch):
    def silent(address, *, timeout):
        assert timeout == 30
        raise TimeoutError("timed out")
    monkeypatch.setattr("urllib.request.urlopen", silent)
    with pytest.raises(OSError, match="could not be downloaded:\n.*: timed out\n.*: timed out\n"):
        download.locate(FILE)


@pytest.mark.parametrize("chunk", [download.CHUNK, len(CONTENT)])
def test_an_endless_answer_is_cut_off(chunk, published, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "CHUNK", chunk)
    published[0].write_bytes(CONTENT * 50)
    with open(tmp_path / "out", "wb") as out, pytest.raises(ValueError, match="a different file"):
        download.receive(published[0].as_uri(), download.FILES[FILE], out)
    assert (tmp_path / "out").stat().st_size <= len(CONTENT) + download.CHUNK


def test_a_failed_download_names_addresses_folder_and_offline_default(published, empty_cache):
    published[0].write_bytes(b"an error page")
    with pytest.raises(OSError) as error:
        download.locate(FILE)
    for part in (*(m.as_uri() for m in published), "13 bytes", str(empty_cache / FILE),
                 "TINYGEN_DATA", "'digits'", "'pydoc'"):
        assert part in str(error.value)
    assert not [p for p in empty_cache.rglob("*") if p.is_file()]


def test_every_published_file_has_two_addresses_and_a_sum():
    assert len(download.FILES) == 9
    assert len({file.sha256 for file in download.FILES.values()}) == 9
    assert sum(file.size for file in download.FILES.values()) == 43_588_761  # bytes
    for name, file in download.FILES.items():
        assert len(set(file.addresses)) == 2 and len(file.sha256) == 64
        assert all(a.endswith((Path(name).name, "tiny-shakespeare.txt")) for a in file.addresses)
        assert all(a.startswith(("https://", "http://fashion-mnist.")) for a in file.addresses)


@needs_real_files
def test_published_sizes_are_those_of_the_real_files():
    real = {name: Path(REAL) / name for name in download.FILES}
    sizes = {name: path.stat().st_size for name, path in real.items() if path.is_file()}
    assert sizes == {name: download.FILES[name].size for name in sizes} != {}


def test_importing_data_loads_no_network_code():
    code = ("import sys, tinygen.data; "
            "sys.exit(str([m for m in ('urllib.request', 'http.client') if m in sys.modules]))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          cwd=Path(__file__).parents[2], check=False)
    assert done.stderr.strip() == "[]"


# ---- images by name

def check_images(images, train, test):
    assert images.x_train.shape == (train, 1, 28, 28) and images.x_test.shape == (test, 1, 28, 28)
    for x, y in ((images.x_train, images.y_train), (images.x_test, images.y_test)):
        assert x.dtype == np.float32 and y.dtype == np.int64 and y.shape == (len(x),)
        assert x.min() == 0 and x.max() == 1 and set(y) == set(range(10))


def test_digits_load_as_images(small_digits):
    images = load_images("digits")
    check_images(images, 20, 10)
    x, y, _, _ = digits.load_digits()
    assert images.name == "digits" and (images.y_train == y).all()
    assert (np.rint(images.x_train[:, 0] * 255) == x).all()
    with pytest.raises(dataclasses.FrozenInstanceError):
        images.name = "mnist"


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_full_sets_read_both_halves(name, tmp_path, monkeypatch):
    rng, facts = np.random.default_rng(0), {}
    for half, count in (("train", 30), ("t10k", 20)):
        for part, values in (("images-idx3", rng.integers(256, size=(count, 28, 28))),
                             ("labels-idx1", rng.permutation(np.arange(count) % 10))):
            path = tmp_path / name / f"{half}-{part}-ubyte.gz"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(gzip.compress(idx(values.astype(np.uint8))))
            facts[f"{name}/{path.name}"] = download.RemoteFile(
                0, hashlib.sha256(path.read_bytes()).hexdigest(), ())
    monkeypatch.setattr(download, "FILES", facts)
    check_images(load_images(name, root=tmp_path), 30, 20)


def test_mnist_10k_is_mnists_test_half_cut_at_8000(monkeypatch):
    y = np.arange(10_000)
    halves = {("mnist/t10k", "root"): (y.reshape(-1, 1, 1), y)}
    monkeypatch.setattr("tinygen.data.images.read_half", lambda *asked: halves[asked])
    images = load_images("mnist-10k", root="root")
    for part, x, labels in ((y[:8000], images.x_train, images.y_train),
                            (y[8000:], images.x_test, images.y_test)):
        assert np.array_equal(x.ravel(), part) and np.array_equal(labels, part)


@needs_real_files
def test_mnist_10k_is_the_real_test_half():
    images = load_images("mnist-10k", root=REAL)
    check_images(images, 8000, 2000)
    assert list(images.y_train[:5]) == [7, 2, 1, 0, 4] and list(images.y_test[-3:]) == [4, 5, 6]
    assert abs(np.concatenate([images.x_train, images.x_test]).mean() - 0.1325) < 1e-4


@pytest.mark.parametrize("name, close", [("mnits", "mnist"), ("Fashion-MNIST", "fashion"),
                                         ("handwritten digits", "digits"), (None, None)])
def test_an_unknown_image_set_lists_the_names_and_the_closest(name, close):
    with pytest.raises(ValueError, match="digits, mnist-10k, mnist, fashion") as error:
        load_images(name)
    assert (f"did you mean {close!r}" in str(error.value)) == bool(close)


# ---- images of your own

def test_own_images_are_split_and_scaled(tmp_path):
    x = np.arange(20 * 4 * 3).reshape(20, 4, 3).astype(np.uint8)
    np.savez(tmp_path / "own.npz", x=x, y=np.arange(20))
    own = load_images(tmp_path / "own.npz")
    assert own.x_train.shape == (17, 1, 4, 3) and own.x_test.shape == (3, 1, 4, 3)
    order = np.concatenate([own.y_train, own.y_test])
    assert (order == np.random.default_rng(0).permutation(20)).all()  # always the same
    assert (order != np.arange(20)).any()
    stacked = np.concatenate([own.x_train, own.x_test])
    assert stacked.dtype == np.float32
    np.testing.assert_allclose(stacked[:, 0] * 255, x[order], atol=1e-4)


def test_own_colour_images_of_floats_keep_their_values(tmp_path):
    x = np.linspace(0, 1, 6 * 3 * 8 * 8).reshape(6, 3, 8, 8)  # both ends included
    np.savez(tmp_path / "own.npz", x=x, y=np.zeros(6, int))
    own = load_images(str(tmp_path / "own.npz"))
    assert own.x_train.shape == (5, 3, 8, 8) and own.x_train.dtype == np.float32
    assert abs(own.x_train.sum() + own.x_test.sum() - x.sum()) < 1e-3


@pytest.mark.parametrize("x, y, why", [
    (np.zeros((6, 64)), np.zeros(6, int), r"\(N, H, W\) or \(N, C, H, W\).*got shape \(6, 64\)"),
    (np.zeros((6, 0, 8)), np.zeros(6, int), r"got shape \(6, 0, 8\)"),
    (np.zeros((6, 8, 8)), np.zeros(5, int), r"one whole number for each image.*\(5,\) for 6"),
    (np.zeros((6, 8, 8)), np.zeros(6), "got float64"),
    (np.zeros((6, 8, 8)), np.arange(6) - 1, "counted from 0; got -1"),
    (np.zeros((6, 8, 8)), np.arange(6) + 1, "with 6 images they are at most 5; got 6"),
    (np.zeros((0, 8, 8)), np.zeros(0, int), r"got shape \(0, 8, 8\)"),
    (np.zeros((6, 8, 8), int), np.zeros(6, int), "bytes .uint8., or floats.*got int64"),
    (np.full((6, 8, 8), np.nan), np.zeros(6, int), "between 0 and 1.*got nan"),
    (np.linspace(0, 1.5, 6).reshape(6, 1, 1), np.zeros(6, int), "between 0 and 1.*got 0.0 to 1.5"),
    (np.linspace(-0.5, 1, 6).reshape(6, 1, 1), np.zeros(6, int), "0 and 1.*got -0.5 to 1.0"),
    (np.zeros((5, 8, 8)), np.zeros(5, int), "at least 6; got 5"),
    (np.full((6, 8, 8), None), np.zeros(6, int), "not an .npz file with arrays x and y"),
])
def test_own_images_that_are_none_are_refused(x, y, why, tmp_path):
    np.savez(tmp_path / "own.npz", x=x.astype(np.int64) if x.dtype == int else x, y=y)
    with pytest.raises(ValueError, match=rf"own\.npz.*{why}"):
        load_images(tmp_path / "own.npz")


def test_a_file_without_x_and_y_is_refused_and_a_missing_one_is_missing(tmp_path):
    np.savez(tmp_path / "own.npz", images=np.zeros((6, 8, 8)))
    with pytest.raises(ValueError, match="arrays x and y"):
        load_images(tmp_path / "own.npz")
    with pytest.raises(FileNotFoundError):
        load_images(tmp_path / "missing.npz")


# ---- text

def test_pydoc_is_the_language_reference():
    text = load_text()
    assert text == load_text("pydoc") and 300_000 < len(text) < 1_000_000
    assert "lambda" in text and text.index('"assert"') < text.index('"yield"')


def test_shakespeare_is_read_from_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tinygen.data.text.locate", lambda name, root: root / name)
    (tmp_path / "tinyshakespeare").mkdir()
    (tmp_path / "tinyshakespeare" / "input.txt").write_text("First Citizen:", encoding="utf-8")
    assert load_text("shakespeare", root=tmp_path) == "First Citizen:"


@needs_real_files
def test_shakespeare_is_the_published_text():
    text = load_text("shakespeare", root=REAL)
    assert len(text) == 1_115_394 and len(set(text)) == 65 and text.startswith("First Citizen:")


def test_a_path_gives_that_file_as_utf8_with_plain_line_ends(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own"
    path.write_bytes("\ufeffna\u00efve\r\ncaf\u00e9".encode())
    for given in (path, str(path), "own"):
        assert load_text(given) == "na\u00efve\ncaf\u00e9"


@pytest.mark.parametrize("content, found", [
    (b"caf\xe9 au lait", "byte 0xe9 at 3"), (b"PK\x03\x04\x00\x00", "a zero byte at 4"),
    (b"", "no character")])
def test_a_file_that_is_no_text_is_refused(content, found, tmp_path):
    (tmp_path / "own.txt").write_bytes(content)
    with pytest.raises(ValueError, match=rf"own\.txt must be UTF-8 text; found {found}"):
        load_text(tmp_path / "own.txt")


def test_a_folder_is_no_text(tmp_path):
    with pytest.raises(ValueError, match="must be UTF-8 text; found a folder"):
        load_text(tmp_path)


def test_an_unknown_text_lists_the_names_and_a_missing_file_is_missing():
    with pytest.raises(ValueError, match="did you mean 'shakespeare'.*pydoc, shakespeare"):
        load_text("shakespear")
    for missing in ("missing.txt", "missing/text"):
        with pytest.raises(FileNotFoundError):
            load_text(missing)


# ---- toys

@pytest.mark.parametrize("sample, centres", [(data.ring, data.RING_CENTRES),
                                             (data.grid, data.GRID_CENTRES)])
def test_toys_scatter_evenly_about_their_centres(sample, centres):
    points = sample(20_000, np.random.default_rng(0))
    assert points.shape == (20_000, 2) and points.dtype == np.float32
    away = points[:, None] - centres
    nearest = (away**2).sum(axis=2).argmin(axis=1)
    share = np.bincount(nearest, minlength=len(centres)) / len(points)
    assert abs(share * len(centres) - 1).max() < 0.15
    offsets = away[np.arange(len(points)), nearest]
    np.testing.assert_allclose(offsets.std(axis=0), toys.STD, rtol=0.03)
    assert abs(np.corrcoef(offsets.T)[0, 1]) < 0.03
    assert (points == sample(20_000, np.random.default_rng(0))).all()


def test_toy_centres_stand_where_the_docstrings_say():
    assert data.STD == 0.05
    assert data.RING_CENTRES.shape == (8, 2) and data.GRID_CENTRES.shape == (25, 2)
    np.testing.assert_allclose(np.hypot(*data.RING_CENTRES.T), 2, rtol=1e-6)
    sides = np.linalg.norm(data.RING_CENTRES - np.roll(data.RING_CENTRES, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, 4 * np.sin(np.pi / 8), rtol=1e-6)  # of a regular octagon
    gaps = np.linalg.norm(data.GRID_CENTRES[:, None] - data.GRID_CENTRES, axis=2)
    assert (np.sort(gaps, axis=1)[:, 1] == 2).all() and gaps.max() == np.float32(np.hypot(8, 8))
    assert (data.GRID_CENTRES.mean(axis=0) == 0).all()


# ---- mini-batches

def test_batches_shuffle_aligned_rows_and_give_each_once():
    x, y = np.arange(30).reshape(10, 3), np.arange(10)
    epoch = batches(x, y, batch_size=4, rng=np.random.default_rng(0))
    first, second = list(epoch), list(epoch)
    assert len(epoch) == 3 and [len(b) for _, b in first] == [4, 4, 2]
    for epoch_batches in (first, second):
        order = np.concatenate([b for _, b in epoch_batches])
        assert sorted(order) == list(range(10))
        assert (np.concatenate([a for a, _ in epoch_batches]) == x[order]).all()
    assert any((a != b).any() for (_, a), (_, b) in zip(first, second))
    again = batches(x, y, batch_size=4, rng=np.random.default_rng(0))
    assert all((a == b).all() for (_, a), (_, b) in zip(first, again))


def test_batches_without_rng_keep_the_order_and_one_array_needs_no_tuple():
    parts = list(batches(np.arange(10), batch_size=5))
    assert [list(part) for part in parts] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    part, = batches(np.arange(3), batch_size=5)
    assert list(part) == [0, 1, 2]


@pytest.mark.parametrize("rows, size, expected", [(10, 4, 2), (8, 4, 2), (4, 4, 1)])
def test_drop_last_leaves_out_a_smaller_batch(rows, size, expected):
    epoch = batches(np.arange(rows), batch_size=size, rng=np.random.default_rng(0), drop_last=True)
    parts = list(epoch)
    assert len(epoch) == len(parts) == expected and all(len(part) == size for part in parts)


# ---- labels

@pytest.mark.parametrize("make", [np.asarray, xp.asarray])
@pytest.mark.parametrize("dtype", ["int64", "uint8"])
def test_one_hot_rows(make, dtype):
    rows = data.one_hot(make(np.array([2, 0, 2, 1]).astype(dtype)), 4)
    assert is_array(rows) and rows.dtype == "float32"
    assert to_numpy(rows).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]]
    assert data.one_hot(make(np.zeros(0, dtype)), 3).shape == (0, 3)

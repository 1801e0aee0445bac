"""--data FILE.npz: demos on the user's own images, and what they say about bad ones."""
import pytest

from demos.autoencoders import autoencoder, colorize, denoise
from demos.tools.images import check_images
from tests.helpers import read_result
from tinygen.backend import np
from tinygen.data import load_images

OWN = "--data own.npz"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A function that writes own.npz to an empty folder, where the demos then run."""
    monkeypatch.chdir(tmp_path)

    def write(x, y=None):
        np.savez("own.npz", x=x, y=np.zeros(len(x), int) if y is None else y)

    return write


@pytest.mark.parametrize("demo, shape, dtype, classes", [
    (autoencoder, (60, 16, 16), np.float32, 3), (autoencoder, (66, 3, 8, 8), np.uint8, 1),
    (denoise, (60, 3, 32, 32), np.float64, 60)])
def test_own_images_of_other_sizes_and_classes(own, tmp_path, rng, demo, shape, dtype, classes):
    x = rng.random(shape) * (255 if dtype == np.uint8 else 1)
    own(x.astype(dtype), np.arange(len(x)) % classes)
    assert demo.main("--preset smoke --steps 2 --batch 8 --data own.npz".split()) == 0
    folder = tmp_path / "out" / demo.__name__.rpartition(".")[2]
    assert read_result(folder)["data"] == "own.npz"


@pytest.mark.parametrize("x, y, words", [
    (np.zeros((0, 16, 16)), None, "own.npz: x must have shape (N, H, W)"),
    (np.zeros((60, 256)), None, "got shape (60, 256)"),
    (np.full((60, 16, 16), np.nan), None, "lie between 0 and 1"),
    (np.full((60, 16, 16), 255.0), None, "divide them by the largest"),
    (np.zeros((60, 16, 16)), np.arange(60) - 1, "counted from 0; got -1"),
    (np.zeros((60, 16, 16)), np.arange(60) + 10 ** 9, "are at most 59; got 1000000059"),
    (np.zeros((60, 16, 16)), np.arange(60) / 60, "one whole number for each image"),
    (np.zeros((60, 16, 20)), None, "square images whose side is a multiple of 4"),
    (np.zeros((60, 18, 18)), None, "own.npz has 1 channels of 18 x 18"),
    (np.zeros((60, 4, 16, 16)), None, "with 1 or 3 channels"),
    (np.zeros((59, 16, 16)), None, "needs 60; own.npz has 59"),
    (np.zeros((60, 16, 16)), None, "--batch is from 1 to the 50 training images"),
    (np.zeros((90, 16, 16)), None, "all images of own.npz are the same"),
])
def test_bad_images_are_one_line(own, refusal, x, y, words):
    own(x, y)
    assert words in refusal(autoencoder, OWN)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut short"])
def test_an_unreadable_file_is_one_line(tmp_path, refusal, content):
    (tmp_path / "own.npz").write_bytes(content)
    words = "own.npz is not an .npz file with arrays x and y"
    assert words in refusal(autoencoder, OWN)


def test_a_missing_file_and_a_folder_are_one_line(tmp_path, refusal):
    assert ("there is no data set or file 'own.npz': choose one of digits, mnist-10k, mnist, "
            "fashion, or give the path of an .npz file with arrays x and y"
            ) in refusal(autoencoder, OWN)
    (tmp_path / "own.npz").mkdir()
    assert "own.npz" in refusal(autoencoder, OWN)


def test_a_demo_that_needs_named_data_refuses_a_file(own, refusal):
    own(np.zeros((60, 16, 16)))
    assert "there is no data set 'own.npz': choose one of" in refusal(colorize, OWN)


def test_enough_images_of_a_size_that_fits_pass(own, rng):
    own(rng.random((60, 3, 4, 4)))
    check_images(load_images("own.npz"), batch=50)
    with pytest.raises(ValueError, match="got 51"):
        check_images(load_images("own.npz"), batch=51)

"""Data sets by name, as plain arrays."""
from dataclasses import dataclass

from tinygen.backend import np
from tinygen.data.digits import load_digits


@dataclass(frozen=True)
class Images:
    """A data set of images: x float32 (N, 1, 28, 28) from 0 to 1, y int64 (N,), once to train and once to test."""
    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load_images(name, root=None):
    x_train, y_train, x_test, y_test = load_digits()
    scale = lambda x: (x[:, None] / np.float32(255)).astype(np.float32)
    return Images(name, scale(x_train), y_train, scale(x_test), y_test)

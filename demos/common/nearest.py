"""The nearest images by pixels: has a generator learnt what digits are, or learnt some by heart?"""
from tinygen.backend import np


def nearest(images, among):
    """Which one of `among` is the nearest to each image, and how far it is: the root of the summed
    squared differences of the pixels.

    NumPy (N, ...), (M, ...) -> indices (N,), distances (N,)
    """
    if images.shape[1:] != among.shape[1:]:
        raise ValueError(f"nearest: images have one size, got {images.shape[1:]} and "
                         f"{among.shape[1:]}")
    y = among.reshape(len(among), -1)
    half_squares = (y ** 2).sum(axis=1) / 2
    # |x - y|² = |x|² + 2 (|y|²/2 - x·y), and |x|² is the same for all y
    index = np.concatenate([(half_squares - x.reshape(len(x), -1) @ y.T).argmin(axis=1)
                            for x in np.array_split(images, -(-len(images) // 500))])
    difference = (images - among[index]).reshape(len(images), -1)
    return index, np.sqrt((difference ** 2).sum(axis=1))

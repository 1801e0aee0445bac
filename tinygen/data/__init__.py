"""Data as NumPy arrays on the host: images and texts by name, toys in the plane, mini-batches.

Nothing is drawn, read or downloaded until you ask for it by name, and no data set ever replaces
another; `IMAGES` and `TEXTS` list the names. `one_hot` turns labels into rows, on the backend in
use.
"""
from tinygen.data.batching import batches
from tinygen.data.images import Images, load_images
from tinygen.data.labels import one_hot
from tinygen.data.names import IMAGES, TEXTS
from tinygen.data.text import consecutive_windows, load_text, random_windows, split_tokens
from tinygen.data.tokens import BPETokenizer, CharTokenizer
from tinygen.data.toys import GRID_CENTRES, RING_CENTRES, STD, grid, ring

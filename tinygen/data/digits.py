"""Handwritten-looking digits, 28x28, drawn by NumPy: a substitute for MNIST without a download.

    path = spline of a style's points -> smooth displacement -> affine map -> MNIST's frame
    ink  = soft threshold of each pixel's distance to the path, at half the width of a random pen

Every image has its own random shape, so that no test image repeats a training image. `STYLES` is
the alphabet: change a stroke or add a style, and the next `load_digits` draws the set again.
"""
import hashlib
import warnings
from contextlib import suppress
from pathlib import Path

from tinygen.backend import np
from tinygen.data.cache import cache_folder
from tinygen.files import replacing

SIZE = 28   # pixels a side
BOX = 20    # the digit's longer side in pixels, pen included: MNIST's frame
TRAIN, TEST = 10_000, 2_000

# STYLES[digit] lists the ways to write it. A way is a few strokes, and a stroke is the points that
# steer the pen: "xy" with x to the right and y down, 0 to 9. The pen starts at the first point, is
# drawn towards each in turn (twice as hard if a point is repeated) and stops at the last; a stroke
# that ends where it began is a closed curve. Two strokes that meet make a corner.
STYLES = (
    (("40 24 39 69 85 70 40",),                                   # 0  oval
     ("70 31 05 29 68 94 70",),                                   #    leaning
     ("71 40 22 27 49 78 83 60 30 22",)),                         #    with the ends crossing
    (("50 49",),                                                  # 1  a bar
     ("33 42 50", "50 49"),                                       #    with a flag
     ("22 50", "50 49", "29 79")),                                #    with a flag and a foot
    (("22 30 70 83 46 29", "29 49 79"),                           # 2  with a corner at the foot
     ("13 30 70 83 66 29 08 06 47 69 88",),                       #    with a loop
     ("12 40 71 65 39 29 06 26 67 98",)),                         #    with a wide loop
    (("21 40 80 72 44 34", "34 54 85 78 49 08"),                  # 3  two bowls
     ("10 40 70", "70 44", "44 85 78 49 18"),                     #    a flat top
     ("11 50 80 63 34 34 75 78 49 08",)),                         #    in one sweep
    (("20 13 15", "15 45 85", "70 64 59"),                        # 4  open
     ("60 33 06", "06 46 86", "60 64 59"),                        #    closed
     ("20 13 15 55 74 70", "70 64 59")),                          #    open and round
    (("41 60 90", "41 24", "24 54 75 68 39 08"),                  # 5  a bar and a bowl
     ("80 40 30 23 34 65 77 59 39 18",),                          #    in one sweep
     ("30 50 80", "30 24", "24 54 85 78 49 18")),                 #    round
    (("60 32 16 19 59 76 64 35 17",),                             # 6  a long sweep
     ("40 23 17 29 59 77 65 45 27",),                             #    upright
     ("70 41 14 08 39 69 86 65 25 17",)),                         #    wide
    (("10 40 80", "80 54 39"),                                    # 7  plain
     ("10 40 80", "80 54 39", "25 45 75"),                        #    with a bar
     ("13 10 50 80", "80 63 46 39"),                              #    with a serif
     ("12 10 70 82 54 39",)),                                     #    with a bend
    (("81 60 30 22 34 65 78 59 29 26 45 73 81",),                 # 8  one crossing line
     ("40 21 23 45 64 72 60 40", "44 26 28 49 68 76 64 44"),      #    two rings
     ("82 70 40 22 34 66 68 49 28 26 45 72",)),                   #    leaning
    (("72 50 21 14 54 72", "72 75 69"),                           # 9  a ring and a stem
     ("71 50 22 24 54 71 71 75 69",),                             #    in one sweep
     ("70 30 14 45 82 70", "70 65 49")),                          #    leaning
)


def spline_weights(points):
    """Weights (P, K) that turn K steering points into P points along a uniform cubic B-spline.

    These are about 0.3 units apart, 0.7 of a pixel. Source: de Boor, A Practical Guide to
    Splines, 1978.
    """
    each = np.eye(len(points))
    if (points[0] == points[-1]).all():
        steer = np.vstack([each[-2:-1], each[:-1], each[:2]])  # goes round
    else:  # mirrored ends: there the curve goes through the point itself
        steer = np.vstack([2 * each[0] - each[1], each, 2 * each[-1] - each[-2]])
    spans = []
    for i, length in enumerate(np.hypot(*np.diff(points, axis=0).T)):
        t = np.linspace(0, 1, 1 + round(3.5 * length), endpoint=False)
        basis = np.stack([(1 - t)**3, 4 - 6 * t**2 + 3 * t**3, 1 + 3 * (t + t**2 - t**3), t**3])
        spans.append(basis.T / 6 @ steer[i:i + 4])
    return np.vstack([*spans, [1/6, 4/6, 1/6] @ steer[-3:]])


def parse_style(strokes):
    """A style's points (K, 2), from -1 to 1, and weights (P, K): its path is weights @ points."""
    strokes = [np.array([[int(x), int(y)] for x, y in stroke.split()]) for stroke in strokes]
    blocks = [spline_weights(points) for points in strokes]
    weights = np.zeros(np.sum([block.shape for block in blocks], axis=0))
    row = column = 0
    for block in blocks:
        weights[row:row + block.shape[0], column:column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return np.concatenate(strokes) / 4.5 - 1, weights


def random_paths(strokes, count, rng):
    """`count` variations of a style: paths (count, P, 2) and pen radii (count, 1, 1), in pixels."""
    points, weights = parse_style(strokes)

    # Three long waves move each point depending on its position, so strokes that meet stay joined.
    waves = rng.normal(0, 1.6, (count, 2, 3))
    phases = rng.uniform(0, 2 * np.pi, (count, 1, 3))
    heights = rng.normal(0, 0.12, (count, 3, 2))
    paths = weights @ (points + np.sin(points @ waves + phases) @ heights)  # (count, P, 2)

    turn = np.radians(rng.normal(0, 8, count))
    slant = rng.normal(0.12, 0.25, count)
    stretch = rng.uniform(0.75, 1.15, count)
    slanted = np.array([[stretch, np.zeros(count)], [-slant, np.ones(count)]])  # (2, 2, count)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    paths = paths @ np.moveaxis(slanted, -1, 0) @ np.moveaxis(turned, -1, 0)

    # MNIST's frame: the longer side fills the box, the ink's centre of mass is at (14, 14).
    radii = 1.17 * np.exp(rng.normal(0, 0.28, (count, 1, 1)))
    longer = np.ptp(paths, axis=1, keepdims=True).max(axis=2, keepdims=True)
    paths = (paths - paths.mean(axis=1, keepdims=True)) * (BOX - 2 * radii) / longer + SIZE / 2
    paths, radii = paths.astype(np.float32), radii.astype(np.float32)
    return paths + SIZE / 2 - centre_of_mass(ink(paths, radii))[:, None], radii


def ink(paths, radii):
    """Pen strokes as images. paths (N, P, 2), radii (N, 1, 1) in pixels -> (N, 28, 28), 0 to 1

    Ink fades from 1 to 0 over 0.9 pixels, half-way at the pen's radius.
    """
    pixel = np.arange(SIZE).astype(np.float32)
    across = (paths[:, :, 0, None] - pixel)**2  # (N, P, 28)
    down = (paths[:, :, 1, None] - pixel)**2
    # One image at a time: its (P, 28, 28) squared distances fit in the processor's cache.
    nearest = np.empty((len(paths), SIZE, SIZE), np.float32)
    for image, h, v in zip(nearest, across, down):
        np.min(v[:, :, None] + h[:, None, :], axis=0, out=image)
    return (0.5 + (radii - np.sqrt(nearest)) / 0.9).clip(0, 1)


def centre_of_mass(images):
    """The ink's centre of mass in images (N, H, W), across and down. -> (N, 2), in pixels"""
    _, height, width = images.shape
    across = images.sum(axis=1) @ np.arange(width).astype(np.float32)
    down = images.sum(axis=2) @ np.arange(height).astype(np.float32)
    return np.stack([across, down], axis=1) / images.sum(axis=(1, 2))[:, None]


def draw_digits(count, rng):
    """Draw `count` digits, a tenth of each class. -> x uint8 (N, 28, 28), y int64 (N,)"""
    x = np.empty((count, SIZE, SIZE), np.uint8)
    y = rng.permutation(np.arange(count) % 10).astype(np.int64)
    way = rng.random(count)
    for digit, styles in enumerate(STYLES):
        for k, strokes in enumerate(styles):
            chosen = (y == digit) & ((way * len(styles)).astype(int) == k)
            paths, radii = random_paths(strokes, chosen.sum(), rng)
            x[chosen] = np.rint(255 * ink(paths, radii))
    return x, y


def recipe():
    """The fingerprint of this file: digits drawn by another version of it are not reused."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def load_digits():
    """The data set `digits`: x_train, y_train, x_test, y_test, each pair from `draw_digits`.

    Drawn once, in a few seconds, and kept in the cache folder; drawn again if that file is damaged
    or comes from another version of this one.
    """
    path = cache_folder() / "digits.npz"
    names = ("x_train", "y_train", "x_test", "y_test")
    # Missing, truncated, not a zip file: whatever is wrong, drawing again fixes it.
    with suppress(Exception), np.load(path) as kept:
        if kept["recipe"] == recipe():
            return tuple(kept[name] for name in names)
    arrays = (*draw_digits(TRAIN, np.random.default_rng([0, 0])),
              *draw_digits(TEST, np.random.default_rng([0, 1])))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            np.savez_compressed(file, recipe=recipe(), **dict(zip(names, arrays)))
    except OSError as error:
        warnings.warn(f"the drawn digits cannot be kept for the next run: {error}; set "
                      "TINYGEN_CACHE to a writable folder", stacklevel=3)
    return arrays

"""Handwritten-looking digits, 28x28, drawn by NumPy: a stand-in for MNIST that needs no download.

    path = spline through a style's grid points -> smooth displacement -> slant, turn, stretch -> 20-pixel box
    ink  = soft threshold of each pixel's distance to the path, at half the width of a random pen

Every image starts from fresh random numbers, so that no test image repeats a training image. `STYLES` is the alphabet:
edit a stroke, or add a style, and the next `load_digits` draws the set anew.
"""
import warnings
from pathlib import Path

from tinygen.backend import np
from tinygen.data.cache import cache_folder, replacing

SIZE = 28               # pixels a side
BOX = 20                # the digit's longer side in pixels, pen included, as in MNIST
TRAIN, TEST = 10_000, 2_000
SAMPLES_PER_UNIT = 3.5  # path points per unit of the strokes' grid: about 0.6 of a pixel apart

# STYLES[digit] lists the ways to write it, a way is one or more strokes, and a stroke is the grid points that the pen
# passes through: "xy", x to the right and y down, 0 to 9. A stroke that ends where it began is a closed curve. Two
# strokes that meet in a point make a corner: it stays together, for points move by where they are.
STYLES = (
    (("50 31 24 37 59 78 84 71 50",),                                      # 0 oval
     ("50 22 15 27 49 77 85 72 50",),                                      #   round
     ("61 40 22 25 38 59 77 74 62 50 41",)),                               #   with the ends crossing
    (("50 49",),                                                           # 1 a bar
     ("23 42 50", "50 49"),                                                #   with a flag
     ("32 50", "50 49", "29 79")),                                         #   with a flag and a foot
    (("22 30 50 71 73 56 29", "29 49 79"),                                 # 2 with a corner at the foot
     ("23 31 50 71 64 37 18 07 17 38 69 88",),                             #   with a loop
     ("12 30 61 63 46 28 29 48 79",)),                                     #   with a curl
    (("21 40 61 72 63 44", "44 64 76 68 49 18"),                           # 3 two bowls
     ("10 40 70", "70 44", "44 64 76 68 49 18"),                           #   a flat top
     ("21 40 61 63 44 34 44 65 77 59 38 18",)),                            #   a small loop
    (("20 13 15", "15 45 85", "70 64 59"),                                 # 4 open
     ("60 33 06", "06 46 86", "60 64 59"),                                 #   closed
     ("20 13 25 45 64 80", "80 64 59")),                                   #   open and round
    (("30 50 80", "30 24", "24 43 64 76 68 49 18"),                        # 5 a bar and a bowl
     ("81 50 31 24 44 65 67 59 38 18",),                                   #   in one sweep
     ("20 40 70", "20 23", "23 44 65 77 59 28")),                          #   wide
    (("60 42 24 17 39 59 77 65 45 27",),                                   # 6 a long sweep
     ("40 23 16 28 49 68 66 55 36 27",),                                   #   upright
     ("70 41 14 17 49 78 76 54 25 17",)),                                  #   wide
    (("10 40 70", "70 54 39"),                                             # 7 plain
     ("10 40 70", "70 54 39", "25 45 75"),                                 #   with a bar
     ("12 10 40 80", "80 63 46 39"),                                       #   with a serif
     ("12 21 50 71 64 47 39",)),                                           #   with a bend
    (("71 50 31 23 44 65 77 59 38 27 35 63 71",),                          # 8 one crossing line
     ("50 31 32 44 63 72 61 50", "44 26 28 49 68 76 64 44"),               #   two rings
     ("72 60 31 22 34 55 67 68 49 28 27 45 63 72",)),                      #   leaning
    (("72 50 31 23 34 54 72", "72 75 69"),                                 # 9 a ring and a stem
     ("71 50 31 23 34 54 72 71", "71 66 58 39 28"),                        #   with a hook
     ("61 40 21 13 34 53 61", "61 55 49")),                                #   leaning
)


def parse_style(strokes):
    """Control points of a style and the matrix that turns them into its path.

    Returns points (K, 2), in units of half the grid's height and centred, and weights (P, K): path = weights @ points.
    """
    points = [np.array([[int(x), int(y)] for x, y in stroke.split()]) for stroke in strokes]
    blocks = [spline_weights(stroke) for stroke in points]
    weights = np.zeros((sum(len(b) for b in blocks), sum(len(p) for p in points)))
    row = column = 0
    for block in blocks:
        weights[row:row + len(block), column:column + block.shape[1]] = block
        row, column = row + len(block), column + block.shape[1]
    return np.concatenate(points) / 4.5 - 1, weights


def spline_weights(points):
    """Weights (P, K) of the Catmull-Rom spline through K grid points, at P places about evenly spaced along it."""
    count = len(points)
    closed = (points[0] == points[-1]).all()
    rows = []
    for i in range(count - 1):
        steps = int(np.ceil(SAMPLES_PER_UNIT * np.hypot(*(points[i + 1] - points[i]))))
        t = np.linspace(0, 1, steps, endpoint=False)
        blend = 0.5 * np.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3,
                                t + 4 * t**2 - 3 * t**3, -t**2 + t**3], axis=1)  # (steps, 4)
        # The neighbours beyond an end: round the corner of a closed curve, the end itself of an open one.
        near = [i - 1, i, i + 1, i + 2]
        near = [k % (count - 1) for k in near] if closed else np.clip(near, 0, count - 1)
        rows.append(blend @ np.eye(count)[near])
    return np.concatenate(rows + [np.eye(count)[-1:]])


def random_paths(strokes, count, rng):
    """`count` variations of one style. -> paths (count, P, 2) and their pens' radii (count, 1, 1), in pixels."""
    points, weights = parse_style(strokes)

    # A displacement that varies smoothly over the plane: a sum of three waves, half to one wave across the digit.
    waves = rng.normal(0, 1.6, (count, 2, 3))
    heights = rng.normal(0, 0.10, (count, 3, 2))
    phases = rng.uniform(0, 2 * np.pi, (count, 1, 3))
    paths = weights @ (points + np.sin(points @ waves + phases) @ heights)  # (count, P, 2)

    turn = np.radians(rng.normal(0, 8, count))
    slant = rng.normal(0.12, 0.25, count)
    stretch = rng.uniform(0.75, 1.15, count)
    turned = np.stack([np.cos(turn), np.sin(turn), -np.sin(turn), np.cos(turn)], 1).reshape(-1, 2, 2)
    slanted = np.stack([stretch, 0 * turn, -slant, 1 + 0 * turn], 1).reshape(-1, 2, 2)
    paths = paths @ slanted @ turned

    # MNIST's frame: the longer side fills the box, the centre of mass lies in the middle of the image.
    radii = np.exp(rng.normal(np.log(1.15), 0.28, (count, 1, 1)))
    longer = np.ptp(paths, axis=1, keepdims=True).max(axis=2, keepdims=True)
    paths = (paths - paths.mean(axis=1, keepdims=True)) * (BOX - 2 * radii) / longer + (SIZE - 1) / 2
    return paths.astype(np.float32), radii.astype(np.float32)


def ink(paths, radii):
    """Images of pen strokes. paths (N, P, 2) and radii (N, 1, 1) in pixels -> (N, SIZE, SIZE), 0 to 1."""
    pixel = np.arange(SIZE, dtype=np.float32)
    across = (paths[:, :, :1] - pixel) ** 2  # (N, P, SIZE)
    down = (paths[:, :, 1:] - pixel) ** 2
    nearest = np.stack([(y[:, :, None] + x[:, None, :]).min(axis=0) for x, y in zip(across, down)])
    return np.clip(0.5 + (radii - np.sqrt(nearest)) / 1.1, 0, 1)


def draw_digits(count, rng):
    """Draw `count` digits, as many of each class as `count` allows. -> x uint8 (count, 28, 28), y int64 (count,)"""
    x = np.empty((count, SIZE, SIZE), np.uint8)
    y = rng.permutation(np.arange(count) % 10)
    style = rng.random(count)
    for digit, styles in enumerate(STYLES):
        for k, strokes in enumerate(styles):
            chosen = (y == digit) & (np.floor(style * len(styles)) == k)
            paths, radii = random_paths(strokes, int(chosen.sum()), rng)
            x[chosen] = np.rint(255 * ink(paths, radii))
    return x, y


def recipe():
    """A fingerprint of this file: a set that was drawn by another version of it is not reused."""
    import hashlib
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def load_digits():
    """The data set `digits`: x_train, y_train, x_test, y_test, as `draw_digits` returns them.

    Drawn once (a second or two), then read from the cache folder; a damaged or outdated file there is drawn anew.
    """
    path = cache_folder() / "digits.npz"
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path) as saved:
            if saved["recipe"] == recipe():
                return tuple(saved[name] for name in names)
    except Exception:  # absent, cut short, not a zip, another layout: whatever is wrong, drawing anew mends it
        pass
    arrays = (*draw_digits(TRAIN, np.random.default_rng([0, 0])),
              *draw_digits(TEST, np.random.default_rng([0, 1])))
    try:
        with replacing(path) as file:
            np.savez_compressed(file, recipe=recipe(), **dict(zip(names, arrays)))
    except OSError as error:
        warnings.warn(f"the drawn digits could not be kept for the next run in {path}: {error}; "
                      "set TINYGEN_CACHE to a folder that can be written", stacklevel=2)
    return arrays

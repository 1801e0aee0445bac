"""A drawing becomes an image as the data set's own are: as large, as thick, as centred.

    strokes  ──frame──▶  paths in pixels  ──ink──▶  28 x 28

A pen moves over a square; a stroke is the points it went through, from 0 to 1. Strokes instead of
the screen's pixels can be brought to any size and keep the pen's width.
"""
from demos.playground.fields import as_bytes, list_of, number, whole, yes_or_no
from tinygen.backend import np
from tinygen.data.digits import SIZE, centre_of_mass, ink

COORDINATE = number(-0.5, 1.5)  # a pen may leave the square
STROKE = list_of(COORDINATE, most=2000, least=2)
STEP = 0.5   # pixels from one point of a path to the next, so that no gap shows
MOST = 5000  # points of all paths, about: a scribble that is longer is traced more coarsely


def strokes(value):
    """Up to 60 strokes, each [x, y, x, y ...] -> list of arrays (points, 2)."""
    found = [np.array(stroke) for stroke in list_of(STROKE, most=60)(value)]
    if any(len(stroke) % 2 for stroke in found):
        raise ValueError("a stroke has an x and a y for each point, so an even count is needed")
    return [stroke.reshape(-1, 2) for stroke in found]


def answer_pads(room):
    """Add to a room what a pad asks for: the image of its strokes, or a test image instead.

    The room may have a memory; neither needs it.
    """

    @room.answers(strokes=strokes, pen=number(0.4, 4), centred=yes_or_no)
    def trace(models, *memory, strokes, pen, centred):
        return {"pixels": as_bytes(models.data.frame.trace(strokes, pen, centred))}

    @room.answers(index=whole(0, 1_000_000))
    def example(models, *memory, index):
        index %= len(models.images.x_test)
        return {"pixels": as_bytes(models.images.x_test[index]),
                "class": int(models.images.y_test[index])}


PAD_EXAMPLES = [
    ("trace", {"strokes": [[0.2, 0.3, 0.5, 0.1, 0.7, 0.4, 0.3, 0.9], [0.3, 0.9, 0.8, 0.8]],
               "pen": 1.2, "centred": True}),
    ("example", {"index": 7})]


class Frame:
    """How the images of a data set lie in their 28 pixels, measured on the first of them.

    box: the longer side of what is drawn. centre: its centre of mass, across and down.
    """

    def __init__(self, images):
        images = images[:2000, 0]
        dark = images > 0.5
        sides = [extent(dark.any(axis=axis)) for axis in (1, 2)]
        self.box = float(np.median(np.maximum(*sides)))
        inked = images[images.sum(axis=(1, 2)) > 0]
        self.centre = centre_of_mass(inked).mean(axis=0)

    def trace(self, strokes, pen, centred=True):
        """Strokes as an image.  -> float32 (1, 1, 28, 28), 0 to 1

        pen: its radius in pixels. centred: brought into the frame; else left where they are.
        """
        if not strokes:
            return np.zeros((1, 1, SIZE, SIZE), np.float32)
        points = np.concatenate(strokes)
        low, size = points.min(axis=0), np.ptp(points, axis=0).max()
        # A dot stays a dot: it has no size to be brought to the box's.
        scale = (self.box - 2 * pen) / size if centred and size > 0.01 else SIZE
        middle = low + np.ptp(points, axis=0) / 2 if centred else 0.5
        strokes = [(stroke - middle) * scale + (SIZE - 1) / 2 for stroke in strokes]
        step = max(STEP, sum(map(length, strokes)) / MOST)
        path = np.concatenate([filled(stroke, step) for stroke in strokes])[None]
        path = path.astype(np.float32)
        radius = np.full((1, 1, 1), pen, np.float32)
        if centred:
            path = path + (self.centre - centre_of_mass(ink(path, radius))[0])
        return ink(path.astype(np.float32), radius)[:, None]


def length(points):
    """Of the path through points (n, 2)."""
    return np.hypot(*np.diff(points, axis=0).T).sum()


def filled(points, step):
    """The path through points (n, 2), as points that are `step` apart.  -> (m, 2)"""
    distance = np.concatenate([[0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    along = np.linspace(0, distance[-1], 2 + int(distance[-1] / step))
    return np.stack([np.interp(along, distance, values) for values in points.T], axis=1)


def extent(marks):
    """From the first mark to the last.  bool (N, size) -> (N,)"""
    size = marks.shape[1]
    found = size - marks[:, ::-1].argmax(axis=1) - marks.argmax(axis=1)
    return np.where(marks.any(axis=1), found, 0)

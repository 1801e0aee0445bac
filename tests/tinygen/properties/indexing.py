"""Taking elements out and putting them together: indexing, embedding, concatenate, split."""
import math

from tests.tinygen.properties.draw import call, drawn
from tinygen import ops
from tinygen.backend import np


def scatter_add(x, key, shape):
    """Each number of x added to the place that it would be taken from."""
    y = np.zeros(math.prod(shape), x.dtype)
    places = np.arange(y.size).reshape(shape)[key]
    for place, number in zip(places.ravel(), np.broadcast_to(x, places.shape).ravel()):
        y[place] += number
    return y.reshape(shape)


# ---- a key for an array of some shape ----

def basic(draw, n):
    """A slice of an axis of size n, or one of its positions."""
    if n and draw.chance(0.3):
        return draw.axis(n)
    ends = [draw.choice([None, draw.integer(-n - 1, n + 1)]) for _ in range(2)]
    return slice(*ends, draw.choice([None, 1, 2, -1, -2]))


def positions(draw, n, shape):
    """An integer array for an axis of size n."""
    if n == 0:
        shape = (0,)
    kind, low = draw.choice([("int64", -n), ("int32", -n), ("uint8", 0)])
    return draw.rng.integers(low, max(n, 1), shape).astype(kind)


def key_for(draw, shape):
    """Integers, slices, None, ..., and either a boolean mask or integer arrays."""
    kind = draw.choice(["basic", "basic", "one array", "arrays", "mask"]) if shape else "basic"
    if kind == "one array":
        return positions(draw, shape[0], draw.shape(0, 2))
    key = [basic(draw, n) for n in shape]
    if kind == "arrays":
        together = draw.shape(0, 2, least=1)
        for axis in {draw.axis(len(shape)) % len(shape) for _ in range(2)}:
            key[axis] = positions(draw, shape[axis], draw.broadcastable(together))
    if kind == "mask":
        first = draw.integer(0, len(shape) - 1)
        last = draw.integer(first, len(shape) - 1)
        key[first:last + 1] = [draw.rng.random(shape[first:last + 1]) < 0.6]
    start = draw.integer(0, len(key))
    kept = draw.choice(["all", "all", "the first", "some"])
    if kept == "the first":
        key = key[:start]
    elif kept == "some":
        key[start:draw.integer(start, len(key))] = [...]
    if draw.chance(0.3):
        key.insert(draw.integer(0, len(key)), None)
    return key[0] if len(key) == 1 and draw.chance() else tuple(key)


def fits(shape, key):
    """Whether NumPy takes the key: positions of several arrays must broadcast."""
    try:
        return np.empty(shape)[key].ndim <= 6
    except IndexError:
        return False


def keyed(draw):
    """A shape and a key for it."""
    while True:
        shape = draw.shape()
        key = key_for(draw, shape)
        if fits(shape, key):
            return shape, key


@drawn("getitem", lambda x, key: x[key], weight=6)
def keys(draw):
    shape, key = keyed(draw)
    return call(draw.floats(shape), key=key)


@drawn("scatter_add", scatter_add, weight=6)
def places(draw):
    shape, key = keyed(draw)
    taken = np.empty(shape)[key].shape
    x = draw.floats(taken if draw.chance(0.8) else draw.broadcastable(taken))
    return call(x, key=key, shape=shape)


@drawn("embedding", lambda ids, w: w[ids], weight=2)
def tables(draw):
    rows = draw.size()
    ids = draw.shape(0, 3) if rows else (0, draw.size())
    return call(draw.integers(ids, 0, rows), draw.floats((rows, draw.size())))


@drawn("take_along_axis", np.take_along_axis, weight=3)
def picks(draw):
    x = draw.floats(draw.shape(least_axes=1))
    axis = draw.axis(x.ndim)
    n = x.shape[axis]
    sizes = [draw.choice([1, size, size if size != 1 else draw.size()]) for size in x.shape]
    sizes[axis] = draw.size() if n else 0
    return call(x, draw.integers(sizes, -n, n), axis=axis)


# ---- concatenate and split ----

@drawn("concatenate", lambda *xs, axis=0: np.concatenate(xs, axis), weight=2,
       op=lambda *xs, **settings: ops.concatenate(xs, **settings))
def pieces(draw):
    shape = draw.shape(least_axes=1)
    axis = draw.axis(len(shape))
    xs = [draw.floats((*shape[:axis], draw.size(), *shape[axis:][1:]))
          for _ in range(draw.integer(1, 4))]
    return draw.choice([call(*xs, axis=axis), call(*xs, xs[0], axis=axis)])


@drawn("stack", lambda *xs, axis=0: np.stack(xs, axis), weight=2,
       op=lambda *xs, **settings: ops.stack(xs, **settings))
def rows(draw):
    shape = draw.shape(most_axes=3)
    xs = [draw.floats(shape) for _ in range(draw.integer(1, 4))]
    return draw.choice([call(*xs, axis=draw.axis(len(shape) + 1)), call(*xs, xs[0])])


@drawn("split", lambda x, at, piece, axis=0: np.split(x, at, axis)[piece], weight=2,
       op=lambda x, at, piece, **settings: ops.split(x, at, **settings)[piece])
def cuts(draw):
    x = draw.floats(draw.shape(least_axes=1))
    axis = draw.axis(x.ndim)
    n = x.shape[axis]
    if draw.chance():
        at = draw.choice([k for k in range(1, max(n, 2) + 1) if n % k == 0])
        count = at
    else:
        at = sorted(draw.integer(0, n) for _ in range(draw.integer(0, 3)))
        count = len(at) + 1
    return call(x, at=at, piece=draw.axis(count), axis=axis)

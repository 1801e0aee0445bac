"""What the configuration of a call is drawn from: sizes, axes, settings, and arrays of any layout.

    @drawn("cumsum", definition=lambda x, axis: x.cumsum(axis))
    def running_sums(draw):
        x = draw.floats(draw.shape(least_axes=1))
        return call(x, axis=draw.axis(x.ndim))

is all that an op needs: its definition in NumPy, with the op's settings, and a function that draws
inputs and settings. check.py compares the two. It differentiates the definition with complex
numbers, so what a definition compares, or takes the sign of, are real parts: x.real > 0.
"""
import math
from collections.abc import Callable
from typing import NamedTuple

import tinygen as tg
from tinygen import ops
from tinygen.backend import np, xp


class Subject(NamedTuple):
    """An op, its definition, and how its calls are drawn."""
    op: Callable          # called with inputs and settings
    definition: Callable  # the same on NumPy arrays
    draw: Callable        # Draw -> inputs and settings
    weight: int           # how often it is drawn


SUBJECTS = {}  # by the op's name


def drawn(name, definition, *, op=None, weight=1):
    """Register a function that draws calls of the op `name`, or of `op`, which calls it."""
    def register(draw):
        SUBJECTS[name] = Subject(op or getattr(ops, name), definition, draw, weight)
        return draw
    return register


def call(*inputs, **settings):
    """What a drawing function returns. Inputs that an op can do without are None, or left out."""
    while inputs and inputs[-1] is None:
        inputs = inputs[:-1]
    return inputs, settings


class Input:
    """An array to call an op with: its numbers, how they lie in memory, and what it is passed as.

    order: the axes as they lie in memory, outermost first. steps: for each axis, how many places
    in memory lie from one number to the next; 0 where one number is repeated along the axis.
    role: "tensor", "constant" (a Tensor that requires no gradient) or "array".
    """

    def __init__(self, values, order, steps, role):
        self.values, self.order, self.steps, self.role = values, order, steps, role
        self.shape, self.ndim, self.size = values.shape, values.ndim, values.size
        self.dtype = values.dtype

    def array(self):
        """It as an array of the backend in use; what lies between its numbers is poison."""
        poison = {"f": np.nan, "b": True}.get(self.dtype.kind, 99)
        stored = [abs(step) * n if step else 1 for n, step in zip(self.shape, self.steps)]
        memory = np.full([stored[axis] for axis in self.order], poison, self.dtype)
        back = [self.order.index(axis) for axis in range(self.ndim)]
        places = (..., *[slice(None, None, step or 1) for step in self.steps])
        once = tuple(slice(None if step else 1) for step in self.steps)
        memory.transpose(back)[places] = self.values[once]
        view = xp.asarray(memory).transpose(back)[places]
        return view if all(self.steps) else xp.broadcast_to(view, self.shape)

    def given(self):
        """It as what an op gets: a Tensor around this very array, or the array."""
        array = self.array()
        if self.role == "array":
            return array
        tensor = tg.Tensor(array, requires_grad=self.role == "tensor")
        tensor.data = array  # Tensor() makes a copy, and not necessarily of this layout
        return tensor

    def __repr__(self):
        plain = self.order == sorted(self.order) and set(self.steps) <= {1}
        layout = "" if plain else f" order={self.order} steps={self.steps}"
        return f"{self.role} {self.shape} {self.dtype}{layout}"


class Draw:
    """Draws one configuration from a numpy Generator.

    dtype: of its floats. at_kinks: whether some numbers lie where the op has a kink or a tie, and
    so no second derivative.
    """

    def __init__(self, rng):
        self.rng = rng
        self.dtype = self.choice(["float32", "float64"])
        self.with_kinks = self.chance(0.2)
        self.at_kinks = False

    # ---- settings ----

    def chance(self, p=0.5):
        return self.rng.random() < p

    def choice(self, options):
        return options[self.rng.integers(len(options))]

    def integer(self, low, high):
        """From low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def size(self, least=0, most=4):
        """The size of an axis: 0 and 1 in about one case of twenty and of five."""
        size = self.choice([0] + [1] * 4 + [self.integer(2, most)] * 15)
        return size if size >= least else self.integer(least, most)

    def sizes(self, count, least=0, most=4):
        return tuple(self.size(least, most) for _ in range(count))

    def shape(self, least_axes=0, most_axes=4, least=0, most=4):
        return self.sizes(self.integer(least_axes, most_axes), least, most)

    def axis(self, ndim):
        """One axis, counted from either end."""
        return self.integer(-ndim, ndim - 1)

    def some_axes(self, ndim, least=0, most=None):
        """A tuple of different axes in any order, each counted from either end; perhaps none."""
        count = self.integer(least, ndim if most is None else most)
        return tuple(int(axis) - ndim * self.integer(0, 1)
                     for axis in self.rng.permutation(ndim)[:count])

    def axes(self, ndim):
        """None for all axes, a tuple of some, or one."""
        kinds = [lambda: None, lambda: self.some_axes(ndim), lambda: self.axis(ndim)]
        return self.choice(kinds if ndim else kinds[:2])()

    def pair(self, low, high):
        """(vertical, horizontal)"""
        return self.integer(low, high), self.integer(low, high)

    def one_or_pair(self, low, high):
        return self.choice([self.integer(low, high), self.pair(low, high)])

    def broadcastable(self, shape):
        """A shape that broadcasts to `shape`: without some axes in front, 1 in place of others."""
        kept = shape[self.choice([0, 0, self.integer(0, len(shape))]):]
        return tuple(1 if self.chance(0.25) else n for n in kept)

    # ---- inputs ----

    def floats(self, shape, low=-2.0, high=2.0):
        """Any numbers from low to high."""
        return self.input(shape, lambda core: self.rng.uniform(low, high, core))

    def stepped(self, shape, offset=1 / 32):
        """Numbers at multiples of 1/16 and `offset` beyond: apart from those of another offset,
        and from limits that are multiples of 1/16. In some draws multiples of 1/2: at kinks."""
        if self.with_kinks:
            self.at_kinks = True
            return self.input(shape, lambda core: self.rng.integers(-3, 4, core) / 2)
        return self.input(shape, lambda core: self.rng.integers(-32, 32, core) / 16 + offset)

    def distinct(self, shape):
        """Numbers that all differ. In some draws, and where one is repeated in memory, ties."""
        def fill(core):
            n = math.prod(core)
            return (self.rng.permutation(n).reshape(core) + 0.5) * (4 / max(n, 1)) - 2

        x = self.stepped(shape) if self.with_kinks else self.input(shape, fill)
        self.at_kinks |= any(step == 0 and n > 1 for step, n in zip(x.steps, x.shape))
        return x

    def integers(self, shape, low, high, dtypes=("int64", "int64", "int32")):
        """An integer array of numbers from low to high - 1; of low, if that leaves none."""
        return self.input(shape, lambda core: self.rng.integers(low, max(high, low + 1), core),
                          self.choice(dtypes), "array")

    def booleans(self, shape):
        """A boolean array."""
        return self.input(shape, lambda core: self.rng.random(core) < 0.6, "bool", "array")

    def input(self, shape, fill, dtype=None, role=None):
        """An input of any layout. `fill` makes its numbers, of a shape with 1 for axes along which
        they are repeated."""
        order, steps = list(range(len(shape))), [1] * len(shape)
        if self.chance():
            order = self.rng.permutation(order).tolist()
        if self.chance():
            steps = [self.choice([1, 1, 2, -1, -2, 0]) if n else 1 for n in shape]
        core = [n if step else 1 for n, step in zip(shape, steps)]
        values = np.asarray(fill(core)).astype(dtype or self.dtype)
        role = role or self.choice(["tensor"] * 8 + ["constant", "array"])
        return Input(np.broadcast_to(values, shape), order, steps, role)

"""One configuration: a call of an op on random inputs, against its definition in float64.

A definition is differentiated by complex numbers. For a small h,

    f(x + ih·v) = f(x) + ih·Df(x)[v] + O(h²)

and the imaginary part, divided by h, is the slope along v. No difference is taken, so nothing is
lost to rounding, and with h = 1e-30 nothing is left of h². Definitions compare real parts only; at
a kink they therefore say which slope is meant. (Squire and Trapp, 1998)

A direction v of random numbers touches every element of an input: a gradient that is wrong in any
of them has another slope along v.
"""
from unittest.mock import patch

import tinygen as tg
from tests.tinygen.properties import SUBJECTS
from tests.tinygen.properties.draw import Draw, Input
from tinygen import backend
from tinygen.backend import np, to_numpy, xp

H = 1e-30

# How far results may be off, in roundings: 2e-13 in float64, 1e-4 in float32. The numbers are of
# size 1, and few are added up; what makes more of a rounding error are exp, and division by a small
# standard deviation. The worst of 48,000 configurations were off by 8 roundings in a value, 60 in a
# gradient and 100 in a second derivative, in either type.
ROUNDINGS = 1000

# A second derivative by x is a difference of four slopes: off by step⁴·D⁶f/30 for the omitted terms
# and by the slopes' rounding over the step, 1e-12; at worst by 3e-11.
STEP = 1e-4
TOLERANCE_OF_DIFFERENCES = 1e-8


def check(name, seed):
    """Check the configuration of op `name` that a seed stands for.

    Raises AssertionError; its last line is the command that repeats the check.
    """
    configuration = Configuration(name, seed)
    try:
        configuration.check()
    except Exception as error:
        library = backend.backend_name().rpartition(".")[2]
        which = "" if library == "numpy" else f" --backend {library}"
        raise AssertionError(f"{name}: {error}\n{configuration}\n"
                             f"python -m tests.tinygen.properties {name} {seed}{which}") from error


class Configuration:
    """A call of an op, drawn from a seed."""

    def __init__(self, name, seed):
        self.name, self.subject = name, SUBJECTS[name]
        self.draw = Draw(np.random.default_rng(seed))
        self.inputs, self.settings = self.subject.draw(self.draw)
        self.part = self.draw.choice([backend.CACHE_NUMBERS, 1, 64])  # numbers at a time

    def __repr__(self):
        settings = [f"{name}={value!r}" for name, value in self.settings.items()]
        return (f"{self.name}({', '.join([*map(repr, self.inputs), *settings])}), "
                f"in parts of {self.part} numbers")

    # ---- the engine ----

    def check(self):
        with (patch.object(backend, "CACHE_NUMBERS", self.part),
              np.errstate(all="raise", under="ignore")):
            y = self._check_value()
            if isinstance(y, tg.Tensor) and y.requires_grad:
                self._check_gradients(y)
        for i, x in enumerate(self.inputs):
            if isinstance(x, Input):
                same = np.array_equal(to_numpy(self.given[x]), x.values)
                assert same, f"input {i} was changed"

    def _check_value(self):
        self.given = {x: x.given() if isinstance(x, Input) else x for x in self.inputs}
        y = self.subject.op(*map(self.given.get, self.inputs), **_on_backend(self.settings))
        roles = {x.role for x in self.given if isinstance(x, Input)}
        if roles == {"array"}:
            assert isinstance(y, xp.ndarray), f"arrays give {type(y)}"
        else:
            assert y.requires_grad == ("tensor" in roles), f"requires_grad is {y.requires_grad}"
        expected, dtype = self._defined(), self.settings.get("dtype", self.draw.dtype)
        assert (y.shape, y.dtype) == (expected.shape, dtype), (
            f"the value is {y.shape} {y.dtype}, by the definition {expected.shape} {dtype}")
        self.tolerance = ROUNDINGS * max(np.finfo(self.draw.dtype).eps, np.finfo(dtype).eps)
        error = np.abs(to_numpy(y) - expected) / np.abs(expected).max(initial=1)
        assert (error <= self.tolerance).all(), f"value: {_worst(to_numpy(y), expected)}"
        return y

    def _check_gradients(self, y):
        draw, value = self.draw, to_numpy(y).copy()
        cotangent = draw.input(y.shape, lambda core: draw.rng.uniform(-2, 2, core), y.dtype,
                               "tensor")
        g, weights = cotangent.given(), cotangent.values
        wanted = [x for x in self.given if isinstance(x, Input) and x.role == "tensor"]
        if draw.chance(0.2):
            wanted = [draw.choice(wanted)]
        xs = [self.given[x] for x in wanted]
        if draw.chance():
            y.backward(g.data, inputs=xs, retain_graph=True)
            gradients = [x.grad for x in xs]
        else:
            gradients = tg.grad(y, xs, g.data, retain_graph=True)
        recorded = tg.grad(y, xs, g, create_graph=True)

        for x, *both in zip(wanted, gradients, recorded):
            v = self._direction(x.shape)
            expected = self._slope({x: v}, weights)
            for gx, which in zip(both, ("gradient", "recorded gradient")):
                what = f"{which} by input {self.inputs.index(x)}"
                assert (gx.shape, gx.dtype) == (x.shape, x.dtype), f"{what}: {gx.shape} {gx.dtype}"
                gx = to_numpy(gx)
                assert _error(gx * v, expected) <= self.tolerance, (
                    f"{what}: {_worst(gx, self._gradient(x, weights))}")
        self._check_second_order(wanted, xs, g, weights, recorded)
        assert np.array_equal(to_numpy(g), weights), "the cotangent was changed"
        assert np.array_equal(to_numpy(y), value), "the value was changed by backward"

    def _check_second_order(self, wanted, xs, g, weights, recorded):
        """S = Σ <v, gradient>, and its slopes along w: by the cotangent, and by all inputs."""
        v, w = [{x: self._direction(x.shape) for x in wanted} for _ in range(2)]
        w_g = self._direction(g.shape)
        by = [g] if self.draw.at_kinks else [g, *xs]
        terms = [tg.grad(gx, by, xp.asarray(v[x].astype(x.dtype)), retain_graph=True)
                 for x, gx in zip(wanted, recorded)]
        by_g, *by_xs = [sum(map(to_numpy, parts)) for parts in zip(*terms)]
        expected = self._slope(v, w_g)
        assert _error(by_g * w_g, expected) <= self.tolerance, (
            f"second order, by the cotangent: {np.sum(by_g * w_g)}, by the definition {expected}")
        if self.draw.at_kinks:
            return
        at = {k: self._slope(v, weights, {x: k * STEP * w[x] for x in wanted})
              for k in (-2, -1, 1, 2)}
        expected = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * STEP)
        found = np.concatenate([(gx * w[x]).ravel() for x, gx in zip(wanted, by_xs)])
        assert _error(found, expected) <= self.tolerance + TOLERANCE_OF_DIFFERENCES, (
            f"second order, by the inputs: {found.sum()}, by the definition {expected}")

    # ---- the definition ----

    def _defined(self, directions={}, moves={}):
        """The definition at the inputs, some of them moved, some with an imaginary part."""
        values = []
        for x in self.inputs:
            value = x
            if isinstance(x, Input):
                value = x.values.astype("float64") if x.dtype.kind == "f" else x.values
                value = value + moves[x] if x in moves else value
                value = value + H * 1j * directions[x] if x in directions else value
            values.append(value)
        with np.errstate(all="ignore"):
            return np.asarray(self.subject.definition(*values, **self.settings))

    def _slope(self, directions, weights, moves={}):
        """Of <weights, definition> at the inputs, moved, along the directions of some of them."""
        return np.sum(weights * self._defined(directions, moves).imag) / H

    def _gradient(self, x, weights):
        """Of <weights, definition> by an input, from its slope along each element."""
        units = np.eye(x.size).reshape(x.size, *x.shape)
        return np.reshape([self._slope({x: unit}, weights) for unit in units], x.shape)

    def _direction(self, shape):
        """Random numbers of both signs, none of them small: 0.5 to 1.5 in size."""
        v = self.draw.rng.uniform(-1, 1, shape)
        return v + np.copysign(0.5, v)


def _on_backend(value):
    """A setting, or all of them, with arrays on the backend in use."""
    if isinstance(value, dict):
        return {name: _on_backend(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return tuple(map(_on_backend, value))
    return xp.asarray(value) if isinstance(value, np.ndarray) else value


def _error(terms, expected):
    """How far a sum is off, relative to its terms."""
    return np.abs(terms.sum() - expected) / (1 + np.abs(terms).sum())


def _worst(found, expected):
    """The element that is furthest off, in words."""
    error = np.abs(found - expected)
    worst = np.where(np.isfinite(error), error, np.inf).argmax()
    place = tuple(map(int, np.unravel_index(worst, error.shape)))
    return (f"element {place} of {found.shape} is {found.flat[worst]}, by the definition "
            f"{expected.flat[worst]}")

"""One configuration: a call of an op on random inputs, against its definition in float64.

A definition is differentiated by complex numbers. For a small h,

    f(x + ih·v) = f(x) + ih·Df(x)[v] + O(h²)

and the imaginary part, divided by h, is the slope along v. No difference is taken, so nothing is
lost to rounding, and with h = 1e-30 nothing is left of h². Definitions compare real parts only; at
a kink they therefore say which slope is meant. (Squire and Trapp, 1998)

A direction v of random numbers touches all elements of an input: a gradient that is wrong in any of
them has another slope along v. Where it has, all its elements are compared, to name the worst.
"""
from unittest.mock import patch

import tinygen as tg
from tests.tinygen.properties.draw import Draw, Input
from tests.tinygen.properties import SUBJECTS
from tinygen import backend
from tinygen.backend import np, to_numpy, xp

H = 1e-30

# How far results may be off, in units of the rounding of their type: 4e-13 in float64, 2e-4 in
# float32. Numbers and sizes are small; what amplifies rounding most are the norms, by up to 1/√var.
ROUNDINGS = 2000

# A second derivative by x is a difference of four slopes: off by step⁴·D⁵f/30 for the omitted terms
# and by the slopes' rounding over the step, 1e-12.
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
        which = "" if backend.backend_name() == "numpy" else " --backend standin"
        raise AssertionError(f"{name}: {error}\n{configuration}\n"
                             f"python -m tests.tinygen.properties {name} {seed}{which}") from error


class Configuration:
    """A call of an op, drawn from a seed."""

    def __init__(self, name, seed):
        self.name, self.subject = name, SUBJECTS[name]
        self.draw = draw = Draw(np.random.default_rng(seed))
        self.inputs, self.settings = self.subject.draw(draw)
        self.part = draw.choice([backend.CACHE_NUMBERS, 1, 64])  # numbers at a time, in kernels

    def __repr__(self):
        settings = [f"{name}={value!r}" for name, value in self.settings.items()]
        return (f"{self.name}({', '.join([*map(repr, self.inputs), *settings])}), "
                f"in parts of {self.part} numbers")

    # ---- the engine ----

    def check(self):
        with (patch.object(backend, "CACHE_NUMBERS", self.part), np.errstate(all="raise", under="ignore")):
            self._check()

    def _check(self):
        self.arguments = {id(x): _argument(x) for x in self.inputs}
        y = self.subject.op(*[self.arguments[id(x)] for x in self.inputs],
                            **{name: _on_backend(value) for name, value in self.settings.items()})
        tensors = [x for x in self.inputs if isinstance(x, Input) and x.role != "array"]
        assert isinstance(y, tg.Tensor if tensors else xp.ndarray), f"returned {type(y)}"
        expected = self._defined()
        dtype = self.settings.get("dtype", self.draw.dtype)
        assert (y.shape, y.dtype) == (expected.shape, dtype), (
            f"value {y.shape} {y.dtype}, by the definition {expected.shape} {dtype}")
        self.tolerance = ROUNDINGS * max(np.finfo(self.draw.dtype).eps, np.finfo(dtype).eps)
        _compare("value", to_numpy(y), expected, self.tolerance)

        wanted = list({id(x): x for x in tensors if x.role == "tensor"}.values())
        if tensors:
            assert y.requires_grad == bool(wanted), f"requires_grad is {y.requires_grad}"
        if wanted:
            if self.draw.chance(0.2):
                wanted = [self.draw.choice(wanted)]
            self._check_gradients(y, wanted)
        for i, x in enumerate(self.inputs):
            if isinstance(x, Input):
                np.testing.assert_array_equal(to_numpy(self.arguments[id(x)]), x.values,
                                              f"input {i} was changed")

    def _check_gradients(self, y, wanted):
        draw = self.draw
        value = to_numpy(y).copy()
        cotangent = draw.input(y.shape, lambda core: draw.rng.uniform(-2, 2, core), y.dtype, "tensor")
        xs, g = [self.arguments[id(x)] for x in wanted], _argument(cotangent)
        if draw.chance():
            y.backward(g.data, inputs=xs, retain_graph=True)
            gradients = [x.grad for x in xs]
        else:
            gradients = tg.grad(y, xs, g.data, retain_graph=True)
        recorded = tg.grad(y, xs, g, create_graph=True)
        for x, *both in zip(wanted, gradients, recorded):
            for gx, what in zip(both, ("gradient", "recorded gradient")):
                what = f"{what} by input {self.inputs.index(x)}"
                assert (gx.shape, gx.dtype) == (x.shape, x.dtype), f"{what}: {gx.shape} {gx.dtype}"
                self._compare_gradient(what, x, to_numpy(gx), cotangent.values)
        self._check_second_order(wanted, xs, g, cotangent.values, recorded)
        np.testing.assert_array_equal(to_numpy(g), cotangent.values, "the cotangent was changed")
        np.testing.assert_array_equal(to_numpy(y), value, "the value was changed by backward")

    def _compare_gradient(self, what, x, gradient, g):
        v = self._direction(x.shape)
        expected = self._slope({id(x): v}, g)
        if _error(gradient * v, expected) > self.tolerance:
            whole = np.zeros(x.shape)
            for place in np.ndindex(x.shape):
                one = np.zeros(x.shape)
                one[place] = 1
                whole[place] = self._slope({id(x): one}, g)
            _compare(what, gradient, whole, self.tolerance / 10)
            raise AssertionError(f"{what}: slope {np.sum(gradient * v)} along a random direction, "
                                 f"by the definition {expected}")

    def _check_second_order(self, wanted, xs, g, cotangent, recorded):
        """S = Σ <v, gradient>, and its slopes along w: by the cotangent, and by all inputs."""
        v = {id(x): self._direction(x.shape) for x in wanted}
        w = {id(x): self._direction(x.shape) for x in wanted}
        w_g = self._direction(g.shape)
        by = [g] if self.draw.at_kinks else [g, *xs]
        terms = [tg.grad(gx, by, xp.asarray(v[id(x)].astype(x.dtype)), retain_graph=True)
                 for x, gx in zip(wanted, recorded)]
        by_g, *by_xs = [sum(map(to_numpy, parts)) for parts in zip(*terms)]
        expected = self._slope(v, w_g)
        assert _error(by_g * w_g, expected) < self.tolerance, (
            f"second order, by the cotangent: {np.sum(by_g * w_g)}, by the definition {expected}")
        if self.draw.at_kinks:
            return
        at = {k: self._slope(v, cotangent, {key: k * STEP * w[key] for key in w})
              for k in (-2, -1, 1, 2)}
        expected = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * STEP)
        found = np.concatenate([(gx * w[id(x)]).ravel() for x, gx in zip(wanted, by_xs)])
        assert _error(found, expected) < self.tolerance + TOLERANCE_OF_DIFFERENCES, (
            f"second order, by the inputs: {found.sum()}, by the definition {expected}")

    # ---- the definition ----

    def _defined(self, imaginary={}, moved={}):
        """The definition at the inputs, some of them moved, with some imaginary parts."""
        values = []
        for x in self.inputs:
            if isinstance(x, Input):
                key, x = id(x), x.values
                x = x.astype("float64") if x.dtype.kind == "f" else x
                x = x + moved[key] if key in moved else x
                x = x + H * 1j * imaginary[key] if key in imaginary else x
            values.append(x)
        with np.errstate(all="ignore"):
            return np.asarray(self.subject.definition(*values, **self.settings))

    def _slope(self, directions, g, moved={}):
        """Of <g, definition> at the inputs, moved, along a direction for each of some inputs."""
        return np.sum(g * self._defined(directions, moved).imag) / H

    def _direction(self, shape):
        """Random numbers of both signs, none of them small: 0.5 to 1.5 in size."""
        rng = self.draw.rng
        return rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)


def _argument(x):
    """What an input is passed as."""
    if not isinstance(x, Input):
        return x
    array = x.array()
    if x.role == "array":
        return array
    tensor = tg.Tensor(array, requires_grad=x.role == "tensor")
    tensor.data = array  # Tensor() copies; this is laid out as drawn
    return tensor


def _on_backend(value):
    """A setting, with its arrays on the backend in use."""
    if isinstance(value, tuple):
        return tuple(map(_on_backend, value))
    return xp.asarray(value) if isinstance(value, np.ndarray) else value


def _error(terms, expected):
    """How far a sum is off, relative to its terms."""
    return np.abs(terms.sum() - expected) / (1 + np.abs(terms).sum())


def _compare(what, found, expected, tolerance):
    """Raise AssertionError unless all elements agree, relative to the largest."""
    error = np.abs(found - expected) / np.abs(expected).max(initial=1)
    worst = np.nanargmax(np.where(np.isfinite(error), error, np.inf)) if error.size else 0
    if error.size and not error.flat[worst] <= tolerance:
        place = tuple(map(int, np.unravel_index(worst, error.shape)))
        raise AssertionError(f"{what}: element {place} of {found.shape} is {found.flat[worst]}, by "
                             f"the definition {expected.flat[worst]}")

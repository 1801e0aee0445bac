"""The engine: a Tensor that remembers where it came from, `@op`, and the walk that gives gradients.

An op is one function on plain arrays. It returns its output and, for each positional input, a function that turns
the output's cotangent ȳ = ∂L/∂y into that input's x̄ = ∂L/∂x (its vector-Jacobian product):

    @op
    def mul(a, b):
        # dy = da·b + a·db
        return a * b, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a

Called on Tensors, an op records itself; called on plain arrays, it only computes. So the same gradient functions
serve an ordinary backward, where they are handed arrays, and a recorded one (`create_graph=True`), where they are
handed Tensors and what they do can be differentiated again, to any order.
"""
import contextlib
import functools
import itertools
from operator import attrgetter

from tinygen.backend import backend_name, is_array, np, xp

_next_birth = itertools.count().__next__
_recording = True     # off inside no_grad()
_reject_nan = False   # on inside detect_nan()


class Tensor:
    """An array that can be differentiated by.

    Tensor(data, requires_grad=True): data is a float, a nested list of floats (stored as float32) or a floating
    array (its dtype is kept, its numbers are copied). Constants such as a batch of images or labels may stay plain
    arrays: ops take both, and no gradient is computed for an array.

    data: the array. grad: a Tensor of the same shape and dtype once `backward()` has run, None before.
    Raises TypeError for integers, which have no derivative, and for anything that is no array of numbers.
    """
    # _origin: (op, inputs, settings, gradient functions) of a recorded result, None for a leaf. _birth: the running
    # number of the result; a leaf's says when an optimiser last wrote it.
    __slots__ = ("data", "grad", "requires_grad", "_birth", "_origin", "__weakref__")

    # Binary operators of an array with a Tensor land here instead of in the array's own loop over elements.
    __array_priority__ = 1000

    def __init__(self, data, requires_grad=True):
        if isinstance(data, Tensor):
            raise TypeError("Tensor: the data is a Tensor already; use it as it is, or x.detach() for a copy without "
                            "its history")
        if isinstance(data, (float, list, tuple)) and not isinstance(data, np.generic):
            try:
                array = xp.asarray(np.asarray(data))
            except ValueError as error:
                raise ValueError(f"Tensor: nested lists must be equally long at each level, got {_describe(data)}"
                                 ) from error
            array = array.astype(xp.float32) if array.dtype.kind == "f" else array
        else:
            array = xp.array(data)
        if array.dtype.kind != "f":
            raise TypeError(f"Tensor: the data must be floating-point, got {array.dtype} ({_describe(data)}); write "
                            f"2.0 for 2 or use .astype('float32'). Labels and indices stay plain integer arrays")
        self.data, self.grad, self.requires_grad = array, None, requires_grad
        self._birth, self._origin = _next_birth(), None

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    dtype = property(lambda self: self.data.dtype)

    def item(self):
        """The value of a one-element Tensor as a Python float."""
        if self.data.size != 1:
            raise ValueError(f"item: only a Tensor of one element is one number, this one has shape {self.shape}")
        return self.data.item()

    def detach(self):
        """The same numbers without their history: a constant to whatever uses it."""
        return _result(self.data)

    def backward(self, g=None, *, retain_graph=False):
        """Add d<g, self>/dx to `x.grad` of every leaf x that self was computed from.

        g: cotangent of self's shape, an array or a Tensor; may be left out where self has one element.
        retain_graph: keep the graph for a second backward instead of freeing it on the way.
        Raises ValueError without a graph, for a freed graph, and for a cotangent that is missing or does not fit.
        """
        leaves, grads = _walk(self, plain(_cotangent(self, g, "backward")), None, False, retain_graph)
        for leaf in leaves:
            if id(leaf) in grads:
                new = grads[id(leaf)]
                leaf.grad = _result(new if leaf.grad is None else leaf.grad.data + new)

    def __repr__(self):
        body = np.array2string(self.data.get() if hasattr(self.data, "get") else self.data, separator=", ",
                               prefix="Tensor(", threshold=60, precision=4)
        return f"Tensor({body}, shape={self.shape}, dtype={self.dtype})"

    def __len__(self):
        return len(self.data)

    def __float__(self):
        return float(self.item())

    def __bool__(self):
        return bool(self.item())

    def __setitem__(self, key, value):
        raise TypeError("Tensors are values: no assignment into one. Build a new one with tg.where or "
                        "tg.scatter_add, or write the plain array x.data before it is used")

    def __array__(self, *args, **kwargs):
        raise TypeError("a Tensor does not turn into a NumPy array by itself, as its history would be lost; "
                        "ask for x.data, or tinygen.to_numpy(x)")


class _UfuncDoor:
    """Sends `array * tensor` to Tensor.__rmul__, and refuses numpy.exp(tensor) with the name of what to call.

    NumPy looks __array_ufunc__ up on the class and calls it; CuPy looks on the instance, where None means
    "the other operand knows better".
    """
    REFLECTED = {"add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "divide": "__rtruediv__",
                 "power": "__rpow__", "matmul": "__rmatmul__", "less": "__gt__", "less_equal": "__ge__",
                 "greater": "__lt__", "greater_equal": "__le__", "equal": "__eq__", "not_equal": "__ne__"}

    def __get__(self, tensor, cls):
        return self.dispatch if tensor is None else None

    def dispatch(self, tensor, ufunc, method, *inputs, **settings):
        name = self.REFLECTED.get(ufunc.__name__)
        if name and method == "__call__" and len(inputs) == 2 and inputs[1] is tensor and not settings:
            return getattr(tensor, name)(inputs[0])
        raise TypeError(f"numpy.{ufunc.__name__} does not know Tensors; call tinygen.{ufunc.__name__} where there is "
                        f"such an op, or numpy on x.data if no gradient is wanted")


def _refuse_function(self, function, types, args, kwargs):
    raise TypeError(f"numpy.{function.__name__} does not know Tensors; call tinygen.{function.__name__} where there "
                    f"is such an op, or numpy on x.data if no gradient is wanted")


Tensor.__array_ufunc__ = _UfuncDoor()
Tensor.__array_function__ = _refuse_function


def _result(array):
    """A Tensor around `array` without check or copy, constant until an origin is given."""
    tensor = Tensor.__new__(Tensor)
    tensor.data = array
    tensor.grad = tensor._origin = None
    tensor.requires_grad = False
    tensor._birth = _next_birth()
    return tensor


class Op:
    """What `@op` makes of a rule: a function of Tensors, arrays and numbers that records what it does.

    Positional arguments are inputs; keyword arguments are settings. The rule is looked up at each call, so that
    `with tg.ops.tanh.replaced(by=mine): ...` changes it for everybody for a while.
    """

    def __init__(self, rule, textbook=None):
        functools.update_wrapper(self, rule)
        self.name, self.rule, self.textbook = rule.__name__, rule, textbook

    def __call__(self, *inputs, **settings):
        arrays, dtype, requires_grad = [], None, False
        for x in inputs:
            kind = type(x)
            if kind is Tensor:
                array = x.data
                arrays.append(array)
                if dtype is None:
                    dtype = array.dtype
                elif array.dtype != dtype:
                    raise self._mixed_dtypes(inputs, dtype)
                if x.requires_grad:
                    requires_grad = True
            elif kind is float or kind is int or x is None:
                arrays.append(x)
            else:
                arrays.append(self._admit(x))
        try:
            y, *gradients = self.rule(*arrays, **settings)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise self._explain(error, inputs, settings) from error
        if dtype is None:
            return y  # plain arrays in, plain array out
        if not isinstance(y, xp.ndarray):
            y = xp.asarray(y)  # NumPy's reductions give scalars
        if y.dtype != dtype:
            raise self._mixed_dtypes(inputs, dtype)
        if _reject_nan:
            self._name_nan(y, inputs, "output")

        result = _result(y)
        if requires_grad and _recording:
            if len(gradients) < len(inputs):
                raise TypeError(f"{self.name}: the rule returns {len(gradients)} gradients for {len(inputs)} inputs; "
                                f"return the output and then one function g, y, *inputs for each input")
            result.requires_grad = True
            result._origin = (self, inputs, settings, gradients)
        return result

    def __get__(self, tensor, cls):
        """Lets an op stand in a class body as a method: Tensor.exp is ops.exp."""
        return self if tensor is None else functools.partial(self, tensor)

    def __repr__(self):
        return f"<op {self.name}>"

    @contextlib.contextmanager
    def replaced(self, by):
        """Use the rule `by` (a function in the mould, or another op) instead, for the length of a with block.

        A replaced op has no textbook twin: its own gradients are what gets differentiated again.
        """
        kept = self.rule, self.textbook
        self.rule, self.textbook = getattr(by, "rule", by), getattr(by, "textbook", None)
        try:
            yield self
        finally:
            self.rule, self.textbook = kept

    def _admit(self, x):
        """A plain argument as the rule may see it, or an error that says what is wrong with it."""
        if is_array(x) or isinstance(x, bool):
            return x
        if isinstance(x, np.generic):
            return x.item()  # a Python number takes the Tensor's dtype; a NumPy scalar would impose its own
        if isinstance(x, (list, tuple)):
            raise TypeError(f"{self.name}: inputs are Tensors, arrays or numbers, got {_describe(x)}; "
                            f"settings such as axis or shape are keyword arguments")
        raise TypeError(f"{self.name}: inputs are Tensors, numbers or arrays of the backend in use "
                        f"({backend_name()}), got {_describe(x)} of {type(x).__module__}; convert it with "
                        f"tg.Tensor(x) or xp.asarray(x)")

    def _mixed_dtypes(self, inputs, dtype):
        return TypeError(f"{self.name}: the inputs must share one floating dtype, got "
                         f"{', '.join(map(_describe, inputs))}; convert with .astype('{dtype}')")

    def _explain(self, error, inputs, settings):
        """The error as its own kind of IndexError, TypeError or ValueError, with the op's name and what it was given."""
        message = str(error)
        if message.startswith(f"{self.name}: "):
            return error
        kind = next((kind for kind in (ValueError, IndexError, TypeError) if isinstance(error, kind)), TypeError)
        if isinstance(error, AttributeError):
            if not any(x is None or isinstance(x, (int, float)) for x in inputs):
                return error  # a mistake in the rule, not in its input
            message = "this op needs Tensors or arrays, not numbers; make one with tg.Tensor(2.0)"
        elif "positional argument" in message:
            message += "; settings such as axis or shape are keyword arguments"
        elif "broadcast" in message:
            message = "the shapes do not broadcast: from the last axis on, sizes must be equal or 1"
        given = [_describe(x) for x in inputs] + [f"{name}={_describe_setting(v)}" for name, v in settings.items()]
        return kind(f"{self.name}: {message}; got {', '.join(given) or 'nothing'}")

    def _name_nan(self, y, arrays, what):
        if xp.isfinite(y).all():
            return
        bad = int((~xp.isfinite(y)).sum())
        raise FloatingPointError(f"{self.name}: {bad} of {y.size} elements of its {what} are NaN or infinite; inputs "
                                 f"{', '.join(map(_describe, arrays))}")


def op(rule=None, *, textbook=None):
    """Make an op of a rule. textbook: the composition of other ops that defines a fused one, and supplies its higher
    derivatives."""
    return Op(rule, textbook) if rule else functools.partial(Op, textbook=textbook)


def grad(y, xs, g=None, *, create_graph=False, retain_graph=None):
    """Gradient of <g, y> by each of xs: a Tensor for a Tensor, a list for a sequence of them.

    g: cotangent of y's shape, may be left out where y has one element. create_graph: record the gradients, so that
    they can be differentiated in turn. retain_graph: keep y's graph (default: as create_graph). Where y does not
    depend on an x, the gradient is zero. Only what lies between y and xs is computed; `.grad` is left alone.
    Raises ValueError where y has no graph, and for a cotangent that is missing or does not fit.
    """
    targets = [xs] if isinstance(xs, Tensor) else list(xs)
    for x in targets:
        if not isinstance(x, Tensor) or not x.requires_grad:
            raise ValueError(f"grad: can only differentiate by Tensors that require grad, got {_describe(x)}; make it "
                             f"with tg.Tensor(...), and do not detach it")
    g = _cotangent(y, g, "grad")
    g = g if create_graph else plain(g)
    _, grads = _walk(y, g, targets, create_graph, create_graph if retain_graph is None else retain_graph)
    results = []
    for x in targets:
        gx = grads.get(id(x))
        if gx is g and create_graph:
            gx = alias(gx)  # the cotangent itself may be the caller's
        gx = _result(xp.zeros_like(x.data)) if gx is None else gx if isinstance(gx, Tensor) else _result(gx)
        # A constant gradient must still be differentiable (by which it is zero), so it becomes a leaf.
        gx.requires_grad = create_graph
        results.append(gx)
    return results[0] if isinstance(xs, Tensor) else results


def _walk(y, g, targets, create_graph, retain_graph):
    """Carry the cotangent g from y back to `targets` (None: to every leaf). Returns the leaves and {id: gradient}."""
    # All recorded results behind y. Inputs are born before results, so sorting by birth is a topological order.
    nodes, leaves, stack, needed = [], [], [y], {id(y)}
    while stack:
        tensor = stack.pop()
        if tensor._origin is None:
            leaves.append(tensor)
            continue
        nodes.append(tensor)
        for x in tensor._origin[1]:
            if type(x) is Tensor and x.requires_grad and id(x) not in needed:
                needed.add(id(x))
                stack.append(x)
    nodes.sort(key=attrgetter("_birth"))

    targets = {id(x) for x in targets or ()}
    if targets:  # only what lies between y and them
        needed = set(targets)
        for tensor in nodes:  # what a freed one led to is unknown: it counts, and raises below
            if tensor._origin is _FREED or any(id(x) in needed for x in tensor._origin[1]):
                needed.add(id(tensor))

    grads = {id(y): g}
    while nodes:
        tensor = nodes.pop()  # the last reference to a result that only the graph still needs
        g = grads.get(id(tensor)) if id(tensor) in targets else grads.pop(id(tensor), None)
        if g is None or id(tensor) not in needed:
            continue
        if tensor._origin is _FREED:
            raise ValueError("backward: this graph was freed by an earlier backward; run the forward again, or call "
                             "the first one with retain_graph=True")
        inputs = tensor._origin[1]
        wanted = [i for i, x in enumerate(inputs) if type(x) is Tensor and x.requires_grad and id(x) in needed]
        for i, gx in zip(wanted, _input_gradients(tensor, g, wanted, create_graph)):
            key = id(inputs[i])
            grads[key] = grads[key] + gx if key in grads else gx
        if not retain_graph:
            tensor._origin = _FREED
    return leaves, grads


def _input_gradients(tensor, g, wanted, create_graph):
    """Gradients for the inputs numbered `wanted` of the op that made `tensor`, each in its input's shape and dtype."""
    op, inputs, settings, gradients = tensor._origin
    if create_graph and op.textbook:
        # A fused gradient is arithmetic on captured arrays and can't be recorded: differentiate the twin. Its inputs
        # are renamed, so that an input computed from another one is not followed any further back.
        twins = [alias(x) if isinstance(x, Tensor) else x for x in inputs]
        y = op.textbook(*twins, **settings)
        return grad(y, [twins[i] for i in wanted], g, create_graph=True)

    y = tensor if create_graph else tensor.data
    values = inputs if create_graph else [x.data if type(x) is Tensor else x for x in inputs]
    results = []
    for i in wanted:
        x = inputs[i]
        if x._birth > tensor._birth:
            raise ValueError(f"backward: input {i} of {op.name}, {_describe(x)}, was written by an optimiser after "
                             f"this forward; call backward before step, or run the forward again")
        if gradients[i] is None:
            raise ValueError(f"{op.name}: there is no gradient for input {i}, {_describe(x)}; pass an array instead")
        gx = gradients[i](g, y, *values)
        if gx.shape != x.data.shape:
            gx = sum_to(gx, shape=x.data.shape)
        if gx.dtype != x.data.dtype:
            gx = gx.astype(x.data.dtype)
        if _reject_nan:
            op._name_nan(gx.data if create_graph else gx, (g, *inputs), f"gradient for input {i}")
        results.append(gx)
    return results


_FREED = (None, (), {}, ())


def _cotangent(y, g, caller):
    """The array (or Tensor) to start a walk from, checked against y."""
    if not isinstance(y, Tensor) or not y.requires_grad:
        raise ValueError(f"{caller}: {_describe(y)} has no graph to walk: it was computed from plain arrays, from "
                         f"detached Tensors or inside no_grad()")
    if g is None:
        if y.data.size != 1:
            raise ValueError(f"{caller}: only a one-element Tensor has a gradient of its own, this one has shape "
                             f"{y.shape}; reduce it, say by .sum(), or pass the cotangent g of that shape")
        return xp.ones_like(y.data)
    data = g.data if isinstance(g, Tensor) else g
    if not is_array(data) or data.shape != y.shape or data.dtype != y.dtype:
        raise ValueError(f"{caller}: the cotangent must have the shape and dtype of {_describe(y)}, got {_describe(g)}")
    return g


def _describe(x):
    """A short name of a value for an error message: Tensor (2, 3) float32."""
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"{type(x).__name__} {tuple(x.shape)} {x.dtype}"
    text = repr(x)
    return f"{type(x).__name__} {text if len(text) < 40 else text[:36] + ' ...'}"


def _describe_setting(value):
    return _describe(value) if hasattr(value, "dtype") else repr(value)


def plain(x):
    """The array behind a Tensor, or x itself: for a comparison or an index, which no gradient goes through."""
    return x.data if type(x) is Tensor else x


def mark_written(tensor):
    """Tell the engine that `tensor.data` was written in place, so that no backward uses a forward from before."""
    tensor._birth = _next_birth()


@contextlib.contextmanager
def no_grad():
    """Record nothing inside the with block: for evaluation and sampling."""
    global _recording
    kept, _recording = _recording, False
    try:
        yield
    finally:
        _recording = kept


@contextlib.contextmanager
def detect_nan():
    """Inside the with block an op whose output or gradient is NaN or infinite raises FloatingPointError by name."""
    global _reject_nan
    kept, _reject_nan = _reject_nan, True
    try:
        yield
    finally:
        _reject_nan = kept


# The three ops that the engine itself needs: a broadcast input was used several times, so its gradients add up.

@op
def alias(x):
    """The same values under another identity.  (...) -> (...)"""
    return x, lambda g, y, x: g


@op
def broadcast_to(x, *, shape):
    """Repeat x along new and size-1 axes.  x broadcastable to shape -> shape"""
    # y = Bx is linear; its adjoint adds up what was repeated.
    return xp.broadcast_to(x, shape), lambda g, y, x: sum_to(g, shape=x.shape)


@op
def sum_to(x, *, shape):
    """Sum x over the axes that broadcasting from `shape` would repeat: the adjoint of broadcast_to."""
    new = x.ndim - len(shape)
    axes = tuple(range(new)) + tuple(new + i for i, n in enumerate(shape) if n == 1 and x.shape[new + i] != 1)
    y = x.sum(axis=axes, keepdims=True).reshape(shape) if axes else x
    if y.shape != tuple(shape):
        raise ValueError(f"sum_to: shape must be one that broadcasts to x's, got {shape} for {x.shape}")
    return y, lambda g, y, x: broadcast_to(g, shape=x.shape)

"""`@op`: one function on plain arrays becomes an operation that Tensors can be put through.

An op is one function on plain arrays. It returns its output and, for each positional input, a
function that turns the output's cotangent ȳ = ∂L/∂y into that input's x̄ = ∂L/∂x (its
vector-Jacobian product):

    @op
    def mul(a, b):
        # dy = da·b + a·db
        return a * b, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a

Called on Tensors, an op records itself; called on plain arrays, it only computes. So the same
gradient functions serve an ordinary backward, where they are handed arrays, and a recorded one
(`create_graph=True`), where they are handed Tensors and what they do can be differentiated again,
to any order.
"""
import contextlib
import functools
import inspect

from tinygen.backend import backend_name, is_array, np, xp
from tinygen.tensor import Tensor, describe, result


class mode:
    """What ops do beside computing; see no_grad and detect_nan."""
    recording = True
    reject_nan = False


class Op:
    """What `@op` makes of a rule: a function of Tensors, arrays and numbers that records its use.

    Positional arguments are inputs; keyword arguments are settings. The rule is looked up at each
    call, so that `with tg.ops.tanh.replaced(by=mine): ...` changes it for everybody for a while.
    """

    def __init__(self, rule, textbook=None):
        functools.update_wrapper(self, rule)
        self.name = rule.__name__
        self._follow(rule, textbook)

    def _follow(self, rule, textbook):
        self.rule, self.textbook = rule, textbook
        self.input_names = {p.name for p in inspect.signature(rule).parameters.values()
                            if p.kind is p.POSITIONAL_OR_KEYWORD}

    def __call__(self, *inputs, **settings):
        if settings and not self.input_names.isdisjoint(settings):
            raise TypeError(f"{self.name}: inputs are given by position, settings by keyword; got "
                            f"{', '.join(self.input_names & settings.keys())} by keyword")
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
            returned = self.rule(*arrays, **settings)
        except (TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
            raise self._explain(error, inputs, settings) from error
        if type(returned) is not tuple:  # an array would be taken apart into rows
            raise TypeError(f"{self.name}: the rule returns only {describe(returned)}; return the "
                            f"output and then one function of g, y and the inputs for each input")
        y, *gradients = returned
        if dtype is None:
            return y  # plain arrays in, plain array out
        if not isinstance(y, xp.ndarray):
            if isinstance(y, Tensor):
                raise TypeError(f"{self.name}: a Tensor stands where a plain array should, as "
                                f"x.data or a setting; take its .data, w.data - w.grad.data")
            y = xp.asarray(y)  # NumPy's reductions give scalars
        if y.dtype != settings.get("dtype", dtype):  # astype alone is told another
            raise self._mixed_dtypes(inputs, dtype)
        if mode.reject_nan:
            self.reject_nan(y, "output", inputs)

        tensor = result(y)
        if requires_grad and mode.recording:
            if len(gradients) < len(inputs):
                raise TypeError(f"{self.name}: the rule returns {len(gradients)} gradients for "
                                f"{len(inputs)} inputs; return the output and then one function "
                                f"of g, y and the inputs for each input")
            tensor.requires_grad = True
            tensor._origin = (self, inputs, settings, gradients, self.textbook)
        return tensor

    def __get__(self, tensor, cls):
        """An op in a class is a method: x.exp() is ops.exp(x). (So help() takes it for one.)"""
        return self if tensor is None else functools.partial(self, tensor)

    def __reduce__(self):
        return self.name  # to copy and pickle, an op is what its module calls it

    def __repr__(self):
        return f"<op {self.name}>"

    @contextlib.contextmanager
    def replaced(self, by):
        """Use the rule `by` (a function in the mould, or an op) for the length of a with block.

        A rule that is no op has no textbook twin: its own gradients get differentiated again.
        """
        kept = self.rule, self.textbook
        self._follow(getattr(by, "rule", by), getattr(by, "textbook", None))
        try:
            yield self
        finally:
            self._follow(*kept)

    def reject_nan(self, array, what, inputs):
        """Raise FloatingPointError where `array`, this op's output or gradient, isn't finite."""
        bad = int((~xp.isfinite(array)).sum())
        if bad:
            raise FloatingPointError(f"{self.name}: {bad} of {array.size} elements of its {what} "
                                     f"are NaN or infinite; its inputs were {_listed(inputs)}")

    # ---- what is wrong with a call ----

    def _admit(self, x):
        """A plain argument as the rule may see it, or an error that says what is wrong with it."""
        if is_array(x) or isinstance(x, bool):
            return x
        if isinstance(x, np.generic):
            # A Python number takes the Tensor's dtype, where a NumPy scalar would impose its own.
            return x.item()
        if isinstance(x, (list, tuple)):
            raise TypeError(f"{self.name}: inputs are Tensors, arrays or numbers, got "
                            f"{describe(x)}; make it an array with xp.asarray(...); settings such "
                            f"as axis or shape are keyword arguments")
        raise TypeError(f"{self.name}: inputs are Tensors, numbers or arrays of the backend in use "
                        f"({backend_name()}), got {describe(x)} of {type(x).__module__}; convert "
                        f"it with tg.Tensor(x) or xp.asarray(x)")

    def _mixed_dtypes(self, inputs, dtype):
        return TypeError(f"{self.name}: the inputs must share one floating dtype, got "
                         f"{_listed(inputs)}; convert with .astype('{dtype}')")

    def _explain(self, error, inputs, settings):
        """The error as an IndexError, TypeError or ValueError with the op's name and its inputs."""
        message = str(error)
        if message.startswith(f"{self.name}: "):
            return error
        kinds = (ValueError, IndexError, TypeError)
        kind = next((kind for kind in kinds if isinstance(error, kind)), ValueError)
        if isinstance(error, AttributeError):
            if not any(x is None or isinstance(x, (int, float, np.generic)) for x in inputs):
                return error  # a mistake in the rule, not in its input
            kind = TypeError
            message = "this op needs Tensors or arrays, not numbers; make one with tg.Tensor(2.0)"
        elif "tuple index out of range" in message or "not enough values to unpack" in message:
            message = "an input has fewer axes than this op needs"
        elif "positional argument" in message:
            message += "; settings such as axis or shape are keyword arguments"
        elif "broadcast" in message:
            message = "the shapes do not broadcast: from the last axis on, sizes are equal or 1"
        given = [_listed(inputs)] if inputs else []
        given += [f"{name}={describe(value) if hasattr(value, 'dtype') else repr(value)}"
                  for name, value in settings.items()]
        return kind(f"{self.name}: {message}; got {', '.join(given) or 'nothing'}")


def _listed(inputs):
    return ", ".join(map(describe, inputs))


def op(rule=None, *, textbook=None):
    """Make an op of a rule.

    textbook: the composition of other ops that defines a fused one; supplies higher derivatives.
    """
    return Op(rule, textbook) if rule else functools.partial(Op, textbook=textbook)


@contextlib.contextmanager
def no_grad():
    """Record nothing inside the with block: for evaluation and sampling."""
    kept, mode.recording = mode.recording, False
    try:
        yield
    finally:
        mode.recording = kept


@contextlib.contextmanager
def detect_nan():
    """Inside the with block an op whose output or gradient is not finite raises by name.

    The error is a FloatingPointError. Every result is looked through, so training gets slower.
    """
    kept, mode.reject_nan = mode.reject_nan, True
    try:
        yield
    finally:
        mode.reject_nan = kept

"""`@op`: one function on plain arrays becomes an operation on Tensors.

An op is one function on plain arrays, its rule. It returns its output and, for each input, a
function that turns the output's cotangent ȳ = ∂L/∂y into that input's x̄ = ∂L/∂x (its
vector-Jacobian product):

    @op
    def mul(a, b):
        # dy = da·b + a·db
        return a * b, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a

Called on Tensors, an op records itself; called on plain arrays, it only computes. The same gradient
functions therefore serve an ordinary backward, where they get arrays, and a recorded one
(`create_graph=True`), where they get Tensors and what they do can be differentiated again, to any
order.
"""
import contextlib
import functools
import inspect
import os
import sys
import threading

from tinygen import errors
from tinygen.backend import backend_name, is_array, np, xp
from tinygen.tensor import Tensor, result
from tinygen.writes import guarded


class Mode(threading.local):
    """What ops do besides computing, in this thread; see no_grad, detect_nan, detect_writes."""
    recording = True
    called_at = None  # inside detect_nan: where each result's op was called, {id of Tensor: place}
    reject_writes = False


mode = Mode()
PACKAGE = os.path.dirname(__file__) + os.sep


class Op:
    """What `@op` makes of a rule: a function of Tensors, arrays and numbers that records its use.

    In the rule's signature, what stands before the star is an input, and what follows is a setting
    such as an axis. Callers give inputs by position, and settings after them, by position or by
    keyword. The rule is looked up at each call, so that `with tg.ops.tanh.replaced(by=mine): ...`
    changes it everywhere for a while.
    """
    composition = None  # what stands in while the op is unfused

    def __init__(self, rule, textbook=None, unpack=None):
        if not hasattr(rule, "__code__"):
            raise errors.not_a_rule("op", rule)
        functools.update_wrapper(self, rule)
        self.name = rule.__name__
        self.rule, self.textbook, self.unpack = rule, textbook, unpack
        if unpack:
            self.__signature__ = inspect.signature(unpack)  # what help() shows
        code = rule.__code__  # inspect.signature is slow, and there are many ops to import
        n, names = code.co_argcount, code.co_varnames
        self.input_names, self.setting_names = set(names[:n]), names[n:n + code.co_kwonlyargcount]
        starred = code.co_flags & inspect.CO_VARARGS
        self.most_inputs = -1 if unpack else sys.maxsize if starred else n

    def __call__(self, *inputs, **settings):
        if len(inputs) > self.most_inputs or settings and not self.input_names.isdisjoint(settings):
            inputs, settings = self._sorted(inputs, settings)
        arrays, dtype, requires_grad = self._unwrapped(inputs)

        try:
            returned = self.rule(*arrays, **settings)
        except (TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
            raise errors.from_the_rule(self, error, inputs, settings) from error
        if type(returned) is not tuple:  # an array would be taken apart into rows
            raise errors.no_gradients(self, returned)

        y = returned[0]
        if type(y) is not xp.ndarray:
            if type(y) is Tensor:
                raise errors.tensor_from_a_rule(self)
            y = xp.asarray(y)  # NumPy's reductions give scalars
        if dtype is None:
            return y  # plain arrays in, plain array out
        if y.dtype is not dtype and y.dtype != settings.get("dtype", dtype):  # of astype
            raise errors.mixed_dtypes(self, inputs, dtype)
        called_at = mode.called_at
        if called_at is not None:
            self.reject_nan(y, "output", inputs, calling_line())

        if not (requires_grad and mode.recording):
            return result(y)
        gradients = returned[1:]
        if len(gradients) < len(inputs):
            raise errors.too_few_gradients(self, gradients, inputs)
        textbook = self.textbook
        if mode.reject_writes:
            textbook, *gradients = guarded(self, inputs, settings, y, (textbook, *gradients))
        y = result(y, (self, inputs, settings, gradients, textbook))
        if called_at is not None:
            called_at[id(y)] = calling_line()
        return y

    def _sorted(self, arguments, settings):
        """The inputs and settings of a call that gives settings by position, or is a mistake."""
        by_keyword = self.input_names & settings.keys()
        if by_keyword:
            raise errors.input_by_keyword(self, by_keyword)
        if self.unpack:
            try:
                inputs, settings = self.unpack(*arguments, **settings)
            except TypeError as error:
                raise errors.wrong_call(self, str(error).rpartition("() ")[2]) from error
        else:
            inputs, by_position = arguments[:self.most_inputs], arguments[self.most_inputs:]
            if len(by_position) > len(self.setting_names):
                raise errors.too_many_arguments(self, len(arguments))
            for name, value in zip(self.setting_names, by_position):
                if name in settings:
                    raise errors.setting_twice(self, name)
                settings[name] = value
        for name, value in settings.items():
            if isinstance(value, Tensor):
                raise errors.tensor_as_setting(self, name)
        return inputs, settings

    def _unwrapped(self, inputs):
        """The arrays and numbers for the rule, the dtype, and whether any input requires grad."""
        arrays, dtype, requires_grad = [], None, False
        for x in inputs:
            kind = type(x)
            if kind is Tensor:
                requires_grad = requires_grad or x.requires_grad
                x = x.data
                if dtype is None:
                    dtype = x.dtype
                elif x.dtype is not dtype and x.dtype != dtype:
                    raise errors.mixed_dtypes(self, inputs, dtype)
            elif not (kind is float or kind is int or kind is xp.ndarray):
                x = self._admitted(x)
            arrays.append(x)
        return arrays, dtype, requires_grad

    def _admitted(self, x):
        """Any other input, as the rule may see it."""
        if isinstance(x, np.generic):
            # A Python number takes the Tensor's dtype, where a NumPy scalar imposes its own.
            return x.item()
        if x is None or isinstance(x, (int, float)) or is_array(x):
            return x
        raise errors.not_an_input(self, x, backend_name())

    def reject_nan(self, array, what, inputs, called_at):
        """Raise FloatingPointError unless `array`, this op's output or gradient, is finite."""
        bad = int((~xp.isfinite(array)).sum())
        if bad:
            raise errors.not_finite(self, bad, array, what, inputs, called_at)

    @contextlib.contextmanager
    def replaced(self, by):
        """Use another rule, a function in the mould or an op, for the length of a with block.

        A plain function has no textbook twin: its own gradients get differentiated again.
        """
        if not callable(by):
            raise errors.not_a_rule(f"{self.name}.replaced", by)
        kept = self.__class__, self.rule, self.textbook
        self.__class__ = Op  # of two with blocks, the inner one decides
        self.rule, self.textbook = getattr(by, "rule", by), getattr(by, "textbook", None)
        try:
            yield self
        finally:
            self.__class__, self.rule, self.textbook = kept

    @contextlib.contextmanager
    def unfused(self, by=None):
        """Call the textbook twin, or `by`, in this op's place for the length of a with block.

        What is recorded are then the ops that it is composed of: with attention unfused, a model
        calls softmax, too. Raises ValueError if there is neither a twin nor `by`.
        """
        composition = self.textbook if by is None else by
        if not callable(composition):
            raise errors.no_composition(self)
        kept = self.__class__, self.composition
        self.__class__, self.composition = _Unfused, composition
        try:
            yield self
        finally:
            self.__class__, self.composition = kept

    def usage(self):
        """How it is called, for messages: sum(x, axis=None, keepdims=False)."""
        return self.name + str(inspect.signature(self)).replace("*, ", "")

    def __get__(self, tensor, cls):
        return self  # an op in a class is no method; with this, help() shows it as a function

    def __reduce__(self):
        return self.name  # to copy and pickle, an op is what its module calls it

    def __repr__(self):
        return f"<op {self.name}>"


class _Unfused(Op):
    """What an op is inside `unfused`. A class of its own, so that ordinary calls pay nothing."""

    def __call__(self, *inputs, **settings):
        inputs, settings = self._sorted(inputs, settings)
        return self.composition(*inputs, **settings)


def op(rule=None, *, textbook=None, unpack=None):
    """Make an op of a rule.

    textbook: the composition of other ops that defines a fused one; supplies higher derivatives.
    unpack: a function that turns a call's arguments into inputs and settings, where NumPy's form is
    not "inputs, then settings": concatenate([a, b], axis) and einsum("ij,jk->ik", a, b).
    """
    if rule is None:
        return functools.partial(Op, textbook=textbook, unpack=unpack)
    return Op(rule, textbook, unpack)


@contextlib.contextmanager
def no_grad():
    """Record nothing inside the with block, in this thread: for evaluation and sampling."""
    kept, mode.recording = mode.recording, False
    try:
        yield
    finally:
        mode.recording = kept


@contextlib.contextmanager
def detect_nan():
    """Inside the with block, an op whose output or gradient is not finite raises an error.

    The FloatingPointError names the op and the line of your code that called it, also where it is
    a gradient that fails, if the op was called inside the block too, or the optimiser that was to
    step by such a gradient. Every result is inspected, so training gets slower.
    """
    kept = mode.called_at
    mode.called_at = {} if kept is None else kept
    try:
        yield
    finally:
        mode.called_at = kept


def calling_line():
    """The file and line outside this package from which an op is being called."""
    frame = sys._getframe()
    while frame and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}" if frame else None


@contextlib.contextmanager
def detect_writes():
    """Inside the with block, a backward raises an error if an array that it needs was written to.

    The ValueError names the op and the array. It is for the forward and the backward together:
    every array is inspected in both, so training gets slower.
    """
    kept, mode.reject_writes = mode.reject_writes, True
    try:
        yield
    finally:
        mode.reject_writes = kept

"""Module: a part of a network, which finds its parameters among its own attributes."""
import threading
from contextlib import contextmanager
from inspect import signature
from numbers import Integral
from typing import NamedTuple

from tinygen.backend import is_array, np, to_numpy, xp
from tinygen.checks import check_flags
from tinygen.operation import no_grad
from tinygen.tensor import Tensor, mark_written, next_birth


class Module:
    """A function with parameters. Subclass it, create its parts in __init__, use them in forward:

        class MLP(nn.Module):
            def __init__(self, *, rng):
                self.hidden = nn.Linear(784, 128, rng=rng)
                self.out = nn.Linear(128, 10, rng=rng)

            def forward(self, x):  # (N, 784) -> (N, 10)
                return self.out(tg.relu(self.hidden(x)))

    An attribute's type decides what it is: a Tensor is a parameter, a plain array is a buffer
    (saved but not trained, such as a running mean), a Module is a child. A parameter shared by
    several attributes counts once, under the first of its names.
    """
    training = True  # set by train() and eval(); read by Dropout and BatchNorm

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, *args, **kwargs):
        raise NotImplementedError(f"{type(self).__name__}: a Module needs a forward method; "
                                  f"define  def forward(self, x)")

    # ---- the tree ----

    def parameters(self):
        """A list of the parameters, in order of definition."""
        return [p for _, p in self._walk(Tensor)]

    def named_parameters(self):
        """A list of (path, parameter), such as ("hidden.weight", w)."""
        return list(self._walk(Tensor))

    def named_buffers(self):
        """A list of (path, buffer)."""
        return list(self._walk(xp.ndarray))

    def named_modules(self):
        """A list of (path, Module): this module, under the path "", and all below it."""
        return list(self._walk(Module))

    def _walk(self, kind):
        """Yield (path, value) of each part of one kind, depth first, in order of definition."""
        seen, stack = set(), [("", self)]
        while stack:
            path, part = stack.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            if isinstance(part, kind):
                yield path, part
            if isinstance(part, Module):
                stack.extend((f"{path}.{name}" if path else name, below)
                             for name, below in reversed(part._parts()))

    def _parts(self):
        """(name, value) of the attributes that are parameters, buffers or children."""
        parts = []
        for name, value in vars(self).items():
            self._check_attribute(name, value)
            if isinstance(value, (Module, Tensor)) or is_array(value):
                parts.append((name, value))
        return parts

    def _check_attribute(self, name, value):
        items = value.values() if isinstance(value, dict) else value
        if (isinstance(value, (list, tuple, dict))
                and any(isinstance(item, (Module, Tensor)) for item in items)):
            raise TypeError(f"{type(self).__name__}.{name}: parameters inside a "
                            f"{type(value).__name__} are not found; use nn.ModuleList, or one "
                            f"attribute for each")
        if isinstance(value, Tensor) and value._origin is not None:
            op, *_ = value._origin
            raise TypeError(f"{type(self).__name__}.{name}: a Tensor attribute is a parameter, but "
                            f"this one was computed, by {op}; to keep a result, put its array in a "
                            f"list")

    # ---- training ----

    def train(self, mode=True):
        """Set training mode, or evaluation mode with mode=False, here and below. Returns self."""
        check_flags(f"{type(self).__name__}.train", mode=mode)
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self):
        """Set evaluation mode: no dropout, batch norm by its running statistics. Returns self."""
        return self.train(False)

    def evaluating(self):
        """Evaluation mode for a with block, after which each module has its own mode again:

            with model.evaluating():
                y = model(x)
        """
        return Evaluating(self)

    def zero_grad(self):
        """Clear the gradients of all parameters."""
        for p in self.parameters():
            p.grad = None

    def astype(self, dtype):
        """Convert parameters and floating buffers, say to "float64" for a gradient check.

        Returns self. Gradients are cleared, and optimisers have to be made again. Raises TypeError
        unless dtype is floating-point.
        """
        if not _is_floating(dtype):
            raise TypeError(f"{type(self).__name__}.astype: parameters must be floating-point, got "
                            f"{dtype!r}; use 'float32', or 'float64' for a gradient check")
        for p in self.parameters():
            p.data, p.grad = p.data.astype(dtype), None
            mark_written(p)
        for _, module in self.named_modules():
            for name, value in module._parts():
                if is_array(value) and value.dtype.kind == "f":
                    setattr(module, name, value.astype(dtype))
        return self

    # ---- saving ----

    def state_dict(self):
        """A dict of path to NumPy array: a copy of each parameter and buffer."""
        parts = self.named_parameters() + self.named_buffers()
        return {path: np.array(to_numpy(value)) for path, value in parts}

    def load_state_dict(self, state):
        """Overwrite parameters and buffers with the arrays of `state`, a dict as from state_dict.

        Raises ValueError, before anything is written, with a list of all entries that are missing,
        unexpected, misshapen or not real numbers.
        """
        if not isinstance(state, dict):
            raise TypeError(f"{type(self).__name__}.load_state_dict: the state must be a dict of "
                            f"path to array, as from state_dict, got {type(state).__name__}")
        parts = dict(self.named_parameters() + self.named_buffers())
        arrays = {path: to_numpy(value) for path, value in state.items()}
        wrong = [f"missing: {path} {parts[path].shape}" for path in parts if path not in arrays]
        wrong += [f"unexpected: {path} {array.shape}" for path, array in arrays.items()
                  if path not in parts]
        wrong += [f"misshapen: {path} {arrays[path].shape}, here {parts[path].shape}"
                  for path in parts if path in arrays and arrays[path].shape != parts[path].shape]
        wrong += [f"not real numbers: {path} {array.dtype}" for path, array in arrays.items()
                  if array.dtype.kind not in "fiub"]
        if wrong:
            raise ValueError(f"{type(self).__name__}.load_state_dict: this is the state of another "
                             f"network, so nothing was loaded; build the module as it was when "
                             f"it was saved" + "".join(f"\n  {line}" for line in wrong))
        for path, part in parts.items():
            if isinstance(part, Tensor):
                part.data[...] = xp.asarray(arrays[path])
                mark_written(part)
            else:
                part[...] = xp.asarray(arrays[path])

    # ---- inspecting ----

    def __repr__(self):
        defaults = {name: parameter.default for name, parameter
                    in signature(type(self)).parameters.items()}
        settings = ", ".join(f"{name}={value!r}" for name, value in vars(self).items()
                             if name != "training" and _is_setting(value)
                             and (name not in defaults or defaults[name] != value))
        children = "".join(f"\n  ({name}): " + repr(part).replace("\n", "\n  ")
                           for name, part in self._parts() if isinstance(part, Module))
        return f"{type(self).__name__}({settings}{children}" + ("\n)" if children else ")")

    def summary(self, *inputs):
        """A table of all modules: the shapes of their outputs, and how many parameters each owns.

        inputs: what forward takes, for one call in evaluation mode; a shape, such as
        (1, 1, 28, 28), stands for an array of zeros. Returns a str to print.
        """
        dtype = next((p.dtype for p in self.parameters()), "float32")
        inputs = [xp.zeros(x, dtype) if _is_shape(x) else x for x in inputs]
        shapes, counted = _output_shapes(self, inputs), set()
        rows = [("module", "type", "output", "parameters")]
        for path, module in self.named_modules():
            own = [p for _, p in module._parts() if isinstance(p, Tensor) and id(p) not in counted]
            counted.update(map(id, own))
            indent = "  " * len(path.split(".")) if path else ""
            rows.append((indent + path.rpartition(".")[2], type(module).__name__,
                         shapes.get(id(module), "not called"),
                         f"{sum(p.size for p in own):,}" if own else ""))
        rows.append(("total", "", "", f"{sum(p.size for p in self.parameters()):,}"))
        widths = [max(map(len, column)) for column in zip(*rows)]
        return "\n".join(f"{name:{widths[0]}}  {kind:{widths[1]}}  {shape:{widths[2]}}  "
                         f"{count:>{widths[3]}}" for name, kind, shape, count in rows)


class Evaluating:
    """The context manager of Module.evaluating.

    It looks for the modules only once, and can be entered any number of times.
    """

    def __init__(self, module):
        self.modules, self.modes = [below for _, below in module.named_modules()], []

    def __enter__(self):
        self.modes.append([module.training for module in self.modules])
        for module in self.modules:
            module.training = False

    def __exit__(self, *error):
        for module, mode in zip(self.modules, self.modes.pop()):
            module.training = mode


def _is_floating(dtype):
    try:
        return dtype is not None and np.dtype(dtype).kind == "f"
    except TypeError:  # NumPy does not know it
        return False


def _is_setting(value):
    if isinstance(value, tuple):
        return all(map(_is_setting, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _is_shape(x):
    return isinstance(x, tuple) and all(isinstance(size, Integral) for size in x)


def _output_shapes(model, inputs):
    """{id of module: its output's shape, as text} for one call of the model."""
    with watched_calls() as calls, no_grad(), model.evaluating():
        model(*inputs)
    return {id(call.module): " ".join(str(getattr(y, "shape", type(y).__name__))
                                      for y in call.outputs) for call in calls}


class Call(NamedTuple):
    """One call of a module, what it returned, and the birth numbers between which it worked."""
    module: Module
    outputs: tuple
    start: int
    end: int


_one_at_a_time = threading.RLock()


@contextmanager
def watched_calls():
    """A list that gets a Call for each call of a Module in this thread, in the order they return.

    While one thread watches, another that wants to has to wait.
    """
    calls, thread = [], threading.get_ident()

    def watched_call(module, *args, **kwargs):
        start = next_birth()
        y = call(module, *args, **kwargs)
        if threading.get_ident() == thread:
            outputs = tuple(y) if isinstance(y, (tuple, list)) else (y,)
            calls.append(Call(module, outputs, start, next_birth()))
        return y

    with _one_at_a_time:
        call = Module.__call__
        Module.__call__ = watched_call
        try:
            yield calls
        finally:
            Module.__call__ = call

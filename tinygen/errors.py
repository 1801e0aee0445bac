"""The core's error messages: one function for each mistake, which returns the exception.

The code that finds a mistake raises it in one line, `if ...: raise errors.no_length()`, so that
the checks do not stand between the reader and the idea. Each message names who complains, the rule,
what came instead, and the likely fix. Ops have their own checks, at the end of their files.
"""
from numbers import Number


def describe(x):
    """A short name of a value for a message: Tensor (2, 3) float32."""
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"{type(x).__name__} {tuple(x.shape)} {x.dtype}"
    text = " ".join(repr(x).split())  # on one line
    return f"{type(x).__name__} {text if len(text) < 40 else text[:36] + ' ...'}"


def _listed(inputs):
    return ", ".join(map(describe, inputs))


# ---- backend ----

def wrong_threads(who, n):
    return ValueError(f"{who}: the number of threads must be a whole number of at least 1, got "
                      f"{n!r}")


def unknown_backend(library, names):
    kind = ValueError if isinstance(library, str) else TypeError
    return kind(f"use_backend: the backend is one of {', '.join(names)}, or a module with NumPy's "
                f"interface; got {library!r}")


def unusable_backend(name, error, hint):
    return ImportError(f"use_backend: {name} cannot be used here ({type(error).__name__}: "
                       f"{error}); install it with {hint}")


# ---- tensor ----

def already_a_tensor():
    return TypeError("Tensor: the data is a Tensor already; use it as it is, or x.detach() for the "
                     "same values without their history")


def not_floating(array, data):
    return TypeError(f"Tensor: the data must be floating-point, got {array.dtype} "
                     f"({describe(data)}); write 2.0 for 2, or use .astype('float32'). Labels and "
                     f"indices stay plain integer arrays")


def uneven_lists(lists):
    return ValueError(f"Tensor: nested lists must have equal lengths at each level, got "
                      f"{describe(lists)}")


def not_one_element(tensor):
    return ValueError(f"item: needs a Tensor with one element, this one has shape {tensor.shape}")


def no_largest(tensor, axis):
    return ValueError(f"argmax: needs at least one element, and an axis of shape {tensor.shape} or "
                      f"None for all; got axis={axis!r}")


def no_length():
    return TypeError("Tensor: a single number has no length and no rows to go through; use "
                     "x.item() for its value, or x.reshape(1)")


def copied_result():
    return TypeError("Tensor: only a Tensor made with Tensor(...) can be copied or pickled, and "
                     "this one was computed; take x.detach() for its values")


def assigned_into():
    return TypeError("Tensors are values and take no assignment. Build a new one with tg.where or "
                     "tg.scatter_add, or write to the plain array x.data before it is used")


def turned_into_an_array():
    return TypeError("a Tensor does not turn into a NumPy array by itself, which would lose its "
                     "history; ask for x.numpy(), or for x.data on the backend in use")


def written_into_an_array():
    return TypeError("an array cannot be updated in place with a Tensor, which would lose its "
                     "history; use x.data for its values, or write a = a * x for a *= x")


def numpy_on_a_tensor(function):
    name = function.__name__
    return TypeError(f"numpy.{name} does not know Tensors; call tinygen.{name} if there is such an "
                     f"op, or numpy.{name} on x.numpy() if no gradient is wanted")


def not_an_array(name, x):
    return TypeError(f"{name}: takes Tensors or arrays, got {describe(x)}; make one with "
                     f"tg.Tensor(...) or xp.asarray(...)")


# ---- operation: a call ----

def wrong_call(op, reason):
    return TypeError(f"{op.name}: {reason}; call it as {op.usage()}")


def input_by_keyword(op, names):
    return wrong_call(op, f"inputs are given by position, only settings by keyword; got "
                          f"{', '.join(sorted(names))} by keyword")


def too_many_arguments(op, count):
    return wrong_call(op, f"got {count} arguments, which is too many")


def setting_twice(op, name):
    return wrong_call(op, f"{name} is given twice, by position and by keyword")


def tensor_as_setting(op, name):
    return wrong_call(op, f"{name} is a setting and takes no Tensor")


def not_an_input(op, x, backend):
    if isinstance(x, (list, tuple)):
        return TypeError(f"{op.name}: inputs are Tensors, arrays or numbers, got {describe(x)}; "
                         f"make it an array with xp.asarray(...)")
    return TypeError(f"{op.name}: inputs are Tensors, numbers or arrays of the backend in use "
                     f"({backend}), got {describe(x)} of {type(x).__module__}; convert it with "
                     f"tg.Tensor(x) or xp.asarray(x)")


def mixed_dtypes(op, inputs, dtype):
    return TypeError(f"{op.name}: the inputs must share one floating dtype, got {_listed(inputs)}; "
                     f"convert with .astype('{dtype}')")


def not_finite(op, bad, array, what, inputs, called_at):
    where = f"; called at {called_at}" if called_at else ""
    return FloatingPointError(f"{op.name}: {bad} of {array.size} elements of its {what} are NaN or "
                              f"infinite; its inputs were {_listed(inputs)}{where}")


# ---- operation: a rule ----

def not_a_rule(name, rule):
    return TypeError(f"{name}: a rule is a function of arrays that returns its output and one "
                     f"gradient for each input, got {describe(rule)}")


def no_gradients(op, returned):
    return TypeError(f"{op.name}: the rule returns only {describe(returned)}; return the output "
                     f"and then one function of g, y and the inputs for each input")


def too_few_gradients(op, gradients, inputs):
    return TypeError(f"{op.name}: the rule returns {len(gradients)} gradients for {len(inputs)} "
                     f"inputs; return the output and then one function of g, y and the inputs for "
                     f"each input")


def tensor_from_a_rule(op):
    return TypeError(f"{op.name}: the rule met a Tensor where it needs a plain array, in x.data or "
                     f"in a setting; use that Tensor's .data, as in w.data - w.grad.data")


def no_composition(op):
    return ValueError(f"{op.name}.unfused: there is no textbook twin to compute it by; pass a "
                      f"function of Tensors, unfused(by=...)")


def from_the_rule(op, error, inputs, settings):
    """An error raised inside a rule, as one that names the op, its inputs and its settings."""
    message = str(error)
    if message.startswith(f"{op.name}: "):
        return error
    for name, value in settings.items():
        if hasattr(value, "requires_grad"):
            return tensor_as_setting(op, name)
    called, _, reason = message.partition("() ")
    if called.rpartition(".")[2] == op.name:  # Python's own words for a call that does not fit
        return wrong_call(op, reason.replace("keyword-only ", ""))
    kinds = (ValueError, IndexError, TypeError)
    kind = next((kind for kind in kinds if isinstance(error, kind)), ValueError)
    if isinstance(error, AttributeError):
        if not any(x is None or isinstance(x, Number) for x in inputs):
            return error  # a mistake in the rule, not in its input
        kind = TypeError
        message = ("this op needs Tensors or arrays, not numbers or None; make one with "
                   "tg.Tensor(2.0)")
    elif "tuple index out of range" in message or "not enough values to unpack" in message:
        message = "an input has fewer axes than this op needs"
    elif "broadcast" in message:
        message = "the shapes do not broadcast: from the last axis on, sizes must be equal or 1"
    given = [_listed(inputs)] if inputs else []
    given += [f"{name}={describe(value) if hasattr(value, 'dtype') else repr(value)}"
              for name, value in settings.items()]
    return kind(f"{op.name}: {message}; got {', '.join(given) or 'nothing'}")


# ---- autograd ----

def recording_is_off():
    return ValueError("grad: create_graph=True records the gradients, which no_grad() prevents; "
                      "call it outside the with block")


def nothing_to_differentiate_by(caller):
    return ValueError(f"{caller}: the list of Tensors to differentiate by is empty")


def not_differentiable_by(caller, x):
    return ValueError(f"{caller}: can only differentiate by Tensors that require grad, got "
                      f"{describe(x)}; make it with tg.Tensor(...), and do not detach it")


def no_graph(caller, y):
    return ValueError(f"{caller}: {describe(y)} has no graph to walk: it was computed from plain "
                      f"arrays, from detached Tensors or inside no_grad(), or it is a gradient "
                      f"taken without create_graph=True")


def cotangent_needed(caller, y):
    return ValueError(f"{caller}: only a Tensor with one element needs no cotangent, this one has "
                      f"shape {y.shape}; reduce it, for example with .sum(), or pass a cotangent g "
                      f"of that shape")


def wrong_cotangent(caller, y, g):
    return ValueError(f"{caller}: the cotangent must have the shape and dtype of {describe(y)}, "
                      f"got {describe(g)}")


def freed_graph(caller):
    return ValueError(f"{caller}: this graph was freed by an earlier backward; run the forward "
                      f"again, or call the first one with retain_graph=True")


def written_since(op, i, x):
    return ValueError(f"backward: input {i} of {op.name}, {describe(x)}, was written by an "
                      f"optimiser after this forward; call backward before step, or run the "
                      f"forward again")


def written_in_place(op, name, array):
    return ValueError(f"backward: {name} of {op.name}, {describe(array)}, was written to in place "
                      f"after this forward, whose gradient needs the old values; write after the "
                      f"backward, or into a copy")


def no_gradient_for(op, i, x):
    return ValueError(f"{op.name}: there is no gradient for input {i}, {describe(x)}; pass an "
                      f"array instead")

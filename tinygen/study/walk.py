"""The walk of tinygen.autograd, one result at a time, for tools that look on. It frees nothing."""
from typing import NamedTuple

from tinygen import errors
from tinygen.autograd import FREED, cotangent, graph, input_gradients
from tinygen.backend import np, xp
from tinygen.check.gradients import draw
from tinygen.nn.module import Module
from tinygen.tensor import Tensor, plain


class Visit(NamedTuple):
    """What the walk does at one result: g has come in whole, and goes on to the inputs.

    gradients and totals hold an array for each input that requires grad, by the input's number: its
    share of this visit, and what has come to it so far.
    """
    tensor: Tensor
    g: object
    gradients: dict
    totals: dict


def walk(nodes, g):
    """Yield a Visit for each of `nodes`, the results behind a y in order of birth, y first.

    g: the cotangent of y. Gradients are added up in the order in which tg.grad adds them, and so
    agree with it bit for bit.
    """
    sums = {id(nodes[-1]): plain(g)}
    for tensor in reversed(nodes):
        g = xp.asarray(sums.pop(id(tensor)))  # NumPy's arithmetic on 0-d arrays gives scalars
        _, inputs, _, _, _ = tensor._origin
        wanted = [i for i, x in enumerate(inputs) if type(x) is Tensor and x.requires_grad]
        gradients = dict(zip(wanted, input_gradients(tensor, g, wanted, create_graph=False)))
        for i, gx in gradients.items():
            key = id(inputs[i])
            sums[key] = sums[key] + gx if key in sums else gx
        yield Visit(tensor, g, gradients, {i: sums[id(inputs[i])] for i in wanted})


def check_compute(caller, compute):
    """Raise TypeError unless compute is a function, and not, say, the loss itself."""
    if not callable(compute):
        raise TypeError(f"{caller}: needs a function that computes the Tensor, since it watches "
                        f"how, got {errors.describe(compute)}; write {caller}(lambda: ...)")


def check_model(caller, model):
    """Raise TypeError unless model is a Module."""
    if not isinstance(model, Module):
        raise TypeError(f"{caller}: the model must be a Module, such as the network that is "
                        f"called, got {errors.describe(model)}")


def recorded(caller, y, g=None):
    """What to walk: all recorded results behind y in order of birth, and y's cotangent.

    Raises TypeError unless y is a Tensor, ValueError if it has no graph, for a graph that was
    freed, and for a cotangent that is missing or does not fit.
    """
    if not isinstance(y, Tensor):
        raise TypeError(f"{caller}: needs one Tensor, such as a loss, got {errors.describe(y)}; "
                        f"pick it out of what the model returns")
    g = cotangent(caller, y, g)
    nodes, _, _ = graph(y)
    if not nodes:  # a leaf requires grad, but was not computed
        raise errors.no_graph(caller, y)
    if any(tensor._origin is FREED for tensor in nodes):
        raise errors.freed_graph(caller)
    return nodes, g


def norm(array):
    """√ Σ x², in float64: in float32 the square of 1e-23 is 0."""
    return float(xp.linalg.norm(array.astype("float64").ravel()))


def any_cotangent(y):
    """A cotangent for a y that needs one: fixed random numbers, since ones hide much of a graph.

    For example, no gradient comes back from the sum of a softmax.
    """
    if not isinstance(y, Tensor) or y.size == 1:
        return None
    return xp.asarray(draw(np.random.default_rng(0), y.shape), dtype=y.dtype)

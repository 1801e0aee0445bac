"""The walk from a result back to what it was computed from, which gives gradients.

Each recorded Tensor knows its op, its inputs and a gradient function for each input. Starting with
the cotangent of the last result, the walk hands each result's cotangent to those functions, and
adds up what arrives at each input: the chain rule, in reverse.
"""
from operator import attrgetter

from tinygen import errors
from tinygen.backend import is_array, xp
from tinygen.operation import mode
from tinygen.ops.shape import alias, sum_to
from tinygen.tensor import Tensor, plain, result

FREED = (None, (), {}, (), None)  # the origin of a result whose graph has been consumed


def grad(y, xs, g=None, *, create_graph=False, retain_graph=None):
    """Gradient of <g, y> by each of xs: a Tensor for a Tensor, a list for a sequence of them.

    g: cotangent of y's shape, may be left out if y has one element. create_graph: record the
    gradients, so that they can be differentiated in turn. retain_graph: keep y's graph (default:
    as create_graph). Where y does not depend on an x, the gradient is zero. Only what lies between
    y and xs is computed; `.grad` is left alone.
    Raises ValueError if y has no graph, for a cotangent that is missing or does not fit, and for
    create_graph inside no_grad().
    """
    if create_graph and not mode.recording:
        raise errors.recording_is_off()
    targets = _targets("grad", xs)
    g = cotangent("grad", y, g)
    g = alias(g) if create_graph else plain(g)
    retain_graph = create_graph if retain_graph is None else retain_graph
    _, grads = _walk(y, g, targets, create_graph, retain_graph)
    results = []
    for x in targets:
        gx = grads.get(id(x))
        if gx is None:
            gx = xp.zeros_like(x.data)
        if not isinstance(gx, Tensor):
            gx = result(xp.asarray(gx))  # NumPy's arithmetic on 0-d arrays gives scalars
        # A constant gradient still has a derivative, which is zero: it becomes a leaf.
        gx.requires_grad = create_graph
        results.append(gx)
    return results[0] if isinstance(xs, Tensor) else results


def backward(y, g, inputs, retain_graph):
    """What Tensor.backward does."""
    g = plain(cotangent("backward", y, g))
    targets = () if inputs is None else _targets("backward", inputs)
    leaves, grads = _walk(y, g, targets, False, retain_graph)
    for x in {id(x): x for x in targets or leaves}.values():
        if id(x) in grads:
            new = grads[id(x)]
            x.grad = result(xp.asarray(new if x.grad is None else x.grad.data + new))


def _walk(y, g, targets, create_graph, retain_graph):
    """Carry the cotangent g from y back to `targets`, or to every leaf if there are none.

    Returns the leaves and the gradients, {id of Tensor: array or Tensor}.
    """
    nodes, leaves, found = graph(y)
    targets = {id(x) for x in targets}
    on_the_way = _between(nodes, targets) if targets else found
    grads = {id(y): g}
    while nodes:
        tensor = nodes.pop()  # often the last reference, so that memory is freed on the way
        key = id(tensor)
        g = grads.get(key) if key in targets else grads.pop(key, None)
        if g is None:
            continue
        if tensor._origin is FREED:
            raise errors.freed_graph("backward")
        if not create_graph:
            g = xp.asarray(g)  # NumPy's arithmetic on 0-d arrays gives scalars
        _, inputs, _, _, _ = tensor._origin
        wanted = [i for i, x in enumerate(inputs) if id(x) in on_the_way]
        if not wanted:
            continue  # a target: what it was computed from stays for a later walk
        for i, gx in zip(wanted, input_gradients(tensor, g, wanted, create_graph)):
            key = id(inputs[i])
            grads[key] = grads[key] + gx if key in grads else gx
        if not retain_graph:
            tensor._origin = FREED
    return leaves, grads


def graph(y):
    """All recorded results behind y, y last; the leaves; and the ids of both."""
    nodes, leaves, stack, found = [], [], [y], {id(y)}
    while stack:
        tensor = stack.pop()
        if tensor._origin is None:
            leaves.append(tensor)
            continue
        nodes.append(tensor)
        _, inputs, _, _, _ = tensor._origin
        for x in inputs:
            if type(x) is Tensor and x.requires_grad and id(x) not in found:
                found.add(id(x))
                stack.append(x)
    # Inputs are born before results: sorting by birth is a topological order, without recursion.
    nodes.sort(key=attrgetter("_birth"))
    return nodes, leaves, found


def _between(nodes, targets):
    """The ids of the targets and of the results that were computed from them."""
    dependent = set(targets)
    for tensor in nodes:
        _, inputs, _, _, _ = tensor._origin
        # What a freed result was computed from is unknown: it counts, and the walk raises there.
        if tensor._origin is FREED or any(id(x) in dependent for x in inputs):
            dependent.add(id(tensor))
    return dependent


def input_gradients(tensor, g, wanted, create_graph):
    """Gradients for the inputs numbered `wanted` of the op that made `tensor`.

    Each comes in its input's shape and dtype: no op has to see to that itself.
    """
    op, inputs, settings, gradients, textbook = tensor._origin
    for i, x in enumerate(inputs):
        if type(x) is Tensor and x._birth > tensor._birth:
            raise errors.written_since(op, i, x)
    if create_graph and textbook:
        # A fused gradient computes on captured arrays and can't be recorded: differentiate the
        # twin. Its inputs are renamed, so that the walk ends at them even where one of them was
        # computed from another.
        twins = [alias(x) if isinstance(x, Tensor) else x for x in inputs]
        y = textbook(*twins, **settings)
        return grad(y, [twins[i] for i in wanted], g, create_graph=True)

    y = tensor if create_graph else tensor.data
    values = inputs if create_graph else [x.data if type(x) is Tensor else x for x in inputs]
    results = []
    for i in wanted:
        x = inputs[i]
        if gradients[i] is None:
            raise errors.no_gradient_for(op, i, x)
        gx = gradients[i](g, y, *values)
        if gx.shape != x.data.shape:
            gx = sum_to(gx, shape=x.data.shape)  # x was broadcast: its uses add up
        if gx.dtype != x.data.dtype:
            gx = gx.astype(x.data.dtype)
        if mode.called_at is not None:
            op.reject_nan(plain(gx), f"gradient for input {i}", inputs,
                          mode.called_at.get(id(tensor)))
        results.append(gx)
    return results


# ---- checks ----

def _targets(caller, xs):
    """What to differentiate by, one Tensor or a sequence of them, as a list."""
    one = isinstance(xs, Tensor) or is_array(xs) or not hasattr(xs, "__iter__")
    targets = [xs] if one else list(xs)
    if not targets:
        raise errors.nothing_to_differentiate_by(caller)
    for x in targets:
        if not isinstance(x, Tensor) or not x.requires_grad:
            raise errors.not_differentiable_by(caller, x)
    return targets


def cotangent(caller, y, g):
    """What a walk starts from, checked against y."""
    if not isinstance(y, Tensor) or not y.requires_grad:
        raise errors.no_graph(caller, y)
    if g is None:
        if y.data.size != 1:
            raise errors.cotangent_needed(caller, y)
        return xp.ones_like(y.data)
    data = plain(g)
    if not is_array(data) or data.shape != y.shape or data.dtype != y.dtype:
        raise errors.wrong_cotangent(caller, y, g)
    return g

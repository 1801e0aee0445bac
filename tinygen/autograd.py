"""The walk from a result back to what it was computed from, which gives gradients.

Each recorded Tensor knows its op, its inputs and a gradient function for each input. Starting with
the cotangent of the last result, the walk hands each result's cotangent to those functions, and
adds up what arrives at each input: the chain rule, in reverse.
"""
from operator import attrgetter

from tinygen.backend import is_array, xp
from tinygen.operation import mode
from tinygen.ops.shape import alias, sum_to
from tinygen.tensor import Tensor, describe, plain, result

FREED = (None, (), {}, (), None)  # the origin of a result whose graph has been consumed


def grad(y, xs, g=None, *, create_graph=False, retain_graph=None):
    """Gradient of <g, y> by each of xs: a Tensor for a Tensor, a list for a sequence of them.

    g: cotangent of y's shape, may be left out where y has one element. create_graph: record the
    gradients, so that they can be differentiated in turn. retain_graph: keep y's graph (default:
    as create_graph). Where y does not depend on an x, the gradient is zero. Only what lies between
    y and xs is computed; `.grad` is left alone.
    Raises ValueError where y has no graph, for a cotangent that is missing or does not fit, and
    for create_graph inside no_grad().
    """
    if create_graph and not mode.recording:
        raise ValueError("grad: create_graph=True records the gradients, and no_grad() keeps that "
                         "from being done; call it outside")
    targets = _targets("grad", xs)
    g = _cotangent("grad", y, g)
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


def backward(y, g=None, *, inputs=None, retain_graph=False):
    """Add the gradient of <g, y> to `x.grad` of every leaf x that y was computed from.

    g: cotangent of y's shape, an array or a Tensor; may be left out where y has one element.
    inputs: only these Tensors get a gradient, and only what lies between y and them is computed, as
    when one of two networks is trained through the other. retain_graph: keep the graph for a second
    backward instead of freeing it on the way.
    Raises ValueError without a graph, for a freed graph, and for a cotangent that is missing or
    does not fit.
    """
    g = plain(_cotangent("backward", y, g))
    targets = () if inputs is None else _targets("backward", inputs)
    leaves, grads = _walk(y, g, targets, False, retain_graph)
    for x in {id(x): x for x in targets or leaves}.values():
        if id(x) in grads:
            new = grads[id(x)]
            x.grad = result(xp.asarray(new if x.grad is None else x.grad.data + new))


Tensor.backward = backward


def _walk(y, g, targets, create_graph, retain_graph):
    """Carry the cotangent g from y back to `targets`, or to every leaf if there are none.

    Returns the leaves and the gradients, {id of Tensor: array or Tensor}.
    """
    # All recorded results behind y. Inputs are born before results, so that sorting by birth is a
    # topological order, and no recursion is needed.
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

    targets = {id(x) for x in targets}
    if targets:  # then only what lies between y and them
        needed = set(targets)
        for tensor in nodes:  # what a freed one led to is unknown: it counts, and raises below
            if tensor._origin is FREED or any(id(x) in needed for x in tensor._origin[1]):
                needed.add(id(tensor))

    grads = {id(y): g}
    while nodes:
        tensor = nodes.pop()  # often the last reference, so that memory is freed on the way
        key = id(tensor)
        g = grads.get(key) if key in targets else grads.pop(key, None)
        if g is None or key not in needed:
            continue
        if tensor._origin is FREED:
            raise ValueError("backward: this graph was freed by an earlier backward; run the "
                             "forward again, or call the first one with retain_graph=True")
        if not create_graph:
            g = xp.asarray(g)  # NumPy's arithmetic on 0-d arrays gives scalars
        inputs = tensor._origin[1]
        wanted = [i for i, x in enumerate(inputs)
                  if type(x) is Tensor and x.requires_grad and id(x) in needed]
        if not wanted:
            continue  # a target: what it was computed from stays for a later walk
        for i, gx in zip(wanted, _input_gradients(tensor, g, wanted, create_graph)):
            key = id(inputs[i])
            grads[key] = grads[key] + gx if key in grads else gx
        if not retain_graph:
            tensor._origin = FREED
    return leaves, grads


def _input_gradients(tensor, g, wanted, create_graph):
    """Gradients for the inputs numbered `wanted` of the op that made `tensor`.

    Each comes in its input's shape and dtype: no op has to see to that itself.
    """
    op, inputs, settings, gradients, textbook = tensor._origin
    for i, x in enumerate(inputs):
        if type(x) is Tensor and x._birth > tensor._birth:
            raise ValueError(f"backward: input {i} of {op.name}, {describe(x)}, was written by an "
                             f"optimiser after this forward; call backward before step, or run "
                             f"the forward again")
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
            raise ValueError(f"{op.name}: there is no gradient for input {i}, {describe(x)}; pass "
                             f"an array instead")
        gx = gradients[i](g, y, *values)
        if gx.shape != x.data.shape:
            gx = sum_to(gx, shape=x.data.shape)  # x was broadcast: its uses add up
        if gx.dtype != x.data.dtype:
            gx = gx.astype(x.data.dtype)
        if mode.reject_nan:
            op.reject_nan(plain(gx), f"gradient for input {i}", inputs)
        results.append(gx)
    return results


def _targets(caller, xs):
    """What to differentiate by: one Tensor or a sequence of them, as a list."""
    targets = [xs] if isinstance(xs, Tensor) else list(xs)
    if not targets:
        raise ValueError(f"{caller}: the list of Tensors to differentiate by is empty")
    for x in targets:
        if not isinstance(x, Tensor) or not x.requires_grad:
            raise ValueError(f"{caller}: can only differentiate by Tensors that require grad, got "
                             f"{describe(x)}; make it with tg.Tensor(...), and do not detach it")
    return targets


def _cotangent(caller, y, g):
    """What a walk starts from, checked against y."""
    if not isinstance(y, Tensor) or not y.requires_grad:
        raise ValueError(f"{caller}: {describe(y)} has no graph to walk: it was computed from "
                         f"plain arrays, from detached Tensors or inside no_grad(), or is a "
                         f"gradient taken without create_graph=True")
    if g is None:
        if y.data.size != 1:
            raise ValueError(f"{caller}: only a one-element Tensor has a gradient of its own, this "
                             f"one has shape {y.shape}; reduce it, say by .sum(), or pass the "
                             f"cotangent g of that shape")
        return xp.ones_like(y.data)
    data = plain(g)
    if not is_array(data) or data.shape != y.shape or data.dtype != y.dtype:
        raise ValueError(f"{caller}: the cotangent must have the shape and dtype of {describe(y)}, "
                         f"got {describe(g)}")
    return g

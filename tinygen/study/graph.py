"""trace: the graph of a computation, each op with its module and the gradient that reaches it."""
import inspect
from dataclasses import dataclass
from typing import NamedTuple

from tinygen.backend import is_array, np, to_numpy
from tinygen.nn.module import watched_calls
from tinygen.study.walk import any_cotangent, check_compute, check_model, norm, recorded, walk
from tinygen.tensor import Tensor


def trace(compute, model=None):
    """Run compute(), which returns one Tensor, such as a loss -> the Graph of what it did.

    model: the Module to name parts by; default: the one that is called. It is called as in one
    step of training, running statistics included. The gradients are those of a walk of its own,
    which leaves `.grad` alone and the graph as it is; where the result is not one number, they are
    of <g, result> for a random g. Raises TypeError or ValueError for a result that is no Tensor,
    or that has no graph, and for a model that was not called.
    """
    check_compute("trace", compute)
    if model is not None:
        check_model("trace", model)
    with watched_calls() as calls:
        y = compute()
    tensors, g = recorded("trace", y, any_cotangent(y))
    calls = sorted(calls, key=lambda call: call.start)
    parents = innermost(calls, [call.start for call in calls])
    names = Names(_roots(calls, parents, model))
    norms = {}
    for visit in walk(tensors, g):
        norms[id(visit.tensor)] = norm(visit.g)
        _, inputs, _, _, _ = visit.tensor._origin
        norms.update((id(inputs[i]), norm(total)) for i, total in visit.totals.items()
                     if inputs[i]._origin is None)

    calls_of_nodes = innermost(calls, [tensor._birth for tensor in tensors])
    numbers = {id(tensor): number for number, tensor in enumerate(tensors)}
    nodes = []
    for number, (tensor, call) in enumerate(zip(tensors, calls_of_nodes)):
        op, inputs, settings, _, _ = tensor._origin
        nodes.append(Node(
            number, op.name, tensor.shape, str(tensor.dtype),
            "" if call is None else names.module(calls[call].module), call,
            [names.input(x, numbers) for x in inputs], settings_text(op, settings),
            norms[id(tensor)]))
    leaves = [Leaf(x.shape, str(x.dtype), norms.get(id(x))) for x in names.leaves.values()]
    return Graph(nodes, leaves, [
        ModuleCall(names.module(call.module), type(call.module).__name__, parent,
                   sum(p.size for p in call.module.parameters()))
        for call, parent in zip(calls, parents)])


class Input(NamedTuple):
    """What an op was given: the result of node number `node`, or else something from outside.

    name: a parameter's path, "leaf 0", an array's dtype, or a number as it is written. leaf: the
    number of the leaf.
    """
    node: int | None
    name: str
    shape: tuple | None
    leaf: int | None = None


@dataclass
class Node:
    """One recorded op. gradient: the norm of its output's cotangent ȳ."""
    number: int
    op: str
    shape: tuple
    dtype: str
    module: str        # the path of the innermost module that called it; "" for none
    call: int | None   # which of the graph's calls that was
    inputs: list       # of Input
    settings: str      # as they would be written: "axis=0"
    gradient: float


class Leaf(NamedTuple):
    """A Tensor that was not computed and is no parameter; None: no gradient reaches it."""
    shape: tuple
    dtype: str
    gradient: float | None


class ModuleCall(NamedTuple):
    """One call of a module, inside the call number `parent`, or outside of all."""
    path: str
    kind: str
    parent: int | None
    parameters: int


@dataclass
class Graph:
    """The ops of a computation in the order in which they ran, and the calls of modules."""
    nodes: list   # of Node
    leaves: list  # of Leaf
    calls: list   # of ModuleCall

    def __str__(self):
        rows = [("", "op", "module", "output", "|gradient|", "inputs and settings")]
        rows += [(str(node.number), node.op, node.module, str(node.shape), f"{node.gradient:.3g}",
                  given_text(node)) for node in self.nodes]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = [f"{number:>{widths[0]}}  {op:{widths[1]}}  {module:{widths[2]}}  "
                 f"{shape:{widths[3]}}  {norm:>{widths[4]}}  {inputs}".rstrip()
                 for number, op, module, shape, norm, inputs in rows]
        modules = len({node.call for node in self.nodes} - {None})
        return "\n".join([*lines, f"{len(self.nodes)} ops in {modules} calls of modules"])

    def __repr__(self):
        return f"Graph({len(self.nodes)} ops)"

    def draw(self, path=None, fold=None):
        """The graph as a figure, from top to bottom -> a matplotlib Figure.

        A module is a frame around its ops. fold: modules deeper than this are one box, and 0 makes
        one of the whole model; default: as deep as 40 boxes allow. A box says what it computes, the
        shape of its output, and by its colour the norm of the gradient there. path: a file to
        write, such as "graph.png". Raises ValueError for ops outside modules that are too many.
        """
        import tinygen.study.graph_figure as figure  # made of Graphs, and imports matplotlib
        return figure.draw_graph(self, path, fold)


class Names:
    """What modules and parameters are called: their paths, behind the model's type if several.

    leaves: the other Tensors that turned up, in their order.
    """

    def __init__(self, models):
        self.modules, self.parameters, self.leaves = {}, {}, {}
        for root in models:
            kind = type(root).__name__
            prefix = "" if len(models) == 1 else kind + "."
            for path, module in root.named_modules():
                self.modules.setdefault(id(module), prefix + path if path else kind)
            for path, p in root.named_parameters():
                self.parameters.setdefault(id(p), prefix + path)

    def module(self, module):
        return self.modules.get(id(module), type(module).__name__)

    def input(self, x, numbers):
        """What an op was given, as an Input. numbers: {id of a recorded Tensor: its number}"""
        if id(x) in numbers:
            return Input(numbers[id(x)], "", x.shape)
        if id(x) in self.parameters:
            return Input(None, self.parameters[id(x)], x.shape)
        if isinstance(x, Tensor):
            self.leaves.setdefault(id(x), x)
            number = list(self.leaves).index(id(x))
            return Input(None, f"leaf {number}", x.shape, number)
        if hasattr(x, "shape"):
            return Input(None, str(x.dtype), x.shape)
        return Input(None, f"{x:g}" if isinstance(x, float) else repr(x), None)


def _roots(calls, parents, model):
    """The models to name parts by: this one, or all that were not called by another."""
    if model is None:
        return list({id(call.module): call.module
                     for call, parent in zip(calls, parents) if parent is None}.values())
    if not {id(module) for _, module in model.named_modules()} & {id(c.module) for c in calls}:
        raise ValueError(f"trace: compute() called no module of this {type(model).__name__}; give "
                         f"the model that it runs")
    return [model]


def innermost(calls, births):
    """For each of `births`, which ascend, the number of the innermost of the calls around it.

    calls: sorted by their start; one is inside another, or they do not overlap. None: no call.
    """
    found, begun, upcoming = [], [], 0
    for birth in births:
        while upcoming < len(calls) and calls[upcoming].start < birth:
            begun.append(upcoming)
            upcoming += 1
        while begun and calls[begun[-1]].end < birth:
            begun.pop()
        found.append(begun[-1] if begun else None)
    return found


def given_text(node, nodes=True, lines=()):
    """Inputs and settings as text: the numbers of nodes, unless left out, and no leaves whose
    numbers are in `lines`; parameters by the last part of their path where the module owns them."""
    parts = []
    for x in node.inputs:
        if x.node is None and x.name != "None" and x.leaf not in lines:
            name = x.name.removeprefix(node.module + ".")
            parts.append(name if x.shape is None else f"{name} {x.shape}")
        elif x.node is not None and nodes:
            parts.append(str(x.node))
    return ", ".join(filter(None, [*parts, node.settings]))


def settings_text(op, settings):
    """Settings as they would be written; those that have their default are left out."""
    defaults = {name: parameter.default
                for name, parameter in inspect.signature(op.rule).parameters.items()}
    return ", ".join(f"{name}={_setting_text(value)}" for name, value in settings.items()
                     if is_array(value) or value != defaults.get(name))


def _setting_text(value):
    if isinstance(value, tuple):
        items = ", ".join(map(_setting_text, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, slice):
        ends = ["" if end is None else str(end) for end in (value.start, value.stop)]
        return ":".join(ends if value.step is None else [*ends, str(value.step)])
    if is_array(value):
        small = value.size <= 6
        return str(to_numpy(value).tolist()) if small else f"{value.dtype} {value.shape}"
    return "..." if value is Ellipsis else str(value) if isinstance(value, np.dtype) \
        else repr(value)

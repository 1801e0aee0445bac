"""A graph as nested boxes: an op is a box, a module a frame around its boxes, or a box when folded.

So is a leaf that several ops use. Its number counts as a node's: -1 for leaf 0, -2 for leaf 1.
"""
from dataclasses import dataclass, field

from tinygen.study.graph import given_text

MOST = 40  # boxes in a figure, unless the caller says how deep to fold


@dataclass(eq=False)
class Box:
    """An op, a folded module, or a frame with boxes inside; what stands in it, and where it is.

    title, text and below: what stands in it, first in bold, then beside that, then lines below.
    nodes: the numbers of all ops in it. gradient: the norm at the output of the last one. x and y:
    the left end and the top; in a frame, `children` count from there. entries and exits: where the
    lines of a node's result enter at the top and leave at the bottom, {node: distance from x}.
    lines: those between the children, each as its corners and whether an arrow ends it.
    """
    title: str
    text: str
    below: list
    nodes: list
    gradient: float
    children: list = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    entries: dict = field(default_factory=dict)
    exits: dict = field(default_factory=dict)
    lines: list = field(default_factory=list)

    def leaves(self):
        """The boxes that are no frames."""
        return [leaf for child in self.children for leaf in child.leaves()] or [self]


def boxes(graph, fold=None):
    """The whole graph as one frame. fold: as in Graph.draw."""
    if fold is not None:
        return _Folding(graph, fold).whole()
    whole = None
    for fold in range(_Folding(graph, 0).deepest(), -1, -1):
        whole = _Folding(graph, fold).whole()
        if len(whole.leaves()) <= MOST:
            return whole
    raise ValueError(f"draw: {len(whole.leaves())} boxes are left with every module folded, and a "
                     f"figure has at most {MOST}; put parts of the computation into Modules, or "
                     f"give fold=0 to draw them all")


class _Folding:
    def __init__(self, graph, fold):
        self.graph, self.fold = graph, fold
        uses = [given.leaf for node in graph.nodes for given in node.inputs]
        self.shared = {leaf for leaf in range(len(graph.leaves)) if uses.count(leaf) > 1}
        self.inside = {}  # call -> the numbers of its nodes and its calls, in order
        self.nodes = {call: [] for call in range(len(graph.calls))}  # and of all below
        for node in graph.nodes:
            self.inside.setdefault(node.call, []).append((node.number, None))
            for call in self.path_to(node.call):
                if not self.nodes[call]:
                    self.inside.setdefault(graph.calls[call].parent, []).append((None, call))
                self.nodes[call].append(node.number)

    def path_to(self, call):
        """The calls from this one outwards."""
        while call is not None:
            yield call
            call = self.graph.calls[call].parent

    def deepest(self):
        return max((len(list(self.path_to(node.call))) for node in self.graph.nodes))

    def whole(self):
        whole = self.frame(None, "", "", "", 0)
        for leaf in sorted(self.shared, reverse=True):
            shape, _, gradient = self.graph.leaves[leaf]
            box = Box(f"leaf {leaf}", str(shape), [], [-1 - leaf], gradient or 0.0)
            whole.children.insert(0, box)
        return whole

    def frame(self, call, title, kind, path, depth):
        """The box of a call, or of all (None), with its path."""
        children = [self.op(number, path) if below is None else self.module(below, path, depth + 1)
                    for number, below in self.inside[call]]
        nodes = [number for child in children for number in child.nodes]
        return Box(title, kind, [], nodes, self.graph.nodes[nodes[-1]].gradient, children)

    def module(self, call, around, depth):
        path, kind, _, parameters = self.graph.calls[call]
        nodes = [self.graph.nodes[number] for number in self.nodes[call]]
        if len(nodes) == 1:
            return self.op(nodes[0].number, around)
        title = path.removeprefix(around + ".")
        if depth > self.fold:
            return Box(title, f"{kind} {nodes[-1].shape}".removeprefix(title + " "),
                       [f"{len(nodes)} ops, {parameters:,} parameters"], self.nodes[call],
                       nodes[-1].gradient)
        return self.frame(call, title, kind if kind != title else "", path, depth)

    def op(self, number, around):
        """An op's box; if it is a module's only one, under the module's name."""
        node = self.graph.nodes[number]
        named = node.module != around
        below = given_text(node, nodes=False, lines=self.shared)
        return Box(node.module.removeprefix(around + ".") if named else node.op,
                   f"{node.op} {node.shape}" if named else str(node.shape),
                   [below] if below and below != f"shape={node.shape}" else [], [number],
                   node.gradient)

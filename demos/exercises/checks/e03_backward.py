"""03 backward: the walk from a result to all that it was computed from, GPT's among them."""
import re
from unittest.mock import patch

from demos.exercises.exercise import Case, Edit, Wrong, what_is
from demos.exercises.swap import GPT
from tinygen import autograd
from tinygen.backend import np
from tinygen.tensor import Tensor

KIND = "N"
ANSWER = "backward"
MODEL = GPT._replace(counts=("forward",))
HINTS = (
    "Two walks, each with a list from which you pop a node and to which you append others: the "
    "first counts how often each node occurs among the inputs of others, the second pulls.",
    "Second walk: begin with grads = {y: g} and ready = [y]. Pull what you pop, add each share to "
    "grads, and count its uses down.",
    "for x, gx in zip(node.inputs, node.pull(grads[node])): add gx to grads[x] if there is one, "
    "else grads[x] = gx; uses[x] -= 1; and if that is 0, ready.append(x).",
)


def recursive(y, g):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for x in node.inputs:
                visit(x)
            order.append(node)
    visit(y)
    grads = {y: g}
    for node in reversed(order):
        for x, gx in zip(node.inputs, node.pull(grads[node])):
            grads[x] = grads[x] + gx if x in grads else gx
    return grads


def early(next_one):
    def backward(y, g):
        grads, waiting = {y: g}, [y]
        while waiting:
            node = waiting.pop(next_one)
            for x, gx in zip(node.inputs, node.pull(grads[node])):
                if x not in grads:
                    waiting.append(x)
                grads[x] = grads[x] + gx if x in grads else gx
        return grads
    return backward


EARLY = ("You pulled a node before all its users had handed back their share; what came later "
         "never reached its inputs.")
MISTAKES = (
    ("You recursed, and a graph may be deeper than Python lets functions call themselves. Keep a "
     "list of nodes to visit, and loop.", recursive),
    (EARLY, early(0)),
    (EARLY, early(-1)),
    ("You overwrote the gradient of a node that is used twice: its shares add up.",
     Edit("grads[x] + gx if x in grads else gx", "gx")),
    ("You began with 1; the gradient by y is g.", Edit("{y: g}", "{y: 1}")),
    ("You added in place (+=) to an array that another node has as its gradient, too. Make a new "
     "one: grads[x] = grads[x] + gx.",
     Edit("            grads[x] = grads[x] + gx if x in grads else gx\n",
          "            if x in grads:\n                grads[x] += gx\n"
          "            else:\n                grads[x] = gx\n")),
)

# Sums of what stood before, with weights; the last name is y.
GRAPHS = (
    "y = 2x", "a = 2x; y = 3a", "y = 2x + 3x", "a = x; y = a + b", "a = 2x; b = 3a; y = 4a + b",
    "a = 2x; b = 3a; y = b + 4a", "a = x; b = x + a; y = b + a", "a = x + z; b = a + z; y = b + a",
    "a = Wx + Wz; b = Wa + Wz; c = Wa + Wb; y = Wx + Wc + Wa",
    "a = Wx; b = Wa + Wx; c = Wb + Wa; d = Wc + Wb; e = Wd + Wc; y = We + Wd + Wa",
    "a = Wx; b = Wa + Wz; c = Wb + Wa + Wb; d = Wz + Wc; y = Wc + Wd + Wd",
)


def cases(rng):
    def case(graph, dtype="float64"):
        graph = re.sub("W", lambda found: str(rng.integers(2, 10)), graph)
        return Case(g=rng.normal(size=3).round(1).astype(dtype), graph=graph)

    return [Case(g=np.array(1.0), graph="a = 2x; b = 3x; y = a + 4b"), *map(case, GRAPHS),
            case(GRAPHS[-1], "float32"),
            Case(g=np.array([2.0, -1.0]), graph="a chain", length=5000)]


def program(case):
    """[(name, [(weight, name of an input), ...]), ...], inputs first."""
    if case.graph == "a chain":
        names = ["x", *(f"n{i}" for i in range(1, case.length)), "y"]
        return [(name, [(1, before)]) for before, name in zip(names, names[1:])]
    return [(name, [(int(weight or 1), x) for weight, x in re.findall(r"(\d*)([a-z]\w*)", terms)])
            for name, terms in (line.split(" = ") for line in case.graph.split("; "))]


def asked(case):
    """The names to be asked for, y first."""
    if case.graph == "a chain":
        return ["y", "x"]
    return list(dict.fromkeys(x for name, terms in reversed(program(case))
                              for x in (name, *(x for _, x in terms))))


class Node:
    """What the answer walks along."""

    def __init__(self, name, inputs=(), shares=None):
        self.name, self.inputs, self.shares, self.pulled = name, tuple(inputs), shares, False

    def pull(self, g):
        if self.pulled and self.inputs:
            raise Wrong(f"You pulled {self.name} twice. Once is enough, when all its users have "
                        f"handed back their share: then their sum goes on.")
        self.pulled = True
        return self.shares(g) if self.inputs else ()

    def __repr__(self):
        return f"<node {self.name}>"


def ask(answer, case):
    nodes = {}
    for name, terms in program(case):
        for _, x in terms:
            nodes.setdefault(x, Node(x))
        weights = [weight for weight, _ in terms]
        nodes[name] = Node(name, [nodes[x] for _, x in terms], lambda g, weights=weights: tuple(
            g if weight == 1 else weight * g for weight in weights))
    grads = answer(nodes["y"], case.g)
    if not isinstance(grads, dict):
        raise Wrong(f"backward is to return a dict {{node: gradient}}; yours returned "
                    f"{what_is(grads)}.")
    for name in asked(case):
        if nodes[name] not in grads:
            raise Wrong(f"Your dict has no gradient by {name}.")
        gradient = grads[nodes[name]]
        yield f"gradient by {name}", float(gradient) if type(gradient) is int else gradient


def expected(case):
    """All is linear: y changes by as much as it is when one node is 1 and all leaves are 0."""
    def change(moved):
        values = {moved: 1.0}
        for name, terms in program(case):
            if name != moved:
                values[name] = sum(weight * values.get(x, 0.0) for weight, x in terms)
        return values["y"]
    return {f"gradient by {name}": change(name) * case.g for name in asked(case)}


def swap(answer, calls):
    kept = autograd._walk

    def walk(y, g, targets, create_graph, retain_graph):
        if create_graph:  # pull gives arrays, which have no history
            return kept(y, g, targets, create_graph, retain_graph)
        recorded, leaves, _ = autograd.graph(y)
        nodes = {id(leaf): Node("a leaf") for leaf in leaves}
        for tensor in recorded:  # each after its inputs
            op, inputs, _, _, _ = tensor._origin
            wanted = [i for i, x in enumerate(inputs) if type(x) is Tensor and x.requires_grad]
            nodes[id(tensor)] = Node(
                f"the result of {op.name}", [nodes[id(inputs[i])] for i in wanted],
                lambda g, tensor=tensor, wanted=wanted: tuple(
                    autograd.input_gradients(tensor, np.asarray(g), wanted, False)))
        grads = calls.forward(answer, nodes[id(y)], g)
        asked_for = [x for x in [*leaves, *targets] if id(x) in nodes]
        return leaves, {id(x): calls.fits("A gradient", grads.get(nodes[id(x)]), like=x)
                        for x in asked_for}
    return [patch.object(autograd, "_walk", walk)]

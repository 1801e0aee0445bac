"""03 backward   ★★   30 minutes

    x̄ = Σ of what each use of x hands back           the chain rule

    backward(y, g)    y a node, g the gradient by y -> {node: gradient by node}, a dict with all
                      nodes that y was computed from, and y itself

    node.inputs       the nodes that it was computed from, a tuple: () for a leaf
    node.pull(g)      given g, the whole gradient by node -> a tuple, a share for each of its inputs

Given: a class Node, whose nodes are weighted sums of their inputs, and example(), the y of the
graph below, to try things out with; `check` brings nodes of its own. To write: backward. A node may
be used several times: its shares add up, and only when the last of them has come is the node
pulled, once. One way: first count how often each node is used. Graphs may be 5,000 nodes deep, so
keep a list of what is left to do; a function that calls itself would go too deep. Gradients are
numbers or arrays. pull may hand the same array to several inputs: don't write into it. Not allowed:
tinygen.

By hand: a = 2x, b = 3x, y = a + 4b, a diamond, and g = 1. y hands 1 to a and 4 to b. a hands 2·1 to
x, b hands 3·4: together 14. The answer is {y: 1, a: 1, b: 4, x: 14}, in any order.

    python -m demos exercises check 03
"""


class Node:
    def __init__(self, *inputs, weights=()):
        self.inputs, self.weights = inputs, weights

    def pull(self, g):
        return tuple(weight * g for weight in self.weights)


def example():
    x = Node()
    a, b = Node(x, weights=(2,)), Node(x, weights=(3,))
    return Node(a, b, weights=(1, 4))


def backward(y, g):
    # ---- answer
    # How often is each node used?
    uses, stack = {y: 0}, [y]
    while stack:
        for x in stack.pop().inputs:
            if x not in uses:
                uses[x] = 0
                stack.append(x)
            uses[x] += 1

    # A node is ready when all its uses have handed back their share.
    grads, ready = {y: g}, [y]
    while ready:
        node = ready.pop()
        for x, gx in zip(node.inputs, node.pull(grads[node])):
            grads[x] = grads[x] + gx if x in grads else gx
            uses[x] -= 1
            if uses[x] == 0:
                ready.append(x)
    return grads
    # ---- end

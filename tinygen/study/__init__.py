"""Looking inside: what a computation is made of, how its gradients come about, where signals fade.

    from tinygen import study

walk     the walk of tinygen.autograd, one result at a time, freeing nothing
graph    trace: the graph of a computation, to print and to draw
steps    backward_steps: the backward pass op by op, with source, numbers and finite differences
flow     flow: how signals and gradients go through a model's modules, what a step changes
boxes    a graph as nested boxes: modules and ops
layout   where the boxes and the lines between them go
figures  the figures of graph and flow

Nothing here is imported by `import tinygen`, and matplotlib only where something is drawn.
"""
from tinygen.study.flow import flow
from tinygen.study.graph import trace
from tinygen.study.steps import backward_steps

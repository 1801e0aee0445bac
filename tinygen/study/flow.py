"""flow: how signals go forward through a model's modules, and gradients back through them."""
from dataclasses import dataclass
from typing import NamedTuple

from tinygen.backend import xp
from tinygen.nn.module import watched_calls
from tinygen.study.graph import Names
from tinygen.study.walk import any_cotangent, check_compute, check_model, norm, recorded, walk
from tinygen.tensor import Tensor, result

# Where sigmoid and tanh are as good as flat: there the slope is below 4 % of the steepest.
FLAT = {"sigmoid": (0.01, 0.99), "tanh": (-0.98, 0.98)}


def flow(compute, model, optimizer=None):
    """Run compute(), which returns one Tensor, such as a loss -> a Flow: print it, or draw it.

    It is called as in one step of training, running statistics included. optimizer: to say how far
    its next step would move each parameter, relative to its size; the step is taken back. Neither
    the model nor `.grad` nor the optimizer changes. Raises TypeError or ValueError for a result
    that is no Tensor, or that has no graph, for a model that was not called, and for an optimizer
    of other parameters.
    """
    check_compute("flow", compute)
    check_model("flow", model)
    with watched_calls() as calls:
        y = compute()
    tensors, g = recorded("flow", y, any_cotangent(y))
    paths = {id(module): path for path, module in model.named_modules()}
    calls = [call for call in calls if id(call.module) in paths]
    if not calls:
        raise ValueError(f"flow: compute() called no module of this {type(model).__name__}; give "
                         f"the model that it runs")

    names, outputs = Names([model]), {}  # id -> output and call, the innermost one that returns it
    for call in calls:
        for output in call.outputs:
            if isinstance(output, Tensor):
                outputs.setdefault(id(output), (output, call))
    cotangents, gradients = {}, {}
    for visit in walk(tensors, g):
        _, inputs, _, _, _ = visit.tensor._origin
        if id(visit.tensor) in outputs:
            cotangents[id(visit.tensor)] = visit.g
        gradients.update((id(inputs[i]), total) for i, total in visit.totals.items()
                         if inputs[i]._origin is None)

    modules = [ModuleFlow(names.module(call.module), type(call.module).__name__, output.shape,
                          _spread(output.data, _limits(output)),
                          _spread(cotangents[key]) if key in cotangents else None)
               for key, (output, call) in outputs.items()]
    used = [(path, p) for path, p in model.named_parameters() if id(p) in gradients]
    updates = _updates(optimizer, used, gradients) if optimizer else [None] * len(used)
    parameters = [ParameterFlow(path, p.shape, norm(p.data), norm(gradients[id(p)]), update)
                  for (path, p), update in zip(used, updates)]
    return Flow(modules, parameters)


class Spread(NamedTuple):
    """Statistics of the numbers of an output, or of its gradient.

    dead: the share of units that are 0 for every example; a unit is a channel of an image, or a
    position along the last axis. saturated: the share of a sigmoid's or tanh's numbers near its
    limits, where it is flat; None for others.
    """
    mean: float
    deviation: float
    dead: float
    saturated: float | None


class ModuleFlow(NamedTuple):
    """What a call of a module returned, and the gradient there; None if none came back."""
    path: str
    kind: str
    shape: tuple
    output: Spread
    gradient: Spread | None


class ParameterFlow(NamedTuple):
    """Norms of a parameter, of its gradient, and of the optimiser's next step, if one was given."""
    path: str
    shape: tuple
    weight: float
    gradient: float
    update: float | None

    @property
    def ratio(self):
        """The step relative to the parameter; None without an optimiser, or for a 0."""
        return self.update / self.weight if self.update is not None and self.weight else None


@dataclass
class Flow:
    """The modules in the order in which they returned, and the parameters with a gradient."""
    modules: list     # of ModuleFlow
    parameters: list  # of ParameterFlow

    def __str__(self):
        rows = [("module", "output", "mean", "deviation", "dead", "saturated", "gradient", "dead")]
        for row in self.modules:
            out, back = row.output, row.gradient
            rows.append((f"{row.path}", str(row.shape), f"{out.mean:.3g}", f"{out.deviation:.3g}",
                         _share(out.dead), _share(out.saturated),
                         f"{back.deviation:.3g}" if back else "none",
                         _share(back.dead) if back else ""))
        more = [("parameter", "shape", "norm", "gradient", "step", "step / norm")]
        more += [(p.path, str(p.shape), f"{p.weight:.3g}", f"{p.gradient:.3g}", _short(p.update),
                  _short(p.ratio)) for p in self.parameters]
        return f"{_table(rows)}\n\n{_table(more)}"

    def __repr__(self):
        return f"Flow({len(self.modules)} modules, {len(self.parameters)} parameters)"

    def draw(self, path=None):
        """The table as a figure -> a matplotlib Figure. path: a file to write it to."""
        import tinygen.study.flow_figure as figure  # it imports matplotlib
        return figure.draw_flow(self, path)


def _spread(array, limits=None):
    axis = 1 if array.ndim == 4 else max(array.ndim - 1, 0)
    others = tuple(i for i in range(array.ndim) if i != axis)
    dead = float((array == 0).all(axis=others).mean())
    saturated = limits and float(((array < limits[0]) | (array > limits[1])).mean())
    array = array.astype("float64")  # in float32 the square of 1e-23 is 0
    return Spread(float(array.mean()), float(array.std()), dead, saturated)


def _limits(output):
    return FLAT.get(output._origin[0].name) if output._origin else None


def _updates(optimizer, used, gradients):
    """How far the optimiser's next step would move each of the parameters `used`."""
    if not {id(p) for p in optimizer.params} & {id(p) for _, p in used}:
        raise ValueError("flow: the optimizer has none of the model's parameters with a gradient; "
                         "give the one that trains this model")
    state, params = optimizer.state_dict(), optimizer.params
    kept = [(p.data.copy(), p.grad, p._birth) for p in params]
    try:
        for p in params:
            p.grad = result(xp.asarray(gradients[id(p)])) if id(p) in gradients else None
        optimizer.step()
        moved = {id(p): norm(p.data - before) for p, (before, _, _) in zip(params, kept)}
    finally:
        for p, (before, p_grad, birth) in zip(params, kept):
            p.data[...] = before
            p.grad, p._birth = p_grad, birth  # it is as it was: an earlier forward may go back
        optimizer.load_state_dict(state)
    return [moved.get(id(p)) for _, p in used]


def _table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(
        cell.ljust(width) if column < 2 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows)


def _share(share):
    return "" if share is None else f"{share:.0%}"


def _short(number):
    return "" if number is None else f"{number:.2g}"

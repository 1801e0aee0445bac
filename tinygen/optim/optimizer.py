"""What all optimisers share: the parameters of a network as one long vector.

The papers call it θ. An optimiser lays its parameters end to end in one array, and each p.data
becomes a view of it. So a rule is written once, for θ, its gradient g and vectors of the same
length. It updates them in place, in runs that stay in the processor's cache, which is where the
speed comes from; and many small parameters cost no more than one large one.
"""
import math
from numbers import Integral, Real

from tinygen.backend import backend_name, is_array, np, settle, to_numpy, xp
from tinygen.checks import check_number
from tinygen.errors import describe
from tinygen.operation import mode
from tinygen.tensor import Tensor, mark_written
from tinygen.threads import on_all_cores

CACHE_RUN = 65536  # elements; θ, g, two vectors of memory and scratch then take 1.3 MB


class Optimizer:
    """What the rules share: the parameters as one vector θ, and the walk along it.

    params: Tensors of one dtype, such as model.parameters(). lr: the step size η, which may be
    changed at any time. weight_decay: λ; g becomes g + λθ, as if the loss had a term ½λ|θ|².
    A parameter without a gradient stays as it is, and so does its part of the remembered vectors.

    These very Tensors are trained. To give one other numbers, write into it, w.data[...] = numbers,
    as load_state_dict does: after layer.weight = Tensor(numbers) the optimiser would go on with the
    old Tensor and the layer with the new one, and has to be made again. Inside detect_nan() `step`
    refuses a gradient that is not finite; outside, it looks at none.

    A rule lists in `remembers` the vectors it keeps from step to step, which start at zero. Its
    method `update` changes one run of θ and of each of them. Several threads call it at once, so it
    changes nothing else.

    Raises TypeError or ValueError unless params are distinct Tensors of one dtype, at least one,
    and settings are within their ranges.
    """
    remembers = ()

    def __init__(self, params, lr, weight_decay):
        self.params = _checked(type(self).__name__, params)
        check_number(type(self).__name__, 0, math.inf, weight_decay=weight_decay)
        self.lr, self.weight_decay, self.t = lr, weight_decay, 0
        self.starts = [0]  # where each parameter begins in θ, and where the last one ends
        for p in self.params:
            self.starts.append(self.starts[-1] + p.size)
        n, dtype = self.starts[-1], self.params[0].dtype
        self.theta = xp.empty(n, dtype)
        self.views = [self.theta[start:start + p.size].reshape(p.shape)
                      for start, p in zip(self.starts, self.params)]
        self._take_in()
        self.memory = {name: xp.zeros(n, dtype) for name in self.remembers}
        # A GPU has no such cache, and each launch costs: there, one run.
        self.longest = min(n, CACHE_RUN) if backend_name() == "numpy" else n
        self.with_gradient, self.plan = [], []

    @property
    def lr(self):
        """The step size η. Raises ValueError when set to a number below 0, infinite or NaN."""
        return self._lr

    @lr.setter
    def lr(self, lr):
        check_number(type(self).__name__, 0, math.inf, lr=lr)
        self._lr = lr

    def zero_grad(self):
        """Clear the gradients of the parameters."""
        for p in self.params:
            p.grad = None

    def step(self):
        """Update every parameter that has a gradient, once.

        Raises ValueError if none has, and for a gradient that does not fit.
        """
        self._take_in()
        numbers = [i for i, p in enumerate(self.params) if p.grad is not None]
        if not numbers:
            raise ValueError(f"{type(self).__name__}.step: no parameter has a gradient; call "
                             f"loss.backward() first")
        if numbers != self.with_gradient:
            self.with_gradient, self.plan = numbers, self._cut(numbers)
        grads = {i: self._gradient(i) for i in numbers}
        settle()
        self.t += 1

        def update(run):
            start, stop, pieces = run
            theta, *memory = [v[start:stop] for v in (self.theta, *self.memory.values())]
            g = [grads[i][key] for i, key in pieces]
            g = g[0] if len(g) == 1 else xp.concatenate(g)
            if self.weight_decay:
                g = self._decay(theta, g)
            self.update(theta, g, xp.empty_like(theta), *memory)
        on_all_cores(update, self.plan)
        for i in numbers:
            mark_written(self.params[i])

    def update(self, theta, g, s, *memory):
        """Update θ and the remembered vectors in place, given g; s is a scratch vector."""
        raise NotImplementedError(f"{type(self).__name__}: an Optimizer needs an update method")

    def __reduce__(self):
        raise TypeError(f"{type(self).__name__}: an optimiser is tied to its parameters and can't "
                        f"be copied; make another for the copied parameters and load this one's "
                        f"state_dict() into it")

    def state_dict(self):
        """What a later run needs to continue bit for bit: a dict of numbers, lists and arrays."""
        memory = {name: np.array(to_numpy(vector)) for name, vector in self.memory.items()}
        shapes = [list(p.shape) for p in self.params]
        return {"lr": self.lr, "t": self.t, "shapes": shapes, **memory}

    def load_state_dict(self, state):
        """Continue from what state_dict returned.

        Raises TypeError or ValueError, before anything is changed, for the state of another rule
        or of parameters with other shapes, and for values that no optimiser could have saved.
        """
        memory = self._checked_state(state)
        self.lr, self.t = state["lr"], state["t"]
        for name, vector in self.memory.items():
            vector[...] = memory[name]

    def _checked_state(self, state):
        """The remembered vectors of `state`, as arrays to copy from."""
        def refusal(why, fix="load a state from state_dict()", kind=ValueError):
            return kind(f"{type(self).__name__}.load_state_dict: {why}; {fix}")

        if not isinstance(state, dict):
            raise refusal(f"the state must be a dict, got {describe(state)}", kind=TypeError)
        expected = {"lr", "t", "shapes", *self.memory}
        if set(state) != expected:
            raise refusal(f"the state has the entries {sorted(map(str, state))}, this rule needs "
                          f"{sorted(expected)}", "use the same optimiser as when it was saved")
        lr, t, shapes = state["lr"], state["t"], [list(p.shape) for p in self.params]
        if not isinstance(lr, Real) or not 0 <= lr < math.inf:
            raise refusal(f"lr must be a number of at least 0, got {describe(lr)}")
        if not isinstance(t, Integral) or isinstance(t, bool) or t < 0:
            raise refusal(f"t must be a whole number of at least 0, got {describe(t)}")
        if _nested_lists(state["shapes"]) != shapes:
            raise refusal(f"the state is for parameters of shapes {state['shapes']}, these have "
                          f"{shapes}", "pass the same parameters")
        memory = {}
        for name, vector in self.memory.items():
            saved = to_numpy(state[name]) if hasattr(state[name], "dtype") else np.array(None)
            if saved.shape != vector.shape or saved.dtype.kind != "f":
                raise refusal(f"{name} must be an array of {vector.size} floats, got "
                              f"{describe(state[name])}")
            memory[name] = xp.asarray(saved, vector.dtype)
            if not xp.isfinite(memory[name]).all():
                raise refusal(f"{name} holds NaN or infinity", "load an earlier state")
        return memory

    def _gradient(self, i):
        """The checked gradient of params[i], as one line of numbers."""
        p, g = self.params[i], self.params[i].grad
        if not isinstance(g, Tensor) or g.shape != p.shape or g.dtype != p.dtype:
            raise ValueError(f"{type(self).__name__}.step: the gradient of {describe(p)} must be a "
                             f"Tensor of that shape and dtype, got {describe(g)}")
        if mode.called_at is not None and not xp.isfinite(g.data).all():
            raise FloatingPointError(f"{type(self).__name__}.step: the gradient of params[{i}], "
                                     f"{describe(p)}, holds NaN or infinity; nothing was updated")
        return g.data.reshape(-1)

    def _decay(self, theta, g):
        """The gradient with weight decay, g + λθ."""
        return g + theta * self.weight_decay

    def _take_in(self):
        """Make each parameter's array a view of θ, and copy its present numbers there."""
        for p, view in zip(self.params, self.views):
            if p.data is not view:
                if not is_array(p.data) or p.dtype != view.dtype or p.shape != view.shape:
                    raise ValueError(f"{type(self).__name__}: the data of a parameter was "
                                     f"{describe(view)} and is now {describe(p.data)}; convert the "
                                     f"model first, then make its optimiser")
                view[...] = p.data
                p.data = view

    def _cut(self, numbers):
        """Divide the parameters with these numbers into runs of θ: a list of [start, stop, pieces].

        A piece (i, slice) is the part of gradient i that belongs to the run.
        """
        runs = []
        for i in numbers:
            begin, end = self.starts[i], self.starts[i + 1]
            at = begin
            while at < end:
                if not runs or runs[-1][1] != at or at - runs[-1][0] == self.longest:
                    runs.append([at, at, []])  # there is a gap, or the last run is full
                run = runs[-1]
                stop = min(end, run[0] + self.longest)
                run[2].append((i, slice(at - begin, stop - begin)))
                run[1] = at = stop
        return runs


def listed(caller, params):
    """The parameters as a list. Raises TypeError unless they are, ValueError if there are none."""
    if hasattr(params, "parameters"):
        raise TypeError(f"{caller}: needs parameters, got the module {type(params).__name__}; pass "
                        f"model.parameters()")
    params = [] if params is None else [params] if isinstance(params, Tensor) else params
    if not hasattr(params, "__iter__"):
        raise TypeError(f"{caller}: needs a list of parameters, got {describe(params)}; pass "
                        f"model.parameters()")
    params = list(params)
    if not params:
        raise ValueError(f"{caller}: there are no parameters; pass model.parameters()")
    for p in params:
        if not isinstance(p, Tensor) or p._origin is not None:
            raise TypeError(f"{caller}: parameters must be Tensors made by tg.Tensor, got "
                            f"{type(p).__name__} {p!r:.60}; pass model.parameters()")
    return params


def _nested_lists(shapes):
    """Shapes as a list of lists, however tuples and lists are nested."""
    if isinstance(shapes, (list, tuple)):
        return [_nested_lists(item) for item in shapes]
    return shapes if isinstance(shapes, Integral) else None


def _checked(rule, params):
    """The parameters as a list. Raises TypeError or ValueError where they cannot be optimised."""
    params = listed(rule, params)
    for p in params:
        if not p.requires_grad:
            raise ValueError(f"{rule}: {describe(p)} has requires_grad=False, so it would never be "
                             f"trained; leave it out, or make it with tg.Tensor(...)")
    if len({id(p) for p in params}) < len(params):
        raise ValueError(f"{rule}: a parameter is listed twice and would be updated twice; list it "
                         f"once")
    if len({p.dtype for p in params}) > 1:
        raise ValueError(f"{rule}: the parameters must share one dtype, got "
                         f"{sorted({str(p.dtype) for p in params})}; use model.astype")
    return params

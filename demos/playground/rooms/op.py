"""Op: an op on small numbers that can be changed; its output, its gradients, its source."""
import inspect

import tinygen as tg
from demos.playground.fields import list_of, number, one_of, whole
from demos.playground.room import Room
from tinygen.autograd import graph
from tinygen.backend import np, to_numpy, xp
from tinygen.check.gradients import smallest_that_counts
from tinygen.check.table import CASES
from tinygen.study.graph import settings_text
from tinygen.study.steps import difference_or_nan, source_of

ROOM = Room("op", "Op")
NAMES = tuple(dict.fromkeys(case.name for case in CASES))
MOST = 250  # numbers in an array, of any case
AGREE = 1e-6  # relative, between a gradient and its finite difference
VALUES = list_of(number(-1000, 1000), most=MOST)


@ROOM.answers()
def ops(models):
    """The ops by the file that they stand in, with their first lines, and how many cases each has.
    """
    files = {}
    for name in NAMES:
        function = getattr(tg.ops, name)
        rule = getattr(function, "rule", function)
        files.setdefault(f"tinygen/{rule.__module__.split('.', 1)[1].replace('.', '/')}.py",
                         []).append(name)
    return {"files": files}


@ROOM.answers(op=one_of(*NAMES), case=whole(0, 30))
def start(models, op, case):
    """The cases of an op in the table of tinygen.check, and the numbers of one of them."""
    chosen, function = _case(op, case), getattr(tg.ops, op)
    inputs = [np.round(x, 2) for x in chosen.inputs()]
    y = chosen.f(*map(_tensor, inputs))
    rng = np.random.default_rng(case)
    g = rng.integers(1, 11, y.shape) / 10 * rng.choice([-1.0, 1.0], y.shape)
    return {"cases": [_described(each) for each in CASES if each.name == op],
            "about": inspect.getdoc(function).split("\n\n")[0],
            "source": source_of(function) if isinstance(function, tg.operation.Op)
            else inspect.getsource(function),
            "inputs": [_array(x) for x in inputs], "g": _array(g)}


@ROOM.answers(op=one_of(*NAMES), case=whole(0, 30), inputs=list_of(VALUES, most=5), g=VALUES)
def compute(models, op, case, inputs, g):
    """The output, each input's gradient, and the finite difference of each number of it."""
    chosen = _case(op, case)
    if [len(values) for values in inputs] != [int(np.prod(shape)) for shape in chosen.shapes]:
        raise ValueError(f"{op} needs inputs of shapes {list(chosen.shapes)} here, as lists of "
                         f"numbers")
    xs = [_tensor(np.array(values).reshape(shape))
          for values, shape in zip(inputs, chosen.shapes)]
    with np.errstate(all="ignore"):
        y = chosen.f(*xs)
        if len(g) != y.size:
            raise ValueError(f"the cotangent has the shape of the output, {y.shape}")
        g = np.array(g).reshape(y.shape)
        gradients = [to_numpy(gx) for gx in tg.grad(y, xs, xp.asarray(g))]
        differences = [_differences(lambda: [chosen.f(*xs)], x, gx, g)
                       for x, gx in zip(xs, gradients)]
    return {"y": _array(to_numpy(y)), "gradients": list(map(_array, gradients)),
            "differences": [_array(difference) for difference, _ in differences],
            "agree": [(errors <= AGREE).ravel().tolist() for _, errors in differences]}


def _case(op, case):
    cases = [each for each in CASES if each.name == op]
    if case >= len(cases):
        raise ValueError(f"{op} has {len(cases)} cases, numbered from 0; got {case}")
    return cases[case]


def _tensor(x):
    return tg.Tensor(xp.asarray(x))


def _described(case):
    """The shapes of a case's inputs, and the settings that it gives the op."""
    recorded, _, _ = graph(case.f(*map(_tensor, case.inputs())))
    settings = [settings_text(op, settings) for op, _, settings, _, _ in
                (tensor._origin for tensor in recorded) if op.name == case.name]
    return ", ".join([*map(str, case.shapes), *filter(None, settings[-1:])])


def _differences(outputs, x, gradient, g):
    """The slope of Σ g·y along each number of x, and how far the gradient is from it, relatively.
    """
    slopes, errors = np.empty(x.shape), np.empty(x.shape)
    floor = smallest_that_counts(outputs())
    for i in np.ndindex(x.shape):
        along = np.zeros(x.shape)
        along[i] = 1
        slopes[i], errors[i] = difference_or_nan(outputs, [g], x, along, gradient[i], floor)
    return slopes, errors


def _array(x):
    """An array as JSON takes it: what is not finite becomes null."""
    return {"shape": list(x.shape),
            "values": [float(v) if np.isfinite(v) else None for v in x.ravel()]}


@ROOM.sends
def examples(models):
    begun = start(models, "conv2d", 0)
    return [("ops", {}), ("start", {"op": "softmax", "case": 0}),
            ("compute", {"op": "conv2d", "case": 0, "g": begun["g"]["values"],
                         "inputs": [x["values"] for x in begun["inputs"]]})]

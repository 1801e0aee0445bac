"""Every op: its gradients by the table, its dtypes, twins, call forms and adjoints.

Its values, in random calls, are compared in tests/tinygen/properties/.
"""
import inspect
import itertools

import pytest

import tinygen as tg
from tests.helpers import public_ops
from tinygen import backend, ops
from tinygen.backend import np, to_numpy, xp
from tinygen.check import check_gradients
from tinygen.check.table import CASES
from tinygen.ops import conv, indexing
from tinygen.ops.kernels import in_parts

IDS = [f"{c.name}-{[d.name for d in CASES[:i]].count(c.name)}" for i, c in enumerate(CASES)]
every_case = pytest.mark.parametrize("case", CASES, ids=IDS)


def random_like(x):
    return np.random.default_rng(1).normal(size=x.shape).astype(x.dtype)


def inner(a, b):
    return float(np.sum(to_numpy(a) * to_numpy(b)))


def test_every_op_has_a_row_in_the_table():
    assert set(public_ops()) - {c.name for c in CASES} == set()


# ---- gradients ----

@every_case
def test_gradients_to_second_order(case):
    check_gradients(case.f, *case.inputs(), name=case.name)


@every_case
def test_float32_stays_float32(case):
    xs = [tg.Tensor(x) for x in case.inputs("float32")]
    exact = [tg.Tensor(x) for x in case.inputs("float64")]
    y, y64 = case.f(*xs), case.f(*exact)
    assert y.dtype == np.float32 and y64.dtype == np.float64
    np.testing.assert_allclose(to_numpy(y), to_numpy(y64), rtol=1e-4, atol=1e-5)
    g = random_like(y)
    gradients = tg.grad(y, xs, xp.asarray(g), retain_graph=True)
    recorded = tg.grad(y, xs, xp.asarray(g), create_graph=True)
    exact = tg.grad(y64, exact, xp.asarray(g.astype("float64")))
    for x, gx, again, gx64 in zip(xs, gradients, recorded, exact):
        assert gx.dtype == again.dtype == np.float32 and gx.shape == again.shape == x.shape
        np.testing.assert_allclose(to_numpy(gx), to_numpy(gx64), rtol=1e-3, atol=1e-4)


@every_case
def test_plain_arrays_give_the_plain_array(case):
    arrays = case.inputs()
    y = case.f(*map(xp.asarray, arrays))
    assert isinstance(y, xp.ndarray)  # an array even where NumPy's reductions give a number
    np.testing.assert_array_equal(to_numpy(y), to_numpy(case.f(*map(tg.Tensor, arrays))))


@every_case
def test_inputs_are_left_alone(case):
    xs = [tg.Tensor(x) for x in case.inputs()]
    g = random_like(case.f(*xs))
    given = xp.asarray(g)
    tg.grad(case.f(*xs), xs, given)
    for x, array in zip(xs, case.inputs()):
        np.testing.assert_array_equal(to_numpy(x), array)
    np.testing.assert_array_equal(to_numpy(given), g)


FUSED = [c for c in CASES if getattr(getattr(ops, c.name), "textbook", None)]


@pytest.mark.parametrize("case", FUSED, ids=[IDS[CASES.index(c)] for c in FUSED])
@pytest.mark.parametrize("dtype, rtol", [("float32", 2e-5), ("float64", 1e-11)])
def test_fused_equals_textbook(case, dtype, rtol):
    op, calls = getattr(ops, case.name), []
    rule, twin = op.rule, op.textbook

    def listening(*inputs, **settings):
        calls.append((inputs, settings))
        return rule(*inputs, **settings)

    with op.replaced(by=listening):
        case.f(*map(tg.Tensor, case.inputs(dtype)))
    (inputs, settings), = calls
    results = []
    for f in (op, twin):
        xs = [tg.Tensor(x) if hasattr(x, "dtype") and x.dtype.kind == "f" else x for x in inputs]
        by = [x for x in xs if isinstance(x, tg.Tensor)]
        y = f(*xs, **settings)
        results.append([y, *tg.grad(y, by, xp.asarray(random_like(y)))])
    for fused, textbook in zip(*results):
        np.testing.assert_allclose(to_numpy(fused), to_numpy(textbook), rtol=rtol, atol=rtol)


# ---- NumPy's call forms: settings by position, lists of arrays, subscripts first ----

# (a call by tinygen and by NumPy, the shapes of its arrays)
FORMS = {
    "sum": (lambda lib, a: lib.sum(a, 0), (2, 3)),
    "sum, several axes": (lambda lib, a: lib.sum(a, (0, 2)), (2, 3, 4)),
    "mean": (lambda lib, a: lib.mean(a, -1), (2, 3)),
    "var": (lambda lib, a: lib.var(a, 1), (2, 3)),
    "max": (lambda lib, a: lib.max(a, 0), (2, 3)),
    "min": (lambda lib, a: lib.min(a, 0), (2, 3)),
    "cumsum": (lambda lib, a: lib.cumsum(a, 1), (2, 3)),
    "clip": (lambda lib, a: lib.clip(a, 0, 1), (2, 3)),
    "reshape": (lambda lib, a: lib.reshape(a, (3, 2)), (2, 3)),
    "transpose": (lambda lib, a: lib.transpose(a, (1, 0)), (2, 3)),
    "transpose, one axis from the end": (lambda lib, a: lib.transpose(a, (-1,)), (3,)),
    "swapaxes": (lambda lib, a: lib.swapaxes(a, 0, 1), (2, 3, 4)),
    "squeeze": (lambda lib, a: lib.squeeze(a, 0), (1, 3, 1)),
    "expand_dims": (lambda lib, a: lib.expand_dims(a, 0), (2, 3)),
    "flip": (lambda lib, a: lib.flip(a, 1), (2, 3)),
    "broadcast_to": (lambda lib, a: lib.broadcast_to(a, (4, 2, 3)), (2, 3)),
    "pad": (lambda lib, a: lib.pad(a, ((1, 1), (0, 0))), (2, 3)),
    "concatenate": (lambda lib, a, b: lib.concatenate([a, b]), (2, 3), (1, 3)),
    "concatenate, axis": (lambda lib, a, b: lib.concatenate((a, b), axis=1), (2, 3), (2, 1)),
    "concatenate, by position": (lambda lib, a, b: lib.concatenate([a, b], 1), (2, 3), (2, 1)),
    "stack": (lambda lib, a, b: lib.stack([a, b], 1), (2, 3), (2, 3)),
    "concatenate, from a generator": (lambda lib, a, b: tg.concatenate(x for x in (a, b))
                                      if lib is tg else np.concatenate([a, b]), (2, 3), (1, 3)),
    "concatenate, one array's rows": (lambda lib, a: lib.concatenate(a), (2, 3, 4)),
    "stack, from a generator": (lambda lib, a, b: tg.stack((x for x in (a, b)), 1)
                                if lib is tg else np.stack([a, b], 1), (2, 3), (2, 3)),
    "split": (lambda lib, a: lib.split(a, 3, axis=1)[1], (2, 6)),
    "split, by position": (lambda lib, a: lib.split(a, 2, 1)[0], (2, 6)),
    "split, positions to cut at": (lambda lib, a: lib.split(a, [1, 4], 1)[1], (2, 6)),
    "split, the last piece": (lambda lib, a: lib.split(a, (2,))[1], (5, 2)),
    "einsum": (lambda lib, a, b: lib.einsum("ij,jk->ik", a, b), (2, 3), (3, 4)),
    "einsum of three": (lambda lib, a, b, c: lib.einsum("i,ij,j->", a, b, c),
                        (2,), (2, 3), (3,)),
    "maximum": (lambda lib, a, b: lib.maximum(a, b), (2, 3), (3,)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_numpys_call_forms(form, rng):
    f, *shapes = form
    arrays = [rng.normal(size=shape) for shape in shapes]
    expected = f(np, *arrays)
    for given in (map(tg.Tensor, arrays), map(xp.asarray, arrays)):
        y = f(tg, *given)
        assert y.shape == expected.shape
        np.testing.assert_allclose(to_numpy(y), expected, rtol=1e-12, atol=1e-14)
    check_gradients(lambda *xs: f(tg, *xs), *arrays)


def test_take_along_axis_by_position(rng):
    a, i = rng.normal(size=(2, 3)), np.array([[2], [0]])
    y = tg.take_along_axis(tg.Tensor(a), xp.asarray(i), 1)
    np.testing.assert_array_equal(to_numpy(y), np.take_along_axis(a, i, 1))


BY_POSITION = {
    "softmax": (lambda x: ops.softmax(x, 0), lambda x: ops.softmax(x, axis=0)),
    "logsumexp": (lambda x: ops.logsumexp(x, 1), lambda x: ops.logsumexp(x, axis=1)),
    "leaky_relu": (lambda x: ops.leaky_relu(x, 0.3), lambda x: ops.leaky_relu(x, slope=0.3)),
    "sum": (lambda x: ops.sum(x, 1, True), lambda x: ops.sum(x, axis=1, keepdims=True)),
    "mixed": (lambda x: ops.sum(x, 1, keepdims=True), lambda x: ops.sum(x, 1, True)),
    "astype": (lambda x: ops.astype(x, "float32"), lambda x: ops.astype(x, dtype="float32")),
    "crop": (lambda x: ops.crop(x, ((1, 0), (0, 2))),
             lambda x: ops.crop(x, width=((1, 0), (0, 2)))),
    "mse": (lambda x: ops.mse(x, x, "sum"), lambda x: ops.mse(x, x, reduction="sum")),
    "dropout": (lambda x: ops.dropout(x, 0.5, np.random.default_rng(0)),
                lambda x: ops.dropout(x, p=0.5, rng=np.random.default_rng(0))),
    "layer_norm": (lambda x: ops.layer_norm(x, None, None, 0.1),
                   lambda x: ops.layer_norm(x, eps=0.1)),
    "conv1d": (lambda x: ops.conv1d(x[None], xp.ones((2, 3, 2)), None, 2, 1),
               lambda x: ops.conv1d(x[None], xp.ones((2, 3, 2)), stride=2, padding=1)),
}


@pytest.mark.parametrize("by_position, by_keyword", BY_POSITION.values(), ids=BY_POSITION)
def test_settings_by_position_mean_what_they_mean_by_keyword(by_position, by_keyword, rng):
    x = tg.Tensor(rng.normal(size=(3, 4)))
    np.testing.assert_array_equal(to_numpy(by_position(x)), to_numpy(by_keyword(x)))


DEFAULTS = {  # of every op with a setting of this name, but for the exceptions below it
    "axis": None, "keepdims": False, "axes": None,                                     # NumPy's
    "stride": 1, "padding": 0, "output_padding": 0, "output_size": None, "dilation": 1,
    "groups": 1, "eps": 1e-5, "reduction": "mean", "slope": 0.01, "alpha": 1.0, "training": True,
    "causal": False, "mask": None, "dropout": 0.0, "return_indices": False,            # PyTorch's
    "axis1": -1, "axis2": -2, "seed": 0, "known": None, "moments": None,
    **dict.fromkeys(["softmax.axis", "log_softmax.axis", "kl_standard_normal.axis",
                     "kl_normal.axis", "kl_categorical.axis"], -1),
    **dict.fromkeys(["concatenate.axis", "stack.axis", "split.axis"], 0),
    **dict.fromkeys(["max_pool2d.stride", "max_unpool2d.stride", "avg_pool2d.stride"]),
}


def test_defaults_are_numpys_and_pytorchs():
    for name, op in public_ops().items():
        for p in inspect.signature(op).parameters.values():
            if p.default is not p.empty and p.name not in ("w", "b"):
                assert p.default == DEFAULTS.get(f"{name}.{p.name}", DEFAULTS[p.name]), (name, p)


def test_a_replaced_op_keeps_its_call_form():
    """A rule gets its inputs by position and its settings by keyword, however the op was called."""
    calls = []

    def watching(rule):
        def watched(*inputs, **settings):
            calls.append((len(inputs), settings))
            return rule(*inputs, **settings)
        return watched

    x = tg.Tensor(np.ones((2, 2)))
    for op, call in ((ops.sum, lambda: tg.sum(x, 0)), (ops.clip, lambda: tg.clip(x, 0, high=1)),
                     (ops.concatenate, lambda: tg.concatenate([x, x], 1)),
                     (ops.einsum, lambda: tg.einsum("ij,jk->ik", x, x))):
        with op.replaced(by=watching(op.rule)):
            call()
    assert calls == [(1, {"axis": 0}), (1, {"low": 0, "high": 1}), (2, {"axis": 1}),
                     (2, {"subscripts": "ij,jk->ik"})]


# ---- single numbers: Tensors without an axis ----

@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", ["sum", "max", "min", "cumsum"])
def test_a_single_number_is_reduced_as_numpy_does(name, axis):
    x = tg.Tensor(np.array(1.5))
    y = getattr(x, name)(axis)
    assert y.shape == getattr(np, name)(1.5, axis).shape and to_numpy(y) == 1.5
    check_gradients(lambda x: getattr(ops, name)(x, axis), np.array(1.5))


@pytest.mark.parametrize("name", ["mean", "var"])
def test_a_single_number_has_no_axis_to_average(name):
    with pytest.raises(ValueError, match=rf"^{name}: axis 0 is out of bounds.*got Tensor \(\)"):
        getattr(ops, name)(tg.Tensor(np.array(1.5)), 0)
    assert getattr(ops, name)(tg.Tensor(np.array(1.5))).shape == ()


@pytest.mark.parametrize("name, expected", [("mse", 0.25), ("l1", 0.5),
                                            ("bce_with_logits", np.log(1 + np.e) - 0.5)])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_single_numbers(name, expected, reduction):
    x, t = tg.Tensor(np.array(1.0)), xp.asarray(np.array(0.5))
    y = getattr(ops, name)(x, t, reduction)
    assert y.shape == () and y.item() == pytest.approx(expected)
    y.backward()
    assert x.grad.shape == ()


# ---- adjoint pairs ----

PICK = np.array([2, 0, 2])
SPOTS = np.array([[[[0, 3], [9, 9]], [[1, 7], [8, 15]]]], "uint8")  # positions in 4 x 4 pixels


def kernels(*shape):
    return xp.asarray(np.random.default_rng(2).normal(size=shape))


SAME = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 2}
SKEW = {"stride": (1, 2), "padding": (2, 3)}
POOL = {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 1)}
W = np.random.default_rng(2).normal(size=(6, 2, 3, 2))

ADJOINTS = {
    "broadcast_to, sum_to": (lambda x: ops.broadcast_to(x, shape=(4, 2, 3)),
                             lambda y: ops.sum_to(y, shape=(2, 1)), (2, 1)),
    "sum, broadcast_to": (lambda x: ops.sum(x, axis=0), lambda y: ops.broadcast_to(y, shape=(4, 3)),
                          (4, 3)),
    "pad, crop": (lambda x: ops.pad(x, width=((1, 0), (0, 2))),
                  lambda y: ops.crop(y, width=((1, 0), (0, 2))), (2, 3)),
    "getitem, scatter_add": (lambda x: ops.getitem(x, key=xp.asarray(PICK)),
                             lambda y: ops.scatter_add(y, key=xp.asarray(PICK), shape=(4, 2)),
                             (4, 2)),
    "transpose, its inverse": (lambda x: ops.transpose(x, axes=(1, 2, 0)),
                               lambda y: ops.transpose(y, axes=(2, 0, 1)), (2, 3, 4)),
    "flip, itself": (ops.flip, ops.flip, (2, 3)),
    "cumsum, from the other end": (
        lambda x: ops.cumsum(x, axis=0),
        lambda y: ops.flip(ops.cumsum(ops.flip(y, axis=0), axis=0), axis=0), (4, 2)),
    "a product, by the transpose": (lambda x: ops.matmul(xp.asarray(W[0, 0]), x),
                                    lambda y: ops.matmul(xp.asarray(W[0, 0].T), y), (2, 4)),
    "conv2d, conv_transpose2d": (
        lambda x: ops.conv2d(x, xp.asarray(W), **SAME),
        lambda y: ops.conv_transpose2d(y, xp.asarray(W), output_size=(6, 5), **SAME), (2, 4, 6, 5)),
    "conv2d, conv_transpose2d, other settings down than across": (
        lambda x: ops.conv2d(x, kernels(3, 2, 4, 7), **SKEW),
        lambda y: ops.conv_transpose2d(y, kernels(3, 2, 4, 7), output_size=(5, 8), **SKEW),
        (2, 2, 5, 8)),
    "conv2d, conv_transpose2d that stamps": (
        lambda x: ops.conv2d(x, kernels(4, 1, 2, 2), dilation=2),
        lambda y: ops.conv_transpose2d(y, kernels(4, 1, 2, 2), dilation=2), (2, 1, 5, 5)),
    "conv2d by its weight, conv2d_weight": (
        lambda w: ops.conv2d(kernels(2, 4, 6, 5), w, **SAME),
        lambda y: ops.conv2d_weight(kernels(2, 4, 6, 5), y, kernel_size=(3, 2), **SAME),
        (6, 2, 3, 2)),
    "max_pool2d, max_unpool2d": (
        lambda x: ops.gather_pixels(x, xp.asarray(SPOTS)),
        lambda y: ops.max_unpool2d(y, xp.asarray(SPOTS), 2), (1, 2, 4, 4)),
    "sum_pool2d, spread2d": (lambda x: ops.sum_pool2d(x, **POOL),
                             lambda y: ops.spread2d(y, size=(5, 4), **POOL), (2, 3, 5, 4)),
    "upsampling, the mean times its size": (
        lambda x: ops.upsample_nearest2d(x, 2), lambda y: 4 * ops.avg_pool2d(y, 2), (2, 3, 2, 2)),
}


@pytest.mark.parametrize("there, back, shape", ADJOINTS.values(), ids=ADJOINTS)
def test_adjoint_pairs(there, back, shape, rng):
    """<Ax, y> = <x, Aᵀy>, and each is the other's gradient."""
    x = tg.Tensor(rng.normal(size=shape))
    ax = there(x)
    y = tg.Tensor(rng.normal(size=ax.shape))
    aty = back(y)
    assert aty.shape == x.shape
    assert inner(ax, y) == pytest.approx(inner(x, aty), rel=1e-12)
    np.testing.assert_allclose(to_numpy(tg.grad(ax, x, y)), to_numpy(aty), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(to_numpy(tg.grad(aty, y, x)), to_numpy(ax), rtol=1e-12, atol=1e-13)


# ---- what a table does not say ----

@pytest.mark.parametrize("outputs, stamped", [(1, True), (3, False)])
def test_few_outputs_are_stamped(outputs, stamped, rng, monkeypatch):
    """Where a stamp has no more numbers than the pixel that makes it."""
    x, w = xp.asarray(rng.random((2, 16, 5, 5))), xp.asarray(rng.random((16, outputs, 4, 4)))
    called, stamp = [], conv._stamped
    monkeypatch.setattr(conv, "_stamped", lambda *args: called.append(args) or stamp(*args))
    ops.conv_transpose2d(x, w, stride=2, padding=1)
    assert bool(called) == stamped


def test_the_slope_of_l1_is_0_where_both_are_equal():
    x, t = (tg.Tensor(np.array([1.0, 2.0, 3.0]) + d) for d in ([0, 1, 0], [0, 0, 1]))
    for gradient in tg.grad(ops.l1(x, t, reduction="sum"), [x, t]):
        assert to_numpy(gradient)[0] == 0 and set(to_numpy(gradient)[1:]) == {-1, 1}


def test_the_slope_of_clip_is_1_at_its_limits():
    x = tg.Tensor([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert to_numpy(tg.grad(ops.clip(x, 0, 1).sum(), x)).tolist() == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("f, dtype", [(ops.relu, "bool"), (ops.leaky_relu, "int64")])
def test_activations_take_whole_numbers_too(f, dtype):
    assert to_numpy(f(xp.asarray(np.array([0, 1], dtype)))).tolist() == [0, 1]


@pytest.mark.parametrize("f, there", [
    (ops.conv2d, (3, 2, 2, 2)), (ops.conv_transpose2d, (2, 3, 2, 2)),
    (lambda x, y: ops.conv2d_weight(x, y, kernel_size=2), (5, 3, 4, 4))])
def test_a_batch_in_parts_gives_what_it_gives_whole(f, there, rng, monkeypatch):
    x, other = xp.asarray(rng.standard_normal((5, 2, 5, 5))), xp.asarray(rng.standard_normal(there))
    whole = f(x, other)
    monkeypatch.setattr(backend, "CACHE_NUMBERS", 1)  # an image at a time
    np.testing.assert_allclose(to_numpy(f(x, other)), to_numpy(whole), rtol=1e-12)


def test_max_pool_gives_indices_that_lead_back(rng):
    x = tg.Tensor(rng.normal(size=(2, 3, 6, 4)))
    y, indices = ops.max_pool2d(x, 2, return_indices=True)
    back = ops.max_unpool2d(y, indices, 2)
    kept = to_numpy(back) != 0
    np.testing.assert_array_equal(to_numpy(back)[kept], to_numpy(x)[kept])
    assert kept.sum() == y.size
    np.testing.assert_array_equal(to_numpy(ops.max_pool2d(back, 2))[to_numpy(y) > 0],
                                  to_numpy(y)[to_numpy(y) > 0])


def test_max_unpool_knows_the_size_before_padding(rng):
    x = tg.Tensor(rng.normal(size=(2, 3, 5, 6)))
    window = {"kernel_size": (3, 2), "stride": 2, "padding": (1, 0)}
    y, indices = ops.max_pool2d(x, return_indices=True, **window)
    back = ops.max_unpool2d(y, indices, **window)
    np.testing.assert_array_equal(
        to_numpy(back), to_numpy(ops.max_unpool2d(y, indices, output_size=(5, 6), **window)))


def test_max_pool_of_minus_infinity_stays_inside_the_image():
    x = tg.Tensor(np.full((1, 1, 3, 3), -np.inf, "float32"))
    y, indices = ops.max_pool2d(x, 2, padding=1, return_indices=True)  # padding is -inf as well
    np.testing.assert_array_equal(to_numpy(indices), [[[[0, 1], [3, 4]]]])
    gx = tg.grad(y, x, xp.ones_like(y.data))
    np.testing.assert_array_equal(to_numpy(gx), [[[[1, 1, 0], [1, 1, 0], [0, 0, 0]]]])


def test_max_pool_passes_a_nan_on():
    x = xp.asarray(np.array([[[[1, np.nan], [0, 0]]]]))
    assert np.isnan(to_numpy(ops.max_pool2d(x, 2))).all()


def test_max_pool_gives_a_tie_to_the_first():
    x = tg.Tensor(np.zeros((1, 1, 2, 2)))
    gx = tg.grad(ops.max_pool2d(x, 2).sum(), x)
    assert to_numpy(gx).tolist() == [[[[1, 0], [0, 0]]]]


@pytest.mark.parametrize("f, shapes", [
    (ops.linear, [(2, 0), (3, 0), (3,)]), (ops.linear, [(0, 2), (3, 2), (3,)]),
    (ops.linear, [(2, 3), (0, 3), (0,)]), (lambda x, w: ops.group_norm(x, w, groups=2),
                                           [(0, 4, 3), (4,)]),
    (ops.conv2d, [(1, 0, 5, 5), (3, 0, 2, 2)]), (ops.attention, [(0, 2, 3), (0, 4, 3), (0, 4, 5)])],
    ids=["no features", "no rows", "no outputs", "no images", "no channels", "no batch"])
def test_an_axis_of_size_0(f, shapes, rng):
    y = f(*[tg.Tensor(rng.normal(size=shape)) for shape in shapes])
    check_gradients(f, *[rng.normal(size=shape) for shape in shapes])
    assert y.size == 0 or shapes[0][1] == 0


def test_dropout_of_a_plain_number_is_an_array(rng):
    assert isinstance(ops.dropout(xp.asarray(np.array(1.5)), 0.5, rng), xp.ndarray)


def test_a_divergence_of_single_numbers_stays_float32():
    """Operators turn arrays of one number into NumPy scalars, whose exp was a float64."""
    mean, logvar, prior = tg.Tensor(0.5), tg.Tensor(0.2), xp.asarray(np.float32(0.1))
    y = ops.kl_normal(mean, logvar, prior, prior, axis=())
    for gx in tg.grad(y, [mean, logvar], create_graph=True):
        assert gx.dtype == np.float32


@pytest.mark.parametrize("f", [
    lambda x: ops.conv2d(x, xp.asarray(W[:, :, :2])), lambda x: ops.max_pool2d(x, 2),
    lambda x: ops.avg_pool2d(x, 2), lambda x: ops.upsample_nearest2d(x, 2),
    lambda x: ops.batch_norm(x), lambda x: ops.group_norm(x, groups=2), ops.gelu,
], ids=["conv2d", "max_pool2d", "avg_pool2d", "upsample", "batch_norm", "group_norm", "gelu"])
def test_results_do_not_depend_on_the_memory_layout(f, rng):
    first = tg.Tensor(rng.normal(size=(2, 2, 4, 4)))
    last = tg.Tensor(rng.normal(size=(2, 4, 4, 2)))
    last.data = xp.asarray(np.ascontiguousarray(to_numpy(first).transpose(0, 2, 3, 1))).transpose(
        0, 3, 1, 2)
    g = xp.asarray(rng.normal(size=f(first).shape))
    np.testing.assert_allclose(to_numpy(f(first)), to_numpy(f(last)), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(to_numpy(tg.grad(f(first), first, g)),
                               to_numpy(tg.grad(f(last), last, g)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("f", [
    lambda x, y, w: ops.conv2d(x, w, padding=(2, 1), stride=(1, 2), groups=2),
    lambda x, y, w: ops.conv_transpose2d(y, w, padding=(2, 1), stride=(1, 2), groups=2),
    lambda x, y, w: ops.conv2d_weight(x, y, kernel_size=(2, 3), padding=(2, 1), stride=(1, 2),
                                      groups=2)],
    ids=["conv2d", "conv_transpose2d", "conv2d_weight"])
def test_the_columns_of_a_convolution_fit_into_the_cache(f, monkeypatch):
    if backend.backend_name() != "numpy":
        pytest.skip("a GPU takes all at once")
    sizes, columns, n = [], conv._columns, 30

    def watched(*args):
        made = columns(*args)
        sizes.append(made.size)
        return made
    monkeypatch.setattr(conv, "_columns", watched)
    x, y, w = xp.zeros((n, 4, 9, 6)), xp.zeros((n, 6, 12, 3)), xp.zeros((6, 2, 2, 3))
    f(x, y, w)  # all at once
    whole = sizes.pop()
    assert not sizes
    monkeypatch.setattr(backend, "CACHE_NUMBERS", 7 * whole // n)
    f(x, y, w)
    assert sorted(sizes) == [k * whole // n for k in (3, 3, 4, 4, 4, 4, 4, 4)]  # 30 in 8 parts


@pytest.mark.parametrize("x", [xp.zeros(10_000), xp.zeros((100, 100)),
                               xp.zeros((100, 200))[:, ::2]],
                         ids=["a vector", "a matrix", "every other column"])
def test_eight_parts_fit_into_the_cache(x, monkeypatch):
    if backend.backend_name() != "numpy":
        pytest.skip("a GPU takes all at once")
    monkeypatch.setattr(backend, "CACHE_NUMBERS", 8 * 1000)
    sizes = []
    in_parts(lambda part: sizes.append(part.size), x)
    assert len(sizes) == 16 and sum(sizes) == 10_000 and max(sizes) <= 1000


@pytest.mark.parametrize("shape", [(), (0, 3), (9,), (5, 4), (2, 3, 4, 5)])
def test_gelu_in_parts_of_arrays_of_any_layout(shape, rng, monkeypatch):
    """Rows, columns and every other number, for x and for the cotangent."""
    monkeypatch.setattr(backend, "CACHE_NUMBERS", 64)
    layouts = [lambda a: a, lambda a: a.T.copy().T, lambda a: xp.stack([a, a], axis=-1)[..., 0]]
    x, g = tg.Tensor(rng.normal(size=shape)), xp.asarray(rng.normal(size=shape))
    y = ops.gelu_textbook(x)
    gx = tg.grad(y, x, g)
    for of_x, of_g in itertools.product(layouts, layouts):
        there = tg.Tensor(to_numpy(x))
        there.data = of_x(x.data)
        fused = ops.gelu(there)
        np.testing.assert_allclose(to_numpy(fused), to_numpy(y), rtol=1e-11)
        np.testing.assert_allclose(to_numpy(tg.grad(fused, there, of_g(g))), to_numpy(gx),
                                   rtol=1e-11, atol=1e-15)


def test_losses_of_extreme_logits_are_finite():
    x = tg.Tensor(np.array([[-1e4, 1e4], [-3e4, -2e4]], "float32"))
    t, labels = xp.asarray(np.array([[1, 0]] * 2, "float32")), xp.asarray(np.array([0, 0]))
    with np.errstate(all="raise", under="ignore"):
        for y, expected in (
                (ops.bce_with_logits(x, t), 1.25e4), (ops.cross_entropy(x, labels), 1.5e4),
                (ops.log_softmax(x).sum(), -3e4), (ops.softmax(x).sum(), 2),
                (ops.logsumexp(x, axis=1).sum(), -1e4)):
            assert y.item() == pytest.approx(expected)
            assert np.isfinite(to_numpy(tg.grad(y, x))).all()


def test_softplus_keeps_its_small_slope():
    x = tg.Tensor(np.float32([-80, -30, 0, 30]))
    slope = to_numpy(tg.grad(tg.softplus(x).sum(), x))
    np.testing.assert_allclose(slope, 1 / (1 + np.exp(-np.float64([-80, -30, 0, 30]))), rtol=1e-5)


def test_masked_scores_get_no_probability():
    x = tg.Tensor(np.array([[1.0, -np.inf, 0.0]]))
    y = ops.softmax(x)
    assert to_numpy(y)[0, 1] == 0
    gx = to_numpy(tg.grad(y, x, xp.asarray(np.array([[1.0, 2.0, 3.0]]))))
    assert np.isfinite(gx).all() and gx[0, 1] == 0


@pytest.mark.parametrize("x, ids, shape, by_rows", [
    ((3, 5), (3,), (4, 5), True), ((2, 2, 5, 3), (2, 2), (2, 5, 3), True),
    ((3, 1), (3,), (4, 5), False)])
def test_rows_are_added_up_as_one_line(x, ids, shape, by_rows, monkeypatch):
    """That is fast; it can't be done where x is broadcast to the rows."""
    taken, sum_rows = [], indexing._sum_rows
    monkeypatch.setattr(indexing, "_sum_rows", lambda *a: taken.append(1) or sum_rows(*a))
    ops.scatter_add(xp.ones(x), key=xp.zeros(ids, "int64"), shape=shape)
    assert bool(taken) == by_rows


def test_scatter_add_adds_up_what_is_addressed_twice():
    x = tg.Tensor(np.ones((3, 2)))
    gx = tg.grad(x[xp.asarray(np.array([0, -3, 0, -1]))].sum(), x)
    assert to_numpy(gx).tolist() == [[3, 3], [0, 0], [1, 1]]


def test_a_mask_is_no_list_of_rows():
    x = tg.Tensor(np.ones((3, 2)))
    gx = tg.grad(x[x.data[:, 0] > 0].sum(), x)
    assert to_numpy(gx).tolist() == [[1, 1]] * 3


@pytest.mark.parametrize("op", [ops.softmax, ops.log_softmax])
def test_many_scores_along_an_axis_in_the_middle(op, rng):
    """So many that sums along the last axis would be products."""
    x, g = tg.Tensor(rng.normal(size=(20, 20, 20))), xp.asarray(rng.normal(size=(20, 20, 20)))
    y, twin = op(x, axis=1), op.textbook(x, axis=1)
    np.testing.assert_allclose(to_numpy(y), to_numpy(twin), rtol=1e-11)
    np.testing.assert_allclose(to_numpy(tg.grad(y, x, g)), to_numpy(tg.grad(twin, x, g)),
                               rtol=1e-9, atol=1e-12)


def test_batch_moments(rng):
    x = rng.normal(size=(4, 3, 2, 5))
    mean, var = ops.batch_moments(xp.asarray(x))
    np.testing.assert_allclose(to_numpy(mean), x.mean((0, 2, 3)))
    np.testing.assert_allclose(to_numpy(var), x.var((0, 2, 3)))


def test_a_channel_of_equal_numbers_is_standardized_to_zeros():
    x = xp.asarray(np.array([[3.0, 4.0], [3.0, 6.0]]))
    y = to_numpy(ops.standardize(x, *ops.batch_moments(x)))
    np.testing.assert_allclose(y, [[0, -1], [0, 1]], rtol=1e-4)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_logsumexp_of_nothing_likely_is_minus_infinity():
    x = tg.to_numpy(tg.logsumexp(tg.Tensor(np.array([[-np.inf, -np.inf], [0.0, -np.inf]])), axis=1))
    assert x.tolist() == [-np.inf, 0.0]
    assert tg.logsumexp(tg.Tensor([np.inf, 0.0])).item() == np.inf

"""The checker itself: it must fail for every wrong gradient, and say where."""
import contextlib
import runpy
import sys

import pytest

import tinygen as tg
from tests.helpers import t
from tinygen import ops
from tinygen.backend import np, to_numpy, xp
from tinygen.check import GradientError, check_gradients, check_model_gradients
from tinygen.check.__main__ import main, parse
from tinygen.check.gradients import draw, finite_difference, smallest_that_counts
from tinygen.check.table import CASES
from tinygen.operation import Op
from tinygen.tensor import plain

RNG = np.random.default_rng(0)
SQUARE = RNG.normal(size=(3, 3))


# ---- sabotage: each op, each input, each way to be wrong ----

def transposed(g):
    square = g.ndim >= 2 and g.shape[-1] == g.shape[-2]
    return ops.swapaxes(g) if square else g


SABOTAGES = {"zeroed": lambda g: 0 * g, "negated": lambda g: -g, "scaled": lambda g: 1.01 * g,
             "transposed": transposed}


@contextlib.contextmanager
def sabotaged(op, i, spoil):
    """`op` with its i-th gradient spoilt, if any; yields a list that fills when one was changed."""
    rule, changes = op.rule, []

    def spoilt_rule(*inputs, **settings):
        y, *gradients = rule(*inputs, **settings)
        true = gradients[i] if i < len(gradients) else None
        if true is None:
            return y, *gradients

        def spoilt(g, y, *inputs):
            gx = true(g, y, *inputs)
            wrong = spoil(gx)
            if not np.array_equal(to_numpy(gx), to_numpy(wrong)):
                changes.append(True)
            return wrong
        return y, *gradients[:i], spoilt, *gradients[i + 1:]

    with op.replaced(by=Op(spoilt_rule, op.textbook)):
        yield changes


def caught(case, op, i, spoil):
    """None where the sabotage changed no gradient, else whether check_gradients failed."""
    with sabotaged(op, i, spoil) as changes:
        try:
            check_gradients(case.f, *case.inputs(), order=1, samples=6)
        except GradientError:
            return True
        return False if changes else None


OPS = sorted({case.name for case in CASES if isinstance(getattr(ops, case.name), Op)})


@pytest.mark.parametrize("way", SABOTAGES)
@pytest.mark.parametrize("name", OPS)
def test_sabotage_is_caught(name, way):
    op = getattr(ops, name)
    rows = [case for case in CASES if case.name == name]
    inputs = max(len(case.shapes) for case in rows) + (name == "where")  # behind its condition
    for i in range(inputs):
        verdicts = [caught(case, op, i, SABOTAGES[way]) for case in rows]
        assert False not in verdicts, f"input {i} of {rows[verdicts.index(False)]} slipped through"
        if way != "transposed" and (name, i) != ("where", 0):  # a condition has no gradient
            assert True in verdicts, f"no row of {name} uses the gradient for input {i}"


def test_transposing_is_caught_wherever_an_op_treats_positions_differently():
    """Each op has a row with a gradient that is square and not symmetric."""
    blind = set()
    for name in OPS:
        rows = [case for case in CASES if case.name == name]
        if not any(caught(case, getattr(ops, name), i, transposed)
                   for case in rows for i in range(len(case.shapes) + 1)):
            blind.add(name)
    assert blind == set()


# ---- what else a check must see ----

def test_ones_for_a_cotangent_would_be_blind():
    """A softmax sums to 1, so <1, softmax(x)> has gradient zero whatever the op's gradient is."""
    def without_gradient(x):
        e = xp.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True), lambda g, y, x: 0 * x

    broken = tg.op(without_gradient)
    check_gradients(lambda x: broken(x).sum(), SQUARE)  # ones: passes
    with pytest.raises(GradientError):
        check_gradients(broken, SQUARE)  # random: fails


def test_a_wrong_second_derivative_is_caught():
    """y is captured as an array: a right first derivative, and a second one without its y'."""
    def careless(x):
        t = xp.tanh(x)
        return t, lambda g, y, x: g * (1 - t * t)

    with ops.tanh.replaced(by=careless):
        check_gradients(ops.tanh, SQUARE, order=1)
        with pytest.raises(GradientError, match="gradient by x is wrong at order 2") as caught:
            check_gradients(ops.tanh, SQUARE)
    assert "keeps a value from the forward: write it in ops of g, y and the" in str(caught.value)


def test_a_new_op_that_keeps_a_value_from_the_forward_is_told_what_is_wrong():
    def cubed(x):
        squared = x * x
        return x * squared, lambda g, y, x: 3 * g * squared

    check_gradients(tg.op(cubed), SQUARE, order=1)
    with pytest.raises(GradientError, match="cubed: .* order 2: .*; a gradient that is right at "
                                            "order 1 .* keeps a value .* or name a textbook$"):
        check_gradients(tg.op(cubed), SQUARE)
    check_gradients(tg.op(cubed, textbook=lambda x: x * x * x), SQUARE)
    with sabotaged(ops.exp, 0, lambda g: -g), pytest.raises(GradientError) as caught:
        check_gradients(ops.exp, SQUARE)
    assert "keeps a value" not in str(caught.value)  # of a wrong first derivative it says nothing


def test_a_second_derivative_lost_by_the_cotangent_is_caught():
    def careless(a, b):
        return a * b, lambda g, y, a, b: plain(g) * b, lambda g, y, a, b: g * a

    with ops.mul.replaced(by=careless):
        check_gradients(ops.mul, SQUARE, SQUARE + 1, order=1)
        with pytest.raises(GradientError, match="by cotangent is wrong at order 2"):
            check_gradients(ops.mul, SQUARE, SQUARE + 1)


def test_a_wrong_twin_is_caught():
    def twin(x):
        return x * x * (1 + 1.5e-9)

    def square(x):
        return x * x, lambda g, y, x: 2 * g * x

    with pytest.raises(GradientError, match="square: .*differs when it is recorded.*textbook twin"):
        check_gradients(tg.op(textbook=twin)(square), SQUARE, order=1)

    def same(x):
        return x + 0, lambda g, y, x: g

    wrong_at_one = tg.op(same, textbook=lambda x: x * xp.asarray([1.0, 0.0, 1.0]))
    with pytest.raises(GradientError, match=r"element \(1,\) is -?\d\.\d+ without and -?0 with;"):
        check_gradients(wrong_at_one, np.ones(3))


@pytest.mark.parametrize("spoil, form", [
    (lambda g: g[None], r"shape \(1, 3, 3\) and dtype float64"),
    (lambda g: g.astype("float32"), r"shape \(3, 3\) and dtype float32")])
def test_an_engine_that_changes_a_gradients_form_is_caught(spoil, form, monkeypatch):
    monkeypatch.setattr("tinygen.check.gradients.grad", lambda *arguments, **settings: [
        spoil(g) for g in tg.grad(*arguments, **settings)])
    with pytest.raises(GradientError, match=f"^exp: the gradient by x has {form}") as caught:
        check_gradients(tg.exp, SQUARE)
    assert caught.value.row == ("exp", "x", 1, np.inf, 0, 9)


def test_a_nan_is_caught():
    def rule(x):
        return x + 0, lambda g, y, x: g * xp.nan
    with pytest.raises(GradientError, match="nan by backward"):
        check_gradients(tg.op(rule), SQUARE)
    with pytest.raises(GradientError, match="nan by backward"):  # where the value is one, too
        check_gradients(lambda x: x * xp.nan, SQUARE)


def test_one_wrong_element_of_many_is_named():
    def rule(x):
        wrong = np.ones((2, 3))
        wrong[1, 2] = 1.001
        return x + 0, lambda g, y, x: g * xp.asarray(wrong)

    with pytest.raises(GradientError) as caught:
        check_gradients(tg.op(rule), np.ones((2, 3)), name="my_op")
    message = str(caught.value)
    assert message.startswith("my_op: the gradient by x is wrong at order 1: element (1, 2) is ")
    assert "by backward" in message and "by finite differences" in message
    assert "relative error 0.001, tolerance 1e-06" in message
    assert caught.value.row.error == pytest.approx(0.001, rel=0.01)


def test_of_equal_errors_the_first_is_named():
    with pytest.raises(GradientError, match=r"element \(0,\) is 0 by backward"):
        check_gradients(tg.op(lambda x: (x + 0, lambda g, y, x: g * 0)), np.ones(3))


def test_steps_grow_with_the_numbers_that_are_moved():
    x, seen = tg.Tensor(np.array([-100.0, 0.5, 7000.0])), []

    def outputs():
        seen.append(to_numpy(x).copy())
        return [x * 1]
    for v in ([1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [1.0, 1.0, 0.0]):  # the largest that moves counts
        finite_difference(outputs, [np.ones(3)], x, np.array(v), sum(v), 1e-3)
    moves = np.array(seen) - to_numpy(x)
    expected = [[6e-4, 0, 0], [0, 12e-6, 0], [6e-4, 6e-4, 0]]
    np.testing.assert_allclose(moves[::2], expected, atol=1e-10)
    np.testing.assert_allclose(moves[1::2], np.negative(expected), atol=1e-10)


def test_cotangents_have_both_signs_and_none_is_small():
    sizes = draw(np.random.default_rng(0), (1000, 2))
    assert sizes.shape == (1000, 2) and 0.45 < (sizes > 0).mean() < 0.55
    assert 0.5 <= abs(sizes).min() < 0.51 and 1.49 < abs(sizes).max() <= 1.5


@pytest.mark.parametrize("slope, difference", [(1.0, 0.75), (0.4, 6.1 / 12)])
def test_of_two_steps_that_fail_the_nearer_one_is_told(slope, difference):
    """The kink of relu is nearer than both, 6e-6 and 2e-7."""
    x = tg.Tensor(np.array([1e-7]))
    found, error = finite_difference(lambda: [tg.relu(x)], [np.ones(1)], x, np.ones(1), slope, 1e-3)
    assert found == pytest.approx(difference)
    assert error == pytest.approx(abs(slope - difference) / max(slope, difference))


def test_a_large_input_is_sampled_and_moved_along_directions():
    """Directions find a mistake in one element of 10,000, whichever elements were drawn."""
    x = RNG.normal(size=(100, 100))
    first, *_ = check_gradients(tg.sin, x, order=1)
    assert (first.checked, first.size) == (68, 10_000)
    first, = check_gradients(tg.sin, x[0, :64], order=1)
    assert (first.checked, first.size) == (64, 64)
    moved = set()

    def watched(x):
        places, = np.nonzero(to_numpy(x))
        moved.update(places if len(places) == 1 else ())
        return x + 0
    check_gradients(watched, np.zeros(66), order=1)
    assert len(moved) == 64  # no element twice

    def rule(x):
        wrong = np.ones((100, 100))
        wrong[77, 7] = 5
        return x + 0, lambda g, y, x: g * xp.asarray(wrong)
    with pytest.raises(GradientError, match="along random direction"):
        check_gradients(tg.op(rule), x)


def test_a_kink_close_by_does_not_fail():
    check_gradients(tg.relu, np.array([3e-7, -3e-7, 0.5]))


def test_the_step_and_what_errors_are_relative_to():
    """Of x³ at 0 the central difference is h², and the gradient 0."""
    x = tg.Tensor(np.zeros(1))
    difference, error = finite_difference(
        lambda: [x ** 3], [np.ones(1)], x, np.ones(1), slope=0.0, floor=0.5)
    assert difference == pytest.approx(6e-6 ** 2) and error == difference / 0.5
    assert smallest_that_counts([t(2), np.array([0.5, -3.0])]) == 3e-3
    assert smallest_that_counts([np.array([0.5])]) == 1e-3
    with np.errstate(invalid="raise"):  # ∞ - ∞
        infinite = finite_difference(lambda: [x * np.inf], [np.ones(1)], x, np.ones(1), np.inf, 1)
    assert infinite == (np.inf, np.inf)


def test_no_graph_from_before_a_move_is_walked_after_it():
    x = tg.Tensor(np.array([2.0]))
    graphs = [x * x]

    def outputs():
        with pytest.raises(ValueError, match="after this forward"):
            tg.grad(graphs[-1], x)
        graphs.append(x * x)
        return graphs[-1:]
    finite_difference(outputs, [np.ones(1)], x, np.ones(1), 4.0, 1e-3)
    with pytest.raises(ValueError, match="after this forward"):
        tg.grad(graphs[-1], x)


def test_the_report():
    rows = check_gradients(ops.matmul, SQUARE, SQUARE[:, :2])
    assert [(row.argument, row.order, row.checked) for row in rows] == [
        ("a", 1, 9), ("b", 1, 6), ("a", 2, 9), ("b", 2, 6), ("cotangent", 2, 6)]
    assert all(row.name == "matmul" and row.error < 1e-8 for row in rows)
    assert [row.argument for row in check_gradients(
        lambda *xs: ops.concatenate(xs), SQUARE, SQUARE, order=1)] == [
        "xs[0]", "xs[1]"]


def test_inputs_may_be_tensors_and_stay_as_they_are():
    x = tg.Tensor(SQUARE)
    check_gradients(tg.exp, x)
    assert x.grad is None and np.array_equal(to_numpy(x), SQUARE)


class Model:
    """As much of a Module as the check needs."""

    def __init__(self, dtype="float64"):
        self.w = tg.Tensor(RNG.normal(size=(4, 5)).astype(dtype))
        self.b = tg.Tensor(RNG.normal(size=4).astype(dtype))

    def named_parameters(self):
        return [("layer.w", self.w), ("layer.b", self.b)]

    def loss(self):
        x = xp.asarray(np.linspace(-1, 1, 30).reshape(6, 5).astype(to_numpy(self.w).dtype))
        return (tg.tanh(tg.linear(x, self.w, self.b)) ** 2).mean()


def test_every_parameter_of_a_model():
    model = Model()
    before = model.w.data
    rows = check_model_gradients(model, model.loss)
    assert [(row.argument, row.order) for row in rows] == [
        ("layer.w", 1), ("layer.b", 1), ("layer.w", 2), ("layer.b", 2), ("cotangent", 2)]
    assert model.w.data is before and model.w.grad is None
    wrong = pytest.raises(GradientError, match="Model: .* by layer.b is wrong at order 1")
    with sabotaged(ops.linear, 2, lambda g: 1.01 * g), wrong:
        check_model_gradients(model, model.loss)


# ---- python -m tinygen.check ----

def test_the_command_prints_the_table(capsys):
    assert main(["--op", "matmul", "--op", "exp"]) == 0
    out = capsys.readouterr().out
    header, first = out.splitlines()[:2]
    assert header.split() == ["op", "argument", "order", "worst", "error", "verdict"]
    assert first.split()[:3] == ["exp", "x", "1"] and first.endswith("ok")
    assert 0 < float(first.split()[3]) < 1e-6
    assert "2 ops in 12 cases, 0 failed; relative error at most" in out and "FAILED" not in out
    assert main(["--op", "elu", "--order", "1"]) == 0  # whose cases are lambdas
    _, *rows = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    assert [row.split()[:3] for row in rows] == [["elu", "x", "1"]]


def test_without_options_every_op_is_checked(monkeypatch, capsys):
    assert vars(parse([])) == vars(parse(["--order", "2"])) == {"op": None, "order": 2}
    monkeypatch.setattr("tinygen.check.__main__.CASES", CASES[:3])
    assert main([]) == 0 and " in 3 cases, 0 failed" in capsys.readouterr().out


def test_it_is_a_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["check", "--op", "exp", "--order", "1"])
    with pytest.raises(SystemExit) as exit:
        runpy.run_path(main.__code__.co_filename, run_name="__main__")
    assert exit.value.code == 0 and "1 ops in 2 cases" in capsys.readouterr().out


def test_its_help_keeps_its_lines(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    assert "all ops, first and second order\n" in capsys.readouterr().out


def test_the_command_fails_with_the_reason(capsys):
    with sabotaged(ops.exp, 0, lambda g: -g):
        assert main(["--op", "exp", "--order", "1"]) == 1
    out = capsys.readouterr().out
    assert "FAILED\n\nexp: the gradient by x is wrong at order 1: element" in out


def test_the_command_fails_an_op_that_differs_from_its_twin_by_little(capsys):
    with ops.gelu.replaced(by=Op(ops.gelu.rule, lambda x: (1 + 1e-8) * ops.gelu_textbook(x))):
        assert main(["--op", "gelu", "--order", "1"]) == 1
    assert "FAILED\n\ngelu: the gradient by x differs when it is" in capsys.readouterr().out


@pytest.mark.parametrize("arguments, message", [
    (["--op", "sofplus"], "no op 'sofplus'; did you mean softplus"),
    (["--op", "xyzzy"], "no op 'xyzzy'; did you mean abs, add, alias"),
    (["--order", "3"], "invalid choice"),
    (["--speed"], "unrecognized arguments")])
def test_the_command_refuses_what_it_does_not_know(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2 and message in capsys.readouterr().err

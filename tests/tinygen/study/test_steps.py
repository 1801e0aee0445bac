"""backward_steps: the same walk as tg.grad's, op by op, with finite differences beside it."""
import numpy as np
import pytest

import tinygen as tg
from models import gpt
from tinygen import nn
from tinygen.backend import to_numpy, xp
from tinygen.check.gradients import draw
from tinygen.check.table import CASES
from tinygen.study import backward_steps


def a_gpt(rng, dtype="float32"):
    config = gpt.Config(7, block_size=4, n_layer=1, n_head=2, n_embd=4, tied=True)
    model = gpt.GPT(config, rng=rng).astype(dtype)
    ids = xp.asarray(rng.integers(0, 7, (2, 4)))
    return model, gpt.loss(model, ids, ids)


def largest_error(step):
    """Of its gradients against the finite differences, relative where they are large."""
    return max((np.nanmax(np.abs(a - b), initial=0) / max(1, np.abs(a).max(initial=0))
                for a, b in zip(step.gradients, step.differences) if a is not None), default=0)


@pytest.mark.parametrize("name", sorted({case.name for case in CASES}))
def test_differences_agree_at_every_row_of_the_table(name, rng):
    for case in CASES:
        if case.name == name:
            y = case.f(*[tg.Tensor(xp.asarray(x)) for x in case.inputs()])
            for step in backward_steps(y, g=xp.asarray(draw(rng, y.shape))):
                assert any(d is not None and np.isfinite(d).any() for d in step.differences)
                assert largest_error(step) < 1e-8


def test_differences_are_taken_in_float64_where_the_op_would_round(rng):
    x = tg.Tensor(xp.asarray(rng.standard_normal(5)))
    step, = backward_steps(x.astype("float32"), g=xp.ones(5, "float32"))
    assert largest_error(step) < 1e-8


def test_differences_show_a_gradient_that_is_wrong(rng):
    def tanh(x):
        return xp.tanh(x), lambda g, y, x: g * (1 - y)
    x = tg.Tensor(xp.asarray(rng.standard_normal(5)))
    with tg.ops.tanh.replaced(by=tanh):
        step, = backward_steps(tg.tanh(x), g=xp.ones(5))
    assert largest_error(step) > 0.1 and "(1 - y)\n" in step.source
    right = 1 - np.tanh(to_numpy(x)) ** 2
    assert np.abs(step.differences[0] - right).max() < 1e-9


def test_totals_of_leaves_are_the_gradients_to_the_last_bit(rng):
    model, loss = a_gpt(rng)  # tied: the head's weight is the token embedding's
    totals = {}
    for step in backward_steps(loss, model=model):
        assert largest_error(step) < 1e-5  # of float32
        totals.update((given.name, total) for given, total in zip(step.given, step.totals)
                      if given.node is None and total is not None)
    parameters = dict(model.named_parameters())
    assert set(totals) == set(parameters)
    for (name, _), gradient in zip(parameters.items(), tg.grad(loss, parameters.values())):
        assert (totals[name] == to_numpy(gradient)).all(), name


def test_a_step_has_everything(rng):
    model = nn.Linear(3, 2, rng=rng).astype("float64")
    x = xp.asarray(rng.random((4, 3)))
    last, first = backward_steps(model(x).sum(axis=0), g=xp.asarray([1.0, 2.0]), model=model)
    assert (last.op, last.number, last.settings, first.op, first.number) == (
        "sum", 1, {"axis": 0, "keepdims": False}, "linear", 0)
    assert first.names == ["x", "w", "b"] and last.names == ["x"]
    assert [given.name for given in first.given] == ["float64", "weight", "bias"]
    assert last.given[0].node == 0
    assert (first.output == last.inputs[0]).all() and (first.g == last.totals[0]).all()
    assert (first.g == [1, 2]).all() and first.g.shape == (4, 2)
    assert first.gradients[0] is first.totals[0] is first.differences[0] is None
    assert (first.gradients[2] == [4, 8]).all()
    assert "# dy = dx·wᵀ + x·dwᵀ + db" in first.source
    assert all(d is None for step in backward_steps(model(x), False, g=xp.ones((4, 2)))
               for d in step.differences)


def test_inputs_used_twice_add_up(rng):
    x = tg.Tensor(xp.asarray(rng.random(3)))
    product, addition = list(backward_steps((x + x) * x, g=xp.ones(3)))
    assert np.allclose(product.totals[1], 2 * to_numpy(x))
    assert np.allclose(addition.totals[0], 4 * to_numpy(x))
    assert np.allclose(addition.gradients[0], addition.gradients[1])


@pytest.mark.parametrize("size, taken", [(64, 64), (65, 64), (50_000, 40), (1_000_000, 8)])
def test_of_a_large_input_some_differences_are_taken(size, taken, rng):
    x = tg.Tensor(xp.asarray(rng.random(size)))
    step, = backward_steps(tg.exp(x), g=xp.ones(size))
    assert np.isfinite(step.differences[0]).sum() == taken
    if taken < size:  # always at the same places
        chosen = np.random.default_rng(0).choice(size, taken, replace=False)
        assert np.isfinite(step.differences[0][chosen]).all()
    assert ("such as\n    (" in str(step)) is (taken < size)


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-6), ("float32", 1e-4),
                                              ("float16", 1e-2)])
def test_a_difference_that_is_off_by_more_is_taken_again_with_a_smaller_step(dtype, tolerance):
    """The first step, of 6e-6, reaches over relu's kink and is off by half as much again."""
    x = tg.Tensor(xp.asarray([6e-6 * (1 - 3 * tolerance)], dtype=dtype))
    step, = backward_steps(tg.relu(x), g=xp.ones(1, dtype))
    assert step.differences[0] == pytest.approx(1, rel=1e-9)


def test_nothing_is_freed(rng):
    model, loss = a_gpt(rng)
    assert len(list(backward_steps(loss, False))) == 23
    assert model.head.weight.grad is None
    loss.backward()


def test_a_parameter_that_the_loss_does_not_use_is_no_trouble(rng):
    model, loss = a_gpt(rng)
    model.spare = nn.Linear(2, 2, rng=rng)
    assert len(list(backward_steps(loss, False, model=model))) == 23


def test_a_page_shows_the_rule_the_numbers_and_the_differences():
    x = tg.Tensor(xp.asarray([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]))
    step, = backward_steps(tg.softmax(x), g=xp.asarray([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]))
    text = str(step)
    for words in ("Step 1 of 1: softmax, op 0\n", "# log y = x - log Σ eˣ", "y = softmax(x)",
                  "0.0900 0.2447 0.6652", "x (2, 3), leaf 0    x̄ by backward",
                  "0.0819 -0.0220 -0.0599     0.0819 -0.0220 -0.0599",
                  "x̄: backward and differences are at most"):
        assert words in text, words
    assert max(map(len, text.splitlines())) <= 100


def test_a_page_shows_a_corner_of_a_large_array_and_small_numbers(rng):
    x = tg.Tensor(xp.asarray(rng.random((20, 30)) * 1e-5))
    step, = backward_steps(x * 2.5, g=xp.ones((20, 30)))
    assert "e-06" in str(step) and "..." in str(step) and "\n  b\n  2.5\n" in str(step)
    assert len(str(step).splitlines()) < 50


def test_nothing_at_all_has_a_page():
    step, = backward_steps(tg.exp(tg.Tensor(xp.ones((2, 0)))), g=xp.ones((2, 0)))
    assert "x (2, 0), leaf 0" in str(step)


def test_a_rule_that_was_typed_in_has_no_source(rng):
    space = {"xp": xp}
    exec("def twice(x):\n    return 2 * x, lambda g, y, x: 2 * g", space)
    with tg.ops.exp.replaced(by=space["twice"]):
        step, = backward_steps(tg.exp(tg.Tensor([1.0])))
    assert step.source == "# the source of exp is not in a file\n"


def test_at_the_end_of_what_an_op_takes_there_is_no_difference():
    """A target of 0 or 1 is right, and a little further is refused."""
    x, t = tg.Tensor([0.5, -1.0, 2.0]), tg.Tensor([0.0, 1.0, 0.25])
    step, = backward_steps(tg.bce_with_logits(x, t))
    assert np.isfinite(step.differences[1]).tolist() == [False, False, True]
    assert np.isfinite(step.differences[0]).all() and "at 1 of 3 elements" in str(step)
    step, = backward_steps(tg.bce_with_logits(x, tg.Tensor([0.0, 1.0, 1.0])))
    assert "t\u0304: no finite difference could be taken" in str(step)


def test_bad_input_is_refused_at_once(rng):
    model, loss = a_gpt(rng)
    x = tg.Tensor(xp.asarray(rng.random(3)))
    for arguments, kind, words in [
            ((loss.detach(),), ValueError, "^backward_steps: .* has no graph to walk"),
            ((tg.Tensor(1.0),), ValueError, "^backward_steps: .* has no graph to walk"),
            ((1.0,), TypeError, "^backward_steps: needs one Tensor, such as a loss, got float"),
            ((x * 2,), ValueError, r"^backward_steps: only a Tensor with one element needs no")]:
        with pytest.raises(kind, match=words):
            backward_steps(*arguments)
    with pytest.raises(ValueError, match="without any parameter of this Linear; give the model"):
        backward_steps(loss, model=nn.Linear(2, 2, rng=rng))
    with pytest.raises(TypeError, match="^backward_steps: the model must be a Module, .* got str"):
        backward_steps(loss, model="m")
    loss.backward()
    with pytest.raises(ValueError, match="^backward_steps: this graph was freed"):
        backward_steps(loss)

"""In the model: two runs from one seed, and what a check says where they part."""
import copy

import pytest

import tinygen as tg
from demos.exercises import cases, judge, swap
from demos.exercises.exercise import Wrong, find
from demos.exercises.swap import Calls, Model
from tinygen.backend import backend_name, np

pytestmark = pytest.mark.skipif(backend_name() != "numpy", reason="students' answers are NumPy's")


def three_steps(answer, calls):
    """A model that calls softmax once a step, and learns to put its weight on one place."""
    x = tg.Tensor(np.zeros((2, 3), "float32"))
    for _ in range(3):
        loss = -tg.log(tg.softmax(x)[:, 0]).mean()
        yield loss.item()
        x = tg.Tensor((x - tg.grad(loss, x)).numpy())


@pytest.fixture
def softmax():
    """Exercise 08 with a small model."""
    found = copy.copy(find(8))
    found.model = Model("toy", 3, three_steps)
    return found


def outcome(exercise, answer, seconds=20):
    result = judge.judge_training(exercise, swap.train(exercise, answer, seconds))
    return result if isinstance(result, str) else result.found


def test_success_is_told_with_calls_and_losses(softmax):
    told = outcome(softmax, softmax.reference)
    assert told.startswith("3 forward, 3 gradient calls, all yours: loss 1.1 -> ")
    assert told.count("1.1 ->") == 1 and "the engine's own" in told


def test_the_engine_is_whole_again(softmax):
    swap.train(softmax, softmax.reference)
    assert type(tg.ops.attention).__name__ == "Op" and tg.ops.softmax.textbook is not None


def test_losses_that_differ(softmax):
    def unscaled(x, axis=-1):
        y, gradient = softmax.reference(x, axis)
        return y, lambda g: 2 * gradient(g)
    assert outcome(softmax, unscaled).startswith("At step 2 the loss is ")


def test_an_answer_that_is_not_called(softmax):
    softmax.swap = lambda answer, calls: []
    assert outcome(softmax, softmax.reference) == "It was never called while the toy trained."


def test_a_gradient_that_is_not_asked_for(softmax):
    def swapped(answer, calls):
        def rule(x, *, axis=-1):
            y, gradient = calls.forward(answer, x, axis)
            return y, lambda g, y, x: gradient(g)
        return [tg.ops.softmax.replaced(by=rule)]
    softmax.swap = swapped
    assert outcome(softmax, softmax.reference).startswith("Its gradient was never asked for")
    softmax.model = softmax.model._replace(counts=("forward",))
    assert outcome(softmax, softmax.reference).startswith("3 forward calls, all yours")


def test_gradients_of_tensors_are_counted_by_themselves():
    calls, x = Calls(), tg.Tensor([1.0, 2.0])
    y, z = calls.forward(lambda x: (x * x, x + 1), x)
    (y + z).sum().backward()
    assert (calls.forward_calls, calls.gradient_calls) == (1, 2)
    np.testing.assert_array_equal(x.grad.numpy(), [3.0, 5.0])
    calls.forward(lambda x: x.detach(), x)
    assert calls.gradient_calls == 2


def test_an_answer_that_is_too_slow(softmax):
    def slow(x, axis=-1):
        for _ in range(300_000):
            pass
        return softmax.reference(x, axis)
    told = outcome(softmax, slow, seconds=0.001)
    assert "of 3 steps in 0 s" in told and "s a call, on (2, 3)" in told
    assert "Let NumPy take whole arrays" in told


@pytest.mark.parametrize("change, told", [
    (lambda y: y.astype("float64"), "y is ndarray (2, 3) float64 where (2, 3) float32 is needed"),
    (lambda y: y[0], "y is ndarray (3,) float32 where (2, 3) float32 is needed"),
    (lambda y: list(y), "y is a list where (2, 3) float32 is needed"),
])
def test_a_guard_stands_between_the_answer_and_the_engine(softmax, change, told):
    def changed(x, axis=-1):
        y, gradient = softmax.reference(x, axis)
        return change(y), gradient
    assert told in outcome(softmax, changed)


def test_what_an_answer_raises_is_told_with_its_line(softmax):
    def broken(x, axis=-1):
        return x[7, 7, 7]
    with pytest.raises(IndexError) as caught:
        swap.train(softmax, broken)
    error = cases.error_of(caught.value)
    assert error.kind == "IndexError" and "x[7, 7, 7]" in error.text


def test_a_model_may_tell_of_success_or_failure_itself(softmax):
    def tells(answer, calls):
        if answer:
            calls.forward(answer, np.zeros(2))
        return "confirmed 60, exposed 5"
        yield

    def refuses(answer, calls):
        if answer:
            raise Wrong("It confirms a gradient that is wrong.")
        yield 1.0

    softmax.model, softmax.swap = Model("the table", 0, tells, counts=("forward",)), lambda *a: []
    assert outcome(softmax, softmax.reference) == "confirmed 60, exposed 5"
    softmax.model = Model("the table", 1, refuses)
    assert outcome(softmax, softmax.reference) == "It confirms a gradient that is wrong."


@pytest.mark.parametrize("model", [swap.GPT, swap.AE, swap.POOL, swap.VAE, swap.GAN, swap.S2S],
                         ids=lambda model: model.name)
def test_the_models_learn(model):
    losses = swap.own_losses(model)
    assert len(losses) == model.steps >= swap.COMPARED
    if model is not swap.GAN:  # a game, which nobody wins
        assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])

"""flow: what it says of modules and parameters, and that it changes nothing."""
import math

import numpy as np
import pytest

import tinygen as tg
from models import gpt
from tinygen import nn
from tinygen.backend import to_numpy, xp
from tinygen.optim import SGD, Adam
from tinygen.study import flow

FLOW = """\
module  output   mean  deviation  dead  saturated  gradient  dead
0       (3, 2)   4.17        5.3    0%                 none
2       (3, 1)      0       4.32    0%                 none
0       (3, 2)   4.17        5.3    0%               0.0484   50%
1       (3, 2)  0.772      0.337    0%        33%     0.333   50%
2       (3, 1)   1.11      0.725    0%                    0    0%

parameter  shape   norm  gradient   step  step / norm
0.weight   (2, 2)  3.77      0.44  0.044        0.012
0.bias     (2,)       4     0.231  0.023       0.0058
2.weight   (1, 2)     2      1.13   0.11        0.057"""


def classifier(rng):
    """A network and its loss; of its four hidden units one is dead."""
    model = nn.Sequential(nn.Linear(3, 4, rng=rng), nn.ReLU(), nn.Linear(4, 1, rng=rng),
                          nn.Sigmoid())
    model[0].bias.data[...] = xp.asarray([5.0, 5.0, 5.0, -50.0])
    model[2].bias.data[...] = 10.0
    x = xp.asarray(rng.random((8, 3), "float32"))
    return model, lambda: model(x).mean()


def test_the_output_of_each_module(rng):
    model, compute = classifier(rng)
    rows = flow(compute, model).modules
    assert [(row.path, row.kind, row.shape) for row in rows] == [
        ("0", "Linear", (8, 4)), ("1", "ReLU", (8, 4)), ("2", "Linear", (8, 1)),
        ("3", "Sigmoid", (8, 1))]  # and not the Sequential, which returns the last of them
    x = compute()._origin[1][0]
    assert rows[3].output.mean == pytest.approx(x.data.mean().item())
    assert rows[3].output.deviation == pytest.approx(to_numpy(x).std(dtype=float))
    assert [row.output.dead for row in rows] == [0, 0.25, 0, 0]
    assert [row.output.saturated for row in rows] == [None, None, None, 1]


def test_the_gradient_at_each_module(rng):
    model, compute = classifier(rng)
    rows = flow(compute, model).modules
    assert rows[3].gradient.mean == pytest.approx(1 / 8)
    assert rows[0].gradient.dead == 0.25 and rows[1].gradient.dead == 0
    y = compute()._origin[1][0]
    slope = to_numpy(y) * (1 - to_numpy(y)) / 8
    assert rows[2].gradient.deviation == pytest.approx(slope.std(), rel=1e-3)


def test_a_dead_channel_is_zero_in_all_images_at_all_pixels(rng):
    images = tg.Tensor(xp.asarray(rng.uniform(0.5, 1, (3, 2, 4, 4))))
    images.data[:, 1] = -1
    images.data[:, 0, 0, 0] = -1  # one pixel does not make a channel dead
    layer = nn.ReLU()
    row, = flow(lambda: layer(images).sum(), layer).modules
    assert row.output.dead == 0.5 and row.gradient.dead == 0


@pytest.mark.parametrize("layer, inverse, flat, steep", [
    (nn.Sigmoid(), lambda y: np.log(y / (1 - y)), [0.0099, 0.9901], [0.0101, 0.9899]),
    (nn.Tanh(), np.arctanh, [-0.981, 0.981], [-0.979, 0.979])])
def test_saturated_is_what_is_near_a_limit(layer, inverse, flat, steep):
    for outputs, share in ((flat, 1), (steep, 0)):
        x = tg.Tensor(xp.asarray(inverse(np.array(outputs))))
        row, = flow(lambda: layer(x).sum(), layer).modules
        assert row.output.saturated == share


def test_a_dead_unit_is_a_position_on_the_last_axis(rng):
    layer = nn.ReLU()
    for shape in ((4,), (3, 4), (3, 2, 4)):
        x = tg.Tensor(xp.asarray(np.ones(shape)))
        x.data[..., 1] = -1
        row, = flow(lambda: layer(x).sum(), layer).modules
        assert row.output.dead == 0.25
    x.data[0, :, 2] = -1  # dead for one example only
    row, = flow(lambda: layer(x).sum(), layer).modules
    assert row.output.dead == 0.25


def test_what_got_no_gradient_says_so(rng):
    model = nn.Sequential(nn.Linear(3, 3, rng=rng), nn.Tanh())
    x = xp.asarray(rng.random((2, 3), "float32"))
    first, second = flow(lambda: (model[0](x).detach() * model[1](model[0](x))).sum(), model
                         ).modules[:2]
    assert (first.gradient, second.gradient is None) == (None, False)


@pytest.mark.parametrize("rule", [lambda ps: Adam(ps, lr=1e-2),
                                  lambda ps: SGD(ps, lr=0.1, momentum=0.9)])
def test_the_step_is_the_optimisers_and_is_taken_back(rule, rng):
    model = gpt.GPT(gpt.Config(7, block_size=4, n_layer=1, n_head=2, n_embd=4), rng=rng)
    ids = xp.asarray(rng.integers(0, 7, (2, 4)))
    optimizer = rule(model.parameters())
    gpt.loss(model, ids, ids).backward()
    optimizer.step()  # its memory is no longer empty
    before = {name: np.array(to_numpy(p)) for name, p in model.named_parameters()}
    state, grads = optimizer.state_dict(), [p.grad for p in model.parameters()]
    earlier = gpt.loss(model, ids, ids)

    found = flow(lambda: gpt.loss(model, ids, ids), model, optimizer)
    assert all((to_numpy(p) == before[name]).all() for name, p in model.named_parameters())
    assert all(p.grad is g for p, g in zip(model.parameters(), grads))
    assert str(optimizer.state_dict()) == str(state)

    model.zero_grad()
    earlier.backward()  # which an optimiser's step would forbid
    optimizer.step()
    for row, (name, p) in zip(found.parameters, model.named_parameters()):
        step = np.linalg.norm(to_numpy(p) - before[name])
        assert row.path == name and row.update == pytest.approx(step, rel=1e-4)
        assert row.weight == pytest.approx(np.linalg.norm(before[name]), rel=1e-5)
        assert row.ratio == pytest.approx(row.update / row.weight)


def test_without_an_optimiser_there_are_no_steps_and_zeros_have_no_ratio(rng):
    model, compute = classifier(rng)
    rows = flow(compute, model).parameters
    assert [(row.update, row.ratio) for row in rows] == [(None, None)] * 4
    model[2].bias.data[...] = 0
    row = flow(compute, model, SGD(model.parameters(), lr=1.0)).parameters[-1]
    assert row.update > 0 and row.ratio is None


def test_gradients_that_underflow_when_squared_are_not_zero(rng):
    x = tg.Tensor(xp.asarray(rng.random((4, 3), "float32")))
    layer = nn.Tanh()
    row, = flow(lambda: (layer(x) * 1e-30 * x.data).sum(), layer).modules
    assert 1e-32 < row.gradient.deviation < 1e-29


def test_the_tables_to_the_letter():
    model = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Linear(2, 1, bias=False))
    model[0].weight.data[...] = xp.asarray([[1.0, -2.0], [3.0, 0.5]])
    model[0].bias.data[...] = xp.asarray([0.0, 4.0])
    model[2].weight.data[...] = xp.asarray([[2.0, 0.0]])
    x = xp.asarray(np.float32([[1, 2], [0, -1], [3, 1]]))
    unused = tg.Tensor(xp.ones(1, "float32"))

    def compute():
        model[2](model[0](x).detach())  # called twice, once without a gradient
        return model(x).mean()
    assert str(flow(compute, model, SGD([*model.parameters(), unused], lr=0.1))) == FLOW


def test_two_tables(rng):
    model, compute = classifier(rng)
    text = str(flow(compute, model, Adam(model.parameters())))
    above, below = text.split("\n\n")
    assert above.splitlines()[0].split()[:4] == ["module", "output", "mean", "deviation"]
    assert above.splitlines()[2].split()[:3] == ["1", "(8,", "4)"] and "25%" in above
    assert [line.split()[0] for line in below.splitlines()[1:]] == [
        "0.weight", "0.bias", "2.weight", "2.bias"]


@pytest.mark.parametrize("trains", [True, False])
def test_a_figure_is_written(trains, rng, tmp_path):
    model, compute = classifier(rng)
    figure = flow(compute, model, Adam(model.parameters()) if trains else None).draw(
        tmp_path / "flow.png")
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
    assert len(figure.axes) == (6 if trains else 5)


def test_bad_input_is_refused(rng):
    model, compute = classifier(rng)
    other = nn.Linear(2, 2, rng=rng)
    with pytest.raises(ValueError, match="^flow: compute.. called no module of this Linear; give"):
        flow(compute, other)
    with pytest.raises(ValueError, match="^flow: the optimizer has none of the model's parameters"):
        flow(compute, model, Adam(other.parameters()))
    with pytest.raises(TypeError, match="^flow: needs a function .* got Tensor .*; write flow"):
        flow(compute(), model)
    for wrong in (None, nn.Linear, "model"):
        with pytest.raises(TypeError, match="^flow: the model must be a Module, .* got "):
            flow(compute, wrong)
    with pytest.raises(TypeError, match="^flow: needs one Tensor"):
        flow(lambda: math.pi, model)
    with pytest.raises(ValueError, match="^flow: .* has no graph"):
        flow(lambda: compute().detach(), model)

"""The tree of modules, and layers: what they put out, how they start, what they refuse."""
import inspect
import math
from functools import partial

import pytest

import tinygen as tg
from models import autoencoder, gan, gpt, transformer, vae
from tinygen import nn, to_numpy
from tinygen.backend import np, settle, xp


def array(*shape, seed=0):
    return xp.asarray(np.random.default_rng(seed).standard_normal(shape).astype("float32"))


class Net(nn.Module):
    """A parameter, a buffer, children and a tied weight, in an order that is not the alphabet's."""

    def __init__(self, *, rng):
        self.scale = tg.Tensor([1.0])
        self.embed = nn.Embedding(5, 3, rng=rng)
        self.blocks = nn.ModuleList(nn.Linear(3, 3, rng=rng) for _ in range(2))
        self.mask = xp.ones((3,), "float32")
        self.head = nn.Linear(3, 5, bias=False, rng=rng)
        self.head.weight = self.embed.weight
        self.depth = 2

    def forward(self, ids):
        x = self.embed(ids) * self.mask
        for block in self.blocks:
            x = tg.tanh(block(x))
        return self.head(x) * self.scale


@pytest.fixture
def net(rng):
    return Net(rng=rng)


# ---- the tree ----

def test_parameters_come_in_order_of_definition_and_a_tied_one_once(net):
    assert [path for path, _ in net.named_parameters()] == [
        "scale", "embed.weight", "blocks.0.weight", "blocks.0.bias", "blocks.1.weight",
        "blocks.1.bias"]
    assert net.parameters()[1] is net.head.weight
    assert [path for path, _ in net.named_buffers()] == ["mask"]
    assert [path for path, _ in net.named_modules()] == [
        "", "embed", "blocks", "blocks.0", "blocks.1", "head"]


def test_a_tied_parameter_collects_both_gradients(net):
    net(xp.asarray([0, 1])).sum().backward()
    both = to_numpy(net.embed.weight.grad)
    net.zero_grad()
    assert net.embed.weight.grad is None
    net.head.weight = net.embed.weight.detach()
    net(xp.asarray([0, 1])).sum().backward()
    assert np.abs(both - to_numpy(net.embed.weight.grad)).max() > 1e-3


def test_deep_nesting_needs_no_recursion(rng):
    net = nn.Linear(1, 1, rng=rng)
    for _ in range(3000):
        net = nn.Sequential(net)
    assert len(net.parameters()) == 2


def test_a_child_that_knows_its_parent_is_no_endless_loop(rng):
    net = nn.Sequential(nn.Linear(1, 1, rng=rng))
    net[0].parent = net
    assert len(net.parameters()) == 2


def test_parameters_where_none_are_looked_for(rng):
    net = nn.Module()
    net.layers = [None, nn.Linear(1, 1, rng=rng)]
    with pytest.raises(TypeError, match="Module.layers: .* inside a list .*; use nn.ModuleList"):
        net.parameters()
    net.layers = {"a": tg.Tensor([1.0])}
    with pytest.raises(TypeError, match="inside a dict"):
        net.state_dict()
    net.layers = tg.tanh(tg.Tensor([1.0]))
    with pytest.raises(TypeError, match="Module.layers: .* computed, by <op tanh>"):
        net.parameters()


def test_module_list_and_sequential(rng):
    layers = nn.Sequential(nn.Linear(2, 3, rng=rng), nn.ReLU())
    layers.append(nn.Linear(3, 1, rng=rng))
    assert len(layers) == 3 and layers[-1].in_features == 3
    assert [type(layer).__name__ for layer in layers] == ["Linear", "ReLU", "Linear"]
    x = array(4, 2)
    step = layers[2](tg.relu(layers[0](x)))
    assert np.array_equal(to_numpy(layers(x)), to_numpy(step))
    layers.train()
    assert len(layers) == 3


def test_train_and_eval_reach_all_modules(net):
    assert net.eval() is net
    assert not any(module.training for _, module in net.named_modules())
    net.train()
    assert all(module.training for _, module in net.named_modules())
    assert nn.Module.training  # the class itself is left alone


def test_evaluating_gives_each_module_its_own_mode_back(net):
    net.train()
    net.blocks.eval()
    modes = [module.training for _, module in net.named_modules()]
    with pytest.raises(KeyError), net.evaluating():
        assert not any(module.training for _, module in net.named_modules())
        raise KeyError
    assert [module.training for _, module in net.named_modules()] == modes
    evaluating = net.evaluating()
    for _ in range(2):  # again, and inside itself
        with evaluating, evaluating:
            assert not net.training
        assert [module.training for _, module in net.named_modules()] == modes


def test_astype(net):
    before = to_numpy(net.embed.weight).copy()
    net.scale.grad = tg.Tensor([1.0])
    net.counts = xp.asarray([3])
    assert net.astype("float64") is net
    assert {str(p.dtype) for p in net.parameters()} == {"float64"} == {str(net.mask.dtype)}
    assert net.head.weight is net.embed.weight and net.scale.grad is None
    assert net.counts.dtype.kind == "i"
    assert np.array_equal(to_numpy(net.embed.weight), before.astype("float64"))
    assert net(xp.asarray([1, 2])).dtype == "float64"


def test_repr():
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Conv2d(1, 8, 4, stride=2, bias=False, rng=rng), nn.BatchNorm2d(8),
                        nn.Sequential(nn.LeakyReLU(0.2), nn.Dropout(0.1, rng=rng)),
                        nn.Unflatten(2, ())).eval()
    assert repr(net) == """\
Sequential(
  (0): Conv2d(in_channels=1, out_channels=8, kernel_size=4, stride=2, bias=None)
  (1): BatchNorm2d(num_features=8)
  (2): Sequential(
    (0): LeakyReLU(negative_slope=0.2)
    (1): Dropout(p=0.1)
  )
  (3): Unflatten(dim=2, unflattened_size=())
)"""


def test_summary(net):
    net.train()
    net.blocks.append(nn.Dropout(0.5, rng=np.random.default_rng(0)).eval())
    net.unused = nn.BatchNorm1d(1000)
    draws = net.blocks[2].rng.bit_generator.state
    table = [line.split() for line in net.summary(xp.asarray([[0, 1, 2, 3]])).splitlines()]
    assert table == [
        ["module", "type", "output", "parameters"],
        ["Net", "(1,", "4,", "5)", "1"],
        ["embed", "Embedding", "(1,", "4,", "3)", "15"],
        ["blocks", "ModuleList", "not", "called"],
        ["0", "Linear", "(1,", "4,", "3)", "12"],
        ["1", "Linear", "(1,", "4,", "3)", "12"],
        ["2", "Dropout", "(1,", "4,", "3)"],
        ["head", "Linear", "(1,", "4,", "5)"],
        ["unused", "BatchNorm1d", "not", "called", "2,000"],
        ["total", "2,040"]]
    assert net.training and not net.blocks[2].training  # as they were
    assert net.blocks[2].rng.bit_generator.state == draws
    with pytest.raises(ValueError, match="embedding: "):
        net.summary(xp.asarray([[99]]))
        settle()
    assert net.training and nn.Module.__call__(net, xp.asarray([0])).requires_grad


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_summary_of_a_shape(dtype, rng):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10, rng=rng)).astype(dtype)
    assert net.summary((2, 1, 28, 28)) == net.summary(xp.zeros((2, 1, 28, 28), dtype))
    net.forward = lambda x: x[x == 0]  # the net is run on zeros
    assert "(6,)" in net.summary((2, 3))


@pytest.mark.parametrize("x, output", [
    ((2, 3), "(2, 3)"), ((), "()"), (xp.asarray([2, 3]), "(2,)"), ((xp.ones(2), 3), "(2,) int")])
def test_only_a_tuple_of_sizes_is_a_shape(x, output):
    assert f"Sequential  {output}" in nn.Sequential().summary(x)


def test_summary_to_the_letter(rng):
    inner = nn.Sequential(nn.Linear(2, 10, rng=rng), nn.ReLU())
    lines = nn.Sequential(inner, nn.Flatten()).summary((5, 2)).splitlines()
    assert "\n".join(map(str.rstrip, lines)) == """\
module  type        output   parameters
        Sequential  (5, 10)
  0     Sequential  (5, 10)
    0   Linear      (5, 10)          30
    1   ReLU        (5, 10)
  1     Flatten     (5, 10)
total                                30"""


# ---- saving and loading ----

def test_state_dict_goes_there_and_back(net):
    state = net.state_dict()
    assert list(state) == [path for path, _ in net.named_parameters() + net.named_buffers()]
    assert all(type(value) is np.ndarray for value in state.values())
    other = Net(rng=np.random.default_rng(1))
    x = xp.asarray([0, 1, 2])
    assert not np.array_equal(to_numpy(net(x)), to_numpy(other(x)))
    other.mask *= 0
    weight = other.embed.weight
    other.load_state_dict(state)
    assert np.array_equal(to_numpy(net(x)), to_numpy(other(x)))
    assert other.embed.weight is weight is other.head.weight
    weight.data += 1  # what was loaded is a copy, and so is what is saved
    assert np.array_equal(state["embed.weight"], to_numpy(net.embed.weight))
    saved = other.state_dict()
    weight.data += 1
    assert np.array_equal(saved["embed.weight"] + 1, to_numpy(weight))


def test_load_state_dict_names_all_that_is_wrong_and_changes_nothing(net):
    before = net.state_dict()
    state = {path: value + 1 for path, value in before.items()}
    state["head.weight"] = state.pop("embed.weight")
    state["blocks.1.bias"] = np.zeros((4,), "float32")
    with pytest.raises(ValueError) as error:
        net.load_state_dict(state)
    message = str(error.value)
    assert message.startswith("Net.load_state_dict: ")
    assert "missing: embed.weight (5, 3)" in message
    assert "unexpected: head.weight (5, 3)" in message
    assert "misshapen: blocks.1.bias (4,), here (3,)" in message
    for path, value in net.state_dict().items():
        assert np.array_equal(value, before[path])
    with pytest.raises(TypeError, match="Net.load_state_dict: .* must be a dict .* got list"):
        net.load_state_dict(list(before))


@pytest.mark.parametrize("dtype", ["complex64", "U3"])
def test_load_state_dict_takes_real_numbers_only(net, dtype):
    before = net.state_dict()
    state = {path: array + 1 for path, array in before.items()}
    last = list(state)[-1]
    state[last] = state[last].astype(dtype)
    with pytest.raises(ValueError, match=f"not real numbers: {last} "):
        net.load_state_dict(state)
    assert all(np.array_equal(before[path], array) for path, array in net.state_dict().items())


@pytest.mark.parametrize("write", [lambda net: net.load_state_dict(net.state_dict()),
                                   lambda net: net.astype("float64")])
def test_writing_between_forward_and_backward_is_noticed(net, write):
    loss = net(xp.asarray([0, 1])).sum()
    write(net)
    with pytest.raises(ValueError, match="written"):
        loss.backward()


# ---- layers: shapes and values ----

LAYERS = [
    (lambda rng: nn.Linear(3, 4, rng=rng), (2, 5, 3), (2, 5, 4)),
    (lambda rng: nn.Conv1d(2, 4, 3, stride=2, padding=1, dilation=2, groups=2, rng=rng),
     (2, 2, 9), (2, 4, 4)),
    (lambda rng: nn.Conv2d(2, 4, 3, padding=1, groups=2, rng=rng), (2, 2, 5, 6), (2, 4, 5, 6)),
    (lambda rng: nn.Conv2d(2, 4, (1, 3), stride=(1, 2), dilation=2, rng=rng),
     (2, 2, 5, 7), (2, 4, 5, 2)),
    (lambda rng: nn.ConvTranspose2d(4, 2, 4, stride=2, padding=1, groups=2, rng=rng),
     (2, 4, 5, 6), (2, 2, 10, 12)),
    (lambda rng: nn.ConvTranspose2d(4, 2, 3, stride=2, output_padding=1, dilation=2, rng=rng),
     (2, 4, 5, 5), (2, 2, 14, 14)),
    (lambda rng: nn.MaxPool2d(2), (2, 3, 5, 6), (2, 3, 2, 3)),
    (lambda rng: nn.AvgPool2d(3, stride=1, padding=1), (2, 3, 5, 6), (2, 3, 5, 6)),
    (lambda rng: nn.Upsample(2), (2, 3, 5, 6), (2, 3, 10, 12)),
    (lambda rng: nn.LayerNorm(6), (2, 5, 6), (2, 5, 6)),
    (lambda rng: nn.GroupNorm(2, 4), (2, 4, 3, 3), (2, 4, 3, 3)),
    (lambda rng: nn.BatchNorm1d(4), (5, 4), (5, 4)),
    (lambda rng: nn.BatchNorm1d(4), (5, 4, 7), (5, 4, 7)),
    (lambda rng: nn.BatchNorm2d(4), (5, 4, 3, 3), (5, 4, 3, 3)),
    (lambda rng: nn.SpectralNorm(nn.Linear(3, 4, rng=rng), rng=rng), (2, 5, 3), (2, 5, 4)),
    (lambda rng: nn.SpectralNorm(nn.Conv1d(2, 4, 3, rng=rng), rng=rng), (2, 2, 9), (2, 4, 7)),
    (lambda rng: nn.SpectralNorm(nn.Conv2d(2, 4, 3, groups=2, rng=rng), rng=rng),
     (2, 2, 5, 6), (2, 4, 3, 4)),
    (lambda rng: nn.SpectralNorm(nn.ConvTranspose2d(4, 2, 4, stride=2, groups=2, rng=rng), rng=rng),
     (2, 4, 5, 6), (2, 2, 12, 14)),
    (lambda rng: nn.MinibatchDiscrimination(4, 3, 2, rng=rng), (5, 4), (5, 7)),
    (lambda rng: nn.BatchNorm2d(4, track_running_stats=False), (5, 4, 3, 3), (5, 4, 3, 3)),
    (lambda rng: nn.MultiHeadAttention(6, 2, 0.3, bias=False, rng=rng), (2, 5, 6), (2, 5, 6)),
    (lambda rng: nn.Dropout(0.5, rng=rng), (5, 4), (5, 4)),
    (lambda rng: nn.Flatten(), (2, 3, 4, 5), (2, 60)),
    (lambda rng: nn.Flatten(2), (2, 3, 4, 5), (2, 3, 20)),
    (lambda rng: nn.Unflatten(1, (3, 4)), (2, 12, 5), (2, 3, 4, 5)),
]


@pytest.mark.parametrize("make, before, after", LAYERS)
def test_shapes_and_that_all_parameters_get_a_gradient(make, before, after, rng):
    layer = make(rng)
    x = tg.Tensor(array(*before))
    y = layer(x)
    assert y.shape == after and y.dtype == "float32"
    assert layer.eval()(x).shape == after
    (y * array(*after, seed=1)).sum().backward()
    assert x.grad.shape == before
    for name, p in layer.named_parameters():
        assert np.abs(to_numpy(p.grad)).max() > 0, name


@pytest.mark.parametrize("layer, function", [
    (nn.ReLU(), tg.relu), (nn.LeakyReLU(0.2), lambda x: tg.leaky_relu(x, slope=0.2)),
    (nn.ELU(0.5), lambda x: tg.elu(x, alpha=0.5)), (nn.SiLU(), tg.silu), (nn.GELU(), tg.gelu),
    (nn.Tanh(), tg.tanh), (nn.Sigmoid(), tg.sigmoid), (nn.Softplus(), tg.softplus),
])
def test_activations(layer, function):
    x = array(3, 4)
    assert np.array_equal(to_numpy(layer(x)), to_numpy(function(x)))


def test_linear_is_the_affine_map(rng):
    layer, x = nn.Linear(3, 2, rng=rng), array(4, 3)
    w, b = to_numpy(layer.weight), to_numpy(layer.bias)
    assert w.shape == (2, 3)
    assert to_numpy(layer(x)) == pytest.approx(to_numpy(x) @ w.T + b, abs=1e-6)
    assert nn.Linear(3, 2, bias=False, rng=rng).bias is None


def test_pooling_and_unpooling():
    x = array(2, 3, 5, 6)
    y, where = nn.MaxPool2d(2, return_indices=True)(x)
    back = to_numpy(nn.MaxUnpool2d(2)(y, where, output_size=(5, 6)))
    kept = back != 0
    assert kept.sum() == y.size
    assert np.array_equal(back[kept], to_numpy(x)[kept])


def test_a_transposed_convolution_is_told_which_size_it_had(rng):
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, rng=rng)
    for n in (9, 10):
        assert layer(array(1, 1, 4, 4), output_size=n).shape == (1, 1, n, n)


def test_dropout(rng):
    layer, x = nn.Dropout(0.25, rng=rng), xp.ones((100, 100), "float32")
    y = to_numpy(layer(x))
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert not np.array_equal(y, to_numpy(layer(x)))
    assert np.array_equal(to_numpy(layer.eval()(x)), to_numpy(x))


def test_batch_norm_keeps_running_statistics():
    layer = nn.BatchNorm2d(2, eps=0.1, momentum=0.3)
    mean, var = np.zeros(2), np.ones(2)
    for seed in range(3):
        x = 3 * array(4, 2, 5, 5, seed=seed) + 1
        y = to_numpy(layer(x))
        host = to_numpy(x).astype("float64")
        mean = 0.7 * mean + 0.3 * host.mean(axis=(0, 2, 3))
        var = 0.7 * var + 0.3 * host.var(axis=(0, 2, 3), ddof=1)
    assert y.mean(axis=(0, 2, 3)) == pytest.approx(np.zeros(2), abs=1e-5)
    biased = host.var(axis=(0, 2, 3))
    assert y.var(axis=(0, 2, 3)) == pytest.approx(biased / (biased + 0.1), abs=1e-4)
    assert to_numpy(layer.running_mean) == pytest.approx(mean, rel=1e-5)
    assert to_numpy(layer.running_var) == pytest.approx(var, rel=1e-5)
    kept = layer.eval().state_dict()
    expected = (host - mean[:, None, None]) / np.sqrt(var[:, None, None] + 0.1)
    assert to_numpy(layer(x)) == pytest.approx(expected, abs=1e-5)
    assert to_numpy(layer(x[:1])) == pytest.approx(expected[:1], abs=1e-5)  # whatever the company
    assert all(np.array_equal(value, kept[path]) for path, value in layer.state_dict().items())
    assert list(kept) == ["weight", "bias", "running_mean", "running_var"]


@pytest.mark.parametrize("kind, shape", [(nn.BatchNorm1d, (6, 3)), (nn.BatchNorm2d, (4, 3, 2, 2))])
def test_batch_norm_that_tracks_nothing_is_batch_norm_in_training_always(kind, shape, rng):
    layer, twin = kind(3, track_running_stats=False), kind(3)
    for p, q in zip(layer.parameters(), twin.parameters(), strict=True):
        p.data[:] = q.data[:] = xp.asarray(rng.normal(size=3).astype("float32"))
    x = xp.asarray(rng.normal(2, 3, shape).astype("float32"))
    expected = to_numpy(twin(x))
    for mode in (layer.train(), layer.eval()):
        np.testing.assert_allclose(to_numpy(mode(x)), expected, rtol=1e-5, atol=1e-6)
    assert list(layer.state_dict()) == ["weight", "bias"]


@pytest.mark.parametrize("layer, parts", [
    (nn.LayerNorm(4, 0.1), lambda x: x),
    (nn.GroupNorm(2, 4, 0.1), lambda x: x.reshape(3, 2, 2)),
    (nn.BatchNorm1d(4, 0.1), lambda x: x.T),
    (nn.BatchNorm1d(4, 0.1, track_running_stats=False), lambda x: x.T)])
def test_norms_scale_and_shift_each_feature(layer, parts, rng):
    """parts: an array whose rows are what is normalised together."""
    x, w, b = rng.normal(2, 3, (3, 4)), rng.normal(size=4), rng.normal(size=4)
    layer.astype("float64")
    layer.weight.data, layer.bias.data = xp.asarray(w), xp.asarray(b)
    y = parts((to_numpy(layer(xp.asarray(x))) - b) / w)
    mean, var = (f(axis=-1, keepdims=True) for f in (parts(x).mean, parts(x).var))
    np.testing.assert_allclose(y, (parts(x) - mean) / np.sqrt(var + 0.1), rtol=1e-9)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_all_layers_in_a_row(training, rng):
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False, rng=rng), nn.BatchNorm2d(4), nn.Tanh(),
        nn.AvgPool2d(2), nn.GroupNorm(2, 4), nn.ConvTranspose2d(4, 2, 2, stride=2, rng=rng),
        nn.MaxPool2d(2), nn.Upsample(2), nn.Flatten(2), nn.Conv1d(2, 3, 3, rng=rng),
        nn.Linear(14, 3, rng=rng), nn.LayerNorm(3)).astype("float64").train(training)
    x = xp.asarray(rng.standard_normal((2, 1, 4, 4)))
    tg.check_model_gradients(model, lambda: model(x), samples=3)


CONV = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True}
POOL = {"stride": None, "padding": 0}
BATCH_NORM = {"eps": 1e-5, "momentum": 0.1, "track_running_stats": True}

DEFAULTS = {  # PyTorch's
    "Linear": {"bias": True}, "Flatten": {"start_dim": 1}, "Dropout": {"p": 0.5},
    "Conv1d": CONV, "Conv2d": CONV, "ConvTranspose2d": {**CONV, "output_padding": 0},
    "MaxPool2d": {**POOL, "return_indices": False}, "MaxUnpool2d": POOL, "AvgPool2d": POOL,
    "LayerNorm": {"eps": 1e-5, "bias": True}, "GroupNorm": {"eps": 1e-5},
    "BatchNorm1d": BATCH_NORM, "BatchNorm2d": BATCH_NORM,
    "MultiHeadAttention": {"dropout": 0.0, "bias": True},
    "LeakyReLU": {"negative_slope": 0.01}, "ELU": {"alpha": 1.0},
    "SpectralNorm": {"iterations": 1}, "ModuleList": {"modules": ()},
}


def test_defaults_are_pytorchs():
    for name, layer in vars(nn).items():
        if inspect.isclass(layer):
            parameters = inspect.signature(layer).parameters.values()
            found = {p.name: p.default for p in parameters if p.default is not p.empty}
            assert found.pop("rng", None) is None
            assert found == DEFAULTS.get(name, {}), name


@pytest.mark.parametrize("make, shape", [
    (partial(nn.Linear, 3, 4), (2, 3)), (partial(nn.Conv1d, 2, 4, 3), (2, 2, 5)),
    (partial(nn.Conv2d, 2, 4, 3), (2, 2, 5, 5)),
    (partial(nn.ConvTranspose2d, 2, 4, 3), (2, 2, 5, 5)), (partial(nn.LayerNorm, 3), (2, 3))])
def test_without_bias_a_layer_is_linear_in_its_weight(make, shape):
    layer, x = make(bias=False), array(*shape)
    assert [path for path, _ in layer.named_parameters()] == ["weight"]
    y = to_numpy(layer(x))
    layer.weight.data = layer.weight.data * 2
    np.testing.assert_array_equal(to_numpy(layer(x)), 2 * y)


# ---- layers: how they start ----

def test_same_seed_same_network():
    def state(seed):
        rng = np.random.default_rng(seed)
        return nn.Sequential(nn.Linear(3, 4, rng=rng), nn.Conv2d(1, 2, 3, rng=rng),
                             nn.Embedding(3, 2, rng=rng)).state_dict()
    first, again, other = state(0), state(0), state(1)
    for path in first:
        assert np.array_equal(first[path], again[path])
        assert not np.array_equal(first[path], other[path])


def test_without_rng_every_layer_has_numbers_of_its_own():
    for make in (nn.Linear, nn.Embedding, nn.MultiHeadAttention, partial(nn.Conv2d, kernel_size=3)):
        first, second = make(4, 2), make(4, 2)
        assert not np.array_equal(*[to_numpy(layer.parameters()[0]) for layer in (first, second)])
    x, dropout = xp.ones((20, 20)), nn.Dropout(0.5)
    assert not np.array_equal(to_numpy(dropout(x)), to_numpy(nn.Dropout(0.5)(x)))


MODELS = {
    "DenseAutoencoder": autoencoder.DenseAutoencoder,
    "ConvAutoencoder": autoencoder.ConvAutoencoder,
    "PoolAutoencoder": autoencoder.PoolAutoencoder, "DenseVAE": vae.DenseVAE,
    "ConvVAE": vae.ConvVAE, "MLPGenerator": gan.MLPGenerator, "DCGenerator": gan.DCGenerator,
    "MLPDiscriminator": partial(gan.MLPDiscriminator, gan.Config(
        spectral_norm=True, batch_norm=True, minibatch_features=3)),
    "DCDiscriminator": partial(gan.DCDiscriminator, gan.Config(spectral_norm=True), hidden=8),
    "Bigram": partial(gpt.Bigram, 5), "GPT": partial(gpt.GPT, gpt.Config(5, dropout=0.1)),
    "Transformer": partial(transformer.Transformer, transformer.Config(5, 5, dropout=0.1)),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_models_pass_their_rng_to_every_layer(make, rng, monkeypatch):
    with pytest.raises(TypeError, match="rng"):
        make()
    monkeypatch.setattr(np.random, "default_rng", None)  # fresh entropy would call it
    make(rng=rng)


NUMBERS = {  # of parameters, by default
    "DenseAutoencoder": 1_075_488, "ConvAutoencoder": 1_684_177, "PoolAutoencoder": 9_873,
    "DenseVAE": 652_824, "ConvVAE": 1_691_369, "MLPGenerator": 125_968, "DCGenerator": 540_225,
    "MLPDiscriminator": 120_452, "DCDiscriminator": 182_481, "Bigram": 25, "GPT": 802_816,
    "Transformer": 238_789,
}


@pytest.mark.parametrize("name", MODELS)
def test_models_have_their_sizes_by_default(name, rng):
    assert sum(p.size for p in MODELS[name](rng=rng).parameters()) == NUMBERS[name]


@pytest.mark.parametrize("config, expected", [
    (autoencoder.Config(), {"code_size": 16, "size": 28, "in_channels": 1, "out_channels": 1}),
    (vae.Config(), {"latent_size": 20, "size": 28, "channels": 1, "classes": 0, "beta": 1.0}),
    (gan.Config(), {"latent_size": 64, "shape": (1, 28, 28), "classes": 0, "pack": 1,
                    "minibatch_features": 0, "spectral_norm": False, "batch_norm": False}),
    (gpt.Config(9), {"vocab_size": 9, "block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128,
                     "dropout": 0.0, "bias": True, "tied": False}),
    (transformer.Config(8, 9), {"source_vocab": 8, "target_vocab": 9, "max_length": 32,
                                "n_layer": 2, "n_head": 4, "n_embd": 64, "dropout": 0.0}),
], ids=["autoencoder", "vae", "gan", "gpt", "transformer"])
def test_configs_have_their_defaults(config, expected):
    assert vars(config) == expected
    with pytest.raises(AttributeError):
        config.n_layer = 3  # frozen


@pytest.mark.parametrize("make, shape, fan_in", [
    (lambda rng: nn.Linear(64, 50, rng=rng), (50, 64), 64),
    (lambda rng: nn.Conv1d(8, 30, 5, groups=2, rng=rng), (30, 4, 5), 20),
    (lambda rng: nn.Conv2d(8, 30, (3, 4), groups=2, rng=rng), (30, 4, 3, 4), 48),
    (lambda rng: nn.ConvTranspose2d(8, 30, 4, groups=2, rng=rng), (8, 15, 4, 4), 240),
])
def test_weights_start_as_in_pytorch(make, shape, fan_in, rng):
    layer = make(rng)
    assert layer.weight.shape == shape and layer.weight.dtype == "float32"
    for p in layer.parameters():
        values = to_numpy(p) * math.sqrt(fan_in)
        assert np.abs(values).max() <= 1 + 1e-6
        assert np.abs(values).max() > 0.9
    assert to_numpy(layer.weight).std() == pytest.approx(1 / math.sqrt(3 * fan_in), rel=0.1)


@pytest.mark.parametrize("make, std", [
    (partial(nn.Embedding, 100, 100), 1), (partial(nn.MinibatchDiscrimination, 25, 20, 20), 0.2)])
def test_weights_that_start_normal(make, std, rng):
    assert to_numpy(make(rng=rng).weight).std() == pytest.approx(std, rel=0.05)


@pytest.mark.parametrize("function, std", [
    (nn.init.kaiming_uniform, math.sqrt(2 / 450)), (nn.init.kaiming_normal, math.sqrt(2 / 450)),
    (nn.init.xavier_uniform, math.sqrt(2 / 810)), (nn.init.xavier_normal, math.sqrt(2 / 810)),
    (lambda shape, rng: nn.init.normal(shape, 0.02, rng=rng), 0.02),
    (lambda shape, rng: nn.init.uniform(shape, 0.3, rng=rng), 0.3 / math.sqrt(3)),
])
def test_init_statistics(function, std, rng):
    w = function((40, 50, 3, 3), rng=rng)  # fan_in 50·9, fan_out 40·9
    assert type(w) is np.ndarray and w.dtype == "float32" and w.shape == (40, 50, 3, 3)
    assert w.mean() == pytest.approx(0, abs=0.03 * std)
    assert w.std() == pytest.approx(std, rel=0.02)


@pytest.mark.parametrize("function", [
    nn.init.kaiming_uniform, nn.init.kaiming_normal, nn.init.xavier_uniform, nn.init.xavier_normal,
    partial(nn.init.uniform, bound=1.0), partial(nn.init.normal, std=1.0)])
def test_the_generator_decides_what_is_drawn(function):
    a, b = (function((4, 5), rng=np.random.default_rng(3)) for _ in range(2))
    assert (a == b).all()


def test_kaiming_keeps_the_signal_through_relu_layers(rng):
    x = rng.standard_normal((64, 256))
    for _ in range(20):
        x = np.maximum(x, 0) @ nn.init.kaiming_normal((256, 256), rng=rng).T
    assert 0.3 < x.std() < 3

"""Wrong calls beyond the ops: each is one error that says who complains, and changes nothing.

The ops' are in test_errors.py; tests/test_wrong_calls.py counts them all.
"""
import math
from functools import partial
from itertools import count

import pytest

import tinygen as tg
from tests.helpers import assert_least, assert_refused, floats, ints, rng, t
from tinygen import checkpoint, data, nn, ops, optim, safetensors
from tinygen.backend import np, xp

# ---- what a wrong call must leave as it is ----

RNG = np.random.default_rng(0)
NET = nn.Sequential(nn.Linear(3, 4, rng=RNG), nn.BatchNorm1d(4), nn.Linear(4, 2, rng=RNG))
NORM = NET[1]
ATTENTION = nn.MultiHeadAttention(6, 2, rng=RNG)
CACHE = nn.KeyValueCache(4)
CACHE.extend(ATTENTION, floats(1, 2, 3, 3), floats(1, 2, 3, 3))
NET(xp.asarray(RNG.standard_normal((5, 3), dtype="float32"))).sum().backward()
ADAM = optim.Adam(NET.parameters())
ADAM.step()
STATE = ADAM.state_dict()
LOOSE = tg.Tensor([1.0])  # a parameter without a gradient
TOKENIZER = data.BPETokenizer.train("hello hello hello", 260)
LETTERS = data.CharTokenizer("hello")
IDS = np.arange(100)


def state(folder):
    """All that the calls below could change by mistake."""
    return {"rng": RNG.bit_generator.state, "net": NET.state_dict(), "adam": ADAM.state_dict(),
            "grads": [p.grad for p in NET.parameters()], "modes": [m.training for m in NET],
            "cache": [[keys[:, :, :length], length] for keys, _, length in CACHE.kept.values()],
            "arrays": [id(p.data) for p in NET.parameters()],
            "files": {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a checkpoint, weights and a text in it."""
    monkeypatch.chdir(tmp_path)
    checkpoint.save("kept.npz", {"a": 1})
    safetensors.save("kept.safetensors", {"a": np.ones(2)})
    (tmp_path / "kept.txt").write_text("hello", encoding="utf-8")
    return tmp_path


def with_grad(grad):
    """A parameter (3,) with this as its gradient."""
    p = t(3)
    p.grad = grad
    return p


def with_data(array):
    """An optimiser whose parameter (3,) got other data since."""
    p = with_grad(t(3).detach())
    optimizer = optim.SGD([p], 0.1)
    p.data = array
    return optimizer


def with_part(part):
    """A Module with this among its attributes."""
    module = nn.Module()
    module.part = part
    return module


def stepped_on_nan():
    with tg.detect_nan():
        NET[0].bias.grad.data[0], kept = math.nan, float(NET[0].bias.grad.data[0])
        try:
            ADAM.step()
        finally:
            NET[0].bias.grad.data[0] = kept


GENERATOR = r"rng must be a numpy.random.Generator, got .*use np.random.default_rng\(seed\)"
ARRAYS = "takes Tensors or arrays, got"
PATH = "the path must be text or a pathlib.Path, got"

# (who complains, the call, the error, words of its message)
ROWS = [
    # nn: linear, embedding, dropout, shapes
    ("Linear", lambda: nn.Linear(0, 3, rng=RNG), ValueError, "in_features .* least 1, got 0"),
    ("Linear", lambda: nn.Linear(3, 2.5, rng=RNG), ValueError, "out_features .* got 2.5"),
    ("Linear", lambda: nn.Linear(3, True, rng=RNG), ValueError, "out_features .* got True"),
    ("Linear", lambda: nn.Linear(3, 2, RNG), TypeError,
     "bias must be True or False, got Generator"),
    ("init.uniform", lambda: nn.Linear(3, 2, rng=0), TypeError, GENERATOR),
    ("init.uniform", lambda: nn.Linear(3, 2, rng=np.random.RandomState(0)), TypeError, GENERATOR),
    ("linear", lambda: nn.Linear(3, 2, rng=rng())(t(5, 4)), ValueError,
     r"x \(5, 4\) and w \(2, 3\)"),
    ("linear", lambda: nn.Linear(3, 2, rng=rng())(2.0), TypeError, "needs Tensors or arrays"),
    ("linear", lambda: nn.Linear(3, 2, rng=rng())([[1.0, 2.0, 3.0]]), TypeError, "got list"),
    ("linear", lambda: nn.Linear(3, 2, rng=rng())(floats(5, 3, dtype="float64")), TypeError,
     "share one floating dtype"),
    ("Embedding", lambda: nn.Embedding(-1, 3, rng=RNG), ValueError, "num_embeddings .* got -1"),
    ("embedding", lambda: nn.Embedding(3, 2, rng=rng())(ints(2, value=3)), ValueError,
     "from 0 to 2 .* got 3 to 3"),
    ("embedding", lambda: nn.Embedding(3, 2, rng=rng())(ints(2, value=-1)), ValueError,
     "got -1 to -1"),
    ("embedding", lambda: nn.Embedding(3, 2, rng=rng())(floats(2)), TypeError, "integer array"),
    ("embedding", lambda: nn.Embedding(3, 2, rng=rng())([0, 1]), TypeError, "got list"),
    ("Dropout", lambda: nn.Dropout(1.0, rng=RNG), ValueError, "p must be .* below 1, got 1.0"),
    ("Dropout", lambda: nn.Dropout(-0.1, rng=RNG), ValueError, "p must be at least 0 .* got -0.1"),
    ("Dropout", lambda: nn.Dropout("0.5", rng=RNG), TypeError, "p must be .* got str '0.5'"),
    ("Dropout", lambda: nn.Dropout(0.5, rng=7), TypeError, GENERATOR),
    ("dropout", lambda: nn.Dropout(0.5, rng=RNG)(2.0), TypeError, ARRAYS),
    ("Flatten", lambda: nn.Flatten()(2.0), TypeError, ARRAYS),
    ("Flatten", lambda: nn.Flatten()(t(3)), ValueError, r"no axis 1 .* shape \(3,\); .*x\[None\]"),
    ("Flatten", lambda: nn.Flatten("all")(t(3, 4)), ValueError, "no axis 'all'"),
    ("Unflatten", lambda: nn.Unflatten(1, 28), TypeError, r"tuple of sizes, .* got int 28"),
    ("Unflatten", lambda: nn.Unflatten(1, (2, 2))(t(4)), ValueError, r"no axis 1 .* \(4,\)"),
    ("Unflatten", lambda: nn.Unflatten(1, (2, 2))(None), TypeError, ARRAYS),
    ("reshape", lambda: nn.Unflatten(1, (2, 2))(t(3, 5)), ValueError, r"got Tensor \(3, 5\)"),
    # nn: convolution and pooling
    ("Conv1d", lambda: nn.Conv1d(3, 4, 3, padding=-1, rng=RNG), ValueError, "padding .* got -1"),
    ("Conv1d", lambda: nn.Conv1d(3, 4, (3, 3), rng=RNG), ValueError, r"kernel_size .* \(3, 3\)"),
    ("conv1d", lambda: nn.Conv1d(3, 2, 3, rng=rng())(t(5, 4, 8)), ValueError, "3 input channels"),
    ("Conv2d", lambda: nn.Conv2d(3, 4, 3, groups=2, rng=RNG), ValueError, "groups must divide"),
    ("Conv2d", lambda: nn.Conv2d(4, 3, 3, groups=2, rng=RNG), ValueError, "got 2 for 4 and 3"),
    ("Conv2d", lambda: nn.Conv2d(3, 4, 0, rng=RNG), ValueError, "kernel_size .* got 0"),
    ("Conv2d", lambda: nn.Conv2d(3, 4, 2.5, rng=RNG), ValueError, "kernel_size .* got 2.5"),
    ("Conv2d", lambda: nn.Conv2d(3, 4, 3, stride=0, rng=RNG), ValueError, "stride .* got 0"),
    ("Conv2d", lambda: nn.Conv2d(3, 4, 3, padding="same", rng=RNG), ValueError,
     "padding must be an int or a pair .* got 'same'"),
    ("Conv2d", lambda: nn.Conv2d(3, 4, 3, bias=0, rng=RNG), TypeError, "bias .* got int 0"),
    ("conv2d", lambda: nn.Conv2d(3, 4, 3, rng=rng())(t(3, 8, 8)), ValueError, r"x\[None\]"),
    ("conv2d", lambda: nn.Conv2d(3, 4, 3, rng=rng())(t(2, 1, 8, 8)), ValueError,
     "needs 3 input channels"),
    ("conv2d", lambda: nn.Conv2d(3, 4, 9, rng=rng())(t(2, 3, 8, 8)), ValueError, "the kernel must"),
    ("ConvTranspose2d", lambda: nn.ConvTranspose2d(3, 4, 3, dilation=0, rng=RNG), ValueError,
     "dilation .* got 0"),
    ("ConvTranspose2d", lambda: nn.ConvTranspose2d(3, 4, 3, output_padding=-1, rng=RNG),
     ValueError, "output_padding .* got -1"),
    ("conv_transpose2d", lambda: nn.ConvTranspose2d(3, 2, 3, rng=rng())(t(5, 4, 8, 8)), ValueError,
     "3 input channels"),
    ("MaxPool2d", lambda: nn.MaxPool2d(2, stride=0), ValueError, "stride .* got 0"),
    ("MaxPool2d", lambda: nn.MaxPool2d(2, 2, 0, "yes"), TypeError, "return_indices .* got str"),
    ("max_pool2d", lambda: nn.MaxPool2d(9)(t(1, 1, 8, 8)), ValueError, "kernel must fit"),
    ("MaxUnpool2d", lambda: nn.MaxUnpool2d(0), ValueError, "kernel_size .* got 0"),
    ("max_unpool2d", lambda: nn.MaxUnpool2d(2)(t(1, 1, 2, 2), ints(1, 1, 2, 2, value=99)),
     ValueError, "positions in 4·4 pixels"),
    ("max_unpool2d", lambda: nn.MaxUnpool2d(2)(t(1, 1, 2, 2), ints(1, 1, 2, 2), output_size=0),
     ValueError, "output_size .* got 0"),
    ("AvgPool2d", lambda: nn.AvgPool2d((2, 2, 2)), ValueError, "kernel_size"),
    ("avg_pool2d", lambda: nn.AvgPool2d(9)(t(1, 1, 8, 8)), ValueError, "kernel must fit"),
    ("Upsample", lambda: nn.Upsample(0), ValueError, "scale_factor .* got 0"),
    ("upsample_nearest2d", lambda: nn.Upsample(2)(t(8, 8)), ValueError, "a single image needs"),
    # nn: norms
    ("LayerNorm", lambda: nn.LayerNorm((4, 4)), ValueError, r"normalized_shape .* \(4, 4\)"),
    ("LayerNorm", lambda: nn.LayerNorm(3, eps=-1), ValueError, "eps, .* got -1"),
    ("LayerNorm", lambda: nn.LayerNorm(3, eps="small"), ValueError, "eps, .* got small"),
    ("LayerNorm", lambda: nn.LayerNorm(3, bias=None), TypeError, "bias .* got NoneType"),
    ("layer_norm", lambda: nn.LayerNorm(4)(t(2, 3)), ValueError, "w needs one number for each of"),
    ("GroupNorm", lambda: nn.GroupNorm(3, 4), ValueError, "num_groups must divide num_channels"),
    ("GroupNorm", lambda: nn.GroupNorm(1, 3, eps=math.nan), ValueError, "eps, .* got nan"),
    ("group_norm", lambda: nn.GroupNorm(2, 4)(t(2, 6, 3)), ValueError, "w needs one number"),
    ("BatchNorm1d", lambda: nn.BatchNorm1d(0), ValueError, "num_features .* got 0"),
    ("BatchNorm1d", lambda: NORM(t(2, 4, 3, 3)), ValueError, "2 or 3 axes"),
    ("BatchNorm1d", lambda: NORM(t(2, 3)), ValueError, r"second of size 4, got shape \(2, 3\)"),
    ("BatchNorm1d", lambda: NORM([[1.0] * 4] * 2), TypeError, ARRAYS),
    ("BatchNorm1d", lambda: nn.BatchNorm1d(4, track_running_stats=False)(t(2, 6)), ValueError,
     r"x must have 2 or 3 axes, the second of size 4, got shape \(2, 6\)"),
    ("batch_norm", lambda: NORM(t(1, 4)), ValueError, "a single number has no variance"),
    ("BatchNorm2d", lambda: nn.BatchNorm2d(4, momentum=2), ValueError, "momentum, .* got 2"),
    ("BatchNorm2d", lambda: nn.BatchNorm2d(4, momentum=None), ValueError, "momentum, .* got None"),
    ("BatchNorm2d", lambda: nn.BatchNorm2d(4, eps=-1), ValueError, "eps, .* got -1"),
    ("BatchNorm2d", lambda: nn.BatchNorm2d(4)(t(2, 4)), ValueError, "4 axes"),
    # nn: spectral norm, minibatch discrimination, attention
    ("SpectralNorm", lambda: nn.SpectralNorm(nn.LayerNorm(3), rng=RNG), TypeError,
     r"Conv2d or ConvTranspose2d, got LayerNorm\(.*wrap each layer"),
    ("SpectralNorm", lambda: nn.SpectralNorm(NET[0], rng=RNG, iterations=0), ValueError,
     "iterations .* got 0"),
    ("linear", lambda: nn.SpectralNorm(nn.Linear(3, 2, rng=rng()), rng=rng())(t(5, 4)), ValueError,
     r"x \(5, 4\) and w \(2, 3\)"),
    ("MinibatchDiscrimination", lambda: nn.MinibatchDiscrimination(4, 0, 2, rng=RNG), ValueError,
     "kernels .* got 0"),
    ("MinibatchDiscrimination",
     lambda: nn.MinibatchDiscrimination(3, 2, 2, rng=rng())(t(5, 3, 1, 1)), ValueError,
     r"x must be \(N, 3\), got shape \(5, 3, 1, 1\); put nn.Flatten"),
    ("MinibatchDiscrimination", lambda: nn.MinibatchDiscrimination(3, 2, 2, rng=rng())(t(5, 4)),
     ValueError, r"x must be \(N, 3\), got shape \(5, 4\)"),
    ("MinibatchDiscrimination", lambda: nn.MinibatchDiscrimination(3, 2, 2, rng=rng())(3.0),
     TypeError, ARRAYS),
    ("MultiHeadAttention", lambda: nn.MultiHeadAttention(0, 1, rng=rng()), ValueError,
     "embed_dim must be an integer of at least 1, got 0"),
    ("MultiHeadAttention", lambda: nn.MultiHeadAttention(6, 0, rng=rng()), ValueError,
     "num_heads must be an integer of at least 1, got 0"),
    ("MultiHeadAttention", lambda: nn.MultiHeadAttention(6, 4, rng=RNG), ValueError,
     "num_heads must divide embed_dim.* got num_heads=4 and embed_dim=6"),
    ("MultiHeadAttention", lambda: nn.MultiHeadAttention(6, 2, dropout=-1, rng=RNG), ValueError,
     "dropout must be at least 0 and below 1, got -1"),
    ("MultiHeadAttention", lambda: nn.MultiHeadAttention(6, 2, RNG), TypeError, "dropout must be"),
    ("MultiHeadAttention", lambda: nn.MultiHeadAttention(6, 2, 0.1, RNG), TypeError, "bias must"),
    ("MultiHeadAttention", lambda: nn.MultiHeadAttention(6, 2, rng=0), TypeError, GENERATOR),
    ("MultiHeadAttention", lambda: ATTENTION(t(2, 3, 4)), ValueError,
     r"x must be \(B, T, 6\), got shape \(2, 3, 4\)"),
    ("MultiHeadAttention", lambda: ATTENTION(t(3, 6)), ValueError, r"got shape \(3, 6\)"),
    ("MultiHeadAttention", lambda: ATTENTION(None), TypeError, ARRAYS),
    ("MultiHeadAttention", lambda: ATTENTION(t(1, 3, 6), t(3, 6)), ValueError,
     r"source must be \(B, S, 6\), got shape \(3, 6\)"),
    ("MultiHeadAttention", lambda: ATTENTION(t(1, 3, 6), cache=True), TypeError,
     r"the cache must be a nn.KeyValueCache\(size\), got bool True"),
    ("attention", lambda: ATTENTION(t(1, 3, 6), causal="no"), TypeError, "True or False, got 'no'"),
    ("attention", lambda: ATTENTION(t(1, 3, 6), mask=floats(3, 3)), TypeError, "boolean array"),
    ("KeyValueCache", lambda: nn.KeyValueCache(0), ValueError, "size .* got 0"),
    ("KeyValueCache", lambda: nn.KeyValueCache(None), ValueError, "size .* got NoneType"),
    ("KeyValueCache", lambda: ATTENTION(t(1, 2, 6), cache=CACHE), ValueError,
     "room for 4 positions, 3 are taken and 2 came"),
    ("KeyValueCache", lambda: ATTENTION(t(2, 1, 6), cache=CACHE), ValueError,
     r"\(1, 2, 4, 3\), the new ones \(2, 2, 1, 3\); start a new cache"),
    ("KeyValueCache", lambda: CACHE.extend(NET, t(2, 3), t(2, 3)), ValueError,
     r"both be \(B, heads, T, d\), got \(2, 3\)"),
    ("KeyValueCache", lambda: CACHE.extend(NET, t(1, 2, 3, 3), t(1, 2, 3, 4)), ValueError,
     r"got \(1, 2, 3, 3\) and \(1, 2, 3, 4\)"),
    ("KeyValueCache", lambda: CACHE.extend(NET, t(1, 1, 9, 2), t(1, 1, 9, 2)), ValueError,
     "room for 4 positions, 0 are taken and 9 came"),
    # nn: activations
    *[(layer.__name__.lower(), lambda layer=layer: layer()([1.0]), TypeError, "got list")
      for layer in (nn.ReLU, nn.ELU, nn.SiLU, nn.GELU, nn.Tanh, nn.Sigmoid, nn.Softplus)],
    ("leaky_relu", lambda: nn.LeakyReLU(1.5)(t(3)), ValueError, "slope .* from 0 to 1, got 1.5"),
    # nn: modules
    ("Module", lambda: nn.Module()(t(3)), NotImplementedError, "needs a forward method"),
    ("ModuleList", lambda: nn.ModuleList([nn.ReLU()])(t(3)), NotImplementedError,
     "needs a forward method"),
    ("ModuleList", lambda: nn.ModuleList(5), TypeError, "takes a list of Modules, got int 5"),
    ("ModuleList", lambda: nn.ModuleList([tg.relu]), TypeError, "got Op <op relu>; .*wrap"),
    ("Sequential", lambda: nn.Sequential([nn.ReLU()]), TypeError, r"list \[ReLU\(\)\]; unpack a"),
    ("Sequential", lambda: NET.append(None), TypeError, "Modules, got NoneType None"),
    ("Module.part", lambda: with_part([t(3)]).parameters(), TypeError,
     "inside a list are not found; use nn.ModuleList"),
    ("Module.part", lambda: with_part({"a": nn.ReLU()}).state_dict(), TypeError, "inside a dict"),
    ("Module.part", lambda: with_part(tg.tanh(t(3))).parameters(), TypeError,
     "computed, by <op tanh>"),
    ("Sequential.train", lambda: NET.train("eval"), TypeError, "mode must be .* got str 'eval'"),
    ("Sequential.astype", lambda: NET.astype("int32"), TypeError, "floating-point, got 'int32'"),
    ("Sequential.astype", lambda: NET.astype("flaot32"), TypeError, "got 'flaot32'; use"),
    ("Sequential.astype", lambda: NET.astype(None), TypeError, "got None"),
    ("Sequential.load_state_dict", lambda: NET.load_state_dict([1]), TypeError, "got list"),
    ("Sequential.load_state_dict", lambda: NET.load_state_dict({}), ValueError,
     r"another network.* missing: 0.weight \(4, 3\)"),
    ("Sequential.load_state_dict", lambda: NET.load_state_dict(
        {**NET.state_dict(), "0.bias": np.ones(5)}), ValueError, r"misshapen: 0.bias \(5,\), here"),
    ("Sequential.load_state_dict", lambda: NET.load_state_dict(
        {**NET.state_dict(), "0.bias": np.array(["x"] * 4)}), ValueError, "not real numbers: 0.b"),
    ("linear", lambda: NET.summary((5, 7)), ValueError, r"x \(5, 7\) and w \(4, 3\)"),
    # nn.init
    ("init.uniform", lambda: nn.init.uniform((3, 2), -1.0, rng=RNG), ValueError, "bound .* -1.0"),
    ("init.uniform", lambda: nn.init.uniform(None, 1.0, rng=RNG), TypeError, "shape .* NoneType"),
    ("init.normal", lambda: nn.init.normal((3, 2), math.nan, rng=RNG), ValueError, "std .* nan"),
    ("init.normal", lambda: nn.init.normal((3, -2), 1.0, rng=RNG), ValueError, r"shape\[1\].* -2"),
    ("init.normal", lambda: nn.init.normal((3, 2), 1.0, rng=5), TypeError, GENERATOR),
    ("fans", lambda: nn.init.fans(5), TypeError, r"as \(256, 784\), got int 5"),
    ("fans", lambda: nn.init.kaiming_normal((3,), rng=RNG), ValueError, "axes .* got shape"),
    ("fans", lambda: nn.init.kaiming_uniform(3, rng=RNG), TypeError, "got int 3"),
    ("fans", lambda: nn.init.xavier_normal((3, 0), rng=RNG), ValueError, r"shape\[1\] .* got 0"),
    ("fans", lambda: nn.init.xavier_uniform((), rng=RNG), ValueError, r"got shape \(\)"),
    # optim: parameters
    ("SGD", lambda: optim.SGD([], lr=1), ValueError, "no parameters; pass model.parameters"),
    ("Adam", lambda: optim.Adam(iter(())), ValueError, "there are no parameters"),
    ("Adam", lambda: optim.Adam(NET), TypeError, "got the module Sequential; pass model.par"),
    ("Adam", lambda: optim.Adam(NET.parameters), TypeError, "got method .*; pass model.parameters"),
    ("Adam", lambda: optim.Adam(NET.named_parameters()), TypeError, "got tuple .* pass model.p"),
    ("Adam", lambda: optim.Adam(1e-3), TypeError, "a list of parameters, got float 0.001"),
    ("Adam", lambda: optim.Adam([LOOSE, LOOSE]), ValueError, "a parameter is listed twice"),
    ("Adam", lambda: optim.Adam([LOOSE, LOOSE.data]), TypeError, "must be Tensors .* got ndarray"),
    ("Adam", lambda: optim.Adam([LOOSE * 2]), TypeError, "Tensors made by tg.Tensor"),
    ("Adam", lambda: optim.Adam([LOOSE, tg.Tensor(np.ones(2))]), ValueError,
     "one dtype.*float32.*float64"),
    ("SGD", lambda: optim.SGD([LOOSE.detach()], 1.0), ValueError, "requires_grad=False, so"),
    ("Adam", lambda: optim.Adam([tg.Tensor([1.0], requires_grad=False)]), ValueError,
     r"Tensor \(1,\) float32 has requires_grad=False.* leave it out"),
    # optim: settings
    ("Adam", lambda: optim.Adam([LOOSE], lr=-1e-3), ValueError, "lr .* at least 0 .* got -0.001"),
    ("Adam", lambda: optim.Adam([LOOSE], lr=math.nan), ValueError, "lr must be .* got nan"),
    ("Adam", lambda: optim.Adam([LOOSE], lr=math.inf), ValueError, "lr must be .* got inf"),
    ("Adam", lambda: optim.Adam([LOOSE], lr="1e-3"), TypeError, "lr must .* got str '1e-3'"),
    ("Adam", lambda: setattr(ADAM, "lr", math.nan), ValueError, "lr must .* got nan"),
    ("Adam", lambda: setattr(ADAM, "lr", None), TypeError, "lr must .* NoneType"),
    ("Adam", lambda: optim.Adam([LOOSE], betas=0.9), TypeError, "betas must .* got float 0.9"),
    ("AdamW", lambda: optim.AdamW([LOOSE], betas=(0.9,)), TypeError, "betas must be two numbers"),
    ("Adam", lambda: optim.Adam([LOOSE], betas=(1.0, 0.9)), ValueError, "beta1 .* below 1, got 1"),
    ("Adam", lambda: optim.Adam([LOOSE], betas=(0.9, 1.0)), ValueError, "beta2 .* below 1, got 1"),
    ("Adam", lambda: optim.Adam([LOOSE], betas=(-0.1, 0.9)), ValueError, "beta1 .* got -0.1"),
    ("AdamW", lambda: optim.AdamW([LOOSE], eps=-1), ValueError, "eps must be at least 0"),
    ("AdamW", lambda: optim.AdamW([LOOSE], weight_decay=-1), ValueError, "weight_decay must be"),
    ("SGD", lambda: optim.SGD([LOOSE], lr=1, momentum=1.5), ValueError, "momentum .* got 1.5"),
    ("SGD", lambda: optim.SGD([LOOSE], lr=1, momentum="0.9"), TypeError, "momentum .* str '0.9'"),
    ("SGD", lambda: optim.SGD([LOOSE], lr=1, nesterov=True), ValueError, "a momentum above 0"),
    ("SGD", lambda: optim.SGD([LOOSE], 1, 0.9, "no"), TypeError, "nesterov .* got str 'no'"),
    ("RMSprop", lambda: optim.RMSprop([LOOSE], alpha=1.0), ValueError, "alpha .* got 1.0"),
    # optim: steps and states
    ("Optimizer", lambda: optim.Optimizer([LOOSE], 1.0, 0.0).update(1.0, 1.0, 1.0),
     NotImplementedError, "an Optimizer needs an update method"),
    ("Adam.step", lambda: optim.Adam([LOOSE]).step(), ValueError, "no parameter has a gradient"),
    ("SGD.step", lambda: optim.SGD([with_grad(t(2).detach())], 1.0).step(), ValueError,
     r"must be a Tensor of that shape and dtype, got Tensor \(2,\)"),
    ("SGD.step", lambda: optim.SGD([with_grad(floats(3))], 1.0).step(), ValueError, "got ndarray"),
    ("Adam.step", stepped_on_nan, FloatingPointError,
     r"params\[1\], Tensor \(4,\) float32, holds NaN or infinity; nothing was updated"),
    ("SGD", lambda: with_data([1.0, 2.0, 3.0]).step(), ValueError, "now list .1.0, 2.0, 3.0"),
    ("SGD", lambda: with_data(floats(4)).step(), ValueError, r"is now ndarray \(4,\)"),
    ("SGD", lambda: with_data(floats(3, dtype="float64")).step(), ValueError,
     "convert the model first, then make its optimiser"),
    ("Adam.load_state_dict", lambda: ADAM.load_state_dict([1]), TypeError, "a dict, got list"),
    ("Adam.load_state_dict", lambda: ADAM.load_state_dict(optim.SGD([LOOSE], 1).state_dict()),
     ValueError, "this rule needs .*'m'.*use the same optimiser"),
    ("Adam.load_state_dict", lambda: ADAM.load_state_dict(optim.Adam([LOOSE]).state_dict()),
     ValueError, "pass the same parameters"),
    *[("Adam.load_state_dict", lambda change=change: ADAM.load_state_dict({**STATE, **change}),
       ValueError, words) for change, words in [
        ({"lr": -1}, "lr must be a number of at least 0, got int -1"),
        ({"lr": "fast"}, "lr must be a number"), ({"t": -1}, "t must be a whole .* got int -1"),
        ({"t": 1.5}, "t must be a whole number"), ({"m": 0.0}, "m must be an array of 34 floats"),
        ({"v": np.ones(29)}, r"v must be an array of 34 floats, got ndarray \(29,\)"),
        ({"v": np.append(STATE["v"][1:], math.nan)}, "v holds NaN or infinity"),
        ({"shapes": np.ones((2, 2))}, "pass the same parameters"),
        ({"shapes": None}, "pass the same parameters")]],
    # optim: schedules and clipping
    ("warmup_cosine", lambda: optim.warmup_cosine(-5, warmup=1, total=4), ValueError,
     "step must be at least 0 .* got -5"),
    ("warmup_cosine", lambda: optim.warmup_cosine(0, warmup=5, total=5), ValueError,
     "0 <= warmup < total, got warmup=5, total=5"),
    ("warmup_cosine", lambda: optim.warmup_cosine(0, warmup=-1, total=5), ValueError,
     "warmup .* got -1"),
    ("warmup_cosine", lambda: optim.warmup_cosine(0, warmup=1, total=None), TypeError,
     "total .* got NoneType"),
    ("warmup_cosine", lambda: optim.warmup_cosine(0, warmup=1, total=4, final=math.nan),
     ValueError, "final .* got nan"),
    ("step_decay", lambda: optim.step_decay(-5, every=2), ValueError, "step .* got -5"),
    ("step_decay", lambda: optim.step_decay(5, every=0), ValueError, "every .* at least 1 .* 0"),
    ("step_decay", lambda: optim.step_decay(5, every=1, factor=-0.1), ValueError, "factor .* -0.1"),
    ("clip_grad_norm", lambda: optim.clip_grad_norm(NET, 1.0), TypeError,
     "needs parameters, got the module Sequential; pass model.param"),
    ("clip_grad_norm", lambda: optim.clip_grad_norm(1.0, NET.parameters()), ValueError,
     "max_norm must be a number above 0, got"),
    ("clip_grad_norm", lambda: optim.clip_grad_norm(NET.parameters(), 0), ValueError, "got int 0"),
    ("clip_grad_norm", lambda: optim.clip_grad_norm(NET.parameters(), math.nan), ValueError,
     "got float nan"),
    ("clip_grad_norm", lambda: optim.clip_grad_norm([LOOSE.data], 1.0), TypeError,
     "parameters must be Tensors .* got ndarray"),
    ("clip_grad_norm", lambda: optim.clip_grad_norm([LOOSE], 1.0), ValueError, "loss.backward"),
    ("clip_grad_norm", lambda: optim.clip_grad_norm([with_grad(t(3).detach() * math.inf)], 1.0),
     FloatingPointError, r"is inf, .* 1 of 1, of shapes \[\(3,\)\].*detect_nan"),
    # data: batches, labels, toys
    ("batches", lambda: data.batches(batch_size=1), TypeError, "got nothing"),
    ("batches", lambda: data.batches([1, 2], batch_size=1), TypeError, "got list"),
    ("batches", lambda: data.batches(IDS, 4, batch_size=1), TypeError, "got ndarray, int"),
    ("batches", lambda: data.batches(np.array(3), batch_size=1), TypeError, "at least one axis"),
    ("batches", lambda: data.batches(IDS, IDS[1:], batch_size=1), ValueError, r"got \[100, 99\]"),
    ("batches", lambda: data.batches(IDS[:0], batch_size=1), ValueError, "at least one row"),
    ("batches", lambda: data.batches(IDS, batch_size=0), ValueError, "batch_size .* got 0"),
    ("batches", lambda: data.batches(IDS, batch_size=2.0), ValueError, "batch_size .* got 2.0"),
    ("batches", lambda: data.batches(IDS, batch_size=1, rng=0), TypeError, GENERATOR),
    ("batches", lambda: data.batches(IDS, batch_size=1, drop_last="no"), TypeError, "drop_last"),
    ("batches", lambda: data.batches(IDS, batch_size=400, drop_last=True), ValueError,
     "batch_size=400 leaves no batch of 100 rows"),
    ("one_hot", lambda: data.one_hot(np.array([0.0, 1.0]), 3), TypeError,
     "an integer array of classes, got float64; use .astype"),
    ("one_hot", lambda: data.one_hot(np.array([True, False]), 3), TypeError, "got bool"),
    ("one_hot", lambda: data.one_hot(np.array([0, 3]), 3), ValueError, "from 0 to 2 .* 0 to 3"),
    ("one_hot", lambda: data.one_hot(np.array([-1, 2]), 3), ValueError, "got -1 to 2"),
    ("one_hot", lambda: data.one_hot(np.array([[0], [1]]), 3), ValueError,
     r"labels must have shape \(N,\), got \(2, 1\); use .resh"),
    ("one_hot", lambda: data.one_hot(1, 3), ValueError, r"got \(\)"),
    ("one_hot", lambda: data.one_hot(IDS[:2], 3.0), ValueError, "classes .* got 3.0"),
    ("one_hot", lambda: data.one_hot(IDS[:2], IDS[:2]), ValueError, "classes .* got ndarray"),
    ("ring", lambda: data.ring(0, RNG), ValueError, "count .* got 0"),
    ("ring", lambda: data.ring(RNG, 5), ValueError, "count .* got Generator"),
    ("grid", lambda: data.grid(2.5, RNG), ValueError, "count .* got 2.5"),
    ("grid", lambda: data.grid(5, None), TypeError, GENERATOR),
    # data: texts and images
    ("there is no data set 'mnits'", lambda: data.load_images("mnits"), ValueError,
     "did you mean 'mnist'.*path of an .npz file"),
    ("there is no data set None", lambda: data.load_images(None), ValueError, "choose one of"),
    ("the data root", lambda: data.load_images("mnist", root=5), TypeError, PATH),
    ("there is no data set 'shakespear'", lambda: data.load_text("shakespear"), ValueError,
     "did you mean 'shakespeare'"),
    ("load_text", lambda: data.load_text(None), TypeError, PATH),
    ("kept.npz must be UTF-8 text; found byte .*", lambda: data.load_text("kept.npz"), ValueError,
     "save it as UTF-8"),
    ("split_tokens", lambda: data.split_tokens("text", 1), TypeError, "use tokenizer.encode"),
    ("split_tokens", lambda: data.split_tokens(IDS, 20), ValueError,
     "has 100 tokens, .* 10 of them, .* longer than a block of 20"),
    ("split_tokens", lambda: data.split_tokens(IDS, -1), ValueError, "block_size .* got -1"),
    ("split_tokens", lambda: data.split_tokens(IDS, 4, 1.5), ValueError, "share .* got 1.5"),
    ("split_tokens", lambda: data.split_tokens(IDS, 4, -0.5), ValueError, "share .* got -0.5"),
    ("split_tokens", lambda: data.split_tokens(IDS, 4, math.nan), ValueError, "share .* got nan"),
    *[("random_windows", lambda ids=ids, size=size: data.random_windows(ids, 2, size, rng=RNG),
       kind, words) for ids, size, kind, words in [
        (IDS[:7], 7, ValueError, "longer than a block of 7, got 7 tokens; use a longer text"),
        (IDS[:0], 1, ValueError, "longer than a block of 1, got 0"),
        (IDS, -3, ValueError, "block_size .* got -3"), (IDS, 2.5, ValueError, "block_size .* 2.5"),
        (IDS[None], 3, TypeError, r"an array \(n,\) of tokens, got ndarray \(1, 100\)"),
        ([1, 2, 3], 1, TypeError, "got list .*tokenizer.encode")]],
    ("random_windows", lambda: data.random_windows(IDS, 0, 8, rng=RNG), ValueError, "count .* 0"),
    ("random_windows", lambda: data.random_windows(IDS, 2.0, 8, rng=RNG), ValueError, "count"),
    ("random_windows", lambda: data.random_windows(IDS, 2, 8, rng=0), TypeError, GENERATOR),
    ("consecutive_windows", lambda: data.consecutive_windows(IDS, 0), ValueError, "block_size"),
    ("consecutive_windows", lambda: data.consecutive_windows(IDS, 100), ValueError, "longer text"),
    ("consecutive_windows", lambda: data.consecutive_windows("text", 2), TypeError, "got str"),
    # data: tokenizers
    ("CharTokenizer", lambda: data.CharTokenizer(""), ValueError, "the text is empty"),
    ("CharTokenizer", lambda: data.CharTokenizer(b"abc"), TypeError, r"got bytes b'abc'; .*decode"),
    ("CharTokenizer", lambda: LETTERS.encode("hex"), ValueError,
     "'x' at 2 has no token.*BPETokenizer, which can"),
    ("CharTokenizer.encode", lambda: LETTERS.encode(None), TypeError, "a str, got NoneType"),
    ("decode", lambda: LETTERS.decode([0, 4]), ValueError, "from 0 to 3 for 4 .* got 0 to 4"),
    ("decode", lambda: LETTERS.decode("he"), TypeError, "ids must be integers"),
    ("decode", lambda: TOKENIZER.decode([1.5]), TypeError, "got float64"),
    ("decode", lambda: TOKENIZER.decode(3), TypeError, r"of shape \(\)"),
    ("decode", lambda: TOKENIZER.decode_bytes([-1, 2]), ValueError, "got -1 to 2"),
    ("BPETokenizer.train", lambda: data.BPETokenizer.train(b"abc", 300), TypeError, "got bytes"),
    ("BPETokenizer.train", lambda: data.BPETokenizer.train("abc", 100), ValueError,
     "vocab_size must be an integer of at least 256, got 100"),
    ("BPETokenizer.train", lambda: data.BPETokenizer.train("abc", 260.5), ValueError, "got 260.5"),
    ("BPETokenizer.train", lambda: data.BPETokenizer.train("abc", math.nan), ValueError, "got nan"),
    ("BPETokenizer.encode", lambda: TOKENIZER.encode(3), TypeError, "a str or bytes, got int 3"),
    ("BPETokenizer", lambda: data.BPETokenizer("abc abc"), TypeError,
     r"pairs of bytes, .* got str 'abc abc'; BPETokenizer.train\(text"),
    ("BPETokenizer", lambda: data.BPETokenizer([("a", "b")]), TypeError, "got tuple"),
    ("BPETokenizer", lambda: data.BPETokenizer([[b"a", b"b"]]), TypeError, "got list"),
    ("BPETokenizer", lambda: data.BPETokenizer([(b"a", b"b")], {b"a": 0}), ValueError, "has none"),
    ("BPETokenizer", lambda: data.BPETokenizer([], 300), TypeError, "a dict .* got int 300"),
    ("BPETokenizer.load", lambda: data.BPETokenizer.load(None), TypeError, PATH),
    ("BPETokenizer.save", lambda: TOKENIZER.save(3), TypeError, PATH),
    # checkpoint and safetensors
    ("checkpoint.save", lambda: checkpoint.save(1, {"a": 1}), TypeError, PATH),
    ("checkpoint.save", lambda: checkpoint.save("kept.npz", [1]), TypeError, "must be a dict"),
    ("checkpoint.save", lambda: checkpoint.save("kept.npz", NET), TypeError,
     "must be a dict; got Sequential"),
    ("checkpoint.save", lambda: checkpoint.save("kept.npz", {1: 2}), TypeError, "keys must be str"),
    ("checkpoint.save", lambda: checkpoint.save("kept.npz", {"a": {"b/c": 2}}), TypeError,
     "'b/c' in state/a"),
    ("checkpoint.save", lambda: checkpoint.save("kept.npz", {"a": [object()]}), TypeError,
     "state/a/0 has type object"),
    ("checkpoint.save", lambda: checkpoint.save("kept.npz", {"a": np.array([object()])}),
     TypeError, "only pickle"),
    ("checkpoint.load", lambda: checkpoint.load(1), TypeError, PATH),
    ("kept.txt is not a tinygen checkpoint", lambda: checkpoint.load("kept.txt"), ValueError,
     "it begins with b'hello'; give"),
    ("safetensors.save", lambda: safetensors.save(None, {}), TypeError, PATH),
    ("safetensors.save", lambda: safetensors.save("kept.safetensors", [np.ones(2)]), TypeError,
     "a dict of name to array, .* got list"),
    ("safetensors", lambda: safetensors.save("kept.safetensors", {3: np.ones(1)}), TypeError,
     "needs a name, which is text"),
    ("safetensors", lambda: safetensors.save("kept.safetensors", {"c": np.ones(1, "complex64")}),
     TypeError, "got 'c' of dtype complex64"),
    ("safetensors.load", lambda: safetensors.load(b"kept"), TypeError, PATH),
    ("kept.txt is not a valid safetensors file", lambda: safetensors.load("kept.txt"), ValueError,
     "it has 5 bytes"),
    # checking gradients
    ("check_gradients", lambda: tg.check_gradients(tg.exp), ValueError, "nothing to differentiate"),
    ("check_gradients", lambda: tg.check_gradients(np.ones(3), tg.exp), TypeError,
     "takes a function and then its inputs, got ndarray"),
    ("check_gradients", lambda: tg.check_gradients(tg.exp, floats(3)), TypeError,
     r"need float64, x is float32; convert it with .astype\('float64'\)"),
    ("check_gradients", lambda: tg.check_gradients(tg.exp, np.ones(3), np.ones(3)), TypeError,
     "takes 1 inputs, got 2"),
    ("check_gradients", lambda: tg.check_gradients(tg.exp, np.ones(3), order=3), ValueError,
     "order is 1 or 2, got 3"),
    ("check_gradients", lambda: tg.check_gradients(tg.exp, np.ones(3), tolerance=-0.5),
     ValueError, "tolerance .* got -0.5"),
    ("check_gradients", lambda: tg.check_gradients(tg.exp, np.ones(3), tolerance=math.nan),
     ValueError, "tolerance .* got nan"),
    ("check_gradients", lambda: tg.check_gradients(tg.exp, np.ones(3), samples=1.5), ValueError,
     "samples .* got 1.5"),
    ("check_gradients", lambda: tg.check_gradients(tg.exp, np.ones(3), rng=0), TypeError,
     GENERATOR),
    ("check_gradients", lambda: tg.check_gradients(lambda x: 2.0, np.ones(3)), TypeError,
     "must return one Tensor, got float 2.0"),
    ("check_gradients", lambda counter=count(): tg.check_gradients(
        lambda x: x * next(counter), np.ones(3)), ValueError, "two values for the same inputs"),
    ("grad", lambda: tg.check_gradients(lambda x: x.data, np.ones(3)), ValueError, "no graph"),
    ("check_model_gradients", lambda: tg.check_model_gradients(NET, lambda: NET(t(2, 3)).sum()),
     TypeError, "need float64, 0.weight is float32"),
    ("check_model_gradients", lambda: tg.check_model_gradients(nn.ReLU(), lambda: t()), ValueError,
     "ReLU has no parameters"),
    *[("check_model_gradients", lambda given=given: tg.check_model_gradients(*given), TypeError,
       "a Module and a function of nothing") for given in [(NET, t(3)), (3, lambda: t())]],
    # ops made, replaced and unfused
    ("op", lambda: tg.op(np.exp), TypeError, "a rule is a function of arrays .* got ufunc"),
    ("tanh.replaced", lambda: tg.tanh.replaced(None).__enter__(), TypeError, "got NoneType"),
    ("tanh.unfused", lambda: tg.tanh.unfused().__enter__(), ValueError, "no textbook twin"),
    ("gelu.unfused", lambda: tg.gelu.unfused(by=2).__enter__(), ValueError, "unfused"),
]


@pytest.mark.parametrize("who, call, kind, words", ROWS,
                         ids=[f"{row[0]}-{i}" for i, row in enumerate(ROWS)])
def test_wrong_calls(who, call, kind, words, folder):
    assert_refused(who, call, kind, words, lambda: state(folder))


# ---- each setting one below its least value ----

CONV = {"in_channels": 1, "out_channels": 1, "kernel_size": 1, "stride": 1, "padding": 0,
        "dilation": 1, "groups": 1, "bias": False}
POOL = {"kernel_size": 1, "stride": 1, "padding": 0}
RULE = {"lr": 0.0, "eps": 0.0, "weight_decay": 0.0}
SLIDING = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
IMAGE = tg.Tensor(np.arange(16, dtype="float32").reshape(1, 1, 4, 4))
VECTORS = IMAGE.data[0, 0]

LEAST = {
    nn.Linear: {"in_features": 1, "out_features": 1, "bias": False},
    nn.Embedding: {"num_embeddings": 1, "embedding_dim": 1},
    nn.Dropout: {"p": 0.0}, nn.KeyValueCache: {"size": 1},
    nn.Conv1d: CONV, nn.Conv2d: CONV, nn.ConvTranspose2d: {**CONV, "output_padding": 0},
    nn.MaxPool2d: {**POOL, "return_indices": False}, nn.MaxUnpool2d: POOL, nn.AvgPool2d: POOL,
    nn.Upsample: {"scale_factor": 1},
    nn.LayerNorm: {"normalized_shape": 1, "eps": 0.0, "bias": False},
    nn.GroupNorm: {"num_groups": 1, "num_channels": 1, "eps": 0.0},
    nn.BatchNorm1d: {"num_features": 1, "eps": 0.0, "momentum": 0.0, "track_running_stats": False},
    nn.MultiHeadAttention: {"embed_dim": 1, "num_heads": 1, "dropout": 0.0, "bias": False},
    nn.MinibatchDiscrimination: {"in_features": 1, "kernels": 1, "kernel_size": 1},
    partial(nn.init.uniform, (1,)): {"bound": 0.0}, partial(nn.init.normal, (1,)): {"std": 0.0},
    partial(nn.SpectralNorm, NET[0], rng=RNG): {"iterations": 1},
    partial(optim.SGD, [LOOSE]): {"lr": 0.0, "momentum": 0.0, "nesterov": False,
                                  "weight_decay": 0.0},
    partial(optim.RMSprop, [LOOSE]): {**RULE, "alpha": 0.0},
    partial(optim.Adam, [LOOSE]): RULE, partial(optim.AdamW, [LOOSE]): RULE,
    partial(optim.warmup_cosine, total=1): {"step": 0.0, "warmup": 0.0, "final": 0.0},
    partial(optim.step_decay, every=1): {"step": 0.0, "factor": 0.0},
    partial(data.batches, IDS): {"batch_size": 1, "drop_last": False},
    partial(data.split_tokens, IDS): {"block_size": 1},
    partial(data.random_windows, IDS, rng=RNG): {"block_size": 1, "count": 1},
    partial(data.ring, rng=RNG): {"count": 1}, partial(data.grid, rng=RNG): {"count": 1},
    partial(data.one_hot, ints(3)): {"classes": 1},
    partial(ops.conv1d, t(1, 1, 4), t(1, 1, 1)): SLIDING,
    partial(ops.conv2d, IMAGE, t(1, 1, 1, 1)): SLIDING,
    partial(ops.conv_transpose2d, IMAGE, t(1, 1, 1, 1)): {**SLIDING, "output_padding": 0},
    partial(ops.conv2d_weight, IMAGE, IMAGE): {**SLIDING, "kernel_size": 1},
    partial(ops.max_pool2d, IMAGE): {**POOL, "return_indices": False},
    partial(ops.avg_pool2d, IMAGE): POOL,
    partial(ops.max_unpool2d, IMAGE, ints(1, 1, 4, 4)): POOL,
    partial(ops.upsample_nearest2d, IMAGE): {"scale": 1},
    partial(ops.layer_norm, VECTORS): {"eps": 0.0}, partial(ops.batch_norm, IMAGE): {"eps": 0.0},
    partial(ops.group_norm, IMAGE): {"groups": 1, "eps": 0.0},
    partial(ops.standardize, IMAGE, t(1), t(1)): {"eps": 0.0},
    partial(ops.leaky_relu, VECTORS): {"slope": 0.0},
    partial(ops.elu, VECTORS): {"alpha": 0.0},
    partial(ops.dropout, VECTORS, rng=RNG): {"p": 0.0},
    partial(ops.attention, VECTORS, VECTORS, VECTORS): {"causal": False, "dropout": 0.0},
    partial(ops.sum, VECTORS): {"keepdims": False},
    partial(tg.check_gradients, lambda x: x * 0, np.ones(1)): {"samples": 0, "tolerance": 0.0},
}


@pytest.mark.parametrize("make, least", LEAST.items(),
                         ids=["-".join(least) for least in LEAST.values()])
def test_every_setting_has_its_least_value(make, least):
    assert_least(make, least)

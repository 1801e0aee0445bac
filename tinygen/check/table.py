"""The table of ops: a row for each case in which an op's gradient must be right.

    case("matmul", ops.matmul, (3, 4), (4, 2))

is the op's name, a function of the Tensors to check its gradients by, and their shapes. A lambda
adds the settings and constants such as indices. The numbers are spaced evenly from low to high and
shuffled across all inputs, so that no two are equal and none is 0: a maximum is unique, and relu's
kink is never hit.
"""
from collections.abc import Callable
from typing import NamedTuple

from tinygen import ops
from tinygen.backend import np, xp
from tinygen.tensor import plain


class Case(NamedTuple):
    """One row: an op's name, a function, the shapes of its inputs, the range of their numbers."""
    name: str
    f: Callable
    shapes: tuple
    low: float
    high: float

    def inputs(self, dtype="float64"):
        """The inputs as arrays on the host, the same at each call."""
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        n = sum(sizes)
        numbers = self.low + (self.high - self.low) * (np.arange(n) + 0.3) / n
        pieces = np.split(np.random.default_rng(n).permutation(numbers), np.cumsum(sizes)[:-1])
        return [piece.reshape(shape).astype(dtype) for piece, shape in zip(pieces, self.shapes)]


def case(name, f, *shapes, low=-1.5, high=1.5):
    """A row: the op's name, a function that calls it, its inputs' shapes and their range."""
    return Case(name, f, shapes, low, high)


def ints(values):
    """Indices or labels as an integer array."""
    return xp.asarray(np.asarray(values))


def signs(shape):
    """A boolean array, True at every other position."""
    return xp.asarray(np.arange(np.prod(shape)).reshape(shape) % 2 == 0)


ELEMENTWISE = [
    case("add", ops.add, (3, 3), (3, 3)),
    case("add", ops.add, (2, 1, 3), (4, 1)),
    case("add", ops.add, (), (2, 3)),
    case("add", lambda a: ops.add(a, a), (3,)),
    case("sub", ops.sub, (3, 3), (3, 3)),
    case("sub", ops.sub, (3,), (2, 1)),
    case("sub", lambda b: ops.sub(1.0, b), (2, 3)),
    case("mul", ops.mul, (3, 3), (3, 3)),
    case("mul", ops.mul, (2, 1, 3), (4, 1)),
    case("mul", lambda a: ops.mul(a, a), (3,)),
    case("mul", lambda a: ops.mul(a, 2.5), ()),
    case("div", ops.div, (3, 3), (3, 3), low=0.5, high=2),
    case("div", ops.div, (3,), (2, 1), low=-2, high=-0.5),
    case("div", lambda b: ops.div(1.0, b), (2, 3), low=0.5, high=2),
    case("neg", ops.neg, (3, 3)),
    case("pow", ops.pow, (3, 3), (3, 3), low=0.5, high=2),
    case("pow", ops.pow, (3,), (2, 1), low=0.5, high=2),
    case("pow", lambda a: ops.pow(a, 3), (3, 3)),
    case("pow", lambda a: ops.pow(a, 0), (3,)),
    case("pow", lambda a: ops.pow(a, 1), (3,)),
    case("pow", lambda a: ops.pow(a, 0.5), (3,), low=0.5, high=2),
    case("pow", lambda a: ops.pow(a, -1.5), (3,), low=0.5, high=2),
    case("pow", lambda b: ops.pow(2.0, b), (3,)),
    case("exp", ops.exp, (3, 3)),
    case("exp", ops.exp, ()),
    case("log", ops.log, (3, 3), low=0.5, high=2),
    case("sqrt", ops.sqrt, (3, 3), low=0.5, high=2),
    case("sin", ops.sin, (3, 3)),
    case("cos", ops.cos, (3, 3)),
    case("tanh", ops.tanh, (3, 3)),
    case("abs", ops.abs, (3, 3)),
    case("sigmoid", ops.sigmoid, (3, 3)),
    case("sigmoid", ops.sigmoid, (5,), low=-20, high=20),
    case("softplus", ops.softplus, (3, 3)),
    case("softplus", ops.softplus, (5,), low=-20, high=20),
    case("relu", ops.relu, (3, 3)),
    case("leaky_relu", ops.leaky_relu, (3, 3)),
    case("leaky_relu", lambda x: ops.leaky_relu(x, slope=0.2), (3, 3)),
    case("elu", ops.elu, (3, 3)),
    case("elu", lambda x: ops.elu(x, alpha=0.5), (3, 3)),
    case("silu", ops.silu, (3, 3)),
    case("gelu", ops.gelu, (3, 3)),
    case("gelu", ops.gelu, (5,), low=-6, high=6),
    case("where", lambda a, b: ops.where(signs((3, 3)), a, b), (3, 3), (3, 3)),
    case("where", lambda a, b: ops.where(signs((2, 1)), a, b), (3,), ()),
    case("where", lambda a: ops.where(signs((2, 3)), a, 0.0), (2, 3)),
    case("maximum", ops.maximum, (3, 3), (3, 3)),
    case("maximum", ops.maximum, (2, 1, 3), (4, 1)),
    case("maximum", lambda a: ops.maximum(a, 0.0), (3,)),
    case("minimum", ops.minimum, (3, 3), (3, 3)),
    case("minimum", ops.minimum, (3,), ()),
    case("clip", lambda x: ops.clip(x, low=-0.7, high=0.9), (3, 3)),
    case("dropout", lambda x: ops.dropout(x, p=0.4, rng=np.random.default_rng(0)), (3, 3)),
    case("dropout", lambda x: ops.dropout(x, p=0.4, rng=None, training=False) * 1, (2, 3)),
]

SHAPE = [
    case("alias", ops.alias, (3, 3)),
    case("astype", lambda x: ops.astype(x, dtype=x.dtype), (3, 3)),
    case("broadcast_to", lambda x: ops.broadcast_to(x, shape=(2, 3, 3)), (3, 3)),
    case("broadcast_to", lambda x: ops.broadcast_to(x, shape=(2, 4, 3)), (4, 1)),
    case("broadcast_to", lambda x: ops.broadcast_to(x, shape=(2, 3)), ()),
    case("sum_to", lambda x: ops.sum_to(x, shape=(3, 3)), (2, 3, 3)),
    case("sum_to", lambda x: ops.sum_to(x, shape=(4, 1)), (2, 4, 3)),
    case("reshape", lambda x: ops.reshape(x, shape=(9,)), (3, 3)),
    case("reshape", lambda x: ops.reshape(x, shape=(2, -1)), (3, 4)),
    case("transpose", ops.transpose, (3, 3)),
    case("transpose", ops.transpose, (2, 3, 4)),
    case("transpose", lambda x: ops.transpose(x, axes=(1, 2, 0)), (2, 3, 4)),
    case("transpose", lambda x: ops.transpose(x, axes=(-1, 0, 1)), (2, 3, 4)),
    case("swapaxes", ops.swapaxes, (2, 3, 3)),
    case("swapaxes", lambda x: ops.swapaxes(x, axis1=0, axis2=-1), (2, 3, 4)),
    case("squeeze", ops.squeeze, (1, 3, 1, 3)),
    case("squeeze", lambda x: ops.squeeze(x, axis=-3), (1, 3, 3)),
    case("expand_dims", lambda x: ops.expand_dims(x, axis=0), (3, 3)),
    case("expand_dims", lambda x: ops.expand_dims(x, axis=(0, -1)), (3, 3)),
    case("flip", ops.flip, (3, 3)),
    case("flip", lambda x: ops.flip(x, axis=-1), (2, 3)),
    case("pad", lambda x: ops.pad(x, width=((0, 2), (1, 0))), (3, 3)),
    case("crop", lambda x: ops.crop(x, width=((0, 1), (2, 0))), (4, 4)),
    case("getitem", lambda x: ops.getitem(x, key=(slice(None, None, 2), -1)), (4, 4)),
    case("getitem", lambda x: ops.getitem(x, key=(..., None, slice(2, 0, -1))), (2, 3)),
    case("getitem", lambda x: ops.getitem(x, key=ints([2, 0, 2])), (3, 3)),
    case("getitem", lambda x: ops.getitem(x, key=(ints([[0], [2]]), ints([1, 1]))), (3, 3)),
    case("getitem", lambda x: ops.getitem(x, key=signs((3, 3))), (3, 3)),
    case("scatter_add", lambda x: ops.scatter_add(x, key=ints([2, 0, 2]), shape=(4, 3)), (3, 3)),
    case("scatter_add", lambda x: ops.scatter_add(x, key=ints([-1, 0, 2]), shape=(3, 3)), (3, 3)),
    case("scatter_add", lambda x: ops.scatter_add(x, key=(slice(1, 4), -1), shape=(5, 2)), (3,)),
    case("embedding", lambda w: ops.embedding(ints([[2, 0, 2], [1, 1, 0]]), w), (3, 3)),
    case("embedding", lambda w: ops.embedding(ints([4, 0, 4]), w), (5, 2)),
    case("take_along_axis", lambda x: ops.take_along_axis(x, ints([[0, 2, 2]]), axis=0), (3, 3)),
    case("take_along_axis", lambda x: ops.take_along_axis(x, ints([[2, 2], [0, 1]]), axis=-1),
         (2, 3)),
    case("concatenate", lambda a, b: ops.concatenate([a, b]), (3, 3), (2, 3)),
    case("concatenate", lambda a, b, c: ops.concatenate([a, b, c], axis=-1),
         (2, 1), (2, 3), (2, 2)),
    case("stack", lambda a, b: ops.stack([a, b]), (3, 3), (3, 3)),
    case("stack", lambda a, b: ops.stack([a, b], axis=-1), (2, 3), (2, 3)),
    case("split", lambda x: ops.split(x, 2)[1], (4, 3)),
    case("split", lambda x: ops.split(x, [1], axis=-1)[1], (2, 4)),
]

def reductions(name):
    """Rows for an op with axis and keepdims."""
    op = getattr(ops, name)
    return [
        case(name, op, (3, 3)),
        case(name, op, ()),
        case(name, lambda x: op(x, axis=0), (3, 3)),
        case(name, lambda x: op(x, axis=-1, keepdims=True), (2, 3)),
        case(name, lambda x: op(x, axis=(0, -1)), (2, 3, 2)),
        case(name, lambda x: op(x, keepdims=True), (2, 3)),
    ]


def of_one_number(name):
    """Rows for an op that, as NumPy's, reduces a single number along axis 0."""
    op = getattr(ops, name)
    return [case(name, lambda x: op(x, axis=0), ()),
            case(name, lambda x: op(x, axis=-1, keepdims=True), ())]


REDUCE = [
    *reductions("sum"), *of_one_number("sum"),
    *reductions("mean"),
    *reductions("var"),
    *reductions("max"), *of_one_number("max"),
    *reductions("min"), *of_one_number("min"),
    *reductions("logsumexp"),
    case("cumsum", lambda x: ops.cumsum(x, axis=0), (3, 3)),
    case("cumsum", lambda x: ops.cumsum(x, axis=-1), (2, 3)),
    case("cumsum", lambda x: ops.cumsum(x, axis=0), ()),
]

LINEAR = [
    case("matmul", ops.matmul, (3, 3), (3, 3)),
    case("matmul", ops.matmul, (2, 3), (3, 4)),
    case("matmul", ops.matmul, (2, 3, 4), (2, 4, 2)),
    case("matmul", ops.matmul, (2, 1, 3, 2), (3, 2, 4)),
    case("matmul", ops.matmul, (2, 3, 4), (4, 2)),
    case("matmul", ops.matmul, (3,), (3,)),
    case("matmul", ops.matmul, (3,), (3, 2)),
    case("matmul", ops.matmul, (2, 3), (3,)),
    case("matmul", ops.matmul, (3,), (2, 3, 2)),
    case("matmul", ops.matmul, (2, 3, 4), (4,)),
    case("linear", ops.linear, (3, 3), (3, 3)),
    case("linear", ops.linear, (2, 3), (4, 3), (4,)),
    case("linear", ops.linear, (3,), (2, 3), (2,)),
    case("linear", ops.linear, (2, 3, 4), (2, 4), (2,)),
    case("einsum", lambda a, b: ops.einsum("ij,jk->ik", a, b), (3, 3), (3, 3)),
    case("einsum", lambda a, b: ops.einsum("bij,bkj->bik", a, b), (2, 3, 4), (2, 2, 4)),
    case("einsum", lambda a: ops.einsum("ij->j", a), (3, 3)),
    case("einsum", lambda a, b, c: ops.einsum("i,ij,k->jk", a, b, c),
         (2,), (2, 3), (2,)),
    case("einsum", lambda a, b: ops.einsum("ij,ij->", a, b), (2, 3), (2, 3)),
    case("einsum", lambda a: ops.einsum("ij->", a), (2, 3)),
    case("einsum", lambda a, b: ops.einsum(",->", a, b), (), ()),
]

CONV = [
    case("conv1d", ops.conv1d, (2, 2, 6), (3, 2, 3), (3,)),
    case("conv1d", lambda x, w: ops.conv1d(x, w, stride=2, padding=1, dilation=2, groups=2),
         (1, 2, 7), (4, 1, 2)),
    case("conv2d", ops.conv2d, (2, 2, 4, 4), (2, 2, 3, 3), (2,)),
    case("conv2d", lambda x, w: ops.conv2d(x, w, stride=2, padding=1), (1, 2, 5, 5), (3, 2, 3, 3)),
    case("conv2d", lambda x, w: ops.conv2d(x, w, stride=(1, 3), padding=(2, 0)),
         (1, 1, 3, 7), (2, 1, 2, 3)),
    case("conv2d", lambda x, w: ops.conv2d(x, w, dilation=2, padding=1),
         (1, 1, 5, 6), (2, 1, 3, 2)),
    case("conv2d", lambda x, w, b: ops.conv2d(x, w, b, groups=2),
         (1, 4, 3, 3), (2, 2, 2, 2), (2,)),
    case("conv2d", lambda x, w: ops.conv2d(x, w, stride=3), (1, 1, 6, 5), (1, 1, 2, 2)),
    case("conv2d", ops.conv2d, (2, 3, 2, 2), (2, 3, 1, 1)),
    case("conv_transpose2d", ops.conv_transpose2d, (2, 2, 3, 3), (2, 2, 3, 3), (2,)),
    case("conv_transpose2d", lambda x, w: ops.conv_transpose2d(x, w, stride=2, padding=1),
         (1, 2, 3, 3), (2, 1, 4, 4)),
    case("conv_transpose2d", lambda x, w: ops.conv_transpose2d(
        x, w, stride=(2, 3), output_padding=(1, 2)), (1, 1, 2, 3), (1, 2, 3, 2)),
    case("conv_transpose2d", lambda x, w: ops.conv_transpose2d(
        x, w, stride=2, padding=1, output_size=(6, 5)), (1, 1, 3, 3), (1, 2, 3, 3)),
    case("conv_transpose2d", lambda x, w: ops.conv_transpose2d(x, w, dilation=2, padding=1),
         (1, 1, 3, 3), (1, 2, 2, 3)),
    case("conv_transpose2d", lambda x, w, b: ops.conv_transpose2d(x, w, b, groups=2, stride=3),
         (1, 4, 2, 2), (4, 1, 2, 2), (2,)),
    case("conv_transpose2d", lambda x, w, b: ops.conv_transpose2d(x, w, b, stride=2, padding=1),
         (2, 4, 3, 2), (4, 1, 2, 2), (1,)),  # few output channels
    case("conv2d_weight", lambda x, y: ops.conv2d_weight(x, y, kernel_size=(3, 3)),
         (2, 2, 4, 4), (2, 2, 2, 2)),
    case("conv2d_weight", lambda x, y: ops.conv2d_weight(
        x, y, kernel_size=(3, 2), stride=2, padding=1, dilation=(1, 2), groups=2),
         (1, 2, 5, 5), (1, 2, 3, 3)),
]

POOL = [
    case("max_pool2d", lambda x: ops.max_pool2d(x, 2), (2, 1, 4, 4)),
    case("max_pool2d", lambda x: ops.max_pool2d(x, 3, stride=2, padding=1), (1, 2, 5, 5)),
    case("max_pool2d", lambda x: ops.max_pool2d(x, (1, 2), stride=(2, 1)), (1, 1, 3, 4)),
    case("max_unpool2d", lambda x: ops.max_unpool2d(x, ints([[[[0, 3], [9, 14]]]]), 2),
         (1, 1, 2, 2)),
    case("max_unpool2d", lambda x: ops.max_unpool2d(
        x, ints([[[[4, 4], [4, 8]]]]), 2, stride=1, output_size=(3, 3)), (1, 1, 2, 2)),
    case("gather_pixels", lambda x: ops.gather_pixels(x, ints([[[[8, 0], [0, 5]]]])), (1, 1, 3, 3)),
    case("scatter_pixels", lambda x: ops.scatter_pixels(x, ints([[[[8, 0], [3, 5]]]]), size=(3, 3)),
         (1, 1, 2, 2)),
    case("avg_pool2d", lambda x: ops.avg_pool2d(x, 2), (2, 1, 4, 4)),
    case("avg_pool2d", lambda x: ops.avg_pool2d(x, (3, 2), stride=(2, 1), padding=1), (1, 2, 5, 4)),
    case("upsample_nearest2d", lambda x: ops.upsample_nearest2d(x, 2), (2, 2, 3, 3)),
    case("upsample_nearest2d", lambda x: ops.upsample_nearest2d(x, (1, 3)), (1, 1, 2, 3)),
    case("sum_pool2d", lambda x: ops.sum_pool2d(
        x, kernel=(2, 2), stride=(1, 2), padding=(1, 0)), (1, 2, 4, 4)),
    case("spread2d", lambda x: ops.spread2d(
        x, kernel=(2, 2), stride=(2, 1), padding=(0, 0), size=(6, 4)), (1, 2, 3, 3)),
]

NORM = [
    case("softmax", ops.softmax, (3, 3)),
    case("softmax", lambda x: ops.softmax(x, axis=0), (3, 3)),
    case("softmax", lambda x: ops.softmax(x, axis=-2), (2, 3, 2)),
    case("softmax", lambda x: ops.softmax(x, axis=(0, 2)), (2, 2, 2)),
    case("softmax", ops.softmax, (4,), low=-20, high=20),
    case("log_softmax", ops.log_softmax, (3, 3)),
    case("log_softmax", lambda x: ops.log_softmax(x, axis=0), (3, 3)),
    case("log_softmax", lambda x: ops.log_softmax(x, axis=1), (2, 3, 2)),
    case("log_softmax", lambda x: ops.log_softmax(x, axis=(0, 1)), (2, 2, 2)),
    case("log_softmax", ops.log_softmax, (4,), low=-20, high=20),
    case("layer_norm", ops.layer_norm, (3, 3)),
    case("layer_norm", ops.layer_norm, (3, 4), (4,)),
    case("layer_norm", ops.layer_norm, (2, 3, 4), (4,), (4,)),
    case("layer_norm", lambda x: ops.layer_norm(x, eps=0.5), (2, 3)),
    case("standardize", ops.standardize, (2, 3, 2), (3,), (3,), (3,), (3,), low=0.5, high=2),
    case("standardize", ops.standardize, (3, 3), (3,), (3,), low=0.5, high=2),
    case("batch_norm", ops.batch_norm, (3, 3)),
    case("batch_norm", ops.batch_norm, (4, 3), (3,), (3,)),
    case("batch_norm", ops.batch_norm, (2, 3, 2, 2), (3,), (3,)),
    case("batch_norm", lambda x: ops.batch_norm(
        x, moments=ops.batch_moments(plain(x)), eps=0.1), (3, 2, 3)),
    case("group_norm", lambda x: ops.group_norm(x, groups=1), (2, 2, 2, 2)),
    case("group_norm", lambda x, w, b: ops.group_norm(x, w, b, groups=2), (2, 4, 3), (4,), (4,)),
    case("group_norm", lambda x, w: ops.group_norm(x, w, groups=3, eps=0.1), (2, 3, 2, 2), (3,)),
]


def losses(name, low=-1.5, high=1.5):
    """Rows for a loss of x and a target, with each reduction."""
    op = getattr(ops, name)
    return [
        case(name, op, (3, 3), (3, 3), low=low, high=high),
        case(name, lambda x, t: op(x, t, reduction="sum"), (2, 3), (2, 3), low=low, high=high),
        case(name, lambda x, t: op(x, t, reduction="none"), (3, 3), (3, 3), low=low, high=high),
        *[case(name, lambda x, t, how=how: op(x, t, reduction=how), (), (), low=low, high=high)
          for how in ("mean", "sum", "none")],
    ]


LOSS = [
    *losses("mse"),
    *losses("l1"),
    *losses("bce_with_logits", low=0.05, high=0.95),
    case("bce_with_logits", lambda x: ops.bce_with_logits(x, signs((2, 3)).astype(x.dtype)),
         (2, 3), low=-20, high=20),
    case("cross_entropy", lambda x: ops.cross_entropy(x, ints([2, 0, 0])), (3, 3)),
    case("cross_entropy", lambda x: ops.cross_entropy(x, ints([[2, 0], [1, 1]]), reduction="sum"),
         (2, 2, 3)),
    case("cross_entropy", lambda x: ops.cross_entropy(x, ints([1, 3]), reduction="none"),
         (2, 4), low=-20, high=20),
]

DIVERGENCE = [
    case("kl_standard_normal", ops.kl_standard_normal, (3, 3), (3, 3)),
    case("kl_standard_normal", ops.kl_standard_normal, (4,), (4,), low=-5, high=5),
    case("kl_standard_normal", lambda m, v: ops.kl_standard_normal(m, v, axis=()), (2, 3), (2, 3)),
    case("kl_standard_normal", lambda m, v: ops.kl_standard_normal(m, v, axis=(0, 2)),
         (2, 3, 2), (2, 3, 2)),
    case("kl_normal", ops.kl_normal, (3, 3), (3, 3), (3, 3), (3, 3)),
    case("kl_normal", lambda *gaussians: ops.kl_normal(*gaussians, axis=None),
         (2, 3), (2, 3), (2, 3), (2, 3)),
    case("kl_normal", lambda *gaussians: ops.kl_normal(*gaussians, axis=()), (), (), (), ()),
    case("kl_categorical", ops.kl_categorical, (3, 3), (3, 3), low=0.1, high=0.9),
    case("kl_categorical", lambda p, q: ops.kl_categorical(p, q, axis=0), (3, 2), (3, 2),
         low=0.1, high=0.9),
    case("kl_categorical", lambda p, q: ops.kl_categorical(p, q, axis=()), (4,), (4,),
         low=0.1, high=0.9),
]

ATTENTION = [
    case("attention", ops.attention, (3, 3), (3, 3), (3, 3)),
    case("attention", ops.attention, (2, 3, 2, 3), (2, 3, 4, 3), (2, 3, 4, 2)),
    case("attention", lambda q, k, v: ops.attention(q, k, v, causal=True),
         (2, 2, 3), (2, 4, 3), (2, 4, 3)),
    case("attention", lambda q, k, v: ops.attention(q, k, v, mask=signs((2, 1, 3))),
         (2, 4, 2), (2, 3, 2), (2, 3, 2)),
    case("attention", lambda q, k, v: ops.attention(q, k, v, causal=True, dropout=0.3, seed=1),
         (2, 3, 3), (2, 3, 3), (2, 3, 3)),
]

CASES = (ELEMENTWISE + SHAPE + REDUCE + LINEAR + CONV + POOL + NORM + LOSS + DIVERGENCE
         + ATTENTION)

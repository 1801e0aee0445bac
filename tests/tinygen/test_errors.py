"""Bad input: each mistake is one error that names the op, what came, and, if it helps, the fix."""
import copy
import functools

import pytest

import tinygen as tg
from tests import standin
from tests.helpers import assert_refused, floats, ints, rng, t, these
from tinygen import nn, ops
from tinygen.backend import backend_name, np, use_backend, xp
from tinygen.errors import describe


def each(names, mistake, kind, message):
    """A row for each of several ops that respond alike to a mistake."""
    return [(name, functools.partial(mistake, getattr(ops, name)), kind, message)
            for name in names.split()]


BROADCAST = r"shapes do not broadcast.*got Tensor \(2, 3\) float32, Tensor \(2,\) float32"
AXIS = r"axis 2 is out of bounds.*got Tensor \(2, 3\) float32, axis=2"
NUMBER = r"needs Tensors or arrays, not numbers or None.*got .*float 2.0"
LIST = r"inputs are Tensors, arrays or numbers, got list \[1.0, 2.0\]"
MANY = r"got \d arguments, which is too many; call it as \w+\("

# (the op, the mistake, the error, what its message says after "op: ")
ROWS = [
    # elementwise
    *each("add sub mul div pow maximum minimum",
          lambda op: op(t(2, 3), t(2)), ValueError, BROADCAST),
    *each("neg exp log sqrt sin cos tanh abs sigmoid softplus relu leaky_relu "
          "elu silu gelu alias",
          lambda op: op([1.0, 2.0]), TypeError, LIST),
    ("gelu", lambda: ops.gelu(2.0), TypeError, NUMBER),
    ("gelu", lambda: ops.gelu(np.float32(2)), TypeError,
     "needs Tensors or arrays, not numbers or None"),
    ("add", lambda: t(3) + [1, 2, 3], TypeError, "got list .*"),
    ("add", lambda: t(3) + "1", TypeError, "got str '1'"),
    ("add", lambda: t(3) + None, TypeError, "NoneType"),
    ("add", lambda: ints(3) + t(3), TypeError, r"got ndarray \(3,\) int64, Tensor \(3,\) float32"),
    ("sub", lambda: [1.0, 2.0] - t(2), TypeError, LIST),
    ("mul", lambda: t(3) * tg.Tensor(np.ones(3)), TypeError,
     r"share one floating dtype, got Tensor \(3,\) float32, Tensor \(3,\) float64; convert"),
    ("mul", lambda: tg.Tensor(np.ones(3)) * t(3), TypeError, "share one floating dtype"),
    ("mul", lambda: t(3) * floats(3, dtype="float64"), TypeError, "share one floating dtype"),
    ("mul", lambda: ints(3) * t(3), TypeError, r"share one floating dtype.*\(3,\) int64"),
    ("relu", lambda: ops.relu(t(3), 0.1), TypeError, MANY),
    ("div", lambda: ops.div(t(3)), TypeError,
     r"missing 1 required positional argument: 'b'; call it as div\(a, b\)"),
    ("where", lambda: ops.where(t(3), t(3), t(3)), TypeError,
     r"boolean array, got .* float32; compare, as in x > 0"),
    ("where", lambda: ops.where(ints(3), t(3), t(3)), TypeError, "boolean array, got .* int64"),
    ("where", lambda: ops.where(1.0, t(3), t(3)), TypeError, "boolean array, got float 1.0"),
    ("where", lambda: ops.where(t(2) > 0, t(3), t(3)), ValueError, "shapes do not broadcast"),
    ("clip", lambda: ops.clip(t(3), low=2, high=1), ValueError, "low=2, high=1"),
    ("clip", lambda: ops.clip(t(3), low=float("nan"), high=1), ValueError, "low=nan, high=1"),
    ("clip", lambda: ops.clip(t(3), None, 1), TypeError,
     r"low and high must be numbers, got low=None, high=1; .* use float\('inf'\)"),
    ("clip", lambda: ops.clip(t(3), 0, None), TypeError, "got low=0, high=None"),
    ("clip", lambda: ops.clip(t(3), 0, 1, 2), TypeError, MANY),
    ("clip", lambda: ops.clip(t(3), 0, low=1), TypeError,
     r"low is given twice, .* call it as clip\(x, low, high\)"),
    ("clip", lambda: ops.clip(t(3), 0), TypeError,
     r"missing 1 required argument: 'high'; call it as clip\(x, low, high\)"),
    ("clip", lambda: ops.clip(t(3), min=0, max=1), TypeError,
     r"unexpected keyword argument 'min'; call it as clip\(x, low, high\)"),
    ("clip", lambda: ops.clip(t(3), 0, t(3)), TypeError, "high is a setting and takes no Tensor"),
    ("dropout", lambda: ops.dropout(t(3), p=1.0, rng=rng()), ValueError, "below 1, got 1.0"),
    ("dropout", lambda: ops.dropout([1.0, 2.0], p=0.5, rng=rng()), TypeError,
     r"takes Tensors or arrays, got list"),
    *[("dropout", functools.partial(ops.dropout, x, 0.5, rng(), training), TypeError,
       f"x must be floating-point, got .* {x.dtype}; convert it with .astype\\('float32'\\)")
      for x in (ints(3), ints(3) > 0) for training in (True, False)],
    ("dropout", lambda: ops.dropout(t(3), p=0.5, rng=0), TypeError,
     r"must be a numpy.random.Generator, got int 0; use np.random.default_rng\(seed\)"),
    ("dropout", lambda: ops.dropout(t(3), 0.5, None), TypeError, "got NoneType None"),
    ("dropout", lambda: ops.dropout(t(3), "0.5", rng()), TypeError, "p must be .* got str '0.5'"),
    # shape
    ("astype", lambda: t(3).astype("int64"), TypeError, r"got int64; .* x.data.astype\('int64'\)"),
    ("reshape", lambda: t(2, 3).reshape(), ValueError, r"got Tensor \(2, 3\) float32, shape=\(\)"),
    ("reshape", lambda: ops.reshape(t(2, 3), shape=(4, 2)), ValueError,
     r"\(2, 3\).*shape=\(4, 2\)"),
    ("reshape", lambda: t(2, 3).reshape(-1, -1), ValueError, r"got Tensor \(2, 3\)"),
    ("reshape", lambda: ops.reshape(), TypeError, r"'x'; call it as reshape\(x, shape\)"),
    ("reshape", lambda: ops.reshape(t(2, 3), 3, 2), TypeError,
     r"too many; call it as reshape\(x, shape\)"),
    ("broadcast_to", lambda: ops.broadcast_to(t(3), shape=(3, 2)), ValueError, "do not broadcast"),
    ("broadcast_to", lambda: ops.broadcast_to(t(3), shape=(-1, 3)), ValueError, r"shape=\(-1, 3\)"),
    ("sum_to", lambda: ops.sum_to(t(2, 3), shape=(2,)), ValueError,
     r"got Tensor \(2, 3\) float32, shape=\(2,\)"),
    ("sum_to", lambda: ops.sum_to(t(2, 3), shape=(3, 2)), ValueError,
     r"one that broadcasts to x's, got \(3, 2\) for \(2, 3\)"),
    ("transpose", lambda: ops.transpose(t(2, 3), axes=(0, 0)), ValueError,
     "each of the 2 axes once"),
    ("transpose", lambda: ops.transpose(t(2, 3), axes=(0,)), ValueError, "each of the 2 axes once"),
    ("transpose", lambda: ops.transpose(t(), axes=(0,)), ValueError, "each of the 0 axes once"),
    ("swapaxes", lambda: ops.swapaxes(t(3)), ValueError, r"out of bounds.*got Tensor \(3,\)"),
    ("squeeze", lambda: ops.squeeze(t(2, 3), axis=0), ValueError, r"not equal to one.*axis=0"),
    ("expand_dims", lambda: ops.expand_dims(t(2, 3), axis=4), ValueError,
     "axis 4 is out of bounds"),
    ("flip", lambda: ops.flip(t(2, 3), axis=2), ValueError, AXIS),
    *each("pad crop", lambda op: op(t(2, 2), width=((-1, 0), (0, 0))), ValueError,
          r"sizes >= 0 .*got \(\(-1, 0\), \(0, 0\)\)"),
    *each("pad crop",
          lambda op: op(t(), ()), ValueError, "x is a single number, and needs at least one axis"),
    ("pad", lambda: ops.pad(t(2), width=1), ValueError, r"pair \(before, after\).*got 1"),
    ("crop", lambda: ops.crop(t(2), width=((1, 2),)), ValueError, r"larger than the shape \(2,\)"),
    ("crop", lambda: ops.crop(t(3, 2), width=((1, 1), (1, 2))), ValueError, "larger"),
    ("crop", lambda: ops.crop(t(2, 2), width=((1, 0),)), ValueError, "each of the 2 axes"),
    ("getitem", lambda: t(3)[5], IndexError, r"index 5 is out of bounds.*got Tensor \(3,\)"),
    ("getitem", lambda: t(3)[0, 0], IndexError, "too many indices"),
    ("getitem", lambda: t(3)[1.0], IndexError, "only integers, slices"),
    ("getitem", lambda: t(3)[floats(2)], TypeError, r"integer array.*\(2,\) float32; use .astype"),
    ("getitem", lambda: t(3)[t(2)], TypeError, r"integer array.*got Tensor \(2,\) float32"),
    ("scatter_add", lambda: ops.scatter_add(t(3), key=ints(2), shape=(4,)), ValueError,
     "broadcast"),
    ("scatter_add", lambda: ops.scatter_add(t(2), key=floats(2), shape=(4,)), TypeError,
     "an index is"),
    ("scatter_add", lambda: ops.scatter_add(t(2), key=ints(2), shape=(-4,)), ValueError,
     "negative"),
    ("scatter_add", lambda: ops.scatter_add(t(2), key=these(4, 0), shape=(4,)), IndexError,
     "there are 4 rows, got indices from 0 to 4"),
    ("scatter_add", lambda: ops.scatter_add(t(2), key=these(3, -5), shape=(4,)), IndexError,
     "got indices from -5 to 3"),
    ("embedding", lambda: ops.embedding(floats(2), t(3, 2)), TypeError,
     r"integer array, got ndarray \(2,\) float32; use .astype"),
    ("embedding", lambda: ops.embedding(these(0, 3), t(3, 2)), ValueError,
     "from 0 to 2 for a table of 3 rows, got 0 to 3"),
    ("embedding", lambda: ops.embedding(these(-1, 2), t(3, 2)), ValueError, "got -1 to 2"),
    ("embedding", lambda: ops.embedding(ints(2), 2.0), TypeError, "takes Tensors or arrays"),
    ("embedding", lambda: ops.embedding(ints(2), t(3)), ValueError, r"\(V, C\), .* shape \(3,\)"),
    ("take_along_axis", lambda: ops.take_along_axis(t(2, 3), floats(2, 1), axis=1), TypeError,
     r"integer array, got .* float32; use .astype\('int64'\)"),
    ("take_along_axis", lambda: ops.take_along_axis(t(3), 2, axis=0), TypeError,
     "integer array, got int 2"),
    ("take_along_axis", lambda: ops.take_along_axis(t(2, 3), ints(2), axis=1), ValueError,
     r"as many axes as x, got \(2,\) for \(2, 3\)"),
    ("take_along_axis", lambda: ops.take_along_axis(t(2, 3), ints(2, 1), axis=2), ValueError,
     r"no axis 2 in shape \(2, 3\)"),
    ("concatenate", lambda: ops.concatenate([t(2, 3), t(2, 2)]), ValueError,
     r"agree in all axes but axis 0, got shapes \[\(2, 3\), \(2, 2\)\]"),
    *[("concatenate", functools.partial(ops.concatenate, xs, 1), ValueError, "all axes but axis 1")
      for xs in ([t(2), t(2)], [t(2), t(2, 3)], [t(2, 3), t(2)])],
    ("concatenate", lambda: ops.concatenate([floats(2), floats(2, dtype="float64")]), TypeError,
     r"share one dtype, got \['float32', 'float64'\]"),
    ("concatenate", lambda: ops.concatenate(t(2), t(2)), TypeError,
     r"axis is a setting .* call it as concatenate\(xs, axis=0\)"),
    ("concatenate", lambda: ops.concatenate(t(2), t(2), axis=0), TypeError,
     r"got multiple values for argument 'axis'; call it as concatenate\(xs, axis=0\)"),
    ("concatenate", lambda: ops.concatenate([t(2), [1.0]]), TypeError, "got list"),
    ("concatenate", lambda: ops.concatenate([t(2), 2.0]), TypeError, NUMBER),
    ("concatenate", lambda: ops.concatenate(2.0), TypeError, "'float' object is not iterable"),
    ("concatenate", lambda: ops.concatenate(), TypeError, "missing 1 required .* call it as"),
    ("concatenate", lambda: ops.concatenate([]), ValueError, r"got shapes \[\]"),
    ("stack", lambda: ops.stack([t(2), t(3)]), ValueError, r"same shape, got \[\(2,\), \(3,\)\]"),
    ("stack", lambda: ops.stack([]), ValueError, "one or more inputs"),
    ("stack", lambda: ops.stack([1.0, 2.0]), TypeError, "takes Tensors or arrays, got float 1.0"),
    ("stack", lambda: ops.stack(2.0), TypeError, "a list of Tensors or arrays, got float 2.0"),
    ("split", lambda: ops.split(t(4), 2, "x"), ValueError, r"no axis x in shape \(4,\)"),
    ("split", lambda: ops.split(t(4), 3), ValueError, "must divide 4, the size of axis 0; got 3"),
    ("split", lambda: ops.split(t(4), 0), ValueError, "got 0"),
    ("split", lambda: ops.split(t(4), [3, 1]), ValueError, r"ascend from 0 to 4.*got \[3, 1\]"),
    ("split", lambda: ops.split(t(4), [5]), ValueError, r"got \[5\]"),
    ("split", lambda: ops.split(t(4), [-1, 2]), ValueError, r"from 0 to 4.*got \[-1, 2\]"),
    ("split", lambda: ops.split(t(4), 0.5), TypeError, "a number of pieces or a list .* got 0.5"),
    ("split", lambda: ops.split(t(4), 2, axis=1), ValueError, r"no axis 1 in shape \(4,\)"),
    # reduce
    *each("sum mean var max min logsumexp",
          lambda op: op(t(2, 3, 4), 1, 2), TypeError,
          r"keepdims must be True or False, got 2; give several axes as a tuple"),
    ("var", lambda: t(2, 3, 4).std(1, 2), TypeError, "keepdims must be True or False"),
    *each("sum mean var max min logsumexp cumsum",
          lambda op: op(t(2, 3), axis=2), ValueError, AXIS),
    ("sum", lambda: ops.sum(t(2, 3), 2), ValueError, AXIS),
    ("min", lambda: t(2, 3).min(2), ValueError, AXIS),
    ("cumsum", lambda: t(2, 3).cumsum(2), ValueError, AXIS),
    ("sum", lambda: ops.sum(t(2, 3), 0, True, 1), TypeError, MANY),
    ("sum", lambda: ops.sum(t(2, 3), 0, axis=0), TypeError, "axis is given twice"),
    ("sum", lambda: ops.sum(t(2, 3), t(3)), TypeError, "axis is a setting and takes no Tensor"),
    ("sum", lambda: ops.sum(2.0), TypeError, NUMBER),
    ("mean", lambda: ops.mean(t(0, 3)), ValueError, r"nothing to average in shape \(0, 3\)"),
    ("var", lambda: ops.var(t(0, 3), axis=0), ValueError, "nothing to average"),
    ("max", lambda: ops.max(t(0, 3)), ValueError, r"zero-size array.*got Tensor \(0, 3\)"),
    # linear
    ("matmul", lambda: t(2, 3) @ t(2, 3), ValueError, r"must match.*got \(2, 3\) @ \(2, 3\)"),
    ("matmul", lambda: t(2, 3) @ 2.0, TypeError, NUMBER),
    ("matmul", lambda: ops.matmul(t(), t(3)), ValueError, r"got \(\) @ \(3,\)"),
    ("matmul", lambda: ops.matmul(t(3), t()), ValueError, r"got \(3,\) @ \(\)"),
    ("matmul", lambda: t(2, 2, 3) @ t(5, 3, 2), ValueError, "do not broadcast"),
    ("linear", lambda: ops.linear(t(2, 3), t(3, 4)), ValueError, r"x \(2, 3\) and w \(3, 4\)"),
    ("linear", lambda: ops.linear(t(), t(3, 2)), ValueError, r"x \(\) and w \(3, 2\)"),
    ("linear", lambda: ops.linear(t(3), t(3)), ValueError, r"x \(3,\) and w \(3,\)"),
    ("linear", lambda: ops.linear(t(2, 3), t(4, 3), t(3)), ValueError,
     r"4 outputs, got shape \(3,\)"),
    ("einsum", lambda: ops.einsum("ij,jk->ik", t(2, 3), t(2, 3)), ValueError,
     r"axis 'j' .* different sizes \[2, 3\]"),
    ("einsum", lambda: ops.einsum("ij", t(2, 3)), ValueError, "subscripts consist of letters"),
    ("einsum", lambda: ops.einsum("i->1", t(2)), ValueError, "subscripts consist of letters"),
    ("einsum", lambda: ops.einsum("->1", t()), ValueError, "subscripts consist of letters"),
    ("einsum", lambda: ops.einsum("i1->i", t(3, 2)), ValueError, "subscripts consist of letters"),
    ("einsum", lambda: ops.einsum("i->j", t(3)), ValueError, "must occur in some operand"),
    ("einsum", lambda: ops.einsum("i->i", t(2, 3)), ValueError,
     r"got shapes \[\(2, 3\)\]"),
    ("einsum", lambda: ops.einsum("ii->i", t(2, 2)), ValueError, "a letter may occur once"),
    ("einsum", lambda: ops.einsum(None, t(2)), TypeError, "subscripts must be a string"),
    ("einsum", lambda: ops.einsum(t(2), t(2)), TypeError, "subscripts is a setting"),
    ("einsum", lambda: ops.einsum(t(2), subscripts="i->"), TypeError,
     r"multiple values .* call it as einsum\(subscripts, \*operands\)"),
    # conv
    ("conv1d", lambda: ops.conv1d(t(3, 8), t(4, 3, 2)), ValueError,
     r"x \(3, 8\) and w \(4, 3, 2\)"),
    ("conv1d", lambda: ops.conv1d(2.0, t(4, 3, 2)), TypeError, "takes Tensors or arrays"),
    ("conv1d", lambda: ops.conv1d(t(1, 3, 2), t(4, 3, 3)), ValueError,
     r"kernel must fit .* spans \(3,\) on an input of \(2,\) with padding \(0,\)"),
    ("conv1d", lambda: ops.conv1d(t(1, 2, 8), t(4, 3, 3)), ValueError,
     r"3 input channels .* got x \(1, 2, 8\)"),
    ("conv1d", lambda: ops.conv1d(t(1, 3, 8), t(4, 3, 3), t(3)), ValueError, "the 4 outputs"),
    ("conv1d", lambda: ops.conv1d(t(1, 3, 8), t(4, 3, 3), stride=0), ValueError, "stride must be"),
    ("conv1d", lambda: ops.conv1d(t(1, 3, 8), t(4, 3, 3), 1.0), TypeError, "takes Tensors or arr"),
    ("conv1d", lambda: ops.conv1d(t(1, 3, 8), t(4, 3, 3), groups=None), ValueError, "groups must"),
    ("leaky_relu", lambda: ops.leaky_relu(t(3), slope=1.5), ValueError, "from 0 to 1, got 1.5"),
    ("leaky_relu", lambda: ops.leaky_relu(t(3), "1"), TypeError, "from 0 to 1, got '1'"),
    ("conv2d", lambda: ops.conv2d(t(3, 8, 8), t(4, 3, 3, 3)), ValueError,
     r"x \(3, 8, 8\).*x\[None\]"),
    ("conv2d", lambda: ops.conv2d(t(1, 2, 8, 8), t(4, 3, 3, 3)), ValueError,
     "3 input channels.* got"),
    ("conv2d", lambda: ops.conv2d(t(1, 3, 2, 8), t(4, 3, 3, 3)), ValueError,
     r"spans \(3, 3\) on an input of \(2, 8\).*smaller kernel or more padding"),
    ("conv2d", lambda: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), t(3)), ValueError, "the 4 outputs"),
    ("conv2d", lambda: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), stride=(1, 0)), ValueError,
     r"stride must be .* of at least 1; got \(1, 0\)"),
    ("conv2d", lambda: ops.conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), padding=-1), ValueError,
     "padding must be .* of at least 0; got -1"),
    ("conv2d", lambda: ops.conv2d(t(1, 9, 8, 8), t(4, 3, 3, 3), groups=3), ValueError,
     "groups=3 needs 9 input channels and groups that divide 4"),
    ("conv_transpose2d", lambda: ops.conv_transpose2d(t(1, 4, 4, 4), t(4, 1, 3, 3), groups=0),
     ValueError, "groups=0 needs 4 input channels and groups that divide 4"),
    *each("conv2d conv_transpose2d", lambda op: op(t(1, 3, 0, 8), t(3, 3, 3, 3)), ValueError,
          r"only the first two axes of x and w may be empty, got x \(1, 3, 0, 8\)"),
    ("conv1d", lambda: ops.conv1d(t(1, 3, 8), t(4, 3, 0)), ValueError, r"and w \(4, 3, 0\)"),
    ("conv_transpose2d", lambda: ops.conv_transpose2d(t(1, 2, 4, 4), t(3, 2, 3, 3)), ValueError,
     r"needs 3 input channels.* got x \(1, 2, 4, 4\)"),
    ("conv_transpose2d", lambda: ops.conv_transpose2d(
        t(1, 2, 4, 4), t(2, 2, 3, 3), output_padding=(0, 1)),
     ValueError, r"at least \(6, 6\) and larger by less than the stride .* got \(6, 7\)"),
    ("conv_transpose2d", lambda: ops.conv_transpose2d(
        t(1, 2, 4, 4), t(2, 2, 3, 3), output_padding=-1),
     ValueError, "output_padding must be .* of at least 0; got -1"),
    ("conv_transpose2d", lambda: ops.conv_transpose2d(t(1, 2, 4, 4), t(2, 2, 3, 3), output_size=5),
     ValueError, r"at least \(6, 6\).*got \(5, 5\)"),
    ("conv_transpose2d", lambda: ops.conv_transpose2d(t(1, 2, 4, 4), t(2, 2, 3, 3), output_size=0),
     ValueError, "output_size must be .* of at least 1; got 0"),
    ("conv_transpose2d", lambda: ops.conv_transpose2d(t(1, 2, 1, 1), t(2, 2, 2, 2), padding=1),
     ValueError, r"at least \(0, 0\).*got \(0, 0\)"),
    ("conv2d_weight", lambda: ops.conv2d_weight(t(1, 2, 4, 4), t(2, 2, 2, 2), kernel_size=3),
     ValueError, r"got \(1, 2, 4, 4\), \(2, 2, 2, 2\)"),
    *[("conv2d_weight", functools.partial(ops.conv2d_weight, t(*x), t(*y), kernel_size=3,
                                          groups=groups), ValueError, "groups must divide C and O")
      for x, y, groups in [((1, 4, 4), (1, 2, 2, 2), 1), ((1, 2, 4, 4), (1, 2, 2), 1),
                           ((1, 2, 4, 4), (1, 2, 2, 2), 0), ((1, 3, 4, 4), (1, 2, 2, 2), 2),
                           ((1, 2, 4, 4), (1, 3, 2, 2), 2)]],
    ("conv2d_weight", lambda: ops.conv2d_weight(t(1, 2, 4, 4), t(1, 2, 2, 2), kernel_size=2),
     ValueError, r"a kernel of \(2, 2\) with these settings does not lead"),
    ("conv2d_weight", lambda: ops.conv2d_weight(t(1, 2, 4, 4), t(1, 2, 2, 2), kernel_size=0),
     ValueError, "kernel_size must be .* of at least 1; got 0"),
    # pool
    *each("max_pool2d avg_pool2d",
          lambda op: op(t(1, 1, 4, 4), 5), ValueError,
          r"spans \(5, 5\) on an input of \(4, 4\).*smaller kernel or more padding"),
    *each("max_pool2d avg_pool2d", lambda op: op(t(1, 1, 0, 4), 2, padding=1), ValueError,
          r"an image needs at least one pixel, got one of \(0, 4\)"),
    *each("max_pool2d avg_pool2d upsample_nearest2d",
          lambda op: op(t(1, 4, 4), 2), ValueError, r"got shape .*x\[None\]"),
    ("max_pool2d", lambda: ops.max_pool2d(t(1, 1, 4, 4), 0), ValueError, "at least 1; got 0"),
    *each("max_pool2d avg_pool2d", lambda op: op(t(1, 1, 4, 4), 2, padding=-1), ValueError,
          "padding must be .* of at least 0; got -1"),
    ("max_unpool2d", lambda: ops.max_unpool2d(t(1, 1, 2, 2), ints(1, 1, 2, 2), 2, padding=-1),
     ValueError, "padding must be .* of at least 0; got -1"),
    ("max_pool2d", lambda: ops.max_pool2d(t(1, 1, 4, 4), 2, 2, 0, "no"), TypeError, "return_indic"),
    ("max_pool2d", lambda: ops.max_pool2d(t(1, 1, 4, 4), 2, padding=(2, 0)), ValueError,
     "half the kernel"),
    ("avg_pool2d", lambda: ops.avg_pool2d(2.0, 2), TypeError, "takes Tensors or arrays, got float"),
    ("upsample_nearest2d", lambda: ops.upsample_nearest2d(t(1, 1, 4, 4), 0), ValueError,
     "scale must be"),
    ("upsample_nearest2d", lambda: ops.upsample_nearest2d(t(1, 1, 0, 4), 2), ValueError,
     r"an image needs at least one pixel, got one of \(0, 4\)"),
    ("max_unpool2d", lambda: ops.max_unpool2d(t(1, 1, 2, 2), ints(1, 1, 2, 2, value=16), 2),
     ValueError, "positions in 4·4 pixels, got 16 to 16; set output_size"),
    ("max_unpool2d", lambda: ops.max_unpool2d(t(1, 1, 2, 2), floats(1, 1, 2, 2), 2), TypeError,
     "indices must be integers.*got .* float32; max_pool2d returns them"),
    ("max_unpool2d", lambda: ops.max_unpool2d(t(1, 1, 2, 2), ints(1, 1, 2, 3), 2), TypeError,
     r"got \(1, 1, 2, 3\) int64"),
    ("gather_pixels", lambda: ops.gather_pixels(t(1, 1, 2, 2), these([[[0, 4]]])),
     ValueError, "positions in 2·2 pixels, got 0 to 4"),
    ("scatter_pixels", lambda: ops.scatter_pixels(t(1, 1, 1, 2), these([[[-1, 3]]]), size=(2, 2)),
     ValueError, "got -1 to 3"),
    ("sum_pool2d", lambda: ops.sum_pool2d(
        t(1, 1, 2, 2), kernel=(3, 3), stride=(1, 1), padding=(0, 0)),
     ValueError, "kernel must fit"),
    ("sum_pool2d", lambda: ops.sum_pool2d(
        t(1, 4, 4), kernel=(2, 2), stride=(2, 2), padding=(0, 0)),
     ValueError, r"got shape \(1, 4, 4\); a single image needs x\[None\]"),
    ("spread2d", lambda: ops.spread2d(t(1, 1, 2, 2), kernel=(2, 2), stride=(2, 2), padding=(0, 0),
                                      size=(3, 3)), ValueError, "a number for each window"),
    # norm
    *each("layer_norm batch_norm",
          lambda op: op(t(2, 3), eps=-1e-5), ValueError,
          "eps, which is added to the variance, must be finite and at least 0, got -1e-05"),
    ("group_norm", lambda: ops.group_norm(t(2, 4), groups=2, eps=float("nan")), ValueError,
     "eps, .* got nan"),
    ("standardize", lambda: ops.standardize(t(2, 3), t(3), t(3), eps=-2.0), ValueError,
     "eps, .* got -2.0"),
    ("standardize", lambda: ops.standardize(t(2, 3), t(3), None), TypeError, "got NoneType"),
    ("standardize", lambda: ops.standardize(these([2.0, 3.0]), these(0.0, 0.0), these(1.0, -1.0)),
     ValueError, "a variance must be at least 0, got -1.0; pass .* not its logarithm"),
    *each("softmax log_softmax",
          lambda op: op(t(2, 3), axis=2), ValueError, AXIS),
    *each("softmax log_softmax layer_norm",
          lambda op: op(t()), ValueError, "x is a single number"),
    ("softmax", lambda: ops.softmax(t(2, 3), 1, 2), TypeError, MANY),
    ("layer_norm", lambda: ops.layer_norm(t(2, 3), t(2)), ValueError,
     r"3 features, got shape \(2,\)"),
    ("layer_norm", lambda: ops.layer_norm(t(2, 3), t(3), t(1, 3)), ValueError,
     "b needs one number"),
    ("standardize", lambda: ops.standardize(t(2, 3), t(2), t(3)), ValueError,
     r"got x \(2, 3\) and"),
    ("standardize", lambda: ops.standardize(t(3), t(), t()), ValueError, r"got x \(3,\) and"),
    ("batch_norm", lambda: ops.batch_norm(t(2, 3, 4), t(4)), ValueError,
     "one number for each of the 3"),
    ("batch_norm", lambda: ops.batch_norm(t(1, 3)), ValueError, "a single number has no variance"),
    *[("batch_norm", functools.partial(ops.batch_norm, t(*shape)), ValueError,
       "up to three more axes") for shape in [(3,), (2, 3, 1, 1, 1, 1)]],
    ("group_norm", lambda: ops.group_norm(t(2, 4), groups=3), ValueError,
     "divide the 4 channels, got 3"),
    ("group_norm", lambda: ops.group_norm(t(2, 4), groups=0), ValueError, "got 0"),
    ("group_norm", lambda: ops.group_norm(t(2, 4), groups=4), ValueError, "has no variance"),
    ("group_norm", lambda: ops.group_norm(t(2, 4, 1), groups=4), ValueError, "has no variance"),
    # loss
    *each("mse l1 bce_with_logits",
          lambda op: op(t(2, 1), t(2)), ValueError, r"same shape, got \(2, 1\) and \(2,\)"),
    *each("mse l1 bce_with_logits",
          lambda op: op(t(2), t(2), reduction="max"), ValueError,
     "'mean', 'sum' or 'none', got 'max'"),
    *each("mse l1 bce_with_logits",
          lambda op: op(t(2), ints(2)), TypeError, "same dtype, got float32 and int64"),
    ("bce_with_logits", lambda: ops.bce_with_logits(t(3), 255 * t(3)), ValueError,
     "probabilities from 0 to 1, got 255 to 255; divide pixels .* by 255"),
    *[("bce_with_logits", functools.partial(ops.bce_with_logits, these(0.0, 0.0), these(low, high)),
       ValueError, f"from 0 to 1, got {low} to {high}") for low, high in [(-0.5, 0.5), (0.5, 1.5)]],
    ("bce_with_logits", lambda: ops.bce_with_logits(t(3), floats(3) * np.float32("nan")),
     ValueError, "from 0 to 1, got nan to nan"),
    ("mse", lambda: ops.mse(t(0), t(0)), ValueError, "an empty batch has no loss"),
    ("cross_entropy", lambda: ops.cross_entropy(t(2, 3), these(0, 3)), ValueError,
     "from 0 to 2 for 3 classes, got 0 to 3"),
    ("cross_entropy", lambda: ops.cross_entropy(t(2, 3), these(-1, 2)), ValueError,
     "got -1 to 2"),
    ("cross_entropy", lambda: ops.cross_entropy(t(), ints()), ValueError,
     r"logits \(..., C\) need labels \(...\), got \(\) and \(\)"),
    ("cross_entropy", lambda: ops.cross_entropy(t(2, 3), ints(3)), ValueError,
     r"\(2, 3\) and \(3,\)"),
    ("cross_entropy", lambda: ops.cross_entropy(t(2, 3), ints(2, 3)), ValueError,
     r"got \(2, 3\) and \(2, 3\); for one-hot rows use .argmax\(-1\)"),
    ("cross_entropy", lambda: ops.cross_entropy(t(2, 3), floats(2)), TypeError,
     "integer array of classes, got float32; use .astype"),
    ("cross_entropy", lambda: ops.cross_entropy(t(0, 3), ints(0)), ValueError, "empty batch"),
    # divergence
    *each("kl_standard_normal kl_categorical",
          lambda op: op(t(2, 3), t(3)), ValueError,
          r"and .* same shape, got \(2, 3\), \(3,\); .*use tg.broadcast_to"),
    *each("kl_standard_normal kl_categorical",
          lambda op: op(t(2, 3), t(2, 3), axis=2), ValueError, "axis 2 is out of bounds"),
    ("kl_standard_normal", lambda: ops.kl_standard_normal(t(2), 0.0), ValueError,
     r"mean and logvar must have the same shape, got \(2,\), 0.0"),
    ("kl_standard_normal", lambda: ops.kl_standard_normal(0.5, 0.5), ValueError,
     "must have the same shape, got 0.5, 0.5"),
    ("kl_standard_normal", lambda: ops.kl_standard_normal(t(), t()), ValueError, r"use axis=\(\)"),
    ("kl_normal", lambda: ops.kl_normal(t(2, 3), t(2, 3), t(3), t(3)), ValueError,
     r"got \(2, 3\), \(2, 3\), \(3,\), \(3,\); a divergence does not broadcast"),
    *[("kl_categorical", functools.partial(ops.kl_categorical, these(*p), these(*q)), ValueError,
       "at least 0, got -0.5; turn scores into .* with softmax")
      for p, q in [((0.5, 0.5), (-0.5, 1.5)), ((-0.5, 1.5), (0.5, 0.5))]],
    # attention
    ("attention", lambda: ops.attention(t(2, 3), t(4, 2), t(4, 3)), ValueError,
     r"v \(..., S, e\) need the same leading axes; got \(2, 3\), \(4, 2\), \(4, 3\)"),
    ("attention", lambda: ops.attention(t(4, 3), t(0, 3), t(0, 3)), ValueError,
     r"needs at least one key.* got keys \(0, 3\)"),
    ("attention", lambda: ops.attention(t(4, 0), t(4, 0), t(4, 3)), ValueError,
     r"of at least one number; got keys \(4, 0\)"),
    ("attention", lambda: ops.attention(t(4, 3), t(2, 3), t(2, 3), causal=True), ValueError,
     "the 4 queries are the last of .* there are only 2 keys"),
    ("attention", lambda: ops.attention(t(4, 3), t(4, 3), t(4, 3), mask=floats(4, 4)), TypeError,
     "the mask must be a boolean array, .* got float32"),
    ("attention", lambda: ops.attention(t(4, 3), t(4, 3), t(4, 3), mask=floats(2, 4) > 0),
     ValueError, r"must broadcast to \(..., T, S\), here \(4, 4\); got \(2, 4\)"),
    ("attention", lambda: ops.attention(t(4, 3), t(4, 3), t(4, 3), mask=floats(1, 4, 4) > 0),
     ValueError, r"must broadcast to \(..., T, S\), here \(4, 4\); got \(1, 4, 4\)"),
    ("attention", lambda: ops.attention(t(2, 3), t(2, 3), t(2, 3), mask=these([True], [False])),
     ValueError, "may attend to no key at all.* its own position"),
    ("attention", lambda: ops.attention(t(4, 3), t(4, 3), t(4, 3), dropout=1.0), ValueError,
     "dropout must be at least 0 and below 1, got 1.0"),
    ("attention", lambda: ops.attention(t(4, 3), t(4, 3), t(4, 3), causal="no"), TypeError,
     "causal must be True or False, got 'no'"),
    ("attention", lambda: ops.attention(t(1, 3), t(3), t(3)), ValueError,
     r"need the same leading axes; got \(1, 3\), \(3,\), \(3,\)"),
    ("attention", lambda: ops.attention(t(2, 3), t(2, 3), t(2)), ValueError,
     r"got \(2, 3\), \(2, 3\), \(2,\)"),
    ("attention", lambda: ops.attention(t(4, 3), t(4, 3), t(5, 3)), ValueError,
     r"got \(4, 3\), \(4, 3\), \(5, 3\)"),
    ("attention", lambda: ops.attention(t(2, 2, 3), t(1, 2, 3), t(1, 2, 3)), ValueError,
     r"need the same leading axes; got \(2, 2, 3\), \(1, 2, 3\)"),
    # Tensor
    ("Tensor", lambda: tg.Tensor(3), TypeError,
     "must be floating-point, got int64.*write 2.0 for 2"),
    ("Tensor", lambda: tg.Tensor([1, 2]), TypeError, "must be floating-point, got int64"),
    ("Tensor", lambda: tg.Tensor(ints(3)), TypeError, r"got int64 .*astype\('float32'\)"),
    ("Tensor", lambda: tg.Tensor(t(3) > 0), TypeError, "got bool"),
    ("Tensor", lambda: tg.Tensor(t(3)), TypeError, "is a Tensor already.*detach"),
    ("Tensor", lambda: tg.Tensor([[1.0], [1.0, 2.0]]), ValueError, "equal lengths at each level"),
    ("Tensor", lambda: len(t()), TypeError, "a single number has no length"),
    ("Tensor", lambda: list(t()), TypeError, "no rows to go through; use x.item"),
    ("item", lambda: t(3).item(), ValueError, r"needs a Tensor with one element.*shape \(3,\)"),
    ("item", lambda: float(t(3)), ValueError, r"needs a Tensor with one element.*shape \(3,\)"),
    ("item", lambda: bool(t(3)), ValueError, r"needs a Tensor with one element.*shape \(3,\)"),
    ("item", lambda: f"{t(3):.3f}", ValueError, r"needs a Tensor with one element.*shape \(3,\)"),
    ("Tensor", lambda: tg.Tensor(None), TypeError, "must be floating-point, got object .*None"),
    ("Tensor", lambda: copy.deepcopy(t(3) * 2), TypeError,
     "only a Tensor made .* computed; take x.detach"),
    ("linear", lambda: ops.linear(t(2, 3), t(4, 3), b=t(4)), TypeError,
     r"inputs are given by position, .* got b by keyword; call it as linear\(x, w, b=None\)"),
    ("argmax", lambda: t(2, 3).argmax(2), ValueError, r"an axis of shape \(2, 3\) .* got axis=2"),
    ("argmax", lambda: t(0).argmax(), ValueError, "at least one element"),
    # backward and grad
    ("backward", lambda: (t(3) * 2).backward(), ValueError,
     r"shape \(3,\); reduce it.*cotangent g"),
    ("backward", lambda: t(3).detach().sum().backward(), ValueError, "no graph to walk"),
    ("backward", lambda: (t(3) * 2).backward(floats(2)), ValueError,
     r"shape and dtype of .*got .*\(2,\)"),
    ("backward", lambda: (t(3) * 2).backward(floats(3, dtype="float64")), ValueError,
     "got .* float64"),
    ("backward", lambda: (t(3) * 2).backward(1.0), ValueError,
     "the cotangent must have .* got float"),
    ("grad", lambda: tg.grad(t(3) * 2, t(3)), ValueError, r"this one has shape \(3,\)"),
    ("grad", lambda: tg.grad(t(3).sum(), t(3).detach()), ValueError, "Tensors that require grad"),
    ("grad", lambda: tg.grad(t(3).sum(), floats(3)), ValueError, "Tensors that require grad"),
    ("grad", lambda: tg.grad(t(3).sum(), 5), ValueError, "Tensors that require grad, got int 5"),
    ("grad", lambda: tg.grad(t(3).sum(), floats()), ValueError, r"require grad, got ndarray \(\)"),
    ("grad", lambda: tg.grad(t(3).sum(), []), ValueError, "the list .* is empty"),
    ("backward", lambda: t(3).sum().backward(inputs=5), ValueError, "got int 5"),
    ("grad", lambda: tg.grad(floats(1), t(3)), ValueError, "no graph to walk"),
    ("grad", lambda: tg.grad(tg.grad((x := t(3)).sum(), x).sum(), x), ValueError,
     "or it is a gradient taken without create_graph=True"),
    ("where_positive", lambda: ops.elementwise.where_positive(t(3), t(3), slope=0).sum()
     .backward(), ValueError, r"there is no gradient for input 1, Tensor \(3,\) float32; pass an"),
    # the backend
    ("use_backend", lambda: tg.use_backend("jax"), ValueError,
     "one of numpy, cupy, or a module .* got 'jax'"),
    ("use_backend", lambda: tg.use_backend(int), TypeError, "got <class 'int'>"),
    ("set_threads", lambda: tg.set_threads(0), ValueError, "whole number of at least 1, got 0"),
    ("set_threads", lambda: tg.set_threads("2"), ValueError, "at least 1, got '2'"),
]


@pytest.mark.parametrize("name, mistake, kind, message", ROWS,
                         ids=[f"{row[0]}-{i}" for i, row in enumerate(ROWS)])
def test_mistakes(name, mistake, kind, message):
    assert_refused(name, mistake, kind, message)


# ---- mistakes that take more than an expression ----

def test_assignment_into_a_tensor():
    x = t(3)
    with pytest.raises(TypeError, match="take no assignment. Build a new one with tg.where"):
        x[0] = 1.0
    with pytest.raises(AttributeError):
        x.colour = "red"


@pytest.mark.parametrize("name, arguments", [
    ("exp", (t(2),)), ("sum", (t(2),)), ("concatenate", ([t(2), t(2)],)), ("maximum", (t(2), 0.0)),
    ("maximum", (0.0, t(2)))])
def test_numpys_functions_on_tensors(name, arguments):
    refusal = rf"numpy.{name} does not know Tensors; call tinygen.{name}"
    with pytest.raises(TypeError, match=refusal):
        getattr(np, name)(*arguments)


def test_of_numpys_ufuncs_only_array_and_tensor_become_an_operator():
    array, x = np.ones(2, "float32"), t(2)
    for call in (lambda: np.add(x, array), lambda: np.add.outer(array, x),
                 lambda: np.add(array, x, dtype="float64")):
        with pytest.raises(TypeError, match="numpy.add does not know Tensors"):
            call()


def test_a_tensor_does_not_become_an_array_by_itself():
    for convert in (np.asarray, np.array):
        with pytest.raises(TypeError, match=r"ask for x.numpy\(\), or for x.data"):
            convert(t(3))


def test_an_array_in_place_with_a_tensor():
    """array += tensor would lose the history."""
    array = np.ones(3, "float32")
    with pytest.raises(TypeError, match="in place with a Tensor, .* use x.data for its values"):
        array += t(3)


def test_a_tensor_in_place_of_an_array():
    x = t(3)
    x.data = x.data - t(3)
    with pytest.raises(TypeError, match="^mul: the rule met a Tensor where it needs a plain array"):
        x * 2
    for call in (lambda: ops.cumsum(t(3), axis=t(3)), lambda: ops.cumsum(t(3), t(3))):
        with pytest.raises(TypeError, match="^cumsum: axis is a setting and takes no Tensor"):
            call()


def test_a_second_backward():
    y = t(3).sum()
    y.backward()
    with pytest.raises(ValueError, match="^backward: this graph was freed .* retain_graph=True"):
        y.backward()


def test_arrays_of_another_library():
    foreign = (standin if backend_name() == "numpy" else np).ones(3, "float32")
    message = (rf"arrays of the backend in use \({backend_name()}\), got ndarray \(3,\) float32 of "
               r"[\w.]+; convert it")
    for call in (lambda: t(3) + foreign, lambda: foreign * t(3), lambda: ops.exp(foreign),
                 lambda: ops.mse(t(3), foreign)):
        with pytest.raises(TypeError, match=message):
            call()
    with pytest.raises(ValueError, match="backward: the cotangent must have"):
        (t(3) * 2).backward(foreign)


@pytest.mark.parametrize("half", [memoryview(b"abc"), np.finfo("float32")])
def test_a_shape_or_a_dtype_alone_makes_no_array(half):
    layer = nn.MultiHeadAttention(6, 2, rng=rng())
    with pytest.raises(TypeError, match=f"^MultiHeadAttention: .*got {type(half).__name__} "):
        layer(half)


def test_a_kind_of_array_is_an_array():
    """Of NumPy's there are others, such as memmap; a Tensor takes them, and so do ops."""
    class Kind(np.ndarray):
        pass

    use_backend_before = xp._module
    use_backend("numpy")
    try:
        numbers = np.arange(3.0).view(Kind)
        assert (tg.exp(numbers) == np.exp(np.arange(3.0))).all()
        assert (tg.Tensor(np.ones(3)) * numbers).numpy().tolist() == [0, 1, 2]
    finally:
        use_backend(use_backend_before)


def test_a_boolean_array_is_a_mask():
    x = t(2)
    mask = xp.asarray(np.array([True, False]))
    (gx,) = tg.grad((x * mask).sum(), [x])
    assert gx.numpy().tolist() == [1, 0]


@pytest.mark.parametrize("name, shapes, settings", [
    ("matmul", [(2, 3), (3, 4)], {}), ("linear", [(2, 3), (4, 3), (4,)], {}),
    ("attention", [(1, 2, 3), (1, 4, 3), (1, 4, 5)], {}),
    ("conv2d", [(1, 2, 5, 5), (3, 2, 2, 2), (3,)], {}),
    ("conv_transpose2d", [(1, 2, 5, 5), (2, 3, 2, 2), (3,)], {}),
    ("conv2d_weight", [(1, 2, 5, 5), (1, 3, 4, 4)], {"kernel_size": 2}),
    ("layer_norm", [(2, 3), (3,), (3,)], {}), ("batch_norm", [(4, 3), (3,), (3,)], {}),
    ("group_norm", [(2, 4), (4,), (4,)], {"groups": 2}),
    ("standardize", [(4, 3), (3,), (3,), (3,), (3,)], {}),
])
def test_mixed_dtypes_are_told_in_the_order_of_the_arguments(name, shapes, settings):
    for other in range(len(shapes)):
        arrays = [floats(*shape, dtype="float64" if i == other else "float32")
                  for i, shape in enumerate(shapes)]
        with pytest.raises(TypeError) as caught:
            getattr(ops, name)(*arrays, **settings)
        assert f"got {', '.join(map(describe, arrays))};" in str(caught.value)


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int8", "int16", "float16", "int64", "float64"])
def test_what_enters_a_layer_has_its_dtype(dtype):
    """NumPy would take small integers beside float32 without a word: a forgotten / 255."""
    x = floats(2, 4, 4, 4, dtype=dtype)
    layers = [nn.Linear(4, 2, rng=rng()), nn.Conv2d(4, 2, 3, rng=rng()),
              nn.ConvTranspose2d(4, 2, 3, rng=rng()), nn.LayerNorm(4), nn.BatchNorm2d(4),
              nn.BatchNorm2d(4).eval(), nn.GroupNorm(2, 4)]
    calls = [*(functools.partial(layer, x) for layer in layers),
             lambda: nn.Conv1d(4, 2, 3, rng=rng())(x[0]), lambda: x @ t(4, 4),
             lambda: tg.einsum("nchw,wk->nchk", x, t(4, 2)),
             lambda: tg.attention(t(2, 4, 4, 4), x, x),
             lambda: tg.conv2d_weight(x, t(2, 1, 3, 3), kernel_size=2)]
    for call in calls:
        with pytest.raises(TypeError, match=rf"must share one floating dtype, got .*{dtype}"):
            call()


def test_a_missing_backend():
    if backend_name() == "cupy":
        pytest.skip("it is there")
    with pytest.raises(ImportError, match=r"use_backend: cupy cannot be used here .*pip install"):
        use_backend("cupy")
    assert (t(3) + 1).shape == (3,)  # the one in use stays


@pytest.mark.parametrize("library", [None, 3])
def test_what_is_no_backend(library):
    with pytest.raises(TypeError, match="use_backend: the backend is one of numpy, cupy, or a mod"):
        use_backend(library)
    assert (t(3) + 1).shape == (3,)  # the one in use stays


def test_descriptions_are_short():
    assert describe(t(2, 3)) == "Tensor (2, 3) float32"
    assert "\n" not in describe([t(2, 3)])
    assert describe("x" * 100) == "str 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ..."

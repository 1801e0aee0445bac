"""trace: which ops ran, in which module, on what, and the gradient that reached each."""
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

import tinygen as tg
from models import gan, gpt, vae
from tinygen import nn
from tinygen.backend import to_numpy, xp
from tinygen.check.gradients import draw
from tinygen.study import trace
from tinygen.study.boxes import MOST, boxes
from tinygen.study.graph import given_text, innermost


class Doubled(nn.Module):
    """Calls one layer twice, and an op of its own."""

    def __init__(self, rng):
        self.layer = nn.Sequential(nn.Linear(3, 3, rng=rng), nn.Tanh())

    def forward(self, x):
        h = self.layer(x)
        return h * self.layer(h)


def small_gpt(rng, n_layer=1):
    model = gpt.GPT(gpt.Config(7, block_size=4, n_layer=n_layer, n_head=2, n_embd=4), rng=rng)
    ids = xp.asarray(rng.integers(0, 7, (2, 4)))
    return model, lambda: gpt.loss(model, ids, ids)


def test_a_call_ends_with_what_is_born_last_in_it():
    calls = [SimpleNamespace(start=0, end=5), SimpleNamespace(start=1, end=3)]
    assert innermost(calls, range(7)) == [None, 0, 1, 1, 0, 0, None]


def test_each_op_knows_its_module_its_inputs_and_its_settings(rng):
    model, x = Doubled(rng), xp.asarray(rng.random((2, 3), "float32"))
    graph = trace(lambda: model(x).sum(axis=1).mean())
    found = [(node.op, node.module, node.shape, [(i.node, i.name) for i in node.inputs],
              node.settings) for node in graph.nodes]
    w, b = (None, "layer.0.weight"), (None, "layer.0.bias")
    assert found == [
        ("linear", "layer.0", (2, 3), [(None, "float32"), w, b], ""),
        ("tanh", "layer.1", (2, 3), [(0, "")], ""),
        ("linear", "layer.0", (2, 3), [(1, ""), w, b], ""),
        ("tanh", "layer.1", (2, 3), [(2, "")], ""),
        ("mul", "Doubled", (2, 3), [(1, ""), (3, "")], ""),
        ("sum", "", (2,), [(4, "")], "axis=1"),
        ("mean", "", (), [(5, "")], "")]
    first, second = (graph.calls[graph.nodes[number].call] for number in (0, 2))
    assert first.path == second.path == "layer.0" and first.parent != second.parent


@pytest.mark.parametrize("key, text", [
    (slice(1, None), "key=1:"), (slice(None, 3, 2), "key=:3:2"), ((0, slice(1, 2)), "key=(0, 1:2)"),
    ((2,), "key=(2,)"), ((..., 0), "key=(..., 0)"),
    (xp.asarray([4, 0, 1, 2, 3, 5]), "key=[4, 0, 1, 2, 3, 5]"),
    (xp.zeros(7, "int64"), "key=int64 (7,)")])
def test_settings_are_written_as_code_and_long_arrays_by_their_shape(key, text, rng):
    x = tg.Tensor(rng.random((9, 9)))
    assert trace(lambda: tg.getitem(x, key).sum()).nodes[0].settings == text


def test_a_gpt_of_one_block_has_23_ops_and_28_with_attention_unfused(rng):
    model, loss = small_gpt(rng)
    assert len(trace(loss, model).nodes) == 23
    with tg.ops.attention.unfused():
        unfused = trace(loss, model).nodes
    assert len(unfused) == 28
    assert {node.module for node in unfused if node.op == "softmax"} == {"blocks.0.attention"}


def test_gradients_are_those_of_the_outputs(rng):
    w = tg.Tensor(xp.asarray(rng.standard_normal((3, 3))))
    graph = trace(lambda: (tg.tanh(w) @ w).sum())
    h = tg.Tensor(np.tanh(to_numpy(w)))
    expected = np.linalg.norm(to_numpy(tg.grad((h @ w).sum(), h)))
    assert graph.nodes[0].gradient == pytest.approx(expected)
    assert [node.gradient for node in graph.nodes[1:]] == pytest.approx([3, 1])


def test_a_result_of_many_numbers_gets_a_random_cotangent(rng):
    """With ones nothing comes back through a softmax."""
    x = tg.Tensor(xp.asarray(rng.standard_normal((2, 3))))
    graph = trace(lambda: tg.softmax(x * 2))
    g = xp.asarray(draw(np.random.default_rng(0), (2, 3)))  # always the same
    expected, = tg.grad(tg.softmax(x * 2), [x], g)
    assert graph.nodes[0].gradient == pytest.approx(np.linalg.norm(to_numpy(expected)) / 2)
    assert graph.nodes[0].gradient > 0.01


def test_a_setting_that_has_its_default_is_not_written(rng):
    x = tg.Tensor(rng.random((2, 2)))
    for axis, text in ((0, ""), (1, "axis=1")):
        assert trace(lambda axis=axis: tg.concatenate([x, x], axis)).nodes[0].settings == text
    for alpha, text in ((1, ""), (1.0, ""), (2, "alpha=2")):
        assert trace(lambda alpha=alpha: tg.elu(x, alpha)).nodes[0].settings == text


def test_a_text_is_quoted_and_a_dtype_is_not(rng):
    x = tg.Tensor(rng.random((2, 2)))
    einsum, astype = trace(lambda: tg.einsum("ij->i", x).astype(np.dtype("float32"))).nodes
    assert (einsum.settings, astype.settings) == ("subscripts='ij->i'", "dtype=float32")


def test_an_input_left_out_is_not_written(rng):
    x, b = (tg.Tensor(rng.random(3)) for _ in range(2))
    node, _ = trace(lambda: tg.layer_norm(x, None, b).sum()).nodes
    assert given_text(node) == given_text(node, nodes=False) == "leaf 0 (3,), leaf 1 (3,)"


def test_a_tiny_gradient_is_not_zero():
    x = tg.Tensor([1.0])
    graph = trace(lambda: (x + 1) * 1e-30)
    assert graph.nodes[0].gradient == pytest.approx(1e-30)


def test_the_graph_and_grad_stay_as_they_are(rng):
    model, loss = small_gpt(rng)
    kept = []
    trace(lambda: kept.append(loss()) or kept[0], model)
    assert model.head.weight.grad is None
    kept[0].backward()
    assert model.head.weight.grad is not None


def test_two_models_go_by_their_types(rng):
    config = gan.Config(latent_size=2, shape=(2,))
    generator, discriminator = (make(config, (4,), rng=rng)
                                for make in (gan.MLPGenerator, gan.MLPDiscriminator))
    z = xp.asarray(rng.random((3, 2), "float32"))
    nodes = trace(lambda: discriminator(generator(z)).mean()).nodes
    assert nodes[0].module == "MLPGenerator.layers.0"
    assert nodes[0].inputs[1].name == "MLPGenerator.layers.0.weight"
    named = trace(lambda: discriminator(generator(z)).mean(), discriminator).nodes
    assert named[-2].module == "MLPDiscriminator" and named[0].inputs[1].name == "leaf 0"


def test_what_another_thread_calls_is_not_watched(rng):
    model, other, x = nn.Tanh(), nn.ReLU(), xp.ones((2, 2), "float32")

    def compute():
        thread = threading.Thread(target=other, args=(x,))
        thread.start()
        thread.join()
        return model(tg.Tensor(x))
    assert [call.kind for call in trace(compute).calls] == ["Tanh"]
    assert nn.Module.__call__.__name__ == "__call__"


def test_the_table_has_a_row_for_each_op(rng):
    model, loss = small_gpt(rng)
    lines = str(trace(loss, model)).splitlines()
    assert len(lines) == 25 and lines[-1] == "23 ops in 13 calls of modules"
    assert lines[0].split()[:4] == ["op", "module", "output", "|gradient|"]
    assert lines[4].split() == ["3", "layer_norm", "blocks.0.norm1", "(2,", "4,", "4)",
                                lines[4].split()[6], "2,", "weight", "(4,),", "bias", "(4,)"]
    assert lines[11].endswith("7, 8, 9, causal=True")


GRAPH = """\
    op          module  output  |gradient|  inputs and settings
 0  linear      Linear  (2, 3)        1.68  leaf 0 (2, 2), weight (3, 2), bias (3,)
 1  leaky_relu          (2, 3)        2.12  0, slope=0.5
 2  getitem             (2,)          2.12  1, key=(0, :2)
 3  mul                 (2,)          1.41  2, 1.5
 4  getitem             (2,)          5.66  leaf 0 (2, 2), key=1
 5  mul                 (1, 2)        1.41  4, leaf 1 (1, 1)
 6  add                 (1, 2)        1.41  3, 5
 7  max                 ()            6.28  leaf 0 (2, 2), axis=(0, 1)
 8  mul                 ()               2  3.14159, 7
 9  add                 (1, 2)        1.41  6, 8
10  sum                 (1, 1)           1  9, keepdims=True
11 ops in 1 calls of modules"""


def test_the_table_to_the_letter():
    layer = nn.Linear(2, 3)
    layer.weight.data[...] = xp.asarray([[1.0, -2.0], [3.0, 0.5], [0.25, 0.0]])
    x, unused = tg.Tensor([[1.0, 2.0], [0.0, -1.0]]), tg.Tensor([[4.0]], requires_grad=False)
    graph = trace(lambda: (tg.leaky_relu(layer(x), slope=0.5)[0, :2] * 1.5
                           + x[1] * unused + np.pi * tg.max(x, axis=(0, 1))).sum(keepdims=True))
    assert str(graph) == GRAPH
    assert graph.leaves[1] == ((1, 1), "float32", None)


# ---- boxes ----

def titles(box):
    return [leaf.title for leaf in box.leaves()]


def test_modules_deeper_than_fold_are_one_box(rng):
    model, loss = small_gpt(rng)
    graph = trace(loss, model)
    assert titles(boxes(graph, 0)) == ["GPT", "cross_entropy"]
    assert titles(boxes(graph, 1)) == ["token", "position", "add", "blocks.0", "norm", "head",
                                       "cross_entropy"]
    assert titles(boxes(graph, 2))[3:9] == ["norm1", "attention", "add", "norm2", "feed_forward",
                                            "add"]
    assert len(boxes(graph).leaves()) == 23
    folded = boxes(graph, 1).leaves()[3]
    assert folded.text == "Block (2, 4, 4)" and folded.nodes == list(range(3, 20))
    assert folded.below == ["17 ops, 244 parameters"]
    assert folded.gradient == graph.nodes[19].gradient


def test_a_leaf_that_several_ops_use_is_a_box(rng):
    """So that a residual shows that begins at the input."""
    block = gpt.Block(4, 2, rng=rng)
    x, once = (tg.Tensor(xp.asarray(rng.random((1, 3, 4), "float32"))) for _ in range(2))
    graph = trace(lambda: (block(x) * once).sum(), block)
    assert titles(boxes(graph, 0)) == ["leaf 0", "Block", "mul", "sum"]
    assert boxes(graph, 0).leaves()[2].below == ["leaf 1 (1, 3, 4)"]
    assert boxes(graph, 9).leaves()[1].below == ["weight (4,), bias (4,)"]
    gradients = tg.grad((block(x) * once).sum(), [x, once])
    assert [leaf.gradient for leaf in graph.leaves] == pytest.approx(
        [np.linalg.norm(to_numpy(gradient)) for gradient in gradients])


def test_by_default_at_most_40_boxes(rng):
    model, loss = small_gpt(rng, n_layer=6)
    graph = trace(loss, model)
    assert len(graph.nodes) > MOST and len(boxes(graph).leaves()) == 12
    assert len(boxes(graph, 9).leaves()) == len(graph.nodes)


def test_a_figure_is_written(rng, tmp_path):
    model = vae.DenseVAE(vae.Config(latent_size=2, size=4), hidden=3, rng=rng)
    x, eps = xp.asarray(rng.random((2, 1, 4, 4))), xp.asarray(rng.random((2, 2)))
    graph = trace(lambda: vae.loss(model.astype("float64"), x, eps), model)
    figure = graph.draw(tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
    shown = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"mean", "linear (2, 2)", "encoder", "Sequential"} <= shown


def test_nothing_is_imported_before_it_is_used():
    code = """import sys, tinygen
assert not any(name.startswith("tinygen.study") for name in sys.modules)
assert tinygen.study.trace(lambda: tinygen.Tensor([1.0]) * 2).nodes
assert not any(name.startswith("matplotlib") for name in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- bad input ----

def test_bad_input_is_refused(rng):
    x = tg.Tensor(xp.asarray(rng.random(3)))
    freed = x * x
    freed.sum().backward()
    model = nn.Tanh()
    for compute, kind, words in [
            (lambda: (x, x), TypeError, r"^trace: needs one Tensor, such as a loss, got tuple"),
            (lambda: x.detach(), ValueError, "^trace: .* has no graph"),
            (lambda: x, ValueError, "^trace: .* has no graph"),
            (lambda: (freed * 2).sum(), ValueError, "^trace: this graph was freed by an earlier"),
            *[(compute, ValueError, "^trace: compute.. called no module of this Tanh; give")
              for compute in (lambda: x * x, lambda: nn.Tanh()(x))]]:
        with pytest.raises(kind, match=words):
            trace(compute, model)
    with pytest.raises(TypeError, match="^trace: needs a function .* got Tensor .*; write trace"):
        trace(x * x)
    with pytest.raises(TypeError, match="^trace: the model must be a Module, .* got str 'm'"):
        trace(lambda: x * x, model="m")


def test_too_many_ops_outside_modules_are_refused(rng):
    x = tg.Tensor(xp.asarray(rng.random(3)))

    def compute():
        y = x
        for _ in range(MOST + 1):
            y = y * 2
        return y
    graph = trace(compute)
    with pytest.raises(ValueError, match="^draw: 41 boxes are left .* fold=0 to draw them all"):
        graph.draw()
    assert len(boxes(graph, 0).leaves()) == 41

"""Op.unfused: a fused op computed by its parts, for as long as a with block lasts."""
import pytest

import tinygen as tg
from tinygen import ops
from tinygen.backend import np, to_numpy, xp
from tinygen.check import check_gradients
from tinygen.operation import Op

FUSED = sorted(name for name, op in vars(ops).items() if isinstance(op, Op) and op.textbook)


def heads(rng):
    """q, k, v of a causal attention.  (1, 2, 3, 2) each"""
    return [tg.Tensor(rng.normal(size=(1, 2, 3, 2))) for _ in range(3)]


def origins(y):
    """Names of all the ops that y was computed with."""
    names, stack = set(), [y]
    while stack:
        x = stack.pop()
        if isinstance(x, tg.Tensor) and x._origin:
            names.add(x._origin[0].name)
            stack += x._origin[1]
    return names


def test_its_parts_are_recorded_in_its_place(rng):
    q, k, v = heads(rng)
    fused = tg.attention(q, k, v, causal=True)
    assert origins(fused) == {"attention"}
    with ops.attention.unfused():
        parts = tg.attention(q, k, v, True)  # also with a setting by position
    assert {"matmul", "softmax", "where"} <= origins(parts)
    assert "attention" not in origins(parts)
    np.testing.assert_allclose(to_numpy(parts), to_numpy(fused), rtol=1e-12)
    assert origins(tg.attention(q, k, v)) == {"attention"}  # as it was


def test_a_replaced_part_is_called_forward_and_backward(rng):
    calls = []

    def mine(x, *, axis=-1):
        y, gradient = softmax(x, axis=axis)
        calls.append("forward")

        def counted(g, y, x):
            calls.append("gradient")
            return gradient(g, y, x)
        return y, counted

    softmax = ops.softmax.rule
    q, k, v = heads(rng)
    with ops.attention.unfused(), ops.softmax.replaced(by=mine):
        tg.attention(q, k, v, causal=True).sum().backward()
    assert calls == ["forward", "gradient"] and q.grad is not None


@pytest.mark.parametrize("recorded", [False, True], ids=["plain", "recorded"])
def test_gradients_agree_with_the_fused_ones(rng, recorded):
    q, k, v = heads(rng)
    g = xp.asarray(rng.normal(size=(1, 2, 3, 2)))
    wanted = tg.grad(tg.attention(q, k, v, causal=True), [q, k, v], g)
    with ops.attention.unfused(), ops.softmax.unfused():
        y = tg.attention(q, k, v, causal=True)
        got = tg.grad(y, [q, k, v], g, create_graph=recorded)
    for a, b in zip(got, wanted):
        np.testing.assert_allclose(to_numpy(a), to_numpy(b), rtol=1e-9, atol=1e-12)


def test_every_gradient_is_right_to_second_order(rng):
    q, k, v = heads(rng)
    with ops.attention.unfused(), ops.softmax.unfused():
        check_gradients(lambda q, k, v: tg.attention(q, k, v, causal=True), q, k, v)
    x, w, b = (rng.normal(size=shape) for shape in ((2, 3), (3,), (3,)))
    with ops.layer_norm.unfused(), ops.gelu.unfused():
        check_gradients(lambda x, w, b: tg.gelu(tg.layer_norm(x, w, b)), x, w, b)


def test_any_composition_can_stand_in(rng):
    x = tg.Tensor(rng.normal(size=(2, 3)))
    with ops.tanh.unfused(by=lambda x: 2 * tg.sigmoid(2 * x) - 1):  # tanh has no twin
        y = tg.tanh(x)
        check_gradients(tg.tanh, x)
    assert "sigmoid" in origins(y)
    np.testing.assert_allclose(to_numpy(y), np.tanh(to_numpy(x)), rtol=1e-12)


def test_plain_arrays_stay_plain(rng):
    x = xp.asarray(rng.normal(size=(2, 3)))
    with ops.softmax.unfused():
        assert isinstance(tg.softmax(x), xp.ndarray)


def test_without_a_twin_a_composition_is_needed():
    with pytest.raises(ValueError, match=r"tanh.unfused: there is no textbook twin.*by="):
        with ops.tanh.unfused():
            pass
    with ops.gelu.replaced(by=lambda x: (x, lambda g, y, x: g)):  # has lost the twin
        with pytest.raises(ValueError, match="gelu.unfused: there is no textbook twin"):
            with ops.gelu.unfused():
                pass


def test_the_inner_of_two_with_blocks_decides(rng):
    def doubled(x):
        return 2 * x, lambda g, y, x: 2 * g

    x = tg.Tensor(rng.normal(size=3))
    with ops.gelu.unfused():
        with ops.gelu.replaced(by=doubled):
            assert origins(tg.gelu(x)) == {"gelu"}
            np.testing.assert_allclose(to_numpy(tg.gelu(x)), 2 * to_numpy(x))
            with ops.gelu.unfused(by=lambda x: 3 * x):
                np.testing.assert_allclose(to_numpy(tg.gelu(x)), 3 * to_numpy(x))
        assert "tanh" in origins(tg.gelu(x))


def test_an_op_is_whole_again_even_after_an_exception():
    with pytest.raises(KeyError), ops.gelu.unfused():
        raise KeyError
    assert type(ops.gelu) is Op and ops.gelu.composition is None


@pytest.mark.parametrize("name", FUSED)
def test_every_fused_op_can_be_taken_apart(name):
    op = getattr(ops, name)
    with op.unfused():
        assert op.composition is op.textbook and repr(op) == f"<op {name}>"
    assert type(op) is Op

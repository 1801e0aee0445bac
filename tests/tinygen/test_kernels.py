"""What the kernels share: how much work they do, and by which of two ways."""
import sys

import pytest

from tinygen import ops
from tinygen.backend import backend_name, np
from tinygen.ops import conv, kernels
from tinygen.ops.kernels import FEW, product, sum_along


@pytest.fixture(autouse=True)
def on_numpy():
    if backend_name() != "numpy":
        pytest.skip("a GPU takes all at once")


@pytest.mark.parametrize("rows, inner, columns, parts", [
    (64, 64, 64, 1), (255, 2000, 16, 1), (256, 2048, 16, 2), (256, 4096, 256, 2),
    (448, 1024, 448, 2), (512, 1024, 512, 4), (512, 64, 1024, 8), (1024, 1024, 512, 8),
    (2048, 1024, 1024, 16)])
def test_how_many_parts_a_product_has(rows, inner, columns, parts, monkeypatch):
    """Each has enough work and enough numbers, unless there would be no second one."""
    shared = []
    monkeypatch.setattr(kernels, "on_all_cores", lambda work, parts: shared.append(len(parts)))
    product(np.ones((rows, inner), "float32"), np.ones((inner, columns), "float32"))
    assert shared == [parts] * (parts > 1)


def test_a_stack_of_products_is_shared_by_matrices(monkeypatch):
    shared = []
    monkeypatch.setattr(kernels, "on_all_cores", lambda work, parts: shared.append(parts))
    product(np.ones((6, 300, 400), "float32"), np.ones((6, 400, 500), "float32"))
    assert shared == [[slice(i, i + 1) for i in range(6)]]


@pytest.mark.parametrize("columns, axis, by_blas", [
    (FEW // 2, -1, False), (FEW // 2, 1, False), (FEW // 2 + 1, -1, True), (FEW, 1, True),
    (FEW, 0, False)])
def test_long_rows_are_summed_by_blas(rng, columns, axis, by_blas):
    x = rng.standard_normal((2, columns), "float32")
    expected = (x @ np.ones(columns, "float32"))[:, None] if by_blas else x.sum(axis, keepdims=True)
    assert sum_along(x, axis).tobytes() == expected.tobytes()


@pytest.mark.parametrize("kernel, stride, size, taps", [
    (4, 2, 6, 2), (3, 2, 5, 2), (5, 2, 7, 3), (2, 3, 6, 1), (3, 1, 5, 3)])
def test_a_transposed_convolution_looks_at_no_tap_twice(rng, kernel, stride, size, taps,
                                                         monkeypatch):
    looked_at, columns = [], conv._columns
    monkeypatch.setattr(conv, "_columns", lambda x, *rest: looked_at.append(rest[0])
                        or columns(x, *rest))
    ops.conv_transpose2d(rng.random((1, 2, 3, 3)), rng.random((2, 3, kernel, kernel)),
                         stride=stride)
    assert looked_at == [(taps, taps)]


@pytest.mark.parametrize("channels, width, groups, by_rows", [
    (4, 10, 1, True), (4, 14, 1, True), (4, 15, 1, False), (4, 8, 2, True), (4, 9, 2, False)])
def test_columns_are_gathered_in_the_longer_runs(rng, channels, width, groups, by_rows):
    """Those of the kernel's rows, with all channels, or else those of the image's rows."""
    x = rng.random((2, 5, width, channels))
    columns = conv._columns(x, (3, 3), (3, width - 2), (1, 1), (1, 1), groups)
    assert columns.flags.c_contiguous == by_rows
    assert columns.swapaxes(1, 2).flags.c_contiguous != by_rows


def numbers(*shape):
    return np.random.default_rng(0).random(shape)


IMAGES, VECTORS = numbers(3, 4, 6, 5), numbers(2, 3, 4)
KEYS = numbers(3, 2, 200, 4)
WORK = [  # what is computed, and how many numbers its largest array holds for one part of how many
    (lambda: ops.conv2d(IMAGES, numbers(2, 4, 3, 2)), (3, 4 * 4 * 3 * 2 * 4)),
    (lambda: ops.conv2d(IMAGES, numbers(2, 2, 3, 2), groups=2), (3, 4 * 4 * 3 * 2 * 4)),
    (lambda: ops.conv2d_weight(IMAGES, numbers(3, 2, 4, 4), kernel_size=(3, 2), groups=2),
     (3, 4 * 4 * 3 * 2 * 4)),
    (lambda: ops.conv_transpose2d(IMAGES, numbers(4, 5, 4, 3), stride=2), (3, 7 * 6 * 2 * 2 * 4)),
    (lambda: ops.conv_transpose2d(IMAGES, numbers(4, 5, 4, 3), stride=2, padding=2),
     (3, 5 * 4 * 2 * 2 * 4)),
    (lambda: ops.attention(KEYS[:, :, :50], KEYS, KEYS), (3, 4 * 2 * 50 * 200)),
    (lambda: ops.attention(KEYS, KEYS, KEYS), (3, 4 * 2 * 128 * 200)),
    (lambda: ops.max_pool2d(IMAGES, 2), (3, 2 * 4 * 6 * 5)),
    (lambda: ops.group_norm(IMAGES, groups=2), (3, 4 * 4 * 6 * 5)),
    (lambda: ops.layer_norm(VECTORS), (6, 8 * 4)),
    (lambda: ops.gelu(VECTORS), (24, 8)),
    (lambda: ops.dropout(VECTORS, 0.5, np.random.default_rng(0)), (24, 4)),
]


@pytest.mark.parametrize("compute, expected", WORK)
def test_how_much_a_part_holds(compute, expected, monkeypatch):
    asked = []

    def cache_parts(n, size):
        asked.append((n, size))
        return [slice(0, n)]
    for module in ("attention", "conv", "dropout", "kernels", "norm", "pool"):
        monkeypatch.setattr(sys.modules[f"tinygen.ops.{module}"], "cache_parts", cache_parts)
    compute()
    assert set(asked) == {expected}

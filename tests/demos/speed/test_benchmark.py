"""The benchmark: which networks it takes, and its table with PyTorch and without."""
import math
from types import SimpleNamespace

import pytest

from demos.speed import benchmark
from demos.speed.parts.networks import NETWORKS

OURS = {("tinygen", 1): [2, 4, 8], ("tinygen", 2): [1, 2, 4]}
THEIRS = {("torch", 1): [4, 8, 16], ("torch", 2): [2, 5, 5]}


def row_of(ms, **memory):
    return benchmark.table_row({"ms": ms, "floor": [0.5, 1, 3], "MiB": memory})


def test_a_row_of_the_table():
    alone = benchmark.line_of("dense AE", row_of(OURS, tinygen=30.2))
    both = benchmark.line_of("dense AE", row_of(OURS | THEIRS, tinygen=30.2, torch=None))
    assert alone.split() == ["dense", "AE", "4.00", "2.00", "1.00", "2.00", "30"]
    assert both.split() == ["dense", "AE", "4.00", "8.00", "0.50", "2.00", "5.00", "0.50",
                            "1.00", "2.00", "1.60", "30", "n/a"]
    one = benchmark.line_of("tiny MLP", row_of({("tinygen", 1): [2, 4, 8]}, tinygen=None))
    assert one.split() == ["tiny", "MLP", "4.00", "1.00", "1.00", "n/a"]


@pytest.mark.parametrize("libraries", [["tinygen"], ["tinygen", "torch"]])
def test_the_heading_is_as_wide_as_the_rows(libraries):
    memory = dict.fromkeys(libraries, 30)
    ms = {side: times for side, times in (OURS | THEIRS).items() if side[0] in libraries}
    *_, heading = benchmark.heading(2, libraries)
    assert len(heading) <= len(benchmark.line_of("dense AE", row_of(ms, **memory))) + 6


def test_what_is_judged():
    judged = {}
    run = SimpleNamespace(measure=lambda name, value, **limits: judged.update({name: limits}))
    benchmark.measure(run, "DCGAN", row_of(OURS | THEIRS, tinygen=30, torch=60))
    assert {name: limits for name, limits in judged.items() if limits} == {
        "DCGAN: times faster on 2 threads": {"at_least": 1.6},
        "DCGAN: time relative to PyTorch's": {"at_most": 1.0},
        "DCGAN: memory relative to PyTorch's": {"at_most": 1.2}}


def test_the_figure(tmp_path):
    figure = benchmark.plot({"dense AE": row_of(OURS | THEIRS, tinygen=30, torch=60)})
    bars = [bar.get_width() for bar in figure.axes[0].patches]
    assert bars == [0.5, 0.5, 1 / 5]


def test_the_products_of_a_step():
    """Forward, by the weights, and by the inputs of all layers but the first."""
    assert NETWORKS["tiny MLP"].products == [
        (32, 2, 16), (2, 32, 16), (32, 16, 16), (16, 32, 16), (32, 16, 16), (32, 16, 1),
        (16, 32, 1), (32, 1, 16)]
    gflop = {name: 2e-9 * sum(map(math.prod, network.products))
             for name, network in NETWORKS.items()}
    assert {name: round(number, 2) for name, number in gflop.items()} == {
        "dense AE": 0.73, "conv network": 3.83, "conv VAE": 3.84, "DCGAN": 9.38, "tiny MLP": 0.0,
        "small GPT": 3.81, "10.8M GPT": 276.03, "200 tokens": 4.26}

"""The benchmark: which networks it takes, and its table with PyTorch and without."""
from types import SimpleNamespace

import pytest

from demos.speed import benchmark


@pytest.mark.parametrize("networks, wrong", [("tiny MLP,DGAN,foo", "DGAN"), ("tiny MLP,", ""),
                                             ("Tiny MLP", "Tiny MLP")])
def test_an_unknown_network_is_named(networks, wrong, refusal):
    assert f"200 tokens; got {wrong!r}" in refusal(benchmark, ["--networks", networks])


def test_bad_options_are_one_line(refusal):
    assert "--rounds is above 0; got 0" in refusal(benchmark, "--rounds 0")


def test_a_row_of_the_table():
    lines = []
    run = SimpleNamespace(print=lines.append)
    results = {"tinygen": {"ms": [1, 2, 4], "MiB": 30}}
    benchmark.show(run, "dense AE", benchmark.table_row("dense AE", results, sgemm=1000))
    results["torch"] = {"ms": [2, 4, 8], "MiB": 60}
    benchmark.show(run, "dense AE", benchmark.table_row("dense AE", results, sgemm=1000))
    benchmark.show(run, "tiny MLP", benchmark.table_row("tiny MLP", results, sgemm=1000))
    results["tinygen"]["MiB"] = results["torch"]["MiB"] = None
    benchmark.show(run, "dense AE", benchmark.table_row("dense AE", results, sgemm=1000))
    alone, both, tiny, unknown = [line.split() for line in lines]
    assert alone == ["dense", "AE", "2.00", "36%", "30"]
    assert both == [*alone, "4.00", "0.50", "60", "0.50"]
    assert tiny == ["tiny", "MLP", "2.00", "0%", "30", "4.00", "0.50", "60"]
    assert unknown == ["dense", "AE", "2.00", "36%", "n/a", "4.00", "0.50", "n/a"]

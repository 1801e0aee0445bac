"""The benchmark: which networks it takes, and its table with PyTorch and without."""
from types import SimpleNamespace

from demos.speed import benchmark


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

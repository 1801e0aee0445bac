"""The attention demo: forms that differ end it, and it prints the shapes."""
import pytest

import tinygen as tg
from demos.language import attention


@pytest.mark.parametrize("name", ["softmax", "attention"])
def test_forms_that_differ_end_the_demo(name, tmp_path):
    """Even by as little as 1e-11."""
    op = getattr(tg.ops, name)
    rule = op.rule

    def changed(*inputs, **settings):
        y, *gradients = rule(*inputs, **settings)
        return y + 1e-11, *gradients

    with op.replaced(by=changed), pytest.raises(AssertionError):
        attention.main(["--preset", "smoke", "--out", str(tmp_path)])


def test_the_shapes_are_printed(tmp_path, capsys):
    assert attention.main(["--preset", "smoke", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for shapes in ("x (6, 32)", "weights (6, 6) @ x (6, 32) -> y (6, 32)",
                   "query, key, value (6, 8): x (6, 32) @ (32, 8) each",
                   "q (4, 6, 8) -> weights (4, 6, 6) -> y (6, 32)"):
        assert shapes in printed

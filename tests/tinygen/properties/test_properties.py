"""Random calls of every op, compared with its definition: values and gradients, to second order.

2,000 of them; TINYGEN_PROPERTIES=20000 asks for more. Each run draws others, and prints the
TINYGEN_PROPERTIES_SEED that repeats it. A failure ends with the command that repeats it alone.
"""
import re

import pytest

from tests.helpers import public_ops
from tests.tinygen.properties import SUBJECTS
from tests.tinygen.properties.__main__ import main
from tests.tinygen.properties.check import Configuration, check
from tests.tinygen.properties.draw import Input
from tests.tinygen.properties.seeds import seeds
from tinygen import ops
from tinygen.operation import Op

OPS = sorted(SUBJECTS)


def test_every_op_is_drawn():
    assert set(SUBJECTS) == set(public_ops())


@pytest.mark.parametrize("name", OPS)
def test_calls(name):
    for seed in seeds(name):
        check(name, seed)


# ---- the draws reach what they should ----

def features(configuration):
    """What is special about the inputs of a configuration."""
    yield configuration.draw.dtype
    for x in configuration.inputs:
        if isinstance(x, Input):
            yield x.role
            if x.size == 0:
                yield "empty"
            if 1 in x.shape:
                yield "an axis of size 1"
            steps = [step for step, n in zip(x.steps, x.shape) if n > 1]
            yield ("repeated" if 0 in steps else "backwards" if min(steps, default=1) < 0
                   else "forwards")


@pytest.mark.parametrize("name", OPS)
def test_draws_reach_every_kind_of_input(name):
    reached = {feature for seed in range(100) for feature in features(Configuration(name, seed))}
    expected = {"float32", "float64", "tensor", "constant", "array", "an axis of size 1",
                "repeated", "backwards", "forwards"}
    if name not in ("mse", "l1", "bce_with_logits", "cross_entropy", "batch_norm"):
        expected.add("empty")
    assert expected <= reached


# ---- sabotage: a value or a gradient that is off by a thousandth ----

def spoilt(op, i):
    """A rule like op's but for its i-th result: the value is the first, the gradients follow."""
    rule = op.rule

    def spoilt_rule(*inputs, **settings):
        results = list(rule(*inputs, **settings))
        if i == 0:
            results[0] = results[0] * 1.001
        elif i < len(results) and results[i]:
            right = results[i]
            results[i] = lambda *arguments: right(*arguments) * 1.001
        return tuple(results)
    return Op(spoilt_rule, op.textbook)


def finding(name):
    """What is found wrong with an op in thirty configurations."""
    for seed in range(30):
        try:
            check(name, seed)
        except AssertionError as error:
            return str(error)
    return "nothing"


@pytest.mark.parametrize("name", [name for name in OPS if isinstance(getattr(ops, name), Op)])
def test_a_spoilt_op_is_found_out(name):
    op = getattr(ops, name)
    most = max(len(Configuration(name, seed).inputs) for seed in range(30))
    constants = {"where": 1, "take_along_axis": 2, "gather_pixels": 2, "scatter_pixels": 2,
                 "cross_entropy": 2}  # a condition, indices, labels: no gradient to spoil
    for i in {*range(most + 1)} - {constants.get(name)}:
        with op.replaced(by=spoilt(op, i)):
            assert "by the definition" in finding(name), f"result {i} slipped through"


def test_a_failure_ends_with_the_command_that_repeats_it(capsys):
    with ops.tanh.replaced(by=spoilt(ops.tanh, 1)):
        found = finding("tanh")
        command, arguments = found.splitlines()[-1].split(" tests.tinygen.properties ")
        assert command == "python -m"
        with pytest.raises(AssertionError, match=re.escape(found)):
            main(arguments.split())
    main(arguments.split())
    assert capsys.readouterr().out.startswith("as defined: tanh(")

"""Random calls of every op, compared with definitions in NumPy: SUBJECTS, by the op's name.

A file for each of tinygen/ops/ holds the definitions, and what calls are drawn from.
"""
# ruff: noqa: I001  (in the order of the engine's files, which register their ops)
from tests.tinygen.properties import elementwise, shape, indexing, reduce, linear, conv, pool, norm
from tests.tinygen.properties import attention, loss, divergence
from tests.tinygen.properties.draw import SUBJECTS

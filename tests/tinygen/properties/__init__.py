"""Random calls of every op, compared with definitions in NumPy: SUBJECTS, by the op's name.

A file for each of tinygen/ops/ holds the definitions and what their calls are drawn from.
"""
from tests.tinygen.properties import (  # they register what they draw
    attention, conv, divergence, elementwise, indexing, linear, loss, norm, pool, reduce, shape)
from tests.tinygen.properties.draw import SUBJECTS

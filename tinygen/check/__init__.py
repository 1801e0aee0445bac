"""Proof that gradients are right: each is compared with finite differences, to second order.

gradients    check_gradients, check_model_gradients
table        one row for each case of each op;  python -m tinygen.check  checks and prints them
"""
from tinygen.check.gradients import GradientError, Row, check_gradients, check_model_gradients

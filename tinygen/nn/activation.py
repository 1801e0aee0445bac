"""Activations as layers, for use in a Sequential; in a forward method the ops read better.

Each is elementwise and takes any shape.
"""
from tinygen import ops
from tinygen.nn.module import Module


class ReLU(Module):
    """max(x, 0)"""

    def forward(self, x):
        return ops.relu(x)


class LeakyReLU(Module):
    """x where positive, negative_slope · x elsewhere."""

    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        return ops.leaky_relu(x, slope=self.negative_slope)


class ELU(Module):
    """x where positive, alpha · (e^x - 1) elsewhere."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        return ops.elu(x, alpha=self.alpha)


class SiLU(Module):
    """x · sigmoid(x)"""

    def forward(self, x):
        return ops.silu(x)


class GELU(Module):
    """x · Φ(x) with the normal distribution's Φ, in the tanh approximation."""

    def forward(self, x):
        return ops.gelu(x)


class Tanh(Module):
    """tanh x"""

    def forward(self, x):
        return ops.tanh(x)


class Sigmoid(Module):
    """1 / (1 + e^-x)"""

    def forward(self, x):
        return ops.sigmoid(x)


class Softplus(Module):
    """log(1 + e^x)"""

    def forward(self, x):
        return ops.softplus(x)

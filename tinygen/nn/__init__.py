"""Networks: Module, which finds parameters, and layers named and laid out as PyTorch's are.

module      Module, ModuleList, Sequential
linear      Linear, Embedding, Flatten, Unflatten
activation  ReLU, Tanh and the others, as layers
init        Kaiming, Xavier and normal weights

A layer with weights takes `rng`, a numpy.random.Generator: the same seed gives the same network on
every backend.
"""
from tinygen.nn import init
from tinygen.nn.activation import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh
from tinygen.nn.linear import Embedding, Flatten, Linear, Unflatten
from tinygen.nn.module import Module, ModuleList, Sequential

__all__ = ["ELU", "GELU", "Embedding", "Flatten", "LeakyReLU", "Linear", "Module", "ModuleList",
           "ReLU", "Sequential", "SiLU", "Sigmoid", "Softplus", "Tanh", "Unflatten", "init"]

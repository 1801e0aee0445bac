"""Networks: Module, which finds its parameters, and layers named and laid out as PyTorch's.

module      Module
container   ModuleList, Sequential
linear      Linear, Embedding, Dropout, Flatten, Unflatten
activation  ReLU, Tanh and other activations, as layers
conv        Conv1d, Conv2d, ConvTranspose2d
pool        MaxPool2d, MaxUnpool2d, AvgPool2d, Upsample
norm        LayerNorm, GroupNorm, BatchNorm1d, BatchNorm2d
attention   MultiHeadAttention, KeyValueCache
spectral    SpectralNorm
minibatch   MinibatchDiscrimination
init        Kaiming, Xavier and normal weights

A layer with random numbers takes `rng`, a numpy.random.Generator: the same seed gives the same
network on every backend. Without one it takes fresh entropy, as numpy.random.default_rng() does.
"""
from tinygen.nn import init
from tinygen.nn.activation import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh
from tinygen.nn.attention import KeyValueCache, MultiHeadAttention
from tinygen.nn.container import ModuleList, Sequential
from tinygen.nn.conv import Conv1d, Conv2d, ConvTranspose2d
from tinygen.nn.linear import Dropout, Embedding, Flatten, Linear, Unflatten
from tinygen.nn.minibatch import MinibatchDiscrimination
from tinygen.nn.module import Module
from tinygen.nn.norm import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm
from tinygen.nn.pool import AvgPool2d, MaxPool2d, MaxUnpool2d, Upsample
from tinygen.nn.spectral import SpectralNorm

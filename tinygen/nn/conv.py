"""Convolution layers for signals and images, with weights laid out as PyTorch's.

Images are (N, C, H, W), signals (N, C, T). A 2-D setting is a pair (vertical, horizontal), or one
int for both. The ops in tinygen.ops.conv give the formulas for the output sizes.
"""
import math

from tinygen import ops
from tinygen.checks import check_flags, check_sizes
from tinygen.nn import init
from tinygen.nn.module import Module
from tinygen.ops.window import pair
from tinygen.tensor import Tensor


class Conv1d(Module):
    """Convolution of a signal.  (N, in_channels, T) -> (N, out_channels, T')

    weight (out_channels, in_channels/groups, kernel_size), bias (out_channels,), both drawn from
    U(±1/√fan_in).
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1,
                 groups=1, bias=True, *, rng=None):
        check_channels("Conv1d", in_channels, out_channels, groups, bias)
        check_sizes("Conv1d", kernel_size=kernel_size, stride=stride, dilation=dilation)
        check_sizes("Conv1d", least=0, padding=padding)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.groups = dilation, groups
        shape = (out_channels, in_channels // groups, kernel_size)
        self.weight, self.bias = _initial(shape, out_channels if bias else 0, rng)

    def forward(self, x):
        return ops.conv1d(x, self.weight, self.bias, stride=self.stride, padding=self.padding,
                          dilation=self.dilation, groups=self.groups)


class Conv2d(Module):
    """Convolution of an image.  (N, in_channels, H, W) -> (N, out_channels, H', W')

    weight (out_channels, in_channels/groups, kh, kw), bias (out_channels,), both drawn from
    U(±1/√fan_in).
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1,
                 groups=1, bias=True, *, rng=None):
        check_channels("Conv2d", in_channels, out_channels, groups, bias)
        kh, kw = check_window("Conv2d", kernel_size, stride, padding, dilation)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.groups = dilation, groups
        shape = (out_channels, in_channels // groups, kh, kw)
        self.weight, self.bias = _initial(shape, out_channels if bias else 0, rng)

    def forward(self, x):
        return ops.conv2d(x, self.weight, self.bias, stride=self.stride, padding=self.padding,
                          dilation=self.dilation, groups=self.groups)


class ConvTranspose2d(Module):
    """Transposed convolution of an image.  (N, in_channels, H, W) -> (N, out_channels, H', W')

    weight (in_channels, out_channels/groups, kh, kw), bias (out_channels,), both drawn from
    U(±1/√fan) with fan = out_channels/groups·kh·kw, as in PyTorch. A strided convolution maps
    several input sizes to the same H, W: output_padding, or output_size in the call, picks one.
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0,
                 output_padding=0, groups=1, bias=True, dilation=1, *, rng=None):
        check_channels("ConvTranspose2d", in_channels, out_channels, groups, bias)
        kh, kw = check_window("ConvTranspose2d", kernel_size, stride, padding, dilation)
        pair("ConvTranspose2d", "output_padding", output_padding, minimum=0)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.output_padding, self.groups, self.dilation = output_padding, groups, dilation
        shape = (in_channels, out_channels // groups, kh, kw)
        self.weight, self.bias = _initial(shape, out_channels if bias else 0, rng)

    def forward(self, x, output_size=None):
        return ops.conv_transpose2d(
            x, self.weight, self.bias, stride=self.stride, padding=self.padding,
            output_padding=self.output_padding, output_size=output_size, dilation=self.dilation,
            groups=self.groups)


def _initial(shape, biases, rng):
    """A weight of this shape and a bias of size `biases` (None for 0), from U(±1/√fan_in)."""
    bound = 1 / math.sqrt(init.fans(shape)[0])
    weight = Tensor(init.uniform(shape, bound, rng=rng))
    return weight, Tensor(init.uniform((biases,), bound, rng=rng)) if biases else None


def check_channels(layer, in_channels, out_channels, groups, bias):
    """Raise ValueError unless sizes are at least 1 and groups divides both channel counts."""
    check_sizes(layer, in_channels=in_channels, out_channels=out_channels, groups=groups)
    check_flags(layer, bias=bias)
    if in_channels % groups or out_channels % groups:
        raise ValueError(f"{layer}: groups must divide in_channels and out_channels, got "
                         f"{groups} for {in_channels} and {out_channels}")


def check_window(layer, kernel_size, stride, padding, dilation=1):
    """The kernel's (height, width). Raises ValueError for settings out of range."""
    kernel = pair(layer, "kernel_size", kernel_size)
    pair(layer, "stride", stride)
    pair(layer, "padding", padding, minimum=0)
    pair(layer, "dilation", dilation)
    return kernel

"""Pooling, unpooling and upsampling: layers that resize images and have no weights.

Images are (N, C, H, W); settings are ints or pairs (vertical, horizontal). The stride defaults to
the kernel size: windows side by side.
"""
from tinygen import ops
from tinygen.checks import check_flags
from tinygen.nn.conv import check_window
from tinygen.nn.module import Module
from tinygen.ops.window import pair


class Pool(Module):
    """What the pooling layers share: kernel_size, stride and padding."""

    def __init__(self, kernel_size, stride=None, padding=0):
        check_window(type(self).__name__, kernel_size, 1 if stride is None else stride, padding)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def window(self):
        """The settings, as keyword arguments of an op."""
        return {"kernel_size": self.kernel_size, "stride": self.stride, "padding": self.padding}


class MaxPool2d(Pool):
    """The maximum of each window.  (N, C, H, W) -> (N, C, OH, OW)

    With return_indices it also returns where the maxima were, for MaxUnpool2d.
    """

    def __init__(self, kernel_size, stride=None, padding=0, return_indices=False):
        super().__init__(kernel_size, stride, padding)
        check_flags("MaxPool2d", return_indices=return_indices)
        self.return_indices = return_indices

    def forward(self, x):
        return ops.max_pool2d(x, return_indices=self.return_indices, **self.window())


class MaxUnpool2d(Pool):
    """Each number at the position of its maximum, zeros elsewhere.

    x and the indices of MaxPool2d, (N, C, OH, OW) -> (N, C, H, W), or output_size (H, W)
    """

    def forward(self, x, indices, output_size=None):
        return ops.max_unpool2d(x, indices, output_size=output_size, **self.window())


class AvgPool2d(Pool):
    """The mean of each window.  (N, C, H, W) -> (N, C, OH, OW)"""

    def forward(self, x):
        return ops.avg_pool2d(x, **self.window())


class Upsample(Module):
    """Each pixel repeated scale_factor times, down and across.  (N, C, H, W) -> (N, C, sH, sW)"""

    def __init__(self, scale_factor):
        pair("Upsample", "scale_factor", scale_factor)
        self.scale_factor = scale_factor

    def forward(self, x):
        return ops.upsample_nearest2d(x, scale=self.scale_factor)

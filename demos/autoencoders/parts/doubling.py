"""Three layers that make an image twice as large, and the patterns that they leave."""
import tinygen as tg
from demos.autoencoders.parts.planes import plane
from tinygen.backend import to_numpy, xp

DOUBLING = {  # name -> kernel size, function of x and w
    "kernel 3, stride 2": (3, lambda x, w: tg.conv_transpose2d(
        x, w, stride=2, padding=1, output_padding=1)),
    "kernel 4, stride 2": (4, lambda x, w: tg.conv_transpose2d(x, w, stride=2, padding=1)),
    "nearest, kernel 3": (3, lambda x, w: tg.conv2d(
        tg.upsample_nearest2d(x, 2), w.swapaxes(0, 1), padding=1))}


def interior(image):
    """Without two pixels at each edge, where part of the kernel is missing."""
    return image[..., 2:-2, 2:-2]


def flat_images(double, size, rng, count=200):
    """What a flat image becomes under `count` random kernels.  -> (count, 14, 14)"""
    kernels = rng.standard_normal((1, count, size, size))
    return interior(to_numpy(double(xp.ones((1, 1, 9, 9)), xp.asarray(kernels)))[0])


def random_layers(image, double, size, rng):
    """The image shrunk to a quarter of its side, then enlarged by three untrained layers."""
    image = tg.avg_pool2d(image, 4)
    for channels in (16, 16, 1):
        w = 0.5 + rng.standard_normal((image.shape[1], channels, size, size))
        image = tg.relu(double(image, xp.asarray(w)))
        image = image / image.max()
    return plane(image)

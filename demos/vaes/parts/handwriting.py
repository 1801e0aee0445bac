"""What can be measured on an image of a digit: the thickness of the pen, the slant of the hand."""
from tinygen.backend import np

NAMES = ("thickness, pixels", "slant, degrees")


def thickness(images):
    """Width of the strokes in pixels: 2 · ink / outline.  (N, 1, H, W) -> (N,)

    A stroke of width w and length l has w·l of ink and an outline of 2·l. The outline is the total
    variation, the sum of |∇x|: blurred or grey edges do not change it, and for paler ink the factor
    cancels.
    """
    x = np.pad(images[:, 0].astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    down, across = np.diff(x, axis=1)[:, :, :-1], np.diff(x, axis=2)[:, :-1]
    outline = np.sqrt(down ** 2 + across ** 2).sum(axis=(1, 2))
    return 2 * x.sum(axis=(1, 2)) / np.maximum(outline, 1e-6)


def darkness(images):
    """Mean of the darkest twentieth of the pixels, 1 for black.  (N, 1, H, W) -> (N,)"""
    ink = np.sort(images.reshape(len(images), -1), axis=1)
    return ink[:, -max(1, ink.shape[1] // 20):].mean(axis=1)


def slant(images):
    """Shear angle in degrees, positive if the top leans right.  (N, 1, H, W) -> (N,)

    A shear moves x by -s·y, with y counted downwards, and so gives upright ink, whose covariance is
    0, a covariance of -s·var(y). Hence s = -cov(x, y) / var(y).
    """
    ink = images[:, 0].astype(np.float64)
    ink /= np.maximum(ink.sum(axis=(1, 2), keepdims=True), 1e-6)
    row, column = np.mgrid[:ink.shape[1], :ink.shape[2]]
    row = row - (ink * row).sum(axis=(1, 2), keepdims=True)
    column = column - (ink * column).sum(axis=(1, 2), keepdims=True)
    shear = -(ink * row * column).sum(axis=(1, 2)) / np.maximum((ink * row ** 2).sum(axis=(1, 2)),
                                                               1e-6)
    return np.degrees(np.arctan(shear))


def measure_attributes(images):
    """Thickness and slant.  (N, 1, H, W) -> (N, 2)"""
    return np.stack([thickness(images), slant(images)], axis=1)

"""Images: what the networks can take of the user's own, and how many are shown."""

SHOWN = 10  # test images in the figures, at least


def check_images(images, batch):
    """Raise ValueError unless the networks can learn from `images`, in batches of `batch`.

    images: tinygen.data.Images. They are square, with sides that are multiples of 4 and 1 or 3
    channels, at least SHOWN of them for testing, and not all the same.
    """
    channels, height, width = images.x_train.shape[1:]
    if height != width or height % 4 or channels not in (1, 3):
        raise ValueError("--data: the networks take square images whose side is a multiple of 4, "
                         f"with 1 or 3 channels; {images.name} has {channels} channels of "
                         f"{height} x {width}")
    if len(images.x_test) < SHOWN:
        raise ValueError(f"--data: the figures show {SHOWN} test images, a sixth of all, so the "
                         f"file needs {6 * SHOWN}; {images.name} has "
                         f"{len(images.x_train) + len(images.x_test)}")
    if not 1 <= batch <= len(images.x_train):
        raise ValueError(f"--batch is from 1 to the {len(images.x_train)} training images of "
                         f"{images.name}; got {batch}")
    if (images.x_train == images.x_train[0]).all():
        raise ValueError(f"--data: all images of {images.name} are the same; there is nothing to "
                         "learn from them")


def numbered_rows(images, columns=10):
    """Images in rows, for plot_image_rows: number of a row's first image -> (columns, C, H, W)"""
    return {str(start + 1): images[start:start + columns]
            for start in range(0, len(images), columns)}

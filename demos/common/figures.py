"""Figures: one style for all demos, and sheets of images. Matplotlib is imported at first use."""
from tinygen.backend import np, to_numpy

# Ten colours that colour-blind people can tell apart: six of Okabe and Ito's, then two that are
# darker and two greys.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5B1A6E", "#7A2E0E",
           "#444444", "#BFBFBF")
STYLE = {
    "figure.dpi": 100, "savefig.dpi": 150, "figure.constrained_layout.use": True,
    "figure.max_open_warning": 0, "font.family": "sans-serif", "font.size": 10,
    "axes.titlesize": 11, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.titlepad": 8, "axes.spines.top": False, "axes.spines.right": False,
    "axes.edgecolor": "#888888", "axes.labelcolor": "#333333", "text.color": "#222222",
    "xtick.color": "#666666", "ytick.color": "#666666", "axes.grid": True,
    "grid.color": "#E8E8E8", "axes.axisbelow": True, "legend.frameon": False,
    "lines.linewidth": 1.8, "image.cmap": "viridis", "image.interpolation": "nearest",
}
INCHES_PER_PIXEL = 0.02  # of images in rows: a digit is about half an inch wide
LEAST_INCHES = 0.4       # height of a small image, so that its row's label fits


def pyplot():
    """matplotlib.pyplot in the style of the demos."""
    import matplotlib.pyplot as plt
    plt.rcParams.update(STYLE)
    plt.rcParams["axes.prop_cycle"] = plt.cycler(color=PALETTE)
    return plt


def new_figure(rows=1, columns=1, *, width=7.0, height=4.0, **settings):
    """A figure of `width` x `height` inches and its axes, as plt.subplots gives them."""
    return pyplot().subplots(rows, columns, figsize=(width, height), **settings)


def tile(images, columns, gap=2):
    """Images side by side, as one picture for imshow.  (N, 1 or 3, H, W) -> (height, width, 3)

    Values are from 0 to 1. One channel is ink on paper: 0 is white, 1 is black.
    """
    images = to_numpy(images)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not len(images):
        raise ValueError("tile: images have shape (N, 1, H, W) or (N, 3, H, W), N > 0; "
                         f"got {images.shape}")
    count, channels, height, width = images.shape
    images = np.clip(images, 0, 1).transpose(0, 2, 3, 1)  # (N, H, W, C)
    rows = -(-count // columns)
    sheet = np.ones((rows * columns, height + gap, width + gap, 3))
    sheet[:count, :height, :width] = 1 - images if channels == 1 else images
    sheet = sheet.reshape(rows, columns, height + gap, width + gap, 3).swapaxes(1, 2)
    return sheet.reshape(rows * (height + gap), -1, 3)[:rows * (height + gap) - gap, :-gap or None]


def framed(images, chosen, colour=PALETTE[1]):
    """Images in colour, those chosen with a frame.  (N, 1 or 3, H, W), (N,) -> (N, 3, H, W)

    One channel is ink on paper, as for `tile`. The frame, one pixel wide, covers the image's edge.
    """
    from matplotlib.colors import to_rgb
    images = to_numpy(images)
    if images.shape[1] == 1:
        images = np.repeat(1 - images, 3, axis=1)
    edge = np.ones(images.shape[2:], bool)
    edge[1:-1, 1:-1] = False
    return np.where(np.asarray(chosen)[:, None, None, None] & edge,
                    np.reshape(to_rgb(colour), (3, 1, 1)), images)


def plot_image_rows(rows):
    """A figure with a labelled row of images for each item of `rows`: label -> (N, C, H, W)."""
    sheets = [tile(images, len(images)) for images in rows.values()]
    widest = max(sheet.shape[1] for sheet in sheets)
    gap = max(1, sheets[0].shape[0] // 8)
    sheets = [np.pad(sheet, ((0, gap), (0, widest - sheet.shape[1]), (0, 0)), constant_values=1)
              for sheet in sheets]
    sheet, image_height = np.concatenate(sheets)[:-gap], sheets[0].shape[0] - gap
    scale = max(INCHES_PER_PIXEL, LEAST_INCHES / image_height)
    for_labels = 0.2 + 0.09 * max(map(len, rows))
    figure, axes = new_figure(width=scale * sheet.shape[1] + for_labels + 0.1,
                              height=scale * sheet.shape[0] + 0.1)
    show_sheet(axes, sheet)
    axes.tick_params(length=0, colors="#222222")
    axes.set_anchor("W")  # keep the sheet next to its labels
    axes.set_yticks([image_height / 2 + (image_height + gap) * row for row in range(len(rows))],
                    list(rows))
    return figure


def plot_image_panels(groups, columns=10):
    """A figure with a titled panel of images for each item of `groups`: title -> (N, C, H, W)."""
    rows = -(-max(map(len, groups.values())) // columns)
    figure, panels = new_figure(1, len(groups), width=0.55 * columns * len(groups),
                                height=0.5 + 0.55 * rows, squeeze=False)
    for axes, (title, images) in zip(panels[0], groups.items()):
        show_sheet(axes, tile(images, columns))
        axes.set_title(title)
    return figure


def scatter_classes(axes, points, y):
    """Points (N, 2) in the colour of their class y (N,), and each class's label at its centroid.

    Labels that would overlap move apart. If there is only one class, it has no label.
    """
    classes = np.unique(y)
    colours = [PALETTE[i % len(PALETTE)] for i in range(len(classes))]
    for label, colour in zip(classes, colours):
        axes.scatter(*points[y == label].T, s=7, color=colour, linewidths=0)
    if len(classes) == 1:
        return
    size = np.ptp(points, axis=0)
    centroids = np.stack([points[y == label].mean(axis=0) for label in classes])
    for label, colour, place in zip(classes, colours, size * moved_apart(centroids / size, 0.06)):
        axes.text(*place, label, weight="bold", fontsize=12, ha="center", va="center",
                  clip_on=True, bbox=dict(boxstyle="round,pad=0.15", facecolor="white",
                                          edgecolor=colour, linewidth=2, alpha=0.9))


def moved_apart(places, least):
    """Places (N, 2), moved a little where two are nearer to each other than `least`."""
    for _ in range(100):
        away = places[:, None] - places  # (N, N, 2)
        distance = np.linalg.norm(away, axis=2) + 1e-9
        push = 0.5 * (least / distance - 1).clip(0, 1)
        places = places + (push[:, :, None] * away).sum(axis=1)
    return places


def show_sheet(axes, sheet):
    """Show a picture such as `tile` makes, without a frame."""
    axes.imshow(sheet)
    axes.grid(False)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)

"""Figures of the demo unpooling: matrices drawn cell by cell, placed in units of a cell."""
from demos.common.figures import PALETTE, new_figure, tile
from tinygen.backend import np

HUES = np.array(PALETTE[:4]).reshape(2, 2)  # one for each pixel of a 2x2 image
GREY, LIGHT, EMPTY = "#555555", "#CCCCCC", "#F2F2F2"


def plot_matrices(x, w, g, matrix, strided):
    """W x = y and Wᵀ g with all their numbers, and below the strided matrix."""
    y, back = matrix @ x.ravel(), matrix.T @ g.ravel()
    axes = canvas(42, 34)
    head(axes, 0, 0, "A convolution is a matrix",
         "each row holds the kernel at its position for one pixel of y")
    cells(axes, x, 0, 5, "x")
    sign(axes, 5, 7, "⋆", size=26)
    cells(axes, w, 6, 5.5, "w", hue=by_tap(w), strength=1)
    sign(axes, 10, 7, "=")
    cells(axes, y.reshape(2, 2), 11, 6, "y")
    cells(axes, matrix, 0, 13, "W  (4, 16)", hue=by_tap(matrix), strength=1)
    cells(axes, x.reshape(16, 1), 17, 4, "x")
    sign(axes, 19, 15, "=")
    cells(axes, y[:, None], 20, 13, "y")

    head(axes, 25, 0, "and transposed, the way back up",
         "each column is a stamp of the kernel on a 4x4 image")
    cells(axes, matrix.T, 25, 4, "Wᵀ  (16, 4)", hue=by_tap(matrix.T), strength=1)
    cells(axes, g.reshape(4, 1), 30, 10, "g")
    sign(axes, 32, 12, "=")
    cells(axes, back[:, None], 33, 4, "Wᵀ g")
    sign(axes, 35.5, 12, "→")
    cells(axes, back.reshape(4, 4), 37, 10, "as an image")

    head(axes, 0, 21.5, "Kernel 4, stride 2, padding 1, on a 6x6 image: (9, 36)",
         "from one pixel of y to the next the kernel moves by two; taps on padding are left out")
    cells(axes, strided, 0, 25, hue=by_tap(strided), strength=1)
    for row in range(6):
        axes.text(6 * row + 3, 24.6, f"row {row + 1} of x", ha="center", fontsize=8, color=GREY)
        axes.plot([6 * row + 6] * 2, [25, 34], color=GREY, linewidth=1 if row < 5 else 0)
    taps = np.arange(1.0, 17).reshape(4, 4)
    cells(axes, taps, 37.5, 27.5, "w", hue=by_tap(taps), strength=1)
    return axes.figure


def plot_stamps(x, w, stamps, sums):
    """Above, what each pixel stamps; below, the sum so far."""
    axes = canvas(30, 16.6)
    head(axes, 0, 0, "A transposed convolution stamps",
         "each pixel of x, times the kernel w, lands two pixels from the next (stride 2); "
         "what overlaps adds up")
    cells(axes, x, 0.5, 5.5, "x", hue=HUES, strength=0.8)
    cells(axes, w, 0, 12.5, "w")
    for number, (stamp, total, hue) in enumerate(zip(stamps, sums, HUES.flat, strict=True)):
        i, j = divmod(number, 2)
        left = 5 + 6.5 * number
        cells(axes, stamp, left, 4, f"{x[i, j]:g} · w", hue=hue, largest=16)
        sign(axes, left + 2.5, 9.7, "+" if number else "↓")
        cells(axes, total, left, 11.4, "so far" if number < 3 else "y = x ⋆ᵀ w", largest=16)
        frame(axes, left + 2 * j, 11.4 + 2 * i, 3, hue, 2.2)
        if number:
            sign(axes, left - 0.75, 13.9, "→")
    return axes.figure


def plot_pooling(rows, where):
    """A row for each op: forward, backward, and forward on a digit."""
    labels = {
        "max_pool2d": ("Max-pooling", "keeps the largest\nof each window;\nback: unpooling"),
        "max_unpool2d": ("Max-unpooling",
                         "puts it where it\nwas, else zeros;\nback: picks there"),
        "upsample_nearest2d": ("Nearest", "repeats it over\nthe window;\nback: adds up"),
        "conv_transpose2d": ("Transposed conv",
                             "stamps a 4x4 tent,\nstride 2, adds up;\nback: convolution")}
    winners = np.zeros(16)
    winners[where.ravel()] = 1
    picked = 0.25 + 0.75 * winners.reshape(4, 4)
    strengths = {"max_pool2d": picked, "max_unpool2d": picked, "upsample_nearest2d": 0.8}
    blocks = HUES.repeat(2, 0).repeat(2, 1)  # the hue of each pixel's window

    axes = canvas(47, 27.4)
    for left, title, text in ((7.5, "Forward", "from x to y"),
                              (21, "Backward", "from ȳ, the gradient of y, to x̄, that of x"),
                              (34.5, "Forward, on a digit", "from x to y")):
        head(axes, left, 0, title, text)
        axes.plot([left - 1] * 2, [0, 27.4], color=LIGHT, linewidth=1)
    for top, (name, matrices) in zip(np.arange(4) * 6.2 + 4.2, rows.items(), strict=True):
        head(axes, 0, top + 0.3, *labels[name])
        for left, key in ((7.5, "x"), (14, "y"), (21, "ȳ"), (27.5, "x̄")):
            title = key if name == "max_pool2d" else ""
            axes.text(left + 2, top - 0.5, title, ha="center", weight="bold")
            if matrices[key].size == 4:
                cells(axes, matrices[key], left + 1, top + 1, hue=HUES, strength=0.8)
            else:
                hue = GREY if name == "conv_transpose2d" else blocks  # its windows overlap
                cells(axes, matrices[key], left, top, hue=hue, strength=strengths.get(name))
        if name.startswith("max"):
            below(axes, 16 if name == "max_pool2d" else 9.5, top + 3,
                  f"indices {', '.join(map(str, where.flat))}")
        for left in 12.75, 26.25, 40.5:
            sign(axes, left, top + 2, "→")
        for left, key in ((34.5, "x of a digit"), (41.5, "y of a digit")):
            picture = tile(matrices[key][None, None], 1)
            axes.imshow(picture, extent=(left, left + 5, top + 4.5, top - 0.5))
            frame(axes, left, top - 0.5, 5, LIGHT, 0.8)
    return axes.figure


def plot_checkerboards(rows):
    """A row for each way to double: taps per pixel, a flat image, a digit."""
    verdicts = ("1, 2 or 4 taps:\na checkerboard,\neven where all\nweights are equal",
                "4 taps for all, but\n"
                "a different 4 for each\nof four neighbours:\nflat if they balance",
                "the same 9 taps\nfor all: no pattern,\nwhatever the weights")
    axes = canvas(44, 41)
    head(axes, 0, 0, "Where the checkerboard comes from, and how to avoid it",
         "Odena, Dumoulin and Olah, Deconvolution and Checkerboard Artifacts, Distill 2016")
    for left, title in ((9.5, "Taps that reach each pixel"),
                        (21.5, "A flat image, a random kernel"),
                        (33.5, "A digit, three random layers")):
        axes.text(left + 5, 4.2, title, ha="center", weight="bold", fontsize=11)
    for number, (name, row) in enumerate(rows.items()):
        top = 4.8 + 12.3 * number
        head(axes, 0, top + 2.2, name.capitalize(), verdicts[number])
        cells(axes, row["taps"], 9.5, top, hue=PALETTE[0], largest=1.1 * row["taps"].max())
        below(axes, 14.5, top + 10, f"standard deviation / mean: {row['unevenness']:.2f}")
        flat = row["flat"] / np.sqrt((row["flat"]**2).mean())
        axes.imshow(flat, cmap="PuOr", vmin=-2, vmax=2, extent=(21.5, 31.5, top + 10, top))
        below(axes, 26.5, top + 10, f"pattern's share, median of 200: {row['pattern']:.2f}")
        axes.imshow(row["digit"], cmap="gray_r", extent=(33.5, 43.5, top + 10, top))
        frame(axes, 33.5, top, 10, LIGHT, 0.8)
    return axes.figure


# ---- drawing in units of a cell, from the top left ----

def canvas(width, height, inches=0.27):
    """Bare axes that fill a figure of `width` x `height` cells."""
    _, axes = new_figure(width=(width + 1) * inches, height=(height + 1) * inches,
                         layout="none", gridspec_kw=dict(left=0, right=1, bottom=0, top=1))
    axes.set(xlim=(-0.5, width + 0.5), ylim=(height + 0.5, -0.5), autoscale_on=False)
    axes.axis("off")
    return axes


def cells(axes, matrix, left, top, title="", *, hue=GREY, strength=None, largest=None):
    """Draw a matrix as cells with their numbers.

    hue: a colour, or an array with one for each cell. strength: how much of it, 0 to 1; unless
    given, the number's share of `largest`.
    """
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle
    if strength is None:
        strength = 0.15 + 0.85 * abs(matrix) / (largest or abs(matrix).max())
    strength = np.broadcast_to(strength, matrix.shape)
    axes.text(left + matrix.shape[1] / 2, top - 0.4, title, ha="center", weight="bold")
    texts = [f"{value:.3g}" for value in matrix.flat]
    fontsize = 8.5 if max(map(len, texts)) < 4 else 7
    for ((row, column), value), text in zip(np.ndenumerate(matrix), texts):
        full = np.array(to_rgb(hue[row, column] if isinstance(hue, np.ndarray) else hue))
        color = 1 - strength[row, column] * (1 - full) if value else to_rgb(EMPTY)
        dark = np.dot(color, (0.3, 0.6, 0.1)) < 0.55
        axes.add_patch(Rectangle((left + column, top + row), 1, 1, facecolor=color,
                                 edgecolor="white", linewidth=1))
        axes.text(left + column + 0.5, top + row + 0.52, text, ha="center", va="center",
                  fontsize=fontsize, color="white" if dark else "#222222" if value else "#999999")


def by_tap(matrix):
    """A colour for each tap of a kernel whose weights are 1, 2, 3 ..."""
    from matplotlib import colormaps
    return colormaps["viridis"](matrix / matrix.max())


def head(axes, left, top, title, text):
    axes.text(left, top, title, fontsize=12, weight="bold", va="top")
    axes.text(left, top + 1.1, text, fontsize=9, color=GREY, va="top", linespacing=1.4)


def below(axes, middle, top, text):
    axes.text(middle, top + 0.3, text, ha="center", va="top", fontsize=9, color=GREY)


def sign(axes, x, y, text, size=16):
    axes.text(x, y, text, ha="center", va="center", fontsize=size, color=GREY)


def frame(axes, left, top, size, color, linewidth):
    from matplotlib.patches import Rectangle
    axes.add_patch(Rectangle((left, top), size, size, fill=False, edgecolor=color,
                             linewidth=linewidth))

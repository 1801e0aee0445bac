"""Single images as batches and back, and matrices side by side as text."""
from tinygen.backend import to_numpy, xp


def batch(image):
    """An image as the ops take it.  (H, W) -> (1, 1, H, W), float64"""
    return xp.asarray(image, dtype=xp.float64)[None, None]


def plane(images):
    """A batch of one image as a NumPy array.  (1, 1, H, W) -> (H, W)"""
    return to_numpy(images)[0, 0]


def beside(matrices):
    """Matrices side by side as text, each under its title; zeros as dots."""
    columns = []
    for title, matrix in matrices.items():
        cells = [[f"{value:.3g}" if value else "." for value in row] for row in matrix]
        width = max(len(cell) for row in cells for cell in row)
        lines = [title, *(" ".join(cell.rjust(width) for cell in row) for row in cells)]
        columns.append([line.ljust(max(map(len, lines))) for line in lines])
    height = max(map(len, columns))
    columns = [column + [" " * len(column[0])] * (height - len(column)) for column in columns]
    return "".join("  " + "    ".join(line).rstrip() + "\n" for line in zip(*columns, strict=True))

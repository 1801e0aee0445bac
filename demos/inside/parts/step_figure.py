"""The figures of the steps of a backward pass: the graph, the rule, the numbers.

Matplotlib is imported at first use.
"""
from demos.common.figures import PALETTE, pyplot
from tinygen.backend import np
from tinygen.study.text import bar, written

WIDTH, HEIGHT = 12.8, 7.2   # inches
GRAPH, SOURCE, NUMBERS = (0.1, 2.6), (2.85, 5.6), (8.65, 4.1)  # left ends and widths
TOP, BOTTOM = 1.0, 0.15
CELL, TITLE, GAP = 0.42, 0.25, 0.15  # side of a number's square, at most; above and between them
SIGNS = "#6FAEDB", "#FFFFFF", "#F2B95F"  # below 0, 0, above
REACHED, INK, SOFT, DERIVATION = "#FBD9AE", "#1D2530", "#5B6673", "#00734D"
LARGEST, SMALLEST, WIDE = 8.0, 5.6, 0.64  # points of the source; a letter's width by its height


def plot_steps(graph, steps):
    """Yield a figure for each step."""
    from tinygen.study.graph_figure import arrange
    whole = arrange(graph)
    for step in steps:
        yield plot_step(graph, whole, step)


def plot_step(graph, whole, step):
    """whole: the boxes of the graph, arranged."""
    figure = pyplot().figure(figsize=(WIDTH, HEIGHT), layout="none")
    module = graph.nodes[step.number].module
    title = f"Step {step.count - step.number} of {step.count}: {step.op}"
    figure.text(0.15 / WIDTH, 1 - 0.42 / HEIGHT, title + (f", in {module}" if module else ""),
                size=14, weight="bold")
    called = ", ".join(filter(None, [*step.names, step.settings_text]))
    figure.text(SOURCE[0] / WIDTH, 1 - 0.78 / HEIGHT, shortened(f"y = {step.op}({called})", 88),
                size=8.5, family="DejaVu Sans Mono")
    plot_place(panel(figure, *GRAPH), whole, step)
    plot_source(panel(figure, *SOURCE), step.source)
    plot_numbers(figure, step)
    return figure


def panel(figure, left, width):
    """Axes over the height of the figure, without a frame, that measure in inches."""
    height = HEIGHT - TOP - BOTTOM
    axes = figure.add_axes((left / WIDTH, BOTTOM / HEIGHT, width / WIDTH, height / HEIGHT))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return axes


def plot_place(axes, whole, step):
    """The graph, as large as it fits: where the walk is, and what it has reached."""
    from tinygen.study.graph_figure import plot_boxes
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    scale = min(1.0, width / whole.width, height / whole.height)
    axes.set(xlim=(0, width / scale), ylim=(height / scale, 0))

    def look(box):
        if step.number in box.nodes:
            return dict(facecolor=PALETTE[4], edgecolor=PALETTE[1], linewidth=2)
        reached = box.nodes[-1] > step.number
        return dict(facecolor=REACHED if reached else "#FFFFFF", linewidth=0.9 * scale)
    plot_boxes(axes, whole, look, scale=0.96 * scale, x=(width / scale - whole.width) / 2)


def plot_source(axes, source):
    """The rule, its comments in green; what does not fit is left out."""
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    lines = source.rstrip().splitlines()
    longest = max(map(len, lines))
    size = min(LARGEST, 72 * width / (WIDE * longest), 72 * height / (1.3 * len(lines)))
    size = max(SMALLEST, size)
    room = int(72 * height / (1.3 * size))
    if len(lines) > room:
        lines = [*lines[:room - 1], f"... and {len(lines) - room + 1} more lines"]
    style = dict(size=size, family="DejaVu Sans Mono", va="top")
    for row, line in enumerate(lines):
        code, _, comment = line.partition("# ")
        y = row * 1.3 * size / 72
        axes.text(0, y, code, color=INK, **style)
        if comment:
            axes.text(0, y, " " * len(code) + "# " + comment, color=DERIVATION, **style)


def plot_numbers(figure, step):
    """A row for the output, and one for each input: its numbers, its gradient, the differences."""
    rows = [[(f"y  {step.output.shape}", step.output), ("ȳ", step.g)]]
    for name, x, gradient, difference in zip(step.names, step.inputs, step.gradients,
                                             step.differences):
        if hasattr(x, "shape"):
            gradients = [] if gradient is None else [
                (f"{bar(name)} by backward", gradient), ("by differences", difference)]
            rows.append([(f"{name}  {x.shape}", x), *gradients])
    width = NUMBERS[1] / 3
    shapes = [as_rows(columns[0][1]).shape for columns in rows]
    room = HEIGHT - TOP - BOTTOM - len(rows) * (TITLE + GAP)
    lines = sum(height for height, _ in shapes)
    top = HEIGHT - TOP
    for columns, (height, length) in zip(rows, shapes):
        cell = min(CELL, (width - GAP) / length, room / lines)
        for column, (title, matrix) in enumerate(columns):
            plot_matrix(figure, NUMBERS[0] + column * width, top - TITLE, cell, title, matrix)
        top -= TITLE + height * cell + GAP


def as_rows(array):
    return np.asarray(array, dtype=float).reshape(-1, array.shape[-1] if array.ndim else 1)


def plot_matrix(figure, left, top, cell, title, array):
    """A heat map with cells of this size, and its numbers where there is room for them."""
    from matplotlib.colors import LinearSegmentedColormap
    rows = as_rows(array)
    axes = figure.add_axes((left / WIDTH, (top - cell * rows.shape[0]) / HEIGHT,
                            cell * rows.shape[1] / WIDTH, cell * rows.shape[0] / HEIGHT))
    largest = np.nanmax(np.abs(rows), initial=0) or 1
    axes.imshow(rows, LinearSegmentedColormap.from_list("signs", SIGNS), vmin=-largest,
                vmax=largest, aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set(visible=True, color=SOFT, linewidth=0.6)
    axes.set_title(title, fontsize=7, fontweight="normal", pad=3)
    if cell > 0.2:
        numbers = written(rows.astype(array.dtype), decimals=2 if largest >= 0.1 else 3)
        for i, row in enumerate(numbers):
            for j, number in enumerate(row):
                axes.text(j, i, number, size=min(7, 19 * cell), ha="center", va="center", color=INK)


def shortened(text, length):
    return text if len(text) <= length else text[:length - 4] + " ..."

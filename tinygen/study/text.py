"""A step of the backward pass as a page of text."""
from tinygen.backend import np

FULL = 64   # numbers, at most, in an array that is shown whole
CORNER = 4  # rows and columns of others
BAR = "\u0304"
LISTED = 4  # pairs of gradient and finite difference, where only some were taken


def page(step):
    """What print(step) shows: the op, its source, and its numbers."""
    title = f"Step {step.count - step.number} of {step.count}: {step.op}, op {step.number}"
    called = ", ".join(filter(None, [*step.names, step.settings_text]))
    parts = [f"{title}\n{'=' * len(title)}", step.source.rstrip(), f"y = {step.op}({called})",
             _beside({_titled("y", step.output): matrix(step.output),
                      "ȳ, the cotangent of y": matrix(step.g)})]
    for i, name in enumerate(step.names):
        if step.inputs[i] is not None:
            parts += _input(step, i, name)
    return "\n\n".join(parts) + "\n"


def _input(step, i, name):
    """The parts of the page about one input."""
    x, given, gradient, difference = (
        step.inputs[i], step.given[i], step.gradients[i], step.differences[i])
    origin = f"from op {given.node}" if given.node is not None else given.name
    columns = {f"{_titled(name, x)}, {origin}" if hasattr(x, "shape") else name: matrix(x)}
    if gradient is None:
        return [_beside(columns)]
    columns[f"{bar(name)} by backward"] = matrix(gradient)
    taken = () if difference is None else np.argwhere(np.isfinite(difference))
    whole = difference is not None and len(taken) == difference.size
    if whole:
        columns[f"{bar(name)} by differences"] = matrix(difference)
    if not np.array_equal(gradient, step.totals[i]):
        columns[f"{bar(name)} in total so far"] = matrix(step.totals[i])
    if difference is None:
        return [_beside(columns)]
    if difference.size and not len(taken):
        return [f"{_beside(columns)}\n  {bar(name)}: no finite difference could be taken"]
    apart = np.nanmax(np.abs(gradient - difference), initial=0)
    verdict = f"  {bar(name)}: backward and differences are at most {apart:.1e} apart"
    if whole:
        return [f"{_beside(columns)}\n{verdict}"]
    lines = [f"{verdict}, at {len(taken)} of {difference.size:,} elements, such as"]
    lines += [f"    {str(tuple(map(int, at))):<18} backward {gradient[tuple(at)]:10.3g}   "
              f"differences {difference[tuple(at)]:10.3g}" for at in taken[:LISTED]]
    return [_beside(columns) + "\n" + "\n".join(lines)]


def bar(name):
    """What stands for ∂L/∂x: x̄."""
    return name[0] + BAR + name[1:] if len(name) == 1 or "[" in name else f"∂L/∂{name}"


def matrix(x):
    """An array as lines of numbers; of a large one, a corner. Leading axes are stacked."""
    if not hasattr(x, "shape"):
        return [f"{x:.4g}" if isinstance(x, float) else str(x)]
    rows = x.reshape(-1, x.shape[-1]) if x.ndim and x.size else x.reshape(1, -1)
    if x.size > FULL:
        rows = rows[:CORNER, :CORNER]
    cells = [row + ["..."] * (x.size > FULL and x.shape[-1] > CORNER) for row in written(rows)]
    width = max((len(cell) for row in cells for cell in row), default=0)
    lines = [" ".join(cell.rjust(width) for cell in row) for row in cells]
    return lines + ["..."] * (x.size > FULL and x.size > rows.size)


def written(rows, decimals=4):
    """The numbers of a matrix as text, with up to so many decimals, where that shows enough."""
    if rows.dtype.kind != "f":
        return [[str(value) for value in row] for row in rows]
    largest = np.abs(rows).max(initial=0)
    if not (largest == 0 or 10 ** (1 - decimals) <= largest < 1e5):
        return [[f"{value:.{decimals - 2}e}" for value in row] for row in rows]
    rows = rows.round(decimals) + 0.0  # no -0
    fewest = next(d for d in range(decimals + 1) if d == decimals or (rows == rows.round(d)).all())
    return [[f"{value:.{fewest}f}" for value in row] for row in rows]


def _titled(name, x):
    return f"{name} {x.shape}" if x.ndim else name


def _beside(columns):
    """Columns side by side: {title: lines}"""
    blocks = [[title, *lines] for title, lines in columns.items()]
    height = max(map(len, blocks))
    widths = [max(map(_width, block)) for block in blocks]
    blocks = [[line + " " * (width - _width(line)) for line in block + [""] * (height - len(block))]
              for block, width in zip(blocks, widths)]
    return "\n".join("  " + "    ".join(row).rstrip() for row in zip(*blocks))


def _width(line):
    return len(line.replace(BAR, ""))  # which stands above a letter

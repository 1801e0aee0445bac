"""The figure of a graph."""
import functools
import math

import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from tinygen.study.boxes import boxes
from tinygen.study.layout import layout

FONT = "DejaVu Sans"  # comes with matplotlib, so that text fits its box everywhere
LARGE, SMALL = 9, 7.5  # points
INK, SOFT, LINE, EDGE = "#1D2530", "#5B6673", "#6B7681", "#C5CDD6"
FRAMES = "#F5F7F9", "#EBEFF3", "#E1E7ED"  # from the outermost to the innermost
NORMS = LinearSegmentedColormap.from_list("norms", ["#FFFFFF", "#FCE3C4", "#F5A65B"])
# Lengths in inches, as in tinygen.study.layout.
PAD, LINE_HEIGHT, SPACE = 0.1, 0.155, 0.07
LEGEND_WIDTH, LEGEND_HEIGHT = 4.4, 0.45


def draw_graph(graph, path, fold):
    """What Graph.draw does."""
    whole, colour = arrange(graph, fold), Colours(graph)
    width, height = max(whole.width, LEGEND_WIDTH), whole.height + LEGEND_HEIGHT
    figure = plt.figure(figsize=(width, height), layout="none", facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    plot_boxes(axes, whole, lambda box: dict(facecolor=colour(box.gradient)),
               x=(width - whole.width) / 2)
    colour.plot_legend(axes, width / 2, whole.height + 0.12)
    if path is not None:
        figure.savefig(path)
    return figure


def arrange(graph, fold=None):
    """The graph's boxes in their places, in one frame."""
    whole = boxes(graph, fold)
    consumers = {node: [] for box in whole.leaves() for node in box.nodes}
    for node in graph.nodes:
        for given in node.inputs:
            source = given.node if given.leaf is None else -1 - given.leaf
            if source in consumers:
                consumers[source].append(node.number)
    for box in whole.leaves():
        widths = [_heading_width(box), *(text_width(text, SMALL) for text in box.below)]
        box.width = max(widths) + 2 * PAD
        box.height = LINE_HEIGHT * (1 + len(box.below)) + PAD
        leaving = [node for node in box.nodes if set(consumers[node]) - set(box.nodes)]
        box.exits = {node: box.width * (i + 1) / (len(leaving) + 1)
                     for i, node in enumerate(leaving)}
    layout(whole, consumers, _heading_width)
    return whole


class Colours:
    """A colour for the norm of a gradient, by its logarithm between the graph's extremes."""

    def __init__(self, graph):
        norms = [node.gradient for node in graph.nodes if 0 < node.gradient < math.inf]
        self.low, self.high = min(norms, default=1.0), max(norms, default=1.0)

    def __call__(self, norm):
        if not 0 < norm < math.inf:
            return "#FFFFFF"
        span = math.log(self.high / self.low) or 1.0
        return NORMS(math.log(norm / self.low) / span)

    def plot_legend(self, axes, middle, y):
        """The scale, a line high, around the middle."""
        text = "norm of the gradient at a box's output"
        bar, low, high = 0.8, f"{self.low:.2g}", f"{self.high:.2g}"
        parts = [text_width(text, SMALL), text_width(low, SMALL), bar, text_width(high, SMALL)]
        x = middle - (sum(parts) + 4 * SPACE) / 2
        style = dict(size=SMALL, family=FONT, color=SOFT, va="center_baseline")
        axes.text(x, y + 0.06, text, **style)
        x += parts[0] + 2 * SPACE
        axes.text(x, y + 0.06, low, **style)
        x += parts[1] + SPACE
        for i in range(40):
            axes.add_patch(plt.Rectangle((x + bar * i / 40, y), bar / 40 + 0.005, 0.12,
                                         color=NORMS(i / 39), linewidth=0))
        axes.add_patch(plt.Rectangle((x, y), bar, 0.12, fill=False, edgecolor=EDGE, linewidth=0.8))
        axes.text(x + bar + SPACE, y + 0.06, high, **style)


def plot_boxes(axes, frame, look, x=0.0, y=0.0, scale=1.0, depth=0):
    """Draw what is in a frame, and around it the frame unless it is the outermost.

    x, y: its left upper corner. look: a function of a box -> how its patch differs. scale: of the
    text, in axes that do not show an inch as an inch.
    """
    pen = _Pen(axes, scale)
    if depth:
        pen.patch(frame, x, y, 10 + depth, dict(facecolor=FRAMES[min(depth, 3) - 1],
                                                edgecolor=EDGE))
        pen.heading(frame, x + PAD, y + 0.15, SOFT)
    for corners, arrow in frame.lines:
        pen.line([(x + a, y + b) for a, b in corners], arrow)
    for child in frame.children:
        if child.children:
            plot_boxes(axes, child, look, x + child.x, y + child.y, scale, depth + 1)
        else:
            pen.box(child, x + child.x, y + child.y, look(child))


class _Pen:
    """Draws boxes and lines on axes."""

    def __init__(self, axes, scale):
        self.axes, self.scale = axes, scale

    def box(self, box, x, y, look):
        self.patch(box, x, y, 30, look)
        middle, line = x + box.width / 2, y + (PAD + LINE_HEIGHT) / 2
        self.heading(box, middle - _heading_width(box) / 2, line, INK)
        for text in box.below:
            line += LINE_HEIGHT
            self.text(middle, line, text, SMALL, SOFT, ha="center", va="center_baseline")

    def heading(self, box, x, y, colour):
        self.text(x, y + 0.045, box.title, LARGE, colour, weight="bold")
        self.text(x + text_width(box.title, LARGE, "bold") + SPACE, y + 0.045, box.text, SMALL,
                  colour)

    def text(self, x, y, text, size, colour, **style):
        self.axes.text(x, y, text, size=size * self.scale, color=colour, family=FONT, zorder=40,
                       **style)

    def patch(self, box, x, y, zorder, look):
        look = {"edgecolor": INK, "linewidth": 0.9, **look}
        self.axes.add_patch(FancyBboxPatch(
            (x, y), box.width, box.height, boxstyle="round,pad=0,rounding_size=0.06",
            zorder=zorder, **look))

    def line(self, corners, arrow):
        (x, start), (_, y), (end_x, end_y), (_, end) = corners
        half = (y + end_y) / 2
        path = Path([(x, start), (x, y), (x, half), (end_x, half), (end_x, end_y), (end_x, end)],
                    [Path.MOVETO, Path.LINETO, *[Path.CURVE4] * 3, Path.LINETO])
        self.axes.add_patch(PathPatch(path, facecolor="none", edgecolor=LINE, zorder=20,
                                      linewidth=1.1 * self.scale))
        if arrow:
            tip = [(end_x - 0.045, end - 0.09), (end_x + 0.045, end - 0.09), (end_x, end)]
            self.axes.add_patch(plt.Polygon(tip, color=LINE, linewidth=0, zorder=20))


def _heading_width(box):
    return text_width(box.title, LARGE, "bold") + text_width(box.text, SMALL) + \
        SPACE * bool(box.text)


@functools.lru_cache(maxsize=None)
def text_width(text, size, weight="normal"):
    """Its width in inches, with a little to spare for what rendering rounds up."""
    font = FontProperties(family=FONT, size=size, weight=weight)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return 1.03 * width / 72

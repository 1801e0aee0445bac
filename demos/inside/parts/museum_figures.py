"""The figure of an exhibit: both losses, and the meter that tells them apart."""
from demos.common.figures import PALETTE, new_figure
from tinygen.backend import np

HEALTHY, BROKEN = PALETTE[0], PALETTE[1]
WINDOW = 24  # steps in a mean of the loss
CODE = dict(size=9, family="DejaVu Sans Mono", va="top", ha="left")
LINE = 0.19  # inches of a line of code


def plot_exhibit(visit):
    """The mistake in its lines; left the losses, right the readings of the meter."""
    exhibit = visit.exhibit
    lines = exhibit.mistake.lines
    head = 0.45 + LINE * len(lines) + 0.1
    height = head + 3.4
    figure, (left, right) = new_figure(1, 2, width=10.5, height=height)
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - head / height))
    figure.text(0.012, 1 - 0.12 / height, exhibit.title, size=14, weight="bold", va="top")
    for row, line in enumerate(lines):
        figure.text(0.012, 1 - (0.48 + LINE * row) / height, line,
                    color=HEALTHY if line[0] == "-" else BROKEN, **CODE)
    for name, course, colour, width in (("healthy", visit.healthy, HEALTHY, 3.4),
                                        ("broken", visit.broken, BROKEN, 1.6)):
        steps, losses = np.transpose(course.losses)
        left.plot(steps, losses, color=colour, linewidth=0.6, alpha=0.25)
        left.plot(steps, smoothed(losses), color=colour, linewidth=width, label=name)
        right.plot(*np.transpose(course.readings), color=colour, linewidth=width, label=name)
    left.set(title="Loss", xlabel="step")
    right.set(title=exhibit.meter[0].upper() + exhibit.meter[1:], xlabel="step")
    if exhibit.log:
        right.set_yscale("log")
    for axes in (left, right):
        axes.margins(x=0)
    left.legend()
    return figure


def smoothed(values):
    """The mean of up to WINDOW values, up to each."""
    total = np.cumsum(np.concatenate([[0.0], values]))
    end = np.arange(1, len(values) + 1)
    start = np.maximum(0, end - WINDOW)
    return (total[end] - total[start]) / (end - start)

"""The flight recorder's figure: its panels, its labels, and single steps."""
import pytest

from demos.gans.parts import flight_figures
from demos.gans.parts.flight import METERS
from demos.gans.parts.flight_figures import plot_flight
from tinygen.backend import np

STEPS = range(200)


def history(steps=STEPS, **changes):
    """All meters at 0.5, but for the changes: values that stay for all steps."""
    values = {**dict.fromkeys(METERS, 0.5), **changes}
    return {name: [(step, value) for step in steps] for name, value in values.items()}


def test_the_figure_has_a_panel_for_each_meter_and_labels_apart():
    counted = history() | {"modes": [(0, 0), (99, 4), (199, 8)]}
    figure = plot_flight(counted, modes=8, title="seed 0")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["What D says", "Losses", "Gradient norms", "Modes covered"]
    assert figure.axes[0].get_ylim() == (-0.04, 1.04) and figure.axes[2].get_yscale() == "log"
    same = {"d_loss": 0.7, "g_loss": 0.7, "d_grad": 0.0, "d_real": 3.0, "d_fake": -2.0}
    figure = plot_flight(history(**same, diversity=0.5), probabilities=False)
    assert figure.axes[0].get_ylim()[1] > 3 and figure.axes[0].get_title(loc="left") != titles[0]
    for axes in figure.axes[:3]:
        first, second = (label.xy[1] for label in axes.texts)
        assert abs(first - second) > 0.12  # of the panel's height: a line of text


def test_strong_lines_are_means_over_a_fiftieth():
    values = np.random.default_rng(0).standard_normal(200)
    smooth = flight_figures._smooth(values)
    assert smooth.shape == values.shape and smooth[100] == pytest.approx(values[98:102].mean())
    assert flight_figures._smooth(np.full(7, 3.0)) == pytest.approx(3)


def test_a_single_step_has_a_figure():
    assert len(plot_flight(history(steps=[0])).axes) == 3


def test_a_missing_meter_is_named():
    broken = history()
    del broken["g_grad"]
    with pytest.raises(ValueError, match="g_grad missing; pass each to run.log"):
        plot_flight(broken)


@pytest.mark.parametrize("low, high", [(0.2, 0.9), (0.2, 4), (0.05, 20), (1e-3, 1e3), (1e-12, 1e5)])
def test_ticks_of_gradient_norms_are_few_and_apart(low, high):
    uneven = history() | {"g_grad": [(step, low if step < 100 else high) for step in STEPS]}
    figure = plot_flight(uneven | {"d_grad": uneven["g_grad"]})
    figure.canvas.draw()
    axes, height = figure.axes[2], figure.axes[2].bbox.height
    heights = [label.get_window_extent().y0 for label in axes.get_yticklabels(which="both")
               if label.get_text() and 0 <= label.get_window_extent().y1 - axes.bbox.y0 <= height]
    assert 2 <= len(heights) <= 7
    assert min(np.diff(sorted(heights))) > 0.13 * height  # a line of text

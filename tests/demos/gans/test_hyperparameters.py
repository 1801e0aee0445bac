"""The cells of hyperparameters: their training, their order, and what the demo refuses."""
import math
from types import SimpleNamespace

import pytest

from demos.gans import hyperparameters
from demos.gans.hyperparameters import Cell, Outcomes, log, train, trains, verdict
from demos.gans.parts.hyperparameters_figures import plot_turns
from demos.gans.parts.steps import discriminator_step, generator_step
from tinygen.backend import np


def test_a_cell_that_diverges_is_an_outcome():
    outcome = train(Cell("non-saturating", 0, 1e30, 1e30), steps=5, batch=8)
    assert verdict(outcome) == "diverged" and not trains(outcome)
    assert outcome["points"].shape[1] == 2


def test_a_cell_is_the_same_each_time():
    cell = Cell("wasserstein", 3, 2e-3, 8e-3, d_steps=2)
    first, second = train(cell, steps=6, batch=8), train(cell, steps=6, batch=8)
    assert np.array_equal(first["points"], second["points"])
    other = train(Cell("wasserstein", 4, 2e-3, 8e-3, d_steps=2), steps=6, batch=8)
    assert not np.array_equal(first["points"], other["points"])


def test_maps_go_row_by_row_from_the_bottom():
    cfg = SimpleNamespace(lrs=(1e-3, 1e-2), losses=("wasserstein",), seeds=2, turns=(1, 4))
    plan = hyperparameters.plan_maps(cfg, 5)
    assert list(plan) == [("wasserstein", 5), ("wasserstein", 6), "turns"]
    assert [(cell.g_lr, cell.d_lr) for cell in plan["wasserstein", 6]] == [
        (1e-3, 1e-3), (1e-2, 1e-3), (1e-3, 1e-2), (1e-2, 1e-2)]
    assert [(cell.g_steps, cell.d_steps) for cell in plan["turns"]] == [
        (1, 1), (4, 1), (1, 4), (4, 4)]


@pytest.mark.parametrize("loss, penalty", [("wasserstein", hyperparameters.PENALTY),
                                           ("non-saturating", 0)])
def test_all_cells_take_the_same_number_of_steps(loss, penalty, monkeypatch):
    taken = []

    def counted(step):
        def counting(*args, **settings):
            taken.append((step.__name__, settings.get("penalty")))
            return step(*args, **settings)
        return counting

    for step in (discriminator_step, generator_step):
        monkeypatch.setattr(hyperparameters, step.__name__, counted(step))
    train(Cell(loss, 0, 1e-3, 1e-3, d_steps=3, g_steps=1), steps=8, batch=4)
    turn = 3 * [("discriminator_step", penalty)] + [("generator_step", None)]
    assert taken == 4 * turn


def test_log_says_whether_all_is_finite():
    history = {}
    assert log(history, 0, loss=1.0) and not log(history, 1, loss=math.nan, other=1.0)
    assert [step for step, _ in history["loss"]] == [0, 1]


def test_what_trains_has_modes_and_quality():
    least = {"modes": hyperparameters.MODES_FROM, "quality": hyperparameters.QUALITY_FROM}
    assert trains(least)
    assert not trains({**least, "modes": least["modes"] - 1})
    assert not trains({**least, "quality": least["quality"] - 0.01})


def test_cells_of_different_lengths_are_not_mixed():
    kept = Outcomes(10)
    kept.rows.append({"modes": 8})
    again = Outcomes(10)
    again.load_state_dict(kept.state_dict())
    assert again.rows == kept.rows
    with pytest.raises(ValueError, match="this run's cells have 10 steps, not 20"):
        Outcomes(20).load_state_dict(kept.state_dict())


def test_a_cell_is_as_bright_as_its_modes_times_its_quality():
    found = [(1, 1.0), (8, 0.5), (0, 0.0), (4, 0.5)]
    outcomes = [{"modes": modes, "quality": quality, "said": "Healthy: "}
                for modes, quality in found]
    axes = plot_turns(outcomes, SimpleNamespace(turns=(1, 4)), trains, verdict).axes[0]
    assert axes.images[0].get_array().ravel().tolist() == [0.125, 0.5, 0, 0.25]
    assert [text.get_text() for text in axes.texts[:2]] == ["1 mode\n100%\nhealthy",
                                                            "8 modes\n50%\nhealthy"]

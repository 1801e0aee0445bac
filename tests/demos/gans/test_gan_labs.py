"""What vanishing_gradients and hyperparameters measure by: gradients, divergences, cells."""
import math
from types import SimpleNamespace

import pytest

import tinygen as tg
from demos.gans import hyperparameters, vanishing_gradients
from demos.gans.hyperparameters import Cell, Outcomes, log, train, trains, verdict
from demos.gans.parts import vanishing_figures
from demos.gans.parts.flight import grad_norm
from demos.gans.parts.steps import discriminator_step, generator_step
from models.gan import non_saturating_loss, saturating_loss
from models.parts import noise
from tinygen import to_numpy
from tinygen.backend import np


@pytest.fixture
def players(rng):
    return vanishing_gradients.new_players(rng)


def test_the_generators_gradient_is_what_backward_gives(players, rng):
    generator, discriminator = players
    z = noise(16, 2, rng=rng)
    found = vanishing_gradients.g_gradient(generator, discriminator, saturating_loss, z)
    saturating_loss(discriminator(generator(z))).backward(inputs=list(generator.parameters()))
    assert found == pytest.approx(grad_norm(generator.parameters()), rel=1e-5)


def test_a_sure_discriminator_takes_only_the_saturating_gradient(players, rng):
    generator, discriminator = players
    z = noise(16, 2, rng=rng)
    bias = list(discriminator.parameters())[-1]
    before, after = [], []
    for norms, shift in ((before, 0), (after, -10)):
        bias.data += shift
        norms += [vanishing_gradients.g_gradient(generator, discriminator, loss, z)
                  for loss in (saturating_loss, non_saturating_loss)]
    assert after[0] < before[0] * 1e-3 and after[1] > before[1]


def test_noise_of_gradients_falls_with_the_batch(players, rng):
    small, large = [vanishing_gradients.gradient_noise(*players, non_saturating_loss, batch, rng)
                    for batch in (8, 512)]
    assert 0 < 3 * large < small


def test_js_runs_from_nothing_to_log_2():
    assert vanishing_figures.js(-math.log(4)) == 0
    assert vanishing_figures.js(0) == pytest.approx(math.log(2))


def test_the_line_goes_through_two_modes_and_the_middle(players):
    _, discriminator = players
    scores = vanishing_figures.along_line(discriminator)
    middle = np.abs(vanishing_figures.LINE).argmin()
    with tg.no_grad():
        expected = to_numpy(discriminator(tg.Tensor(np.zeros((1, 2), np.float32))).data)
    assert scores.shape == vanishing_figures.LINE.shape
    assert scores[middle] == pytest.approx(expected[0], abs=1e-5)


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


def test_maps_go_row_by_row_from_below():
    cfg = SimpleNamespace(lrs=(1e-3, 1e-2), losses=("wasserstein",), seeds=2, turns=(1, 4))
    plan = hyperparameters.plan_maps(cfg, 5)
    assert list(plan) == [("wasserstein", 5), ("wasserstein", 6), "turns"]
    assert [(cell.g_lr, cell.d_lr) for cell in plan["wasserstein", 6]] == [
        (1e-3, 1e-3), (1e-2, 1e-3), (1e-3, 1e-2), (1e-2, 1e-2)]
    assert [(cell.g_steps, cell.d_steps) for cell in plan["turns"]] == [
        (1, 1), (4, 1), (1, 4), (4, 4)]


@pytest.mark.parametrize("loss, penalty", [("wasserstein", hyperparameters.PENALTY),
                                           ("non-saturating", 0)])
def test_cells_take_as_many_steps_whoever_takes_them(loss, penalty, monkeypatch):
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


@pytest.mark.parametrize("demo, argv, words", [
    (hyperparameters, "--losses hinge", "--losses: there are saturating, non-saturating"),
    (hyperparameters, "--lrs 0.002 nan", "--lrs above 0 and finite; got 1 4 and 0.002 nan"),
    (hyperparameters, "--turns 0", "--turns are at least 1"),
    (hyperparameters, "--seeds 0", "--seeds is above 0; got 0"),
    (vanishing_gradients, "--penalty nan", "--penalty is above 0; got nan"),
    (vanishing_gradients, "--starts 0", "--starts is above 0; got 0")])
def test_bad_options_are_one_line(demo, argv, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        demo.main(["--preset", "smoke", "--out", str(tmp_path), *argv.split()])
    message = capsys.readouterr().err
    assert end.value.code == 2 and words in message and message.count("\n") == 1


def test_cells_of_another_length_are_not_mixed():
    kept = Outcomes(10)
    kept.rows.append({"modes": 8})
    again = Outcomes(10)
    again.load_state_dict(kept.state_dict())
    assert again.rows == kept.rows
    with pytest.raises(ValueError, match="the cells of this run have 10 steps, now it is 20"):
        Outcomes(20).load_state_dict(kept.state_dict())

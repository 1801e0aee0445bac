"""The flight recorder: each verdict on made-up histories, on both sides of each threshold."""
import math

import pytest

import tinygen as tg
from demos.gans.parts import flight
from demos.gans.parts.flight import diagnose, diversity, grad_norm
from tinygen.backend import np, xp

STEPS = np.arange(200)


def history(**changes):
    """A healthy run of 200 steps; each change is a number, or one for each step."""
    noise = np.random.default_rng(0).standard_normal((6, len(STEPS)))
    meters = {"d_real": 0.6 + 0.02 * noise[0], "d_fake": 0.4 + 0.02 * noise[1],
              "d_loss": 1.2 + 0.1 * noise[2], "g_loss": 0.9 + 0.1 * noise[3],
              "d_grad": np.exp(0.3 * noise[4]), "g_grad": np.exp(0.3 * noise[5]), **changes}
    return {name: list(zip(STEPS.tolist(), (values + 0.0 * STEPS).tolist()))
            for name, values in meters.items()}


def at_end(value, before=0.0, share=0.1):
    """`before`, and `value` in the last tenth of the steps."""
    return np.where(STEPS >= (1 - share) * (len(STEPS) - 1), value, before)


def expect(verdict, *words, probabilities=True, **changes):
    sentence = diagnose(history(**changes), probabilities=probabilities)
    assert sentence.startswith(verdict + ": ") and sentence.endswith(".")
    for word in words:
        assert word in sentence, sentence


def test_a_run_in_balance_is_healthy():
    expect("Healthy", "D(x) 0.60 and D(G(z)) 0.39")
    assert "6 of 8 modes" in diagnose(history() | {"modes": [(0, 0), (199, 6)]}, modes=8)
    assert "0.90 times as diverse" in diagnose(history(diversity=0.9))


WON = {"d_real": at_end(0.99, 0.5), "d_fake": at_end(0.01, 0.5)}


def test_saturated_is_a_discriminator_that_won_and_left_no_gradient():
    fallen = at_end(0.001, 1.0)
    expect("Saturated", "D(x) 0.99 and D(G(z)) 0.01", "fell from 1 to 0.001", **WON, g_grad=fallen)
    expect("Healthy", **WON)  # the non-saturating loss keeps its gradient
    expect("Healthy", g_grad=fallen)
    expect("Healthy", **WON, g_grad=fallen, probabilities=False)  # a critic's scores of 0.99, 0.01


@pytest.mark.parametrize("meter, just_saturated, just_not", [
    ("d_real", flight.REAL_ABOVE + 0.001, flight.REAL_ABOVE),
    ("d_fake", flight.FAKE_BELOW - 0.001, flight.FAKE_BELOW),
    ("g_grad", 0.99 / flight.GRADIENT_FALL, 1.01 / flight.GRADIENT_FALL)])
def test_each_threshold_of_saturation_decides(meter, just_saturated, just_not):
    others = {**WON, "g_grad": at_end(0.001, 1.0)}
    expect("Saturated", **{**others, meter: at_end(just_saturated, 1.0)})
    expect("Healthy", **{**others, meter: at_end(just_not, 1.0)})


def covered(*values):
    """A history whose modes were counted now and then."""
    return history() | {"modes": list(zip(range(0, 200, 199 // (len(values) - 1)), values))}


@pytest.mark.parametrize("values, modes, words", [
    ((0, 2, 2), 8, "Collapsed: 2 of 8 modes in the last 10 % of the run."),
    ((0, 3, 3), 8, "Collapsed: 3 of 8"), ((0, 4, 4), 8, "Healthy"),
    ((0, 12, 12), 25, "Collapsed: 12 of 25"), ((0, 13, 13), 25, "Healthy"),
    ((0, 8, 5), 8, "Collapsed: 5 of 8 modes in the last 10 % of the run, after 8 at step 99."),
    ((0, 8, 6), 8, "Healthy"), ((0, 7, 3), None, "Collapsed: 3 modes"),
    ((0, 3, 3), None, "Healthy")])
def test_collapsed_is_few_modes_or_fewer_than_before(values, modes, words):
    assert diagnose(covered(*values), modes=modes).startswith(words)


@pytest.mark.parametrize("modes, quality, words", [
    (0, 0.0, "Escaped: 100 % of the samples lie outside all modes in the last 10 % of the run."),
    (3, 0.49, "Escaped: 51 % of the samples"), (3, 0.5, "Collapsed: 3 of 8"),
    (1, 0.97, "Collapsed: 1 of 8"), (4, 0.1, "Healthy")])
def test_escaped_is_few_modes_and_few_samples_in_them(modes, quality, words):
    end = {"modes": [(0, 0), (199, modes)], "quality": [(0, 0.9), (199, quality)]}
    assert diagnose(history() | end, modes=8).startswith(words)
    assert diagnose(history() | end).startswith("Healthy")  # few of how many, nobody said


def test_a_low_diversity_is_a_collapse():
    expect("Collapsed", "samples 0.29 times as diverse",
           diversity=at_end(flight.DIVERSITY_ABOVE - 0.01, 1.0))
    expect("Healthy", diversity=at_end(flight.DIVERSITY_ABOVE, 0.1))


@pytest.mark.parametrize("loss, player", [("d_loss", "discriminator"), ("g_loss", "generator")])
def test_each_threshold_of_divergence_decides(loss, player):
    spike = np.where(STEPS == 195, 1.0, 0.0)
    swing = np.where(STEPS % 2, 0.5, -0.5)
    growth = at_end(1.0, 0.0)
    for pattern, limit, words in ((spike, flight.LOSS_BELOW, "reaches"),
                                  (growth, flight.LOSS_GROWTH, "times its size"),
                                  (swing, flight.LOSS_SWING, "swings between")):
        expect("Diverged", f"the {player}'s loss", words, **{loss: 1.02 * limit * pattern})
        expect("Healthy", **{loss: 0.98 * limit * pattern})


def test_growth_is_relative_to_the_first_half():
    expect("Healthy", g_loss=at_end(-300.0, -5.0))
    expect("Diverged", "grown to -600, 120 times its size", g_loss=at_end(-600.0, -5.0))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_not_finite_is_named(value):
    expect("Diverged", f"g_grad is {value} at step 5.", g_grad=np.where(STEPS == 5, value, 1.0))


def test_only_the_end_counts():
    expect("Healthy", g_loss=np.where(STEPS < 100, 900 * (-1.0) ** STEPS, 1.0), **{
        "d_real": at_end(0.6, 1.0), "d_fake": at_end(0.4, 0.0), "g_grad": at_end(1.0, 1e-9)})


def test_a_missing_meter_is_named():
    broken = history()
    del broken["g_grad"]
    with pytest.raises(ValueError, match="g_grad missing; pass each to run.log"):
        diagnose(broken)


def test_a_single_step_has_a_diagnosis():
    assert diagnose({name: points[:1] for name, points in history().items()}).startswith("Healthy")


def test_grad_norm_takes_all_gradients_as_one_vector():
    p, q, unused = (tg.Tensor(xp.zeros(2), requires_grad=True) for _ in range(3))
    (3 * p).sum().backward()
    (4 * q[0]).sum().backward()
    assert grad_norm(iter([p, q, unused])) == pytest.approx(math.sqrt(9 + 9 + 16))
    with pytest.raises(ValueError, match="no parameter has a gradient; call backward"):
        grad_norm([unused])


def test_diversity_is_relative_to_the_data(rng):
    real = rng.standard_normal((50, 1, 4, 4))
    assert diversity(xp.asarray(real), real) == pytest.approx(1)
    assert diversity(0.2 * real + 5, real) == pytest.approx(0.2)
    assert diversity(np.ones((9, 1, 4, 4)), real) == pytest.approx(0, abs=1e-6)
    x = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    assert diversity(x, np.array([[0.0], [1.0]])) == pytest.approx(10 / 3)
    with pytest.raises(ValueError, match="needs at least two images of each kind; got 1"):
        diversity(real[:1], real)

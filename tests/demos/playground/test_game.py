"""The room Game: its steps are the demos' own, its arrows gradients, and its rules act at once."""
import copy
from dataclasses import asdict, replace

import pytest

from demos.gans.parts.modes import covered
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.playground.rooms import game as room
from demos.playground.rooms.game_players import KEPT, Game, Meter, Rules, centres_along, divergence
from models.gan import LOSSES, sample
from models.parts import noise
from tests.demos.playground.conftest import numbers
from tinygen import no_grad
from tinygen.backend import np, to_numpy, xp
from tinygen.data import RING_CENTRES, STD, ring
from tinygen.data.toys import scatter

SMALL = Rules(batch=8, d_units=8, g_units=8, g_layers=1)


def begun(rules=SMALL):
    """A new game; two of the same rules are the same."""
    game = Game()
    game.begin(rules, "ring")
    return game


@pytest.fixture
def game():
    return begun()


def weights(module):
    return {name: to_numpy(p.data).copy() for name, p in module.named_parameters()}


@pytest.mark.parametrize("loss, penalty, pack", [
    ("non-saturating", 0, 1), ("least squares", 0, 3), ("wasserstein", 2.0, 2)])
def test_a_step_is_the_demos_own(loss, penalty, pack):
    game, twin = (begun(replace(SMALL, loss=loss, penalty=penalty, pack=pack)) for _ in range(2))
    d_loss, g_loss = LOSSES[loss]
    count, rng = SMALL.batch * pack, twin.rng
    for _ in range(2):
        game.step("discriminator")
        x, z = xp.asarray(ring(count, rng)), noise(count, 2, rng=rng)
        meters = discriminator_step(twin.generator, twin.discriminator, twin.d_optimizer, d_loss,
                                    x, z, penalty=penalty, rng=rng)
        game.step("generator")
        meters |= generator_step(twin.generator, twin.discriminator, twin.g_optimizer, g_loss,
                                 noise(count, 2, rng=rng))
    for mine, its in ((game.generator, twin.generator), (game.discriminator, twin.discriminator)):
        for name, value in weights(its).items():
            np.testing.assert_array_equal(weights(mine)[name], value)
    for name, value in meters.items():
        assert game.log[name].points[-1][1] == float(to_numpy(value))
    assert game.steps == {"discriminator": 2, "generator": 2}


def test_a_player_moves_itself_alone_and_looking_moves_nobody(game):
    twin = begun()
    for player, other in (("discriminator", "generator"), ("generator", "discriminator")):
        before = {each: weights(getattr(game, each)) for each in (player, other)}
        game.step(player)
        twin.step(player)
        assert any((weights(getattr(game, player))[name] != value).any()
                   for name, value in before[player].items())
        for name, value in before[other].items():
            np.testing.assert_array_equal(weights(getattr(game, other))[name], value)
    room.seen(game)
    game.step("generator")
    twin.step("generator")
    for name, value in weights(twin.generator).items():
        np.testing.assert_array_equal(weights(game.generator)[name], value)


@pytest.mark.parametrize("loss, pack", [(loss, 1) for loss in LOSSES] + [("non-saturating", 2)])
def test_an_arrow_is_the_way_in_which_the_loss_of_a_fake_falls(game, loss, pack):
    game.follow(replace(SMALL, loss=loss, pack=pack))
    game.discriminator.astype("float64")
    fakes = np.random.default_rng(0).normal(size=(12, 2))
    pulls = to_numpy(game.pulls(xp.asarray(fakes)))

    def total(x):  # of all fakes, each pack's loss by itself
        with no_grad():
            scores = game.discriminator(xp.asarray(x))
            return sum(float(to_numpy(LOSSES[loss][1](score[None]))) for score in scores)

    for i, axis in ((0, 0), (5, 1), (11, 0)):
        h = np.zeros_like(fakes)
        h[i, axis] = 1e-6
        slope = (total(fakes + h) - total(fakes - h)) / 2e-6
        assert pulls[i, axis] == pytest.approx(-slope, rel=1e-5, abs=1e-9)


def test_the_picture_and_the_count_are_of_these_players(game):
    picture = game.picture()
    with no_grad():
        fakes = to_numpy(game.generator(game.z))
        scores = to_numpy(game.discriminator(game.lattice))
    np.testing.assert_array_equal(picture["fakes"], fakes)
    np.testing.assert_allclose(picture["field"].ravel(), scores, rtol=1e-5, atol=1e-6)
    # A generator of points around the first of the centres only.
    last = game.generator.layers[-1]
    last.weight.data[:] = 0.01 * xp.sign(last.weight.data)
    last.bias.data[:] = xp.asarray(RING_CENTRES[0])
    points = sample(game.generator, 2500, rng=copy.deepcopy(game.eyes))
    game.count()
    modes, quality = covered(points, RING_CENTRES)
    assert game.log["modes"].points[-1] == (0, modes) and modes == 1
    assert game.log["quality"].points[-1] == (0, quality) and quality > 0.5


def test_divergence_is_0_for_equal_and_1_bit_for_disjoint():
    a = scatter("ring", RING_CENTRES[:4], 4000, np.random.default_rng(0))
    b = scatter("ring", RING_CENTRES[4:], 4000, np.random.default_rng(1))
    assert divergence(a, a, 2.8) == 0 and divergence(a, b, 2.8) == pytest.approx(1)
    both = [np.concatenate([a, a]), np.concatenate([a, b])]  # (1, 0) and (1/2, 1/2) over the two
    expected = (np.log2(4 / 3) + 0.5 * np.log2(2 / 3) + 0.5 * np.log2(2)) / 2
    assert divergence(*both, 2.8) == pytest.approx(expected)


def test_players_take_turns(game):
    game.follow(replace(SMALL, d_steps=2, g_steps=3))
    turns = [game.next_player()[0] for _ in range(10)]
    assert "".join(turns) == "ddgggddggg"
    game.follow(replace(SMALL, d_steps=0, g_steps=0))
    with pytest.raises(ValueError, match="neither player has a step"):
        game.play(1)


def test_rules_act_at_once_and_only_a_changed_network_is_new(game):
    d, g = game.discriminator, game.generator
    game.follow(replace(SMALL, d_rate=0.5, g_rate=0.25, loss="least squares", penalty=3))
    assert game.discriminator is d and game.generator is g
    assert (game.d_optimizer.lr, game.g_optimizer.lr) == (0.5, 0.25)
    game.follow(replace(SMALL, pack=2))
    assert game.discriminator is not d and game.generator is g
    d = game.discriminator
    assert d.config.pack == 2
    game.follow(replace(SMALL, pack=2, latents=1))
    assert game.discriminator is d and game.generator is not g
    assert game.picture()["grid"].shape[0] == 1
    game.play(2)


def test_drawn_points_become_the_data():
    dot, line = np.array([[0.5, 0.25]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    np.testing.assert_allclose(centres_along([dot], 2.0), [[0, 1]])
    centres = centres_along([line], 2.0)
    np.testing.assert_allclose(centres[:, 1], -2)
    np.testing.assert_allclose(np.diff(np.sort(centres[:, 0])), 4 / (len(centres) - 1), rtol=1e-4)
    many = [np.random.default_rng(i).random((50, 2)) for i in range(60)]
    assert len(centres_along(many, 2.0)) <= 150
    game = Game()
    game.take_data("drawn", [dot])
    points = game.sample_data(500, game.rng)
    assert abs(points - game.centres[0]).max() < 6 * STD
    with pytest.raises(ValueError, match="draw some points"):
        game.begin(SMALL, "drawn")


def test_what_diverges_is_told_and_a_new_game_begins(get, ask):
    wild = asdict(replace(SMALL, loss="wasserstein", optimizer="SGD", d_rate=1.0, g_rate=1.0))
    for _ in range(100):
        found = get("game", "play", most=100, **wild)
        if found["over"]:
            break
    assert found["over"] and found["said"].startswith("Diverged: ") and not found["picture"]
    assert get("game", "play", most=5, **wild)["steps"] == found["steps"]
    found = get("game", "begin", toy="grid", strokes=[], seed=0, **asdict(SMALL))
    assert not found["over"] and found["picture"]
    assert len(numbers(found["centres"])) == 25 and 0 < found["floor"] < 0.2
    found = get("game", "step", player="generator", **asdict(SMALL))
    assert found["steps"] == {"discriminator": 0, "generator": 1} and found["last"] == "generator"


def test_a_meter_keeps_few_values_evenly():
    meter = Meter()
    for step in range(10_000):
        meter.add(step, -step)
    steps = np.array(meter.points)[:, 0]
    assert KEPT / 2 <= len(steps) <= KEPT and len(set(np.diff(steps))) == 1
    assert all(value == -step for step, value in meter.points)


def test_the_digits_discriminator_judges_in_company(models, get):
    pixels = get("game", "example", index=3)["pixels"]
    found = get("game", "judge", pixels=pixels["data"], seed=4)
    x = models.images.x_test[3:4]
    rng = np.random.default_rng(4)
    others = models.images.x_test[rng.choice(len(models.images.x_test), room.COMPANY)]
    gan = models["gan_digits"]

    def score(image):
        with no_grad():
            return to_numpy(gan.discriminator(xp.asarray(np.concatenate([image, others]))))[0]

    assert found["yours"]["real"] == pytest.approx(float(score(x)), abs=1e-3)
    gradient = numbers(found["gradient"])
    h = 1e-2 * np.random.default_rng(0).choice([-1, 1], x.shape).astype(np.float32)
    slope = (score(x + h) - score(x - h)) / 2
    assert (gradient * h[0, 0]).sum() == pytest.approx(float(slope), rel=0.05, abs=1e-4)
    assert len(numbers(found["others"]["generated"])) == room.COMPANY


def test_the_game_goes_on_in_the_page(visit):
    page = visit("game")
    steps = "document.querySelector('#game-flow small').textContent"
    first = page.until(steps)
    page.until(f"{steps} !== {first!r}")  # it plays by itself
    page.evaluate("document.querySelector('#game-play').click()")
    page.rest()

    def picture():
        page.rest()
        return page.evaluate("document.querySelector('#game .plane canvas').toDataURL()")

    still = picture()
    assert picture() == still
    for button in ("d", "g"):
        before, told = picture(), page.evaluate(steps)
        page.evaluate(f"document.querySelector('#game-{button}-step').click()")
        page.until(f"{steps} !== {told!r}")
        page.until("document.querySelector('#game .plane canvas').toDataURL() !== "
                   f"{before!r}")
    page.evaluate("document.querySelector('#game-data input[value=drawn]').click()")
    page.rest()
    chart = "document.querySelector('#game-quality .chart canvas').getAttribute('aria-label')"
    assert page.evaluate(chart).startswith("Points of the drawing covered")
    begun, heart = page.evaluate(steps), picture()
    page.drag("#game canvas.pad", (0.1, 0.1), (0.9, 0.1))
    assert picture() != heart
    page.press("Backspace")
    assert page.evaluate(steps) == begun  # other data, the same players

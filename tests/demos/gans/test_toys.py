"""The toys of the GAN demos: films that survive a checkpoint, and pictures."""
import pytest

from demos.common.figures import new_figure
from demos.gans.parts.toys import (
    FRAMES,
    SIDE,
    TOYS,
    Film,
    field,
    lattice,
    plot_points,
    reach,
    spread,
    zoom,
)
from models.gan import Config, MLPDiscriminator, MLPGenerator
from models.parts import noise
from tinygen import checkpoint
from tinygen.backend import np, to_numpy, xp

CENTRES = TOYS["ring"][1]


@pytest.fixture
def players(rng):
    config = Config(2, (2,), pack=2)
    return MLPGenerator(config, (8,), rng=rng), MLPDiscriminator(config, (8,), rng=rng)


def test_a_film_is_shot_at_its_steps_and_comes_back_from_a_checkpoint(players, rng, tmp_path):
    film = Film(noise(5, 2, rng=rng), CENTRES, [0, 2])
    for step in range(4):
        film.shoot(step, *players)
    assert film.steps == [0, 2]
    checkpoint.save(tmp_path / "film.npz", film.state_dict())
    again = Film(film.z, CENTRES, [0, 2, 3])
    again.load_state_dict(checkpoint.load(tmp_path / "film.npz"))
    again.shoot(3, *players)
    assert again.steps == [0, 2, 3]
    assert film.steps == [0, 2]  # the two share no list
    for mine, other in zip(film.points + film.fields, again.points[:2] + again.fields[:2]):
        assert np.array_equal(mine, other)
    assert np.array_equal(again.points[-1], to_numpy(players[0](film.z)))


def test_a_film_has_a_frame_for_each_picture(players, rng):
    film = Film(noise(5, 2, rng=rng), CENTRES, [1, 3])
    for step in range(4):
        film.shoot(step, *players)
    titles = [frame.axes[0].get_title("left") for frame in film.frames("ring")]
    assert titles == ["ring, step 2", "ring, step 4"]


@pytest.mark.parametrize("total", [1, 8, 3000])
def test_shots_lie_in_the_run_and_reach_its_end(total):
    shots = spread(total)
    assert shots[0] == 0 and shots[-1] == total - 1
    assert len(shots) == FRAMES and shots == sorted(shots)


def test_the_field_packs_copies_of_a_point_and_leaves_the_mode_as_it_was(players):
    where = lattice(CENTRES)
    scores = field(players[1], where)
    assert scores.shape == (SIDE ** 2,) and players[1].training
    pairs = xp.concatenate([where[:3], where[:3]], axis=1)
    assert scores[:3] == pytest.approx(to_numpy(players[1].layers(pairs).data)[:, 0], abs=1e-6)


def test_the_lattice_runs_row_by_row_from_the_bottom():
    where, edge = to_numpy(lattice(CENTRES)), reach(CENTRES)
    assert where[0] == pytest.approx([-edge, -edge]) and where[-1] == pytest.approx([edge, edge])
    assert where[SIDE - 1] == pytest.approx([edge, -edge])
    assert edge > np.abs(CENTRES).max()


def test_points_are_coloured_by_whether_they_count():
    axes = new_figure()[1]
    plot_points(axes, np.array([[2.1, 0], [2.2, 0], [0, 2], [0, 0]], "float32"), CENTRES)
    bad, good = (line.get_xydata().tolist() for line in axes.lines)
    assert good == [pytest.approx([2.1, 0]), [0, 2]] and bad == [pytest.approx([2.2, 0]), [0, 0]]


@pytest.mark.parametrize("most, others, times", [
    (0.1, 0.1, 1), (0.99, 9, 1), (1.01, 1.01, 2), (1.99, 1.99, 2), (2.01, 2.01, 4), (1.01, 3.9, 4),
    (1e6, 1e6, 2 ** 20), (np.inf, 1, 1), (np.nan, 1, 1), (1.5, np.inf, 2)])
def test_a_picture_is_zoomed_out_if_most_samples_lie_outside(most, others, times):
    points = np.zeros((100, 2))
    points[:60, 1], points[60:98, 0] = -most * reach(CENTRES), others * reach(CENTRES)
    points[98:] = 1e9  # a few astray do not count
    assert zoom(points, CENTRES) == times
    axes = new_figure()[1]
    plot_points(axes, points.astype("float32"), CENTRES)
    edge = times * reach(CENTRES)
    assert axes.get_xlim() == axes.get_ylim() == pytest.approx((-edge, edge))
    assert [text.get_text() for text in axes.texts] == (
        [f"zoomed out {times:g} times"] if times > 1 else [])

"""The road scenes: they show what the curvature says."""
from demos.gans.parts.roads import (
    HORIZON,
    SCENE,
    WIDTH,
    draw_roads,
    with_curvature,
    without_curvature,
)
from tinygen.backend import np


def darkest_column(scenes):
    """Where the road is in the rows below the horizon: the mean place of the darkest pixels."""
    rows = scenes[:, 0, HORIZON:HORIZON + 4]
    weight = np.maximum(rows.max(axis=2, keepdims=True) - rows, 0) ** 4
    return (weight * np.arange(WIDTH)).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))


def test_a_bend_moves_the_far_end_of_the_road_to_its_side(rng):
    scenes, curvature = draw_roads(600, rng)
    assert scenes.shape == (600, *SCENE) and scenes.dtype == curvature.dtype == np.float32
    assert 0 <= scenes.min() and scenes.max() <= 1 and np.abs(curvature).max() <= 1
    place = darkest_column(scenes)
    assert place[curvature > 0.5].mean() > place[np.abs(curvature) < 0.3].mean() + 1
    assert place[curvature < -0.5].mean() < place[np.abs(curvature) < 0.3].mean() - 1
    assert np.corrcoef(place, curvature)[0, 1] > 0.7


def test_the_same_seed_draws_the_same_scenes():
    first, again = (draw_roads(5, np.random.default_rng(1)) for _ in range(2))
    assert all(map(np.array_equal, first, again))


def test_a_sheet_holds_a_scene_and_its_curvature(rng):
    scenes, curvature = draw_roads(7, rng)
    sheets = with_curvature(scenes, curvature)
    assert sheets.dtype == np.float32 and 0 <= sheets.min() and sheets.max() <= 1
    same, told = without_curvature(sheets)
    assert np.array_equal(same, scenes)
    np.testing.assert_allclose(told, curvature, atol=1e-6)

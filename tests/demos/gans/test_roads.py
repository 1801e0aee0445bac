"""Road scenes show their curvature."""
from demos.gans.parts.roads import (
    HORIZON,
    SCENE,
    WIDTH,
    road_scenes,
    with_curvature,
    without_curvature,
)
from tinygen.backend import np


def darkest_column(scenes):
    """Where the road is just below the horizon: the mean column of the darkest pixels."""
    rows = scenes[:, 0, HORIZON:HORIZON + 4]
    weight = np.maximum(rows.max(axis=2, keepdims=True) - rows, 0) ** 4
    return (weight * np.arange(WIDTH)).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))


def test_a_bend_moves_the_far_end_of_the_road_to_its_side(rng):
    scenes, curvature = road_scenes(600, rng)
    assert scenes.shape == (600, *SCENE) and scenes.dtype == curvature.dtype == np.float32
    assert 0 <= scenes.min() and scenes.max() <= 1 and np.abs(curvature).max() <= 1
    column = darkest_column(scenes)
    assert column[curvature > 0.5].mean() > column[np.abs(curvature) < 0.3].mean() + 1
    assert column[curvature < -0.5].mean() < column[np.abs(curvature) < 0.3].mean() - 1
    assert np.corrcoef(column, curvature)[0, 1] > 0.7


def test_the_same_seed_gives_the_same_scenes():
    first, again = (road_scenes(5, np.random.default_rng(1)) for _ in range(2))
    assert all(map(np.array_equal, first, again))


def test_a_sheet_holds_a_scene_and_its_curvature(rng):
    scenes, curvature = road_scenes(7, rng)
    sheets = with_curvature(scenes, curvature)
    assert sheets.dtype == np.float32 and 0 <= sheets.min() and sheets.max() <= 1
    same, told = without_curvature(sheets)
    assert np.array_equal(same, scenes)
    np.testing.assert_allclose(told, curvature, atol=1e-6)

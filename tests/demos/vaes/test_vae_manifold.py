"""The demo vae_manifold: its sheet of codes, its options."""
import json
from statistics import NormalDist

import pytest

from demos.vaes import vae_manifold
from tinygen.backend import np, to_numpy


@pytest.mark.parametrize("side", [1, 2, 20])
def test_a_sheet_goes_in_steps_of_equal_probability(side):
    z = to_numpy(vae_manifold.prior_grid(side)).reshape(side, side, 2)
    u = (np.arange(side) + 0.5) / side
    cdf = np.vectorize(NormalDist().cdf)
    np.testing.assert_allclose(cdf(z[0, :, 0]), u, atol=1e-6)
    np.testing.assert_allclose(cdf(z[:, 0, 1]), u[::-1], atol=1e-6)  # upwards
    assert (z[..., 0] == z[:1, :, 0]).all() and (z[..., 1] == z[:, :1, 1]).all()


def test_the_sheets_axes_carry_round_values_of_z_at_their_places(rng):
    axes = vae_manifold.plot_manifold(rng.random((36, 1, 4, 4))).axes[0]
    for axis in axes.xaxis, axes.yaxis:
        marks = dict(zip((label.get_text() for label in axis.get_ticklabels()),
                         axis.get_ticklocs()))
        assert marks["0"] == 3 and marks["1"] == pytest.approx(6 * 0.8413, abs=1e-3)


def test_colour_images_of_ones_own(tmp_path, rng, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("own.npz", x=rng.random((120, 3, 12, 12), dtype="float32"), y=np.zeros(120, int))
    assert vae_manifold.main("--data own.npz --preset smoke --batch 8 --out o".split()) == 0
    result = json.loads((tmp_path / "o" / "result.json").read_text(encoding="utf-8"))
    assert result["data"] == "own.npz" and np.isfinite(result["metrics"][0]["value"])

"""What the rooms Draw and Code space compute, beside the engine's own and finite differences."""
import base64
import copy

import pytest

from models import vae
from models.autoencoder import loss
from tests.demos.playground.conftest import numbers
from tinygen import no_grad
from tinygen.backend import np, to_numpy, xp


@pytest.fixture
def digit(models, get):
    """A test image, as it is sent, and as the server reads it."""
    pixels = get("draw", "example", index=5)["pixels"]
    x = numbers(pixels).reshape(1, 1, 28, 28).astype(np.float32) / 255
    np.testing.assert_allclose(x[0], models.images.x_test[5], atol=0.5 / 255 + 1e-6)
    return pixels["data"], x


def test_codes_images_and_errors_are_the_models_own(models, get, digit):
    pixels, x = digit
    answer, network = get("draw", "look", pixels=pixels), models["autoencoder"].model
    with no_grad():
        code = to_numpy(network.encode(xp.asarray(x)))
        rebuilt = to_numpy(network(xp.asarray(x)))
        error = float(to_numpy(loss(network, xp.asarray(x))))
        mean, _ = models["vae_manifold"].model.encode(xp.asarray(x))
    np.testing.assert_allclose(numbers(answer["code"]), code[0], rtol=1e-5, atol=1e-6)
    images = numbers(answer["images"])
    np.testing.assert_allclose(images[0] / 255, rebuilt[0], atol=0.5 / 255 + 1e-6)
    assert answer["errors"][0] == pytest.approx(error, rel=1e-5)
    again = to_numpy(vae.reconstruct(models["vae"].model, xp.asarray(x)))
    np.testing.assert_allclose(images[2] / 255, again[0], atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(numbers(answer["mean"]), to_numpy(mean)[0], rtol=1e-5, atol=1e-6)
    # Of all linear codes of this size, PCA's has the smallest error on the training images.
    pca, seen = models.data.pca, models.images.x_train
    other = np.linalg.qr(np.random.default_rng(0).standard_normal((784, 16)))[0]
    flat = seen.reshape(len(seen), -1) - pca.mean
    worse = ((flat - flat @ other @ other.T) ** 2).mean()
    assert ((pca.decode(pca.encode(seen, 16)) - seen) ** 2).mean() < worse


@pytest.mark.parametrize("of", [None, 0, 15])
def test_the_heat_map_is_the_gradient(models, get, of):
    """Beside the central difference along a random direction, in float64."""
    grey = np.random.default_rng(0).integers(50, 200, (28, 28), np.uint8)  # x ± h is an image, too
    pixels, x = base64.b64encode(grey.tobytes()).decode(), grey[None, None] / np.float32(255)
    answer = get("draw", "heat", pixels=pixels, of=of)
    name = "vae" if of is None else "autoencoder"
    network = copy.deepcopy(models[name].model).astype("float64")

    def value(x):
        with no_grad():
            if of is not None:
                return float(to_numpy(network.encode(xp.asarray(x)))[0, of])
            eps = xp.zeros((1, network.config.latent_size))
            return float(to_numpy(sum(vae.elbo_terms(network, xp.asarray(x), eps))))

    direction = np.random.default_rng(1).standard_normal(x.shape)
    h = 1e-6 * direction
    slope = (value(x + h) - value(x - h)) / 2e-6
    assert answer["value"] == pytest.approx(value(x.astype(float)), rel=1e-4, abs=1e-5)
    assert (numbers(answer["gradient"]) * direction[0, 0]).sum() == pytest.approx(slope, rel=1e-3)


def test_a_training_image_is_its_own_neighbour(models, get):
    x = models.images.x_train[17]
    pixels = base64.b64encode(np.rint(255 * x).astype(np.uint8).tobytes()).decode()
    for found in get("draw", "similar", pixels=pixels).values():
        np.testing.assert_array_equal(numbers(found["images"])[0], np.rint(255 * x[0]))
        assert found["classes"][0] == models.images.y_train[17]
        assert len(found["classes"]) == 6


def test_noise_comes_from_its_seed(get, digit):
    pixels, x = digit
    clean = get("draw", "denoise", pixels=pixels, noise=0, seed=1)
    np.testing.assert_array_equal(numbers(clean["images"])[0, 0], np.rint(255 * x[0, 0]))
    one, same, other = (get("draw", "denoise", pixels=pixels, noise=0.5, seed=seed)
                        for seed in (1, 1, 2))
    assert one == same != other
    assert one["errors"][0] == pytest.approx(0.25, rel=0.15) and clean["errors"][0] == 0


# ---- code space ----

def test_the_sheet_and_the_point_agree(models, get):
    plane = get("codes", "plane")
    side, edge, sheet = plane["side"], plane["edge"], numbers(plane["sheet"])
    for row, column, z in ((0, 0, [-edge, edge]), (0, side - 1, [edge, edge]),
                           (side - 1, 0, [-edge, -edge]), (side // 2, side // 2, [0, 0])):
        image = numbers(get("codes", "point", z=z)["image"]).astype(int)
        assert abs(image - sheet[row * side + column]).max() <= 1


def test_latents_are_sorted_and_each_ends_where_it_says(models, get):
    latents = get("codes", "latents")
    kl = models["vae"].kl
    assert sorted(latents["order"]) == list(range(len(kl)))
    np.testing.assert_allclose(latents["kl"], np.sort(kl)[::-1])
    z = np.linspace(-1, 1, len(kl)).tolist()
    images = numbers(get("codes", "decode", z=z)["images"]).astype(int)
    assert len(images) == 1 + 2 * len(kl)
    for number, (latent, end) in enumerate([(k, end) for k in range(len(kl)) for end in (-1, 1)]):
        moved = [end * latents["edge"] if k == latent else value for k, value in enumerate(z)]
        there = numbers(get("codes", "decode", z=moved)["images"])[0].astype(int)
        assert abs(images[1 + number] - there).max() <= 1


def test_a_code_of_another_size_is_refused(ask):
    status, answer = ask("codes", "decode", {"z": [0.0, 1.0]})
    assert status == 400 and "a code has 16 numbers, got 2" in answer["error"]


def test_the_way_leads_from_one_to_the_other(models, get, digit):
    first, x = digit
    second = get("codes", "example", index=6)["pixels"]["data"]
    answer = get("codes", "way", first=first, second=second, t=0.0)
    codes, pixels = numbers(answer["codes"]).astype(int), numbers(answer["pixels"]).astype(int)
    start = to_numpy(vae.reconstruct(models["vae"].model, xp.asarray(x)))[0, 0]
    assert abs(codes[0] - 255 * start).max() <= 1 and abs(codes[-1] - codes[0]).max() <= 1
    np.testing.assert_array_equal(pixels[0], np.rint(255 * x[0, 0]))
    np.testing.assert_array_equal(pixels[-1], pixels[0])
    back = get("codes", "way", first=second, second=first, t=1.0)
    assert abs(numbers(back["codes"]).astype(int)[-2] - codes[0]).max() <= 1
    np.testing.assert_allclose(back["z"], answer["z"], rtol=1e-4, atol=1e-5)

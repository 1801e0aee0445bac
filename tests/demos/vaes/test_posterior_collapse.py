"""The autoregressive VAE that collapses, its cures, and the meter that says so."""
import pytest

import tinygen as tg
from demos.vaes import posterior_collapse
from demos.vaes.parts.autoregressive import SIZE, AutoregressiveVAE, pixels_before, small_ink
from demos.vaes.parts.collapse_figures import active_latents, active_units
from demos.vaes.parts.elbo import Elbo, evaluate
from demos.vaes.posterior_collapse import Fix, weighed
from models import vae
from models.parts import noise
from models.vae import Config
from tinygen.backend import np, to_numpy, xp

SMALL = 4


def build(rng, skip=False, reach=None):
    return AutoregressiveVAE(Config(2, SMALL), 5, reach, skip, rng=rng)


def ink(rng, count=3):
    return (rng.random((count, 1, SMALL, SMALL)) > 0.5).astype("float32")


@pytest.mark.parametrize("skip", [False, True])
def test_gradient_of_the_loss_by_every_parameter(skip, rng):
    model = build(rng, skip).astype("float64")
    x, eps = xp.asarray(ink(rng).astype("float64")), noise(3, 2, rng=rng).astype("float64")
    tg.check_model_gradients(model, lambda: vae.loss(model, x, eps), order=1)


@pytest.mark.parametrize("reach", [None, 1])
def test_a_pixel_is_predicted_from_none_that_follow_it(reach, rng):
    """Else it could copy itself, and the loss would be no probability."""
    model, x, z = build(rng, reach=reach), ink(rng, 1), noise(1, 2, rng=rng)
    mean, logvar = model.encode(xp.asarray(x))
    model.encode = lambda x, y=None: (mean, logvar)  # the code stays, only the decoder's x changes
    with tg.no_grad():
        before = to_numpy(model(xp.asarray(x), z)[0]).ravel()
        for i in range(SMALL ** 2):
            changed = x.copy()
            changed.reshape(-1)[i] = 1 - changed.reshape(-1)[i]
            after = to_numpy(model(xp.asarray(changed), z)[0]).ravel()
            seen_by = np.flatnonzero(after != before)
            assert (seen_by > i).all()
            if reach:
                row, column = np.divmod(seen_by, SMALL)
                assert (abs(row - i // SMALL) <= 1).all() and (abs(column - i % SMALL) <= 1).all()


def test_every_pixel_before_is_seen():
    assert pixels_before(3).sum() == 9 * 8 / 2
    assert pixels_before(3, 1)[4].tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert pixels_before(3, 1)[8].tolist() == [0, 0, 0, 0, 1, 1, 0, 1, 0]


def test_draws_follow_the_probabilities_that_the_loss_is_made_of(rng):
    """All 16 images of 2x2 pixels: how often each is drawn against its p(x|z)."""
    config = Config(2, SMALL)
    model = AutoregressiveVAE(config, 5, rng=rng)
    model.before.weight.data *= 8
    z = xp.asarray(np.repeat(to_numpy(noise(1, 2, rng=rng)), 20_000, axis=0))
    drawn = model.draw(z, rng)
    model.encode = lambda x, y=None: (z, xp.full(z.shape, -100.0, "float32"))
    with tg.no_grad():
        logits = to_numpy(model(xp.asarray(drawn), xp.zeros_like(z))[0])
    expected = 1 / (1 + np.exp(-logits))  # of each pixel, given the pixels drawn before it
    error = (drawn - expected).mean(axis=0) * len(drawn) ** 0.5 / 0.5
    assert abs(error).max() < 4
    agree = ((drawn - expected) * (drawn.reshape(len(drawn), -1)[:, :1, None, None] - 0.5)).mean(0)
    assert abs(agree.reshape(-1)[1:]).max() < 0.01  # no trace of the first pixel is left over


def test_small_ink_is_ink_or_paper():
    x = np.zeros((1, 1, 28, 28), "float32")
    x[0, 0, 10:14, 6:8] = 0.9
    small = small_ink(x)
    assert small.shape == (1, 1, SIZE, SIZE)
    assert np.argwhere(small[0, 0]).tolist() == [[6, 4], [7, 4]]


def test_beta_rises_in_warm_up_only():
    kl, warm_up = xp.asarray(np.array([0.2, 0.8])), Fix("", warm_up=0.5, beta=2.0)
    assert [weighed(kl, done, warm_up).item() for done in (0, 0.25, 0.5, 0.9)] == [0, 1, 2, 2]
    assert weighed(kl, 0, Fix("")).item() == 1


def test_free_bits_leave_small_kl_alone():
    kl = tg.Tensor(xp.asarray(np.array([0.2, 0.8])))
    loss = weighed(kl, 0, Fix("", free_bits=0.5))
    assert loss.item() == pytest.approx(1.3)
    assert to_numpy(tg.grad(loss, kl)).tolist() == [0, 1]


def test_skips_bring_z_to_each_layer(rng):
    z = noise(3, 2, rng=rng)
    for skip in (False, True):
        model = build(rng, skip)
        model.layers[1].weight.data[:, :5] = 0  # nothing comes from the layer before
        logits = to_numpy(model.decode(z))
        assert np.allclose(logits[0], logits[1]) != skip


def test_the_counts_tell_latents_that_speak_from_those_that_do_not(rng):
    model = build(rng)
    for p in (model.mean.weight, model.mean.bias, model.logvar.weight, model.logvar.bias):
        p.data[0] = 0  # the first latent is the prior, whatever the image
    model.mean.weight.data[1] *= 5
    elbo = evaluate(model, ink(rng, 50), rng=rng)
    assert elbo.per_latent[0] == 0 and elbo.per_latent[1] > 0.01
    assert active_latents(elbo) == active_units(elbo) == 1
    wide = Elbo(5.0, np.array([0.02, 0.0]), np.zeros((4, 2)), np.zeros((4, 2)))
    assert active_latents(wide) == 1 and active_units(wide) == 0


@pytest.mark.parametrize(("argv", "words"), [
    (["--betas", "1", "-0.5"], "beta"), (["--latents", "0"], "latent_size"),
    (["--betas", "nan"], "beta"), (["--lr", "-1"], "lr")])
def test_bad_settings_are_one_line(argv, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        posterior_collapse.main([*argv, "--preset", "smoke", "--out", str(tmp_path)])
    message = capsys.readouterr().err
    assert stop.value.code == 2 and words in message and message.count("\n") == 1

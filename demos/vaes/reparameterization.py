"""The gradient of an expectation, by the reparameterization trick and by the score function.

A VAE needs the gradient of E f(z), z ~ N(mean, std²), with respect to mean and std. But z is
sampled, and a sample has no slope. There are two ways out, both right on average:

    score function   E f(z) ∇ log q(z)        needs only values of f, for any kind of z (REINFORCE)
    the trick        E ∇ f(mean + std·eps)    needs the slope of f, and z as a function of noise

The score function asks which draws did well and makes those likelier. With d latents it has a
single number, f, to tell all d of them apart, and what the others add to f is noise to each. The
trick asks f which way to go, for each latent by itself. So the variance of the score function grows
faster with d: its ratio to the trick's rises about as d², and about as d once a baseline is
subtracted from f, which leaves the mean as it is (the mean of f over the other draws: Kool et al.,
2019).

    python -m demos reparameterization                    10 s on two cores
    python -m demos reparameterization --data mnist-10k   the same

Expect all estimators to agree within their standard errors with each other and with the exact
gradient. The variance of the score function is 8 times the trick's at d = 1 and 11,000 times at
d = 128 (from d = 8 on the ratio grows as d to the power of 1.85); with a baseline 5 and 150 times
(0.92). For a VAE's digit with 20 latents it is 2,300 times, with the baseline 16. Fitting that
digit's code, -ELBO comes to 105 by the trick, to 106 with the baseline, and to 135 in as many steps
by the bare score: with few latents and many draws, a baseline makes up for a lot.

Williams, Simple statistical gradient-following algorithms (1992); Kingma and Welling,
Auto-encoding variational Bayes (2014).
"""
import tinygen as tg
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.vaes.parts.estimators import (
    ESTIMATORS,
    differences,
    single_draw_gradients,
    surrogate,
    total_variance,
)
from demos.vaes.parts.reparameterization_figures import plot_descent, plot_histograms, plot_variance
from models import vae
from models.parts import noise
from models.vae import Config, DenseVAE, reparameterize
from tinygen.backend import np, xp
from tinygen.data import load_images
from tinygen.optim import Adam

PRESETS = {
    "smoke": dict(steps=3, draws=500, dimensions=(1, 8), fit_steps=10),
    "default": dict(steps=300, latents=20, draws=8000, fit_steps=300,
                    dimensions=(1, 2, 4, 8, 16, 32, 64, 128)),
}
MEAN, LOGVAR = 0.5, -1.0  # of each latent of the quadratic
BATCH, HIDDEN = 128, 200
FIT_DRAWS = 8  # in each step that fits a code
RATES = (0.1, 0.03, 0.01, 0.003)  # learning rates of Adam; each estimator gets its best


@demo(PRESETS, data=("digits", "mnist-10k"))
def main(run):
    cfg = run.settings
    check_settings(cfg)
    config, images = Config(cfg.latents), load_images(run.data)

    # E |z|²/2, where the exact gradient is known.
    variance, errors = on_a_quadratic(cfg, run.rng)

    # The ELBO of a digit, as a function of its code's mean and logvar: what training a VAE needs.
    model = DenseVAE(config, HIDDEN, rng=run.rng)
    optimizer = Adam(model.parameters(), lr=3e-3)
    for step in run.steps(model=model, optimizer=optimizer):
        x = xp.asarray(images.x_train[epoch_batch(step, BATCH, len(images.x_train), run.seed)])
        loss = vae.loss(model, x, noise(BATCH, config.latent_size, rng=run.rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
    image = xp.asarray(images.x_test[:1])
    f = reconstruction_of(model, image)
    with tg.no_grad():
        mean, logvar = (head[0] for head in model.encode(image))
    gradients = {}
    for name in ESTIMATORS:
        eps = noise(cfg.draws, config.latent_size, rng=run.rng)
        gradients[name] = single_draw_gradients(f, mean, logvar, eps, name)
    curves = {name: best_descent(f, config.latent_size, name, run.rng, cfg.fit_steps)
              for name in ESTIMATORS}

    measure(run, variance, errors, gradients, curves)
    show(run, variance, gradients, curves)


def measure(run, variance, errors, gradients, curves):
    dimensions = np.array(run.settings.dimensions)
    ratios = {name: np.array(values) / variance["trick"] for name, values in variance.items()}
    run.print("\nf(z) = |z|²/2: variance of one draw's gradient, and its ratio to the trick's\n\n"
              "    d        trick        score  ratio   with baseline  ratio")
    for i, d in enumerate(dimensions):
        trick, score, baseline = (variance[name][i] for name in ESTIMATORS)
        run.print(f"{d:5}{trick:13.4g}{score:13.4g}{ratios['score'][i]:7.0f}{baseline:16.4g}"
                  f"{ratios['score, baseline'][i]:7.1f}")
    run.print("")
    for name in ESTIMATORS:
        run.measure(f"{name}: distance from the exact gradient, in standard errors, rms",
                    np.sqrt(np.mean(np.square(errors[name]))), at_most=1.3)
    for name, (low, high) in (("score", (1.5, 2.1)), ("score, baseline", (0.6, 1.1))):
        run.measure(f"{name}: variance ratio at d = {dimensions[-1]}", ratios[name][-1])
        large = dimensions >= 8
        if large.sum() > 1:
            power = np.polyfit(np.log(dimensions[large]), np.log(ratios[name][large]), 1)[0]
            run.measure(f"{name}: the ratio grows as d to the power of", power, at_least=low,
                        at_most=high)

    trick = gradients["trick"]
    for name in ESTIMATORS[1:]:
        run.measure(f"digit, {name}: distance from the trick's mean, in standard errors, rms",
                    np.sqrt(np.mean(differences(gradients[name], trick) ** 2)), at_most=1.4)
    for name, least in (("score", 100), ("score, baseline", 5)):
        run.measure(f"digit, {name}: variance ratio",
                    total_variance(gradients[name]) / total_variance(trick), at_least=least)
    reached = {name: end_of(losses) for name, (losses, _) in curves.items()}
    for name, least in (("score", reached["trick"] + 10), ("score, baseline", None)):
        run.measure(f"digit fitted by the {name}: -ELBO, nats", reached[name], at_least=least,
                    baseline=("trick", reached["trick"]))


def show(run, variance, gradients, curves):
    run.save_figure(plot_variance(run.settings.dimensions, variance), "variance",
                    "Variance of one draw's gradient of E |z|²/2, summed over all means and "
                    "logvars, against the number of latents. Both axes are logarithmic: a power of "
                    "d is a straight line.")
    strongest = np.abs(gradients["trick"].mean(axis=0)[:run.settings.latents]).argmax()
    run.save_figure(plot_histograms({name: g[:, strongest] for name, g in gradients.items()}),
                    "histograms", "The gradient of a digit's reconstruction error with respect to "
                    "one latent's mean, from one draw each, on one scale; heights fill the "
                    "panels. The vertical lines are means over all draws, which agree within their "
                    "standard errors.")
    run.save_figure(plot_descent(curves), "descent",
                    "One image's mean and logvar, fitted from the prior by Adam with "
                    f"{FIT_DRAWS} draws per step, each estimator at the best of {len(RATES)} "
                    "learning rates; lines are means of 10 steps. The directions are the same on "
                    "average; the progress is not.")


# ---- E |z|²/2 ----

def on_a_quadratic(cfg, rng):
    """Every estimator for every number of latents.

    -> variance of one draw's gradient: estimator -> a number for each of cfg.dimensions;
    error of the mean gradient, in standard errors: estimator -> a number for each parameter
    """
    variance = {name: [] for name in ESTIMATORS}
    errors = {name: [] for name in ESTIMATORS}
    for d in cfg.dimensions:
        mean, logvar = np.full(d, MEAN, np.float32), np.full(d, LOGVAR, np.float32)
        for name in ESTIMATORS:
            eps = noise(cfg.draws, d, rng=rng)
            g = single_draw_gradients(quadratic, xp.asarray(mean), xp.asarray(logvar), eps, name)
            variance[name].append(total_variance(g))
            standard_error = g.std(axis=0) / np.sqrt(len(g))
            errors[name].extend((g.mean(axis=0) - exact_gradient(mean, logvar)) / standard_error)
    return variance, errors


def quadratic(z):
    return 0.5 * (z * z).sum(axis=1)


def exact_gradient(mean, logvar):
    """E f = Σ (mean² + exp(logvar))/2, differentiated.  (d,), (d,) -> (2d,)"""
    return np.concatenate([mean, 0.5 * np.exp(logvar)])


# ---- the ELBO of a digit ----

def reconstruction_of(model, image):
    """f(z) = -log p(image|z), as a function of codes (N, d) -> (N,)"""
    def f(z):
        logits = model.decode(z)
        target = xp.broadcast_to(image, logits.shape)
        return tg.bce_with_logits(logits, target, reduction="none").sum(axis=(1, 2, 3))
    return f


def best_descent(f, size, estimator, rng, steps):
    """The descent whose learning rate ends lowest.  -> -ELBO at each step, the rate"""
    runs = [(descend(f, size, estimator, lr, rng, steps), lr) for lr in RATES]
    return min(runs, key=lambda run: end_of(run[0]))


def descend(f, size, estimator, lr, rng, steps):
    """Fit q = N(mean, exp(logvar)) to minimise E f(z) + KL(q || N(0, 1)), starting at the prior.

    -> the loss at each step, as estimated from its own draws, (steps,)
    """
    mean, logvar = tg.Tensor(xp.zeros(size, "float32")), tg.Tensor(xp.zeros(size, "float32"))
    optimizer = Adam([mean, logvar], lr=lr)
    losses = []
    for _ in range(steps):
        eps = noise(FIT_DRAWS, size, rng=rng)
        rows = [tg.broadcast_to(a, shape=eps.shape) for a in (mean, logvar)]
        kl = tg.kl_standard_normal(mean, logvar)
        loss = surrogate(f, *rows, eps, estimator).mean() + kl
        optimizer.zero_grad()
        loss.backward(inputs=[mean, logvar])
        optimizer.step()
        with tg.no_grad():
            losses.append((f(reparameterize(*rows, eps)).mean() + kl).item())
    return np.array(losses)


def end_of(losses):
    """The mean over the last tenth of the steps."""
    return losses[-max(1, len(losses) // 10):].mean()


def check_settings(cfg):
    if min(cfg.dimensions) < 1 or cfg.draws < 2 or cfg.fit_steps < 1:
        raise ValueError("--dimensions and --fit-steps are at least 1, --draws at least 2; got "
                         f"{cfg.dimensions}, {cfg.fit_steps} and {cfg.draws}")

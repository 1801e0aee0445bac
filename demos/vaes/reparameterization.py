"""The gradient of an expectation, by the reparameterization trick and by the score function.

A VAE needs the gradient of E f(z), z ~ N(mean, std²), by mean and std. But z is drawn, and a draw
has no slope. There are two ways out, both right on average:

    score function   E f(z) ∇ log q(z)        needs f's values only, of any kind of z (REINFORCE)
    the trick        E ∇ f(mean + std·eps)    needs f's slope, and z that is a function of noise

The score function asks which draws did well and makes those likelier. With d latents it has one
number, f, to tell d of them apart, and all that the others add to f is noise to each. The trick
asks f which way to go, each latent by itself. So the score function's variance grows faster with d:
its ratio to the trick's rises about as d², and about as d once a baseline is subtracted from f,
which keeps the mean (the mean of f over the other draws: Kool et al., 2019).

    python -m demos reparameterization                    about 10 s on two cores
    python -m demos reparameterization --data mnist-10k   the same

Expect all estimators within their standard errors of each other and of the exact gradient, and the
score function's variance 8 times the trick's at d = 1, 11,000 times at d = 128 (from d = 8 on the
ratio grows as d to the power of 1.85); with a baseline 5 and 150 times (0.92). For a VAE's digit
with 20 latents it is 2,300 times, and with the baseline 16. Fitting that digit's code, -ELBO comes
to 105 by the trick, to 106 with the baseline, and to 135 in as many steps by the bare score: where
latents are few and draws many, a baseline makes up for much.

Williams, Simple statistical gradient-following algorithms (1992); Kingma and Welling,
Auto-encoding variational Bayes (2014).
"""

import tinygen as tg
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.vaes.parts.reparameterization_figures import draw_descent, draw_histograms, draw_variance
from models import vae
from models.parts import noise
from models.vae import Config, DenseVAE, reparameterize
from tinygen.backend import np, to_numpy, xp
from tinygen.data import load_images
from tinygen.optim import Adam
from tinygen.tensor import plain

PRESETS = {
    "smoke": dict(steps=3, draws=500, dimensions=(1, 8), fit_steps=10),
    "default": dict(steps=300, latents=20, draws=8000, fit_steps=300,
                    dimensions=(1, 2, 4, 8, 16, 32, 64, 128)),
}
ESTIMATORS = ("trick", "score", "score, baseline")
MEAN, LOGVAR = 0.5, -1.0  # of each latent of the quadratic
BATCH, HIDDEN = 128, 200
FIT_DRAWS = 8
RATES = (0.1, 0.03, 0.01, 0.003)  # of Adam, the best is taken for each estimator


@demo(PRESETS, data=("digits", "mnist-10k"))
def main(run):
    cfg = run.settings
    config = Config(cfg.latents)
    if min(cfg.dimensions) < 1 or cfg.draws < 2 or cfg.fit_steps < 1:
        raise ValueError("--dimensions and --fit-steps are at least 1, --draws at least 2; got "
                         f"{cfg.dimensions}, {cfg.fit_steps} and {cfg.draws}")
    on_a_quadratic(run)
    on_a_digit(run, config, load_images(run.data))


# ---- the estimators ----

def single_draw_gradients(f, mean, logvar, eps, estimator):
    """One estimate of the gradient of E f(z) for each row of noise.

    f: codes (N, d) -> a number for each, (N,). mean, logvar: (d,). eps: (N, d).
    -> NumPy (N, 2d): by mean, then by logvar
    """
    # Each draw gets a copy of mean and logvar, and so a gradient, of its own.
    mean, logvar = (tg.Tensor(xp.broadcast_to(plain(a), eps.shape).copy()) for a in (mean, logvar))
    total = surrogate(f, mean, logvar, eps, estimator).sum()
    return np.concatenate([to_numpy(g) for g in tg.grad(total, [mean, logvar])], axis=1)


def surrogate(f, mean, logvar, eps, estimator):
    """What to differentiate: its gradient is an unbiased estimate of that of E f(z).

    Four arguments with rows as above -> (N,)
    """
    z = reparameterize(mean, logvar, eps)
    if estimator == "trick":
        return f(z)
    z = plain(z)  # drawn, and that is all that is known of it
    values = plain(f(z))
    if estimator == "score, baseline":
        others = (values.sum() - values) / (len(values) - 1)  # their mean; not of this draw, which
        values = values - others                              # would bias the estimate
    return values * log_normal(z, mean, logvar)


def log_normal(z, mean, logvar):
    """log N(z; mean, exp(logvar)) without its constant.  Three times (N, d) -> (N,)"""
    return -0.5 * ((z - mean) ** 2 * tg.exp(-logvar) + logvar).sum(axis=1)


def differences(a, b):
    """Means of a and b (N, n) against each other, in standard errors of the difference.  -> (n,)"""
    error = np.sqrt(a.var(axis=0) / len(a) + b.var(axis=0) / len(b))
    return (a.mean(axis=0) - b.mean(axis=0)) / error


def total_variance(gradients):
    """Of one draw, summed over the parameters.  (N, n) -> a number"""
    return gradients.var(axis=0, ddof=1).sum()


# ---- 1. f(z) = |z|²/2, where all can be had in closed form ----

def quadratic(z):
    return 0.5 * (z * z).sum(axis=1)


def exact_gradient(mean, logvar):
    """E f = Σ (mean² + exp(logvar))/2, differentiated.  (d,), (d,) -> (2d,)"""
    return np.concatenate([mean, 0.5 * np.exp(logvar)])


def on_a_quadratic(run):
    cfg = run.settings
    variance = {name: [] for name in ESTIMATORS}
    off = {name: [] for name in ESTIMATORS}
    run.print("\nf(z) = |z|²/2: variance of one draw's gradient, and its ratio to the trick's\n\n"
              "    d        trick        score  ratio   with baseline  ratio")
    for d in cfg.dimensions:
        mean, logvar = np.full(d, MEAN, np.float32), np.full(d, LOGVAR, np.float32)
        for name in ESTIMATORS:
            eps = noise(cfg.draws, d, rng=run.rng)
            g = single_draw_gradients(quadratic, xp.asarray(mean), xp.asarray(logvar), eps, name)
            variance[name].append(total_variance(g))
            error = g.std(axis=0) / np.sqrt(len(g))
            off[name].extend((g.mean(axis=0) - exact_gradient(mean, logvar)) / error)
        trick, score, baseline = (variance[name][-1] for name in ESTIMATORS)
        run.print(f"{d:5}{trick:13.4g}{score:13.4g}{score / trick:7.0f}{baseline:16.4g}"
                  f"{baseline / trick:7.1f}")
    run.print("")
    for name in ESTIMATORS:
        run.measure(f"{name}: off the exact gradient, in standard errors, rms",
                    np.sqrt(np.mean(np.square(off[name]))), at_most=1.3)
    for name, slope in (("score", (1.5, 2.1)), ("score, baseline", (0.6, 1.1))):
        ratio = np.array(variance[name]) / variance["trick"]
        large = np.array(cfg.dimensions) >= 8
        run.measure(f"{name}: variance ratio at d = {cfg.dimensions[-1]}", ratio[-1])
        if large.sum() > 1:
            power = np.polyfit(np.log(np.array(cfg.dimensions)[large]), np.log(ratio[large]), 1)[0]
            run.measure(f"{name}: the ratio grows as d to the power of", power, at_least=slope[0],
                        at_most=slope[1])
    run.save_figure(draw_variance(cfg.dimensions, variance), "variance",
                    "Variance of one draw's gradient of E |z|²/2, summed over all means and "
                    "logvars, against the number of latents. Both axes are logarithmic: a straight "
                    "line is a power.")


# ---- 2. the ELBO of a digit ----

def on_a_digit(run, config, data):
    """What a VAE's training asks for: the gradient by one image's mean and logvar."""
    model = DenseVAE(config, HIDDEN, rng=run.rng)
    optimizer = Adam(model.parameters(), lr=3e-3)
    for step in run.steps(model=model, optimizer=optimizer):
        x = xp.asarray(data.x_train[epoch_batch(step, BATCH, len(data.x_train), run.seed)])
        loss = vae.loss(model, x, noise(BATCH, config.latent_size, rng=run.rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)

    image = xp.asarray(data.x_test[:1])
    f = reconstruction_of(model, image)
    with tg.no_grad():
        mean, logvar = (head[0] for head in model.encode(image))
    gradients = {}
    for name in ESTIMATORS:
        eps = noise(run.settings.draws, config.latent_size, rng=run.rng)
        gradients[name] = single_draw_gradients(f, mean, logvar, eps, name)
    trick = gradients["trick"]
    for name in ESTIMATORS[1:]:
        run.measure(f"digit, {name}: off the trick's mean, in standard errors, rms",
                    np.sqrt(np.mean(differences(gradients[name], trick) ** 2)), at_most=1.4)
    for name, least in (("score", 100), ("score, baseline", 5)):
        run.measure(f"digit, {name}: variance ratio",
                    total_variance(gradients[name]) / total_variance(trick), at_least=least)
    strongest = np.abs(trick.mean(axis=0)[:config.latent_size]).argmax()
    run.save_figure(draw_histograms({name: g[:, strongest] for name, g in gradients.items()}),
                    "histograms", "The gradient of a digit's reconstruction error by the mean of "
                    "one latent, from one draw each. The lines are means over all draws, which "
                    "agree within their standard errors; mind the different scales.")

    curves = {name: best_descent(f, config.latent_size, name, run.rng, run.settings.fit_steps)
              for name in ESTIMATORS}
    best = {name: end_of(losses) for name, (losses, _) in curves.items()}
    for name, least in (("score", best["trick"] + 10), ("score, baseline", None)):
        run.measure(f"digit fitted by the {name}: -ELBO", best[name], at_least=least,
                    baseline=("trick", best["trick"]))
    run.save_figure(draw_descent(curves), "descent",
                    f"One image's mean and logvar, fitted from the prior by Adam with "
                    f"{FIT_DRAWS} draws a step, at the best of {len(RATES)} learning rates for "
                    "each estimator. The same direction on average, and not the same progress.")


def reconstruction_of(model, image):
    """f(z) = -log p(image|z), as a function of codes (N, d) -> (N,)"""
    def f(z):
        logits = model.decode(z)
        target = xp.broadcast_to(image, logits.shape)
        return tg.bce_with_logits(logits, target, reduction="none").sum(axis=(1, 2, 3))
    return f


def best_descent(f, size, estimator, rng, steps):
    """The learning rate that gets lowest.  -> -ELBO at each step, the rate"""
    runs = [(descend(f, size, estimator, lr, rng, steps), lr) for lr in RATES]
    return min(runs, key=lambda run: end_of(run[0]))


def descend(f, size, estimator, lr, rng, steps):
    """Fit q = N(mean, exp(logvar)) to make E f(z) + KL(q || N(0, 1)) small, from the prior on.

    -> the loss at each step, as its own draws estimate it, (steps,)
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

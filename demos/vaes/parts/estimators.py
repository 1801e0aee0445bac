"""Two ways to estimate from samples the gradient of E f(z), z ~ N(mean, std²), with respect to mean
and logvar.

    score function   E f(z) ∇ log q(z)        needs only values of f, for any kind of z (REINFORCE)
    the trick        E ∇ f(mean + std·eps)    needs the slope of f, and z as a function of noise
"""
import tinygen as tg
from models.vae import reparameterize
from tinygen.backend import np, to_numpy, xp
from tinygen.tensor import plain

ESTIMATORS = ("trick", "score", "score, baseline")


def surrogate(f, mean, logvar, eps, estimator):
    """What to differentiate: its gradient is an unbiased estimate of the gradient of E f(z).

    f: codes (N, d) -> a number for each, (N,). mean, logvar, eps: (N, d). -> (N,)
    """
    z = reparameterize(mean, logvar, eps)
    if estimator == "trick":
        return f(z)
    z = plain(z)  # a constant: how z depends on mean and logvar is not used
    values = plain(f(z))
    if estimator == "score, baseline":
        others = (values.sum() - values) / (len(values) - 1)  # their mean, without this draw's own
        values = values - others                              # value, which would bias the estimate
    return values * log_normal(z, mean, logvar)


def log_normal(z, mean, logvar):
    """log N(z; mean, exp(logvar)) without its constant.  Three times (N, d) -> (N,)"""
    return -0.5 * ((z - mean) ** 2 * tg.exp(-logvar) + logvar).sum(axis=1)


def single_draw_gradients(f, mean, logvar, eps, estimator):
    """One estimate of the gradient of E f(z) for each row of noise.

    mean, logvar: (d,). eps: (N, d). -> NumPy (N, 2d): of mean, then of logvar
    """
    # Each draw gets its own copy of mean and logvar, and so its own gradient.
    mean, logvar = (tg.Tensor(xp.broadcast_to(plain(a), eps.shape).copy()) for a in (mean, logvar))
    total = surrogate(f, mean, logvar, eps, estimator).sum()
    return np.concatenate([to_numpy(g) for g in tg.grad(total, [mean, logvar])], axis=1)


def differences(a, b):
    """Difference of the means of a and b (N, n), in standard errors of that difference.  -> (n,)"""
    error = np.sqrt(a.var(axis=0) / len(a) + b.var(axis=0) / len(b))
    return (a.mean(axis=0) - b.mean(axis=0)) / error


def total_variance(gradients):
    """Variance of one draw's gradient, summed over the parameters.  (N, n) -> a number"""
    return gradients.var(axis=0, ddof=1).sum()

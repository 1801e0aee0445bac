"""17 KL and reparameterize   ★★   35 minutes

    KL(p || q) = Σ p log(p/q)                            two discrete distributions
    KL(N(mean, σ²) || N(0, 1)) = ½ Σ (mean² + σ² - 1 - log σ²)
    z = mean + σ·eps                                     a draw from N(mean, σ²)

    kl_discrete(p, q)                  p, q (..., n) -> (...), summed over the last axis
    kl_gaussian(mean, logvar)          mean, logvar (..., d) -> (...), summed over the last axis
    reparameterize(mean, logvar, eps)  three times (N, d) -> z (N, d)

Given: tinygen, whose tg.exp, tg.log and operators know their own gradients. logvar is log σ², the
logarithm of the variance, so that any real number is valid; σ itself is the standard deviation. The
numbers of p and q are above 0. eps is an array of draws from N(0, 1), all other arguments are
Tensors. To write: all three, in the dtype of their arguments; divergences are in nats. Not allowed:
tg.kl_categorical, tg.kl_normal, tg.kl_standard_normal, and models.vae.reparameterize.

By hand: p = [1/2, 1/2] and q = [1/4, 3/4] have the divergence ½ ln 2 + ½ ln 2/3 = 0.1438. With
mean = [[1, 0]] and logvar = [[ln 4, 0]], σ is [[2, 1]]; the first latent has the divergence
½(1 + 4 - 1 - ln 4) = 1.3069, the second none: [1.3069]. With eps = [[1, 5]], z = [[3, 5]].

    python -m demos exercises check 17
"""
import tinygen as tg


def kl_discrete(p, q):
    # ---- answer
    return (p * (tg.log(p) - tg.log(q))).sum(axis=-1)
    # ---- end


def kl_gaussian(mean, logvar):
    # ---- answer
    return 0.5 * (mean ** 2 + tg.exp(logvar) - 1 - logvar).sum(axis=-1)
    # ---- end


def reparameterize(mean, logvar, eps):
    # ---- answer
    return mean + tg.exp(0.5 * logvar) * eps
    # ---- end

"""17 KL and reparameterize: two divergences and a draw with a gradient, which a VAE trains by."""
import math
from unittest.mock import patch

import tinygen as tg
from demos.exercises.exercise import Case, Edit, slope
from demos.exercises.swap import VAE
from models import vae
from tinygen.backend import np

KIND = "T"
ANSWER = "kl_discrete", "kl_gaussian", "reparameterize"
FORBIDDEN = ("tinygen.ops.kl_categorical", "tinygen.ops.kl_normal",
             "tinygen.ops.kl_standard_normal", "models.vae.reparameterize")
MODEL = VAE
SHOWS = {"kl_discrete": "p q", "by p": "p q g", "by q": "p q g", "kl_gaussian": "mean logvar g",
         "z": "mean logvar eps gz"}
HINTS = (
    "Each of the three is one line: operators, tg.log, tg.exp, and .sum(axis=-1) for the two "
    "divergences.",
    "The variance is σ² = exp(logvar), and log σ² is logvar itself. For σ take half of the "
    "logarithm: exp(logvar/2).",
    "kl_discrete: p * (tg.log(p) - tg.log(q)), summed. kl_gaussian: 0.5 * (mean ** 2 + "
    "tg.exp(logvar) - 1 - logvar), summed. reparameterize: mean + tg.exp(0.5 * logvar) * eps.",
)
MISTAKES = (
    ("You took exp(logvar) for σ: that is the variance σ²; σ is exp(logvar/2).",
     Edit("tg.exp(0.5 * logvar)", "tg.exp(logvar)")),
    ("You took σ out of the graph: .numpy() and .data know no gradients, and none reaches logvar.",
     Edit("tg.exp(0.5 * logvar)", "tg.exp(0.5 * logvar.numpy())")),
    ("You averaged over the latents: they are independent, and their divergences add up.",
     Edit("- logvar).sum(axis=-1)", "- logvar).mean(axis=-1)")),
    ("You exchanged p and q: KL(p || q) weighs by p. It is not symmetric.",
     Edit("p * (tg.log(p) - tg.log(q))", "q * (tg.log(q) - tg.log(p))")),
    ("You took log(q/p) for log(p/q); a divergence is never negative.",
     Edit("tg.log(p) - tg.log(q)", "tg.log(q) - tg.log(p)")),
    ("You forgot the ½ of the Gaussian's divergence.", Edit("0.5 * (mean", "(mean")),
    ("You left out -1: N(0, 1) has no divergence from itself.",
     Edit("tg.exp(logvar) - 1 - logvar", "tg.exp(logvar) - logvar")),
    ("You took logvar for the variance: σ² is exp(logvar).",
     Edit("mean ** 2 + tg.exp(logvar) - 1 - logvar", "mean ** 2 + logvar - 1 - tg.log(logvar)")),
    ("You summed over the batch, too; each row has a divergence of its own.",
     Edit("- logvar).sum(axis=-1)", "- logvar).sum()")),
)


def cases(rng):
    def distribution(*shape):
        p = rng.uniform(0.2, 1, shape).round(1)
        return p / p.sum(axis=-1, keepdims=True)

    def of(dtype, **arrays):
        return Case(**{name: array.astype(dtype) for name, array in arrays.items()})

    def discrete(n, size, dtype="float64"):
        return of(dtype, p=distribution(n, size), q=distribution(n, size), g=rng.normal(size=n))

    def gaussian(n, d, scale=1.0, shift=0.0, dtype="float64"):
        mean, logvar, eps, gz = rng.normal(size=(4, n, d)).round(1)
        return of(dtype, mean=scale * mean, logvar=scale * logvar + shift, eps=eps, gz=gz,
                  g=rng.normal(size=n))

    return [
        Case(p=np.array([[0.5, 0.5]]), q=np.array([[0.25, 0.75]]), mean=np.array([[1.0, 0.0]]),
             logvar=np.array([[math.log(4), 0.0]]), eps=np.array([[1.0, 5.0]]),
             g=np.ones(1), gz=np.ones((1, 2))),
        discrete(2, 3), gaussian(2, 3), discrete(3, 2), gaussian(3, 2), discrete(1, 1),
        gaussian(1, 1), discrete(1, 5), gaussian(1, 4), discrete(2, 4), gaussian(4, 2),
        gaussian(2, 3, scale=4.0), gaussian(2, 2, shift=-20.0),
        discrete(2, 4, dtype="float32"), gaussian(2, 3, dtype="float32"),
    ]


def ask(answer, case):
    if "p" in case.arrays:
        p, q = tg.Tensor(case.p), tg.Tensor(case.q)
        kl = answer.kl_discrete(p, q)
        yield "kl_discrete", kl
        for name, gradient in zip("pq", tg.grad(kl, [p, q], case.g)):
            yield f"gradient by {name}", gradient
    if "mean" in case.arrays:
        mean, logvar = tg.Tensor(case.mean), tg.Tensor(case.logvar)
        kl = answer.kl_gaussian(mean, logvar)
        yield "kl_gaussian", kl
        z = answer.reparameterize(mean, logvar, case.eps)
        yield "z", z
        for name, y, g in (("kl_gaussian", kl, case.g), ("z", z, case.gz)):
            for by, gradient in zip(("mean", "logvar"), tg.grad(y, [mean, logvar], g)):
                yield f"gradient of {name} by {by}", gradient


def discrete_by_loops(p, q):
    return np.array([sum(a * math.log(a / b) for a, b in zip(*rows)) for rows in zip(p, q)])


def gaussian_by_integration(mean, logvar):
    """E[log q(z) - log p(z)] of z = mean + σ·t, the integral over t of N(t; 0, 1) times that.

    The rectangles' error is about e^(-2π²/width²), for width 0.5 below rounding.
    """
    t = np.arange(-12, 12.5, 0.5)
    density = np.exp(-t ** 2 / 2) / math.sqrt(2 * math.pi)
    kl = np.zeros(len(mean))
    for i, j in np.ndindex(mean.shape):
        z = mean[i, j] + math.exp(logvar[i, j] / 2) * t
        log_q, log_p = -t ** 2 / 2 - logvar[i, j] / 2, -z ** 2 / 2  # both less log √2π
        kl[i] += 0.5 * np.sum(density * (log_q - log_p))
    return kl


def draw_by_loops(mean, logvar, eps):
    z = np.empty_like(mean)
    for i in np.ndindex(z.shape):
        z[i] = mean[i] + math.sqrt(math.exp(logvar[i])) * eps[i]
    return z


def expected(case):
    values = {}
    if "p" in case.arrays:
        p, q, g = case.p, case.q, case.g
        values |= {
            "kl_discrete": discrete_by_loops(p, q),
            "gradient by p": slope(lambda p: discrete_by_loops(p, q), p, g),
            "gradient by q": slope(lambda q: discrete_by_loops(p, q), q, g)}
    if "mean" in case.arrays:
        mean, logvar, eps, g, gz = case.mean, case.logvar, case.eps, case.g, case.gz
        kl, z = gaussian_by_integration, draw_by_loops
        values |= {
            "kl_gaussian": kl(mean, logvar),
            "z": z(mean, logvar, eps),
            "gradient of kl_gaussian by mean": slope(lambda mean: kl(mean, logvar), mean, g),
            "gradient of kl_gaussian by logvar": slope(lambda logvar: kl(mean, logvar), logvar, g),
            "gradient of z by mean": slope(lambda mean: z(mean, logvar, eps), mean, gz),
            "gradient of z by logvar": slope(lambda logvar: z(mean, logvar, eps), logvar, gz)}
    return values


def swap(answer, calls):
    def kl(mean, logvar, *, axis=-1):
        mean, logvar = (tg.swapaxes(x, axis, -1) for x in (mean, logvar))  # the task's is the last
        return calls.fits("kl_gaussian", calls.forward(answer.kl_gaussian, mean, logvar),
                          like=logvar[:, 0])

    def reparameterize(mean, logvar, eps):
        return calls.fits("z", calls.forward(answer.reparameterize, mean, logvar, eps), like=mean)
    return [tg.ops.kl_standard_normal.unfused(by=kl),
            patch.object(vae, "reparameterize", reparameterize)]


def record(answer, keep):
    rng = np.random.default_rng(0)

    def reparameterize(mean, logvar, eps):
        g, gz = (rng.normal(size=shape).astype(eps.dtype) for shape in (len(eps), eps.shape))
        keep(Case(mean=mean.numpy(), logvar=logvar.numpy(), eps=eps, g=g, gz=gz))
        return answer.reparameterize(mean, logvar, eps)
    return type(answer)(**{**vars(answer), "reparameterize": reparameterize})

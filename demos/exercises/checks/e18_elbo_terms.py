"""18 ELBO terms: reconstruction and KL, the loss of a VAE."""
import math
from unittest.mock import patch

import tinygen as tg
from demos.exercises.exercise import Case, Edit, Wrong, parts, slope
from demos.exercises.swap import VAE
from models import vae
from tinygen.backend import np

KIND = "T"
ANSWER = "elbo_terms"
FORBIDDEN = "models.vae.elbo_terms", "models.vae.loss"
MODEL = VAE
HINTS = (
    "Begin with logits, mean, logvar = model(x, eps). The two terms need nothing else but x.",
    "The number of images is x.shape[0]. The reconstruction is the sum over all pixels of all "
    "images, divided by that; kl is the mean of N numbers.",
    'reconstruction = tg.bce_with_logits(logits, x, reduction="sum") / x.shape[0], and kl = '
    "tg.kl_standard_normal(mean, logvar).mean().",
)
BCE = 'tg.bce_with_logits(logits, x, reduction="sum") / len(x)'
MISTAKES = (
    ("You averaged over the pixels: an image costs what its pixels cost together. "
     "Average over the images only.", Edit(BCE, "tg.bce_with_logits(logits, x)")),
    ("You put a sigmoid before bce_with_logits: it takes logits, and has the sigmoid in it.",
     Edit(BCE, BCE.replace("logits, x", "tg.sigmoid(logits), x"))),
    ("You took the log of a probability that was rounded to 0; bce_with_logits never rounds.",
     Edit(BCE, "-(x * tg.log(tg.sigmoid(logits)) + (1 - x) * tg.log(1 - tg.sigmoid(logits))).sum() "
          "/ len(x)")),
    ("You summed the reconstruction over the batch; divide it by the number of images.",
     Edit(BCE, BCE.replace(" / len(x)", ""))),
    ("You summed the KL over the batch; it is the mean over the images.",
     Edit("logvar).mean()", "logvar).sum()")),
    ("You averaged the KL over the latents; those of an image add up.",
     Edit("tg.kl_standard_normal(mean, logvar).mean()",
          "tg.kl_standard_normal(mean, logvar, axis=()).mean()")),
    ("You flipped the sign of the KL: -ELBO is the sum of both, so both are positive.",
     Edit("tg.kl_standard_normal(mean, logvar).mean()",
          "-tg.kl_standard_normal(mean, logvar).mean()")),
)


def cases(rng):
    def case(*shape, d=2, scale=1.0, dtype="float64"):
        x, logits = rng.uniform(size=shape), scale * rng.normal(size=shape)
        mean, logvar, eps = rng.normal(size=(3, shape[0], d))
        arrays = dict(x=x, logits=logits, mean=mean, logvar=logvar, eps=eps, g=rng.normal(size=2))
        return Case(**{name: array.round(1).astype(dtype) for name, array in arrays.items()})

    def two(x, logits, mean):
        return Case(x=np.array(x), logits=np.array(logits), mean=np.array(mean),
                    logvar=np.zeros((2, 1)), eps=np.ones((2, 1)), g=np.ones(2))

    return [
        two([[1.0, 0.0], [1.0, 1.0]], np.log([[3.0, 3.0], [1.0, 1.0]]), [[2.0], [0.0]]),
        case(2, 3), case(3, 2, d=3), case(1, 4, d=1), case(2, 1, 2, 2), case(1, 1, d=4),
        case(4, 2, d=1), case(2, 3, 1, 2),
        two([[1.0, 0.0], [1.0, 0.0]], [[-800.0, 800.0], [900.0, -900.0]], [[1.0], [0.0]]),
        case(2, 1, 2, 2, scale=20.0), case(2, 1, 2, 3, dtype="float32"),
    ]


def ask(answer, case):
    logits, mean, logvar = outputs = [tg.Tensor(case.arrays[name])
                                      for name in ("logits", "mean", "logvar")]

    def model(*given):
        if len(given) != 2 or any(map(differs, given, (case.x, case.eps))):
            raise Wrong("The model takes x and eps as they are: logits, mean, logvar = "
                        "model(x, eps).")
        return tuple(outputs)

    reconstruction, kl = parts(answer(model, case.x, case.eps), "reconstruction", "kl")
    yield "reconstruction", reconstruction
    yield "kl", kl
    loss = case.g[0].item() * reconstruction + case.g[1].item() * kl
    for name, gradient in zip(("logits", "mean", "logvar"), tg.grad(loss, outputs)):
        yield f"gradient by {name}", gradient


def differs(given, wanted):
    given = given.numpy() if isinstance(given, tg.Tensor) else given
    return not np.array_equal(given, wanted)


def reconstruction_by_loops(logits, x):
    """-x log p - (1 - x) log(1 - p) = log(1 + e^logit) - x·logit, with no large power of e."""
    total = 0.0
    for logit, pixel in zip(logits.reshape(-1), x.reshape(-1)):
        total += max(logit, 0) + math.log1p(math.exp(-abs(logit))) - pixel * logit
    return total / len(x)


def kl_by_loops(mean, logvar):
    total = 0.0
    for m, v in zip(mean.reshape(-1), logvar.reshape(-1)):
        total += 0.5 * (m * m + math.exp(v) - 1 - v)
    return total / len(mean)


def expected(case):
    x, logits, mean, logvar, g = (case.arrays[name] for name in
                                  ("x", "logits", "mean", "logvar", "g"))
    return {
        "reconstruction": reconstruction_by_loops(logits, x),
        "kl": kl_by_loops(mean, logvar),
        "gradient by logits": slope(lambda at: reconstruction_by_loops(at, x), logits, g[0]),
        "gradient by mean": slope(lambda at: kl_by_loops(at, logvar), mean, g[1]),
        "gradient by logvar": slope(lambda at: kl_by_loops(mean, at), logvar, g[1]),
    }


def swap(answer, calls):
    def elbo_terms(model, x, eps, y=None):
        terms = parts(calls.forward(answer, model, x, eps), "reconstruction", "kl")
        return tuple(calls.fits(name, term, like=np.zeros((), x.dtype))
                     for name, term in zip(("reconstruction", "kl"), terms))
    return [patch.object(vae, "elbo_terms", elbo_terms)]


def record(answer, keep):
    rng = np.random.default_rng(0)

    def elbo_terms(model, x, eps):
        made = []

        def kept(x, eps):
            made.extend(model(x, eps))
            return made
        terms = answer(kept, x, eps)
        logits, mean, logvar = (tensor.numpy() for tensor in made)
        few = slice(0, 8)  # of 32 images
        keep(Case(x=x[few], logits=logits[few], mean=mean[few], logvar=logvar[few], eps=eps[few],
                  g=rng.normal(size=2).astype(x.dtype)))
        return terms
    return elbo_terms

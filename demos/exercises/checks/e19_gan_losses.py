"""19 GAN losses: the value of the game and both losses of the generator; a GAN trains on two."""
import math
from unittest.mock import patch

import tinygen as tg
from demos.exercises.exercise import Case, Edit, Wrong, slope, what_is
from demos.exercises.swap import GAN
from models import gan
from tinygen.backend import np

KIND = "T"
ANSWER = "game_value", "saturating_loss", "non_saturating_loss"
FORBIDDEN = ("models.gan.game_value", "models.gan.discriminator_loss",
             "models.gan.saturating_loss", "models.gan.non_saturating_loss")
MODEL = GAN
HINTS = (
    "log σ(s) = log 1/(1 + e^(-s)) = -log(1 + e^(-s)), and log(1 + e^…) is what tg.softplus "
    "computes.",
    "log σ(s) = -softplus(-s), and since 1 - σ(s) = σ(-s), log(1 - σ(s)) = -softplus(s).",
    "V is -tg.softplus(-real).mean() plus a second mean, of fake. The saturating loss is that "
    "second mean alone; the non-saturating one is the first with fake for real and the sign "
    "flipped.",
)
MISTAKES = (
    ("You took the log of the sigmoid, which rounds to 0 for large scores; with softplus, "
     "log σ(s) = -softplus(-s).",
     Edit("-tg.softplus(-real).mean() - tg.softplus(fake).mean()",
          "tg.log(tg.sigmoid(real)).mean() + tg.log(1 - tg.sigmoid(fake)).mean()",
          "-tg.softplus(fake).mean()", "tg.log(1 - tg.sigmoid(fake)).mean()",
          "tg.softplus(-fake).mean()", "-tg.log(tg.sigmoid(fake)).mean()")),
    ("You lost the sign of V: it is a mean of logs of probabilities, so it is never above 0. -V "
     "is the discriminator's loss.",
     Edit("-tg.softplus(-real).mean() - tg", "tg.softplus(-real).mean() + tg")),
    ("You negated the saturating loss to get the non-saturating one: that teaches G to be found "
     "out. It is -log D(G(z)).",
     Edit("tg.softplus(-fake).mean()", "tg.softplus(fake).mean()")),
    ("You exchanged real and fake in V: D(x) of real examples is what is to be near 1.",
     Edit("-tg.softplus(-real).mean() - tg.softplus(fake).mean()",
          "-tg.softplus(real).mean() - tg.softplus(-fake).mean()")),
    ("You summed over the batch; E is the mean.",
     Edit("-tg.softplus(-real).mean() - tg.softplus(fake).mean()",
          "-tg.softplus(-real).sum() - tg.softplus(fake).sum()",
          "-tg.softplus(fake).mean()", "-tg.softplus(fake).sum()",
          "tg.softplus(-fake).mean()", "tg.softplus(-fake).sum()")),
)


def cases(rng):
    def case(n, m, scale=2.0, dtype="float64"):
        return Case(real=(scale * rng.normal(size=n)).round(1).astype(dtype),
                    fake=(scale * rng.normal(size=m)).round(1).astype(dtype))

    found_out = np.log([1e-6 / (1 - 1e-6)])  # D(G(z)) = 1e-6
    return [
        Case(real=np.zeros(1), fake=np.zeros(1)), case(1, 1), case(2, 2), case(3, 2), case(2, 4),
        case(5, 5, scale=5.0), Case(real=-found_out, fake=found_out),
        Case(real=np.array([800.0, -800.0]), fake=np.array([-800.0, 800.0])),
        case(6, 6, dtype="float32"),
    ]


def ask(answer, case):
    real, fake = tg.Tensor(case.real), tg.Tensor(case.fake)
    value = tensor("game_value", answer.game_value(real, fake))
    yield "game_value", value
    saturating = tensor("saturating_loss", answer.saturating_loss(fake))
    yield "saturating_loss", saturating
    non_saturating = tensor("non_saturating_loss", answer.non_saturating_loss(fake))
    yield "non_saturating_loss", non_saturating
    by_real, by_fake = tg.grad(value, [real, fake])
    yield "gradient of game_value by real", by_real
    yield "gradient of game_value by fake", by_fake
    yield "gradient of saturating_loss by fake", tg.grad(saturating, fake)
    yield "gradient of non_saturating_loss by fake", tg.grad(non_saturating, fake)


def tensor(name, loss):
    if not isinstance(loss, tg.Tensor):
        raise Wrong(f"{name} is to be a Tensor, which knows its gradient; yours is "
                    f"{what_is(loss)}.")
    return loss


def log_sigmoid(scores):
    """log 1/(1 + e^(-s)) = -log(1 + e^(-s)), with the larger of the two powers taken out."""
    return np.array([-(max(-s, 0) + math.log1p(math.exp(-abs(s)))) for s in scores])


def expected(case):
    real, fake = case.real, case.fake

    def by(scores, sign, f):  # of a mean, term by term
        return slope(lambda s: sign * f(s) / len(s), scores, 1.0)

    def log_not(scores):
        return log_sigmoid(-scores)
    return {
        "game_value": log_sigmoid(real).mean() + log_not(fake).mean(),
        "saturating_loss": log_not(fake).mean(),
        "non_saturating_loss": -log_sigmoid(fake).mean(),
        "gradient of game_value by real": by(real, 1, log_sigmoid),
        "gradient of game_value by fake": by(fake, 1, log_not),
        "gradient of saturating_loss by fake": by(fake, 1, log_not),
        "gradient of non_saturating_loss by fake": by(fake, -1, log_sigmoid),
    }


def swap(answer, calls):
    def counted(function):
        def loss(*scores):
            return calls.fits("The loss", calls.forward(function, *scores), like=scores[0].mean())
        return loss

    # The discriminator's loss is -game_value, looked up in models.gan; demos read LOSSES.
    non_saturating = counted(answer.non_saturating_loss)
    losses = {"saturating": (gan.discriminator_loss, counted(answer.saturating_loss)),
              "non-saturating": (gan.discriminator_loss, non_saturating)}
    return [patch.object(gan, "game_value", counted(answer.game_value)),
            patch.object(gan, "non_saturating_loss", non_saturating),
            patch.dict(gan.LOSSES, losses)]


def record(answer, keep):
    def game_value(real, fake):
        keep(Case(real=real.numpy(), fake=fake.numpy()))
        return answer.game_value(real, fake)
    return type(answer)(**{**vars(answer), "game_value": game_value})

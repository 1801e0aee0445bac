"""20 GAN steps: both players' steps, which a GAN then trains by, and the count of modes."""
import math
from unittest.mock import patch

import tinygen as tg
from demos.exercises.exercise import Case, Edit, Wrong, parts, slope, what_is
from demos.exercises.swap import GAN
from demos.gans.parts import modes, steps
from models.gan import discriminator_loss, non_saturating_loss
from tinygen import nn
from tinygen.backend import np
from tinygen.data import STD
from tinygen.optim import SGD

KIND = "T"
ANSWER = "discriminator_step", "generator_step", "covered"
FORBIDDEN = ("demos.gans.parts.steps.discriminator_step", "demos.gans.parts.steps.generator_step",
             "demos.gans.parts.modes.covered")
MODEL = GAN._replace(counts=("forward",))  # what a step returns needs no gradient any more
SHOWS = {"modes": "points centres", "points": "points centres", "": "x z v w"}
HINTS = (
    "Both steps end alike: optimizer.zero_grad(), a backward, optimizer.step(), return the loss. "
    "For covered, points[:, None] - centres has shape (N, K, 2).",
    "In discriminator_step, generator(z).detach() is the fake: numbers without a history, so that "
    "no gradient goes on to the generator. In generator_step the history is needed, and backward "
    "is told whom it is for.",
    "loss(discriminator(x), discriminator(fake)) for the one, loss(discriminator(generator(z))) "
    "and backward(inputs=generator.parameters()) for the other. covered: distances (N, K), good = "
    "distances.min(axis=1) < 3·std; count the different distances.argmin(axis=1)[good].",
)
MISTAKES = (
    ("You did not detach the fake: the discriminator's loss then has a gradient for the generator, "
     "too. Use generator(z).detach().",
     Edit("fake = generator(z).detach()", "fake = generator(z)")),
    ("You let generator_step put gradients into the discriminator, too. With "
     "backward(inputs=generator.parameters()) they pass through it and stay out of it.",
     Edit("value.backward(inputs=generator.parameters())", "value.backward()")),
    ("You moved D in the generator's step; only the generator's parameters may change there.",
     Edit("    value.backward(inputs=generator.parameters())\n    optimizer.step()\n",
          "    value.backward()\n    optimizer.step()\n"
          "    for p in discriminator.parameters():\n"
          "        p.data = p.data - optimizer.lr * p.grad.data\n")),
    ("You never cleared the gradients: those of the last step are still in them. Call "
     "optimizer.zero_grad() before the backward.",
     Edit("    optimizer.zero_grad()\n    value.backward()\n", "    value.backward()\n",
          "    optimizer.zero_grad()\n    value.backward(i", "    value.backward(i")),
    ("You counted poor samples: a mode is covered only if one of the good points is nearest to it.",
     Edit("nearest[good]", "nearest")),
    ("You took points within 1 standard deviation; those within 3·std are good.",
     Edit("3 * std", "std")),
)


def cases(rng):
    def case(n, d, k, dtype="float64", count=6, std=0.45):
        draw = {name: rng.normal(size=shape).round(1)
                for name, shape in dict(x=(n, d), z=(n, k), v=d, w=(k, d)).items()}
        centres = 3.0 * rng.permutation(3)[:, None] + [[0.0, 1.0]]
        points = centres[rng.integers(3, size=count)] + rng.normal(size=(count, 2))
        draw |= dict(points=points, centres=centres)
        arrays = {name: a.astype(dtype) for name, a in draw.items()}
        return Case(**arrays, std=std, rate=0.5)

    centres = np.array([[0.0, 0.0], [4.0, 0.0]])
    return [
        Case(x=np.array([[2.0]]), z=np.array([[1.0]]), v=np.zeros(1), w=np.zeros((1, 1)),
             points=np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0]]), centres=centres, std=1.0,
             rate=1.0),
        case(1, 1, 1, count=1), case(2, 1, 1), case(2, 2, 3), case(3, 2, 1), case(4, 3, 2),
        case(3, 2, 2, count=5, std=1e-4),  # no point is good
        case(3, 2, 2, count=8, std=100.0), case(4, 2, 2, dtype="float32"),
    ]


class Generator(nn.Module):
    """w·z.  (N, k) -> (N, d)"""

    def __init__(self, w):
        self.w = tg.Tensor(w)

    def forward(self, z):
        return z @ self.w


class Discriminator(nn.Module):
    """v·x.  (N, d) -> (N,)"""

    def __init__(self, v):
        self.v = tg.Tensor(v)

    def forward(self, x):
        return x @ self.v


def ask(answer, case):
    generator, discriminator = Generator(case.w), Discriminator(case.v)
    optimizers = [SGD(player.parameters(), lr=case.rate) for player in (generator, discriminator)]
    for turn in (1, 2):
        before = snapshot(generator.w)
        yield f"discriminator's loss, round {turn}", one_number(answer.discriminator_step(
            generator, discriminator, optimizers[1], discriminator_loss, case.x, case.z))
        yield f"discriminator's parameters, round {turn}", discriminator.v.data
        yield f"generator left alone, round {turn}", same(before, snapshot(generator.w))
        before = snapshot(discriminator.v)
        yield f"generator's loss, round {turn}", one_number(answer.generator_step(
            generator, discriminator, optimizers[0], non_saturating_loss, case.z))
        yield f"generator's parameters, round {turn}", generator.w.data
        yield f"discriminator left alone, round {turn}", same(before, snapshot(discriminator.v))
    count, share = parts(answer.covered(case.points, case.centres, case.std), "modes", "share")
    yield "modes covered", count
    yield "share of good points", share


def one_number(loss):
    if not isinstance(loss, tg.Tensor):
        raise Wrong(f"A step returns the loss, a Tensor of one number; yours returned "
                    f"{what_is(loss)}.")
    return loss


def snapshot(parameter):
    """Its numbers and its gradient, as they are now."""
    grad = parameter.grad
    return parameter.data.copy(), 0 * parameter.data if grad is None else grad.data.copy()


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after))


def softplus(scores):
    return np.array([max(s, 0) + math.log1p(math.exp(-abs(s))) for s in scores])


def expected(case):
    values, v, w = {}, case.v, case.w

    def d_terms(v):  # -log D(x) - log(1 - D(G(z))), of each pair
        return (softplus(-case.x @ v) + softplus(case.z @ w @ v)) / len(case.x)

    def g_terms(w):
        return softplus(-case.z @ w @ v) / len(case.z)
    for turn in (1, 2):
        values[f"discriminator's loss, round {turn}"] = d_terms(v).sum()
        v = v - case.rate * slope(d_terms, v, 1.0)
        values[f"discriminator's parameters, round {turn}"] = v
        values[f"generator left alone, round {turn}"] = True
        values[f"generator's loss, round {turn}"] = g_terms(w).sum()
        w = w - case.rate * slope(g_terms, w, 1.0)
        values[f"generator's parameters, round {turn}"] = w
        values[f"discriminator left alone, round {turn}"] = True
    found, good = set(), 0
    for point in case.points:
        distances = [math.dist(point, centre) for centre in case.centres]
        if min(distances) < 3 * case.std:
            good += 1
            found.add(distances.index(min(distances)))
    return values | {"modes covered": len(found), "share of good points": good / len(case.points)}


def swap(answer, calls):
    def discriminator_step(generator, discriminator, optimizer, loss, x, z):
        with tg.no_grad():
            real, fake = discriminator(x), discriminator(generator(z))
        log = {"d_real": steps.mean_score(real, loss), "d_fake": steps.mean_score(fake, loss)}
        value = calls.forward(answer.discriminator_step, generator, discriminator, optimizer, loss,
                              x, z)
        return log | {"d_loss": calls.fits("The loss", value, like=real.mean()),
                      "d_grad": norm(discriminator)}

    def generator_step(generator, discriminator, optimizer, loss, z):
        value = calls.forward(answer.generator_step, generator, discriminator, optimizer, loss, z)
        return {"g_loss": calls.fits("The loss", value, like=value), "g_grad": norm(generator)}

    def covered(points, centres):
        return parts(calls.forward(answer.covered, points, centres, STD), "modes", "share")
    return [patch.object(steps, "discriminator_step", discriminator_step),
            patch.object(steps, "generator_step", generator_step),
            patch.object(modes, "covered", covered)]


def norm(player):
    """Of the gradients that a step has left in its player."""
    return math.sqrt(sum(float((p.grad.data ** 2).sum()) for p in player.parameters()
                         if p.grad is not None))

"""A game of two players on the plane, which goes on under rules that may change at any step."""
import math
import time
from dataclasses import dataclass
from statistics import NormalDist

import tinygen as tg
from demos.gans.gan_ring import PRESETS
from demos.gans.parts.flight import METERS, diagnose
from demos.gans.parts.modes import covered
from demos.gans.parts.steps import discriminator_step, generator_step
from demos.gans.parts.toys import COUNTED, SIDE, TOYS, field, lattice, reach, sample_points
from demos.playground.drawing import filled, length
from models.gan import LOSSES, Config, MLPDiscriminator, MLPGenerator
from models.parts import noise
from tinygen.backend import np, to_numpy, xp
from tinygen.data import RING_CENTRES, STD
from tinygen.data.toys import scatter
from tinygen.optim import SGD, Adam

RING = PRESETS["default"]
DRAWN = 150       # centres along a drawing of at most 60 strokes
SHOWN = 180       # fakes in the picture, in whole packs of 1 to 4
CELLS = 20        # of the grid of noise, along each side; all are equally likely
BINS = 24         # along each side of the picture, to compare the two distributions
BUDGET = 0.015   # seconds of steps in one answer
KEPT = 400        # values of a meter
ENOUGH = 50       # values of each meter, for a diagnosis
OPTIMIZERS = {"Adam": lambda parameters: Adam(parameters, betas=(0.5, 0.9)),
              "SGD": lambda parameters: SGD(parameters, lr=0)}


@dataclass(frozen=True)
class Rules:
    """What the visitor sets; the defaults are those of the demo gan_ring."""
    loss: str = "non-saturating"
    penalty: float = 0.0
    batch: int = RING["batch"]
    pack: int = 1
    spectral_norm: bool = False
    optimizer: str = "Adam"
    latents: int = RING["latents"]
    d_steps: int = 1
    d_rate: float = RING["lr"]
    d_layers: int = 2
    d_units: int = 128
    g_steps: int = 1
    g_rate: float = RING["lr"]
    g_layers: int = 3
    g_units: int = 64


class Game:
    """The players, the data, and what the recorder has noted.

    steps: of each player so far. over: a sentence, once the numbers are no longer finite.
    company: the digits that a drawing is judged among, and the seed that they were chosen by.
    """

    def __init__(self, models=None):
        self.company, self.company_seed = {}, None
        self.begin(Rules(), "ring")

    def begin(self, rules, toy, strokes=(), seed=0):
        """A new game; strokes are those of the drawing, if that is the toy."""
        self.take_data(toy, strokes)
        # Looking has draws of its own, so that it does not change how the game goes on.
        self.rng, self.eyes = np.random.default_rng(seed), np.random.default_rng(seed)
        self.steps, self.turn = {"discriminator": 0, "generator": 0}, 0
        self.rules, self.last, self.over = None, None, ""
        self.follow(rules)

    def take_data(self, toy, strokes=()):
        """Play on other data from the next step on."""
        frame = RING_CENTRES if toy == "drawn" else TOYS[toy][1]
        edge = float(reach(frame))
        self.centres = centres_along(strokes, edge) if toy == "drawn" else frame
        self.toy, self.edge, self.lattice, self.log = toy, edge, lattice(frame), {}

    def sample_data(self, count, rng):
        return scatter(self.toy, self.centres, count, rng)

    def follow(self, rules):
        """Go by these rules from the next step on. A player whose network changes is a new one."""
        old, self.rules = self.rules, rules

        def changed(*names):
            return old is None or any(getattr(old, name) != getattr(rules, name) for name in names)

        config = Config(rules.latents, (2,), pack=rules.pack, spectral_norm=rules.spectral_norm)
        new_g = changed("latents", "g_layers", "g_units")
        new_d = changed("pack", "spectral_norm", "d_layers", "d_units")
        if new_g:
            sizes = [rules.g_units] * rules.g_layers
            self.generator = MLPGenerator(config, sizes, rng=self.rng)
            self.z = noise(SHOWN, rules.latents, rng=self.eyes)
            self.mesh, self.across = mesh(rules.latents)
        if new_d:
            sizes = [rules.d_units] * rules.d_layers
            self.discriminator = MLPDiscriminator(config, sizes, rng=self.rng)
        if new_g or changed("optimizer"):
            self.g_optimizer = OPTIMIZERS[rules.optimizer](self.generator.parameters())
        if new_d or changed("optimizer"):
            self.d_optimizer = OPTIMIZERS[rules.optimizer](self.discriminator.parameters())
        self.g_optimizer.lr, self.d_optimizer.lr = rules.g_rate, rules.d_rate
        if changed("loss"):  # the meters of another loss say something else
            self.log = {}

    # ---- steps ----

    def play(self, most):
        """At most so many steps, the players in turn, as many as the BUDGET allows."""
        end = time.perf_counter() + BUDGET
        for _ in range(most):
            self.step(self.next_player())
            if self.over or time.perf_counter() > end:
                break

    def next_player(self):
        """Whose turn it is: in each round first the discriminator's steps, then the generator's."""
        d, g = self.rules.d_steps, self.rules.g_steps
        if not d + g:
            raise ValueError("neither player has a step; give one of them at least 1")
        if self.turn >= d + g:
            self.turn = 0
        self.turn += 1
        return "discriminator" if self.turn <= d else "generator"

    def step(self, player):
        """One step of a player, noted; none once the game is over."""
        if self.over:
            return
        rules, rng = self.rules, self.rng
        d_loss, g_loss = LOSSES[rules.loss]
        count = rules.batch * rules.pack  # as many packs as it would be single examples
        with np.errstate(all="ignore"):  # what it leads to is told below
            if player == "discriminator":
                x = xp.asarray(self.sample_data(count, rng))
                z = noise(count, rules.latents, rng=rng)
                meters = discriminator_step(self.generator, self.discriminator, self.d_optimizer,
                                            d_loss, x, z, penalty=rules.penalty, rng=rng)
            else:
                z = noise(count, rules.latents, rng=rng)
                meters = generator_step(self.generator, self.discriminator, self.g_optimizer,
                                        g_loss, z)
        self.steps[player] += 1
        self.last = player
        for name, value in meters.items():
            value = float(to_numpy(value))
            if not math.isfinite(value):
                self.end(f"{name} is {value}")
            self.note(name, value)

    def note(self, name, value):
        self.log.setdefault(name, Meter()).add(sum(self.steps.values()), value)

    def end(self, why):
        self.over = (f"Diverged: {why} after {sum(self.steps.values()):,} steps. The weights are "
                     "lost: lower the rates or choose another loss, and begin anew.")

    # ---- what there is to see ----

    def count(self):
        """Note the modes, the quality, and how far the distributions are apart."""
        points = sample_points(self.generator, self.eyes)
        modes, quality = covered(points, self.centres)
        self.note("modes", modes)
        self.note("quality", quality)
        self.note("divergence", divergence(points, self.sample_data(COUNTED, self.eyes), self.edge))

    def pulls(self, fakes):
        """The way each fake is drawn: minus the gradient, by it, of the generator's loss of it."""
        x = tg.Tensor(fakes)
        with self.discriminator.evaluating():
            scores = self.discriminator(x)
            loss = LOSSES[self.rules.loss][1](scores) * len(scores)  # a sum, of what is a mean
        return -tg.grad(loss, x)

    def picture(self):
        """name -> array: D's scores on the lattice, the fakes of fixed z, their pulls, the grid."""
        with np.errstate(all="ignore"):
            with tg.no_grad():
                fakes, grid = self.generator(self.z).data, self.generator(self.mesh).data
            found = {"field": field(self.discriminator, self.lattice).reshape(SIDE, SIDE),
                     "fakes": fakes, "pulls": self.pulls(fakes),
                     "grid": grid.reshape(len(grid) // self.across, self.across, 2)}
        return {name: to_numpy(array) for name, array in found.items()}

    def diagnosis(self):
        """The flight recorder's sentence."""
        if self.over:
            return self.over
        history = {name: meter.points for name, meter in self.log.items()}
        if any(len(history.get(name, ())) < ENOUGH for name in METERS):
            return f"It needs {ENOUGH} steps of each player."
        return diagnose(history, modes=len(self.centres),
                        probabilities=self.rules.loss in ("saturating", "non-saturating"))


class Meter:
    """(step, value) pairs, at most KEPT, evenly over all steps."""

    def __init__(self):
        self.points, self.apart = [], 1

    def add(self, step, value):
        if self.points and step - self.points[-1][0] < self.apart:
            return
        self.points.append((step, value))
        if len(self.points) > KEPT:
            self.points, self.apart = self.points[::2], 2 * self.apart


def mesh(latents):
    """Noise on lines between which it is equally likely to fall, row by row, and a row's length."""
    across = CELLS + 1 if latents == 2 else CELLS ** 2 + 1
    shares = np.linspace(0, 1, across).clip(0.2 / across, 1 - 0.2 / across)
    z = np.array([NormalDist().inv_cdf(share) for share in shares], np.float32)
    axes = np.meshgrid(*[z] * latents, indexing="ij")
    return xp.asarray(np.stack([each.ravel() for each in axes], axis=1)), across


def centres_along(strokes, edge):
    """Centres of Gaussians, evenly along strokes on the picture's square.  -> float32 (K, 2)"""
    if not strokes:
        raise ValueError("there is nothing to learn yet; draw some points")
    apart = max(STD / edge, sum(map(length, strokes)) / (DRAWN - 2 * len(strokes)))
    points = np.concatenate([np.unique(filled(stroke, apart), axis=0) for stroke in strokes])
    return ((2 * points - 1) * (edge, -edge)).astype(np.float32)  # a pad counts from the top


def divergence(a, b, edge):
    """Jensen-Shannon, of two samples (N, 2) counted in bins: 0 for equal, 1 bit for disjoint."""
    bins = [np.linspace(-edge, edge, BINS + 1)] * 2
    p, q = (np.histogram2d(*points.clip(-edge, edge).T, bins)[0] / len(points) for points in (a, b))
    return float(entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2)


def entropy(p):
    """In bits."""
    return -(p * np.log2(np.where(p > 0, p, 1))).sum()

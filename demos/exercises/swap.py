"""An answer put into a real model, which then trains on it: two runs from one seed, whose losses
have to agree.

A falling loss proves nothing: unscaled attention trains almost as well. So the engine's own run is
the yardstick, and the calls are counted.
"""
import functools
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

import tinygen as tg
from demos.exercises.exercise import Wrong, what_is
from models import autoencoder, gan, gpt, transformer, vae
from models.parts import noise
from tinygen.backend import np, xp
from tinygen.data import CharTokenizer, load_text, random_windows, ring
from tinygen.data.digits import draw_digits
from tinygen.optim import Adam

SECONDS = 20   # that a student's run may compute
COMPARED = 50  # first losses that have to agree with the engine's


class Model(NamedTuple):
    """A model that trains on an answer.

    train(answer, calls) yields the loss of each step. Both are None in the engine's own run. The
    models of this file leave the answer to `swap`; one of an exercise's own may use it itself, may
    raise Wrong, and may return a sentence that tells of success.
    """
    name: str
    steps: int
    train: Callable
    tolerance: float = 1e-4            # of the losses, relative where they are above 1
    counts: tuple = ("forward", "gradient")  # calls of which there must be some


class TooSlow(Exception):
    """The time for the model is used up."""


class Calls:
    """Calls an answer from inside a model, and counts."""

    def __init__(self, seconds=math.inf):
        self.deadline = time.thread_time() + seconds
        self.forward_calls = self.gradient_calls = 0
        self.seconds, self.slowest, self.on = 0.0, 0.0, ""

    def forward(self, function, *inputs, **settings):
        """function(*inputs, **settings), counted. Where it gives Tensors, so are its gradients."""
        self.forward_calls += 1
        result = self._timed(function, inputs, settings)
        return tuple(map(self._watched, result)) if type(result) is tuple else self._watched(result)

    def gradient(self, function, *inputs, **settings):
        """The same for a function that computes gradients."""
        self.gradient_calls += 1
        return self._timed(function, inputs, settings)

    def fits(self, name, value, like):
        """The value, if it is an array (or Tensor) of the shape and dtype of `like`; else Wrong."""
        if isinstance(value, np.generic):
            value = np.asarray(value)  # NumPy's arithmetic on 0-d arrays gives scalars
        kind = tg.Tensor if isinstance(value, tg.Tensor) else xp.ndarray
        if not isinstance(value, kind) or (value.shape, value.dtype) != (like.shape, like.dtype):
            raise Wrong(f"{name} is {what_is(value)} where {tuple(like.shape)} {like.dtype} is "
                        f"needed.")
        return value

    def _timed(self, function, inputs, settings):
        if time.thread_time() > self.deadline:
            raise TooSlow
        started = time.monotonic()
        result = function(*inputs, **settings)
        took = time.monotonic() - started
        self.seconds += took
        if took > self.slowest:
            shapes = [str(tuple(x.shape)) for x in inputs if hasattr(x, "shape")]
            self.slowest, self.on = took, shapes[0] if shapes else ""
        return result

    def _watched(self, y):
        """y itself, for a Tensor through an op that counts when its gradient is asked for."""
        if not isinstance(y, tg.Tensor):
            return y

        def gradient(g, y, x):
            self.gradient_calls += 1
            return g
        return tg.op(lambda x: (x, gradient))(y)


@dataclass
class Training:
    """What came of a run on an answer, in plain values."""
    losses: list = field(default_factory=list)
    own: list = field(default_factory=list)  # the engine's
    forward: int = 0
    gradient: int = 0
    seconds: float = 0.0
    slowest: float = 0.0  # seconds of a call
    on: str = ""          # the shape that it was called on
    slow: bool = False
    sentence: str = ""    # of success
    wrong: str = ""       # of failure


def train(exercise, answer, seconds=SECONDS):
    """Train the exercise's model on an answer -> Training. What the answer raises is passed on."""
    model, result = exercise.model, Training()
    result.own = list(own_losses(model))
    started, calls = time.monotonic(), Calls(seconds)
    with ExitStack() as stack:
        for context in exercise.swap(answer, calls):
            stack.enter_context(context)
        run = model.train(answer, calls)
        try:
            while time.thread_time() < calls.deadline:
                result.losses.append(float(next(run)))
            result.slow = True
        except StopIteration as end:
            result.sentence = end.value or ""
        except TooSlow:
            result.slow = True
        except Wrong as error:
            result.wrong = str(error)
    result.seconds = time.monotonic() - started
    result.forward, result.gradient = calls.forward_calls, calls.gradient_calls
    result.slowest, result.on = calls.slowest, calls.on
    return result


@functools.cache
def own_losses(model):
    """The losses of the engine's own run."""
    return tuple(float(loss) for loss in model.train(None, None))


def train_reference(exercise, count=8):
    """Train on the reference -> Training, and calls that the model made on the way, as Cases."""
    kept, answer = [], exercise.reference
    if exercise.record is not None:
        answer = exercise.record(answer, lambda case: kept.append(case.copy()))
    training = train(exercise, answer, math.inf)
    return training, kept[::max(1, len(kept) // count)][:count]


# ---- the models ----

def steps(count, optimizer, loss_of):
    """The loop of them all: a batch's loss, backward, a step."""
    for step in range(count):
        loss = loss_of(step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


@functools.cache
def text():
    """The beginning of pydoc as tokens, and how many different ones there are."""
    beginning = load_text("pydoc")[:100_000]
    tokenizer = CharTokenizer(beginning)
    return np.asarray(tokenizer.encode(beginning)), len(tokenizer)


@functools.cache
def digits():
    """512 digits, shrunk.  -> float32 (512, 1, 8, 8), 0 to 1"""
    x = draw_digits(512, np.random.default_rng(0))[0][:, 2:-2, 2:-2] / np.float32(255)
    return xp.asarray(x.reshape(-1, 1, 8, 3, 8, 3).mean(axis=(3, 5)))


def small_gpt():
    """2 layers, 2 heads, width 32, context 32: fresh, and always the same."""
    _, vocabulary = text()
    return gpt.GPT(gpt.Config(vocabulary, 32, 2, 2, 32), rng=np.random.default_rng(0))


def train_gpt(answer, calls):
    ids, _ = text()
    model, rng = small_gpt(), np.random.default_rng(1)

    def loss(step):
        x, targets = random_windows(ids, 8, 32, rng=rng)
        return gpt.loss(model, xp.asarray(x), xp.asarray(targets))
    return steps(GPT.steps, Adam(model.parameters(), lr=3e-3), loss)


def image_batch(step, size=32):
    """The images of a step, in turn.  -> (size, 1, 8, 8)"""
    x = digits()
    first = step * size % len(x)
    return x[first:first + size]


def train_autoencoder(answer, calls):
    rng = np.random.default_rng(0)
    model = autoencoder.ConvAutoencoder(autoencoder.Config(8, 8), (4, 8), 32, rng=rng)
    return steps(AE.steps, Adam(model.parameters(), lr=3e-3),
                 lambda step: autoencoder.loss(model, image_batch(step)))


def train_pooling(answer, calls):
    model = autoencoder.PoolAutoencoder(autoencoder.Config(8, 8), (4, 8),
                                        rng=np.random.default_rng(0))
    return steps(POOL.steps, Adam(model.parameters(), lr=3e-3),
                 lambda step: autoencoder.loss(model, image_batch(step)))


def train_vae(answer, calls):
    rng = np.random.default_rng(0)
    model = vae.DenseVAE(vae.Config(4, 8), 32, rng=rng)

    def loss(step):
        x = image_batch(step)
        return vae.loss(model, x, noise(len(x), 4, rng=rng))
    return steps(VAE.steps, Adam(model.parameters(), lr=3e-3), loss)


def train_gan(answer, calls):
    from demos.gans.parts.steps import discriminator_step, generator_step
    rng = np.random.default_rng(0)
    config = gan.Config(2, (2,))
    generator = gan.MLPGenerator(config, (32, 32), rng=rng)
    discriminator = gan.MLPDiscriminator(config, (32, 32), rng=rng)
    settings = dict(lr=2e-3, betas=(0.5, 0.9))
    g_optimizer = Adam(generator.parameters(), **settings)
    d_optimizer = Adam(discriminator.parameters(), **settings)
    for _ in range(GAN.steps):
        x, z = xp.asarray(ring(64, rng)), noise(64, 2, rng=rng)
        log = discriminator_step(generator, discriminator, d_optimizer, gan.discriminator_loss, x,
                                 z)
        z = noise(64, 2, rng=rng)
        log |= generator_step(generator, discriminator, g_optimizer, gan.non_saturating_loss, z)
        yield log["d_loss"].item() + log["g_loss"].item()


def train_reversal(answer, calls):
    """Sequences of 6 digits, to be written in reverse."""
    rng = np.random.default_rng(0)
    config = transformer.Config(13, 13, 8, 1, 2, 16)
    model = transformer.Transformer(config, rng=rng)

    def loss(step):
        source = rng.integers(3, 13, (16, 6))
        ends = [np.full((16, 1), transformer.START), np.full((16, 1), transformer.STOP)]
        target = np.concatenate([ends[0], source[:, ::-1], ends[1]], axis=1)
        return transformer.loss(model, xp.asarray(source), xp.asarray(target))
    return steps(S2S.steps, Adam(model.parameters(), lr=3e-3), loss)


GPT = Model("GPT", 150, train_gpt)
AE = Model("autoencoder", 150, train_autoencoder)
POOL = Model("pooling autoencoder", 100, train_pooling)
VAE = Model("VAE", 150, train_vae)
GAN = Model("GAN", 150, train_gan)
S2S = Model("Transformer", 100, train_reversal)

"""Exhibits in an autoencoder: its optimiser, its batch norm, and its encoder as a regression."""
import tinygen as tg
from demos.exercises.exercise import Edit
from demos.exercises.swap import digits
from demos.inside.exhibits.exhibit import Exhibit, Stage, mistake_in, mistake_of_exercise
from models import autoencoder, gan
from tinygen.backend import np
from tinygen.optim import Adam

SEEN, BATCH, SIDE = 384, 32, 8  # of the 512 digits, those that it trains on
TESTED = slice(SEEN, SEEN + 64)


class OnDigits(Stage):
    """A model that trains on digits of 8x8 pixels, in turn."""

    def __init__(self, model, rng):
        self.model, self.rng = model, rng
        self.optimizer = Adam(model.parameters(), lr=3e-3)

    def loss(self, step):
        return autoencoder.loss(self.model, digits()[rows(step)])


def rows(step):
    """The digits of a step."""
    return (np.arange(BATCH) + BATCH * step) % SEEN


def convolutional(code_size, rng):
    return autoencoder.ConvAutoencoder(autoencoder.Config(code_size, SIDE), (4, 8), 32, rng=rng)


# ---- the optimiser ----

class Compressor(OnDigits):
    """An autoencoder; `moved` is how far each of its numbers went in the last step."""

    def __init__(self, version, rng):
        super().__init__(convolutional(8, rng), rng)

    def step(self, step):
        before = numbers(self.model)
        loss = super().step(step)
        self.moved = np.abs(numbers(self.model) - before)
        return loss


def numbers(model):
    """All parameters as one vector, a copy."""
    return np.concatenate([p.numpy().ravel() for p in model.parameters()])


def step_size(stage):
    """The step that nine in ten of the numbers with a gradient stay below, in learning rates."""
    return np.quantile(stage.moved[stage.moved > 0], 0.9) / stage.optimizer.lr


# ---- shapes ----

class Leaning(OnDigits):
    """An encoder whose code is one number: how much a digit leans."""

    def __init__(self, version, rng):
        super().__init__(convolutional(1, rng).encoder, rng)
        self.predict, self.lean = version, leaning(digits())

    def loss(self, step):
        y, t = self.predict(self.model, digits()[rows(step)]), self.lean[rows(step)]
        return ((y - t) ** 2).mean()


def predict(encoder, x):
    return encoder(x)[:, 0]


def leaning(x):
    """The slope of a digit's ink, of mean 0 and deviation 1.  (N, 1, H, W) -> (N,)"""
    ink = x[:, 0] / x.sum(axis=(2, 3))[..., None]  # (N, H, W), adds up to 1

    def centred(place):
        return place - (ink * place).sum(axis=(1, 2))[:, None, None]
    down, right = map(centred, np.mgrid[:SIDE, :SIDE])
    slope = (ink * down * right).sum(axis=(1, 2)) / (ink * down ** 2).sum(axis=(1, 2))
    return ((slope - slope.mean()) / slope.std()).astype("float32")


def spread(stage):
    """The deviation of what it predicts of digits that it was not trained on."""
    with tg.no_grad():
        return stage.predict(stage.model, digits()[SEEN:]).numpy().std()


def check_shapes(predict):
    encoder = convolutional(1, np.random.default_rng(0)).encoder
    tg.mse(predict(encoder, digits()[:4]), leaning(digits())[:4])


# ---- batch norm ----

class Normed(OnDigits):
    """An autoencoder with batch norm in its decoder, and how it is tested."""

    def __init__(self, version, rng):
        super().__init__(BatchNormed(rng), rng)
        self.test = version


class BatchNormed(autoencoder.Autoencoder):
    """DCGAN's generator as the decoder."""

    def __init__(self, rng):
        self.encoder = convolutional(8, rng).encoder
        self.decoder = gan.DCGenerator(gan.Config(8, (1, SIDE, SIDE)), (8, 4), rng=rng)


def loss_of(model, x):
    with tg.no_grad(), model.evaluating():
        return autoencoder.loss(model, x).item()


def one_by_one(test, model, x):
    """The mean loss of digits, each of which is alone in its batch."""
    return np.mean([test(model, x[i:i + 1]) for i in range(len(x))])


def price_of_being_alone(stage):
    """The loss of unseen digits one by one, over that of all at once."""
    x = digits()[TESTED]
    return one_by_one(stage.test, stage.model, x) / stage.test(stage.model, x)


def check_alone(test):
    stage, x = Normed(test, np.random.default_rng(0)), digits()[TESTED]
    for step in range(30):  # at first all digits are alike to it
        stage.step(step)
    alone, together = one_by_one(test, stage.model, x), test(stage.model, x)
    if not np.isclose(alone, together, rtol=1e-4):
        raise ValueError(f"Digits have a loss of {together:.4f} in one batch, and of {alone:.4f} "
                         f"one by one.")


AUTOENCODERS = (
    Exhibit(
        name="uncorrected_adam",
        title="Adam without bias correction",
        mistake=mistake_of_exercise(11, "You skipped bias correction"),
        stage=Compressor,
        meter="a weight's step, in learning rates, 90th percentile",
        read=step_size, every=1, of=lambda readings: readings[0], pace=0.25,
        broken=dict(at_least=2.0),
        question="The means m and v begin at 0 and are not corrected for it. How long is the first "
                 "step?",
        choices=("Shorter: m is a tenth of the gradient", "Longer: v is even smaller",
                 "The same: the two cancel"),
        right=1,
        why="With m = 0.1·g and √v = √0.001·|g|, the first step is 3.16 learning rates long, "
            "where it should be 1, and it takes about a thousand steps until v has caught up: a "
            "learning rate that is too high, just where training is most easily upset. This "
            "autoencoder is none the worse for it; large Transformers may be.",
        seen="BERT was published with such an Adam, and Zhang et al. (2021) trace fine-tuning that "
             "fails on some seeds to it."),
    Exhibit(
        name="broadcast_loss",
        title="(N, 1) against (N,)",
        mistake=mistake_in(
            predict, Edit("encoder(x)[:, 0]", "encoder(x)"), check=check_shapes,
            caught_by="tg.mse, which refuses shapes that differ"),
        stage=Leaning,
        meter="deviation of the predictions, unseen digits",
        read=spread, broken=dict(at_most=0.5),
        question="y is (N, 1), the targets t are (N,), and the loss is ((y - t) ** 2).mean(). "
                 "What does the model learn?",
        choices=("Nothing: shapes that differ raise an error", "To predict the mean of all targets",
                 "The same, more slowly"),
        right=1,
        why="(N, 1) - (N,) is (N, N): each prediction is compared with the targets of all "
            "examples, and the best that it can be is their mean. The loss stays at the targets' "
            "variance, 1, as if the task were too hard.",
        seen="PyTorch's mse_loss warns of a target size that differs from the input size."),
    Exhibit(
        name="left_training",
        title="Batch norm left in training mode",
        mistake=mistake_in(
            loss_of, Edit("tg.no_grad(), model.evaluating()", "tg.no_grad()"), check=check_alone,
            caught_by="the loss of images alone and together, which has to be the same"),
        stage=Normed,
        meter="test loss one by one / all at once",
        read=price_of_being_alone, every=40, broken=dict(at_least=1.2),
        question="The model is tested without being put into evaluation mode. When does it show?",
        choices=("In the training loss", "In the test loss of a large batch",
                 "In the test loss of images one at a time"),
        right=2,
        why="Training is the same, to the last bit, and in a large batch mean and variance are "
            "about what they were in training. A single image is normalised by itself, and "
            "what makes it different from others is taken out. Besides, each test moves the "
            "running statistics, by which the model would be evaluated.",
        seen="It is the second of Karpathy's most common neural net mistakes (2018)."),
)

"""Exhibits in a VAE: the deviation, and the KL."""
import tinygen as tg
from demos.exercises.swap import digits
from demos.inside.exhibits.autoencoders import BATCH, SEEN, SIDE, OnDigits, rows
from demos.inside.exhibits.exhibit import Exhibit, mistake_of_exercise
from models import vae
from models.parts import noise
from tinygen.backend import np

LATENTS = 4


class Dreamer(OnDigits):
    """A VAE."""

    def __init__(self, version, rng):
        super().__init__(vae.DenseVAE(vae.Config(LATENTS, SIDE), 32, rng=rng), rng)

    def loss(self, step):
        return vae.loss(self.model, digits()[rows(step)], noise(BATCH, LATENTS, rng=self.rng))

    def codes(self):
        """Mean and log σ² of digits that it was not trained on."""
        with tg.no_grad():
            return [part.data for part in self.model.encode(digits()[SEEN:])]


def deviation(dreamer):
    """Of the draws z around their mean, over σ = exp(logvar/2)."""
    mean, logvar = dreamer.codes()
    z = vae.reparameterize(mean, logvar, np.ones_like(mean))
    return np.sqrt((((z - mean) / np.exp(0.5 * logvar)) ** 2).mean())


def nats(dreamer):
    """KL(q(z|x) || N(0, 1)), summed over the latents, mean over the digits."""
    mean, logvar = dreamer.codes()
    return 0.5 * (mean ** 2 + np.exp(logvar) - 1 - logvar).sum(axis=1).mean()


VAES = (
    Exhibit(
        name="variance_as_deviation",
        title="exp(logvar) taken for the standard deviation",
        mistake=mistake_of_exercise(17, "You took exp(logvar) for σ"),
        stage=Dreamer,
        meter="deviation of z around its mean / exp(logvar/2)",
        read=deviation, every=60, pace=3, broken=dict(at_most=0.95),
        question="z is drawn with σ² in the place of σ, while the KL takes it for σ. What tells?",
        choices=("The loss, which is worse", "The draws, which are narrower than the KL is "
                 "paid for", "Nothing: the encoder learns half the logarithm"),
        right=1,
        why="σ is below 1, so σ² is smaller still: the decoder gets cleaner codes than the KL "
            "accounts for, and the loss, about one nat too good, is no bound on log p(x) any more. "
            "Draw z often, and measure how far it lies from its mean.",
        seen="The Keras blog's Building autoencoders (2016) takes exp(z_log_sigma) for the "
             "deviation in the draw, and for the variance in the KL."),
    Exhibit(
        name="averaged_kl",
        title="The KL averaged over the latents",
        mistake=mistake_of_exercise(17, "You averaged over the latents"),
        stage=Dreamer,
        meter="KL summed over the latents, nats, unseen digits",
        read=nats, every=60, pace=3, broken=dict(at_least=3.0),
        question="The reconstruction is summed over the pixels, but the KL is averaged over the "
                 "four latents. What happens?",
        choices=("The loss is too good, and the codes cost more than it says",
                 "All latents collapse", "Nothing: it is only a factor of the learning rate"),
        right=0,
        why="A mean of four is a sum with a beta of 1/4: the codes may drift from N(0, 1), for a "
            "quarter of the price. Reconstructions get better, and the loss is almost three nats "
            "below the healthy one. But summed, the KL is about three times as large, and with it "
            "the loss is more than a nat above the healthy one.",
        seen="The Keras blog's Building autoencoders averages it over the latents, too; how strong "
             "the KL is then depends on the code's size. beta-VAE (Higgins et al., 2017) makes "
             "this weight a choice."),
)

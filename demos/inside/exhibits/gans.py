"""Exhibits in a GAN on a ring of eight Gaussians: the players' steps, and the gradient penalty."""
import tinygen as tg
from demos.exercises.exercise import Edit
from demos.inside.exhibits.exhibit import Exhibit, Stage, mistake_in, mistake_of_exercise
from models import gan
from models.parts import noise
from tinygen.backend import np
from tinygen.data import ring
from tinygen.optim import Adam

BATCH, LATENTS = 64, 2


class Players(Stage):
    """A generator and a discriminator, each with its optimiser."""

    def __init__(self, rng):
        config, hidden = gan.Config(LATENTS, (2,)), (32, 32)
        self.generator = gan.MLPGenerator(config, hidden, rng=rng)
        self.discriminator = gan.MLPDiscriminator(config, hidden, rng=rng)
        self.g_optimizer, self.d_optimizer = (
            Adam(player.parameters(), lr=2e-3, betas=(0.5, 0.9))
            for player in (self.generator, self.discriminator))
        self.rng = rng

    def parts(self):
        return dict(generator=self.generator, discriminator=self.discriminator,
                    g_optimizer=self.g_optimizer, d_optimizer=self.d_optimizer, draws=self.rng)

    def real(self):
        return ring(BATCH, self.rng)

    def noise(self):
        return noise(BATCH, LATENTS, rng=self.rng)


class Game(Players):
    """The two steps are those of exercise 20."""

    def __init__(self, steps, rng):
        super().__init__(rng)
        self.steps = steps

    def step(self, step):
        players = self.generator, self.discriminator
        loss = self.steps.discriminator_step(*players, self.d_optimizer, gan.discriminator_loss,
                                             self.real(), self.noise())
        self.steps.generator_step(*players, self.g_optimizer, gan.non_saturating_loss,
                                  self.noise())
        return loss


class Critic(Players):
    """A Wasserstein GAN, whose critic pays a penalty for slopes other than 1, and makes two steps
    for each of the generator's."""

    def __init__(self, penalty, rng):
        super().__init__(rng)
        self.penalty = penalty

    def step(self, step):
        real = self.real()
        with tg.no_grad():
            fake = self.generator(self.noise()).data
        loss = gan.critic_loss(self.discriminator(real), self.discriminator(fake))
        total = loss + 10 * self.penalty(self.discriminator, real, fake, rng=self.rng)
        self.d_optimizer.zero_grad()
        total.backward()
        self.d_optimizer.step()
        if step % 2:
            self.move_generator()
        return loss

    def move_generator(self):
        loss = gan.wasserstein_loss(self.discriminator(self.generator(self.noise())))
        self.g_optimizer.zero_grad()
        loss.backward(inputs=self.generator.parameters())
        self.g_optimizer.step()


def gradient_norm(game):
    """Of the gradients that the discriminator's last step left in it."""
    return np.sqrt(sum((p.grad.numpy() ** 2).sum() for p in game.discriminator.parameters()))


def slope(critic):
    """The critic's mean slope between real points and fakes, where the penalty looks."""
    rng = np.random.default_rng(0)
    with tg.no_grad():
        fake = critic.generator(noise(256, LATENTS, rng=rng)).data
    along = rng.random((256, 1), dtype="float32")
    x = tg.Tensor(along * ring(256, rng) + (1 - along) * fake)
    return np.linalg.norm(tg.grad(critic.discriminator(x).sum(), x).numpy(), axis=1).mean()


def check_each_by_itself(penalty):
    discriminator = gan.MLPDiscriminator(gan.Config(LATENTS, (2,)), (8,),
                                         rng=np.random.default_rng(0))
    point = np.array([[0.5, -1.0]], "float32")
    one, many = (penalty(discriminator, x, x, rng=np.random.default_rng(0)).item()
                 for x in (point, np.repeat(point, 6, axis=0)))
    if not np.isclose(one, many, rtol=1e-4):
        raise ValueError(f"The penalty of a point is {one:.3f}, and of six times that point "
                         f"{many:.3f}.")


GANS = (
    Exhibit(
        name="uncleared_gradients",
        title="Gradients that are never cleared",
        mistake=mistake_of_exercise(20, "You never cleared the gradients"),
        stage=Game,
        meter="norm of the discriminator's gradient",
        read=gradient_norm, every=5, of=np.median, log=True, broken=dict(at_least=10.0),
        question="Neither player's step calls zero_grad(). What do the gradients do?",
        choices=("They grow: each step adds its own to all before",
                 "They are the same: backward begins anew", "They cancel out"),
        right=0,
        why="backward() adds to .grad, so a step follows the sum of all gradients so far: momentum "
            "that never fades, and the players overshoot. The loss swings, or falls to almost 0, "
            "as in any game that the discriminator wins, and so it does not say what is wrong; "
            "the norm of the gradient, about a hundred times too large, does.",
        seen="It is the third of Karpathy's most common neural net mistakes (2018)."),
    Exhibit(
        name="penalty_axis",
        title="A gradient penalty over the wrong axis",
        mistake=mistake_in(
            gan.gradient_penalty, Edit("(slope ** 2).sum(axis=1)", "(slope ** 2).sum(axis=0)"),
            check=check_each_by_itself,
            caught_by="the penalty of a batch of copies, which has to be that of one"),
        stage=Critic,
        meter="slope of the critic, mean",
        read=slope, broken=dict(at_most=0.6),
        question="The slope's norm is taken over the batch, not over the coordinates of each "
                 "example. What becomes of the critic?",
        choices=("Its slope is 1, as it should be", "It is far too flat", "It is far too steep"),
        right=1,
        why="Each coordinate's norm over the batch of 64 is now asked to be 1, so the squares of "
            "all 64 slopes add up to 2, where it should be 64. The critic's slope is about "
            "√(2/64), less than a fifth, and with it shrink the generator's gradient and the "
            "estimate of the distance. A critic's loss has no "
            "scale that one could know it by.",
        seen="The authors' code sums over axis 1 of flat examples; copied to images that are not "
             "flat, it sums over something else."),
)

"""19 GAN losses   ★★   30 minutes

    D = σ(s) = 1 / (1 + e^(-s))                      s is the discriminator's score
    V = E log D(x) + E log(1 - D(G(z)))              D wants it high, the generator G wants it low
    saturating loss of G         E log(1 - D(G(z)))  G's part of V
    non-saturating loss of G    -E log D(G(z))       the same aim, a different slope

    game_value(real, fake)       scores of real examples (N,) and of fakes (M,) -> V, one number
    saturating_loss(fake)        scores of fakes (M,) -> one number
    non_saturating_loss(fake)    scores of fakes (M,) -> one number

Given: tinygen, with tg.softplus(s) = log(1 + e^s), which never overflows. To write: all three, of
Tensors of scores (not of probabilities). E is the mean over the batch. Every loss and gradient has
to be finite, also for a score of 800: sigmoid then rounds to 1, and log(1 - 1) is -∞. So work out
on paper what log σ(s) and log(1 - σ(s)) are in terms of softplus. Not allowed: the losses of
models.gan.

By hand: a D that cannot tell, real = [0] and fake = [0], says 1/2 to both. Then V = log 1/2 +
log 1/2 = -log 4, the saturating loss is -log 2 and the non-saturating one log 2. The gradient of V
is 1 - D = 1/2 by the real score and -D = -1/2 by the fake one; those of G's losses by the fake
score are -D = -1/2 and D - 1 = -1/2. Where D sees through the fakes, D = 0.000001, these become
-0.000001 and -0.999999: one of the two losses still teaches G something.

    python -m demos exercises check 19
"""
import tinygen as tg


def game_value(real, fake):
    # ---- answer
    return -tg.softplus(-real).mean() - tg.softplus(fake).mean()
    # ---- end


def saturating_loss(fake):
    # ---- answer
    return -tg.softplus(fake).mean()
    # ---- end


def non_saturating_loss(fake):
    # ---- answer
    return tg.softplus(-fake).mean()
    # ---- end

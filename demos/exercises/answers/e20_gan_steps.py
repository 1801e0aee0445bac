"""20 GAN steps   ★★★   40 minutes

    a round of training:  discriminator_step, then generator_step
    a mode is covered:    it is the nearest centre of some good point
    a point is good:      it lies closer than 3·std to its nearest centre

    discriminator_step(generator, discriminator, optimizer, loss, x, z) -> the loss
        x real examples (N, d), z noise (N, k); optimizer moves the discriminator's parameters only;
        loss(real_scores, fake_scores) is a Tensor of one number
    generator_step(generator, discriminator, optimizer, loss, z) -> the loss
        optimizer moves the generator's parameters only; loss(fake_scores)
    covered(points, centres, std) -> how many modes are covered, the share of good points
        NumPy arrays, points (N, 2), centres (K, 2) -> an int and a float

Given: the two networks. generator(z) gives fakes (N, d), discriminator(x) gives scores (N,). A
network has .parameters(), an optimizer .zero_grad() and .step(), a Tensor .detach() (the same
numbers without their history), and loss.backward(inputs=parameters) gives gradients to these
parameters alone. To write: all three. Each step clears the gradients of its player, computes the
loss, and makes one step of the optimizer. It leaves the other player alone: neither the other's
parameters nor their .grad change. Not allowed: the steps and covered of demos.gans.

By hand: G(z) = w·z with w = 0, D's score is v·x with v = 0; x = 2, z = 1; both learning rates
are 1. All scores are 0, so D = 1/2 for all and the discriminator's loss is log 4. Its gradient by v
is -(1 - D)·x + D·G(z) = -1, so v becomes 1. The generator's loss is now log 2, its gradient by w is
(D - 1)·v·z = -1/2, and w becomes 1/2. Of the points (0, 0), (1, 0), (9, 0), with centres (0, 0),
(4, 0) and std = 1, the first two are good, the last is not: 1 mode is covered, by 2/3 of the
points.

    python -m demos exercises check 20
"""
import numpy as np


def discriminator_step(generator, discriminator, optimizer, loss, x, z):
    # ---- answer
    fake = generator(z).detach()
    value = loss(discriminator(x), discriminator(fake))
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return value
    # ---- end


def generator_step(generator, discriminator, optimizer, loss, z):
    # ---- answer
    value = loss(discriminator(generator(z)))
    optimizer.zero_grad()
    value.backward(inputs=generator.parameters())
    optimizer.step()
    return value
    # ---- end


def covered(points, centres, std):
    # ---- answer
    distances = np.linalg.norm(points[:, None] - centres, axis=2)  # (N, K)
    good = distances.min(axis=1) < 3 * std
    nearest = distances.argmin(axis=1)
    return len(set(nearest[good].tolist())), good.mean()
    # ---- end

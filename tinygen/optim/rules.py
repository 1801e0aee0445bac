"""The update rules, each as in its paper: θ the parameters, g their gradient, η the learning rate.

A rule lists the vectors it remembers and updates θ in place, run by run; s is a scratch vector.
"""
import math

from tinygen.backend import xp
from tinygen.checks import check_flags, check_number
from tinygen.errors import describe
from tinygen.optim.optimizer import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum μ.

        θ ← θ - η·g                              μ = 0
        v ← μ·v + g,  θ ← θ - η·v                momentum
        v ← μ·v + g,  θ ← θ - η·(g + μ·v)        Nesterov's: the gradient one step ahead

    On the importance of initialization and momentum in deep learning
    (Sutskever, Martens, Dahl and Hinton, 2013), with η outside of v, as in PyTorch.
    """

    def __init__(self, params, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
        check_number("SGD", 0, 1, momentum=momentum)
        check_flags("SGD", nesterov=nesterov)
        self.remembers = ("v",) if momentum else ()
        super().__init__(params, lr, weight_decay)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov=True needs a momentum above 0, such as 0.9")
        self.momentum, self.nesterov = momentum, nesterov

    def update(self, theta, g, s, v=None):
        direction = g
        if self.momentum:
            v *= self.momentum
            v += g
            direction = v
        if self.nesterov:
            direction = xp.multiply(v, self.momentum, out=s)
            direction += g
        xp.multiply(direction, self.lr, out=s)
        theta -= s


class RMSprop(Optimizer):
    """Divides each step by a running root mean square of the gradient.

        v ← α·v + (1 - α)·g²,  θ ← θ - η·g / (√v + ε)

    Lecture 6.5: rmsprop, divide the gradient by a running average of its recent magnitude
    (Tieleman and Hinton, 2012).
    """
    remembers = ("v",)

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0.0):
        check_number("RMSprop", 0, 1, alpha=alpha)
        check_number("RMSprop", 0, math.inf, eps=eps)
        super().__init__(params, lr, weight_decay)
        self.alpha, self.eps = alpha, eps

    def update(self, theta, g, s, v):
        xp.multiply(g, g, out=s)
        s *= 1 - self.alpha
        v *= self.alpha
        v += s
        xp.sqrt(v, out=s)
        s += self.eps
        xp.divide(g, s, out=s)
        s *= self.lr
        theta -= s


class Adam(Optimizer):
    """Steps by running means of the gradient and its square.

        m ← β1·m + g,   m̂ = m / (1 + β1 + ... + β1ᵗ⁻¹)
        v ← β2·v + g²,  v̂ = v / (1 + β2 + ... + β2ᵗ⁻¹)
        θ ← θ - η·m̂ / (√v̂ + ε)

    t counts the optimiser's steps, even for a parameter whose first gradient comes later.
    A mean with weights 1, β, β², ... into the past is the weighted sum over the sum of the weights.
    The paper keeps (1 - β1)·m and divides by 1 - β1ᵗ: the same m̂, but two more passes.
    Adam: a method for stochastic optimization (Kingma and Ba, 2015), algorithm 1.
    """
    remembers = ("m", "v")

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        name = type(self).__name__
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise TypeError(f"{name}: betas must be two numbers, β1 and β2, got "
                            f"{describe(betas)}; the usual ones are (0.9, 0.999)")
        check_number(name, 0, 1, beta1=betas[0], beta2=betas[1])
        check_number(name, 0, math.inf, eps=eps)
        super().__init__(params, lr, weight_decay)
        self.betas, self.eps = betas, eps

    def update(self, theta, g, s, m, v):
        weights1, weights2 = [(1 - beta ** self.t) / (1 - beta) for beta in self.betas]
        # m̂ / (√v̂ + ε) = √weights2/weights1 · m / (√v + √weights2·ε)
        root = math.sqrt(weights2)
        m *= self.betas[0]
        m += g
        v *= self.betas[1]
        xp.multiply(g, g, out=s)
        v += s
        xp.sqrt(v, out=s)
        s += root * self.eps
        xp.divide(m, s, out=s)
        s *= self.lr * root / weights1
        theta -= s


class AdamW(Adam):
    """Adam with decoupled weight decay, which is not divided by √v̂.

        θ ← θ - η·λ·θ, then Adam's step by g alone

    To exempt biases and norms from decay, give them to an optimiser of their own.
    Decoupled weight decay regularization (Loshchilov and Hutter, 2019).
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)

    def _decay(self, theta, g):
        theta *= 1 - self.lr * self.weight_decay
        return g

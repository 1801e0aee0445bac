"""11 Adam: a step of the optimiser, by which an autoencoder then trains."""
import math
from unittest.mock import patch

from demos.exercises.exercise import Case, Edit, parts
from demos.exercises.swap import AE
from tinygen import optim
from tinygen.backend import np

KIND = "N"
ANSWER = "adam"
MODEL = AE._replace(counts=("forward",))
HINTS = (
    "The five lines of the formula are five lines of NumPy. Each number of theta has an m and a v "
    "of its own, so all of it is done number by number, with no sums.",
    "Give the results new names, or write m = beta1 * m + ..., which makes a new array; m *= beta1 "
    "would change the caller's.",
    "What is returned as m and v is not divided by 1 - βᵗ; that goes into m̂ and v̂ only, and they "
    "are forgotten after the step.",
)
MISTAKES = (
    ("You skipped bias correction: m and v began at 0, so divide them by 1 - βᵗ first.",
     Edit("m / (1 - beta1 ** t)", "m", "v / (1 - beta2 ** t)", "v")),
    ("You put eps inside the root: it is added to √v̂.",
     Edit("(np.sqrt(v_hat) + eps)", "np.sqrt(v_hat + eps)")),
    ("You counted t from 0: t is 1 at the first step, and the powers are β¹.",
     Edit("beta1 ** t", "beta1 ** (t - 1)", "beta2 ** t", "beta2 ** (t - 1)")),
    ("You returned m̂ and v̂ as m and v: the next step goes on from those that are not corrected.",
     Edit("+ eps), m, v", "+ eps), m_hat, v_hat")),
    ("You left out the root: the step is divided by √v̂ + eps.",
     Edit("np.sqrt(v_hat)", "v_hat")),
    ("You forgot the square: v is a running mean of g².", Edit("g ** 2", "g")),
    ("You left out 1 - β: m and v are means, so the old and the new one have weights that add up "
     "to 1.", Edit("(1 - beta1) * g\n", "g\n", "(1 - beta2) * g ** 2", "g ** 2")),
    ("You went up the gradient: the step is subtracted from theta.",
     Edit("theta - lr", "theta + lr")),
)


def cases(rng):
    def case(n, t, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8, scale=1.0, dtype="float64"):
        theta, g, m = rng.normal(size=(3, n)).round(1)
        v = rng.uniform(0.1, 2, n).round(1)
        memory = scale * m * (t > 1), scale ** 2 * v * (t > 1)  # zeros before the first step
        arrays = zip(("theta", "gradient", "m", "v"), (theta, scale * g, *memory))
        return Case(**{name: array.astype(dtype) for name, array in arrays},
                    t=t, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    return [
        Case(theta=np.ones(2), gradient=np.array([2.0, -6.0]), m=np.zeros(2), v=np.zeros(2),
             t=1, lr=1.0, beta1=0.5, beta2=0.75, eps=2.0),
        case(2, 1), case(2, 2), case(1, 3), case(4, 10, beta1=0.5), case(3, 2, eps=0.5),
        case(5, 3, beta1=0.0, beta2=0.9), case(3, 10_000),
        Case(theta=np.array([1.0, 2.0]), gradient=np.zeros(2), m=np.zeros(2), v=np.zeros(2),
             t=1, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8),
        case(3, 5, scale=1e6), case(4, 2, dtype="float32"),
    ]


def ask(answer, case):
    theta, m, v = parts(answer(case.theta, case.gradient, case.m, case.v, case.t, lr=case.lr,
                               beta1=case.beta1, beta2=case.beta2, eps=case.eps), "theta", "m", "v")
    yield "m", m
    yield "v", v
    yield "theta", theta


def expected(case):
    theta, m, v = (array.copy() for array in (case.theta, case.m, case.v))
    for i, g in enumerate(case.gradient):
        m[i] += (1 - case.beta1) * (g - m[i])
        v[i] += (1 - case.beta2) * (g * g - v[i])
        step = m[i] / (1 - case.beta1 ** case.t)
        size = math.sqrt(v[i] / (1 - case.beta2 ** case.t))
        theta[i] -= case.lr * step / (size + case.eps)
    return {"m": m, "v": v, "theta": theta}


def swap(answer, calls):
    def update(self, theta, g, _, m, v):
        new = calls.forward(answer, theta, g, m, v, self.t, lr=self.lr, beta1=self.betas[0],
                            beta2=self.betas[1], eps=self.eps)
        for name, old, array in zip(("theta", "m", "v"), (theta, m, v), new):
            old[...] = calls.fits(name, array, like=old)
    return [patch.object(optim.Adam, "update", update)]  # AdamW's, too


def record(answer, keep):
    def adam(theta, g, m, v, t, **settings):
        few = slice(0, 200)  # of 3,833 parameters
        keep(Case(theta=theta[few], gradient=g[few], m=m[few], v=v[few], t=t, **settings))
        return answer(theta, g, m, v, t, **settings)
    return adam

"""12 train step: what a loop does to each batch; an autoencoder learns to take noise away by it."""
import tinygen as tg
from demos.exercises.exercise import Case, Edit, Wrong, slope, what_is
from demos.exercises.swap import Model, digits, image_batch
from models import autoencoder
from tinygen import nn
from tinygen.backend import np
from tinygen.optim import SGD, Adam

KIND = "T"
ANSWER = "train_step"
FORBIDDEN = ("models.autoencoder.loss",)
HINTS = (
    "The loss compares what the model makes of the noisy images with the clean ones. tg.mse "
    "returns it as a Tensor.",
    "Four things, each in a line: the loss; clear the old gradients; compute the new ones; step. "
    "loss.backward() fills each parameter's .grad, and only then can the optimizer use it.",
    "loss = tg.mse(model(noisy), clean), then optimizer.zero_grad(), loss.backward(), "
    "optimizer.step(), in this order, and return loss.",
)
LOSS, ZERO = "    loss = tg.mse(model(noisy), clean)\n", "    optimizer.zero_grad()\n"
BACKWARD, STEP = "    loss.backward()\n", "    optimizer.step()\n"
MISTAKES = (
    ("You aimed at the noisy image: compare what the model makes of it with the clean one.",
     Edit(LOSS, "    loss = tg.mse(model(noisy), noisy)\n")),
    ("You showed the model the clean image: it learns to remove noise only where there is some.",
     Edit(LOSS, "    loss = tg.mse(model(clean), clean)\n")),
    ("You exchanged clean and noisy: the model sees the noisy image, the clean one is the target.",
     Edit(LOSS, "    loss = tg.mse(model(clean), noisy)\n")),
    ("You never cleared the gradients: backward adds to those of the step before; "
     "optimizer.zero_grad() clears them.", Edit(ZERO, "")),
    ("You stepped where there are no gradients: backward comes before step, nothing clears them in "
     "between, and no .numpy() cuts the graph.", Edit(BACKWARD, "", STEP, STEP + BACKWARD)),
    ("You never took a step: backward computes gradients, optimizer.step() changes the parameters.",
     Edit(STEP, "")),
    ("You added up the squares; the loss is their mean.",
     Edit(LOSS, LOSS.replace("clean)", 'clean, reduction="sum")'))),
)


def cases(rng):
    def case(n, d, lr=0.1, scale=1.0, dtype="float64"):
        w = rng.normal(size=(d, d)).round(1)
        clean = scale * rng.normal(size=(n, d)).round(1)
        noisy = clean + scale * rng.choice([-1, 1], (n, d)) * rng.uniform(0.3, 1, (n, d)).round(1)
        return Case(w=w.astype(dtype), noisy=noisy.astype(dtype), clean=clean.astype(dtype), lr=lr)

    return [
        Case(w=np.array([[1.0]]), noisy=np.array([[2.0]]), clean=np.array([[1.0]]), lr=0.125),
        case(2, 1), case(2, 3), case(3, 2), case(1, 4), case(5, 2, lr=0.01), case(2, 3, scale=10.0),
        case(1, 1), case(3, 2, dtype="float32"),
    ]


def ask(answer, case):
    model = nn.Linear(*case.w.shape, bias=False, rng=np.random.default_rng(0))
    model.weight = tg.Tensor(case.w.copy())
    optimizer = SGD(model.parameters(), lr=case.lr)
    for step in (1, 2):
        loss = answer(model, optimizer, case.clean, case.noisy)
        yield f"loss of step {step}", loss
        yield f"w after step {step}", model.weight.numpy().copy()


def loss_by_loops(w, noisy, clean):
    total = 0.0
    for x, wanted in zip(noisy, clean):
        for row, number in zip(w, wanted):
            total += (sum(a * b for a, b in zip(row, x)) - number) ** 2
    return total / clean.size


def expected(case):
    w, values = case.w, {}
    for step in (1, 2):
        values[f"loss of step {step}"] = loss_by_loops(w, case.noisy, case.clean)
        w = w - case.lr * slope(lambda w: loss_by_loops(w, case.noisy, case.clean), w, 1.0)
        values[f"w after step {step}"] = w
    return values


# ---- the model: a small autoencoder that learns to take noise away ----

NOISE = 0.5    # standard deviation; ink is 1, paper 0
DECIBELS = 2   # to be gained


def train(answer, calls):
    rng = np.random.default_rng(0)
    model = autoencoder.ConvAutoencoder(autoencoder.Config(8, 8), (4, 8), 32, rng=rng)
    optimizer = Adam(model.parameters(), lr=3e-3)
    losses = []
    for step in range(MODEL.steps):
        clean = image_batch(step)
        images = model, optimizer, clean, with_noise(clean, rng)
        loss = engine_step(*images) if answer is None else calls.forward(answer, *images)
        if not isinstance(loss, (tg.Tensor, float, np.floating)):
            raise Wrong(f"The loss is {what_is(loss)}; a Tensor of one number is needed.")
        losses.append(float(loss.item() if isinstance(loss, tg.Tensor) else loss))
        yield losses[-1]
    clean = digits()[:128]
    noisy = with_noise(clean, rng)
    with tg.no_grad():
        reached, before = decibels(model(noisy).numpy() - clean), decibels(noisy - clean)
    if reached < before + DECIBELS:
        raise Wrong(f"The model's images have {reached:.1f} dB, the noisy ones {before:.1f}; at "
                    f"least {DECIBELS} more are wanted.")
    return (f"{MODEL.steps} steps, all yours: loss {losses[0]:.3g} -> {losses[-1]:.3g}. The noisy "
            f"images have {before:.1f} dB, what the model makes of them {reached:.1f} "
            f"(goal: {DECIBELS} more)")


def with_noise(clean, rng):
    return clean + np.float32(NOISE) * rng.standard_normal(clean.shape, dtype="float32")


def engine_step(model, optimizer, clean, noisy):
    loss = ((model(noisy) - clean) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def decibels(error):
    """Peak signal-to-noise ratio: 10 more is a tenth of the squared error."""
    return -10 * np.log10((error ** 2).mean())


MODEL = Model("autoencoder", 150, train, counts=("forward",))

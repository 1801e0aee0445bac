"""A small classifier that judges what other networks generate.

    classifier = train_classifier(run, x_train, y_train, classes=10, steps=450)
    share_right(classifier, x_test, y_test)       how far to trust its judgement
    p = probabilities(classifier, samples)        (N, classes)

It learns from real images only, so what it says of generated ones is an opinion: it has to name a
class for each, even for what is no digit at all. After 450 steps, about 7 s, it is right on 97.4 to
97.9 % of the test images of the drawn digits, and on as many of mnist-10k's.
"""
import tinygen as tg
from demos.common.resume import epoch_batch
from demos.tools.codes import in_batches
from models.parts import down
from tinygen import nn
from tinygen.backend import np, xp
from tinygen.optim import Adam, warmup_cosine


def train_classifier(run, x, y, classes, *, steps, loop="classifier", batch=64, lr=2e-3):
    """A convolutional network trained on images x (N, C, H, W) and their classes y (N,).

    run: the demo's, which shows, logs and saves the training as its loop `loop`. Returns a Module:
    images (N, C, H, W) -> logits (N, classes). Raises ValueError unless both sides are multiples of
    4 and 0 <= y < classes.
    """
    channels, height, width = x.shape[1:]
    if height % 4 or width % 4:
        raise ValueError("the classifier halves its images twice, so both sides are multiples of "
                         f"4; got {height} x {width}")
    if not 0 <= y.min() <= y.max() < classes:
        raise ValueError(f"labels run from 0 to {classes - 1} for {classes} classes, got "
                         f"{y.min()} to {y.max()}")
    rng = run.rng
    model = nn.Sequential(
        down(channels, 16, rng), nn.ReLU(),  # (N, 16, H/2, W/2)
        down(16, 32, rng), nn.ReLU(),        # (N, 32, H/4, W/4)
        nn.Flatten(), nn.Linear(32 * (height // 4) * (width // 4), 128, rng=rng), nn.ReLU(),
        nn.Linear(128, classes, rng=rng))
    optimizer = Adam(model.parameters(), lr=lr)
    batch, seed = min(batch, len(x)), int(rng.integers(2 ** 32))
    for step in run.steps(loop, total=steps, model=model, optimizer=optimizer):
        rows = epoch_batch(step, batch, len(x), seed)
        optimizer.lr = lr * warmup_cosine(step, warmup=0, total=steps)
        loss = tg.cross_entropy(model(xp.asarray(x[rows])), xp.asarray(y[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
    return model


def probabilities(classifier, x):
    """Probability of each class.  (N, C, H, W) -> NumPy (N, classes), rows sum to 1"""
    return in_batches(lambda rows: tg.softmax(classifier(rows)), x)


def share_right(classifier, x, y):
    """The share of images (N, C, H, W) that the classifier assigns to their class y (N,)."""
    return float((probabilities(classifier, x).argmax(axis=1) == np.asarray(y)).mean())

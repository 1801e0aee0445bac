"""How strange is an image? The scores that the anomaly demo compares, and how they are compared.

A score is a function of images (N, C, H, W) on the host; it returns a NumPy array (N,), larger for
what is stranger. None is shown an anomaly before it is judged.
"""
import tinygen as tg
from demos.tools.codes import in_batches
from demos.tools.nearest import nearest
from models.parts import noise
from models.vae import reparameterize
from tinygen.backend import np, to_numpy, xp
from tinygen.data.digits import ink as draw_strokes
from tinygen.optim import Adam

DRAWS = 4  # codes drawn for each image, for the mean over them in the ELBO


# ---- scores ----

def squared_error(images, again):
    """Summed over the pixels.  (N, ...), (N, ...) -> (N,)"""
    return ((images - again) ** 2).reshape(len(images), -1).sum(axis=1)


def autoencoder_error(model):
    """|x - x̂|²: what the autoencoder cannot rebuild."""
    return lambda x: squared_error(x, in_batches(model, x))


def negative_elbo(model, rng):
    """-ELBO in nats, an upper bound of -log p(x): how unlikely the VAE thinks that x is."""
    def batch(x):
        mean, logvar = model.encode(x)
        total = tg.kl_standard_normal(mean, logvar)  # (N,)
        for _ in range(DRAWS):
            z = reparameterize(mean, logvar, noise(*mean.shape, rng=rng))
            logits = model.decode(z)
            nats = tg.bce_with_logits(logits, x, reduction="none")
            total = total + nats.sum(axis=(1, 2, 3)) / DRAWS
        return total
    return lambda x: in_batches(batch, x)


def called_fake(discriminator):
    """-logit D(x): how sure the discriminator is that x was not drawn from the data."""
    return lambda x: -in_batches(discriminator, x)


def distance_to_generated(generator, steps):
    """|x - G(z)|² for the best z that so many steps of Adam find (AnoGAN, Schlegl et al., 2017).

    No network is trained here: the gradient of the distance goes through G to z, and z moves.
    """
    return lambda x: squared_error(x, nearest_generated(generator, x, steps))


def nearest_generated(generator, x, steps):
    """The generated images that gradient descent on z finds nearest to x.  (N, C, H, W) -> same"""
    found = []
    for start in range(0, len(x), 500):
        block = xp.asarray(x[start:start + 500])
        z = tg.Tensor(xp.zeros((len(block), generator.config.latent_size), "float32"))
        optimizer = Adam([z], lr=0.1)
        for _ in range(steps):
            distance = ((generator(z) - block) ** 2).sum()  # of which each z has its own part
            optimizer.zero_grad()
            distance.backward(inputs=[z])
            optimizer.step()
        found.append(to_numpy(generator(z)))
    return np.concatenate(found)


def distance_to_training(x_train):
    """|x - x'|² for the nearest training image x': no learning at all."""
    return lambda x: nearest(x, x_train)[1] ** 2


def amount_of_ink(x):
    """The sum of the pixels, which knows nothing of digits."""
    return x.reshape(len(x), -1).sum(axis=1)


def per_ink(scores, x):
    """Scores (N,) of images x relative to their ink, of which we count at least one full pixel."""
    return scores / np.maximum(amount_of_ink(x), 1)


# ---- other anomalies: images (N, C, H, W), rng -> images that are no digits, or not in place ----

def scribbles(x, rng):
    """Curves of three random waves, as large and as thick as the digits of a 28x28 image."""
    t = np.linspace(0, 1.5 * np.pi, 200)[:, None, None]
    waves = np.arange(1, 4)
    amplitude = rng.normal(size=(len(x), 1, 2, 3))
    phase = rng.uniform(0, 2 * np.pi, (len(x), 1, 2, 3))
    paths = (amplitude * np.sin(t * waves + phase)).sum(axis=-1)  # (N, 200, 2)
    longer = np.ptp(paths, axis=1, keepdims=True).max(axis=2, keepdims=True)
    low, high = paths.min(axis=1, keepdims=True), paths.max(axis=1, keepdims=True)
    paths = 14 + (paths - (low + high) / 2) * 18 / longer
    thickness = rng.uniform(0.9, 1.6, (len(x), 1, 1))
    return draw_strokes(paths.astype(np.float32), thickness.astype(np.float32))[:, None]


KINDS = {
    "noise": lambda x, rng: rng.random(x.shape, dtype=np.float32),
    "scribble": scribbles,
    "inverted": lambda x, rng: 1 - x,
    "shifted": lambda x, rng: np.pad(x[..., :-6], [(0, 0)] * 3 + [(6, 0)]),
    "faint": lambda x, rng: 0.3 * x,
    "blank": lambda x, rng: 0 * x,
}


# ---- how well a score tells anomalies from normal images ----

def auroc(scores, anomalous):
    """The chance that an anomaly gets a higher score than a normal image; a tie counts half.

    It is the area under the ROC curve: 1 for a perfect score, 1/2 for one that knows nothing, and
    less where normal images look stranger than anomalies. From ranks, after Mann and Whitney, 1947:
    with R the sum of the anomalies' ranks among all, it is (R - n(n+1)/2) / nm for n anomalies and
    m normal images. (N,), bool (N,) -> float; ValueError unless there are both kinds.
    """
    scores, anomalous = np.asarray(scores), np.asarray(anomalous)
    n, m = int(anomalous.sum()), int((~anomalous).sum())
    if not n or not m:
        raise ValueError(f"auroc: it compares anomalies with normal images; got {n} and {m}")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # those that tie share the mean of their ranks
    return float((ranks[place][anomalous].sum() - n * (n + 1) / 2) / (n * m))


def roc_curve(scores, anomalous):
    """Rates of false alarms and of hits, as the threshold falls from the highest score.

    (N,), bool (N,) -> two arrays that rise from 0 to 1, with a point for each distinct score
    """
    order = np.argsort(-scores, kind="stable")
    scores, anomalous = scores[order], anomalous[order]
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # ties pass together
    hits, alarms = np.cumsum(anomalous)[ends], np.cumsum(~anomalous)[ends]
    return np.append(0, alarms / alarms[-1]), np.append(0, hits / hits[-1])

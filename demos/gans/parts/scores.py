"""How strange is an image? The scores that the anomaly demo compares, and their AUROC.

A score is a function from NumPy images (N, C, H, W) to a NumPy array (N,), larger for stranger
images. No score has seen an anomaly before.
"""
import tinygen as tg
from demos.tools.codes import in_batches
from demos.tools.nearest import nearest
from models.parts import noise
from models.vae import reparameterize
from tinygen.backend import np, to_numpy, xp
from tinygen.data.digits import ink
from tinygen.optim import Adam

CORRECTED = "autoencoder", "AnoGAN", "nearest neighbour"  # scores that are also divided by the ink
CODES = 4  # sampled for each image; the ELBO averages over them


# ---- scores ----

def squared_error(images, again):
    """Sum of squares over the pixels.  (N, ...), (N, ...) -> (N,)"""
    return ((images - again) ** 2).reshape(len(images), -1).sum(axis=1)


def autoencoder_error(model):
    """|x - x̂|²: what the autoencoder fails to reconstruct."""
    return lambda x: squared_error(x, in_batches(model, x))


def negative_elbo(model, rng):
    """-ELBO in nats, an upper bound on -log p(x): how unlikely the VAE finds x."""
    def batch(x):
        mean, logvar = model.encode(x)
        total = tg.kl_standard_normal(mean, logvar)  # (N,)
        for _ in range(CODES):
            z = reparameterize(mean, logvar, noise(*mean.shape, rng=rng))
            logits = model.decode(z)
            nats = tg.bce_with_logits(logits, x, reduction="none")
            total = total + nats.sum(axis=(1, 2, 3)) / CODES
        return total
    return lambda x: in_batches(batch, x)


def called_fake(discriminator):
    """-logit D(x): how sure the discriminator is that x is fake."""
    return lambda x: -in_batches(discriminator, x)


def distance_to_generated(generator, steps):
    """|x - G(z)|² for the best z that `steps` steps of Adam find (AnoGAN, Schlegl et al., 2017).

    No network is trained: the gradient of the distance flows through G to z, and only z moves.
    """
    return lambda x: squared_error(x, nearest_generated(generator, x, steps))


def nearest_generated(generator, x, steps):
    """The generated images closest to x that descent on z finds.  (N, C, H, W) -> the same shape"""
    found = []
    for start in range(0, len(x), 500):
        block = xp.asarray(x[start:start + 500])
        z = tg.Tensor(xp.zeros((len(block), generator.config.latent_size), "float32"))
        optimizer = Adam([z], lr=0.1)
        for _ in range(steps):
            distance = ((generator(z) - block) ** 2).sum()  # each z affects its own term only
            optimizer.zero_grad()
            distance.backward(inputs=[z])
            optimizer.step()
        found.append(to_numpy(generator(z)))
    return np.concatenate(found)


def distance_to_training(x_train):
    """|x - x'|² for the nearest training image x'; nothing is learnt."""
    return lambda x: nearest(x, x_train)[1] ** 2


def amount_of_ink(x):
    """The sum of the pixels, a score that knows nothing about digits."""
    return x.reshape(len(x), -1).sum(axis=1)


def per_ink(scores, x):
    """Scores (N,) divided by the ink of their images x, taken to be at least one full pixel."""
    return scores / np.maximum(amount_of_ink(x), 1)


# ---- all of them ----

def make_scores(rebuilder, likelihood, g, d, normal, descent, rng):
    """name -> score, a function of images."""
    return {"autoencoder": autoencoder_error(rebuilder), "VAE": negative_elbo(likelihood, rng),
            "discriminator": called_fake(d), "AnoGAN": distance_to_generated(g, descent),
            "nearest neighbour": distance_to_training(normal), "ink": amount_of_ink}


def score_all(scores, x):
    """All scores of images x, and some divided by the ink.  -> name: (N,)"""
    found = {name: score(x) for name, score in scores.items()}
    return found | {f"{name} / ink": per_ink(found[name], x) for name in CORRECTED}


# ---- other anomalies: images (N, C, H, W), rng -> images that are not digits, or off-centre ----

def scribbles(x, rng):
    """Curves of three random waves each, of the size and thickness of digits in a 28x28 image."""
    t = np.linspace(0, 1.5 * np.pi, 200)[:, None, None]
    waves = np.arange(1, 4)
    amplitude = rng.normal(size=(len(x), 1, 2, 3))
    phase = rng.uniform(0, 2 * np.pi, (len(x), 1, 2, 3))
    paths = (amplitude * np.sin(t * waves + phase)).sum(axis=-1)  # (N, 200, 2)
    longer = np.ptp(paths, axis=1, keepdims=True).max(axis=2, keepdims=True)
    low, high = paths.min(axis=1, keepdims=True), paths.max(axis=1, keepdims=True)
    paths = 14 + (paths - (low + high) / 2) * 18 / longer
    thickness = rng.uniform(0.9, 1.6, (len(x), 1, 1))
    return ink(paths.astype(np.float32), thickness.astype(np.float32))[:, None]


KINDS = {
    "noise": lambda x, rng: rng.random(x.shape, dtype=np.float32),
    "scribble": scribbles,
    "inverted": lambda x, rng: 1 - x,
    "shifted": lambda x, rng: np.pad(x[..., :-6], [(0, 0)] * 3 + [(6, 0)]),
    "faint": lambda x, rng: 0.3 * x,
    "blank": lambda x, rng: 0 * x,
}


def score_other_anomalies(scores, normal, x, rng):
    """The same scores on images that are not normal digits, made from images x.

    normal: name -> the scores of normal images. -> name: {kind: AUROC}, an example of each kind
    """
    table, examples = {}, []
    for kind, make in KINDS.items():
        strange = make(x, rng).astype(np.float32)
        examples.append(strange[0])
        for name, values in score_all(scores, strange).items():
            both = np.concatenate([values, normal[name]])
            table.setdefault(name, {})[kind] = auroc(both, np.arange(len(both)) < len(strange))
    return table, examples


# ---- how well a score separates anomalies from normal images ----

def auroc(scores, anomalous):
    """The probability that an anomaly scores higher than a normal image; a tie counts half.

    This is the area under the ROC curve: 1 for a perfect score, 1/2 for one that knows nothing,
    less if normal images look stranger than anomalies. Computed from ranks (Mann and Whitney,
    1947): with R the sum of the anomalies' ranks among all images, it is (R - n(n+1)/2) / nm for n
    anomalies and m normal images. (N,), bool (N,) -> float. Raises ValueError unless there are
    both kinds.
    """
    scores, anomalous = np.asarray(scores), np.asarray(anomalous)
    n, m = int(anomalous.sum()), int((~anomalous).sum())
    if not n or not m:
        raise ValueError("auroc needs both anomalies and normal images; got "
                         f"{n} anomalies and {m} normal images")
    _, level, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # ties share their mean rank
    return float((ranks[level][anomalous].sum() - n * (n + 1) / 2) / (n * m))


def roc_curve(scores, anomalous):
    """Rates of false alarms and of hits as the threshold falls from the highest score.

    (N,), bool (N,) -> two arrays that rise from 0 to 1, with one point per distinct score
    """
    order = np.argsort(-scores, kind="stable")
    scores, anomalous = scores[order], anomalous[order]
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # tied scores pass together
    hits, alarms = np.cumsum(anomalous)[ends], np.cumsum(~anomalous)[ends]
    return np.append(0, alarms / alarms[-1]), np.append(0, hits / hits[-1])

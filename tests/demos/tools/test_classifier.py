"""The classifier that judges samples: it learns, it can be wrong, it refuses what does not fit."""
from types import SimpleNamespace

import pytest

from demos.tools.classifier import probabilities, share_right, train_classifier
from tinygen.backend import np


def run(rng):
    """What the classifier needs of a run."""
    return SimpleNamespace(rng=rng, steps=lambda loop, total, **objects: range(total),
                           log=lambda **metrics: None)


def bars(rng, count):
    """Noise with a bright bar: vertical in class 0, horizontal in class 1.  (N, 1, 8, 8), (N,)"""
    x = 0.3 * rng.random((count, 1, 8, 8), dtype=np.float32)
    y, position = rng.integers(2, size=count), rng.integers(8, size=count)
    for image, label, where in zip(x, y, position):
        (image[0].T if label == 0 else image[0])[where] = 1
    return x, y


def test_it_learns_to_classify_unseen_images(rng):
    (x, y), (x_test, y_test) = bars(rng, 300), bars(rng, 200)
    classifier = train_classifier(run(rng), x, y, 2, steps=60)
    assert share_right(classifier, x_test, y_test) > 0.95
    assert share_right(classifier, x_test, 1 - y_test) < 0.05
    p = probabilities(classifier, x_test)
    assert p.shape == (200, 2) and isinstance(p, np.ndarray)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_the_seed_decides_everything():
    first, again, other = (train_classifier(run(np.random.default_rng(seed)),
                                            *bars(np.random.default_rng(0), 20), 2, steps=3)
                           for seed in (1, 1, 2))
    x, _ = bars(np.random.default_rng(3), 5)
    assert np.array_equal(probabilities(first, x), probabilities(again, x))
    assert not np.array_equal(probabilities(first, x), probabilities(other, x))


@pytest.mark.parametrize("shape, labels, words", [
    ((6, 1, 8, 10), [0, 1] * 3, "multiples of 4; got 8 x 10"),
    ((6, 1, 8, 8), [0, 1, 2] * 2, "run from 0 to 1 for 2 classes, got 0 to 2"),
    ((6, 1, 8, 8), [0, 1, -1] * 2, "got -1 to 1")])
def test_images_and_labels_that_do_not_fit_are_refused(shape, labels, words, rng):
    with pytest.raises(ValueError, match=words):
        train_classifier(run(rng), np.zeros(shape, "float32"), np.array(labels), 2, steps=1)

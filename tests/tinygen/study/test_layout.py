"""Boxes do not overlap, lines do not run through them, and each line arrives."""
import numpy as np
import pytest

import tinygen as tg
from models import autoencoder, gan, gpt, transformer, vae
from tinygen.backend import xp
from tinygen.study import trace
from tinygen.study.graph_figure import arrange
from tinygen.study.layout import apart


def a_gpt(rng):
    model = gpt.GPT(gpt.Config(7, block_size=4, n_layer=2, n_head=2, n_embd=4), rng=rng)
    ids = xp.asarray(rng.integers(0, 7, (2, 4)))
    return lambda: gpt.loss(model, ids, ids)


def a_vae(rng):
    model = vae.ConvVAE(vae.Config(latent_size=2, size=4), (2, 3), hidden=3, rng=rng)
    x, eps = xp.asarray(rng.random((2, 1, 4, 4), "float32")), xp.asarray(rng.random((2, 2), "f"))
    return lambda: vae.loss(model, x, eps)


def a_transformer(rng):
    model = transformer.Transformer(transformer.Config(7, 7, n_layer=2, n_head=2, n_embd=4),
                                    rng=rng)
    ids = xp.asarray(rng.integers(1, 7, (2, 4)))
    return lambda: transformer.loss(model, ids, ids)


def a_gan(rng):
    config = gan.Config(latent_size=2, shape=(2,))
    generator, discriminator = (make(config, (4,), rng=rng)
                                for make in (gan.MLPGenerator, gan.MLPDiscriminator))
    x = xp.asarray(rng.random((3, 2), "float32"))
    return lambda: gan.discriminator_loss(discriminator(x), discriminator(generator(x)))


def an_autoencoder(rng):
    model = autoencoder.PoolAutoencoder(autoencoder.Config(size=4), (2, 2), rng=rng)
    x = xp.asarray(rng.random((2, 1, 4, 4), "float32"))
    return lambda: autoencoder.loss(model, x)


def a_tangle(rng):
    """Ops without modules that use what lies far back."""
    def compute():
        results = [tg.Tensor(xp.asarray(rng.random(2))) * 2 for _ in range(3)]
        for _ in range(30):
            i, j = rng.integers(0, len(results), 2)
            results.append(results[i] * results[j])
        return sum(results[1:], results[0])
    return compute


def absolute(frame, x=0.0, y=0.0):
    """(box, left, top, lines) of all frames and boxes, in the coordinates of the figure."""
    yield frame, x, y, [[(x + a, y + b) for a, b in corners] for corners, _ in frame.lines]
    for child in frame.children:
        yield from absolute(child, x + child.x, y + child.y)


def curve(corners):
    """Points on a line as it is drawn."""
    (x, start), (_, y), (end_x, end_y), (_, end) = corners
    t = np.linspace(0, 1, 30)[:, None]
    half = (y + end_y) / 2
    a, b, c, d = map(np.array, ((x, y), (x, half), (end_x, half), (end_x, end_y)))
    bend = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t ** 2 * c + t ** 3 * d
    straight = [np.stack([np.full(30, at), np.linspace(*ends, 30)], axis=1)
                for at, ends in ((x, (start, y)), (end_x, (end_y, end)))]
    return np.concatenate([straight[0], bend, straight[1]])


CASES = [(make, fold) for make in (a_gpt, a_vae, a_transformer, a_gan, an_autoencoder)
         for fold in (1, 9)] + [(a_tangle, 0)]


@pytest.mark.parametrize("make, fold", CASES)
def test_lines_run_beside_boxes(make, fold, rng):
    graph = trace(make(rng))
    places = list(absolute(arrange(graph, fold)))
    left, top, right, bottom = np.transpose([
        (left + 1e-6, top + 1e-6, left + box.width - 1e-6, top + box.height - 1e-6)
        for box, left, top, _ in places if not box.children])
    for frame, *_, lines in places:
        for corners in lines:
            x, y = curve(corners).T[:, :, None]
            assert not ((x > left) & (x < right) & (y > top) & (y < bottom)).any()
        for child in frame.children:
            assert 0 <= child.x and child.x + child.width <= frame.width + 1e-9
            assert 0 <= child.y and child.y + child.height <= frame.height + 1e-9
            for other in frame.children:
                assert other is child or other.x >= child.x + child.width \
                    or child.x >= other.x + other.width or other.y >= child.y + child.height \
                    or child.y >= other.y + other.height, f"{child.title}, {other.title} overlap"


@pytest.mark.parametrize("make, fold", CASES)
def test_each_line_arrives(make, fold, rng):
    """From the bottom of the box that makes a result, piece by piece, to all that use it."""
    graph = trace(make(rng))
    places = list(absolute(arrange(graph, fold)))
    pieces = {}
    for *_, lines in places:
        for corners in lines:
            pieces.setdefault(rounded(corners[0]), []).append(rounded(corners[-1]))
    leaves = [(box, left, top) for box, left, top, _ in places if not box.children]
    owner = {node: leaf for leaf in leaves for node in leaf[0].nodes}
    for node in graph.nodes:
        for given in node.inputs:
            if given.node is None or owner[given.node] is owner[node.number]:
                continue
            (box, left, top), (user, user_left, user_top) = owner[given.node], owner[node.number]
            start = rounded((left + box.exits[given.node], top + box.height))
            end = rounded((user_left + user.entries[given.node], user_top))
            reached, ahead = set(), [start]
            while ahead:
                point = ahead.pop()
                if point not in reached:
                    reached.add(point)
                    ahead += pieces.get(point, [])
            assert end in reached, f"{box.title} does not reach {user.title}"


def rounded(point):
    return round(float(point[0]), 6), round(float(point[1]), 6)


def test_a_residual_goes_straight_down_beside_its_block(rng):
    """The main path is one vertical line, and so is the bypass."""
    block = gpt.Block(4, 2, rng=rng)
    x = tg.Tensor(xp.asarray(rng.random((1, 3, 4), "float32")))
    whole = arrange(trace(lambda: block(x * 2)), 1)
    frame = next(child for child in whole.children if child.children)
    middles = [child.x + child.width / 2 for child in frame.children]
    assert np.ptp(middles) < 1e-3
    assert all(abs(corners[1][0] - corners[2][0]) < 1e-6 or corners[2][0] > max(middles)
               or corners[1][0] > max(middles) for corners, _ in frame.lines)


def test_numbers_apart_are_as_near_as_can_be_to_what_was_wanted(rng):
    for _ in range(20):
        n = int(rng.integers(1, 6))
        wanted, weights = rng.normal(size=n), rng.uniform(0.1, 2, n)
        gaps = rng.uniform(0, 1, n - 1)
        found = np.array(apart(wanted, gaps, weights))
        assert (np.diff(found) >= gaps - 1e-12).all()
        cost = (weights * (found - wanted) ** 2).sum()
        for _ in range(50):
            other = found + rng.normal(size=n) * 0.1
            for i in range(1, n):
                other[i] = max(other[i], other[i - 1] + gaps[i - 1])
            assert (weights * (other - wanted) ** 2).sum() >= cost - 1e-12

"""Dropout: some numbers become 0 in training, so that a network does not rely on any one of them.

Which ones is decided by a hash of each number's place and a seed. So any part of a mask can be made
by itself: on any thread, on a GPU without copying, and again in backward instead of being stored.
"""
from tinygen.backend import cache_parts, np, xp
from tinygen.checks import check_number, check_rng
from tinygen.errors import describe
from tinygen.ops.elementwise import mul
from tinygen.tensor import shape_of
from tinygen.threads import on_all_cores


def dropout(x, p, rng, training=True):
    """Each element set to 0 with probability p, else divided by 1 - p, which preserves the mean.

    y = x · mask / (1 - p), or x itself if not training. rng: the numpy.random.Generator that draws
    the mask's seed. Raises ValueError unless 0 <= p < 1, TypeError for another rng and for
    integers. (Srivastava et al., 2014)
    """
    check_number("dropout", 0, 1, p=p)
    shape = shape_of("dropout", x)
    _check_floating(x)
    if not training or p == 0:
        return x
    key = key_of(int(check_rng("dropout", rng).integers(2 ** 63)))
    factors = xp.empty(shape, x.dtype)
    line = factors.reshape(-1)

    def draw(part):
        places = xp.arange(part.start, part.stop, dtype="uint32")
        line[part] = kept(places, p, key, x.dtype)
    on_all_cores(draw, cache_parts(line.size, 4))
    return mul(x, factors)


def key_of(seed):
    """Two words that have nothing in common with those of another seed, for `kept`."""
    return np.random.SeedSequence(seed).generate_state(2)


def kept(places, p, key, dtype):
    """Dropout's factors: 0 with probability p, 1/(1 - p) otherwise.  uint32 (...) -> (...)

    places: different numbers, one for each factor, in an array that gets overwritten. They are
    mixed as MurmurHash3 finishes its hashes (Appleby, 2011), and with the key's two words, so that
    the masks of two keys are not parts of one sequence.
    """
    h, shifted = places, xp.empty_like(places)
    h += key[0]
    h ^= xp.right_shift(h, xp.uint32(16), out=shifted)
    h *= xp.uint32(0x85EBCA6B)
    h ^= key[1]
    h ^= xp.right_shift(h, xp.uint32(13), out=shifted)
    h *= xp.uint32(0xC2B2AE35)
    h ^= xp.right_shift(h, xp.uint32(16), out=shifted)
    return xp.multiply(h >= xp.uint32(p * 2 ** 32), 1 / (1 - p), dtype=dtype)


def _check_floating(x):
    if x.dtype.kind != "f":
        raise TypeError(f"dropout: x must be floating-point, got {describe(x)}; convert it with "
                        f".astype('float32')")

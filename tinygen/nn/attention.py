"""Multi-head attention as a layer, and the cache that makes generating cheap."""
from tinygen import ops
from tinygen.backend import xp
from tinygen.nn.init import check_rng
from tinygen.nn.linear import Linear, check_sizes
from tinygen.nn.module import Module
from tinygen.tensor import plain


class MultiHeadAttention(Module):
    """Several attentions side by side, each in its share of the width.  (B, T, width) -> same

    Linear layers `query`, `key`, `value` make (B, heads, T, width/heads) each, and `out` mixes what
    the heads found. dropout leaves out attention weights in training, drawn from rng.
    Raises ValueError where heads does not divide width.
    Attention is all you need (Vaswani et al., 2017), section 3.2.2.
    """

    def __init__(self, width, heads, dropout=0.0, bias=True, *, rng):
        check_sizes("MultiHeadAttention", width=width, heads=heads)
        if width % heads:
            raise ValueError(f"MultiHeadAttention: heads divides width, each head taking its "
                             f"share; got {heads} heads for width {width}")
        if not 0 <= dropout < 1:
            raise ValueError(f"MultiHeadAttention: dropout is a probability of at least 0 and "
                             f"below 1, got {dropout}")
        self.heads, self.dropout, self.rng = heads, dropout, check_rng(rng)
        self.query = Linear(width, width, bias, rng=rng)
        self.key = Linear(width, width, bias, rng=rng)
        self.value = Linear(width, width, bias, rng=rng)
        self.out = Linear(width, width, bias, rng=rng)

    def forward(self, x, source=None, *, causal=False, mask=None, cache=None):
        """x: what asks, (B, T, width). source: what is looked at, (B, S, width); x itself if None.

        causal, mask: as in the op `attention`. cache: a KeyValueCache that supplies the keys and
        values of earlier places and takes in these.
        """
        source = x if source is None else source
        q, k, v = map(self._split, (self.query(x), self.key(source), self.value(source)))
        if cache is not None:
            k, v = cache.extend(self, k, v)
        dropout = self.dropout if self.training else 0.0
        seed = int(self.rng.integers(2 ** 63)) if dropout else 0
        y = ops.attention(q, k, v, causal=causal, mask=mask, dropout=dropout, seed=seed)
        return self.out(ops.reshape(ops.swapaxes(y, axis1=1, axis2=2), shape=x.shape))

    def _split(self, x):
        """(B, T, width) -> (B, heads, T, width/heads)"""
        b, t, width = x.shape
        x = ops.reshape(x, shape=(b, t, self.heads, width // self.heads))
        return ops.swapaxes(x, axis1=1, axis2=2)


class KeyValueCache:
    """The keys and values of all places so far, layer by layer, so that none is computed twice.

    size: the most places that it will hold. Without it the t-th token costs as much as the t
    before it together; with it only what is new is put through the network.
    """

    def __init__(self, size):
        self.size, self.kept = size, {}

    def __len__(self):
        """Places that are kept."""
        return next((length for _, _, length in self.kept.values()), 0)

    def extend(self, layer, k, v):
        """Take in k and v of new places -> arrays of all places, (B, heads, length, d).

        k, v: (B, heads, T, d), arrays or Tensors; no gradient goes through the cache.
        """
        k, v = plain(k), plain(v)
        b, heads, t, d = k.shape
        if layer not in self.kept:
            room = (b, heads, self.size, d)
            self.kept[layer] = xp.empty(room, k.dtype), xp.empty(room, v.dtype), 0
        keys, values, length = self.kept[layer]
        if length + t > self.size:
            raise ValueError(f"KeyValueCache: there is room for {self.size} places, {length} are "
                             f"taken and {t} came; start a new cache")
        keys[:, :, length:length + t] = k
        values[:, :, length:length + t] = v
        self.kept[layer] = keys, values, length + t
        return keys[:, :, :length + t], values[:, :, :length + t]

"""Multi-head attention as a layer, and the cache that makes generating cheap."""
from tinygen import ops
from tinygen.backend import xp
from tinygen.nn.checks import check_dropout, check_rng, check_sizes
from tinygen.nn.linear import Linear
from tinygen.nn.module import Module
from tinygen.tensor import plain


class MultiHeadAttention(Module):
    """Several attentions side by side, each in its share of the width.  (B, T, embed_dim) -> same

    Linear layers `query`, `key`, `value` make (B, heads, T, embed_dim/num_heads) each, and `out` mixes what
    the heads found. dropout leaves out attention weights in training, drawn from rng.
    Raises ValueError unless num_heads divides embed_dim.
    Attention is all you need (Vaswani et al., 2017), section 3.2.2.
    """

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, *, rng=None):
        check_sizes("MultiHeadAttention", embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"MultiHeadAttention: num_heads must divide embed_dim, got "
                             f"num_heads={num_heads} and embed_dim={embed_dim}")
        check_dropout("MultiHeadAttention", dropout=dropout)
        self.num_heads, self.dropout, self.rng = num_heads, dropout, check_rng(rng)
        self.query = Linear(embed_dim, embed_dim, bias, rng=rng)
        self.key = Linear(embed_dim, embed_dim, bias, rng=rng)
        self.value = Linear(embed_dim, embed_dim, bias, rng=rng)
        self.out = Linear(embed_dim, embed_dim, bias, rng=rng)

    def forward(self, x, source=None, *, causal=False, mask=None, cache=None):
        """x: what asks, (B, T, embed_dim). source: what is looked at, (B, S, embed_dim); x itself if None.

        causal, mask: as in the op `attention`. cache: a KeyValueCache that supplies the keys and
        values of earlier positions and takes in these.
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
        """(B, T, embed_dim) -> (B, heads, T, embed_dim/num_heads)"""
        b, t, embed_dim = x.shape
        x = ops.reshape(x, shape=(b, t, self.num_heads, embed_dim // self.num_heads))
        return ops.swapaxes(x, axis1=1, axis2=2)


class KeyValueCache:
    """The keys and values of all positions so far, layer by layer, so that none is computed twice.

    size: the most positions that it will hold. Without it the t-th token costs as much as the t
    before it together; with it only what is new is put through the network.
    """

    def __init__(self, size):
        self.size, self.kept = size, {}

    def __len__(self):
        """Places that are kept."""
        return next((length for _, _, length in self.kept.values()), 0)

    def extend(self, layer, k, v):
        """Take in k and v of new positions -> arrays of all positions, (B, heads, length, d).

        k, v: (B, heads, T, d), arrays or Tensors; no gradient goes through the cache.
        """
        k, v = plain(k), plain(v)
        b, heads, t, d = k.shape
        if layer not in self.kept:
            room = (b, heads, self.size, d)
            self.kept[layer] = xp.empty(room, k.dtype), xp.empty(room, v.dtype), 0
        keys, values, length = self.kept[layer]
        if length + t > self.size:
            raise ValueError(f"KeyValueCache: there is room for {self.size} positions, {length} are "
                             f"taken and {t} came; start a new cache")
        keys[:, :, length:length + t] = k
        values[:, :, length:length + t] = v
        self.kept[layer] = keys, values, length + t
        return keys[:, :, :length + t], values[:, :, :length + t]

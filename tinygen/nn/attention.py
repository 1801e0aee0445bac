"""Multi-head attention as a layer, and the cache that makes generation cheap."""
from tinygen import ops
from tinygen.backend import xp
from tinygen.checks import check_flags, check_number, check_sizes, generator
from tinygen.errors import describe
from tinygen.nn.linear import Linear
from tinygen.nn.module import Module
from tinygen.tensor import Tensor, plain, shape_of


class MultiHeadAttention(Module):
    """Attention in several heads, each on its share of the features.  (B, T, embed_dim) -> same

    in_proj_weight (3·embed_dim, embed_dim) and in_proj_bias (3·embed_dim,) map x to queries, keys
    and values, in this order; each head takes embed_dim/num_heads features of each. `out_proj`, a
    Linear, mixes what the heads found. The initial weights are drawn as those of four Linear
    layers: for queries, keys, values and out_proj. dropout: the probability of leaving out an
    attention weight in training, drawn from rng.

    Raises ValueError unless num_heads divides embed_dim and 0 <= dropout < 1.
    Attention is all you need (Vaswani et al., 2017), section 3.2.2.
    """

    def __init__(self, embed_dim, num_heads, dropout=0.0, bias=True, *, rng=None):
        check_sizes("MultiHeadAttention", embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"MultiHeadAttention: num_heads must divide embed_dim, got "
                             f"num_heads={num_heads} and embed_dim={embed_dim}")
        check_number("MultiHeadAttention", 0, 1, dropout=dropout)
        check_flags("MultiHeadAttention", bias=bias)
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.rng = rng = generator("MultiHeadAttention", rng)
        parts = [Linear(embed_dim, embed_dim, bias, rng=rng) for _ in range(3)]
        self.in_proj_weight = Tensor(xp.concatenate([part.weight.data for part in parts]))
        self.in_proj_bias = (Tensor(xp.concatenate([part.bias.data for part in parts])) if bias
                             else None)
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=rng)

    def forward(self, x, source=None, *, causal=False, mask=None, cache=None):
        """x (B, T, embed_dim) looks at source (B, S, embed_dim), or at itself if None.

        causal, mask: as in the op `attention`. cache: a KeyValueCache, which adds the keys and
        values of earlier positions and stores the new ones.
        """
        self._check("x", "T", x)
        if source is not None:
            self._check("source", "S", source)
        q, k, v = self._queries_keys_values(x, source)
        if cache is not None:
            check_cache("MultiHeadAttention", cache)
            k, v = cache.extend(self, k, v)
        dropout = self.dropout if self.training else 0.0
        seed = int(self.rng.integers(2 ** 63)) if dropout else 0
        y = ops.attention(q, k, v, causal=causal, mask=mask, dropout=dropout, seed=seed)
        return self.out_proj(ops.reshape(ops.swapaxes(y, 1, 2), x.shape))

    def _queries_keys_values(self, x, source):
        """q (B, heads, T, d), k and v (B, heads, S, d)"""
        if source is None:
            return self._project(x)
        n = self.embed_dim
        q, = self._project(x, slice(None, n))
        k, v = self._project(source, slice(n, None))
        return q, k, v

    def _project(self, x, rows=None):
        """Queries, keys and values, or those that a slice of rows makes, stacked and in heads.

        (B, T, embed_dim) -> (3, B, heads, T, d), where d = embed_dim/num_heads; fewer for rows
        """
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if rows is not None:
            weight, bias = weight[rows], None if bias is None else bias[rows]
        b, t, n = x.shape
        y = ops.linear(x, weight, bias)  # (B, T, 3·n)
        y = ops.reshape(y, (b, t, -1, self.num_heads, n // self.num_heads))
        return ops.transpose(y, (2, 0, 3, 1, 4))

    def _check(self, name, length, x):
        shape = shape_of("MultiHeadAttention", x)
        if len(shape) != 3 or shape[2] != self.embed_dim:
            raise ValueError(f"MultiHeadAttention: {name} must be (B, {length}, {self.embed_dim}), "
                             f"got shape {shape}")


class KeyValueCache:
    """The keys and values of all positions so far, layer by layer, so that none is computed twice.

    size: the most positions it can hold. Without a cache the t-th token costs as much as the t
    before it together; with one, only the new tokens go through the network.
    """

    def __init__(self, size):
        check_sizes("KeyValueCache", size=size)
        self.size, self.kept = size, {}

    def __len__(self):
        """How many positions it holds."""
        return next((length for _, _, length in self.kept.values()), 0)

    def extend(self, layer, k, v):
        """Store k and v of new positions -> arrays of all positions, (B, heads, length, d).

        k, v: (B, heads, T, d), arrays or Tensors; no gradient goes through the cache.
        Raises ValueError, before anything is stored, where they do not fit the earlier ones or into
        what room is left.
        """
        k, v = plain(k), plain(v)
        if len(shape_of("KeyValueCache", k)) != 4 or shape_of("KeyValueCache", v) != k.shape:
            raise ValueError(f"KeyValueCache: k and v must both be (B, heads, T, d), got {k.shape} "
                             f"and {v.shape}")
        b, heads, t, d = k.shape
        room = (b, heads, self.size, d)
        if layer in self.kept:
            keys, values, length = self.kept[layer]
        else:
            keys, values, length = xp.empty(room, k.dtype), xp.empty(room, v.dtype), 0
        if keys.shape != room:
            raise ValueError(f"KeyValueCache: the earlier keys are {keys.shape}, the new ones "
                             f"{k.shape}; start a new cache for another batch")
        if length + t > self.size:
            raise ValueError(f"KeyValueCache: there is room for {self.size} positions, {length} "
                             f"are taken and {t} came; start a new cache")
        keys[:, :, length:length + t] = k
        values[:, :, length:length + t] = v
        self.kept[layer] = keys, values, length + t
        return keys[:, :, :length + t], values[:, :, :length + t]


def check_cache(name, cache):
    """Raise TypeError unless it is a KeyValueCache."""
    if not isinstance(cache, KeyValueCache):
        raise TypeError(f"{name}: the cache must be a nn.KeyValueCache(size), got "
                        f"{describe(cache)}")

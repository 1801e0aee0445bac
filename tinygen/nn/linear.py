"""Linear, Embedding and Dropout, and the layers that only change the shape."""
import math

from tinygen import ops
from tinygen.nn import init
from tinygen.nn.checks import check_rng, check_sizes
from tinygen.nn.module import Module
from tinygen.ops.elementwise import check_dropout
from tinygen.tensor import Tensor


class Linear(Module):
    """Affine map x wᵀ + b of the last axis.  (..., in_features) -> (..., out_features)

    weight (out_features, in_features), bias (out_features,); both drawn from U(±1/√in_features).
    """

    def __init__(self, in_features, out_features, bias=True, *, rng=None):
        check_sizes("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = Tensor(init.uniform((out_features, in_features), bound, rng=rng))
        self.bias = Tensor(init.uniform((out_features,), bound, rng=rng)) if bias else None

    def forward(self, x):
        return ops.linear(x, self.weight, self.bias)


class Embedding(Module):
    """A vector for each of num_embeddings tokens.  ids (...) -> (..., embedding_dim)

    weight (num_embeddings, embedding_dim), drawn from N(0, 1). Raises TypeError unless ids are
    integers, ValueError for ids outside the table.
    """

    def __init__(self, num_embeddings, embedding_dim, *, rng=None):
        check_sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Tensor(init.normal((num_embeddings, embedding_dim), 1.0, rng=rng))

    def forward(self, ids):
        return ops.embedding(ids, self.weight)


class Dropout(Module):
    """In training, sets elements to 0 with probability p and divides the others by 1 - p.

    Each call draws a new mask from rng; in evaluation x passes unchanged. Raises ValueError unless
    0 <= p < 1.
    Dropout: a simple way to prevent neural networks from overfitting (Srivastava et al., 2014).
    """

    def __init__(self, p=0.5, *, rng=None):
        check_dropout("Dropout", "p", p)
        self.p, self.rng = p, check_rng(rng)

    def forward(self, x):
        return ops.dropout(x, p=self.p, rng=self.rng, training=self.training)


class Flatten(Module):
    """Merges all axes from start_dim on.  (N, a, b, ...) -> (N, a·b·...)"""

    def __init__(self, start_dim=1):
        self.start_dim = start_dim

    def forward(self, x):
        kept = x.shape[:self.start_dim]
        return ops.reshape(x, shape=(*kept, math.prod(x.shape[self.start_dim:])))


class Unflatten(Module):
    """Splits one axis into several.  Unflatten(1, (a, b)): (N, a·b, ...) -> (N, a, b, ...)"""

    def __init__(self, dim, unflattened_size):
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x):
        before, after = x.shape[:self.dim], x.shape[self.dim:][1:]
        return ops.reshape(x, shape=(*before, *self.unflattened_size, *after))

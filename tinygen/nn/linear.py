"""Linear, Embedding and Dropout, and the layers that only change the shape."""
import math

from tinygen import ops
from tinygen.checks import check_flags, check_number, check_sizes, generator
from tinygen.errors import describe
from tinygen.nn import init
from tinygen.nn.module import Module
from tinygen.tensor import Tensor, shape_of


class Linear(Module):
    """Affine map x wᵀ + b of the last axis.  (..., in_features) -> (..., out_features)

    weight (out_features, in_features), bias (out_features,); both drawn from U(±1/√in_features).
    """

    def __init__(self, in_features, out_features, bias=True, *, rng=None):
        check_sizes("Linear", in_features=in_features, out_features=out_features)
        check_flags("Linear", bias=bias)
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
        check_number("Dropout", 0, 1, p=p)
        self.p, self.rng = p, generator("Dropout", rng)

    def forward(self, x):
        return ops.dropout(x, p=self.p, rng=self.rng, training=self.training)


class Flatten(Module):
    """Merges all axes from start_dim on.  (N, a, b, ...) -> (N, a·b·...)

    Raises ValueError unless x has that axis.
    """

    def __init__(self, start_dim=1):
        self.start_dim = start_dim

    def forward(self, x):
        shape, first = shape_of("Flatten", x), self.start_dim
        if first not in range(-len(shape), len(shape)):
            raise ValueError(f"Flatten: x has no axis {first!r} to begin with, got shape {shape}; "
                             f"a single x needs x[None]")
        return ops.reshape(x, shape=(*shape[:first], math.prod(shape[first:])))


class Unflatten(Module):
    """Splits one axis into several.  Unflatten(1, (a, b)): (N, a·b, ...) -> (N, a, b, ...)

    Raises TypeError unless unflattened_size is a tuple or list, ValueError for an x that does not
    have that axis or is of another size there.
    """

    def __init__(self, dim, unflattened_size):
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(f"Unflatten: unflattened_size must be a tuple of sizes, such as "
                            f"(1, 28, 28), got {describe(unflattened_size)}")
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x):
        shape = shape_of("Unflatten", x)
        if self.dim not in range(-len(shape), len(shape)):
            raise ValueError(f"Unflatten: x has no axis {self.dim!r} to split, got shape {shape}")
        before, after = shape[:self.dim], shape[self.dim:][1:]
        return ops.reshape(x, shape=(*before, *self.unflattened_size, *after))

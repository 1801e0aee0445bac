"""Matrix products: matmul, linear and einsum."""
from tests.tinygen.properties.draw import call, drawn
from tinygen import ops
from tinygen.backend import np


def matmul(a, b):
    """As NumPy's, with a sum over the products of all rows and columns."""
    rows = a[None] if a.ndim == 1 else a
    columns = b[:, None] if b.ndim == 1 else b
    y = (rows[..., :, :, None] * columns[..., None, :, :]).sum(-2)
    y = y[..., 0] if b.ndim == 1 else y
    return y if a.ndim > 1 else y[..., 0] if b.ndim == 1 else y[..., 0, :]


@drawn("matmul", matmul, weight=5)
def products(draw):
    n, k, m = draw.sizes(3)
    front = draw.shape(most_axes=2)
    a, b = [draw.floats(draw.choice([(k,), (*draw.broadcastable(front), *matrix)]))
            for matrix in [(n, k), (k, m)]]
    return call(a, a) if n == k and a.ndim > 1 and draw.chance() else call(a, b)


def linear(x, w, b=0.0):
    return (x[..., None, :] * w).sum(-1) + b


@drawn("linear", linear, weight=3)
def affine_maps(draw):
    inside, outside = draw.sizes(2)
    b = draw.floats((outside,)) if draw.chance() else None
    return call(draw.floats((*draw.shape(most_axes=3), inside)), draw.floats((outside, inside)), b)


@drawn("einsum", lambda *xs, subscripts: np.einsum(subscripts, *xs), weight=5,
       op=lambda *xs, subscripts: ops.einsum(subscripts, *xs))
def sums_of_products(draw):
    sizes = {letter: draw.size() for letter in "abcXY"}
    terms = ["".join(draw.rng.permutation(list(sizes))[:draw.integer(0, 4)])
             for _ in range(draw.integer(1, 3))]
    known = sorted(set("".join(terms)))
    output = "".join(draw.rng.permutation(known)[:draw.integer(0, len(known))])
    xs = [draw.floats([sizes[letter] for letter in term]) for term in terms]
    subscripts = f"{','.join(terms)}->{output}"
    return call(*xs, subscripts=subscripts if draw.chance(0.8) else subscripts.replace(",", ", "))

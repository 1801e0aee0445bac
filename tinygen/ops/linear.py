"""Matrix products: matmul, linear and einsum."""
import math

from tinygen.backend import xp
from tinygen.operation import op
from tinygen.ops import reduce
from tinygen.ops.kernels import check_dtypes, product
from tinygen.ops.shape import broadcast_to, reshape, squeeze, swapaxes


@op
def matmul(a, b):
    """Matrix product over the last two axes.  (..., n, k), (..., k, m) -> (..., n, m)

    A vector a counts as a row, (k,), (..., k, m) -> (..., m), and a vector b as a column,
    (..., n, k), (k,) -> (..., n). Raises ValueError if the two k differ.
    """
    _check_product(a, b)

    # y = ab,  dy = da·b + a·db,  <ȳ, dy> = <ȳ bᵀ, da> + <aᵀ ȳ, db>
    def gradient_a(g, y, a, b):
        g, a, b = _as_matrices(g, a, b)
        return matmul(g, swapaxes(b))

    def gradient_b(g, y, a, b):
        vector = b.ndim == 1
        g, a, b = _as_matrices(g, a, b)
        gb = matmul(swapaxes(a), g)
        return squeeze(gb, axis=-1) if vector else gb

    y = product(a, b) if a.ndim == b.ndim > 1 and a.shape[:-2] == b.shape[:-2] else a @ b
    return y, gradient_a, gradient_b


def _as_matrices(g, a, b):
    """A product's cotangent and operands, with the axes that NumPy adds to a vector."""
    if b.ndim == 1:
        b, g = reshape(b, shape=(-1, 1)), reshape(g, shape=(*g.shape, 1))
    if a.ndim == 1:
        a, g = reshape(a, shape=(1, -1)), reshape(g, shape=(*g.shape[:-1], 1, g.shape[-1]))
    return g, a, b


@op
def linear(x, w, b=None):
    """Affine map y = x wᵀ + b of the last axis.  (..., in), (out, in), (out,) -> (..., out)"""
    _check_linear(x, w, b)
    # One product, whatever the axes in front.
    y = product(x.reshape(math.prod(x.shape[:-1]), x.shape[-1]), w.T)
    if b is not None:
        y += b
    # dy = dx·wᵀ + x·dwᵀ + db,  <ȳ, dy> = <ȳ w, dx> + <ȳᵀ x, dw> + <Σ ȳ, db>
    return (y.reshape(*x.shape[:-1], w.shape[0]),
            lambda g, y, x, w, *b: reshape(matmul(rows(g), w), shape=x.shape),
            lambda g, y, x, w, *b: matmul(swapaxes(rows(g)), rows(x)),
            lambda g, y, x, w, b: reduce.sum(rows(g), axis=0))


def rows(x):
    """All axes but the last merged into one.  (..., n) -> (N, n)"""
    return reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


@op(unpack=lambda subscripts, *operands: (operands, {"subscripts": subscripts}))
def einsum(*xs, subscripts):
    """Sum of products in Einstein's notation: einsum("ij,jk->ik", a, b) is a @ b.

    Each letter names an axis; letters that are missing from the output are summed over. Raises
    ValueError for subscripts without "->", with an ellipsis, or with a letter twice in one operand.
    """
    terms, output = _parse_subscripts(subscripts, xs)

    def gradient(i):
        # y is linear in x_i, so x̄_i is a sum of products too: of ȳ and the other operands, over the
        # letters that x_i lacks.
        def gradient_i(g, y, *xs):
            others = [x for j, x in enumerate(xs) if j != i]
            letters = [output] + [term for j, term in enumerate(terms) if j != i]
            # A letter of x_i alone was summed away: along its axis all elements get the same.
            known = "".join(c for c in terms[i] if any(c in term for term in letters))
            gx = einsum(f"{','.join(letters)}->{known}", g, *others)
            kept = tuple(n if c in known else 1 for c, n in zip(terms[i], xs[i].shape))
            return broadcast_to(reshape(gx, shape=kept), shape=xs[i].shape)
        return gradient_i

    return xp.einsum(subscripts, *xs, optimize=True), *map(gradient, range(len(xs)))


# ---- checks ----

def _check_product(a, b):
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-min(b.ndim, 2)]:
        raise ValueError(f"matmul: the last axis of a must match the rows of b, got {a.shape} @ "
                         f"{b.shape}")
    check_dtypes("matmul", a, b)


def _check_linear(x, w, b):
    if x.ndim == 0 or w.ndim != 2 or x.shape[-1] != w.shape[1]:
        raise ValueError(f"linear: x (..., in) needs weights (out, in), got x {x.shape} and w "
                         f"{w.shape}"
                         f"{'; flatten images first, with nn.Flatten()' if x.ndim == 4 else ''}")
    if b is not None and b.shape != w.shape[:1]:
        raise ValueError(f"linear: the bias needs one number for each of the {len(w)} outputs, got "
                         f"shape {b.shape}")
    check_dtypes("linear", x, w, b)


def _parse_subscripts(subscripts, xs):
    """The letters of each operand, and those of the output."""
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: subscripts must be a string such as 'ij,jk->ik', got "
                        f"{subscripts!r}")
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    letters = "".join(terms)
    if not arrow or not (letters + output).isalpha() and letters + output:
        raise ValueError(f"einsum: subscripts consist of letters, commas and '->', as in "
                         f"'ij,jk->ik'; got {subscripts!r}")
    axes = [len(term) for term in terms]
    if axes != [x.ndim for x in xs]:
        raise ValueError(f"einsum: {subscripts!r} needs operands with {axes} axes, got shapes "
                         f"{[x.shape for x in xs]}")
    twice = any(len(set(term)) < len(term) for term in (*terms, output))
    if twice or not set(output) <= set(letters):
        raise ValueError(f"einsum: a letter may occur once in an operand or output, and an output "
                         f"letter must occur in some operand; got {subscripts!r}")
    for c in set(letters):
        sizes = {n for term, x in zip(terms, xs) for k, n in zip(term, x.shape) if k == c}
        if len(sizes) > 1:
            raise ValueError(f"einsum: axis {c!r} of {subscripts!r} has different sizes "
                             f"{sorted(sizes)}")
    check_dtypes("einsum", *xs)
    return terms, output

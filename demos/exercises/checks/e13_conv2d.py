"""13 conv2d: the forward pass, by which an autoencoder's encoder then sees."""
import tinygen as tg
from demos.exercises.exercise import Case, Edit
from demos.exercises.swap import AE
from tinygen.backend import np
from tinygen.ops.window import pair

KIND = "N"
ANSWER = "conv2d"
MODEL = AE._replace(counts=("forward",))
HINTS = (
    "Frame x first. From then on h and w are those of the framed image, and y has "
    "(h - kh) // stride + 1 rows.",
    "Loop over the taps u and v of the kernel. All pixels that one tap meets are a slice of the "
    "framed x with a step: rows u, u + stride, u + 2·stride, ..., as many as y has rows.",
    "pixels = x[:, :, u:u + stride * oh:stride, v:v + stride * ow:stride] is (N, C, OH, OW). Add "
    "np.einsum(\"ncij,oc->noij\", pixels, w[:, :, u, v]) to y, which begins as zeros.",
)
MISTAKES = (
    ("You flipped the kernel; in a network, its upper left number is multiplied by the upper left "
     "pixel under it.", Edit("w[:, :, u, v]", "w[:, :, -1 - u, -1 - v]")),
    ("You miscounted the output: the kernel stands at (H + 2·padding - kh) // stride + 1 rows; the "
     "+ 1 is the position where it starts.",
     Edit("(h - kh) // stride + 1, (wide - kw) // stride + 1",
          "(h - kh) // stride, (wide - kw) // stride")),
    ("You padded one side; zeros go above and below, left and right, padding={padding} on each.",
     Edit("((0, 0), (0, 0), (padding, padding), (padding, padding))",
          "((0, 0), (0, 0), (padding, 0), (padding, 0))")),
    ("You moved the kernel by 1 from position to position; it moves by stride={stride}.",
     Edit("u:u + stride * oh:stride, v:v + stride * ow:stride", "u:u + oh, v:v + ow")),
    ("You summed x and w over their channels first, then multiplied. Multiply channel c of x by "
     "channel c of w, then sum the products.",
     Edit('"ncij,oc->noij"', '"ncij,od->noij"')),
)


def cases(rng):
    def case(x, w, stride=1, padding=0, scale=1.0, dtype="float64"):
        x, w = scale * rng.normal(size=x).round(1), rng.normal(size=w).round(1)
        return Case(x=x.astype(dtype), w=w.astype(dtype), stride=stride, padding=padding)

    return [
        Case(x=np.array([[[[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]]]]),
             w=np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), stride=1, padding=0),
        case((1, 1, 3, 2), (1, 1, 2, 1)), case((1, 1, 1, 1), (1, 1, 1, 1)),
        case((1, 1, 2, 3), (1, 1, 2, 2), padding=1), case((1, 1, 3, 5), (1, 1, 2, 1), stride=2),
        case((2, 1, 2, 3), (1, 1, 1, 2)), case((1, 2, 2, 3), (3, 2, 2, 2)),
        case((1, 1, 5, 4), (2, 1, 3, 2), stride=2, padding=1),
        case((2, 2, 2, 3), (2, 2, 4, 3), stride=3, padding=2),
        case((1, 3, 4, 2), (1, 3, 4, 2)), case((1, 1, 2, 3), (1, 1, 2, 2), padding=1, scale=1e6),
        case((2, 2, 3, 2), (3, 2, 2, 2), padding=1, dtype="float32"),
    ]


def ask(answer, case):
    yield "y", answer(case.x, case.w, stride=case.stride, padding=case.padding)


def expected(case):
    """The formula, number by number."""
    x, w, stride, padding = case.x, case.w, case.stride, case.padding
    (n, _, h, wide), (o, _, kh, kw) = x.shape, w.shape
    oh, ow = (h + 2 * padding - kh) // stride + 1, (wide + 2 * padding - kw) // stride + 1
    y = np.zeros((n, o, oh, ow))
    for n, o, i, j in np.ndindex(y.shape):
        for c, u, v in np.ndindex(w.shape[1:]):
            row, column = stride * i + u - padding, stride * j + v - padding
            if 0 <= row < h and 0 <= column < wide:  # else it is 0
                y[n, o, i, j] += x[n, c, row, column] * w[o, c, u, v]
    return {"y": y}


def swap(answer, calls):
    own = tg.ops.conv2d.rule

    def conv2d(x, w, b=None, *, stride=1, padding=0, **settings):
        like, *gradients = own(x, w, b, stride=stride, padding=padding, **settings)
        y = calls.forward(answer, x, w, stride=pair("conv2d", "stride", stride)[0],
                          padding=pair("conv2d", "padding", padding, minimum=0)[0])
        y = calls.fits("y", y, like=like)
        return y if b is None else y + b[:, None, None], *gradients
    return [tg.ops.conv2d.replaced(by=conv2d)]


def record(answer, keep):
    def conv2d(x, w, stride, padding):
        keep(Case(x=x, w=w, stride=stride, padding=padding))
        return answer(x, w, stride=stride, padding=padding)
    return conv2d

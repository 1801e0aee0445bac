"""14 conv2d gradients: the backward pass, by which an autoencoder's encoder then learns."""
import tinygen as tg
from demos.exercises.exercise import Case, Edit, parts, slope
from demos.exercises.swap import AE
from tinygen.backend import np
from tinygen.ops.window import pair

KIND = "N"
ANSWER = "conv2d_gradients"
MODEL = AE._replace(counts=("gradient",))
HINTS = (
    "gb is g summed over all axes but that of the channels. For gx and gw, frame x as in the "
    "forward pass and make gx as large as the framed x, full of zeros; cut the frame off at the "
    "end.",
    "Loop over the taps u and v. A tap meets the pixels in rows u, u + stride, ..., as many as g "
    "has, and in columns likewise. Add g times w[:, :, u, v], summed over o, to these pixels of "
    "gx; gw[:, :, u, v] is g times these pixels of x, summed over n, i and j.",
    "With rows = slice(u, u + stride * oh, stride) and columns likewise:  gx[:, :, rows, columns] "
    "+= np.einsum(\"noij,oc->ncij\", g, w[:, :, u, v]), and gw[:, :, u, v] = "
    "np.einsum(\"noij,ncij->oc\", g, x[:, :, rows, columns]).",
)
MISTAKES = (
    ("You overwrote gx where stamps overlap: a pixel collects from every position at which the "
     "kernel covers it, so it is +=, not =.",
     Edit("gx[:, :, rows, columns] +=", "gx[:, :, rows, columns] =")),
    ("You kept the padding in gx: cut off padding={padding} rows and columns on each side.",
     Edit("padding:padding + h, padding:padding + wide", ":, :")),
    ("You cut the frame off with [padding:-padding], which is empty where padding is 0. Count from "
     "the front: padding:padding + H.",
     Edit("padding:padding + h, padding:padding + wide", "padding:-padding, padding:-padding")),
    ("You averaged gw over the images of the batch; it is their sum. If the loss is a mean, g "
     "already has its 1/N.",
     Edit("np.einsum(\"noij,ncij->oc\", g, x[:, :, rows, columns])",
          "np.einsum(\"noij,ncij->oc\", g, x[:, :, rows, columns]) / len(x)")),
    ("You averaged gb: b[o] is added to every pixel of channel o, so its gradient is the sum of g.",
     Edit("g.sum(axis=(0, 2, 3))", "g.mean(axis=(0, 2, 3))")),
    ("You flipped the kernel in gx: each stamp is w[o] as it is, times g.",
     Edit('"noij,oc->ncij", g, w[:, :, u, v]', '"noij,oc->ncij", g, w[:, :, -1 - u, -1 - v]')),
)


def cases(rng):
    def case(x, w, stride=1, padding=0, dtype="float64"):
        x, w = rng.normal(size=x).round(1), rng.normal(size=w).round(1)
        g = rng.normal(size=convolution(x, w, np.zeros(len(w)), stride, padding).shape).round(1)
        x, w, g = (array.astype(dtype) for array in (x, w, g))
        return Case(x=x, w=w, g=g, stride=stride, padding=padding)

    return [
        Case(x=np.array([[[[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]]]]),
             w=np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), g=np.array([[[[1.0, 10.0]]]]),
             stride=1, padding=0),
        case((1, 1, 3, 2), (1, 1, 2, 1)), case((1, 1, 1, 1), (1, 1, 1, 1)),
        case((1, 1, 2, 3), (1, 1, 2, 2), padding=1), case((1, 1, 3, 4), (1, 1, 2, 1), stride=2),
        case((2, 1, 2, 3), (1, 1, 1, 2)), case((1, 2, 2, 3), (3, 2, 2, 1)),
        case((1, 1, 5, 4), (2, 1, 3, 2), stride=2, padding=1),
        case((2, 2, 2, 3), (1, 2, 3, 2), stride=3, padding=1),
        case((1, 3, 2, 3), (1, 3, 2, 3)),
        case((2, 2, 3, 2), (1, 2, 2, 2), padding=1, dtype="float32"),
    ]


def ask(answer, case):
    gradients = answer(case.g, case.x, case.w, stride=case.stride, padding=case.padding)
    gx, gw, gb = parts(gradients, "gx", "gw", "gb")
    yield "gradient by x", gx
    yield "gradient by w", gw
    yield "gradient by b", gb


def convolution(x, w, b, stride, padding):
    """The formula, number by number."""
    (n, _, h, wide), (o, _, kh, kw) = x.shape, w.shape
    oh, ow = (h + 2 * padding - kh) // stride + 1, (wide + 2 * padding - kw) // stride + 1
    y = np.zeros((n, o, oh, ow))
    for n, o, i, j in np.ndindex(y.shape):
        y[n, o, i, j] = b[o]
        for c, u, v in np.ndindex(w.shape[1:]):
            row, column = stride * i + u - padding, stride * j + v - padding
            if 0 <= row < h and 0 <= column < wide:  # else it is 0
                y[n, o, i, j] += x[n, c, row, column] * w[o, c, u, v]
    return y


def expected(case):
    x, w, b, settings = case.x, case.w, np.zeros(len(case.w)), (case.stride, case.padding)
    return {
        "gradient by x": slope(lambda x: convolution(x, w, b, *settings), x, case.g),
        "gradient by w": slope(lambda w: convolution(x, w, b, *settings), w, case.g),
        "gradient by b": slope(lambda b: convolution(x, w, b, *settings), b, case.g),
    }


def swap(answer, calls):
    own = tg.ops.conv2d.rule

    def conv2d(x, w, b=None, *, stride=1, padding=0, **settings):
        y = own(x, w, b, stride=stride, padding=padding, **settings)[0]
        one = dict(stride=pair("conv2d", "stride", stride)[0],
                   padding=pair("conv2d", "padding", padding, minimum=0)[0])
        known = []  # gx, gw and gb, once the first of them is asked for

        def gradient(i):
            def part(g, y, *inputs):
                if not known:
                    known.extend(calls.gradient(answer, g, x, w, **one))
                return calls.fits(f"g{'xwb'[i]}", known[i], like=inputs[i])
            return part
        return y, gradient(0), gradient(1), gradient(2)
    return [tg.ops.conv2d.replaced(by=conv2d)]


def record(answer, keep):
    def conv2d_gradients(g, x, w, stride, padding):
        keep(Case(x=x, w=w, g=g, stride=stride, padding=padding))
        return answer(g, x, w, stride=stride, padding=padding)
    return conv2d_gradients

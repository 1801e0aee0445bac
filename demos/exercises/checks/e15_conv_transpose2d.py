"""15 conv_transpose2d: convolution as a matrix, and its transpose, by which a decoder draws."""
import tinygen as tg
from demos.exercises.exercise import Case, Edit
from demos.exercises.swap import AE
from tinygen.backend import np
from tinygen.ops.window import pair

KIND = "N"
ANSWER = "conv_matrix", "conv_transpose2d"
MODEL = AE._replace(counts=("forward",))
HINTS = (
    "Think of M as (OH, OW, H, W) first: m[i, j] is an image of zeros with the kernel at row "
    "stride·i - padding and column stride·j - padding. Put it on a framed image, cut the frame "
    "off, and reshape at the end.",
    "conv_transpose2d: begin with zeros as large as y and a frame of padding on each side. The tap "
    "(u, v) of all stamps falls on rows u, u + stride, ..., as many as x has, and on columns "
    "likewise: add to them. Then cut off `padding` in front and keep OH rows and OW columns.",
    "With rows = slice(u, u + stride * h, stride) and columns likewise:  y[:, :, rows, columns] += "
    "np.einsum(\"ncij,co->noij\", x, w[:, :, u, v]).",
)


def inverted(x, w, stride=1, padding=0, output_padding=0):
    """Each pair of channels by the pseudoinverse of its matrix."""
    size = large(x, w, stride, padding, output_padding)
    y = np.zeros((len(x), w.shape[1], *size), x.dtype)
    for c, o in np.ndindex(w.shape[:2]):
        m = np.linalg.pinv(matrix(w[c, o], size, stride, padding))
        y[:, o] += (x[:, c].reshape(len(x), -1) @ m.T).reshape(-1, *size)
    return y


MISTAKES = (
    ("You inverted instead of transposed: Mᵀ leads back to the image's size, but does not undo M.",
     dict(conv_transpose2d=inverted)),
    ("You exchanged w's channels: its first axis is that of x's channels, its second that of y's.",
     Edit("    oh = (h - 1)", "    w = w.swapaxes(0, 1) if c == o else w\n    oh = (h - 1)")),
    ("You flipped w: each stamp is the kernel as it is, times a pixel.",
     Edit('x, w[:, :, u, v]', 'x, w[:, :, -1 - u, -1 - v]')),
    ("You overwrote where stamps overlap; they add up.",
     Edit("y[:, :, rows, columns] +=", "y[:, :, rows, columns] =")),
    ("You put zeros into the rows and columns that output_padding={output_padding} adds, but "
     "stamps reach them. Cut off that much less at the end instead.",
     Edit("    return y[:, :, padding:padding + oh, padding:padding + ow]",
          "    y = y[:, :, padding:padding + oh, padding:padding + ow].copy()\n"
          "    y[:, :, oh - output_padding:] = 0\n    y[..., ow - output_padding:] = 0\n"
          "    return y")),
    ("You kept columns of M for the padding: it is 0, so M has columns for the H·W pixels only.",
     Edit("    m = m[:, :, padding:padding + h, padding:padding + wide]", "   ",
          "m.reshape(oh * ow, h * wide)", "m.reshape(oh * ow, -1)")),
)


def cases(rng):
    def case(x, w, stride=1, padding=0, output_padding=0, dtype="float64"):
        x, w = rng.normal(size=x).round(1).astype(dtype), rng.normal(size=w).round(1).astype(dtype)
        return Case(x=x, w=w, size=large(x, w, stride, padding, output_padding), stride=stride,
                    padding=padding, output_padding=output_padding)

    return [
        Case(x=np.array([[[[1.0, 10.0]]]]), w=np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), size=(2, 3),
             stride=1, padding=0, output_padding=0),
        case((1, 1, 2, 1), (1, 1, 1, 2)), case((1, 1, 1, 1), (1, 1, 1, 1)),
        case((1, 1, 1, 2), (1, 1, 2, 1), stride=2), case((1, 1, 2, 3), (1, 1, 3, 3), padding=1),
        case((1, 1, 2, 1), (1, 1, 3, 3), stride=2, padding=1, output_padding=1),
        case((1, 1, 1, 2), (1, 1, 1, 2), stride=3, output_padding=2),
        case((1, 2, 1, 2), (2, 2, 2, 1)), case((2, 1, 1, 2), (1, 1, 2, 1)),
        case((1, 3, 2, 1), (3, 2, 2, 2)), case((2, 2, 2, 1), (2, 1, 4, 3), stride=2, padding=1),
        case((1, 2, 2, 3), (2, 1, 2, 2), stride=2, dtype="float32"),
    ]


def ask(answer, case):
    settings = dict(stride=case.stride, padding=case.padding)
    yield "conv_matrix", answer.conv_matrix(case.w[0, 0], case.size, **settings)
    yield "conv_transpose2d", answer.conv_transpose2d(case.x, case.w, **settings,
                                                      output_padding=case.output_padding)


def large(x, w, stride, padding, output_padding):
    """The size that conv_transpose2d leads to."""
    return tuple((n - 1) * stride - 2 * padding + k + output_padding
                 for n, k in zip(x.shape[2:], w.shape[2:]))


def matrix(w, size, stride, padding):
    """M, tap by tap."""
    (kh, kw), (h, wide) = w.shape, size
    m = np.zeros(((h + 2 * padding - kh) // stride + 1, (wide + 2 * padding - kw) // stride + 1,
                  h, wide))
    for i, j, u, v in np.ndindex(*m.shape[:2], kh, kw):
        row, column = stride * i + u - padding, stride * j + v - padding
        if 0 <= row < h and 0 <= column < wide:
            m[i, j, row, column] = w[u, v]
    return m.reshape(-1, h * wide)


def expected(case):
    """Stamps, number by number."""
    x, w, (h, wide) = case.x, case.w, case.size
    y = np.zeros((len(x), w.shape[1], h, wide))
    for n, c, i, j in np.ndindex(x.shape):
        for o, u, v in np.ndindex(w.shape[1:]):
            row, column = case.stride * i + u - case.padding, case.stride * j + v - case.padding
            if 0 <= row < h and 0 <= column < wide:
                y[n, o, row, column] += x[n, c, i, j] * w[c, o, u, v]
    return {"conv_matrix": matrix(w[0, 0], case.size, case.stride, case.padding),
            "conv_transpose2d": y}


def swap(answer, calls):
    own = tg.ops.conv_transpose2d.rule

    def conv_transpose2d(x, w, b=None, *, stride=1, padding=0, **settings):
        like, *gradients = own(x, w, b, stride=stride, padding=padding, **settings)
        stride = pair("conv_transpose2d", "stride", stride)[0]
        padding = pair("conv_transpose2d", "padding", padding, minimum=0)[0]
        # conv2d's gradient asks for a size; it takes output_padding to get there.
        rest = like.shape[2] - large(x, w, stride, padding, 0)[0]
        y = calls.forward(answer.conv_transpose2d, x, w, stride=stride, padding=padding,
                          output_padding=rest)
        y = calls.fits("y", y, like=like)
        return y if b is None else y + b[:, None, None], *gradients
    return [tg.ops.conv_transpose2d.replaced(by=conv_transpose2d)]


def record(answer, keep):
    def conv_transpose2d(x, w, stride, padding, output_padding):
        keep(Case(x=x, w=w, size=large(x, w, stride, padding, output_padding), stride=stride,
                  padding=padding, output_padding=output_padding))
        return answer.conv_transpose2d(x, w, stride, padding, output_padding)
    return type(answer)(**{**vars(answer), "conv_transpose2d": conv_transpose2d})

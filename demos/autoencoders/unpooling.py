"""What pooling and convolution do to a small image, and the ways back up, number by number.

A convolution is a matrix. Its transpose is the transposed convolution, which stamps kernels onto a
larger image; it does not undo the convolution, it is its gradient. Max-pooling keeps the largest
pixel of each window, and max-unpooling puts it back where it was: again, each is the other's
gradient. Where stamps overlap unevenly, they leave a checkerboard on every image that a network
generates; the last part counts the kernel's taps and shows what avoids it.

    python -m demos unpooling          4 s on two cores

Expect matrix and op to agree to 1e-14, as do <conv(x), y> and <x, convT(y)>; a kernel of 3 at
stride 2 to reach its pixels unevenly (standard deviation 0.48 of the mean), and a kernel of 4, or
a nearest upsampling before the convolution, to reach them evenly. Only the upsampling leaves no
pattern on a flat image whatever its kernel: with random ones the pattern's share (standard
deviation by root mean square) is 0.90, 0.93 and 0.

After Dumoulin and Visin, A guide to convolution arithmetic (arXiv:1603.07285), and Odena, Dumoulin
and Olah, Deconvolution and Checkerboard Artifacts (Distill, 2016).
"""
import tinygen as tg
from demos.autoencoders.parts.doubling import DOUBLING, flat_images, interior, random_layers
from demos.autoencoders.parts.planes import batch, beside, plane
from demos.autoencoders.parts.unpooling_figures import (
    plot_checkerboards,
    plot_matrices,
    plot_pooling,
    plot_stamps,
)
from demos.common.run import demo
from tinygen.backend import np, xp
from tinygen.data import load_images

PRESETS = {"smoke": {}, "default": {}}  # no training, nothing to set


@demo(PRESETS, data=("digits", "mnist-10k"))
def main(run):
    digit = batch(load_images(run.data).x_train[0, 0])
    matrices = convolution_is_a_matrix(run)
    differences = transpose_is_the_adjoint(run)
    stamping = stamps_add_up(run)
    pooling = pooling_and_ways_back(run, digit)
    doubled = checkerboards(run, digit)
    measure(run, differences, stamping, pooling, doubled)
    show(run, matrices, stamping, pooling, doubled)


def measure(run, differences, stamping, pooling, doubled):
    conv, transposed, identity = np.max(differences, axis=0)
    run.measure("conv2d against its matrix", conv, at_most=1e-12)
    run.measure("conv_transpose2d against the transpose", transposed, at_most=1e-12)
    run.measure("<conv(x), y> - <x, convT(y)>", identity, at_most=1e-12)

    y = plane(tg.conv_transpose2d(batch(stamping["x"]), batch(stamping["w"]), stride=2))
    run.measure("stamps against conv_transpose2d", abs(y - stamping["sums"][-1]).max(),
                at_most=1e-12)

    rows, where = pooling
    unpooled = plane(tg.max_unpool2d(batch([[1, 2], [3, 4]]), where, 2))
    run.measure("gradient of max_pool2d against max_unpool2d",
                abs(rows["max_pool2d"]["x̄"] - unpooled).max(), at_most=0)

    (name3, k3), (name4, k4), (nearest, near) = doubled.items()
    run.measure(f"unevenness of taps: {name3}", k3["unevenness"], at_least=0.4,
                baseline=(name4, k4["unevenness"]))
    run.measure(f"unevenness of taps: {name4}", k4["unevenness"], at_most=0)
    run.measure(f"unevenness of taps: {nearest}", near["unevenness"], at_most=0)
    run.measure(f"pattern's share of a flat image: {name3}", k3["pattern"])
    run.measure(f"pattern's share of a flat image: {name4}", k4["pattern"])
    run.measure(f"pattern's share of a flat image: {nearest}", near["pattern"], at_most=1e-12,
                baseline=(name4, k4["pattern"]))


def show(run, matrices, stamping, pooling, doubled):
    rows, where = pooling
    run.save_figure(plot_matrices(**matrices), "matrix",
                    "Convolution as a matrix: every row is the kernel, unrolled at its position. "
                    "The transposed convolution is the same matrix, transposed. Below, a kernel "
                    "of 4 at stride 2 and padding 1, whose outer taps fall off the image.")
    run.save_figure(plot_stamps(**stamping), "stamps",
                    "A transposed convolution, stamp by stamp: each pixel of x places its "
                    "multiple of the kernel, two pixels from the next. Stamps that overlap add "
                    "up.")
    run.save_figure(plot_pooling(rows, plane(where)), "pooling",
                    "Max-pooling and three ways back up, forward and backward, in numbers; on "
                    f"the right the same forward on an image of {run.data}. Indices count the "
                    "pixels row by row from 0. Max-pooling and max-unpooling are each other's "
                    "gradient.")
    run.save_figure(plot_checkerboards(doubled), "checkerboard",
                    "Where the checkerboard comes from. Left, how many taps of the kernel reach "
                    "each pixel; middle, a flat image through one random kernel, purple above 0 "
                    f"and orange below; right, an image of {run.data}, shrunk to 7x7, through "
                    "three random layers.")


# ---- 1. A convolution is a matrix, and the transposed convolution is its transpose ----

def conv_matrix(kernel, size, stride, padding):
    """The convolution of an image of `size` as a matrix: a row for each output pixel, a column for
    each input pixel.  (kh, kw) -> (OH·OW, H·W)"""
    count = [(n + 2 * padding - k) // stride + 1 for n, k in zip(size, kernel.shape, strict=True)]
    matrix = np.zeros((*count, *size))
    for i, j in np.ndindex(*count):
        for u, v in np.ndindex(*kernel.shape):
            row, column = i * stride + u - padding, j * stride + v - padding
            if 0 <= row < size[0] and 0 <= column < size[1]:  # else the tap falls on the padding
                matrix[i, j, row, column] = kernel[u, v]
    return matrix.reshape(count[0] * count[1], size[0] * size[1])


def convolution_is_a_matrix(run):
    """A 3x3 kernel on a 4x4 image, with the taps numbered to show where they go."""
    x = np.array([[2., 0, 1, 3], [1, 1, 0, 2], [0, 3, 1, 0], [2, 1, 0, 1]])
    w = np.arange(1., 10).reshape(3, 3)
    g = np.array([[1., 2], [3, 4]])
    matrix = conv_matrix(w, x.shape, stride=1, padding=0)  # (4, 16)
    y, back = matrix @ x.ravel(), matrix.T @ g.ravel()
    run.print("1. A convolution is a matrix. Each row holds the kernel at its position for one "
              "pixel of y.\n")
    run.print(beside({"x": x, "w": w, "y = x ⋆ w": plane(tg.conv2d(batch(x), batch(w)))}))
    run.print(beside({"W, 4 pixels of y from 16 of x": matrix, "W x": y[:, None]}))
    run.print("The transposed matrix takes four numbers to sixteen: it is the transposed "
              "convolution.\n")
    run.print(beside({"g": g, "Wᵀ g, as an image": back.reshape(4, 4),
                      "conv_transpose2d(g, w)": plane(tg.conv_transpose2d(batch(g), batch(w)))}))
    strided = conv_matrix(np.arange(1., 17).reshape(4, 4), (6, 6), stride=2, padding=1)  # (9, 36)
    return dict(x=x, w=w, g=g, matrix=matrix, strided=strided)


def transpose_is_the_adjoint(run):
    """Random numbers -> for each geometry the differences of matrix and op, and of
    <conv(x), y> and <x, convT(y)>.
    """
    run.print("The same for random numbers, and the identity that makes it a transpose:\n\n"
              "  image kernel stride padding   <conv(x), y>  <x, convT(y)>   difference")
    differences = []
    for size, kernel, stride, padding in ((5, 3, 1, 0), (5, 3, 1, 1), (5, 3, 2, 1), (6, 3, 2, 1),
                                          (6, 4, 2, 1), (7, 2, 2, 0), (8, 5, 3, 2)):
        x, w = run.rng.standard_normal((size, size)), run.rng.standard_normal((kernel, kernel))
        matrix = conv_matrix(w, x.shape, stride, padding)
        settings = dict(stride=stride, padding=padding)
        conv = plane(tg.conv2d(batch(x), batch(w), **settings))
        y = run.rng.standard_normal(conv.shape)
        transposed = plane(tg.conv_transpose2d(batch(y), batch(w), output_size=x.shape, **settings))

        left, right = (conv * y).sum(), (x * transposed).sum()
        differences.append((abs(matrix @ x.ravel() - conv.ravel()).max(),
                            abs(matrix.T @ y.ravel() - transposed.ravel()).max(),
                            abs(left - right)))
        run.print(f"  {size}x{size}{kernel:>6}{stride:>7}{padding:>8}   {left:>15.10f}"
                  f"{right:>15.10f}{left - right:>13.1e}")
    run.print("")
    return differences


# ---- 2. The transposed convolution as stamps that add up ----

def stamps_add_up(run):
    """Each pixel of a 2x2 image stamps its multiple of the kernel, two pixels apart."""
    x = np.array([[1., 2], [3, 4]])
    w = np.array([[1., 2, 1], [2, 4, 2], [1, 2, 1]])
    run.print("2. The same without a matrix: each pixel of x stamps its multiple of w onto the "
              "output,\n   `stride` pixels from its neighbour's; where stamps overlap, they add "
              "up.\n")
    run.print(beside({"x": x, "w": w}))
    stamps, total, sums = [], np.zeros((5, 5)), []
    for (i, j), value in np.ndenumerate(x):
        stamp = np.zeros((5, 5))
        stamp[2 * i:2 * i + 3, 2 * j:2 * j + 3] = value * w
        total = total + stamp
        stamps.append(stamp)
        sums.append(total)
        run.print(beside({f"{value:g} w, stamped at ({2 * i}, {2 * j})": stamp, "so far": total}))
    run.print("The last sum is conv_transpose2d(x, w, stride=2). This kernel, a tent, fills "
              "in the means of\nneighbours (times 4): bilinear upsampling is a transposed "
              "convolution.\n")
    return dict(x=x, w=w, stamps=stamps, sums=sums)


# ---- 3. Max-pooling, and three ways back up, each with its gradient ----

def pooling_and_ways_back(run, digit):
    """Forward and backward of four ops on the same small image, and forward on a digit.

    Returns op -> name -> matrix, and the indices of the maxima.
    """
    image = np.array([[1., 2, 8, 3], [6, 3, 1, 0], [2, 0, 1, 5], [1, 4, 3, 2]])
    pooled, where = tg.max_pool2d(batch(image), 2, return_indices=True)
    run.print("3. Max-pooling keeps the largest of each 2x2 window; its index says where it "
              "was.\n")
    run.print(beside({"x": image, "max_pool2d": plane(pooled), "indices": plane(where)}))
    run.print("Max-pooling and three ways back up, from x to y; then the gradient, from ȳ, the "
              "output's, to x̄,\nthe input's:\n")
    rows, digits = {}, down_and_up(digit)
    for name, (x, op) in down_and_up(batch(image)).items():
        x = tg.Tensor(x)
        y = op(x)
        g = xp.arange(1.0, y.size + 1).reshape(y.shape)
        gx = tg.grad(y, x, g)
        rows[name] = {"x": plane(x), "y": plane(y), "ȳ": plane(g), "x̄": plane(gx)}
        run.print(f"{name}\n{beside(rows[name])}")
        x, op = digits[name]
        rows[name] |= {"x of a digit": plane(x), "y of a digit": plane(op(x))}
    run.print("The gradient of max-pooling is max-unpooling, and the other way round: it picks "
              "at the indices.\nNearest upsampling's is the sum of each window; the transposed "
              "convolution's is the convolution.\n")
    return rows, where


def down_and_up(image):
    """Max-pooling and the ways back up: name -> its input, the op."""
    tent = batch(np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16)
    pooled, where = tg.max_pool2d(image, 2, return_indices=True)
    return {"max_pool2d": (image, lambda x: tg.max_pool2d(x, 2)),
            "max_unpool2d": (pooled, lambda x: tg.max_unpool2d(x, where, 2)),
            "upsample_nearest2d": (pooled, lambda x: tg.upsample_nearest2d(x, 2)),
            "conv_transpose2d": (pooled, lambda x: tg.conv_transpose2d(x, tent, stride=2,
                                                                       padding=1))}


# ---- 4. The checkerboard ----

def checkerboards(run, digit):
    """How many taps of the kernel reach each pixel, and what that does to an image."""
    run.print("4. How many taps of the kernel reach each pixel, around the middle of the output?\n")
    rows = {}
    for name, (size, double) in DOUBLING.items():
        taps = plane(double(xp.ones((1, 1, 5, 5)), xp.ones((1, 1, size, size))))
        middle = interior(taps)
        flat = flat_images(double, size, np.random.default_rng(run.seed))
        rows[name] = {"taps": taps, "unevenness": middle.std() / middle.mean(), "flat": flat[0],
                      "pattern": np.median(flat.std((1, 2)) / np.sqrt((flat**2).mean((1, 2)))),
                      "digit": random_layers(digit, double, size, np.random.default_rng(run.seed))}
    run.print(beside({name: interior(row["taps"]) for name, row in rows.items()}))
    run.print("Kernel 4 gives each pixel four taps, but each of four neighbours a different four: "
              "random weights\ndo not balance, and a flat image gets a pattern. After a nearest "
              "upsampling the same nine reach\nevery pixel: flat stays flat, whatever the "
              "weights.\n")
    return rows

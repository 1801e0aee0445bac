"""Colour grey digits, each class in its own ink, when only the shape gives the class away.

The network sees how much ink lies on each pixel. That number is the same for every ink, so no shade
hints at the colour: to choose the ink, the network must recognise the digit, though it is never
shown a label. Where a digit could be either of two, betting on one does not give the smallest
squared error; mixing the possible inks in proportion to how likely each is does: the sum over
classes of p(class | shape) · ink(class). So doubt becomes visible. It is also why photographs
coloured by squared error come out brownish: of all the colours that a car could have, they get the
mean.

    python -m demos colorize                      35 s on two cores
    python -m demos colorize --data mnist-10k     the same

Expect an error of 0.0003 to 0.0004, where the mean of all inks gives 0.0095, and the right ink on
97 of 100 digits. Copying the ink of the training digit with the nearest pixels is right on 98, and
yet its error is larger, 0.0005: it bets where it should mix. On mnist-10k the three errors are
0.0006, 0.0104 and 0.0008, and both are right on 97.

On colours by squared error: Zhang, Isola and Efros, Colorful image colorization (ECCV, 2016).
"""
import tinygen as tg
from demos.common.figures import framed, new_figure, plot_image_rows
from demos.common.options import check_positive
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.tools.codes import in_batches
from demos.tools.nearest import neighbours
from models.autoencoder import Config, ConvAutoencoder
from tinygen.backend import np, xp
from tinygen.data import load_images
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=15, images=200),
    "default": dict(steps=700, batch=64, lr=3e-3, code=64, images=2000),
    "long": dict(steps=5000),
}
# The ink of each class: eight of Petroff's ten colours (Accessible color sequences for data
# visualization, 2021), with teal and navy for his two greys. Colour-blind people tell them apart.
INKS = ("#3f90da", "#bd1f01", "#e76300", "#832db6", "#ffa90e", "#b9ac70", "#005f5f", "#92dadd",
        "#a96b59", "#1c2a6b")
RGB = np.array([[int(ink[i:i + 2], 16) for i in (1, 3, 5)] for ink in INKS], np.float32) / 255
ALIKE = 4, 9  # two classes of similar shapes, whose inks are far apart
SHOWN = 12


@demo(PRESETS, data=("digits", "mnist-10k"))
def main(run):
    cfg, images = run.settings, load_images(run.data)
    check_positive(cfg, "images")

    # Choosing an ink takes the whole digit, so all of it goes through one code.
    model = ConvAutoencoder(Config(code_size=cfg.code, out_channels=3), rng=run.rng)
    optimizer = Adam(model.parameters(), lr=cfg.lr)
    for step in run.steps(model=model, optimizer=optimizer):
        optimizer.lr = cfg.lr * warmup_cosine(step, warmup=cfg.steps // 20, total=cfg.steps)
        batch = epoch_batch(step, cfg.batch, len(images.x_train), run.seed)
        grey, digit = images.x_train[batch], images.y_train[batch]
        wanted = paint(grey, ink_of(digit))
        grey, wanted = xp.asarray(grey), xp.asarray(wanted)
        loss = tg.mse(paint(grey, model(grey)), wanted)  # without ink, any colour will do
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)

    grey, digit = images.x_test[:cfg.images], images.y_test[:cfg.images]
    coloured = in_batches(lambda grey: paint(grey, model(grey)), grey)
    inks = overall_ink(coloured, grey)  # (N, 3)
    measure(run, images, grey, digit, coloured, inks)
    show(run, grey, digit, coloured, inks)


def measure(run, images, grey, digit, coloured, inks):
    """Against one mean ink for all, and against the ink of the nearest training image."""
    def error(painted):
        return ((painted - paint(grey, ink_of(digit))) ** 2).mean()

    mean = error(paint(grey, ink_of(images.y_train).mean(axis=0)))
    copied = images.y_train[neighbours(grey, images.x_train)[:, 0]]
    closest = closest_ink(inks)
    wrong = closest != digit
    mixed = np.argsort(-np.linalg.norm(inks - RGB[closest], axis=1))[:len(grey) // 20]
    run.measure("MSE per channel", error(coloured), at_most=mean / 10, baseline=("mean ink", mean))
    run.measure("MSE with the nearest neighbour's ink", error(paint(grey, ink_of(copied))))
    run.measure("right ink", 1 - wrong.mean(), at_least=0.94,
                baseline=("nearest neighbour", (copied == digit).mean()))
    run.measure(f"wrong ink among the {len(mixed)} most mixed", wrong[mixed].mean(),
                baseline=("among all", wrong.mean()))


def show(run, grey, digit, coloured, inks):
    wrong = closest_ink(inks) != digit
    rows = {"grey": grey, "network": framed(coloured, wrong, "black"),
            "truth": paint(grey, ink_of(digit))}

    def plot_rows(chosen):
        return plot_image_rows({name: images[chosen] for name, images in rows.items()})

    run.save_figure(
        plot_rows([np.argmax(digit == k) for k in range(10)]), "coloured",
        "A test digit of each class: what the network sees, what it paints, and the true ink. In "
        "this figure and the next two, a frame marks what came out closest to the ink of another "
        "class.")
    run.save_figure(
        plot_rows(most_doubtful(inks, digit)), "between",
        f"The {ALIKE[0]}s and {ALIKE[1]}s whose ink is nearest to half of each, sorted from more "
        "of one ink to more of the other. The share of an ink is the probability that the network "
        "gives to its digit; where a third colour comes in, a third digit seems possible.")
    worst = np.argsort(-np.linalg.norm(inks - ink_of(digit)[:, :, 0, 0], axis=1))[:SHOWN]
    run.save_figure(
        plot_rows(worst), "worst",
        "The farthest from the true ink. A mixed colour is honest doubt; a pure one is a digit "
        "misread with confidence.")
    run.save_figure(
        plot_confusion(digit, closest_ink(inks)), "confusion",
        "Test digits by their class, and by the class whose ink is closest to what they got. Not "
        "every mistake is a digit misread: two inks may mix to something like a third.")


def plot_confusion(digit, painted):
    """How many digits of each class came out closest to each ink."""
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (digit, painted), 1)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = new_figure(width=5.4, height=5.0)
    axes.imshow(1 - np.sqrt(share)[:, :, None] * (1 - RGB))  # the root lets a single digit show
    for row, column in np.argwhere(counts):
        dark = share[row, column] > 0.5 and RGB[column].mean() < 0.6
        axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=9,
                  color="white" if dark else "#222222")
    axes.set(xticks=range(10), yticks=range(10), xlabel="class of the closest ink", ylabel="digit")
    axes.tick_params(length=0)
    axes.grid(False)
    return figure


def paint(grey, ink):
    """Ink on white paper, as much as grey says: 1 - grey·(1 - ink).

    (N, 1, H, W), and an ink for each image (N, 3, 1, 1) or each pixel (N, 3, H, W) -> (N, 3, H, W)
    """
    return 1 - grey * (1 - ink)


def ink_of(digit):
    """(N,) -> (N, 3, 1, 1)"""
    return RGB[digit][:, :, None, None]


def overall_ink(coloured, grey):
    """The single ink for which paint(grey, ink) is closest to each coloured image.  -> (N, 3)

    Least squares of (1 - y) = grey·(1 - ink) over the pixels: 1 - ink = Σ grey·(1 - y) / Σ grey².
    """
    return 1 - (grey * (1 - coloured)).sum(axis=(2, 3)) / (grey ** 2).sum(axis=(2, 3))


def closest_ink(inks):
    """The class whose ink is closest to each of `inks`.  (N, 3) -> (N,)"""
    return np.linalg.norm(inks[:, None] - RGB, axis=2).argmin(axis=1)


def most_doubtful(inks, digit):
    """Indices of the images of the classes ALIKE whose ink is nearest to half of each.

    Those with more of the first ink come first.
    """
    one, other = RGB[list(ALIKE)]
    chosen = np.flatnonzero(np.isin(digit, ALIKE))
    distance = np.linalg.norm(inks[chosen] - (one + other) / 2, axis=1)
    chosen = chosen[distance.argsort()[:SHOWN]]
    return chosen[np.argsort(inks[chosen] @ (other - one))]

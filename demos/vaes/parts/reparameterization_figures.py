"""Figures of the demo reparameterization."""
from demos.common.figures import PALETTE, new_figure
from tinygen.backend import np

COLOURS = {"trick": PALETTE[0], "score": PALETTE[1], "score, baseline": PALETTE[2]}
MARKERS = {"trick": "o", "score": "s", "score, baseline": "^"}


def plot_variance(dimensions, variance):
    """Variance, and its ratio to the trick's, against the number of latents, log-log."""
    figure, (left, right) = new_figure(1, 2, width=11, height=4.3)
    for name, values in variance.items():
        style = dict(color=COLOURS[name], marker=MARKERS[name], label=name)
        left.plot(dimensions, values, **style)
        right.plot(dimensions, np.array(values) / variance["trick"], **style)
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(dimensions, dimensions)
        axes.set_xlabel("latents d")
    left.set(title="Variance of one draw's gradient")
    right.set(title="Relative to the trick's")
    left.legend()
    return figure


def plot_histograms(gradients):
    """One draw's gradient with respect to one latent's mean, a histogram per estimator."""
    figure, all_axes = new_figure(1, len(gradients), width=11, height=3.4)
    for axes, (name, values) in zip(all_axes, gradients.items()):
        low, high = np.percentile(values, [0.5, 99.5])
        counts, *_ = axes.hist(values, bins=60, range=(low, high), color=COLOURS[name], alpha=0.75)
        axes.axvline(values.mean(), color="black", linewidth=1.2)
        axes.set(title=name, xlabel="nats per unit of the mean", yticks=[],
                 ylim=(0, 1.3 * counts.max()))  # with room for the numbers
        error = values.std() / len(values) ** 0.5
        axes.annotate(f"mean {values.mean():.1f} ± {error:.1f}\nstd {values.std():.3g}",
                      (0.98, 0.96), xycoords="axes fraction", ha="right", va="top")
    return figure


def plot_descent(curves):
    """-ELBO of one image by step, for each estimator."""
    figure, axes = new_figure(width=7.5, height=4.2)
    for name, (losses, lr) in curves.items():
        width = min(10, len(losses))
        smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
        axes.plot(np.arange(len(smooth)) + width, smooth, color=COLOURS[name],
                  label=f"{name}, learning rate {lr:g}")
    axes.set(xlabel="step", ylabel="-ELBO of the digit, nats", title="Lower is better")
    axes.legend()
    return figure

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
    """One draw's gradient with respect to one latent's mean: histograms on one axis."""
    figure, all_axes = new_figure(len(gradients), 1, width=9, height=5.4, sharex=True)
    widest = max(gradients.values(), key=np.std)
    bins = np.linspace(*np.percentile(widest, [0.5, 99.5]), 101)
    for axes, (name, values) in zip(all_axes, gradients.items()):
        axes.hist(values, bins=bins, color=COLOURS[name])
        axes.axvline(values.mean(), color="black", linewidth=1)
        error = values.std() / len(values) ** 0.5
        axes.set(yticks=[], title=f"{name}: mean {values.mean():.1f} ± {error:.1f}, "
                                  f"standard deviation {values.std():.3g}")
    axes.set_xlabel("gradient, nats per unit of the latent's mean")
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

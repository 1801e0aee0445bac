"""What the figures of several VAE demos share: the choice of images, and the prior's circles."""
from tinygen.backend import np


def spread_over_classes(y, count):
    """Indices of `count` images spread evenly over the classes y (N,)."""
    return np.argsort(y, kind="stable")[(2 * np.arange(count) + 1) * len(y) // (2 * count)]


def prior_radius(share):
    """Radius of the circle that holds this share of N(0, 1) in the plane: 1 - exp(-r²/2) = share"""
    return np.sqrt(-2 * np.log(1 - share))


def plot_prior_circles(axes, shares=(0.5, 0.9, 0.99)):
    """Dashed circles that hold these shares of the prior."""
    for share in shares:
        radius = prior_radius(share)
        plot_ellipse(axes, (0, 0), (radius, radius), color="#222222", linewidth=1, linestyle="--")
        axes.text(radius * 0.5 ** 0.5, -radius * 0.5 ** 0.5, f"{100 * share:g} %", ha="center",
                  va="center", fontsize=8, color="#222222",
                  bbox=dict(facecolor="white", alpha=0.8, linewidth=0, pad=0.5))


def plot_ellipse(axes, centre, radii, **settings):
    """The outline of an ellipse whose axes are those of the plane."""
    angle = np.linspace(0, 2 * np.pi, 100)
    axes.plot(centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle),
              **settings)

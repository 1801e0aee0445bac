"""Signals through a deep network: they die out, explode, or arrive. Forward, and back as gradients.

Each layer multiplies what comes in by a matrix, and on the way back the gradient by its transpose,
times the slope of the activation. Factors below 1 vanish in a product of thirty, factors above 1
explode. Four networks of 32 layers, alike but for what a layer does to its input h:

    sigmoid            sigmoid(Wh)            the slope is at most 1/4: the gradient vanishes
    ReLU               relu(Wh)               with Kaiming's weights the factor is about 1
    residual           h + relu(Wh)           gradients can bypass W, but h grows and grows
    with layer norm    h + relu(W·norm(h))    each layer adds as much as the one before

`tg.study.flow` measures, before the first step: the standard deviation of each layer's output and
of the gradient there, and how far the optimiser's step would move each weight, relative to its
size. Then each network is trained on handwritten digits, which none of them should find hard.

    python -m demos signal                     4 s on two cores
    python -m demos signal --depth 8           where only the sigmoids fail
    python -m demos signal --data mnist-10k    the same

Expect the gradient at the first layer to be 3e-20 of that at the last with sigmoids, 0.5 to 1.5
times as large with ReLUs, and 11 to 13 times with layer norm. The residual's outputs grow from the
first layer to the last six to thirteen million times. After 300 steps sigmoids are right on 10 % of
the test images, which is chance, the residual on 22 to 40 %, ReLUs on 88 to 95 %, and with layer
norm it is 96 to 98 % (five seeds).

Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010);
He, Zhang, Ren and Sun, Deep residual learning for image recognition (2016); Ba, Kiros and Hinton,
Layer normalization (2016).
"""
import tinygen as tg
from demos.common.options import check_positive
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.inside.parts.signal_figures import plot_learning, plot_signals
from demos.tools.classifier import share_right
from tinygen import nn, study
from tinygen.backend import xp
from tinygen.data import load_images
from tinygen.nn import init
from tinygen.optim import Adam

PRESETS = {
    "smoke": dict(steps=3, depth=3, width=16),
    "default": dict(steps=300, depth=32, width=64, batch=128, lr=1e-3),
}
SIGMOID, RELU, RESIDUAL, NORMED = DESIGNS = "sigmoid", "ReLU", "residual", "with layer norm"


@demo(PRESETS, data=("digits", "mnist-10k"), loops=lambda cfg: len(DESIGNS) * [cfg.steps])
def main(run):
    cfg = run.settings
    check_positive(cfg, "depth", "width", "batch", "lr")
    if cfg.width < 2:
        raise ValueError("--width is at least 2, since layer norm makes 0 of a single number; "
                         f"got {cfg.width}")
    images = load_images(run.data)
    flows, right = {}, {}
    for design in DESIGNS:
        model = Network(design, images.x_train[0].size, cfg.width, cfg.depth, rng=run.rng)
        optimizer = Adam(model.parameters(), lr=cfg.lr)
        rows = epoch_batch(0, cfg.batch, len(images.x_train), run.seed)
        flows[design] = study.flow(lambda: loss(model, images, rows), model, optimizer)
        for step in run.steps(design, model=model, optimizer=optimizer):
            rows = epoch_batch(step, cfg.batch, len(images.x_train), run.seed)
            nats = loss(model, images, rows)
            optimizer.zero_grad()
            nats.backward()
            optimizer.step()
            run.log(loss=nats)
        right[design] = share_right(model, images.x_test, images.y_test)
    measure(run, flows, right)
    show(run, flows, right)


def measure(run, flows, right):
    layers = {design: layers_of(flow) for design, flow in flows.items()}
    gradients = {design: rows[0].gradient.deviation / rows[-1].gradient.deviation
                 for design, rows in layers.items()}
    growth = {design: rows[-1].output.deviation / rows[0].output.deviation
              for design, rows in layers.items()}
    gradient, depth = "gradient at the first layer over that at the last", run.settings.depth
    run.measure(f"{SIGMOID}: {gradient}", gradients[SIGMOID], at_most=0.3 ** (depth - 1))
    run.measure(f"{RELU}: {gradient}", gradients[RELU], at_least=0.1, at_most=10)
    run.measure(f"{NORMED}: {gradient}", gradients[NORMED], at_least=1, at_most=depth)
    run.measure(f"{RESIDUAL}: output of the last layer over that of the first", growth[RESIDUAL],
                at_least=1.4 ** (depth - 1), baseline=(NORMED, growth[NORMED]))
    deep = depth >= PRESETS["default"]["depth"]
    run.measure(f"{SIGMOID}: test images right", right[SIGMOID], at_most=0.2 if deep else None)
    run.measure(f"{RELU}: test images right", right[RELU], at_least=0.7)
    run.measure(f"{RESIDUAL}: test images right", right[RESIDUAL], at_most=0.7 if deep else None)
    run.measure(f"{NORMED}: test images right", right[NORMED], at_least=0.94)


def show(run, flows, right):
    layers = {design: layers_of(flow) for design, flow in flows.items()}
    ratios = {design: [p.ratio for p in flow.parameters if p.path.endswith("linear.weight")]
              for design, flow in flows.items()}
    run.save_figure(plot_signals(layers, ratios), "signals", (
        "Before the first step, layer by layer: how much the outputs vary, how much gradient "
        "comes back to them, and how far Adam's first step would move the weights, relative to "
        "their size. Adam divides the gradient by its size, so it hides small gradients, until "
        "they are smaller than its eps, 1e-8."))
    run.save_figure(plot_learning(run.history, right), "learning", (
        "What becomes of them in training. Where no gradient arrives, nothing is learnt; where "
        "signals explode, each step is a leap."))


class Layer(nn.Module):
    """One of DESIGNS.  (N, width) -> same"""

    def __init__(self, design, width, *, rng):
        self.design = design
        self.norm = nn.LayerNorm(width) if design == NORMED else None
        self.linear = nn.Linear(width, width, rng=rng)
        draw = init.xavier_normal if design == SIGMOID else init.kaiming_normal
        self.linear.weight.data[...] = xp.asarray(draw((width, width), rng=rng))
        self.linear.bias.data[...] = 0

    def forward(self, h):
        if self.design == SIGMOID:
            return tg.sigmoid(self.linear(h))
        if self.design == RELU:
            return tg.relu(self.linear(h))
        return h + tg.relu(self.linear(h if self.norm is None else self.norm(h)))


class Network(nn.Module):
    """Images (N, C, H, W) -> logits (N, 10), through `depth` layers."""

    def __init__(self, design, pixels, width, depth, *, rng):
        self.first = nn.Linear(pixels, width, rng=rng)
        self.layers = nn.ModuleList(Layer(design, width, rng=rng) for _ in range(depth))
        self.norm = nn.LayerNorm(width) if design == NORMED else None
        self.head = nn.Linear(width, 10, rng=rng)

    def forward(self, x):
        h = self.first(x.reshape(len(x), -1))
        for layer in self.layers:
            h = layer(h)
        return self.head(h if self.norm is None else self.norm(h))


def loss(model, images, rows):
    """The cross-entropy of some training images, in nats."""
    return tg.cross_entropy(model(xp.asarray(images.x_train[rows])),
                            xp.asarray(images.y_train[rows]))


def layers_of(flow):
    """What it says of the layers, from the first to the last."""
    return [row for row in flow.modules if row.kind == "Layer"]

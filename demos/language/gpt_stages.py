"""From the bigram to GPT, one idea at a time: what does each of them gain?

A Transformer looks like a heap of inventions, but each of them supplies what the network before it
lacked. A table of pairs knows one character of the past. Attention looks further back; one head
asks one question at a time, so there are several. What they gather has to be thought over: a
feed-forward layer. More of the same on top would train badly, unless each block adds to what is
there instead of replacing it: residuals, which come here together with the depth that they make
possible. Layer norm keeps what runs through them in proportion. After that nothing in a GPT is new
but its size.

    python -m demos gpt_stages                                        4 min on two cores
    python -m demos gpt_stages --data shakespeare                     the same
    python -m demos gpt_stages --data shakespeare --preset long       hours: 10.8 M parameters

Expect each stage, on Tiny Shakespeare, to come within 0.03 nats of the lecture's, and to move by up
to 0.03 from one seed to another, so that one which gains little, such as feed-forward, may end
above the one before. Only the last, scaled one needs the lecture's hours to reach its 1.48; at a
size for a laptop it reaches 1.87 in 1,500 steps, with a learning rate that rises, then falls; and
1.43 on Python's language reference, where layer norm ends at 1.74.

Each stage is a few lines in parts/stages.py and is trained by the same loop, with the settings of
Karpathy's lecture "Let's build GPT" (2023).
"""
import math
from dataclasses import dataclass
from typing import Callable

from demos.common.figures import PALETTE, new_figure
from demos.common.options import OWN_TEXT, check_positive
from demos.common.run import demo
from demos.language.parts.stages import (
    BLOCK_SIZE,
    SCALES,
    bigram,
    feed_forward,
    heads,
    layer_norm,
    one_head,
    residual,
    scaled,
)
from demos.language.parts.texts import batch, load_tokens, text_loss
from models import gpt
from tinygen.backend import np
from tinygen.data import TEXTS
from tinygen.optim import AdamW, warmup_cosine

PRESETS = {
    "smoke": dict(steps=8, scale="tiny"),
    "default": dict(steps=5000, batch=32, scale="laptop"),
    "long": dict(scale="lecture"),
}


@dataclass(frozen=True)
class Stage:
    """A network, what it adds to the one before, and the loss that the lecture's reaches."""
    name: str
    adds: str
    build: Callable  # (vocab_size, rng) -> model; the scaled one takes its Scale, too
    reference: float  # validation loss on Tiny Shakespeare, nats per character
    lr: float = 1e-3


STAGES = (
    Stage("bigram", "a table: the next character from the last", bigram, 2.49, lr=1e-2),
    Stage("one head", "attention: from the last 8 and their positions", one_head, 2.40),
    Stage("heads", "four small heads instead of the one", heads, 2.28),
    Stage("feed-forward", "a ReLU layer on what was gathered", feed_forward, 2.27),
    Stage("residual", "3 blocks, wider inside, each added to its input", residual, 2.09),
    Stage("layer norm", "before each half of a block, and at the end", layer_norm, 2.08),
)
SCALED = Stage("scaled", "a longer context, more of everything", scaled, 1.48)
NOISE = 0.05         # nats by which a stage may be worse than the one before, from seed to seed
TOLERANCE = 0.04     # between a stage's loss and the lecture's
GAIN = 0.4           # nats from the first stage to the last
SAMPLE_LENGTH = 200  # characters
SMOOTHED = 200       # training steps in a point of the curves


@demo(PRESETS, data=(*TEXTS, OWN_TEXT),
      loops=lambda cfg: [*len(STAGES) * [cfg.steps], 1])  # the scaled one has its own steps
def main(run):
    cfg = run.settings
    check_settings(cfg)
    scale = SCALES[cfg.scale]
    text = load_tokens(run.data, scale.block_size)
    size = len(text.tokenizer)
    losses, written = {}, {}
    for stage in STAGES:
        model = stage.build(size, run.rng)
        train(run, stage.name, model, text.train, cfg.steps, cfg.batch, BLOCK_SIZE, stage.lr)
        losses[stage.name], written[stage.name] = evaluate(run, stage, model, text)

    model = SCALED.build(size, run.rng, scale)
    train(run, SCALED.name, model, text.train, scale.steps, scale.batch, scale.block_size, scale.lr,
          scale.warmup, scale.final)
    losses[SCALED.name], written[SCALED.name] = evaluate(run, SCALED, model, text)
    measure(run, losses)
    show(run, losses, written, size)


def train(run, name, model, ids, steps, count, block, lr, warmup=0, final=1.0):
    """The loop of every stage: a batch of windows, forward, backward, a step."""
    optimizer = AdamW(model.parameters(), lr=lr)
    for step in run.steps(name, total=steps, model=model, optimizer=optimizer):
        optimizer.lr = lr * warmup_cosine(step, warmup=warmup, total=steps, final=final)
        loss = gpt.loss(model, *batch(ids, count, block, run.rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)


def evaluate(run, stage, model, text):
    """Validation loss, and a sample of what the network writes."""
    block = max(model.block_size, BLOCK_SIZE)
    loss = text_loss(model, text.val, block, at_a_time=4096 // block)
    ids = gpt.generate(model, text.val[None, :1], SAMPLE_LENGTH, cache=False,
                       rng=np.random.default_rng(run.seed))
    written = text.tokenizer.decode(np.concatenate(list(ids)))
    parameters = sum(p.size for p in model.parameters())
    run.print(f"\n{stage.name}, {parameters:,} parameters: validation loss {loss:.3f}\n{written}\n")
    return loss, written


def measure(run, losses):
    """losses: stage -> validation loss, in the stages' order."""
    for stage in (*STAGES, SCALED):
        compared = ("the lecture's", stage.reference) if run.data == "shakespeare" else None
        run.measure(f"{stage.name}: validation loss", losses[stage.name], baseline=compared,
                    **limits(stage, run.data, run.settings.scale))
    values = list(losses.values())
    run.measure("largest rise of the loss from one stage to the next",
                max(after - before for before, after in zip(values, values[1:])), at_most=NOISE)
    run.measure("gain from the first stage to the last", values[0] - values[-1],
                at_least=GAIN, baseline=("the lecture's", STAGES[0].reference - SCALED.reference))


def show(run, losses, written, size):
    run.print(f"{'stage':14}{'validation':>11}{'lecture':>9}   what is new")
    for stage in (*STAGES, SCALED):
        run.print(f"{stage.name:14}{losses[stage.name]:11.3f}{stage.reference:9.2f}   {stage.adds}")
    run.save_text(
        "\n\n".join(f"{name}, {losses[name]:.2f} nats:\n{text}" for name, text in written.items()),
        "written",
        f"What each stage writes, {SAMPLE_LENGTH} characters from the same random numbers each "
        "time.")
    run.save_figure(
        plot_stages(losses, run.data, run.settings.scale), "stages",
        "Validation loss of each stage, and what the lecture's networks reach on Tiny Shakespeare. "
        "The large steps are attention, several heads, stacked blocks with residuals, and size. "
        "The residual stage brings three things at once, which the lecture does not tell apart "
        "either: three blocks for one, four times the width inside them, and the additions that "
        "let such a stack train. "
        f"The scaled one here has {described(run.settings.scale)}; the lecture's has "
        f"{described('lecture')}.")
    run.save_figure(
        plot_curves(run.history, size), "curves",
        f"Training loss, the mean of {SMOOTHED} steps at a time. The table is the quickest to "
        "learn what it can; what attention adds comes later.")


def plot_stages(losses, data, scale):
    """Bars in pairs: measured here, and in the lecture."""
    labels = [f"scaled\n(here: {scale})" if name == SCALED.name and scale != "lecture" else name
              for name in losses]
    lecture = [stage.reference for stage in (*STAGES, SCALED)]
    figure, axes = new_figure(width=10, height=4.4)
    positions, width = np.arange(len(losses)), 0.38
    for shift, name, values, colour, inside in (
            (-width / 2, f"here, {data}", list(losses.values()), PALETTE[0], "white"),
            (width / 2, "the lecture's, Tiny Shakespeare", lecture, "#C8C8C8", "#333333")):
        bars = axes.bar(positions + shift, values, width, color=colour, label=name)
        axes.bar_label(bars, fmt="%.2f", fontsize=9, padding=-14, color=inside)
    axes.set_xticks(positions, labels)
    axes.grid(axis="x", visible=False)
    axes.tick_params(axis="x", length=0, labelcolor="#222222")
    axes.set(ylabel="validation loss, nats per character")
    axes.legend(loc="lower right", ncols=2, bbox_to_anchor=(1, 1))
    return figure


def plot_curves(history, size):
    figure, axes = new_figure(width=8, height=4.4)
    for (name, metrics), colour in zip(history.items(), PALETTE):
        steps, values = np.array(metrics["loss"]).T
        count = max(1, min(SMOOTHED, len(values) // 4))
        cut = len(values) // count * count
        steps, values = (a[:cut].reshape(-1, count).mean(axis=1) for a in (steps, values))
        axes.plot(steps, values, color=colour, label=name)
    axes.set(xlabel="step", ylabel="training loss, nats per character")
    axes.set_ylim(top=min(3.2, math.log(size)))
    axes.legend()
    return figure


def limits(stage, data, scale):
    """The range for a stage's loss: around the lecture's, given its text and its size."""
    if data != "shakespeare" or (stage is SCALED and scale != "lecture"):
        return {}
    return dict(at_least=stage.reference - TOLERANCE, at_most=stage.reference + TOLERANCE)


def described(scale):
    s = SCALES[scale]
    return (f"{s.n_layer} blocks of {s.n_head} heads and width {s.n_embd}, sees {s.block_size} "
            f"characters and was trained for {s.steps:,} steps")


def check_settings(cfg):
    check_positive(cfg, "batch")
    if cfg.scale not in SCALES:
        raise ValueError(f"--scale is one of {', '.join(SCALES)}; got {cfg.scale!r}")

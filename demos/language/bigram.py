"""The smallest language model, counted and trained: it guesses from the last character alone.

How often each character follows each other one can simply be counted. Divided by its row sums, the
table of counts is a model, and the best of its kind: no other table makes the text likelier.
Gradient descent on the cross-entropy finds the same table, starting from noise. That is absurd for
a table, but it is all there is to training: replace the table by a Transformer, and not a line of
the loop below changes.

    python -m demos bigram                       6 s on two cores
    python -m demos bigram --data shakespeare    the same

Expect the two to agree within 0.02 nats on text that neither has seen. On Tiny Shakespeare the
counted table reaches 2.452 nats per character on the text it was counted on and 2.484 on the rest,
and the trained one 2.485 there; a uniform guess among 65 characters costs ln 65 = 4.174. What it
writes looks like a language from afar.
"""
import math

import tinygen as tg
from demos.common.figures import new_figure
from demos.common.options import OWN_TEXT, check_positive
from demos.common.run import demo
from demos.language.parts.texts import batch, load_tokens, text_loss, visible
from models import gpt
from models.gpt import Bigram
from tinygen.backend import np, to_numpy, xp
from tinygen.data import TEXTS
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=20),
    "default": dict(steps=1500, batch=64, block_size=64, lr=0.1),
}
SMOOTHING = 0.1      # added to each count, so that no pair is impossible
SAMPLE_LENGTH = 300  # characters
SHOWN = 30           # characters in the figure of the tables


@demo(PRESETS, data=(*TEXTS, OWN_TEXT))
def main(run):
    cfg = run.settings
    check_positive(cfg, "batch", "block_size")
    text = load_tokens(run.data, cfg.block_size)
    size = len(text.tokenizer)

    counted = Bigram(size, rng=run.rng)
    counted.table.weight.data[...] = xp.asarray(np.log(counted_table(text.train, size)))

    trained = Bigram(size, rng=run.rng)
    optimizer = Adam(trained.parameters(), lr=cfg.lr)
    for step in run.steps(model=trained, optimizer=optimizer):
        optimizer.lr = cfg.lr * warmup_cosine(step, warmup=0, total=cfg.steps)
        ids, targets = batch(text.train, cfg.batch, cfg.block_size, run.rng)
        loss = gpt.loss(trained, ids, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)

    models = {"counted": counted, "trained": trained}
    losses = {name: [text_loss(model, ids, cfg.block_size) for ids in (text.train, text.val)]
              for name, model in models.items()}
    measure(run, losses, size)
    show(run, models, losses["counted"][0], text)


def measure(run, losses, size):
    """losses: model -> nats per character on the training text and on the unseen text."""
    run.measure("trained and counted: difference on unseen text, nats",
                abs(losses["trained"][1] - losses["counted"][1]), at_most=0.02)
    for name, (train, val) in losses.items():
        run.measure(f"{name}: nats per character, unseen text", val,
                    baseline=("training text", train))
    run.measure("uniform guess: nats per character", math.log(size))


def show(run, models, counted_loss, text):
    written = "\n\n".join(f"{name}:\n{sample(model, text, np.random.default_rng(run.seed))}"
                          for name, model in models.items())
    run.print(f"\n{written}")
    run.save_text(written, "written", "What the two tables write, one character at a time.")
    run.save_figure(
        plot_tables(models, text), "tables",
        f"The probability of each next character (columns) after each character (rows), for the "
        f"{SHOWN} most frequent ones: counted, and found by gradient descent. After t comes h, "
        "after a comma a space.")
    run.save_figure(
        plot_loss(run.history["training"]["loss"], counted_loss, len(text.tokenizer)), "loss",
        "Training the table: from noise to what counting gives at once.")


def plot_tables(models, text):
    often = np.argsort(-np.bincount(text.train, minlength=len(text.tokenizer)))[:SHOWN]
    labels = [visible(text.tokenizer.characters[i]) for i in often]
    figure, all_axes = new_figure(1, 2, width=12, height=6.2)
    for axes, (name, model) in zip(all_axes, models.items()):
        table = to_numpy(tg.softmax(model.table.weight.data))[np.ix_(often, often)]
        picture = axes.imshow(table, vmin=0, vmax=0.5)
        axes.set_title(name)
        axes.grid(False)
        axes.set_xticks(range(len(labels)), labels)
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(length=0, labelsize=8, labelfontfamily="monospace")
        axes.spines[:].set_visible(False)
        axes.set_xlabel("next character")
    all_axes[0].set_ylabel("last character")
    figure.colorbar(picture, ax=all_axes, label="probability", shrink=0.8, extend="max")
    return figure


def plot_loss(history, counted_loss, size):
    figure, axes = new_figure(height=3.6)
    axes.plot(*zip(*history), linewidth=0.8)
    for value, text, above in ((math.log(size), f"ln {size}: uniform guess", 4),
                               (counted_loss, "counted", 14)):
        axes.axhline(value, color="#666666", linewidth=1, linestyle="--", zorder=3)
        axes.annotate(text, (1, value), (-4, above), xycoords=("axes fraction", "data"),
                      textcoords="offset points", ha="right", color="#444444")
    axes.set(xlabel="step", ylabel="nats per character")
    return figure


def counted_table(ids, size):
    """Probabilities of the next token after each token, from the counts of all pairs.  -> (V, V)"""
    counts = np.full((size, size), SMOOTHING)
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def sample(model, text, rng):
    """What the model writes after the first character of the unseen text."""
    ids = gpt.generate(model, text.val[None, :1], SAMPLE_LENGTH, rng=rng)
    return text.tokenizer.decode(np.concatenate(list(ids)))

"""Train a GPT on text, one character or byte pair at a time, and read over its shoulder.

It sees a window of the text and, at every position at once, guesses what comes next. Nothing tells
it what a word is, or a name, or a line; within a minute it spells, within three it opens quotes and
closes them. The loop is that of every other network here: a batch, forward, backward, a step.

    python -m demos gpt                                          3 min on two cores
    python -m demos gpt --data shakespeare --preset nanogpt      the same
    python -m demos gpt --data shakespeare --preset lecture      hours: 10.8 M parameters
    python -m demos gpt --data your.txt --tokens 512             byte pairs instead of characters
    python -m demos gpt --sample --prompt "The "                 writes on, once it is trained

Expect 1.31 nats per character on unseen text of the Python language reference. --preset nanogpt is
the configuration that nanoGPT's README gives for a laptop's CPU, with a validation loss of 1.88
nats per character on 20 batches of Tiny Shakespeare after 2,000 steps. On all of the validation
text it reaches 1.89 to 1.93 here, with six seeds, and 1.90 to 1.91 in PyTorch, with three. The
lecture's network should reach 1.48 after 5,000 steps. Before the first step the loss is the
logarithm of the number of tokens, since all are equally likely.

The trained weights are saved in the folder gpt2 of the results, in GPT-2's own layout, which other
tools can open. --sample goes on writing from there, and so does `python -m demos gpt2`.

Karpathy's lecture "Let's build GPT" (2023) and nanoGPT; Language models are unsupervised multitask
learners (Radford et al., 2019).
"""
import math

from demos.common.figures import new_figure
from demos.common.options import OWN_TEXT, check_not_negative, check_positive
from demos.common.resume import Snapshots
from demos.common.run import demo
from demos.common.sampling import sampler
from demos.language.parts.heads import attention_weights, plot_heads, specialists
from demos.language.parts.texts import batch, load_tokens, text_loss, visible
from demos.language.parts.writing import check_writing, go_on, save_writing
from models import gpt, gpt2
from models.gpt import GPT, Config
from tinygen.backend import np, xp
from tinygen.data import TEXTS, consecutive_windows
from tinygen.optim import AdamW, clip_grad_norm, warmup_cosine

PRESETS = {
    "smoke": dict(steps=12, batch=4, block_size=16, n_layer=2, n_head=2, n_embd=16, warmup=2,
                  samples=2),
    "tour": dict(steps=600, lr=3e-3, samples=2),
    "default": dict(steps=2000, batch=16, block_size=64, n_layer=4, n_head=4, n_embd=128,
                    dropout=0.0, bias=False, tied=True, tokens=0, lr=2e-3, final=0.1,
                    warmup=100, beta2=0.99, decay=0.1, clip=1.0, samples=5, temperature=0.8),
    "nanogpt": dict(batch=12, lr=1e-3, temperature=1.0),
    "lecture": dict(steps=5000, batch=64, block_size=256, n_layer=6, n_head=6, n_embd=384,
                    dropout=0.2, bias=True, tied=False, lr=3e-4, final=1.0, warmup=0,
                    beta2=0.999, decay=0.01, samples=10, temperature=1.0),
}
# (data, preset) -> the range in which a run's validation loss should end, nats per token
EXPECTED = {("shakespeare", "nanogpt"): (1.86, 1.95), ("shakespeare", "lecture"): (1.45, 1.51),
            ("pydoc", "default"): (0, 1.6), ("pydoc", "tour"): (0, 2.2)}
FOLDER = "gpt2"      # of the results, for the trained model
SAMPLE_LENGTH = 300  # tokens
EXCERPT_LENGTH = 32  # tokens in the figure of the heads
HEADS_SHOWN = 4
VALIDATED = 20       # batches of windows from all over the unseen text, on the way


@demo(PRESETS, data=(*TEXTS, OWN_TEXT))
def main(run):
    cfg = run.settings
    gpt.check_sampling(cfg.temperature, None, None)
    check_positive(cfg, "batch", "block_size", "clip", "samples")
    check_not_negative(cfg, "warmup", "final")
    text = load_tokens(run.data, cfg.block_size, cfg.tokens)
    size = len(text.tokenizer)
    model = GPT(Config(size, cfg.block_size, cfg.n_layer, cfg.n_head, cfg.n_embd, cfg.dropout,
                       cfg.bias, cfg.tied), rng=run.rng)
    run.print(f"{len(text.train):,} tokens to train on, {len(text.val):,} to validate with, "
              f"{size} different; {sum(p.size for p in model.parameters()):,} parameters")

    # Weight decay pulls matrices towards 0; biases and norms have no reason to be small.
    settings = dict(lr=cfg.lr, betas=(0.9, cfg.beta2))
    matrices = AdamW([p for p in model.parameters() if p.ndim > 1], weight_decay=cfg.decay,
                     **settings)
    vectors = AdamW([p for p in model.parameters() if p.ndim == 1], weight_decay=0.0, **settings)
    every, samples = max(1, cfg.steps // cfg.samples), Snapshots()
    for step in run.steps(model=model, matrices=matrices, vectors=vectors,
                          samples=samples):
        matrices.lr = vectors.lr = cfg.lr * warmup_cosine(
            step, warmup=min(cfg.warmup, cfg.steps // 2), total=cfg.steps, final=cfg.final)
        ids, targets = batch(text.train, cfg.batch, cfg.block_size, run.rng)
        loss = gpt.loss(model, ids, targets)
        matrices.zero_grad()
        vectors.zero_grad()
        loss.backward()
        clip_grad_norm(model.parameters(), cfg.clip)
        matrices.step()
        vectors.step()
        run.log(loss=loss)
        if (step + 1) % every == 0:
            run.log(val=text_loss(model, text.val, cfg.block_size, windows=VALIDATED * cfg.batch))
            samples.add(step + 1, write(model, text, cfg.temperature, run.seed))
            run.print(f"\nAfter {step + 1} steps it writes:\n"
                      f"{text.tokenizer.decode(list(samples)[-1][1])}\n")

    gpt2.save(run.out / FOLDER, model, text.tokenizer)
    measure(run, model, text)
    show(run, model, text, samples)


def measure(run, model, text):
    """Loss on the unseen text, judged where a reference is known, and on text it was trained on."""
    key = (run.data, run.preset) if run.is_preset else None
    low, high = EXPECTED.get(key, (None, None))
    run.measure("validation loss, nats per token",
                text_loss(model, text.val, run.settings.block_size), at_least=low, at_most=high,
                baseline=("uniform guess", math.log(len(text.tokenizer))))
    run.measure("loss on as much of the training text",
                text_loss(model, text.train[:len(text.val)], run.settings.block_size))


def show(run, model, text, samples):
    run.save_text(
        "\n\n".join(f"After {step} steps:\n{text.tokenizer.decode(ids)}" for step, ids in samples),
        "written",
        f"What it writes on the way, {SAMPLE_LENGTH} tokens from the same random numbers each "
        "time.")
    run.save_figure(
        plot_loss(run.history["training"], len(text.tokenizer)), "loss",
        "Training loss, step by step, and validation loss, on the way over windows from all over "
        "the unseen text. The first step's is the logarithm of the number of tokens.")
    ids = excerpts(text.val, min(EXCERPT_LENGTH, run.settings.block_size), text.tokenizer)
    with model.evaluating():
        weights = attention_weights(model(xp.asarray(ids)))
    if not weights:
        return  # an attention of somebody's own, made of other ops
    habits = list(specialists(weights, ids, text.tokenizer).items())[:HEADS_SHOWN]
    run.save_figure(
        plot_heads({f"Block {layer + 1}, head {head + 1}: {share:.0%} on {habit}":
                    weights[layer][0, head] for (layer, head), (habit, share) in habits},
                   [visible(text.tokenizer.decode([i])) for i in ids[0]], causal=True), "heads",
        "Who attends to whom in a piece of unseen text, for the heads with the plainest habits: a "
        "row for each position, a column for each one that it may attend to, yellow where most of "
        f"the weight goes. The share is the mean over {len(ids)} pieces of text. White is the "
        "future, which the mask hides.")


@sampler(main, prompt="\n", count=500, temperature=0.8, top_k=0, top_p=1.0)
def sample(run):
    """A GPT that is trained already goes on from your prompt.

    Each token is drawn from what the model expects next, and then belongs to the text that it sees.
    Another seed gives another text.

        python -m demos gpt --sample --prompt "The " --count 200 --seed 1
        python -m demos gpt --sample --prompt "The " --temperature 0       the likeliest each time
    """
    check_writing(run.settings)
    model, tokenizer = gpt2.load(run.found(FOLDER))
    prompt, text, count, seconds = go_on(run, model, tokenizer)
    run.measure("tokens per second", count / seconds)
    save_writing(run, prompt, text)


def plot_loss(history, size):
    figure, axes = new_figure(height=4)
    axes.plot(*zip(*history["loss"]), linewidth=0.7, alpha=0.6, label="training, each step")
    if "val" in history:
        axes.plot(*zip(*history["val"]), "o-", markersize=5, label="validation")
    axes.axhline(math.log(size), color="#666666", linewidth=1, linestyle="--")
    axes.annotate(f"ln {size}: uniform guess", (1, math.log(size)), (-4, -13),
                  xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
                  color="#444444")
    axes.set(xlabel="step", ylabel="nats per token")
    axes.legend()
    return figure


def write(model, text, temperature, seed):
    """What it writes after the first token of the unseen text.  -> tokens (SAMPLE_LENGTH,)"""
    ids = gpt.generate(model, text.val[None, :1], SAMPLE_LENGTH, temperature=temperature,
                       rng=np.random.default_rng(seed))
    return np.concatenate(list(ids))


def excerpts(ids, count, tokenizer, among=100):
    """The first `among` pieces of a text, those with the most letters first.  -> (among, count)"""
    pieces, _ = consecutive_windows(ids[:among * count + 1], count)
    letters = [sum(map(str.isalpha, tokenizer.decode(piece))) for piece in pieces]
    return pieces[np.argsort(letters, kind="stable")[::-1]]

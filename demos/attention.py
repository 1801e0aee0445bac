"""Self-attention in four forms, from Python loops to scaled dot products, and then in heads.

A token that is to guess the next one has to know what came before. The plainest way to tell it is
the mean of all earlier tokens. That mean is a loop, or a matrix product with 1, 1/2, 1/3, ... in a
triangle, or a softmax of nothing but zeros with the future masked: three ways to write the same
numbers. The third has room for more: in place of the zeros come scores, which say how much each
token wants to know of each other one. They are dot products of a query (what I look for) with keys
(what I am), and what is summed up is values (what I tell): attention.

    python -m demos.attention          3 s on two cores

Expect forms that are to be equal to agree to 1e-12. Of random vectors of d numbers the dot products
have variance d; softmax then puts nearly all of its weight on one token, and hands nearly no
gradient back. Divided by √d they keep variance 1: at d = 256 and 64 tokens the entropy of the
weights stays at 3.7 nats of the ln 64 = 4.16 there could be, and without the scale it is 0.3.

Attention is all you need (Vaswani et al., 2017); the four steps are those of Karpathy's lecture
"Let's build GPT" (2023).
"""
import math
import sys

import tinygen as tg
from demos.common import PALETTE, demo, new_figure
from tinygen import nn
from tinygen.backend import np, to_numpy, xp

PRESETS = {"smoke": {}, "default": {}}  # no training, nothing to set
TOKENS = "the cat sat on the mat".split()
WIDTH, HEAD = 32, 8  # numbers for a token; in a query, key or value
SIZES = 2 ** np.arange(1, 10)  # of the vectors whose dot products are scored
EXACT = 1e-12


@demo(PRESETS)
def main(run):
    x = run.rng.standard_normal((len(TOKENS), WIDTH))  # (T, C)
    run.print(f"{len(TOKENS)} tokens, {' '.join(TOKENS)!r}, each a vector: x {x.shape}\n")
    averages = mean_of_the_past(run, x)
    weights = attention_forms(run, x)
    run.save_figure(
        stages_figure({**averages, **weights}), "stages",
        "Who listens to whom: a row for each token, a column for each token that it looks at. The "
        "mean weighs all alike; scores tell them apart; the mask takes the future away; softmax "
        "makes weights of what is left, which add up to 1 in each row.")
    entropy_and_scale(run)
    heads(run, x)


# ---- 1 to 3. The mean of the past: by loops, by a matrix product, by softmax ----

def mean_of_the_past(run, x):
    """The same means three times -> the weights, for the figure."""
    loops = np.zeros_like(x)
    for t in range(len(x)):
        for past in range(t + 1):
            loops[t] += x[past] / (t + 1)

    triangle = np.tri(len(x))  # (T, T)
    weights = triangle / triangle.sum(axis=1, keepdims=True)
    product = weights @ x  # (T, T) @ (T, C) -> (T, C)

    scores = np.where(triangle == 1, 0, -np.inf)  # (T, T), no preference and no future
    by_softmax = to_numpy(tg.softmax(xp.asarray(scores)))
    masked = by_softmax @ x

    run.print(f"1. loops over the past        y {loops.shape}")
    run.print(f"2. weights {weights.shape} @ x {x.shape} -> y {product.shape}")
    run.print(f"3. softmax(masked zeros) @ x  y {masked.shape}")
    agree(run, "the mean of the past: loops, product, softmax", loops, product, masked)
    return {"1 to 3. mean of the past": weights}


# ---- 4. Scaled dot-product attention: by loops, by matrix products, by the engine's op ----

def attention_forms(run, x):
    """Attention three times -> scores and weights, for the figure."""
    to_query, to_key, to_value = (run.rng.standard_normal((WIDTH, HEAD)) / math.sqrt(WIDTH)
                                  for _ in range(3))
    q, k, v = x @ to_query, x @ to_key, x @ to_value  # (T, d)
    run.print(f"\n4. query, key, value {q.shape}: x {x.shape} @ {to_query.shape} each")

    loops = np.zeros_like(v)
    for t in range(len(x)):
        scores = [sum(q[t, i] * k[past, i] for i in range(HEAD)) / math.sqrt(HEAD)
                  for past in range(t + 1)]
        total = sum(math.exp(score) for score in scores)
        for past, score in enumerate(scores):
            loops[t] += math.exp(score) / total * v[past]

    scores = q @ k.T / math.sqrt(HEAD)  # (T, T)
    masked = np.where(np.tri(len(x)) == 1, scores, -np.inf)
    weights = to_numpy(tg.softmax(xp.asarray(masked)))
    product = weights @ v  # (T, T) @ (T, d) -> (T, d)

    op = to_numpy(tg.attention(*map(xp.asarray, (q, k, v)), causal=True))
    run.print(f"   scores q @ kᵀ {scores.shape}, masked, softmax, @ v -> y {product.shape}")
    agree(run, "attention: loops, products, tg.attention", loops, product, op)
    return {"4. scores qkᵀ/√d": scores, "masked": masked, "softmax": weights}


def agree(run, what, first, *others):
    """Assert that the forms are equal, and put the largest difference into the result."""
    worst = max(np.abs(other - first).max() for other in others)
    run.print(f"   largest difference {worst:.1e}")
    run.measure(f"{what}: largest difference", worst, at_most=EXACT)
    assert worst <= EXACT, what


# ---- why the scale ----

def entropy_and_scale(run, tokens=64, repeats=20):
    """Entropy of the weights, and the gradient that they let through, with the scale and without.
    """
    entropy, gradient = {}, {}
    for name, scaled in (("divided by √d", True), ("as they are", False)):
        rows = []
        for d in SIZES:
            q, k = run.rng.standard_normal((2, repeats, tokens, d))
            scores = tg.Tensor(q @ k.swapaxes(-1, -2) / (math.sqrt(d) if scaled else 1))
            weights = tg.softmax(scores)
            g = xp.asarray(run.rng.standard_normal(weights.shape))
            slope = tg.grad(weights, scores, g)
            w = to_numpy(weights)
            rows.append([-(w * np.log(np.maximum(w, 1e-300))).sum(axis=-1).mean(),
                         np.median(np.linalg.norm(to_numpy(slope), axis=-1))])
        entropy[name], gradient[name] = np.array(rows).T
    run.measure(f"entropy of the weights at d = 256, scaled, of ln {tokens}",
                entropy["divided by √d"][SIZES == 256].item(), at_least=3.4,
                baseline=("not scaled", entropy["as they are"][SIZES == 256].item()))

    figure, (left, right) = new_figure(1, 2, width=10.5, height=3.9)
    for axes, curves, title in ((left, entropy, "Entropy of the weights, nats"),
                                (right, gradient, "Size of the gradient through softmax, median")):
        for (name, values), colour in zip(curves.items(), PALETTE):
            axes.plot(SIZES, values, "o-", color=colour, label=name)
        axes.set_xscale("log", base=2)
        axes.set(title=title, xlabel="numbers in a query and a key, d")
    left.axhline(math.log(tokens), color="#999999", linewidth=1, linestyle="--")
    left.annotate(f"ln {tokens}: all alike", (SIZES[0], math.log(tokens)), (0, -12),
                  textcoords="offset points", color="#666666")
    for axes in (left, right):
        axes.set_ylim(bottom=0)
    right.legend(title="dot products")
    run.save_figure(
        figure, "scale",
        f"Softmax over {tokens} random scores. Their spread grows with √d unless it is divided "
        "out; then one token takes all the weight, and softmax, being flat there, lets hardly any "
        "gradient through.")


# ---- heads ----

def heads(run, x, count=4):
    """The same width in several heads: each has a view of its own."""
    layer = nn.MultiHeadAttention(WIDTH, count, rng=run.rng).astype("float64")
    y = layer(xp.asarray(x[None]), causal=True)  # (1, T, C)
    qkv = to_numpy(tg.linear(xp.asarray(x), layer.in_proj_weight, layer.in_proj_bias))  # (T, 3C)
    q, k, _ = qkv.reshape(len(x), 3, count, -1).transpose(1, 2, 0, 3)  # (heads, T, C/heads) each
    scores = 4 * q @ k.swapaxes(-1, -2) / math.sqrt(WIDTH / count)
    weights = to_numpy(tg.softmax(xp.asarray(np.where(np.tri(len(x)) == 1, scores, -np.inf))))
    run.print(f"\n5. {count} heads of {WIDTH // count} numbers: x {x.shape} -> "
              f"q {q.shape} -> weights {weights.shape} -> y {y.shape[1:]}")
    figure, all_axes = new_figure(1, count, width=11, height=3.4)
    for head, axes in enumerate(all_axes):
        heat_map(axes, weights[head], f"head {head + 1}", rows=head == 0)
    run.save_figure(
        figure, "heads",
        "Four heads of a quarter of the width each, with random weights (times four, to tell them "
        "apart): each looks elsewhere. What they find is laid side by side and mixed by one more "
        "linear layer. In a trained network heads come to have trades.")


# ---- figures ----

def stages_figure(stages):
    figure, all_axes = new_figure(1, len(stages), width=12, height=3.7)
    for (title, matrix), axes in zip(stages.items(), all_axes):
        heat_map(axes, matrix, title, rows=axes is all_axes[0])
    return figure


def heat_map(axes, matrix, title, rows=True):
    """A (T, T) matrix with its numbers; white where the future is masked."""
    matrix = np.where(np.isfinite(matrix), matrix, np.nan)
    low, high = np.nanmin(matrix), np.nanmax(matrix)
    axes.imshow(matrix, vmin=min(low, 0), vmax=high)
    middle = (min(low, 0) + high) / 2
    for (row, column), value in np.ndenumerate(matrix):
        if np.isfinite(value):
            text = f"{value:.2f}".replace("0.", ".").replace("-.00", ".00")
            axes.text(column, row, text if value else "0", ha="center", va="center", fontsize=7,
                      color="white" if value < middle else "black")
    axes.set_title(title, fontsize=10)
    axes.grid(False)
    axes.set_xticks(range(len(TOKENS)), TOKENS, rotation=60)
    axes.set_yticks(range(len(TOKENS)), TOKENS if rows else [])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


if __name__ == "__main__":
    sys.exit(main())

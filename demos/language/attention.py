"""Self-attention in four forms, from Python loops to scaled dot products, and then in heads.

To guess the next token, a token has to know what came before. The plainest summary is the mean of
all tokens so far. That mean is a loop; or a matrix product, with a triangle of weights whose rows
are 1, then 1/2 1/2, then 1/3 1/3 1/3; or a softmax of nothing but zeros with the future masked:
three ways to write the same numbers. The third leaves room for more: replace the zeros by scores,
which say how much each token wants to know from each other one. They are dot products of queries
(what I look for) with keys (what I am), and the weighted sum is of values (what I have to say):
attention.

    python -m demos attention          3 s on two cores

Expect the forms that should be equal to agree to 1e-12. Dot products of random vectors of d numbers
have variance d; softmax then puts nearly all of its weight on one token and passes hardly any
gradient back. Divided by √d they have variance 1: at d = 256 and 64 tokens the entropy of the
weights stays at 3.7 nats, of at most ln 64 = 4.16; without the scale it falls to 0.3.

Attention is all you need (Vaswani et al., 2017); the four forms are those of Karpathy's lecture
"Let's build GPT" (2023).
"""
import math

import tinygen as tg
from demos.common.run import demo
from demos.language.parts.attention_figures import plot_maps, plot_scale
from tinygen import nn
from tinygen.backend import np, to_numpy, xp

PRESETS = {"smoke": {}, "default": {}}  # no training, nothing to set
TOKENS = "the cat sat on the mat".split()
WIDTH, HEAD = 32, 8            # numbers in a token's vector; in a query, key or value
SIZES = 2 ** np.arange(1, 10)  # lengths of queries and keys, to see what the scale does
SCORED = 64                    # tokens whose scores are compared there
EXACT = 1e-12                  # between forms that should be equal


@demo(PRESETS)
def main(run):
    x = run.rng.standard_normal((len(TOKENS), WIDTH))  # (T, C)
    run.print(f"{len(TOKENS)} tokens, {' '.join(TOKENS)!r}, each a vector: x {x.shape}\n")
    means, averages = mean_of_the_past(run, x)
    outputs, stages = attention_forms(run, x)
    entropy, gradient = entropy_and_gradient(run.rng)
    weights = heads(run, x)
    measure(run, means, outputs, entropy)
    show(run, {**averages, **stages}, entropy, gradient, weights)


def measure(run, means, outputs, entropy):
    """How far the forms differ, which ends the demo if they do, and what the scale does."""
    for what, forms in (("the mean of the past: loops, product, softmax", means),
                        ("attention: loops, products, tg.attention", outputs)):
        worst = largest_difference(*forms)
        run.measure(f"{what}: largest difference", worst, at_most=EXACT)
        assert worst <= EXACT, what
    run.measure(f"entropy of the weights at d = 256, scaled; at most ln {SCORED}",
                entropy["divided by √d"][SIZES == 256].item(), at_least=3.4,
                baseline=("not scaled", entropy["as they are"][SIZES == 256].item()))


def show(run, stages, entropy, gradient, weights):
    run.save_figure(
        plot_maps(stages, TOKENS, width=12, height=3.7), "stages",
        "Who attends to whom: a row for each token, a column for each token that it attends to. "
        "The mean weighs all alike; scores make a difference; the mask takes the future away; "
        "softmax turns what is left into weights, which add up to 1 in each row.")
    run.save_figure(
        plot_scale(SIZES, entropy, gradient, SCORED), "scale",
        f"Softmax over {SCORED} random scores. Unless they are divided by √d, they spread as √d "
        "grows: one token takes all the weight, and softmax, being flat there, lets hardly any "
        "gradient through.")
    run.save_figure(
        plot_maps({f"head {head + 1}": matrix for head, matrix in enumerate(weights)}, TOKENS,
                  width=11, height=3.4), "heads",
        "Four heads, each of a quarter of the width, with random weights (scores times four, to "
        "tell the heads apart): each attends to something else. What they find is concatenated "
        "and mixed by one more linear layer. In a trained network heads specialise.")


# ---- 1 to 3. The mean of the past: by loops, by a matrix product, by softmax ----

def mean_of_the_past(run, x):
    """The same means three times.  -> the three, and the weights by title, for the figure"""
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
    run.print(f"   largest difference {largest_difference(loops, product, masked):.1e}")
    return (loops, product, masked), {"1 to 3. mean of the past": weights}


# ---- 4. Scaled dot-product attention: by loops, by matrix products, by the engine's op ----

def attention_forms(run, x):
    """Attention three times.  -> the three, and scores and weights by title, for the figure"""
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
    run.print(f"   largest difference {largest_difference(loops, product, op):.1e}")
    return (loops, product, op), {"4. scores qkᵀ/√d": scores, "masked": masked, "softmax": weights}


def largest_difference(first, *others):
    return max(np.abs(other - first).max() for other in others)


# ---- why the scale ----

def entropy_and_gradient(rng, repeats=20):
    """Entropy of the weights, and the gradient that they let through, scaled and not.

    -> name -> (SIZES,), twice
    """
    entropy, gradient = {}, {}
    for name, scaled in (("divided by √d", True), ("as they are", False)):
        rows = []
        for d in SIZES:
            q, k = rng.standard_normal((2, repeats, SCORED, d))
            scores = tg.Tensor(q @ k.swapaxes(-1, -2) / (math.sqrt(d) if scaled else 1))
            weights = tg.softmax(scores)
            g = xp.asarray(rng.standard_normal(weights.shape))
            slope = tg.grad(weights, scores, g)
            w = to_numpy(weights)
            rows.append([-(w * np.log(np.maximum(w, 1e-300))).sum(axis=-1).mean(),
                         np.median(np.linalg.norm(to_numpy(slope), axis=-1))])
        entropy[name], gradient[name] = np.array(rows).T
    return entropy, gradient


# ---- heads ----

def heads(run, x, count=4):
    """The same width in several heads, each with weights of its own.  -> (heads, T, T)"""
    layer = nn.MultiHeadAttention(WIDTH, count, rng=run.rng).astype("float64")
    y = layer(xp.asarray(x[None]), causal=True)  # (1, T, C)
    qkv = to_numpy(tg.linear(xp.asarray(x), layer.in_proj_weight, layer.in_proj_bias))  # (T, 3C)
    q, k, _ = qkv.reshape(len(x), 3, count, -1).transpose(1, 2, 0, 3)  # (heads, T, C/heads) each
    scores = 4 * q @ k.swapaxes(-1, -2) / math.sqrt(WIDTH / count)
    weights = to_numpy(tg.softmax(xp.asarray(np.where(np.tri(len(x)) == 1, scores, -np.inf))))
    run.print(f"\n5. {count} heads of {WIDTH // count} numbers: x {x.shape} -> "
              f"q {q.shape} -> weights {weights.shape} -> y {y.shape[1:]}")
    return weights

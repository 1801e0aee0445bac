"""Encoder and decoder: one mask makes the difference, and together they rewrite dates.

In a Transformer block every position gathers from others. An encoder reads what is already there,
so each position may attend to all of them: the end of a sentence shows what its beginning meant. A
decoder writes, and what it has yet to write isn't there: the mask hides all later positions before
softmax. The block is the same, weights and all. Here is one, with the mask and without: when one
input changes, which outputs do? And because no output has seen what comes after it, each position
of a text is a fair exercise in guessing the next token: one pass trains them all at once.

Then the two together: an encoder reads a date as people write it, in one of seven formats, and a
decoder writes it as 1984-03-03, character by character. For each character it consults the encoder
by cross-attention: attention whose queries come from what is being written, and whose keys and
values come from what was read. Nobody tells it what a month is, or where in the text the year is.

    python -m demos encoder_vs_decoder          1 min 30 s on two cores

Expect earlier outputs to change by exactly 0 with the mask, and by 0.13 or more without; the
derivatives, from one backward pass through copies, say the same. A fifth of all days from 1950 to
2049 is held out from training, in every format. Of 3,500 texts of such days 0, 0 and 1 were wrong
with seeds 0, 1 and 2: it read 1965 as 1966. After 500 of the 1,000 steps about 94 % are already
right to the last character. Given what it was never trained for, it still writes something that
looks like a date: 1789 becomes 1979 or 1989, March without a day gets one, 30 February stays.

Attention is all you need (Vaswani et al., 2017).
"""
from demos.common.options import check_not_negative, check_positive
from demos.common.run import demo
from demos.language.parts.dates import (
    FORMATS,
    OFFSET,
    SOURCE,
    TARGET,
    decode_iso,
    encode_iso,
    encode_words,
    pair,
    random_pairs,
    split_days,
)
from demos.language.parts.encoder_vs_decoder_figures import plot_cross, plot_learning, plot_mask
from demos.language.parts.heads import attention_weights, plot_heads
from demos.language.parts.masks import mask_effect
from demos.language.parts.texts import visible
from models import transformer
from models.transformer import Config, Transformer, translate
from tinygen.backend import np
from tinygen.optim import AdamW, clip_grad_norm, warmup_cosine

PRESETS = {
    "smoke": dict(steps=8, batch=8, n_layer=1, n_head=2, n_embd=16, warmup=2, tested=5),
    "default": dict(steps=1000, batch=64, n_layer=2, n_head=4, n_embd=64, lr=2e-3, warmup=100,
                    clip=1.0, tested=500),
}
LONGEST = 32          # characters of a date in words
EXACT = 0.99          # share of held-out texts that should be right
EVALUATIONS = 20      # of a few held-out days, during training
SHOWN = 3, 5, 6       # formats in the figure of the cross-attention
UNFAMILIAR = ("30 February 1984", "14 July 1789", "March 1984", "3 Mrach 1984", "1984 March 3",
              "march the third '84")


@demo(PRESETS)
def main(run):
    cfg = run.settings
    check_positive(cfg, "batch", "clip", "tested")
    check_not_negative(cfg, "warmup")
    mask_maps, last_difference = mask_effect(run.rng)
    model = Transformer(Config(len(SOURCE) + OFFSET, len(TARGET) + OFFSET, LONGEST, cfg.n_layer,
                               cfg.n_head, cfg.n_embd), rng=run.rng)
    train_days, test_days = split_days(np.random.default_rng(run.seed))
    optimizer = AdamW(model.parameters(), lr=cfg.lr)
    for step in run.steps(model=model, optimizer=optimizer):
        optimizer.lr = cfg.lr * warmup_cosine(step, warmup=min(cfg.warmup, cfg.steps // 2),
                                              total=cfg.steps)
        words, dates = zip(*random_pairs(train_days, cfg.batch, run.rng))
        loss = transformer.loss(model, encode_words(words), encode_iso(dates))
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm(model.parameters(), cfg.clip)
        optimizer.step()
        run.log(loss=loss)
        if (step + 1) % max(1, cfg.steps // EVALUATIONS) == 0:
            run.log(exact=exact_matches(model, test_days[:30]).mean())

    hits = exact_matches(model, test_days[:cfg.tested])
    train_hits = exact_matches(model, train_days[:cfg.tested])
    measure(run, mask_maps, last_difference, hits, train_hits)
    show(run, mask_maps, model, test_days, hits)


def measure(run, mask_maps, last_difference, hits, train_hits):
    """What the mask keeps from earlier outputs, and how many dates are right."""
    (free, free_jacobian), (masked, masked_jacobian) = mask_maps.values()
    future = np.triu_indices(len(free), 1)
    for what, with_mask, without in (("change of", masked, free),
                                     ("gradient of", masked_jacobian, free_jacobian)):
        run.measure(f"largest {what} an earlier output, with the mask", with_mask[future].max(),
                    at_most=0, baseline=("smallest without", without[future].min()))
    run.measure("largest difference that the mask makes at the last position", last_difference,
                at_most=1e-12)
    run.measure(f"exact match, {hits.size:,} texts of held-out days", hits.mean(), at_least=EXACT)
    run.measure("exact match, as many texts of training days", train_hits.mean())


def show(run, mask_maps, model, days, hits):
    print_examples(run, model, days, hits)
    run.save_figure(
        plot_mask(mask_maps), "mask",
        "One block, the same weights and inputs, with the mask and without: a row for each output, "
        "a column for each input. Left: by how much an output changes when one input is replaced "
        "by another. Right: the size of the derivative. With the mask everything above the "
        "diagonal is 0, to the last bit; the last row, which may attend to everything either way, "
        "is the same. The diagonal (grey) is large because a block adds to what is there.")
    shown = [pair(days[1], form) for form in SHOWN]
    maps = [cross_attention(model, *each) for each in shown]
    run.save_figure(
        plot_cross(shown, [np.mean(layers, axis=(0, 1)) for layers in maps]), "cross",
        "Where the decoder attends in the source (columns) as it writes each character (rows), the "
        "mean of all layers and heads. It goes to the year first and the day last, wherever they "
        "stand. For a month it attends to the letters that distinguish it from the others, and for "
        "a day in words to the few that do; for the hyphens, which are always the same, to nothing "
        "in particular.")
    words, iso = shown[1]
    run.save_figure(
        plot_heads(sharpest(maps[1]), list(iso), list(visible(words))), "heads",
        "The same for one of the dates, for the heads that pick out single characters: in the "
        "mean over the rows, the share of the weight that goes to one of them.")
    run.save_figure(
        plot_learning(run.history["training"]), "learning",
        "The loss, and the share of some held-out dates that were written without a mistake. All "
        "ten characters have to be right, so for a long time no date is.")


def sharpest(layers, count=4):
    """The heads with the largest weights.  arrays (heads, T, S) -> title -> (T, S)"""
    weights = np.stack(layers)  # (layers, heads, T, S)
    shares = weights.max(axis=-1).mean(axis=-1)  # (layers, heads)
    best = np.argsort(-shares, axis=None)[:count]
    return {f"Layer {layer + 1}, head {head + 1}: {shares[layer, head]:.0%} on one character":
            weights[layer, head] for layer, head in zip(*np.unravel_index(best, shares.shape))}


def print_examples(run, model, days, hits):
    """One day in all formats, texts that were read wrongly, and texts of another kind."""
    examples = [pair(days[0], form)[0] for form in range(len(FORMATS))]
    missed = [pair(days[day], form)[0] for form, day in np.argwhere(~hits)]
    print_table(run, "A held-out day in all formats, and the share of each format that is right",
                model, examples, [f"{share:.1%}" for share in hits.mean(axis=1)])
    print_table(run, f"Wrong: {len(missed)} of {hits.size:,}", model, missed[:6])
    print_table(run, "Texts unlike any that it was trained on", model, UNFAMILIAR)


def print_table(run, title, model, words, notes=None):
    """Texts, what the model makes of them, and a note on each."""
    run.print(f"\n{title}")
    for text, iso, note in zip(words, to_iso(model, words) if words else (), notes or words):
        run.print(f"  {text:33} {iso:12} {note if notes else ''}".rstrip())


def to_iso(model, words):
    """Dates in words -> the dates that the model writes"""
    return decode_iso(translate(model, encode_words(words)))


def exact_matches(model, days):
    """Which of these days, in each format, are right to the last character.  -> (formats, days)"""
    hits = []
    for form in range(len(FORMATS)):
        words, dates = zip(*[pair(day, form) for day in days])
        hits.append(np.array(to_iso(model, words)) == np.array(dates))
    return np.array(hits)


def cross_attention(model, words, iso):
    """Where the decoder attends in the source as it writes each character, layer by layer.

    -> arrays (heads, 10, len(words)); row t is what it attends to as it writes character t
    """
    source, target = encode_words([words]), encode_iso([iso])[:, :-2]
    weights = attention_weights(model(source, target))
    return [w[0] for w in weights[model.config.n_layer + 1::2]]  # self, cross, self, cross, ...

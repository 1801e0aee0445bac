"""Compose melodies: a variational autoencoder on bars that keep the rules of a small style book.

The corpus is written by rules (parts/melodies.py): known rhythms, notes of the chord on the strong
beats and at the end, small moves, a step back after every leap. The network is told none of them.
It sees 6,000 bars as piano rolls, images of 16 steps by 16 symbols with one pixel in each column,
and the chord of each. Afterwards it writes bars of its own: a code z from N(0, 1), a chord, and the
decoder says for each step how likely each symbol is. The likeliest is taken.

    python -m demos music        10 s on two cores

Expect 71 to 77 % of its bars to keep all rules, over three seeds. Of bars whose steps are drawn
independently, as often as the corpus has each symbol there, 0.3 to 0.5 % do. The VAE has not learnt
them by heart: 75 to 80 % of its bars are not in the corpus, as of those that the rules write next
(78 to 81 %), and 95 % differ from each other. What it breaks is what ties many steps together: a
rhythm with a hole, a leap without its step back. Each step is decoded by itself, so only z can tell
them of each other. Listen to out/music/melodies.wav.

Why a VAE, and why softmax: a step holds exactly one symbol, so p(x|z) is a choice among 16 for each
step, and its loss the cross-entropy. Pixels that are independent of each other, as for images,
would give a chance to two notes at once. A GAN has no gradient through a choice; its discriminator
would soon see that real rolls are made of zeros and ones, and look at nothing else.

After Roberts et al., A hierarchical latent vector model for learning long-term structure in music
(ICML, 2018), which does this with recurrent networks for 16 bars.
"""

import tinygen as tg
from demos.common.figures import PALETTE, new_figure
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.vaes.parts.melodies import (
    CHORD_TONES,
    CHORDS,
    NAMES,
    PITCHES,
    RULES,
    STEPS,
    SYMBOLS,
    independent_bars,
    kept,
    notes,
    piano_roll,
    write_corpus,
)
from demos.vaes.parts.synth import played, song, wav
from models import vae
from models.parts import interpolate_codes, noise
from tinygen.backend import np, to_numpy, xp
from tinygen.optim import Adam, warmup_cosine

PRESETS = {
    "smoke": dict(steps=10, bars=200, written=40),
    "default": dict(steps=1500, bars=6000, written=1000, batch=128, lr=2e-3, latents=16, beta=1.0),
    "long": dict(steps=6000, bars=20000),
}
PROGRESSION = ("C", "Am", "F", "G", "C", "Am", "F", "C")
BETWEEN = 7  # bars from one melody to another, both included


@demo(PRESETS)
def main(run):
    cfg = run.settings
    if cfg.bars < 100 or cfg.written < len(PROGRESSION) * len(CHORDS):
        raise ValueError(f"--bars is at least 100 and --written {len(PROGRESSION) * len(CHORDS)}, "
                         f"a song's worth over each chord; got {cfg.bars} and {cfg.written}")
    bars, chords = write_corpus(cfg.bars, run.rng)
    rolls = piano_roll(bars)  # (N, 1, 16, 16)

    model = vae.DenseVAE(vae.Config(cfg.latents, SYMBOLS, classes=len(CHORDS), beta=cfg.beta),
                         rng=run.rng)
    optimizer = Adam(model.parameters(), lr=cfg.lr)
    for step in run.steps(model=model, optimizer=optimizer):
        optimizer.lr = cfg.lr * warmup_cosine(step, warmup=cfg.steps // 20, total=cfg.steps)
        rows = epoch_batch(step, cfg.batch, len(bars), run.seed)
        eps = noise(cfg.batch, cfg.latents, rng=run.rng)
        logits, mean, logvar = model(xp.asarray(rolls[rows]), eps, chords[rows])
        reconstruction = nats(logits, bars[rows])
        kl = tg.kl_standard_normal(mean, logvar).mean()
        loss = reconstruction + cfg.beta * kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(reconstruction=reconstruction, kl=kl)

    # Bars that nobody wrote, and two kinds to compare them with: by the rules, and by chance.
    wanted = np.arange(cfg.written) % len(CHORDS)
    written = compose(model, noise(cfg.written, cfg.latents, rng=run.rng), wanted)
    fresh, fresh_chords = write_corpus(cfg.written, run.rng)
    chance = independent_bars(bars, chords, wanted, run.rng)
    share = {name: kept(*pair) for name, pair in {
        "by the rules": (fresh, fresh_chords), "by the VAE": (written, wanted),
        "by chance": (chance, wanted)}.items()}
    right = share["by the VAE"].all(axis=1)
    run.measure("bars that keep all rules", right.mean(), at_least=0.5,
                baseline=("by chance", share["by chance"].all(axis=1).mean()))
    for i, rule in enumerate(RULES):
        run.measure(f"{rule}", share["by the VAE"][:, i].mean(),
                    baseline=("by chance", share["by chance"][:, i].mean()))
    run.measure("bars that are not in the corpus", novel(written, bars), at_least=0.5,
                baseline=("by the rules", novel(fresh, bars)))
    run.measure("right bars that are not in the corpus", novel(written[right], bars))
    run.measure("different ones among the bars", distinct(written), at_least=0.8,
                baseline=("by the rules", distinct(fresh)))
    again = compose(model, model_means(model, fresh, fresh_chords), fresh_chords)
    run.measure("symbols of unseen bars, rebuilt", (again == fresh).mean(),
                baseline=("by chance", (chance == fresh).mean()))

    run.save_figure(rules_figure(share), "rules",
                    "Which share of bars keeps each rule. By chance means: each step is drawn by "
                    "itself, as often as the corpus has it there over this chord. That gets the "
                    "strong beats right and all that ties one step to another wrong. The VAE was "
                    "shown bars and not rules.")
    tune, tune_chords = arrange(written, wanted)
    run.save_figure(song_figure(tune, tune_chords), "song",
                    "The first bars that the decoder wrote over each chord of a progression, right "
                    "or wrong, as a piano roll: time to the right, pitch upwards. Blue: notes of "
                    "the chord. melodies.wav plays it.")
    run.save_sound(wav(song(tune, tune_chords)), "melodies",
                   "The bars of the figure above, one after the other, over the notes of their "
                   "chords.")
    run.save_figure(between_figure(model, fresh, fresh_chords), "between",
                    "From one unseen bar to another, both over C: along the line between their "
                    "codes. The ends are what the decoder makes of the two codes. In between are "
                    "bars and not mixtures of two; a note changes where another one becomes the "
                    "likeliest, so that some bars stay the same and others jump.")
    run.print(f"\nListen to {run.out / 'melodies.wav'}")


def nats(logits, bars):
    """-log p(x|z) in nats a bar: cross-entropy over the symbols, summed over the steps.

    (N, 1, symbols, steps), NumPy (N, steps) -> one number
    """
    by_step = logits.reshape(-1, SYMBOLS, STEPS).transpose(0, 2, 1)  # (N, steps, symbols)
    return tg.cross_entropy(by_step, xp.asarray(bars), reduction="sum") / len(bars)


def compose(model, z, chords):
    """The likeliest symbol at each step, for codes (N, latents) and chords (N,).  -> (N, 16)"""
    with tg.no_grad():
        logits = to_numpy(model.decode(z, chords))
    return logits[:, 0].argmax(axis=1)


def model_means(model, bars, chords):
    """The codes of bars: the means of q(z|x).  (N, 16) -> (N, latents)"""
    with tg.no_grad():
        return model.encode(xp.asarray(piano_roll(bars)), chords)[0].data


def novel(bars, known):
    """The share of bars that are not among those known."""
    known = {bar.tobytes() for bar in known}
    return float(np.mean([bar.tobytes() not in known for bar in bars])) if len(bars) else 0.0


def distinct(bars):
    """The number of different bars, divided by that of all."""
    return len(np.unique(bars, axis=0)) / len(bars)


def arrange(bars, chords):
    """The first bars over each chord of the progression.  -> bars (8, 16), chords (8,)"""
    wanted = [list(CHORDS).index(chord) for chord in PROGRESSION]
    places = [np.flatnonzero(chords == chord)[wanted[:i].count(chord)]
              for i, chord in enumerate(wanted)]
    return bars[places], np.array(wanted)


# ---- figures ----

def rules_figure(share):
    """Bars for each rule and for all of them.  share: who wrote them -> bool (N, rules)"""
    names = [*RULES, "all of them"]
    figure, axes = new_figure(width=8, height=4.2)
    height = 0.8 / len(share)
    for i, ((name, table), colour) in enumerate(zip(share.items(), (PALETTE[9], *PALETTE))):
        values = 100 * np.append(table.mean(axis=0), table.all(axis=1).mean())
        places = np.arange(len(names)) + height * (i - 1)
        axes.barh(places, values, 0.9 * height, color=colour, label=name)
        for place, value in zip(places, values):
            axes.annotate(f"{value:.0f}" if value >= 1 or value == 0 else f"{value:.1f}",
                          (value, place), (4, 0), textcoords="offset points", va="center",
                          fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlabel="% of the bars", xlim=(0, 107))
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def song_figure(bars, chords):
    """Bars one after the other, in lines of four."""
    lines = -(-len(bars) // 4)
    figure, panels = new_figure(lines, width=10, height=0.5 + 2.7 * lines, squeeze=False)
    for axes, start in zip(panels.flat, range(0, len(bars), 4)):
        draw_bars(axes, bars[start:start + 4], chords[start:start + 4],
                  [list(CHORDS)[chord] for chord in chords[start:start + 4]])
    return figure


def between_figure(model, bars, chords):
    """From one bar over C to a higher one."""
    over_c = sorted(bars[chords == 0], key=lambda bar: notes(bar).mean())
    few = np.array([over_c[len(over_c) // 4], over_c[3 * len(over_c) // 4]])
    z = model_means(model, few, np.zeros(2, dtype=np.int64))
    labels = np.zeros(BETWEEN, dtype=np.int64)
    steps = compose(model, interpolate_codes(z[0], z[1], BETWEEN), labels)
    right = kept(steps, labels).all(axis=1)
    figure, axes = new_figure(width=13, height=3.1)
    titles = [f"{i / (BETWEEN - 1):.0%}" + ("" if ok else ", breaks a rule")
              for i, ok in enumerate(right)]
    draw_bars(axes, steps, labels, titles)
    return figure


def draw_bars(axes, bars, chords, titles):
    """Piano rolls side by side: notes of the chord in blue, others in orange."""
    for i, (bar, chord, title) in enumerate(zip(bars, chords, titles)):
        left = i * STEPS
        for step, length, pitch in played(bar):
            fits = pitch in CHORD_TONES[chord]
            axes.barh(pitch, length - 0.15, 0.8, left=left + step, color=PALETTE[0 if fits else 4])
        axes.axvline(left, color="#888888", linewidth=0.8)
        axes.text(left + 0.3, PITCHES - 0.3, title, va="bottom")
    axes.set(xlim=(0, len(bars) * STEPS), ylim=(-0.6, PITCHES - 0.4))
    axes.set_yticks(range(0, PITCHES, 2), NAMES[::2])
    axes.set_xticks(range(0, len(bars) * STEPS, 4), [])
    axes.set_xlabel("beats")

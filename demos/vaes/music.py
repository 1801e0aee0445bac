"""Compose melodies: a variational autoencoder on bars that keep the rules of a small style book.

The corpus is written by rules (parts/melodies.py): known rhythms, notes of the chord on the strong
beats and at the end, small moves, a step back after every leap. The network is told none of them.
It sees 6,000 bars as piano rolls, images of 16 steps by 16 symbols with one pixel per column, and
the chord of each. Then it writes bars of its own: from a code z sampled from N(0, 1) and a chord,
the decoder gives the probability of each symbol at each step, and the likeliest is taken.

    python -m demos music        10 s on two cores

Expect 71 to 77 % of its bars to keep all rules, over three seeds. Of bars made by chance, with each
step sampled independently at the corpus's frequencies, 0.3 to 0.5 % do. The VAE has not memorised
the corpus: 75 to 80 % of its bars are not in it, nor are 78 to 81 % of new bars that the rules
write, and 95 % differ from each other. What it breaks are the rules that tie many steps together: a
rhythm with a hole, a leap without its step back. Each step is decoded by itself, so only z can
coordinate them. Listen to out/music/melodies.wav.

Why a VAE, and why softmax: a step holds exactly one symbol, so p(x|z) is a choice among 16 at each
step, and its loss the cross-entropy. Independent pixels, as for images, could start two notes at
once. A GAN has no gradient through a choice, and its discriminator would soon notice that real
rolls are made of zeros and ones, and look at nothing else.

After Roberts et al., A hierarchical latent vector model for learning long-term structure in music
(ICML, 2018), which does this with recurrent networks for 16 bars.
"""
import tinygen as tg
from demos.common.resume import epoch_batch
from demos.common.run import demo
from demos.vaes.parts.melodies import (
    CHORDS,
    RULES,
    STEPS,
    SYMBOLS,
    independent_bars,
    notes,
    piano_roll,
    rules_kept,
    write_corpus,
)
from demos.vaes.parts.music_figures import plot_between, plot_rules, plot_song
from demos.vaes.parts.synth import song, wav
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
    check_settings(cfg)
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

    # New bars of the VAE, and two kinds to compare them with: by the rules, and by chance.
    wanted = np.arange(cfg.written) % len(CHORDS)
    written = compose(model, noise(cfg.written, cfg.latents, rng=run.rng), wanted)
    fresh, fresh_chords = write_corpus(cfg.written, run.rng)
    chance = independent_bars(bars, chords, wanted, run.rng)
    kept = {"by the rules": rules_kept(fresh, fresh_chords),
            "by the VAE": rules_kept(written, wanted), "by chance": rules_kept(chance, wanted)}
    again = compose(model, encode(model, fresh, fresh_chords), fresh_chords)
    measure(run, kept, bars, written, fresh, chance, again)
    show(run, kept, *arrange(written, wanted), *bars_between(model, fresh[fresh_chords == 0]))


def measure(run, kept, bars, written, fresh, chance, again):
    right = kept["by the VAE"].all(axis=1)
    run.measure("bars that keep all rules", right.mean(), at_least=0.5,
                baseline=("by chance", kept["by chance"].all(axis=1).mean()))
    for i, rule in enumerate(RULES):
        run.measure(rule, kept["by the VAE"][:, i].mean(),
                    baseline=("by chance", kept["by chance"][:, i].mean()))
    run.measure("bars that are not in the corpus", novel(written, bars), at_least=0.5,
                baseline=("by the rules", novel(fresh, bars)))
    run.measure("bars that keep all rules, not in the corpus", novel(written[right], bars))
    run.measure("distinct bars, as a share of all", distinct(written), at_least=0.8,
                baseline=("by the rules", distinct(fresh)))
    run.measure("symbols of unseen bars, reconstructed", (again == fresh).mean(),
                baseline=("by chance", (chance == fresh).mean()))


def show(run, kept, tune, tune_chords, between, between_chords):
    run.save_figure(plot_rules(kept), "rules",
                    "Share of the bars that keep each rule. By chance: each step is sampled by "
                    "itself, with the frequencies of the corpus at that step over this chord. That "
                    "gets the strong beats right, and wrong whatever ties one step to another. The "
                    "VAE was shown bars, not rules.")
    run.save_figure(plot_song(tune, tune_chords), "song",
                    "The first bars that the decoder wrote over each chord of a progression, right "
                    "or wrong, as a piano roll: time to the right, pitch upwards. Blue: notes of "
                    "the chord; orange: others. melodies.wav plays it.")
    run.save_sound(wav(song(tune, tune_chords)), "melodies",
                   "The bars of the figure above, one after the other, over the notes of their "
                   "chords.")
    run.save_figure(plot_between(between, between_chords), "between",
                    "From one unseen bar to another, both over C, along the line between their "
                    "codes. The ends are what the decoder makes of the two codes. In between are "
                    "bars, not blends of two: a note changes where another becomes the likeliest, "
                    "so some bars stay the same and others jump.")
    run.print(f"\nListen to {run.out / 'melodies.wav'}")


def nats(logits, bars):
    """-log p(x|z) in nats per bar: cross-entropy over the symbols, summed over the steps.

    (N, 1, symbols, steps), NumPy (N, steps) -> one number
    """
    by_step = logits.reshape(-1, SYMBOLS, STEPS).transpose(0, 2, 1)  # (N, steps, symbols)
    return tg.cross_entropy(by_step, xp.asarray(bars), reduction="sum") / len(bars)


def compose(model, z, chords):
    """The likeliest symbol at each step, for codes (N, latents) and chords (N,).  -> (N, 16)"""
    with tg.no_grad():
        logits = to_numpy(model.decode(z, chords))
    return logits[:, 0].argmax(axis=1)


def encode(model, bars, chords):
    """The codes of bars: the means of q(z|x).  (N, 16) -> (N, latents)"""
    with tg.no_grad():
        return model.encode(xp.asarray(piano_roll(bars)), chords)[0].data


def novel(bars, known):
    """The share of bars that are not among those known."""
    known = {bar.tobytes() for bar in known}
    return float(np.mean([bar.tobytes() not in known for bar in bars])) if len(bars) else 0.0


def distinct(bars):
    """The number of different bars, as a share of all."""
    return len(np.unique(bars, axis=0)) / len(bars)


def arrange(bars, chords):
    """The first bars over each chord of the progression.  -> bars (8, 16), chords (8,)"""
    wanted = [list(CHORDS).index(chord) for chord in PROGRESSION]
    rows = [np.flatnonzero(chords == chord)[wanted[:i].count(chord)]
            for i, chord in enumerate(wanted)]
    return bars[rows], np.array(wanted)


def bars_between(model, bars):
    """From one bar to a higher one, all over C.  (N, 16) -> bars (BETWEEN, 16), chords (BETWEEN,)
    """
    rising = sorted(bars, key=lambda bar: notes(bar).mean())
    ends = np.array([rising[len(rising) // 4], rising[3 * len(rising) // 4]])
    z = encode(model, ends, np.zeros(2, dtype=np.int64))
    chords = np.zeros(BETWEEN, dtype=np.int64)
    return compose(model, interpolate_codes(z[0], z[1], BETWEEN), chords), chords


def check_settings(cfg):
    least = len(PROGRESSION) * len(CHORDS)
    if cfg.bars < 100 or cfg.written < least:
        raise ValueError(f"--bars is at least 100, and --written at least {least}, a song's worth "
                         f"for each chord; got {cfg.bars} and {cfg.written}")

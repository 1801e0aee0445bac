"""Figures of the demo music."""
from demos.common.figures import PALETTE, new_figure
from demos.vaes.parts.melodies import (
    CHORD_TONES,
    CHORDS,
    NAMES,
    PITCHES,
    RULES,
    STEPS,
    rules_kept,
)
from demos.vaes.parts.synth import played
from tinygen.backend import np


def plot_rules(kept):
    """Bars for each rule and for all of them.  kept: who wrote them -> bool (N, rules)"""
    names = [*RULES, "all of them"]
    figure, axes = new_figure(width=8, height=4.2)
    height = 0.8 / len(kept)
    for i, ((name, table), colour) in enumerate(zip(kept.items(), (PALETTE[9], *PALETTE))):
        values = 100 * np.append(table.mean(axis=0), table.all(axis=1).mean())
        rows = np.arange(len(names)) + height * (i - 1)
        axes.barh(rows, values, 0.9 * height, color=colour, label=name)
        for row, value in zip(rows, values):
            axes.annotate(f"{value:.0f}" if value >= 1 or value == 0 else f"{value:.1f}",
                          (value, row), (4, 0), textcoords="offset points", va="center",
                          fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlabel="% of the bars", xlim=(0, 107))
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def plot_song(bars, chords):
    """Bars one after the other, in lines of four."""
    lines = -(-len(bars) // 4)
    figure, panels = new_figure(lines, width=10, height=0.5 + 2.7 * lines, squeeze=False)
    for axes, start in zip(panels.flat, range(0, len(bars), 4)):
        plot_bars(axes, bars[start:start + 4], chords[start:start + 4],
                  [list(CHORDS)[chord] for chord in chords[start:start + 4]])
    return figure


def plot_between(bars, chords):
    """The bars on the way from one to another, with how far each is and whether it is right."""
    figure, axes = new_figure(width=13, height=3.1)
    right = rules_kept(bars, chords).all(axis=1)
    titles = [f"{100 * i / (len(bars) - 1):.0f} %" + ("" if ok else ", breaks a rule")
              for i, ok in enumerate(right)]
    plot_bars(axes, bars, chords, titles)
    return figure


def plot_bars(axes, bars, chords, titles):
    """Piano rolls side by side: notes of the chord in blue, others in orange."""
    for i, (bar, chord, title) in enumerate(zip(bars, chords, titles)):
        left = i * STEPS
        for step, length, pitch in played(bar):
            fits = pitch in CHORD_TONES[chord]
            axes.barh(pitch, length - 0.15, 0.8, left=left + step, color=PALETTE[0 if fits else 4])
        axes.axvline(left, color="#888888", linewidth=0.8)
        axes.text(left + 0.3, PITCHES - 0.3, title, va="bottom")
    beats = range(0, len(bars) * STEPS, 4)
    axes.set(xlim=(0, len(bars) * STEPS), ylim=(-0.6, PITCHES - 0.4), xlabel="beat", ylabel="note")
    axes.set_yticks(range(0, PITCHES, 2), NAMES[::2])
    axes.set_xticks(beats, [1 + step % STEPS // 4 for step in beats], ha="left")

"""One-bar melodies that keep a few rules: the corpus of the demo music, and the rules themselves.

A bar has 16 steps, the sixteenth notes of four-four time. At each step one of 16 things happens:
one of 14 notes begins, the white keys from A3 to G5; or the last note is held; or there is silence.
So a bar is a row of 16 numbers from 0 to 15, and as an image, the *piano roll*, it has one pixel
per column. It is played over one of four chords.
"""
from bisect import bisect
from itertools import accumulate

from tinygen.backend import np

PITCHES, STEPS = 14, 16
HOLD, REST = 14, 15
SYMBOLS = 16
NAMES = ("A3", "B3", "C4", "D4", "E4", "F4", "G4", "A4", "B4", "C5", "D5", "E5", "F5", "G5")
CHORDS = {"C": "CEG", "Am": "ACE", "F": "FAC", "G": "GBD"}
CHORD_TONES = [[pitch for pitch, name in enumerate(NAMES) if name[0] in letters]
               for letters in CHORDS.values()]

# Rhythms of half a bar. n: a note begins, -: it is held, .: silence.
FIRST_HALVES = ("n---n---", "n-n-n---", "n---n-n-", "n-n-n-n-", "n-----n-", "n-nnn---", "n-..n-n-")
SECOND_HALVES = ("n-------", "n---n---", "n-n-n---", "n-----..", "n-n-n-..", "n-nnn---")

# Weight of a move by so many white keys: mostly steps, a sixth at most.
MOVES = {0: 0.10, 1: 0.32, 2: 0.08, 3: 0.04, 4: 0.02, 5: 0.01}
LEAP = 3  # a fourth, in white keys: wider than the thirds that chords are built of


# ---- the rules: a bar (16,) and its chord's number -> whether the bar keeps the rule ----

def rhythm_is_known(bar, chord):
    """Each half has a rhythm from the list."""
    text = "".join({HOLD: "-", REST: "."}.get(symbol, "n") for symbol in bar.tolist())
    return text[:8] in FIRST_HALVES and text[8:] in SECOND_HALVES


def strong_beats_fit(bar, chord):
    """On the first and on the third beat, a note of the chord begins."""
    return bar[0] in CHORD_TONES[chord] and bar[8] in CHORD_TONES[chord]


def end_fits(bar, chord):
    """The last note belongs to the chord."""
    played = notes(bar)
    return len(played) > 0 and played[-1] in CHORD_TONES[chord]


def moves_are_small(bar, chord):
    """No move is wider than a sixth, and at least half of them are steps or repeat the note."""
    sizes = abs(np.diff(notes(bar)))
    return len(sizes) > 0 and sizes.max() < 6 and (sizes < 2).mean() >= 0.5


def leaps_turn_back(bar, chord):
    """After a leap of a fourth or more, the melody takes a step the other way."""
    moves = [*np.diff(notes(bar)).tolist(), 0]  # after a leap to the last note there is none
    return all(after == (-1 if move > 0 else 1)
               for move, after in zip(moves, moves[1:]) if abs(move) >= LEAP)


RULES = {"known rhythm": rhythm_is_known, "strong beats in the chord": strong_beats_fit,
         "end in the chord": end_fits, "small moves": moves_are_small,
         "leaps turn back": leaps_turn_back}


def notes(bar):
    """The pitches that begin in a bar, in order.  (16,) -> (number of notes,)"""
    return bar[bar < PITCHES]


def rules_kept(bars, chords):
    """Which bars keep which rule.  (N, 16), (N,) -> bool (N, number of rules)"""
    return np.array([[rule(bar, chord) for rule in RULES.values()]
                     for bar, chord in zip(bars, chords)])


# ---- the corpus ----

def write_bar(chord, rng):
    """A melody over a chord, note by note, each chosen at random among those that the rules allow.

    Starts over if the rules lead to a dead end. -> (16,)
    """
    while True:
        rhythm = pick(FIRST_HALVES, rng) + pick(SECOND_HALVES, rng)
        pitches = write_pitches(rhythm, chord, rng)
        if pitches:
            symbols = iter(pitches)
            bar = np.array([next(symbols) if mark == "n" else HOLD if mark == "-" else REST
                            for mark in rhythm])
            if moves_are_small(bar, chord):
                return bar


def write_pitches(rhythm, chord, rng):
    """A pitch for each note of a rhythm, or None if the rules lead to a dead end."""
    begins = [step for step, mark in enumerate(rhythm) if mark == "n"]
    pitches, move = [pick(CHORD_TONES[chord], rng)], 0
    for step in begins[1:]:
        last = step == begins[-1]
        allowed = {}
        for pitch in CHORD_TONES[chord] if step == 8 or last else range(PITCHES):
            size = abs(pitch - pitches[-1])
            turns_back = pitch - pitches[-1] == (-1 if move > 0 else 1)
            if size in MOVES and (abs(move) < LEAP or turns_back) and not (last and size >= LEAP):
                allowed[pitch] = MOVES[size]
        if not allowed:
            return None
        weights = list(accumulate(allowed.values()))
        pitch = list(allowed)[bisect(weights, rng.random() * weights[-1])]
        move = pitch - pitches[-1]
        pitches.append(pitch)
    return pitches


def pick(items, rng):
    """One of `items`, all equally likely."""
    return items[rng.integers(len(items))]


def write_corpus(count, rng):
    """`count` bars, a quarter over each chord.  -> bars (count, 16), chords (count,)"""
    chords = rng.permutation(np.arange(count) % len(CHORDS))
    return np.array([write_bar(chord, rng) for chord in chords]), chords


def independent_bars(bars, chords, wanted, rng):
    """The baseline: each step sampled by itself, with the corpus's frequencies over that chord.

    bars (N, 16), chords (N,), wanted (M,) -> (M, 16)
    """
    rows = [rng.choice(np.flatnonzero(chords == chord), size=STEPS) for chord in wanted]
    return np.array([bars[row, np.arange(STEPS)] for row in rows])


def piano_roll(bars):
    """Bars as images with one pixel of ink in each column.  (N, 16) -> float32 (N, 1, 16, 16)"""
    return (np.arange(SYMBOLS)[:, None] == bars[:, None, None]).astype(np.float32)

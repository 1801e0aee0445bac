"""Melodies: each rule can be broken, the corpus keeps them all, the baseline does not."""
import pytest

from demos.vaes.parts.melodies import (
    HOLD,
    NAMES,
    REST,
    RULES,
    independent_bars,
    notes,
    piano_roll,
    rules_kept,
)
from tinygen.backend import np

C = 0


def bar(rhythm, *names):
    """A bar from its rhythm and the names of its notes."""
    pitches = iter(names)
    return np.array([NAMES.index(next(pitches)) if mark == "n" else HOLD if mark == "-" else REST
                     for mark in rhythm])


GOOD = bar("n---n---n---n---", "C4", "D4", "E4", "C4")


def expect_broken(broken, *rules):
    held = rules_kept([broken], [C])[0]
    assert [rule for rule, ok in zip(RULES, held) if not ok] == list(rules)


def test_each_rule_can_be_broken():
    expect_broken(GOOD)
    expect_broken(bar("n---n---n--nn---", "C4", "D4", "E4", "D4", "C4"), "known rhythm")
    expect_broken(bar("n---n---n---n---", "D4", "D4", "E4", "C4"), "strong beats in the chord")
    expect_broken(bar("n---n---n---n---", "C4", "D4", "D4", "C4"), "strong beats in the chord")
    expect_broken(bar("n---n---n---n---", "C4", "D4", "E4", "D4"), "end in the chord")
    expect_broken(bar("n---n---n---n---", "C4", "E4", "C4", "E4"), "small moves")
    expect_broken(bar("n-n-n-n-n---n---", "C4", "B4", "A4", "G4", "G4", "G4"), "small moves")
    expect_broken(bar("n-n-n-n-n---n---", "C4", "F4", "G4", "G4", "G4", "G4"), "leaps turn back")
    expect_broken(bar("n---n---n---n---", "C4", "D4", "C4", "G4"), "leaps turn back")
    expect_broken(bar("n-n-n-n-n---n---", "C4", "F4", "E4", "E4", "E4", "E4"))


def test_a_bar_of_silence_breaks_rules_and_nothing_else():
    expect_broken(np.full(16, REST), "known rhythm", "strong beats in the chord",
                  "end in the chord", "small moves")


def test_the_corpus_keeps_all_rules_over_all_chords(corpus):
    bars, chords = corpus
    assert bars.shape == (300, 16) and np.bincount(chords).tolist() == [75] * 4
    assert rules_kept(bars, chords).all()
    assert len(np.unique(bars, axis=0)) > 280
    assert rules_kept(bars, (chords + 1) % 4).all(axis=1).mean() < 0.4  # over another chord


def test_most_moves_are_steps_or_repeat_the_note(corpus):
    moves = np.concatenate([abs(np.diff(notes(each))) for each in corpus[0]])
    assert (moves < 2).mean() > 0.7 and moves.max() <= 5


def test_the_baseline_keeps_the_frequencies_and_breaks_the_rules(corpus, rng):
    bars, chords = corpus
    wanted = np.arange(400) % 4
    sampled = independent_bars(bars, chords, wanted, rng)
    assert rules_kept(sampled, wanted).all(axis=1).mean() < 0.05
    assert rules_kept(sampled, wanted)[:, 1].all()  # the first symbol is always one of the chord
    assert (sampled == HOLD).mean() == pytest.approx((bars == HOLD).mean(), abs=0.03)


def test_a_piano_roll_has_one_symbol_at_each_step(corpus):
    rolls = piano_roll(corpus[0])
    assert rolls.shape == (300, 1, 16, 16) and rolls.dtype == np.float32
    assert (rolls.sum(axis=2) == 1).all()
    assert (rolls[:, 0].argmax(axis=1) == corpus[0]).all()

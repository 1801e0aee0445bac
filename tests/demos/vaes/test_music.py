"""The demo music: its loss, what it writes, how the song is put together."""
from types import SimpleNamespace

import pytest

from demos.vaes import music
from demos.vaes.parts import melodies
from demos.vaes.parts.melodies import piano_roll
from tinygen.backend import np, to_numpy, xp


def test_the_loss_is_the_cross_entropy_of_each_step(rng):
    logits = rng.standard_normal((2, 1, 16, 16)).astype("float32")
    bars = rng.integers(16, size=(2, 16))
    by_hand = 0.0
    for n in range(2):
        for step in range(16):
            column = logits[n, 0, :, step].astype(float)
            by_hand += np.log(np.exp(column).sum()) - column[bars[n, step]]
    assert float(to_numpy(music.nats(xp.asarray(logits), bars))) == pytest.approx(by_hand / 2, 1e-5)


def test_the_likeliest_symbol_of_each_step_is_written(corpus):
    bars, _ = corpus
    model = SimpleNamespace(decode=lambda z, chords: xp.asarray(piano_roll(bars)))
    assert np.array_equal(music.compose(model, None, None), bars)


def test_what_is_new_and_what_differs():
    one, other = np.arange(16), np.arange(16)[::-1].copy()
    assert music.novel(np.array([one, other]), np.array([one])) == 0.5
    assert music.distinct(np.array([one, one, other, other])) == 0.5


def test_the_song_takes_each_bar_once():
    bars = np.arange(40)[:, None] + np.zeros(16, int)
    tune, chords = music.arrange(bars, np.arange(40) % 4)
    assert [list(melodies.CHORDS)[chord] for chord in chords] == list(music.PROGRESSION)
    assert (tune[:, 0] % 4 == chords).all() and len(set(tune[:, 0])) == len(tune)

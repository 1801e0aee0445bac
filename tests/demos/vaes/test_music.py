"""The music demo: its rules can be broken, its corpus keeps them, its WAV holds what it should."""
import base64
import io
import json
import wave
from types import SimpleNamespace

import pytest

from demos.common.report import write_page
from demos.vaes import music
from demos.vaes.parts import melodies, synth
from demos.vaes.parts.melodies import HOLD, NAMES, REST, RULES, independent_bars, kept, piano_roll
from tinygen.backend import np, to_numpy, xp

C = 0
A4 = NAMES.index("A4")


def bar(rhythm, *names):
    """A bar from its rhythm and the names of its notes."""
    pitches = iter(names)
    return np.array([NAMES.index(next(pitches)) if mark == "n" else HOLD if mark == "-" else REST
                     for mark in rhythm])


GOOD = bar("n---n---n---n---", "C4", "D4", "E4", "C4")


@pytest.fixture(scope="module")
def corpus():
    return melodies.write_corpus(300, np.random.default_rng(0))


def expect_broken(broken, *rules):
    held = kept([broken], [C])[0]
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
    assert synth.played(np.full(16, HOLD)) == []


def test_the_corpus_keeps_all_rules_over_all_chords(corpus):
    bars, chords = corpus
    assert bars.shape == (300, 16) and np.bincount(chords).tolist() == [75] * 4
    assert kept(bars, chords).all()
    assert len(np.unique(bars, axis=0)) > 280
    assert kept(bars, (chords + 1) % 4).all(axis=1).mean() < 0.4  # over another chord


def test_most_moves_are_steps_or_repeat_the_note(corpus):
    moves = np.concatenate([abs(np.diff(melodies.notes(each))) for each in corpus[0]])
    assert (moves < 2).mean() > 0.7 and moves.max() <= 5


def test_the_baseline_keeps_the_frequencies_and_breaks_the_rules(corpus, rng):
    bars, chords = corpus
    wanted = np.arange(400) % 4
    drawn = independent_bars(bars, chords, wanted, rng)
    assert kept(drawn, wanted).all(axis=1).mean() < 0.05
    assert kept(drawn, wanted)[:, 1].all()  # the first symbol is always one of the chord
    assert (drawn == HOLD).mean() == pytest.approx((bars == HOLD).mean(), abs=0.03)


def test_a_piano_roll_has_one_symbol_at_each_step(corpus):
    rolls = piano_roll(corpus[0])
    assert rolls.shape == (300, 1, 16, 16) and rolls.dtype == np.float32
    assert (rolls.sum(axis=2) == 1).all()
    assert (rolls[:, 0].argmax(axis=1) == corpus[0]).all()


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
    other = GOOD[::-1].copy()
    assert music.novel(np.array([GOOD, other]), np.array([GOOD])) == 0.5
    assert music.distinct(np.array([GOOD, GOOD, other, other])) == 0.5


def test_the_song_takes_each_bar_once():
    bars = np.arange(40)[:, None] + np.zeros(16, int)
    tune, chords = music.arrange(bars, np.arange(40) % 4)
    assert [list(melodies.CHORDS)[chord] for chord in chords] == list(music.PROGRESSION)
    assert (tune[:, 0] % 4 == chords).all() and len(set(tune[:, 0])) == len(tune)


def test_notes_last_as_long_as_they_are_held():
    line = np.array([3, HOLD, HOLD, REST, HOLD, 5, 6] + [HOLD] * 9)
    assert synth.played(line) == [(0, 3, 3), (5, 1, 5), (6, 10, 6)]


def loudest(sound):
    """The frequency with the most power, in Hz."""
    power = abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return power.argmax() * synth.RATE / len(sound)


@pytest.mark.parametrize("name, hertz", [("A4", 440), ("A3", 220), ("C4", 261.63), ("G5", 783.99)])
def test_a_key_sounds_at_its_pitch(name, hertz):
    assert synth.frequency(name) == pytest.approx(hertz, 1e-4)
    assert loudest(synth.tone(synth.frequency(name), 1.0)) == pytest.approx(hertz, rel=0.01)


def test_a_tone_begins_and_ends_in_silence():
    sound = synth.tone(440, 0.5)
    assert abs(sound[0]) < 1e-6 and abs(sound[-1]) < 0.01 and abs(sound).max() > 0.5
    assert abs(np.diff(sound)).max() < 0.5  # no jump from one sample to the next


def test_the_wav_can_be_read_and_holds_the_melody():
    alone = np.full(16, HOLD)
    alone[0] = A4
    file = synth.wav(synth.song(np.array([alone, GOOD]), [C, C]))
    with wave.open(io.BytesIO(file)) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (1, 2, 22050)
        samples = np.frombuffer(read.readframes(read.getnframes()), "<i2")
    seconds = 2 * 16 * synth.STEP_SECONDS + synth.TAIL
    assert len(samples) == pytest.approx(22050 * seconds, abs=1)
    assert abs(samples).max() == round(32767 * synth.PEAK)  # neither clipped nor faint
    first = samples[:round(22050 * 16 * synth.STEP_SECONDS)]
    assert loudest(first) == pytest.approx(440, rel=0.01)


def test_what_16_bits_cannot_hold_is_refused():
    for sound in ([0.0, 1.5], [float("nan")]):
        with pytest.raises(ValueError, match="samples lie from -1 to 1"):
            synth.wav(np.array(sound))


@pytest.mark.parametrize("argv, words", [
    ("--bars 50", "--bars is at least 100"), ("--written 3", "--written 32"),
    ("--latents 0", "latent_size"), ("--beta -1", "beta"), ("--batch 7000", "a batch takes")])
def test_bad_settings_are_one_line(argv, words, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(music, "write_corpus", lambda count, rng: (
        np.full((count, 16), REST), np.zeros(count, int)))
    with pytest.raises(SystemExit) as end:
        music.main([*argv.split(), "--out", str(tmp_path)])
    message = capsys.readouterr().err
    assert end.value.code == 2 and words in message and message.count("\n") == 1


def test_the_tour_s_page_plays_the_sounds(tmp_path):
    sound = synth.wav(synth.tone(440, 0.1) / 2)
    (tmp_path / "a.wav").write_bytes(sound)
    (tmp_path / "result.json").write_text(json.dumps({
        "idea": [], "figures": [{"file": "a.wav", "caption": "An <A>."}], "metrics": [],
        "verdict": "measured", "command": "python", "preset": "smoke", "data": None, "seed": 0,
        "settings": {}, "seconds": 1.0}), encoding="utf-8")
    write_page(tmp_path / "index.html", (0, "table"), [("music", "Title", tmp_path, "")], 1.0, "")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    data = base64.b64encode(sound).decode()
    assert f'<audio controls src="data:audio/wav;base64,{data}"></audio>' in page
    assert "An &lt;A&gt;." in page

"""The synthesizer: notes at their pitch and length, a WAV file that can be read."""
import io
import wave

import pytest

from demos.vaes.parts import synth
from demos.vaes.parts.melodies import HOLD, NAMES, REST
from tinygen.backend import np

A4 = NAMES.index("A4")


def test_notes_last_as_long_as_they_are_held():
    line = np.array([3, HOLD, HOLD, REST, HOLD, 5, 6] + [HOLD] * 9)
    assert synth.played(line) == [(0, 3, 3), (5, 1, 5), (6, 10, 6)]
    assert synth.played(np.full(16, HOLD)) == []


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
    run_up = np.arange(16) % 8  # eight keys, twice
    file = synth.wav(synth.song(np.array([alone, run_up]), [0, 0]))
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
        with pytest.raises(ValueError, match="samples must lie within -1 and 1"):
            synth.wav(np.array(sound))

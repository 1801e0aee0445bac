"""A small synthesizer: notes as sums of decaying sines, bars as a song, a song as a WAV file."""
import io
import wave

from demos.vaes.parts.melodies import CHORDS, HOLD, NAMES, PITCHES, STEPS
from tinygen.backend import np

RATE = 22050  # samples per second
STEP_SECONDS = 0.135  # a sixteenth: 111 beats per minute
ATTACK, RELEASE = 0.008, 0.03  # seconds; without them each note begins and ends with a click
HARMONICS = {1: 1.0, 2: 0.45, 3: 0.22, 4: 0.10, 5: 0.05}  # multiple of the frequency: amplitude
TAIL = 0.6  # seconds of silence after the last bar
PEAK = 0.8  # as a share of what 16 bits can hold
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def frequency(name):
    """Frequency in Hz of a white key such as A4: equal temperament, A4 = 440 Hz."""
    return 440 * 2 ** ((SEMITONES[name[0]] - 9) / 12 + int(name[1:]) - 4)


def tone(hertz, seconds):
    """A struck note: harmonics that fade, the higher the faster.  -> (samples,), about -2 to 2"""
    t = np.arange(round(RATE * seconds)) / RATE
    sound = sum(amplitude * np.exp(-(1 + k) * t) * np.sin(2 * np.pi * k * hertz * t)
                for k, amplitude in HARMONICS.items() if k * hertz < RATE / 2)
    return sound * np.clip(t / ATTACK, 0, 1) * np.clip((seconds - t) / RELEASE, 0, 1)


def song(bars, chords):
    """Bars one after the other, each over the notes of its chord.  -> (samples,) from -1 to 1

    bars: (N, 16) as in melodies.py. chords: their numbers, (N,).
    """
    total = np.zeros(round(RATE * (len(bars) * STEPS * STEP_SECONDS + TAIL)))
    for i, (bar, chord) in enumerate(zip(bars, chords)):
        start = i * STEPS
        for step, length, pitch in played(bar):
            add_note(total, start + step, length, frequency(NAMES[pitch]), 1.0)
        for octave, letter in zip("233", list(CHORDS.values())[chord]):
            add_note(total, start, STEPS, frequency(letter + octave), 0.28)
    return total * (PEAK / abs(total).max())


def played(bar):
    """The notes of a bar as a list of (step, length in steps, pitch). Held silence is silence."""
    found = []
    for step, symbol in enumerate(bar.tolist()):
        if symbol < PITCHES:
            found.append((step, 1, symbol))
        elif symbol == HOLD and found and sum(found[-1][:2]) == step:
            begin, length, pitch = found[-1]
            found[-1] = begin, length + 1, pitch
    return found


def add_note(total, step, length, hertz, loudness):
    """Add a note that begins at `step` and lasts `length` steps."""
    sound = loudness * tone(hertz, length * STEP_SECONDS + RELEASE)
    begin = round(RATE * step * STEP_SECONDS)
    total[begin:begin + len(sound)] += sound


def wav(sound):
    """The bytes of a WAV file, mono, 16 bits.  (samples,) from -1 to 1 -> bytes

    Raises ValueError unless all samples lie within -1 and 1.
    """
    if not abs(sound).max(initial=0) <= 1:  # so that NaN is refused, too
        raise ValueError(f"wav: samples must lie within -1 and 1; got up to {abs(sound).max()}; "
                         "divide them by the largest magnitude")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.round(32767 * sound).astype("<i2").tobytes())
    return file.getvalue()

"""The task of dates: the texts of a day, what is held out, and ids there and back."""
import datetime

import pytest

from demos.language.encoder_vs_decoder import LONGEST, UNFAMILIAR
from demos.language.parts import dates
from models.transformer import PAD, STOP
from tinygen.backend import np, to_numpy

DAY = (datetime.date(1984, 3, 3) - dates.FIRST).days


def test_a_day_in_all_formats():
    assert [dates.pair(DAY, form)[0] for form in range(len(dates.FORMATS))] == [
        "3 March 1984", "the 3rd of March, 1984", "March 3rd, 1984", "Saturday, March 3, 1984",
        "Mar. 3, 1984", "Sat 3 Mar '84", "third of March 1984"]
    assert {dates.pair(DAY, form)[1] for form in range(len(dates.FORMATS))} == {"1984-03-03"}


@pytest.mark.parametrize(("day", "text"), [
    (1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
    (21, "21st"), (22, "22nd"), (23, "23rd"), (30, "30th"), (31, "31st")])
def test_suffixes(day, text):
    assert dates.suffixed(day) == text


def test_each_day_of_a_month_has_its_own_word():
    assert len(set(dates.ORDINALS)) == 31 and dates.ORDINALS[21] == "twenty-second"


def test_no_text_stands_for_two_days():
    texts = {}
    for day in range(0, dates.DAYS, 11):
        for form in range(len(dates.FORMATS)):
            words, iso = dates.pair(day, form)
            assert texts.setdefault(words, iso) == iso and len(words) <= LONGEST


def test_held_out_days_are_in_no_training_batch(rng):
    train, test = dates.split_days(rng)
    assert len(train) + len(test) == len({*train, *test}) == dates.DAYS
    assert len(test) == int(dates.HELD_OUT * dates.DAYS)
    held_out = {dates.pair(day, 0)[1] for day in test}
    pairs = dates.random_pairs(train, 2000, rng)
    assert not held_out & {iso for _, iso in pairs}
    assert len({len(words) for words, _ in pairs}) > 10  # of all formats


def test_ids_there_and_back():
    words = ["3 March 1984", "Sat 3 Mar '84"]
    source = to_numpy(dates.encode_words(words))
    assert source.shape == (2, 13) and source[0, 12] == PAD
    assert "".join(dates.SOURCE[i - dates.OFFSET] for i in source[1]) == words[1]
    target = to_numpy(dates.encode_iso(["1984-03-03"]))
    assert dates.decode_iso(target[:, 1:]) == ["1984-03-03"]
    unfinished = np.array([[*target[0, 1:5], PAD, STOP, PAD]])
    assert dates.decode_iso(unfinished) == ["1984?"]


def test_each_unfamiliar_text_can_be_encoded():
    assert all(set(text) <= set(dates.SOURCE) and len(text) <= LONGEST for text in UNFAMILIAR)

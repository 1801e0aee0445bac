"""The demo of masks and dates: who sees whom, the texts of a day, and what is held out."""
import datetime

import pytest

from demos.language import encoder_vs_decoder as lab
from demos.language.parts import dates
from models.gpt import Block
from models.transformer import PAD, STOP, Config, Transformer
from tinygen.backend import np, to_numpy

DAY = (datetime.date(1984, 3, 3) - dates.FIRST).days


# ---- one block, with the mask and without ----

def test_the_mask_is_all_that_keeps_a_place_from_the_future(rng):
    block = Block(8, 2, rng=rng).astype("float64")
    x, other = rng.standard_normal((2, 1, 5, 8))
    for causal in (False, True):
        block.causal = causal
        future = np.triu_indices(5, 1)
        for matrix in (lab.changes(block, x, other), lab.jacobian_norms(block, x)):
            assert matrix.shape == (5, 5)
            assert (matrix[future] == 0).all() if causal else (matrix[future] > 1e-3).all()
            assert (matrix[np.tril_indices(5)] > 1e-3).all()


def test_jacobian_norms_are_the_change_by_a_small_step(rng):
    block, x = Block(4, 1, rng=rng).astype("float64"), rng.standard_normal((1, 3, 4))
    step, total = 1e-6, np.zeros((3, 3))
    for number in range(4):
        moved = x.copy()
        moved[..., number] += step
        total += (lab.changes(block, x, moved) / step) ** 2
    np.testing.assert_allclose(lab.jacobian_norms(block, x), np.sqrt(total), rtol=1e-4, atol=1e-8)


# ---- dates ----

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
            assert texts.setdefault(words, iso) == iso and len(words) <= lab.LONGEST


def test_held_out_days_are_in_no_training_batch(rng):
    train, test = dates.split_days(rng)
    assert len(train) + len(test) == len({*train, *test}) == dates.DAYS
    assert len(test) == int(dates.HELD_OUT * dates.DAYS)
    held_out = {dates.pair(day, 0)[1] for day in test}
    drawn = dates.draw_pairs(train, 2000, rng)
    assert not held_out & {iso for _, iso in drawn}
    assert len({len(words) for words, _ in drawn}) > 10  # of all formats


def test_ids_there_and_back():
    words = ["3 March 1984", "Sat 3 Mar '84"]
    source = to_numpy(dates.encode_words(words))
    assert source.shape == (2, 13) and source[0, 12] == PAD
    assert "".join(dates.SOURCE[i - dates.OFFSET] for i in source[1]) == words[1]
    target = to_numpy(dates.encode_iso(["1984-03-03"]))
    assert dates.decode_iso(target[:, 1:]) == ["1984-03-03"]
    unfinished = np.array([[*target[0, 1:5], PAD, STOP, PAD]])
    assert dates.decode_iso(unfinished) == ["1984?"]


def test_each_strange_text_can_be_read():
    assert all(set(text) <= set(dates.SOURCE) and len(text) <= lab.LONGEST for text in lab.STRANGE)


# ---- judging ----

def test_exact_match_counts_whole_texts(rng, monkeypatch):
    def spoiled(model, words):
        return ["1984-03-03" if words[0][0] == "S" else "1984-03-0"] * len(words)

    monkeypatch.setattr(lab, "write", spoiled)
    hits = lab.exact(None, [DAY, DAY + 1])
    assert hits.shape == (len(dates.FORMATS), 2)
    assert hits[:, 0].tolist() == [False, False, False, True, False, True, False]
    assert not hits[:, 1].any()


def test_cross_attention_has_a_row_for_each_character_written(rng):
    config = Config(len(dates.SOURCE) + dates.OFFSET, len(dates.TARGET) + dates.OFFSET, 32, 2, 2, 8)
    model = Transformer(config, rng=rng)
    for p in model.parameters():
        p.data *= 10
    layers = lab.cross_attention(model, "3 March 1984", "1984-03-03")
    assert [w.shape for w in layers] == [(2, 10, 12)] * 2
    for w in layers:
        np.testing.assert_allclose(w.sum(axis=-1), 1, rtol=1e-5)
        assert w[0, 0, 1:].any()  # no causal mask: the first row looks beyond the first column

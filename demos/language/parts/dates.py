"""A task for an encoder-decoder: rewrite dates, as people write them, as 1984-03-03."""
import datetime

from models.transformer import PAD, START, STOP, padded
from tinygen.backend import np, xp

FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
DAYS = (LAST - FIRST).days + 1
HELD_OUT = 0.2  # share of the days that training never sees, in any format

MONTHS = ("January February March April May June July August September October November "
          "December").split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ORDINALS = ("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
            "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth "
            "twentieth").split()
ORDINALS += [f"twenty-{unit}" for unit in ORDINALS[:9]] + ["thirtieth", "thirty-first"]


def suffixed(day):
    """1 -> 1st, 2 -> 2nd, 11 -> 11th"""
    ending = "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def month(date):
    return MONTHS[date.month - 1]


def weekday(date):
    return WEEKDAYS[date.weekday()]


# Our own names, since strftime's depend on the computer's language. In a range of a hundred years
# two digits are enough for the year: 50 to 99 are 19.., 00 to 49 are 20..
FORMATS = (
    lambda d: f"{d.day} {month(d)} {d.year}",
    lambda d: f"the {suffixed(d.day)} of {month(d)}, {d.year}",
    lambda d: f"{month(d)} {suffixed(d.day)}, {d.year}",
    lambda d: f"{weekday(d)}, {month(d)} {d.day}, {d.year}",
    lambda d: f"{month(d)[:3]}. {d.day}, {d.year}",
    lambda d: f"{weekday(d)[:3]} {d.day} {month(d)[:3]} '{d.year % 100:02d}",
    lambda d: f"{ORDINALS[d.day - 1]} of {month(d)} {d.year}",
)

SOURCE = "".join(sorted(set("".join([*MONTHS, *WEEKDAYS, *ORDINALS, "0123456789 ,.'"]))))
TARGET = "0123456789-"
OFFSET = STOP + 1  # the first id of a character; those below are PAD, START and STOP


def split_days(rng):
    """All days in random order.  -> those to train on, those held out"""
    order = rng.permutation(DAYS)
    kept = int(HELD_OUT * DAYS)
    return order[kept:], order[:kept]


def pair(day, form):
    """The number of a day, and of a format -> the date in words, and in ISO form"""
    date = FIRST + datetime.timedelta(days=int(day))
    return FORMATS[form](date), date.isoformat()


def random_pairs(days, count, rng):
    """`count` random days of `days`, each in a random format.  -> list of (words, iso)"""
    forms = rng.integers(len(FORMATS), size=count)
    return [pair(day, form) for day, form in zip(rng.choice(days, count), forms)]


def encode_words(words):
    """Dates in words -> ids on the backend, (B, longest)"""
    return xp.asarray(padded([[SOURCE.index(c) + OFFSET for c in text] for text in words]))


def encode_iso(dates):
    """Dates in ISO form -> ids on the backend, from START to STOP, (B, 12)"""
    ids = [[START, *(TARGET.index(c) + OFFSET for c in text), STOP] for text in dates]
    return xp.asarray(np.array(ids))


def decode_iso(ids):
    """What `translate` returns, (B, T) -> texts, each up to its STOP; ? is a PAD or START"""
    texts = []
    for row in ids.tolist():
        row = row[:row.index(STOP)] if STOP in row else row
        texts.append("".join("?" if i in (PAD, START) else TARGET[i - OFFSET] for i in row))
    return texts

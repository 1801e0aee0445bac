"""What a request may hold: a field is a function from a JSON value to a checked one.

    look = number(0.5, 4)
    look(1.2)     1.2
    look("1.2")   ValueError: a number from 0.5 to 4 is needed, got '1.2'

Arrays travel as base64, because a thousand numbers as text would take longer than the engine does.
"""
import base64
import binascii

from tinygen.backend import np, to_numpy

# ---- what comes in ----


def number(low, high):
    """A finite number from low to high -> float."""
    def check(value):
        if type(value) not in (int, float) or not low <= value <= high:  # NaN is refused as well
            refuse(f"a number from {low:g} to {high:g}", value)
        return float(value)
    return check


def whole(low, high):
    """A whole number from low to high -> int."""
    def check(value):
        if type(value) is not int or not low <= value <= high:
            refuse(f"a whole number from {low} to {high}", value)
        return value
    return check


def one_of(*options):
    """One of these strings."""
    def check(value):
        if type(value) is not str or value not in options:
            refuse(f"one of {', '.join(options)}", value)
        return value
    return check


def yes_or_no(value):
    """true or false."""
    if type(value) is not bool:
        refuse("true or false", value)
    return value


def text(most):
    """A string of at most `most` characters that can be written as UTF-8."""
    def check(value):
        if type(value) is not str or len(value) > most:
            refuse(f"a text of at most {most:,} characters", value)
        if any("\ud800" <= character <= "\udfff" for character in value):
            refuse("a text without halves of surrogate pairs", value)
        return value
    return check


def list_of(field, most, least=0):
    """A list of `least` to `most` values, each checked by `field`."""
    def check(value):
        if type(value) is not list or not least <= len(value) <= most:
            refuse(f"a list of {least} to {most:,} items", value)
        return [field(item) for item in value]
    return check


def optional(field):
    """null for None, or what `field` takes. It may also be left out."""
    def check(value):
        return None if value is None else field(value)
    check.may_be_left_out = True
    return check


def image(side):
    """side·side bytes in base64, row by row, 255 for ink -> float32 (1, 1, side, side), 0 to 1."""
    def check(value):
        data = decoded(value, f"an image of {side} x {side} bytes in base64", side * side)
        pixels = np.frombuffer(data, np.uint8).astype(np.float32) / 255
        return pixels.reshape(1, 1, side, side)
    return check


def decoded(value, wanted, size):
    """Exactly `size` bytes that came as base64."""
    if type(value) is not str:
        refuse(wanted, value)
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        refuse(wanted, value)
    if len(data) != size:
        raise ValueError(f"{wanted} is needed, got {len(data):,} bytes instead of {size:,}")
    return data


def refuse(wanted, value):
    got = repr(value)
    raise ValueError(f"{wanted} is needed, got {got if len(got) <= 60 else got[:57] + '...'}")


# ---- what goes out ----


def as_bytes(images):
    """Values from 0 to 1, rounded to bytes and packed; `unpack` of common.js reads them."""
    return packed(np.rint(np.clip(to_numpy(images), 0, 1) * 255).astype(np.uint8), "uint8")


def as_numbers(array):
    """Numbers as float32, packed."""
    return packed(to_numpy(array).astype("<f4"), "float32")


def packed(array, kind):
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"type": kind, "shape": list(array.shape), "data": data}

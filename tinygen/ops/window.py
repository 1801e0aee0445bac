"""The geometry of a window that slides over an image: what convolution and pooling share.

A pair is (vertical, horizontal); one int stands for two equal ones.
"""
from operator import index


def pair(name, setting, value, minimum=1):
    """The pair of ints that `value` stands for.  int or (int, int) -> (int, int)

    Raises ValueError for anything else, and for numbers below `minimum`. name and setting, the op
    and its argument, are for the message.
    """
    try:
        both = tuple(map(index, value if isinstance(value, (tuple, list)) else (value, value)))
    except TypeError:
        both = ()
    if len(both) != 2 or min(both) < minimum:
        raise ValueError(f"{name}: {setting} must be an int or a pair (vertical, horizontal) of "
                         f"ints, of at least {minimum}; got {value!r}")
    return both


def output_size(name, size, kernel, stride, padding, dilation):
    """How many positions the window takes, down and across; all arguments are pairs.

    A window that spans s = dilation·(kernel - 1) + 1 of n + 2·padding pixels takes
    (n + 2·padding - s) // stride + 1 positions. Raises ValueError if it does not fit even once, and
    for an image without pixels.
    """
    check_pixels(name, size)
    span = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    room = [n + 2 * p - s for n, p, s in zip(size, padding, span)]
    if min(room) < 0:
        raise ValueError(f"{name}: the kernel must fit into the padded input, got a kernel that "
                         f"spans {tuple(span)} on an input of {tuple(size)} with padding "
                         f"{tuple(padding)}; use a smaller kernel or more padding")
    return tuple(r // s + 1 for r, s in zip(room, stride))


def check_pixels(name, size):
    """Raise ValueError for an image without pixels."""
    if min(size) < 1:
        raise ValueError(f"{name}: an image needs at least one pixel, got one of {tuple(size)}")

"""The names of the data sets, and the error for an unknown name."""
import difflib

IMAGES = {
    "digits": "pen strokes, 28x28, 10,000 train and 2,000 test, drawn here, no download",
    "mnist-10k": "MNIST's test set: its first 8,000 to train, its last 2,000 to test",
    "mnist": "MNIST, handwritten digits, 60,000 train and 10,000 test",
    "fashion": "Fashion-MNIST, clothes in MNIST's format, 60,000 train and 10,000 test",
}
TEXTS = {
    "pydoc": "Python's language reference, which ships with Python: 460,000 to 510,000 characters",
    "shakespeare": "Tiny Shakespeare, 1,115,394 characters",
}


def unknown(name, known, otherwise):
    """The ValueError for a `name` not among the `known`; `otherwise` says what else is accepted."""
    close = difflib.get_close_matches(str(name).lower(), known, cutoff=0.4)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return ValueError(f"there is no data set {name!r}: {hint}choose one of {', '.join(known)}, "
                      f"or give {otherwise}")

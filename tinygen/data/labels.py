"""Labels: class numbers and one-hot vectors."""
from tinygen.backend import np, to_numpy, xp
from tinygen.checks import check_sizes


def one_hot(labels, classes):
    """A row for each label: 1 in the column of its class and 0 elsewhere.

    labels: integers (N,), an array on the host or the backend in use. -> float32 (N, classes)
    Raises TypeError unless labels are integers, ValueError for one outside 0 ... classes-1 and for
    another shape.
    """
    check_sizes("one_hot", classes=classes)
    labels = np.asarray(to_numpy(labels))
    if labels.dtype.kind not in "iu":
        raise TypeError(f"one_hot: labels must be an integer array of classes, got {labels.dtype}; "
                        "use .astype('int64')")
    if labels.ndim != 1:
        raise ValueError(f"one_hot: labels must have shape (N,), got {labels.shape}; use "
                         ".reshape(-1)")
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"one_hot: labels run from 0 to {classes - 1} for {classes} classes, got "
                         f"{labels.min()} to {labels.max()}")
    rows = np.zeros((len(labels), classes), "float32")
    rows[np.arange(len(labels)), labels] = 1
    return xp.asarray(rows)

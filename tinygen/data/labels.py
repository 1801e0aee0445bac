"""Labels: class numbers, and vectors made of them."""
from tinygen.backend import np, to_numpy, xp


def one_hot(labels, classes):
    """A row for each label, 1 in the column of its class and 0 elsewhere.

    labels: integers (N,), an array on the host or the backend. -> float32 (N, classes)
    Raises TypeError for labels that are no integers, ValueError for one outside 0 ... classes-1 and
    for another shape.
    """
    labels = np.asarray(to_numpy(labels))
    if labels.dtype.kind not in "iu":
        raise TypeError(f"one_hot: labels are class numbers, an integer array, got {labels.dtype}; "
                        "use .astype('int64')")
    if labels.ndim != 1:
        raise ValueError(f"one_hot: labels have shape (N,), got {labels.shape}; use "
                         ".reshape(-1)")
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"one_hot: labels run from 0 to {classes - 1} for {classes} classes, got "
                         f"{labels.min()} to {labels.max()}")
    rows = np.zeros((len(labels), classes), "float32")
    rows[np.arange(len(labels)), labels] = 1
    return xp.asarray(rows)

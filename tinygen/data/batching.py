"""One epoch in mini-batches."""
from tinygen.backend import np
from tinygen.checks import check_flags, check_rng, check_sizes


class batches:
    """Iterate once over `arrays` together, `batch_size` rows at a time, in a new random order.

        for x, y in batches(x_train, y_train, batch_size=64, rng=rng): ...
        for x in batches(x_train, batch_size=64, rng=rng): ...          # one array: no tuple

    The arrays are NumPy's and have the same length. Without `rng` the rows keep their order; a
    smaller last batch is included unless `drop_last`. `len` is the number of batches, and each new
    `for` draws a new order. Raises TypeError for anything but arrays, ValueError for lengths that
    differ or are 0, for a batch size below 1, and if drop_last leaves no batch.
    """

    def __init__(self, *arrays, batch_size, rng=None, drop_last=False):
        if not arrays or not all(isinstance(a, np.ndarray) and a.ndim for a in arrays):
            raise TypeError("batches: takes NumPy arrays with at least one axis; got "
                            f"{', '.join(type(a).__name__ for a in arrays) or 'nothing'}")
        lengths = [len(array) for array in arrays]
        if len(set(lengths)) > 1:
            raise ValueError("batches: the arrays must have the same length, since row i of each "
                             f"belongs together; got {lengths}")
        rows, = set(lengths)
        if not rows:
            raise ValueError("batches: needs at least one row; got empty arrays")
        check_sizes("batches", batch_size=batch_size)
        check_flags("batches", drop_last=drop_last)
        if rng is not None:
            check_rng("batches", rng)
        if drop_last and batch_size > rows:
            raise ValueError(f"batches: drop_last with batch_size={batch_size} leaves no batch of "
                             f"{rows} rows; use a smaller batch_size")
        self.arrays, self.batch_size, self.rng = arrays, batch_size, rng
        end = rows - rows % batch_size if drop_last else rows
        self.starts = range(0, end, batch_size)

    def __len__(self):
        return len(self.starts)

    def __iter__(self):
        order = None if self.rng is None else self.rng.permutation(len(self.arrays[0]))
        for start in self.starts:
            rows = slice(start, start + self.batch_size)
            if order is not None:
                rows = order[rows]
            batch = tuple(array[rows] for array in self.arrays)
            yield batch if len(batch) > 1 else batch[0]

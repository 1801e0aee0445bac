"""Nearest neighbours of codes or of images: what is similar, and what is a copy?"""
from tinygen.backend import np, to_numpy, xp


def neighbours(queries, rows, count=1, block=500):
    """Indices of the `count` rows nearest to each query by squared distance, nearest first.

    Arrays (Q, ...), (R, ...) -> NumPy (Q, count). Raises ValueError unless queries and rows have
    one shape and 1 <= count <= R.
    """
    return Neighbours(rows).of(queries, count, block)


class Neighbours:
    """The same for rows that are searched many times: their own squares are computed once."""

    def __init__(self, rows):
        self.shape, self.rows = rows.shape[1:], xp.asarray(rows).reshape(len(rows), -1)
        self.squares = (self.rows * self.rows).sum(axis=1)

    def of(self, queries, count=1, block=500):
        if queries.shape[1:] != self.shape:
            raise ValueError("neighbours: queries and rows have one shape, got "
                             f"{queries.shape[1:]} and {self.shape}")
        if not 1 <= count <= len(self.rows):
            raise ValueError(f"neighbours: count is from 1 to the {len(self.rows)} rows, got "
                             f"{count}")
        queries = xp.asarray(queries).reshape(len(queries), -1)
        # |q - r|² = |q|² - 2·q·r + |r|², and |q|² is the same for all rows: one product is enough.
        found = []
        for start in range(0, len(queries), block):
            distance = -2 * queries[start:start + block] @ self.rows.T  # (block, R)
            distance += self.squares
            first = xp.argpartition(distance, count - 1, axis=1)[:, :count]
            order = xp.take_along_axis(distance, first, axis=1).argsort(axis=1)
            found.append(xp.take_along_axis(first, order, axis=1))
        return to_numpy(xp.concatenate(found))


def nearest(queries, rows):
    """The row nearest to each query, and its Euclidean distance.

    NumPy (Q, ...), (R, ...) -> indices (Q,), distances (Q,)
    """
    index = neighbours(queries, rows)[:, 0]
    difference = (queries - rows[index]).reshape(len(queries), -1)
    return index, np.sqrt((difference ** 2).sum(axis=1))

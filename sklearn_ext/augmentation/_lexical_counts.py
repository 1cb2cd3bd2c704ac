"""Counts of outcomes in contexts: sorted rows of small numbers, packed into few bytes.

One level of a back-off model is a table of rows, the numbers of the context first, then
those of the outcome. Packed, a table is a tree over its sorted rows: for every column
the values of the nodes, siblings as differences, and the number of children of each.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Level", "count_level", "pack", "unpack"]

_LARGEST_CODE = 2**62


class Level(NamedTuple):
    """Counts of one level.

    Attributes
    ----------
    n_context : int
        Columns that make the context.
    rows : ndarray of shape (n, k), int32
        Context and outcome, in lexicographic order.
    counts : ndarray of shape (n,), float64
        How often the outcome was seen in the context.
    """

    n_context: int
    rows: np.ndarray
    counts: np.ndarray

    def first_rows(self):
        """Return the first row of every context."""
        return np.flatnonzero(_starts(self.rows[:, : self.n_context]))

    def shares(self, diversity):
        """Return what each context leaves to the next level, and each row's share.

        A context seen c times with u different outcomes leaves d u / (c + d u), where d
        is the diversity: outcomes not seen yet, for each one seen.
        """
        first = self.first_rows()
        if not len(first):
            return np.zeros(0), np.zeros(0)
        kinds = np.diff(first, append=len(self.rows))
        total = np.add.reduceat(self.counts, first)
        bottom = total + diversity * kinds
        return 1 - total / bottom, self.counts / np.repeat(bottom, kinds)


def _starts(rows):
    """Return which sorted rows differ from the one before."""
    starts = np.ones(len(rows), bool)
    starts[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    return starts


def _order(rows):
    """Return a number of each row that sorts as the rows do, equal for equal rows."""
    codes = np.zeros(len(rows), np.int64)
    bound = 1
    for column in rows.T:
        n = int(column.max(initial=0)) + 1
        if bound * n > _LARGEST_CODE:
            distinct, codes = np.unique(codes, return_inverse=True)
            bound = len(distinct)
        codes = codes * n + column
        bound *= n
    return codes


def count_level(rows, weights, n_context, *, min_context=0):
    """Return the Level of events.

    Parameters
    ----------
    rows : ndarray of shape (n_events, k), int32
    weights : ndarray of shape (n_events,), float64
    n_context : int
        The first columns, that make the context.
    min_context : float, default=0
        Contexts seen less often are left out.
    """
    _, first, inverse = np.unique(_order(rows), return_index=True, return_inverse=True)
    counts = np.bincount(inverse, weights, len(first)).astype(np.float64)
    rows = rows[first]
    context = np.cumsum(_starts(rows[:, :n_context])) - 1
    keep = (np.bincount(context, counts) >= min_context)[context]
    return Level(n_context, np.ascontiguousarray(rows[keep]), counts[keep])


def pack(levels):
    """Return levels as two arrays, a header int64 and bytes uint8."""
    header, pieces = [len(levels)], []

    def put(numbers):
        """Append numbers >= 0, one byte of all after the other, or as floats."""
        if (numbers == numbers.astype(np.int64)).all():
            numbers = numbers.astype("<i8")
            width = (int(numbers.max(initial=0)).bit_length() + 7) // 8
            planes = numbers.view(np.uint8).reshape(-1, 8)[:, :width].T
        else:
            width, planes = -1, numbers.astype("<f8").view(np.uint8)
        header.extend([len(numbers), width])
        pieces.append(planes.ravel())

    for level in levels:
        rows = level.rows
        header.extend([level.n_context, rows.shape[1]])
        parents = np.array([0, len(rows)]) if len(rows) else np.zeros(1, int)
        new = np.zeros(len(rows), bool)
        for j, column in enumerate(rows.T):
            eldest = new.copy() if j else np.arange(len(rows)) == 0
            new[1:] |= column[1:] != column[:-1]
            new[:1] = True
            nodes = np.flatnonzero(new)
            values = column[nodes].astype(np.int64)
            younger = ~eldest[nodes]
            values[younger] -= column[nodes[np.flatnonzero(younger) - 1]] + 1
            ends = np.searchsorted(nodes, parents)
            put(np.diff(ends) - 1)
            put(values)
            parents = np.append(nodes, len(rows))
        put(level.counts)
    return {
        "header": np.array(header, np.int64),
        "bytes": np.concatenate(pieces or [np.zeros(0, np.uint8)]),
    }


def unpack(arrays):
    """Return the levels that :func:`pack` packed."""
    header = iter(arrays["header"].tolist())
    data, at = arrays["bytes"], 0

    def take():
        nonlocal at
        n, width = next(header), next(header)
        size = n * (8 if width < 0 else width)
        piece = data[at : at + size]
        at += size
        if width < 0:
            return np.frombuffer(piece.tobytes(), "<f8").astype(np.float64)
        numbers = np.zeros(n, np.int64)
        for place, plane in enumerate(piece.reshape(width, n)):
            numbers |= plane.astype(np.int64) << (8 * place)
        return numbers

    levels = []
    for _ in range(next(header)):
        n_context, n_columns = next(header), next(header)
        columns = []
        for _ in range(n_columns):
            children, values = take() + 1, take()
            columns = [np.repeat(column, children) for column in columns]
            eldest = np.zeros(len(values), bool)
            eldest[np.cumsum(children) - children] = True
            # Within a family a value is the sum of all differences up to it.
            sums = np.cumsum(values + ~eldest)
            before = (sums - values)[eldest]
            columns.append(sums - np.repeat(before, children))
        rows = np.array(columns, np.int32).T if columns else np.zeros((0, 0), np.int32)
        counts = take().astype(np.float64)
        levels.append(Level(n_context, np.ascontiguousarray(rows), counts))
    return levels

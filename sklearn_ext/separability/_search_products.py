"""Nearest rows, in general and in other components, by blocked matrix products.

Half of the products are enough: a tile of bounds serves its rows and its columns.
"""

from contextlib import nullcontext

import numpy as np

from sklearn_ext._core._arrays import plain_array
from sklearn_ext._core._sklearn import threadpool_controller

from ._products import Products

__all__ = ["ProductSearch"]

BLOCK = 1024  # most rows or columns of a tile
# Blocks that there are at least, if they do not become smaller than the number below:
# so many threads have something to do.
N_BLOCKS = 16
SMALLEST_BLOCK = 128


class ProductSearch:
    """Exact search among the rows of X by products that tell what is worth a look.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        C-contiguous and of moderate scale.
    workers : Workers
    dtype : dtype, default=None
        Precision of the products; None chooses one.
    """

    n_cached = 16

    def __init__(self, X, workers, *, dtype=None):
        self._X = plain_array(X)
        self._workers = workers
        self._products = Products(self._X, dtype=dtype)
        self.n_samples = len(X)

    def _map(self, function, tasks):
        """Call a function that multiplies for each task."""
        # Threads of BLAS and ours would wait for each other.
        alone = self._workers.n_threads == 1
        with (
            nullcontext()
            if alone
            else threadpool_controller().limit(limits=1, user_api="blas")
        ):
            self._workers.map(function, tasks)

    def neighbors(self, k):
        """Return indices and exact squares, (n, k), of the k nearest other rows.

        They ascend by (square, index).
        """
        from ._kernels_boruvka import collect_near, finish_near

        n = self.n_samples
        capacity = max(32, 2 * k)
        index = np.empty((n, capacity), np.int64)
        values = np.empty((n, capacity))
        counts = np.zeros((n, 2), np.int64)
        reach = np.full(n, np.inf, self._products.dtype)
        state = k, self._products.slack, index, values, counts, reach
        blocks = _cut(n)

        def collect(pair):
            a, b = blocks[pair[0]], blocks[pair[1]]
            bounds = self._products.bounds(a, b)
            collect_near(self._X, bounds, a.start, b.start, *state)

        # Blocks among themselves come first: then each row knows how near others must
        # be, before it is looked up as a column now and then.
        self._map(collect, [(i, i) for i in range(len(blocks))])
        for pairs in _rounds(len(blocks)):
            self._map(collect, pairs)
        neighbors = np.empty((n, k), np.int64)
        squares = np.empty((n, k))
        self._workers.map(
            lambda block: finish_near(
                self._X, block.start, block.stop, *state, neighbors, squares
            ),
            blocks,
        )
        return neighbors, squares

    def nearest_foreign(self, rows, labels, cores, limits):
        """Return the row with another label of least weight, and that weight.

        Parameters
        ----------
        rows : ndarray of int64 of shape (n_rows,)
        labels : ndarray of int64 of shape (n_samples,)
        cores : ndarray of float64 of shape (n_samples,)
            Squared core distances; a pair weighs the greatest of its two and its
            square.
        limits : ndarray of float64 of shape (n_rows,)
            Weights below which a pair counts.

        Returns
        -------
        targets : ndarray of int64 of shape (n_rows,)
            The lowest of the rows at least weight; -1 if there is none.
        weights : ndarray of float64 of shape (n_rows,)
            Infinite where there is none.
        """
        order = np.argsort(labels[rows], kind="stable")
        rows = rows[order]
        labels = labels.astype(np.int32)
        found = _Found(limits[order], self._products.dtype)
        if len(rows) <= BLOCK:
            self._search_all(rows, labels, cores, found)
        else:
            self._search_by_pairs(rows, labels, cores, found)
        targets = np.empty(len(rows), np.int64)
        weights = np.empty(len(rows))
        targets[order] = found.target
        weights[order] = np.where(found.target < 0, np.inf, found.weight)
        return targets, weights

    def _search_all(self, rows, labels, cores, found):
        """Search for a few rows among all."""
        from ._kernels_boruvka import find_foreign

        everything = np.arange(self.n_samples)
        strips = _cut(self.n_samples)

        def search(block):
            part = found.part(block)
            for strip in strips:
                bounds = self._products.bounds(rows[block], strip)
                at = rows[block], everything[strip]
                find_foreign(self._X, bounds, *at, labels, cores, False, *part, *part)

        self._map(search, _cut(len(rows)))

    def _search_by_pairs(self, rows, labels, cores, found):
        """Search for many rows: a tile between two blocks of them serves both."""
        from ._kernels_boruvka import find_foreign

        blocks = _cut_by_label(labels[rows])
        others = np.ones(self.n_samples, bool)
        others[rows] = False
        others = np.flatnonzero(others)
        others = others[np.argsort(labels[others], kind="stable")]
        strips = [others[block] for block in _cut_by_label(labels[others])]

        def search(a, at, columns, both):
            first = labels[rows[a.start]]
            if first == labels[columns[0]] == labels[columns[-1]] and (
                first == labels[rows[a.stop - 1]]
            ):
                return  # all of one component
            bounds = self._products.bounds(rows[a], columns)
            find_foreign(
                self._X,
                bounds,
                rows[a],
                columns,
                labels,
                cores,
                both,
                *found.part(a),
                *found.part(at),
            )

        def search_pair(pair):
            a, b = blocks[pair[0]], blocks[pair[1]]
            search(a, b, rows[b], both=pair[0] != pair[1])

        def search_others(a):
            for columns in strips:
                search(a, a, columns, both=False)

        self._map(search_pair, [(i, i) for i in range(len(blocks))])
        for pairs in _rounds(len(blocks)):
            self._map(search_pair, pairs)
        self._map(search_others, blocks)


class _Found:
    """The least weights so far of rows that search, and what they belong to."""

    def __init__(self, limits, dtype):
        self.target = np.full(len(limits), -1)
        self.weight = limits.astype(np.float64)
        self.reach = limits.astype(dtype)
        is_low = self.reach < limits
        self.reach[is_low] = np.nextafter(self.reach[is_low], dtype.type(np.inf))

    def part(self, block):
        """Return views of some rows."""
        return self.target[block], self.weight[block], self.reach[block]


def _cut(n_rows):
    """Cut rows into blocks that depend on their number only."""
    size = min(BLOCK, max(SMALLEST_BLOCK, -(-n_rows // N_BLOCKS)))
    return [slice(a, min(a + size, n_rows)) for a in range(0, n_rows, size)]


def _cut_by_label(labels):
    """Cut rows with sorted labels into blocks, if possible between two labels."""
    blocks = []
    start = 0
    while start < len(labels):
        stop = min(start + BLOCK, len(labels))
        if stop < len(labels):
            group = int(np.searchsorted(labels, labels[stop]))
            stop = group if group > start else stop
        blocks.append(slice(start, stop))
        start = stop
    return blocks


def _rounds(n_blocks):
    """Yield rounds of pairs (i < j) in which no block meets two others; each pair once.

    As in a tournament: one block stays, the others turn around it.
    """
    n = n_blocks + n_blocks % 2
    turning = list(range(1, n))
    for _ in range(n - 1):
        circle = [0, *turning]
        pairs = zip(circle[: n // 2], circle[: n // 2 - 1 : -1], strict=True)
        yield [(min(p), max(p)) for p in pairs if max(p) < n_blocks]
        turning = [*turning[1:], turning[0]]

"""Boruvka's algorithm on lists of nearest neighbours, with any exact search.

In each round components choose their lightest edge. Most points know their nearest row
of another component from a list that was made once; the others know a bound, and only
where the best edge of their component is heavier than that, the search is asked again.
"""

from typing import Protocol

import numpy as np

__all__ = ["Search", "boruvka_tree"]

PART = 1 << 14  # points whose lists one task reads
# Rows that are searched for before all others: what they find may spare these.
FIRST_ROWS = 64
# Share of the components that must know their edge for the others to wait. They may
# well be joined to one of those, and no longer need an edge of their own.
ENOUGH = 0.2


class Search(Protocol):
    """Exact search among rows; squares and weights are squared lengths."""

    n_samples: int
    n_cached: int  # length of lists that suits the search

    def neighbors(self, k):
        """Return indices and squares, (n, k), of the k nearest other rows, in order."""

    def nearest_foreign(self, rows, labels, cores, limits):
        """Return the lightest row of another label, and its weight, for some rows.

        A pair weighs the greatest of its square and its two cores; -1 and inf where no
        weight is below the limit.
        """


def boruvka_tree(search, *, min_samples, workers):
    """Return a minimum spanning tree of the rows that a search knows.

    Parameters
    ----------
    search : Search
    min_samples : int
        Above 1, edges are as long as the mutual reachability distance of their ends.
    workers : Workers

    Returns
    -------
    edges : ndarray of int64 of shape (n_samples - 1, 2)
    core_squares : ndarray of float64 of shape (n_samples,) or None
        Squared core distances, if `min_samples` is above 1.
    """
    from ._kernels_boruvka import join

    n = search.n_samples
    # Within the core distance all weigh the same: what tells points apart comes after.
    k = min(n - 1, min_samples - 1 + search.n_cached)
    neighbors, squares = search.neighbors(k)
    # A point is the first of its own nearest points.
    cores = np.zeros(n) if min_samples == 1 else squares[:, min_samples - 2].copy()
    points = _Points(neighbors, squares, cores)
    chosen = []
    n_components = n
    while n_components > 1:
        points.begin_round(n_components, workers)
        is_decided = points.are_decided()
        if np.count_nonzero(is_decided) < ENOUGH * n_components:
            largest = np.bincount(points.labels).argmax()
            points.search(search, largest)
            is_decided = points.are_decided()
        deciding = np.flatnonzero(is_decided)
        is_taken, n_components = join(points.labels, deciding, points.edges)
        chosen.append(points.edges[is_taken])
    return np.concatenate(chosen), None if min_samples == 1 else cores


class _Points:
    """What each point knows of its nearest row of another component.

    Attributes
    ----------
    labels : ndarray of int64 of shape (n_samples,)
        Components, from 0.
    edges : ndarray of int64 of shape (n_components, 2)
        The lightest edge out of each component that is known.
    """

    def __init__(self, neighbors, squares, cores):
        n = len(neighbors)
        self.labels = np.arange(n)
        self._lists = neighbors, squares
        self._cores = cores
        self._heads = np.zeros(n, np.int64)
        # The best row known, its weight and a bound of the least weight there is.
        self._targets = np.full(n, -1)
        self._weights = np.full(n, np.inf)
        self._lowest = np.zeros(n)
        # The first of equal rows searches for all of them.
        self._is_copy = (squares[:, 0] == 0) & (neighbors[:, 0] < self.labels)

    def begin_round(self, n_components, workers):
        """Look the points up in their lists."""
        from ._kernels_boruvka import first_foreign

        n = len(self.labels)
        state = self._heads, self._targets, self._weights, self._lowest
        workers.map(
            lambda start: first_foreign(
                start,
                min(start + PART, n),
                *self._lists,
                self._cores,
                self.labels,
                *state,
            ),
            range(0, n, PART),
        )
        self._best = np.full(n_components, np.inf)
        self.edges = np.zeros((n_components, 2), np.int64)
        self._choose()

    def _choose(self):
        """Offer to the components what the points know."""
        from ._kernels_boruvka import choose_edges

        choose_edges(self.labels, self._targets, self._weights, self._best, self.edges)

    def _are_open(self):
        """Tell which points may know too little: a better edge may be theirs."""
        best = self._best[self.labels]
        nearest = self._lists[0][:, 0]
        is_spared = self._is_copy & (self.labels[nearest] == self.labels)
        return (self._lowest < self._weights) & (self._lowest < best) & ~is_spared

    def are_decided(self):
        """Tell which components know their lightest edge."""
        is_decided = np.ones(len(self._best), bool)
        is_decided[self.labels[self._are_open()]] = False
        return is_decided

    def search(self, search, largest):
        """Search until each component but the largest knows its lightest edge."""
        n_rows = FIRST_ROWS
        while True:
            rows = np.flatnonzero(self._are_open() & (self.labels != largest))
            if not len(rows):
                return
            if len(rows) > n_rows:  # those of the lowest bounds
                rows = np.sort(np.argpartition(self._lowest[rows], n_rows)[:n_rows])
            n_rows = len(self.labels)
            targets, weights = search.nearest_foreign(
                rows, self.labels, self._cores, self._weights[rows]
            )
            is_better = targets >= 0
            self._targets[rows[is_better]] = targets[is_better]
            self._weights[rows[is_better]] = weights[is_better]
            self._lowest[rows] = self._weights[rows]
            self._choose()

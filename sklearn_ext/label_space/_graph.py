"""Graphs of labels: paths from few labels only, never between all pairs."""

import warnings
from dataclasses import dataclass

import numpy as np

from sklearn_ext._core._arrays import plain_array

from ._tree import rows_of_edges

__all__ = ["Graph", "graph_of"]

# Sources whose paths are searched at once.
BLOCK = 64
UNSET = -1.0


@dataclass(frozen=True)
class Graph:
    """An undirected graph by rows; `unreachable` stands in where there is no path.

    It is negative as long as it is not known: see `with_unreachable`.
    """

    indptr: np.ndarray
    indices: np.ndarray
    lengths: np.ndarray
    has_unit_lengths: bool
    n_components: int
    unreachable: float = UNSET

    kind = "graph"
    tree = None

    def _paths(self, sources):
        """Return lengths of shortest paths from a few sources, negative for none."""
        n_nodes = len(self.indptr) - 1
        if self.has_unit_lengths:
            from ._kernels import hops_from

            hops = np.empty((len(sources), n_nodes), np.int32)
            queue = np.empty(n_nodes, np.int32)
            indptr, indices = plain_array(self.indptr), plain_array(self.indices)
            for row, source in zip(hops, sources, strict=True):
                hops_from(indptr, indices, source, row, queue)
            return hops
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        # An explicit zero is an edge of length 0 for scipy, too.
        rows = csr_array(
            (self.lengths, self.indices, self.indptr), shape=(n_nodes, n_nodes)
        )
        paths = dijkstra(rows, directed=True, indices=sources)
        return np.where(np.isinf(paths), UNSET, paths)

    def path_blocks(self, sources):
        """Yield slices of the sources and the lengths of the paths from them.

        Lengths are int32 if all edges have length 1, else float64.
        """
        for start in range(0, len(sources), BLOCK):
            rows = slice(start, min(start + BLOCK, len(sources)))
            paths = self._paths(sources[rows])
            if self.n_components > 1:
                paths[paths < 0] = self.unreachable
            yield rows, paths

    def with_unreachable(self, sources):
        """Return the graph with a distance for pairs without a path, and warn of them.

        It is one more than the longest of the paths from these sources.
        """
        if self.n_components == 1:
            return self
        longest = 0.0
        for start in range(0, len(sources), BLOCK):
            longest = max(longest, self._paths(sources[start : start + BLOCK]).max())
        warnings.warn(
            f"The graph of labels has {self.n_components} components. Labels without a "
            f"path between them count as {longest + 1:g} apart, one more than the "
            "longest path that was met.",
            UserWarning,
            stacklevel=3,
        )
        return Graph(**{**vars(self), "unreachable": float(longest + 1)})

    def distances(self, rows, columns):
        """Return the distances between nodes given by number."""
        block = np.empty((len(rows), len(columns)))
        for part, paths in self.path_blocks(np.asarray(rows)):
            block[part] = paths[:, columns]
        return block

    def pair_distances(self, first, second):
        """Return the distances between pairs of nodes given by number."""
        if len(np.unique(second)) < len(np.unique(first)):
            first, second = second, first
        sources, row = np.unique(first, return_inverse=True)
        distances = np.empty(len(first))
        for part, paths in self.path_blocks(sources):
            mine = np.flatnonzero((row >= part.start) & (row < part.stop))
            distances[mine] = paths[row[mine] - part.start, second[mine]]
        return distances


def graph_of(edges):
    """Return the `Graph` of some `Edges` without loops and parallels."""
    indptr, indices, lengths = rows_of_edges(
        len(edges.nodes), edges.first, edges.second, edges.lengths
    )
    return Graph(indptr, indices, lengths, edges.has_unit_lengths(), edges.components())

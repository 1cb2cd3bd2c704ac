"""Graphs of labels: paths from few labels only, never between all pairs."""

import warnings
from dataclasses import dataclass

import numpy as np

from sklearn_ext._core._arrays import plain_array

from ._tree import rows_of_edges

__all__ = ["Graph", "graph_of"]

# Sources whose paths are searched at once.
BLOCK = 64
# Searches for the longest path of all before an upper bound has to do.
MOST_SEARCHES = 256


@dataclass(frozen=True)
class Graph:
    """An undirected graph by rows; `unreachable` stands in where there is no path."""

    indptr: np.ndarray
    indices: np.ndarray
    lengths: np.ndarray
    has_unit_lengths: bool
    unreachable: float = 0.0

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
        return np.where(np.isinf(paths), -1.0, paths)

    def path_blocks(self, sources):
        """Yield slices of the sources and the lengths of the paths from them.

        Lengths are int32 if all edges have length 1, else float64.
        """
        for start in range(0, len(sources), BLOCK):
            rows = slice(start, min(start + BLOCK, len(sources)))
            paths = self._paths(sources[rows])
            paths[paths < 0] = self.unreachable
            yield rows, paths

    def longest_path(self, most):
        """Return the length of the longest of all shortest paths.

        Few searches narrow down how far the farthest node is from each: `most` bounds
        that from above to begin with. An upper bound is returned if too many were
        needed.
        """
        low, high = np.zeros(len(most)), most.copy()
        for turn in range(MOST_SEARCHES):
            is_open = (high > low.max()) & (low < high)
            if not is_open.any():
                return low.max()
            nodes = np.flatnonzero(is_open)
            extreme = -high[nodes] if turn % 2 == 0 else low[nodes]
            node = nodes[np.argmin(extreme)]
            path = self._paths(np.array([node]))[0].astype(np.float64)
            met = path >= 0
            farthest = path.max()
            low[met] = np.maximum(low[met], np.maximum(path, farthest - path)[met])
            high[met] = np.minimum(high[met], farthest + path[met])
            high[node] = farthest
        return high.max()

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


def graph_of(edges, components):
    """Return the `Graph` of some `Edges` without loops and parallels.

    `components` numbers the component of each node. If there are several, labels of two
    are one more apart than the longest path, with a warning.
    """
    indptr, indices, lengths = rows_of_edges(
        len(edges.nodes), edges.first, edges.second, edges.lengths
    )
    graph = Graph(indptr, indices, lengths, edges.has_unit_lengths())
    n_components = components.max() + 1
    if n_components == 1:
        return graph
    n_steps = np.bincount(components)[components] - 1
    unreachable = graph.longest_path(n_steps * edges.lengths.max(initial=0)) + 1
    warnings.warn(
        f"The graph of labels has {n_components} components. Labels without a path "
        f"between them count as {unreachable:g} apart, more than any with a path.",
        UserWarning,
        stacklevel=6,
    )
    return Graph(**{**vars(graph), "unreachable": float(unreachable)})

"""Exact spanning trees in few dimensions: Boruvka's algorithm over a kd-tree.

As in `_emst_boruvka`, lists of neighbours answer most points in most rounds. What they
leave open is searched for by whole nodes where these lie in one component, and what one
point finds limits the search of all others of its component at once.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

__all__ = ["KDTreeSearch"]

# Most points of a task; tasks depend on the data only, never on the number of threads.
TASK_POINTS = 2048
TOP_LEVELS = 4
# Nanoseconds a point, measured on one thread: to build the tree and run the rounds; to
# look at a leaf, and at each coordinate in it.
POINT_COST, VISIT_COST, COORDINATE_COST = 700.0, 85.0, 0.15
SAMPLE_POINTS = 256


class Tree(NamedTuple):
    """A balanced kd-tree in flat arrays.

    Node 0 is the root, the children of node k are 2 k + 1 and 2 k + 2, and all leaves
    lie on the last level. Each node is a run of points.

    points : float64 (n, d), the rows in the order of the tree
    rows : int64 (n,), where each point comes from
    begin, end : int64 (n_nodes,), the run of points of each node
    low, high : float64 (n_nodes, d), least and largest coordinates of each node
    first : int64 (n_nodes,), the lowest row of each node
    lanes : float64 (n_leaves, d, n_lanes), the points of each leaf, filled up with NaN
    """

    points: np.ndarray
    rows: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    low: np.ndarray
    high: np.ndarray
    first: np.ndarray
    lanes: np.ndarray


def _leaf_size(n_features):
    """Return how many points a leaf may have: the more, the less a box tells."""
    return 32 if n_features < 5 else 64 if n_features < 8 else 128


def _empty_tree(points):
    """Return a tree with room for its nodes, whose root holds all points."""
    n, n_features = points.shape
    size = _leaf_size(n_features)
    depth = (-(-n // size) - 1).bit_length()
    n_nodes = 2 ** (depth + 1) - 1
    return Tree(
        points=points,
        rows=np.arange(n),
        begin=np.zeros(n_nodes, np.int64),
        end=np.full(n_nodes, n),
        low=np.empty((n_nodes, n_features)),
        high=np.empty((n_nodes, n_features)),
        first=np.empty(n_nodes, np.int64),
        lanes=np.empty((2**depth, n_features, size)),
    )


def _level(k):
    """Return the nodes of level k."""
    return range(2**k - 1, 2 ** (k + 1) - 1)


class KDTreeSearch:
    """Exact searches among the rows of X by a kd-tree in float64.

    Parameters
    ----------
    X : ndarray of float32 or float64 of shape (n_samples, n_features)
    workers : Workers
    """

    def __init__(self, X, workers):
        from ._kernels_kdtree_build import split

        self.n_samples, n_features = X.shape
        self.n_cached = 8 if n_features < 4 else 4
        self.workers = workers
        self.tree = tree = _empty_tree(np.array(X, dtype=np.float64, order="C"))
        depth = (len(tree.lanes) - 1).bit_length()
        # The upper levels are few and large nodes, the lower ones are independent.
        top = min(depth, TOP_LEVELS)
        split(tree, 0, top)
        workers.map(lambda root: split(tree, root, depth + 1 - top), _level(top))

        n_tasks = min(-(-self.n_samples // TASK_POINTS), len(tree.lanes))
        level = (n_tasks - 1).bit_length()
        self.subtrees = _level(level)
        n_leaves = 2 ** (depth - level)
        self.leaves = [
            ((root + 1) * n_leaves - 1, (root + 2) * n_leaves - 1)
            for root in self.subtrees
        ]

    def neighbor_points(self, k):
        """Return the k nearest other points of each point, both in the tree's order."""
        from ._kernels_kdtree import find_neighbors

        targets = np.empty((self.n_samples, k), np.int64)
        squares = np.empty((self.n_samples, k))
        self.workers.map(
            lambda leaves: find_neighbors(self.tree, *leaves, targets, squares),
            self.leaves,
        )
        return targets, squares

    def expected_seconds(self):
        """Return about how long `spanning_tree` takes on one thread.

        In many dimensions that hangs on how far the data fill them. So the leaves that
        a search looks at are counted for some points; no clock is read.
        """
        from ._kernels_kdtree import find_neighbors

        tree, n = self.tree, self.n_samples
        k = min(n - 1, self.n_cached)
        found = np.empty((n, k), np.int64), np.empty((n, k))
        n_leaves, n_features, leaf_size = tree.lanes.shape
        n_sampled = min(n_leaves, SAMPLE_POINTS // leaf_size)
        leaves = n_leaves - 1 + (np.arange(n_sampled) + 0.5) / n_sampled * n_leaves
        n_visits = n_points = 0
        for leaf in leaves.astype(np.int64).tolist():
            n_visits += find_neighbors(tree, leaf, leaf + 1, *found)
            n_points += tree.end[leaf] - tree.begin[leaf]
        visit_cost = VISIT_COST + COORDINATE_COST * n_features * leaf_size
        return 1e-9 * n * (POINT_COST + visit_cost * n_visits / n_points)

    def neighbors(self, k):
        """Return indices and squares, (n, k), of the k nearest other rows, in order."""
        rows = self.tree.rows
        targets, point_squares = self.neighbor_points(k)
        indices, squares = np.empty_like(targets), np.empty_like(point_squares)
        indices[rows] = rows[targets]
        squares[rows] = point_squares
        return indices, squares

    def spanning_tree(self, min_samples):
        """Return a minimum spanning tree of the rows.

        Parameters
        ----------
        min_samples : int
            Above 1, edges are as long as the mutual reachability distance of their
            ends.

        Returns
        -------
        edges : ndarray of int64 of shape (n_samples - 1, 2)
        core_squares : ndarray of float64 of shape (n_samples,) or None
            Squared core distances, if `min_samples` is above 1.
        """
        from ._kernels_kdtree import find_closest
        from ._kernels_kdtree_build import label_nodes
        from ._kernels_kdtree_rounds import join_components, look_up, weigh_components

        tree, workers, n = self.tree, self.workers, self.n_samples
        # Lists that reach no further than the core distances would say too little.
        k = min(n - 1, max(self.n_cached, min_samples + 3))
        neighbors, squares = self.neighbor_points(k)
        # A point itself is the first of its nearest points.
        cores = np.zeros(n) if min_samples == 1 else squares[:, min_samples - 2].copy()

        heads = np.zeros(n, np.int64)
        known = np.full(n, -1), np.full(n, np.inf), np.zeros(n)
        wanted = np.empty(n, bool)
        nodes = self.empty_nodes()
        labels, n_components = np.arange(n), n
        edges, n_edges = np.empty((n - 1, 2), np.int64), 0
        parts = list(pairwise([*tree.begin[self.subtrees].tolist(), n]))
        while n_components > 1:
            workers.map(
                lambda part: look_up(
                    *part, neighbors, squares, labels, cores, heads, known
                ),
                parts,
            )
            best = np.empty(n_components)
            largest = weigh_components(labels, known, best, wanted)
            if wanted.any():
                label_nodes(tree, labels, cores, wanted, nodes)
                # Tasks lower limits of their own, or else these would hang on chance.
                workers.map(
                    lambda root, best=best: find_closest(
                        tree, root, labels, cores, wanted, nodes, best.copy(), known
                    ),
                    self.subtrees,
                )
            n_edges, n_components = join_components(
                labels, known, largest, best, edges, n_edges
            )
        if min_samples == 1:
            return tree.rows[edges], None
        core_squares = np.empty(n)
        core_squares[tree.rows] = cores
        return tree.rows[edges], core_squares

    def empty_nodes(self):
        """Return arrays for the labels, least cores and wants of the nodes."""
        n_nodes = len(self.tree.begin)
        return np.empty(n_nodes, np.int64), np.empty(n_nodes), np.empty(n_nodes, bool)

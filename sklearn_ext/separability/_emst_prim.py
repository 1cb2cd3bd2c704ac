"""Prim's algorithm that computes each distance when it needs it, or reads a matrix."""

import numpy as np

__all__ = ["matrix_tree", "prim_tree"]


def prim_tree(X, core_squares=None):
    """Return the edges of the minimum spanning tree of the rows of X, in any order.

    X is float32 or float64, `core_squares` float64 (n,) or None for a plain tree. Time
    is O(n² d), memory O(n d): a float64 copy with the points in its columns.
    """
    from ._kernels_prim import CHUNK, prim_points

    n, n_features = X.shape
    key = np.full(n, np.inf)
    edges = np.empty((n - 1, 2), np.int64)
    prim_points(
        np.array(X.T, dtype=np.float64, order="C"),
        np.arange(n),
        np.zeros(n) if core_squares is None else core_squares.copy(),
        key,
        key.view(np.int64),
        np.full(n, -1),
        np.empty((8, CHUNK)),
        np.empty(CHUNK),
        np.empty(n_features),
        np.empty(-(-n // CHUNK), np.int64),
        edges,
        np.empty(n - 1),
    )
    return edges


def matrix_tree(distances, core_distances=None):
    """Return the edges and their lengths of the tree of a float64 matrix, in any order.

    `core_distances` is None for a plain tree. Time is O(n²).
    """
    from ._kernels_prim import prim_matrix

    n = len(distances)
    edges, lengths = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    prim_matrix(
        distances,
        np.zeros(n) if core_distances is None else core_distances,
        np.full(n, np.inf),
        np.full(n, n),
        np.ones(n, bool),
        edges,
        lengths,
    )
    return edges, lengths

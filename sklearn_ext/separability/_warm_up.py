"""Touch every kernel signature of class separability."""

import numpy as np

from ._emst import euclidean_mst, nearest_neighbors
from ._separability import ClassSeparability

__all__ = ["warm_up"]


def warm_up():
    """Compile: each algorithm for rows and products of both precisions."""
    from ._kernels_matrix import spanning_edges

    X = np.random.default_rng(0).standard_normal((60, 20))
    groups = np.repeat([[0.0], [100.0]], 30, axis=0)  # no list of neighbours suffices
    for rows in (X + groups, 1e-4 * X + groups):  # the closer ones take float64
        for dtype in (np.float32, np.float64):
            given = rows.astype(dtype)
            for algorithm in ("prim", "dense", "kd_tree", "boruvka"):
                euclidean_mst(given, algorithm=algorithm)
                euclidean_mst(given, algorithm=algorithm, min_samples=3)
            nearest_neighbors(given, 1)
    spanning_edges(np.array([[0, 1]]), 2)  # of the trees of blocks
    distances = np.abs(X[:, :1] - X[:, 0])
    model = ClassSeparability(metric="precomputed", min_samples=2).fit(distances)
    model.labels_at(2)
    model.to_linkage()

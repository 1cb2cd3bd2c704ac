"""Touch every kernel signature of class separability."""

import numpy as np

from ._emst import euclidean_mst, nearest_neighbors
from ._separability import ClassSeparability

__all__ = ["warm_up"]


def warm_up():
    """Compile: each algorithm for both precisions, with and without core distances."""
    X = np.random.default_rng(0).standard_normal((30, 20))
    X[:15] += 100  # groups, in which no list of neighbours suffices
    for dtype in (np.float32, np.float64):
        for algorithm in ("prim", "dense", "kd_tree", "boruvka"):
            euclidean_mst(X.astype(dtype), algorithm=algorithm)
            euclidean_mst(X.astype(dtype), algorithm=algorithm, min_samples=3)
        nearest_neighbors(X.astype(dtype), 1)
    model = ClassSeparability(metric="precomputed").fit(np.abs(X[:, :1] - X[:, 0]))
    model.labels_at(2)
    model.to_linkage()

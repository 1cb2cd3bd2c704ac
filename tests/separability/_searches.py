"""Clouds of points that are hard on a search, and a search that is slow and right."""

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform


def _clouds():
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape)

    duplicates = normal(120, 7)
    duplicates[rng.random(120) < 0.4] = duplicates[0]
    far = normal(90, 4)
    far[17] += 1e4
    return {
        "ball": normal(200, 60),
        "line": normal(150, 1),
        "plane": normal(200, 2) + 30 * normal(6, 2)[rng.integers(0, 6, 200)],
        "blobs": normal(180, 20) + 20 * normal(3, 20)[rng.permutation(180) % 3],
        "grid": rng.integers(0, 4, (150, 3)).astype(float),
        "bits": rng.integers(0, 2, (100, 12)).astype(float),
        "duplicates": duplicates,
        "repeated": np.repeat(normal(8, 9), 15, axis=0),
        "equal": np.tile(normal(1, 5), (90, 1)),
        "close": 1e-4 * normal(130, 30) + normal(2, 30)[rng.permutation(130) % 2],
        "outlier": far,
        "two": normal(2, 3),
        "three": normal(3, 8),
    }


CLOUDS = _clouds()


def squares_of(X):
    """Return all squared distances, by subtraction in float64."""
    return squareform(pdist(X.astype(np.float64), "sqeuclidean"))


def single_linkage(X, min_samples):
    """Return the sorted merge heights by SciPy, and the core distances."""
    distances = squareform(pdist(X.astype(np.float64)))
    cores = np.sort(distances, axis=1)[:, min_samples - 1]
    if min_samples > 1:
        distances = np.maximum(distances, np.maximum.outer(cores, cores))
        np.fill_diagonal(distances, 0)
    return np.sort(linkage(squareform(distances), "single")[:, 2]), cores


class NaiveSearch:
    """The protocol of a search, on the whole matrix; keeps what it was asked."""

    def __init__(self, X, n_cached=16):
        self.n_samples = len(X)
        self.n_cached = n_cached
        self.squares = squares_of(X)
        self.asked = []

    def neighbors(self, k):
        """Sort each row."""
        others = self.squares + np.diag(np.full(self.n_samples, np.inf))
        index = np.argsort(others, axis=1, kind="stable")[:, :k]
        return index, np.take_along_axis(others, index, axis=1)

    def nearest_foreign(self, rows, labels, cores, limits):
        """Take the first minimum of each row."""
        weights = np.maximum(self.squares, np.maximum.outer(cores, cores))[rows]
        weights[labels[rows, None] == labels] = np.inf
        targets = weights.argmin(axis=1)
        least = weights.min(axis=1)
        is_found = least < limits
        targets = np.where(is_found, targets, -1)
        self.asked.append((rows.copy(), labels.copy(), targets))
        return targets, np.where(is_found, least, np.inf)

"""Bars, merges and their numbers from dense matrices, straight from the formulas."""

import math

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

STATISTICS = ["mass", "mass_max", "mean", "median", "entropy", "gini", "cv", "kurtosis"]


def distances(X):
    """All distances by subtraction, scaled so that no square leaves the range."""
    X = np.asarray(X, dtype=np.float64)
    largest = np.abs(X).max()
    if largest == 0:
        return np.zeros((len(X), len(X)))
    exponent = int(np.frexp(largest)[1])
    Z = np.ldexp(X, -exponent)
    D = np.empty((len(Z), len(Z)))
    for i, row in enumerate(Z):
        D[i] = np.sqrt(np.square(Z - row).sum(axis=1))
    return np.ldexp(D, exponent)


def core_distances(D, min_samples):
    """Distance to the min_samples-th nearest point, the point itself the first."""
    others = np.array(D)
    np.fill_diagonal(others, -1)  # the point itself comes first, whatever ties with it
    return np.maximum(np.sort(others, axis=1)[:, min_samples - 1], 0)


def mutual_reachability(D, min_samples):
    """The distance of two points, at least the core distance of each."""
    core = core_distances(D, min_samples)
    result = np.maximum(D, np.maximum.outer(core, core))
    np.fill_diagonal(result, 0)
    return result


def single_linkage(D):
    """Ascending merge heights: the least distance from the tree, row by row."""
    D = np.array(D)
    np.fill_diagonal(D, np.inf)
    outside = np.ones(len(D), bool)
    outside[0] = False
    nearest, heights = D[0].copy(), []
    for _ in range(len(D) - 1):
        chosen = np.flatnonzero(outside)[nearest[outside].argmin()]
        heights.append(nearest[chosen])
        outside[chosen] = False
        nearest = np.minimum(nearest, D[chosen])
    return np.sort(heights)


def components(n, edges):
    """Number of components of a graph, and the component of each of its n nodes."""
    ones = np.ones(len(edges))
    return connected_components(coo_array((ones, np.reshape(edges, (-1, 2)).T), (n, n)))


def merge_sizes(edges, heights, gap=1e-9):
    """Size of the smaller side of each merge; heights within the gap merge at once."""
    n = len(heights) + 1
    sizes = np.zeros(n - 1, np.int64)
    start = 0
    while start < n - 1:
        stop = start + 1
        while stop < n - 1 and heights[stop] - heights[stop - 1] <= gap * heights[stop]:
            stop += 1
        _, before = components(n, edges[:start])
        _, after = components(n, edges[:stop])
        of_edge = after[edges[start:stop, 0]]
        for merged in np.unique(of_edge):
            parts = np.sort(np.unique(before[after == merged], return_counts=True)[1])
            sizes[start + np.flatnonzero(of_edge == merged)] = parts[:-1]
        start = stop
    return sizes


def statistics(heights, sizes, min_component=0.01):
    """All eight numbers of ascending heights, term by term."""
    p = [float(height) for height in heights]
    m, n = len(p), len(p) + 1
    if max(p) == 0:
        return dict.fromkeys(STATISTICS, 0.0)
    total, largest = math.fsum(p), max(p)
    mean = total / m
    entropy = -math.fsum(x / total * math.log(x / total) for x in p if x > 0)
    variance = math.fsum((x - mean) ** 2 for x in p) / m
    fourth = math.fsum((x - mean) ** 4 for x in p) / m
    scale = float(np.median(p)) or min(x for x in p if x > 0)
    masses = [s / n * x / scale for s, x in zip(sizes, p, strict=True)]
    counts = [s >= 2 and s / n >= min_component for s in sizes]
    return {
        "mass": math.fsum(np.compress(counts, masses)),
        "mass_max": max(masses),
        "mean": 1 - math.fsum(x / largest for x in p) / m,
        "median": 1 - float(np.median(np.divide(p, largest))),
        "entropy": 1 - entropy / math.log(m) if m > 1 else 0.0,
        "gini": math.fsum((2 * i - m - 1) * x for i, x in enumerate(p, 1))
        / (m * total),
        "cv": math.sqrt(variance) / mean,
        # bars that differ by rounding alone have no shape
        "kurtosis": fourth / variance**2 if variance > (1e-9 * mean) ** 2 else 1.0,
    }

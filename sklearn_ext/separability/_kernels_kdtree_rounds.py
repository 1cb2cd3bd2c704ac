"""Kernels of a round of Boruvka's algorithm on the points of a kd-tree.

Arrays are indexed by point unless they say otherwise; labels are those of the
components, int64, 0 to n_components - 1. The weight of two points is the larger one of
their `cores`, squared core distances, and their squared distance. What is `known` of
each point is three arrays: the best point of another component that was found, int64,
or -1; its weight, float64, or infinity; a lower bound of all such weights, float64.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["join_components", "look_up", "weigh_components"]


@jit
def look_up(start, stop, neighbors, squares, labels, cores, heads, known):
    """Bring what is known of points `start` to `stop` up to date with the labels.

    `neighbors` int64 (n, k) and `squares` float64 (n, k) are the nearest points of
    each; all before `heads` have its own label for good.
    """
    targets, weights, lowest = known
    k = neighbors.shape[1]
    for q in range(start, stop):
        label = labels[q]
        if targets[q] >= 0:
            if labels[targets[q]] != label:
                if weights[q] <= lowest[q]:
                    continue
            else:
                targets[q] = -1
                weights[q] = np.inf
        at = heads[q]
        while at < k and labels[neighbors[q, at]] == label:
            at += 1
        heads[q] = at
        core = cores[q]
        bound = max(core, squares[q, k - 1])
        while at < k and bound > core and squares[q, at] <= bound:
            i = neighbors[q, at]
            if labels[i] != label:
                weight = max(squares[q, at], core, cores[i])
                if weight < weights[q]:
                    targets[q], weights[q] = i, weight
                bound = min(bound, weight)
            at += 1
        lowest[q] = max(lowest[q], bound)


@jit
def weigh_components(labels, known, best, wanted):
    """Find the least weight known of each component and who might know a lesser one.

    Written are `best` float64 (n_components,) and `wanted` bool, points whose lower
    bound is below the best of their component. None of the largest component is wanted,
    since one may stay without an edge of its own. Returns the largest component.
    """
    _, weights, lowest = known
    best[:] = np.inf
    sizes = np.zeros(best.size, np.int64)
    for q in range(labels.size):
        label = labels[q]
        sizes[label] += 1
        best[label] = min(best[label], weights[q])
    largest = np.argmax(sizes)
    for q in range(labels.size):
        label = labels[q]
        wanted[q] = lowest[q] < best[label] and label != largest
    return largest


@jit
def root_of(parents, k):
    """Return the root of a tree of components, halving the path to it."""
    while parents[k] != k:
        parents[k] = parents[parents[k]]
        k = parents[k]
    return k


@jit
def join_components(labels, known, largest, best, edges, n_edges):
    """Join each component but the largest by its best edge; relabel the points.

    Chosen edges form at most one cycle among components that hang together, and all
    edges of a cycle weigh the same: whichever comes last is left out. `edges` int64
    (n - 1, 2) has `n_edges` rows so far. Returns how many edges and components there
    are now.
    """
    targets, weights, lowest = known
    n_components = best.size
    best[:] = np.inf
    chosen = np.full(n_components, -1)
    for q in range(labels.size):
        label = labels[q]
        if label != largest and weights[q] < best[label]:
            best[label] = weights[q]
            chosen[label] = q
    parents = np.arange(n_components)
    for label in range(n_components):
        q = chosen[label]
        if q < 0:
            continue
        a, b = root_of(parents, label), root_of(parents, labels[targets[q]])
        if a != b:
            parents[a] = b
            edges[n_edges, 0], edges[n_edges, 1] = q, targets[q]
            n_edges += 1
    numbers = np.full(n_components, -1)
    n_left = 0
    for q in range(labels.size):
        label = labels[q]
        if label != largest:
            lowest[q] = max(lowest[q], best[label])
        root = root_of(parents, label)
        if numbers[root] < 0:
            numbers[root] = n_left
            n_left += 1
        labels[q] = numbers[root]
    return n_edges, n_left

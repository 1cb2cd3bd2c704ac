"""What the edges of a tree join: sizes of the sides, linkage matrix, clusters."""

import numpy as np

from sklearn_ext._core._arrays import plain_array

__all__ = ["clusters", "linkage", "merge_sizes", "tie_tolerance"]

TOLERANCES = {4: 1e-6, 8: 1e-9}  # by the bytes of a number


def tie_tolerance(dtype):
    """Return the relative gap up to which lengths of data of a dtype are one length."""
    return TOLERANCES[np.dtype(dtype).itemsize]


def _forest(n_samples):
    """Return parents and counts of components that are one row each."""
    return np.arange(n_samples), np.ones(n_samples, np.int64)


def merge_sizes(edges, lengths, tolerance):
    """Return the size of the smaller side of each merge, int64 (m,).

    Edges come ascending. Those in a chain of relative gaps of at most `tolerance` merge
    at once: of the components that become one, all but the largest give their sizes to
    its edges, larger ones to later edges. So the order of rows does not matter.
    """
    from ._kernels_merges import join

    m = len(edges)
    is_apart = np.diff(lengths) > tolerance * lengths[1:]
    steps = np.concatenate([[0], np.cumsum(is_apart)])
    largest, joined = np.empty(m + 1, np.int64), np.full(m + 1, -1)
    sizes, groups = np.empty(m, np.int64), np.empty(m, np.int64)
    join(plain_array(edges), steps, *_forest(m + 1), largest, joined, sizes, groups)
    tied = np.flatnonzero(np.bincount(steps)[steps] > 1)
    steps, groups, unordered = steps[tied], groups[tied], sizes[tied]
    places = tied[np.lexsort((groups, steps))]
    sizes[places] = unordered[np.lexsort((unordered, groups, steps))]
    return sizes


def linkage(edges, lengths):
    """Return the tree in SciPy's linkage format."""
    from ._kernels_merges import link

    n_samples = len(edges) + 1
    names, merges = np.arange(n_samples), np.empty((len(edges), 4))
    link(plain_array(edges), plain_array(lengths), *_forest(n_samples), names, merges)
    return merges


def clusters(edges, n_clusters):
    """Return the cluster of each row once `n_clusters` are left."""
    from ._kernels_merges import cut

    n_samples = len(edges) + 1
    numbers, labels = np.full(n_samples, -1), np.empty(n_samples, np.int64)
    n_merges = n_samples - n_clusters
    cut(plain_array(edges), n_merges, *_forest(n_samples), numbers, labels)
    return labels

"""Kernels for paths in trees of labels: sums along them, longest ones first.

Nodes are numbered with parents before children: `parent` int64 (n,) has ``parent[k] <
k`` and -1 for the root. Lengths of edges to the parent are int64, so that sums do not
depend on their order and ties are exact. All arrays are C-contiguous.
"""

import numpy as np

from sklearn_ext._core._numba import jit


@jit
def join_tied(parent, weight):
    """Return a number for each node, the same for nodes that are at distance 0.

    `weight` is float64 (n,). The second result holds the first node of each number; the
    numbers have parents before children, too.
    """
    n = parent.size
    number = np.empty(n, np.int64)
    first = np.empty(n, np.int64)
    n_numbers = 0
    for k in range(n):
        if k and weight[k] == 0.0:
            number[k] = number[parent[k]]
        else:
            number[k] = n_numbers
            first[n_numbers] = k
            n_numbers += 1
    return number, first[:n_numbers].copy()


@jit
def path_sums(parent, gain, length, source):
    """Return what the path from `source` to each node gains, and how long it is.

    `gain` int64 (n,) is what a node counts, both ends included.
    """
    n = parent.size
    gains = np.empty(n, np.int64)
    lengths = np.full(n, -1, np.int64)
    at = source
    gains[at], lengths[at] = gain[at], 0
    while parent[at] >= 0:
        p = parent[at]
        gains[p] = gains[at] + gain[p]
        lengths[p] = lengths[at] + length[at]
        at = p
    for k in range(1, n):
        if lengths[k] < 0:
            gains[k] = gains[parent[k]] + gain[k]
            lengths[k] = lengths[parent[k]] + length[k]
    return gains, lengths


@jit
def longest_chains(parent, gain, length, label, inside):
    """Cut what lies outside a subtree into chains, each continued into its best child.

    `gain` int64 (n,) is what a node counts; `label` int64 (n,) its label, -1 for none,
    which cannot end a chain; `inside` bool (n,) holds the root and the parent of
    whatever it holds. Of two chains the better one gains more, is longer or ends in the
    lower label, in this order. Returns gain, length (from the node that a chain hangs
    from) and last label of each chain.
    """
    n = parent.size
    gains = gain.copy()
    lengths = np.zeros(n, np.int64)
    ends = label.copy()
    best = np.full(n, -1, np.int64)
    is_top = np.zeros(n, np.bool_)
    for k in range(n - 1, 0, -1):
        if inside[k]:
            continue
        child = best[k]
        if child >= 0:
            gains[k] += gains[child]
            lengths[k] = lengths[child]
            ends[k] = ends[child]
        lengths[k] += length[k]
        if ends[k] < 0:
            continue
        p = parent[k]
        if inside[p]:
            is_top[k] = True
            continue
        rival = best[p]
        if rival < 0:
            best[p] = k
            continue
        if gains[k] != gains[rival]:
            is_better = gains[k] > gains[rival]
        elif lengths[k] != lengths[rival]:
            is_better = lengths[k] > lengths[rival]
        else:
            is_better = ends[k] < ends[rival]
        if is_better:
            best[p] = k
            is_top[rival] = True
        else:
            is_top[k] = True
    tops = np.flatnonzero(is_top)
    return gains[tops], lengths[tops], ends[tops]

"""Kernels that build a kd-tree and tell what the points of its nodes have in common.

For the arrays of a tree see `Tree` in `_emst_kdtree`.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["label_nodes", "split"]


@jit
def partition(points, rows, start, stop, middle, k):
    """Reorder a run of points: none before `middle` is above it in dimension k."""
    low, high = start, stop - 1
    while low < high:
        a, b, c = points[low, k], points[(low + high) >> 1, k], points[high, k]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while points[i, k] < pivot:
                i += 1
            while points[j, k] > pivot:
                j -= 1
            if i <= j:
                for m in range(points.shape[1]):
                    points[i, m], points[j, m] = points[j, m], points[i, m]
                rows[i], rows[j] = rows[j], rows[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@jit
def split(tree, root, n_levels):
    """Build `n_levels` levels of the subtree at `root`, whose run is known."""
    points, rows, low, high = tree.points, tree.rows, tree.low, tree.high
    n_inner = tree.begin.size // 2
    n_features = points.shape[1]
    start, stop = root, root + 1
    for _ in range(n_levels):
        for node in range(start, stop):
            begin, end = tree.begin[node], tree.end[node]
            first = rows[begin]
            for k in range(n_features):
                low[node, k] = high[node, k] = points[begin, k]
            for i in range(begin + 1, end):
                first = min(first, rows[i])
                for k in range(n_features):
                    low[node, k] = min(low[node, k], points[i, k])
                    high[node, k] = max(high[node, k], points[i, k])
            tree.first[node] = first
            if node >= n_inner:
                lanes = tree.lanes[node - n_inner]
                lanes[:] = np.nan
                for i in range(begin, end):
                    for k in range(n_features):
                        lanes[k, i - begin] = points[i, k]
                continue
            widest = 0
            for k in range(1, n_features):
                width = high[node, k] - low[node, k]
                if width > high[node, widest] - low[node, widest]:
                    widest = k
            middle = (begin + end) >> 1
            partition(points, rows, begin, end, middle, widest)
            tree.begin[2 * node + 1], tree.end[2 * node + 1] = begin, middle
            tree.begin[2 * node + 2], tree.end[2 * node + 2] = middle, end
        start, stop = 2 * start + 1, 2 * stop + 1


@jit
def label_nodes(tree, labels, cores, wanted, nodes):
    """Write what the points of each node have in common, to three arrays (n_nodes,).

    Their label if it is the same, or else -1 (int64); their least core (float64);
    whether any of them is wanted (bool).
    """
    node_label, node_core, node_wanted = nodes
    n_inner = tree.begin.size // 2
    for node in range(tree.begin.size - 1, -1, -1):
        if node < n_inner:
            a, b = 2 * node + 1, 2 * node + 2
            same = node_label[a] == node_label[b]
            node_label[node] = node_label[a] if same else -1
            node_core[node] = min(node_core[a], node_core[b])
            node_wanted[node] = node_wanted[a] or node_wanted[b]
            continue
        label, core = labels[tree.begin[node]], np.inf
        node_wanted[node] = False
        for i in range(tree.begin[node], tree.end[node]):
            if labels[i] != label:
                label = -1
            core = min(core, cores[i])
            node_wanted[node] |= wanted[i]
        node_label[node], node_core[node] = label, core

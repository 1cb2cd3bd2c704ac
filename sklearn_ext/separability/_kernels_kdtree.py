"""Kernels that search a kd-tree: nearest points, and nearest ones of another label.

For the arrays of a tree see `Tree` in `_emst_kdtree`. Arrays are indexed by point, a
place in the order of the tree; ties go to the lowest row, a place in the data. Squared
distances of points and of boxes are sums in the same order, so that the second are
lower bounds to the last bit, and ties are seen as ties.
"""

import numba
import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["find_closest", "find_neighbors"]

# As calls, with their many arguments, these small functions take twice the time.
inlined = numba.njit(inline="always", error_model="numpy")


@inlined
def gap(low_a, high_a, a, low_b, high_b, b, k):
    """Return how far two boxes are apart in dimension k."""
    return max(low_a[a, k] - high_b[b, k], low_b[b, k] - high_a[a, k], 0.0)


@inlined
def box_square(low_a, high_a, a, low_b, high_b, b):
    """Return the squared distance of two boxes.

    A point is a box whose `low` and `high` are the same array.
    """
    n_features = low_a.shape[1]
    n_full = n_features - n_features % 8
    total = 0.0
    if n_full:
        a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
        for k in range(0, n_full, 8):
            b0 = gap(low_a, high_a, a, low_b, high_b, b, k)
            b1 = gap(low_a, high_a, a, low_b, high_b, b, k + 1)
            b2 = gap(low_a, high_a, a, low_b, high_b, b, k + 2)
            b3 = gap(low_a, high_a, a, low_b, high_b, b, k + 3)
            b4 = gap(low_a, high_a, a, low_b, high_b, b, k + 4)
            b5 = gap(low_a, high_a, a, low_b, high_b, b, k + 5)
            b6 = gap(low_a, high_a, a, low_b, high_b, b, k + 6)
            b7 = gap(low_a, high_a, a, low_b, high_b, b, k + 7)
            a0 += b0 * b0
            a1 += b1 * b1
            a2 += b2 * b2
            a3 += b3 * b3
            a4 += b4 * b4
            a5 += b5 * b5
            a6 += b6 * b6
            a7 += b7 * b7
        total = ((a0 + a1) + (a2 + a3)) + ((a4 + a5) + (a6 + a7))
    for k in range(n_full, n_features):
        t = gap(low_a, high_a, a, low_b, high_b, b, k)
        total += t * t
    return total


@inlined
def leaf_squares(points, lanes, q, leaf, sums, squares):
    """Write the squared distances of a point to those of a leaf, NaN past its end.

    `squares` is float64 (n_lanes,), `sums` float64 (8, n_lanes) scratch. Each loop over
    lanes is a SIMD run.
    """
    n_features, n_lanes = lanes.shape[1], lanes.shape[2]
    k = 0
    if n_features >= 16:
        n_full = n_features - n_features % 8
        sums[:] = 0.0
        while k < n_full:
            x = points[q, k]
            for r in range(n_lanes):
                b = lanes[leaf, k, r] - x
                sums[k % 8, r] += b * b
            k += 1
        for r in range(n_lanes):
            squares[r] = ((sums[0, r] + sums[1, r]) + (sums[2, r] + sums[3, r])) + (
                (sums[4, r] + sums[5, r]) + (sums[6, r] + sums[7, r])
            )
    elif n_features >= 8:
        x0, x1, x2, x3 = points[q, 0], points[q, 1], points[q, 2], points[q, 3]
        x4, x5, x6, x7 = points[q, 4], points[q, 5], points[q, 6], points[q, 7]
        for r in range(n_lanes):
            b0, b1 = lanes[leaf, 0, r] - x0, lanes[leaf, 1, r] - x1
            b2, b3 = lanes[leaf, 2, r] - x2, lanes[leaf, 3, r] - x3
            b4, b5 = lanes[leaf, 4, r] - x4, lanes[leaf, 5, r] - x5
            b6, b7 = lanes[leaf, 6, r] - x6, lanes[leaf, 7, r] - x7
            squares[r] = ((b0 * b0 + b1 * b1) + (b2 * b2 + b3 * b3)) + (
                (b4 * b4 + b5 * b5) + (b6 * b6 + b7 * b7)
            )
        k = 8
    elif n_features > 1:
        x0, x1 = points[q, 0], points[q, 1]
        for r in range(n_lanes):
            b0, b1 = lanes[leaf, 0, r] - x0, lanes[leaf, 1, r] - x1
            squares[r] = b0 * b0 + b1 * b1
        k = 2
    else:
        squares[:] = 0.0
    while k + 1 < n_features:
        x0, x1 = points[q, k], points[q, k + 1]
        for r in range(n_lanes):
            b0, b1 = lanes[leaf, k, r] - x0, lanes[leaf, k + 1, r] - x1
            squares[r] = (squares[r] + b0 * b0) + b1 * b1
        k += 2
    if k < n_features:
        x0 = points[q, k]
        for r in range(n_lanes):
            b0 = lanes[leaf, k, r] - x0
            squares[r] += b0 * b0


@jit
def find_neighbors(tree, start, stop, targets, squares):
    """Write the nearest other points of the points of leaves `start` to `stop`.

    `targets` int64 (n, k) and `squares` float64 (n, k) are indexed by point. They
    ascend by (square, row); k is less than n. Returns how many leaves were looked at.
    """
    n_visits = 0
    points, rows, low, high = tree.points, tree.rows, tree.low, tree.high
    begins, ends, first, lanes = tree.begin, tree.end, tree.first, tree.lanes
    n_inner = tree.begin.size // 2
    last = targets.shape[1] - 1
    stack = np.empty(64, np.int64)
    stack_bound = np.empty(64)
    sums = np.empty((8, lanes.shape[2]))
    found = np.empty(lanes.shape[2])
    for leaf in range(start, stop):
        for q in range(begins[leaf], ends[leaf]):
            targets[q] = -1
            squares[q] = np.inf
            worst = np.inf
            worst_row = rows.size
            home = leaf
            stack[0] = leaf
            stack_bound[0] = 0.0
            while True:
                n_open = 1
                while n_open:
                    n_open -= 1
                    node, bound = stack[n_open], stack_bound[n_open]
                    while bound < worst or (bound == worst and first[node] < worst_row):
                        if node < n_inner:
                            node = 2 * node + 1
                            far = node + 1
                            bound = box_square(points, points, q, low, high, node)
                            far_bound = box_square(points, points, q, low, high, far)
                            if far_bound < bound or (
                                far_bound == bound and first[far] < first[node]
                            ):
                                node, far = far, node
                                bound, far_bound = far_bound, bound
                            if far_bound <= worst:
                                stack[n_open] = far
                                stack_bound[n_open] = far_bound
                                n_open += 1
                            continue
                        n_visits += 1
                        leaf_squares(points, lanes, q, node - n_inner, sums, found)
                        n_close = 0
                        for r in range(found.size):
                            n_close += found[r] <= worst
                        if n_close == 0:
                            break
                        begin = begins[node]
                        for i in range(begin, ends[node]):
                            square = found[i - begin]
                            if i == q or not (
                                square < worst
                                or (square == worst and rows[i] < worst_row)
                            ):
                                continue
                            at = last
                            while at and (
                                square < squares[q, at - 1]
                                or (
                                    square == squares[q, at - 1]
                                    and rows[i] < rows[targets[q, at - 1]]
                                )
                            ):
                                squares[q, at] = squares[q, at - 1]
                                targets[q, at] = targets[q, at - 1]
                                at -= 1
                            squares[q, at] = square
                            targets[q, at] = i
                            worst = squares[q, last]
                            if targets[q, last] >= 0:
                                worst_row = rows[targets[q, last]]
                        break
                if home == 0:
                    break
                stack[0] = ((home + 1) ^ 1) - 1
                stack_bound[0] = box_square(points, points, q, low, high, stack[0])
                home = (home - 1) >> 1
    return n_visits


@inlined
def foreign_bound(low_a, high_a, a, low, high, b, label, core, nodes):
    """Return a lower bound of the weights from a box to foreign points of a node."""
    node_label, node_core, _ = nodes
    if node_label[b] == label:
        return np.inf
    return max(box_square(low_a, high_a, a, low, high, b), core, node_core[b])


@jit
def find_foreign(tree, start, stop, labels, cores, wanted, nodes, best, known):
    """Find the foreign point of least weight for points of leaves `start` to `stop`.

    The weight of two points is the larger one of their `cores` (float64) and their
    square; points with another of the `labels` (int64) are foreign. Only points that
    are `wanted` (bool) ask. `nodes` are the arrays that `label_nodes` fills. `best`
    float64 (n_labels,) is a limit that the points of a label share, lowered as they are
    answered; empty for none.

    `known` are three arrays that are brought up to date: a foreign point (int64) or -1,
    its weight or the limit below which weights matter, and a lower bound of the weights
    (float64).
    """
    targets, weights, lowest = known
    node_label = nodes[0]
    points, rows, low, high = tree.points, tree.rows, tree.low, tree.high
    begins, ends, first, lanes = tree.begin, tree.end, tree.first, tree.lanes
    n_inner = tree.begin.size // 2
    is_shared = best.size > 0
    stack = np.empty(64, np.int64)
    stack_bound = np.empty(64)
    sums = np.empty((8, lanes.shape[2]))
    found = np.empty(lanes.shape[2])
    for leaf in range(start, stop):
        for q in range(begins[leaf], ends[leaf]):
            if not wanted[q]:
                continue
            label, core = labels[q], cores[q]
            limit = weights[q]
            target = targets[q]
            if is_shared and best[label] < limit:
                limit, target = best[label], -1
            if lowest[q] >= limit:
                continue
            target_row = rows[target] if target >= 0 else -1
            home = leaf
            if node_label[leaf] == label:
                while home and node_label[(home - 1) >> 1] == label:
                    home = (home - 1) >> 1
                if home == 0:
                    continue
                stack[0] = ((home + 1) ^ 1) - 1
                home = (home - 1) >> 1
            else:
                stack[0] = leaf
            while True:
                stack_bound[0] = foreign_bound(
                    points, points, q, low, high, stack[0], label, core, nodes
                )
                n_open = 1
                while n_open:
                    n_open -= 1
                    node, bound = stack[n_open], stack_bound[n_open]
                    while bound < limit or (
                        bound == limit and first[node] < target_row
                    ):
                        if node < n_inner:
                            node = 2 * node + 1
                            far = node + 1
                            bound = foreign_bound(
                                points, points, q, low, high, node, label, core, nodes
                            )
                            far_bound = foreign_bound(
                                points, points, q, low, high, far, label, core, nodes
                            )
                            if far_bound < bound or (
                                far_bound == bound and first[far] < first[node]
                            ):
                                node, far = far, node
                                bound, far_bound = far_bound, bound
                            if far_bound <= limit and far_bound < np.inf:
                                stack[n_open] = far
                                stack_bound[n_open] = far_bound
                                n_open += 1
                            continue
                        leaf_squares(points, lanes, q, node - n_inner, sums, found)
                        n_close = 0
                        for r in range(found.size):
                            n_close += found[r] <= limit
                        if n_close == 0:
                            break
                        begin = begins[node]
                        for i in range(begin, ends[node]):
                            if found[i - begin] <= limit and labels[i] != label:
                                weight = max(found[i - begin], core, cores[i])
                                if weight < limit or (
                                    weight == limit and rows[i] < target_row
                                ):
                                    limit, target, target_row = weight, i, rows[i]
                        break
                if home == 0:
                    break
                stack[0] = ((home + 1) ^ 1) - 1
                home = (home - 1) >> 1
            lowest[q] = max(lowest[q], limit)
            if target >= 0:
                targets[q], weights[q] = target, limit
                if is_shared:
                    best[label] = limit


@jit
def find_closest_to(tree, home, label, labels, cores, wanted, nodes, best, known):
    """Find the least foreign weight of a node whose points all have one label.

    Arguments are as in `find_foreign`. Pairs of nodes are split, the larger one of
    each, until both are leaves.
    """
    targets, weights, lowest = known
    _, node_core, node_wanted = nodes
    points, low, high = tree.points, tree.low, tree.high
    begins, ends, lanes = tree.begin, tree.end, tree.lanes
    n_inner = tree.begin.size // 2
    stack = np.empty((256, 2), np.int64)
    stack_bound = np.empty(256)
    sums = np.empty((8, lanes.shape[2]))
    found = np.empty(lanes.shape[2])
    start = home
    while home:
        stack[0] = start, ((home + 1) ^ 1) - 1
        stack_bound[0] = 0.0 if nodes[0][stack[0, 1]] != label else np.inf
        home = (home - 1) >> 1
        n_open = 1
        while n_open:
            n_open -= 1
            if stack_bound[n_open] >= best[label]:
                continue
            a, b = stack[n_open]
            if a < n_inner or b < n_inner:
                if a < n_inner and (a <= b or b >= n_inner):
                    a, c, d = 2 * a + 1, 2 * a + 2, b
                else:
                    b, c, d = 2 * b + 1, a, 2 * b + 2
                near = far = np.inf
                if node_wanted[a]:
                    core = node_core[a]
                    near = foreign_bound(low, high, a, low, high, b, label, core, nodes)
                if node_wanted[c]:
                    core = node_core[c]
                    far = foreign_bound(low, high, c, low, high, d, label, core, nodes)
                if far < near:
                    a, b, c, d = c, d, a, b
                    near, far = far, near
                stack[n_open] = c, d
                stack[n_open + 1] = a, b
                stack_bound[n_open], stack_bound[n_open + 1] = far, near
                n_open += 2
                continue
            for q in range(begins[a], ends[a]):
                limit, core = best[label], cores[q]
                if (
                    not wanted[q]
                    or max(lowest[q], core) >= limit
                    or box_square(points, points, q, low, high, b) >= limit
                ):
                    continue
                leaf_squares(points, lanes, q, b - n_inner, sums, found)
                n_close = 0
                for r in range(found.size):
                    n_close += found[r] < limit
                if n_close == 0:
                    continue
                begin = begins[b]
                for i in range(begin, ends[b]):
                    if found[i - begin] < limit and labels[i] != label:
                        weight = max(found[i - begin], core, cores[i])
                        if weight < limit:
                            limit = best[label] = weight
                            targets[q], weights[q] = i, weight


@jit
def find_closest(tree, root, labels, cores, wanted, nodes, best, known):
    """Find the least foreign weight of each label for the points below `root`.

    Arguments are as in `find_foreign`, but only whoever has the least weight of a label
    is sure to be answered. The points of nodes that have one label search together.
    """
    node_label, _, node_wanted = nodes
    n_inner = tree.begin.size // 2
    node = root
    while True:
        if node_wanted[node]:
            label = node_label[node]
            if label >= 0:
                find_closest_to(
                    tree, node, label, labels, cores, wanted, nodes, best, known
                )
            elif node < n_inner:
                node = 2 * node + 1
                continue
            else:
                find_foreign(
                    tree, node, node + 1, labels, cores, wanted, nodes, best, known
                )
        while node > root and node % 2 == 0:
            node = (node - 1) >> 1
        if node == root:
            break
        node += 1

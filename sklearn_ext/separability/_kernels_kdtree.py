"""Kernels of a kd-tree: building it, nearest rows and nearest rows of another label.

The tree is balanced: its 2^depth leaves differ by one point at most, and the children of
node k are 2 k + 1 and 2 k + 2. Points are reordered so that each node is a run of
them; "point" is a place in this order, "row" a place in the data. Squared distances and
squared distances to boxes are sums in the same order, so that the second are lower
bounds to the last bit, and ties are seen as ties.
"""

import numba
import numpy as np

from sklearn_ext._core._numba import jit

__all__ = [
    "Tree",
    "find_closest",
    "find_foreign",
    "find_neighbors",
]

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
def foreign_bound(points, low, high, q, node, label, core, node_label, node_core):
    """Return a lower bound of the weights from a point to foreign ones of a node."""
    if node_label[node] == label:
        return np.inf
    return max(box_square(points, points, q, low, high, node), core, node_core[node])


@jit
def find_foreign(
    tree,
    start,
    stop,
    labels,
    cores,
    wanted,
    node_label,
    node_core,
    node_wanted,
    best,
    targets,
    weights,
    lowest,
):
    """Find the foreign point of least weight for points of leaves `start` to `stop`.

    All arrays are indexed by point unless they say otherwise. The weight of two points
    is the larger one of their cores and their square, and points of another label are
    foreign; `node_label` and `node_core` come from `label_nodes`. Only points that are
    `wanted` (bool) ask, and only weights below `weights` matter, which `targets` have
    already, or -1. Ties go to the lowest row. `best` (n_labels,) is an upper limit that
    the points of a label share, lowered as they are answered; empty for none. `lowest`
    bounds the weights of each point from below: it is read and raised.
    """
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
                    points, low, high, q, stack[0], label, core, node_label, node_core
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
                                points,
                                low,
                                high,
                                q,
                                node,
                                label,
                                core,
                                node_label,
                                node_core,
                            )
                            far_bound = foreign_bound(
                                points,
                                low,
                                high,
                                q,
                                far,
                                label,
                                core,
                                node_label,
                                node_core,
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
def find_closest(
    tree,
    root,
    labels,
    cores,
    wanted,
    node_label,
    node_core,
    node_wanted,
    best,
    targets,
    weights,
    lowest,
):
    """Find the least foreign weight of each label for the points below `root`.

    Arguments are as in `find_foreign`, but only whoever has the least weight of a label
    is sure to be answered. Points of nodes that have one label search together;
    `node_wanted` bool (n_nodes,) tells whether any of them is `wanted`.
    """
    points, rows, low, high = tree.points, tree.rows, tree.low, tree.high
    begins, ends, lanes = tree.begin, tree.end, tree.lanes
    n_inner = tree.begin.size // 2
    stack = np.empty((256, 2), np.int64)
    sums = np.empty((8, lanes.shape[2]))
    found = np.empty(lanes.shape[2])
    node = root
    while True:
        # depth first over the nodes below the root
        if not node_wanted[node]:
            pass
        elif node_label[node] < 0 and node < n_inner:
            node = 2 * node + 1
            continue
        elif node_label[node] < 0:
            leaf_begin = node
            find_foreign(
                tree,
                leaf_begin,
                leaf_begin + 1,
                labels,
                cores,
                wanted,
                node_label,
                node_core,
                node_wanted,
                best,
                targets,
                weights,
                lowest,
            )
        else:
            label = node_label[node]
            home = node
            while home:
                stack[0, 0] = node
                stack[0, 1] = ((home + 1) ^ 1) - 1
                home = (home - 1) >> 1
                n_open = 1
                while n_open:
                    n_open -= 1
                    a, b = stack[n_open, 0], stack[n_open, 1]
                    if node_label[b] == label:
                        continue
                    bound = max(
                        box_square(low, high, a, low, high, b),
                        node_core[a],
                        node_core[b],
                    )
                    if bound >= best[label]:
                        continue
                    if a < n_inner and (a <= b or b >= n_inner):
                        c, d = 2 * a + 1, 2 * a + 2
                        if box_square(low, high, c, low, high, b) < box_square(
                            low, high, d, low, high, b
                        ):
                            c, d = d, c
                        if node_wanted[c]:
                            stack[n_open, 0], stack[n_open, 1] = c, b
                            n_open += 1
                        if node_wanted[d]:
                            stack[n_open, 0], stack[n_open, 1] = d, b
                            n_open += 1
                        continue
                    if b < n_inner:
                        c, d = 2 * b + 1, 2 * b + 2
                        if box_square(low, high, a, low, high, c) < box_square(
                            low, high, a, low, high, d
                        ):
                            c, d = d, c
                        stack[n_open, 0], stack[n_open, 1] = a, c
                        stack[n_open + 1, 0], stack[n_open + 1, 1] = a, d
                        n_open += 2
                        continue
                    begin = begins[b]
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
                        for i in range(begin, ends[b]):
                            if found[i - begin] < limit and labels[i] != label:
                                weight = max(found[i - begin], core, cores[i])
                                if weight < limit:
                                    limit = best[label] = weight
                                    targets[q], weights[q] = i, weight
        while node > root and node % 2 == 0:
            node = (node - 1) >> 1
        if node == root:
            break
        node += 1

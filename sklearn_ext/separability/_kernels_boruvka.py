"""Kernels of Boruvka's algorithm: neighbour lists, foreign neighbours, rounds.

The searching kernels read tiles of lower bounds. Most entries are no match for what
their row has already, which one comparison of a whole chunk tells; what is left is
decided by exact squares, so the results do not depend on the rounding of the bounds.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = [
    "choose_edges",
    "collect_near",
    "find_foreign",
    "finish_near",
    "first_foreign",
    "join",
]

CHUNK = 64


@jit
def square(X, i, j):
    """Return the squared distance of two rows, summed in float64 in a fixed order."""
    n_full = X.shape[1] - X.shape[1] % 8
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
    for k in range(0, n_full, 8):
        b0 = np.float64(X[i, k]) - np.float64(X[j, k])
        b1 = np.float64(X[i, k + 1]) - np.float64(X[j, k + 1])
        b2 = np.float64(X[i, k + 2]) - np.float64(X[j, k + 2])
        b3 = np.float64(X[i, k + 3]) - np.float64(X[j, k + 3])
        b4 = np.float64(X[i, k + 4]) - np.float64(X[j, k + 4])
        b5 = np.float64(X[i, k + 5]) - np.float64(X[j, k + 5])
        b6 = np.float64(X[i, k + 6]) - np.float64(X[j, k + 6])
        b7 = np.float64(X[i, k + 7]) - np.float64(X[j, k + 7])
        a0 += b0 * b0
        a1 += b1 * b1
        a2 += b2 * b2
        a3 += b3 * b3
        a4 += b4 * b4
        a5 += b5 * b5
        a6 += b6 * b6
        a7 += b7 * b7
    total = ((a0 + a1) + (a2 + a3)) + ((a4 + a5) + (a6 + a7))
    for k in range(n_full, X.shape[1]):
        b = np.float64(X[i, k]) - np.float64(X[j, k])
        total += b * b
    return total


@jit
def _set_reach(reach, r, value):
    """Set the reach of a row to `value`, rounded up to the precision of the bounds."""
    reach[r] = value
    if np.float64(reach[r]) < value:
        reach[r] = np.nextafter(reach[r], reach.dtype.type(np.inf))


@jit
def _least(values, size, k):
    """Return the k-th least (from 1) of the first `size` values, which it reorders."""
    first, last, k = 0, size - 1, k - 1
    while first < last:
        pivot = values[(first + last) // 2]
        i, j = first, last
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            last = j
        elif k >= i:
            first = i
        else:
            break
    return values[k]


@jit
def _comes_first(values, index, a, b):
    """Whether entry a has the smaller value or, of equal ones, the lower index."""
    return values[a] < values[b] or (values[a] == values[b] and index[a] < index[b])


@jit
def _sort(values, index, size):
    """Sort the first `size` entries by value and index, by a heap."""
    for end in range(2 * size - 1, 0, -1):
        if end >= size:  # a heap grows ...
            root, stop = end - size, size
        else:  # ... and gives its largest entry away
            values[0], values[end] = values[end], values[0]
            index[0], index[end] = index[end], index[0]
            root, stop = 0, end
        while 2 * root + 1 < stop:
            child = 2 * root + 1
            if child + 1 < stop and _comes_first(values, index, child, child + 1):
                child += 1
            if not _comes_first(values, index, root, child):
                break
            values[root], values[child] = values[child], values[root]
            index[root], index[child] = index[child], index[root]
            root = child


@jit
def _keep_exact(X, i, k, index, values, counts):
    """Evaluate the candidates of row i and keep the k nearest, in order."""
    for p in range(counts[i, 1], counts[i, 0]):
        values[p] = square(X, i, index[p])
    _sort(values, index, counts[i, 0])
    counts[i, 0] = counts[i, 1] = min(k, counts[i, 0])


@jit
def _thin_out(X, i, k, slack, index, values, counts, reach):
    """Drop candidates of row i that are not among its k nearest; narrow its reach.

    By their bounds if these tell enough of them apart, else by their exact squares.
    """
    size, n_exact = counts[i, 0], counts[i, 1]
    highest = np.empty(size)
    for p in range(size):
        highest[p] = values[p]
        if p >= n_exact:
            highest[p] += slack[i] + slack[index[p]]
    limit = _least(highest, size, k)
    kept = 0
    kept_exact = 0
    for p in range(size):
        if values[p] <= limit:
            values[kept], index[kept] = values[p], index[p]
            kept += 1
            kept_exact += p < n_exact
    counts[i, 0], counts[i, 1] = kept, kept_exact
    if 2 * kept > index.shape[0] + k:
        _keep_exact(X, i, k, index, values, counts)
        limit = values[k - 1]
    _set_reach(reach, i, limit)


@jit
def _take(X, i, j, bound, k, slack, index, values, counts, reach):
    """Note row j as a candidate of row i; tell whether no row after j can be one."""
    size = counts[i, 0]
    # Nothing is nearer than distance 0, and of equal ones the lower index is taken.
    if size == k == counts[i, 1] and values[k - 1] == 0.0 and j > index[k - 1]:
        return True
    index[size], values[size] = j, bound
    counts[i, 0] = size + 1
    if size + 1 == index.shape[0]:
        _thin_out(X, i, k, slack, index, values, counts, reach)
    return False


@jit
def _first_reach(bounds, i, k, slack, first_column, reach):
    """Set the reach of row i by its bounds so that k other rows are surely within.

    Of the least bounds in the residue classes of the columns, k + 1 belong to as many
    rows, and one of these may be row i.
    """
    least = np.empty(CHUNK, bounds.dtype)
    least[:] = np.inf
    n_columns = bounds.shape[0]
    for c in range(0, n_columns - CHUNK + 1, CHUNK):
        chunk = bounds[c : c + CHUNK]
        for q in range(CHUNK):
            least[q] = chunk[q] if chunk[q] < least[q] else least[q]
    widest = 0.0
    for c in range(n_columns):
        widest = max(widest, slack[first_column + c])
    limit = np.float64(_least(least, CHUNK, k + 1))
    _set_reach(reach, i, limit + slack[i] + widest)


@jit
def collect_near(
    X, bounds, first_row, first_column, k, slack, index, values, counts, reach
):
    """Collect candidates for the k nearest other rows from a tile of bounds.

    The rows of the tile collect among its columns and, unless they are the same, the
    columns among its rows.

    X : float32 or float64 (n, d). bounds : float32 or float64 (n_rows, n_columns), of
    the rows of X from `first_row` on and from `first_column` on. slack : float64 (n,).
    Written: index int64 (n, capacity) and values float64 (n, capacity), the candidates
    and their bounds or exact squares; counts int64 (n, 2), how many and how many of
    these are exact, which come first; reach (n,) of the dtype of the bounds, above
    which a bound does not matter.
    """
    n_rows, n_columns = bounds.shape
    none = -reach.dtype.type(np.inf)
    near = np.empty(max(n_rows, n_columns), reach.dtype)  # reaches within this tile
    for by_column in range(1 if first_row == first_column else 2):
        if by_column:
            for c in range(n_columns):
                near[c] = reach[first_column + c]
        for r in range(n_rows):
            i = first_row + r
            if not by_column:
                if reach[i] == np.inf and k < CHUNK <= n_columns:
                    _first_reach(bounds[r], i, k, slack, first_column, reach)
                near[r] = reach[i]
            for c in range(0, n_columns, CHUNK):
                size = min(CHUNK, n_columns - c)
                chunk = bounds[r, c : c + size]
                n_hits = np.int32(size < CHUNK)
                if size == CHUNK:
                    if by_column:
                        limits = near[c : c + CHUNK]
                        for q in range(CHUNK):
                            n_hits = np.int32(n_hits | np.int32(chunk[q] <= limits[q]))
                    else:
                        limit = near[r]
                        for q in range(CHUNK):
                            n_hits = np.int32(n_hits | np.int32(chunk[q] <= limit))
                if n_hits == 0:
                    continue
                for q in range(size):
                    p, a, b = r, i, first_column + c + q
                    if by_column:
                        p, a, b = c + q, b, a
                    if chunk[q] > near[p] or a == b:
                        continue
                    is_last = _take(
                        X, a, b, chunk[q], k, slack, index[a], values[a], counts, reach
                    )
                    near[p] = none if is_last else reach[a]


@jit
def finish_near(
    X, start, stop, k, slack, index, values, counts, reach, neighbors, squares
):
    """Write the k nearest other rows of rows start..stop - 1 and their exact squares.

    Arguments as in `collect_near`; neighbors int64 (n, k) and squares float64 (n, k)
    are written, in the order of (square, index).
    """
    for i in range(start, stop):
        _thin_out(X, i, k, slack, index[i], values[i], counts, reach)
        _keep_exact(X, i, k, index[i], values[i], counts)
        for p in range(k):
            neighbors[i, p], squares[i, p] = index[i, p], values[i, p]


@jit
def _offer(X, i, j, cores, r, target, weight, reach):
    """Note row j as the foreign neighbour of row i, at r, if it is a better one."""
    floor = max(cores[i], cores[j])
    is_known = target[r] >= 0
    if floor > weight[r] or (floor == weight[r] and not (is_known and j < target[r])):
        return
    found = max(floor, square(X, i, j))
    if found < weight[r] or (found == weight[r] and is_known and j < target[r]):
        target[r], weight[r] = j, found
        _set_reach(reach, r, found)


@jit
def find_foreign(
    X,
    bounds,
    rows,
    columns,
    labels,
    cores,
    both,
    row_target,
    row_weight,
    row_reach,
    column_target,
    column_weight,
    column_reach,
):
    """Find the lightest rows with another label in a tile of bounds.

    The rows of the tile search among its columns and, if `both`, the columns among its
    rows.

    X : float32 or float64 (n, d). bounds : float32 or float64 (n_rows, n_columns), of
    the rows of X in `rows` and `columns`, int64. labels : int32 (n,). cores : float64
    (n,), squared. Written, for each row or column: target int64, the best row or -1;
    weight float64, its weight or the limit below which weights count; reach, of the
    dtype of the bounds, above which a bound does not matter.
    """
    n_rows, n_columns = bounds.shape
    column_labels = np.empty(n_columns, np.int32)
    for c in range(n_columns):
        column_labels[c] = labels[columns[c]]
    for by_column in range(2 if both else 1):
        for r in range(n_rows):
            i = rows[r]
            label = labels[i]
            for c in range(0, n_columns, CHUNK):
                size = min(CHUNK, n_columns - c)
                chunk = bounds[r, c : c + size]
                others = column_labels[c : c + size]
                n_hits = np.int32(size < CHUNK)
                if size == CHUNK:
                    if by_column:
                        reaches = column_reach[c : c + CHUNK]
                        for q in range(CHUNK):
                            is_hit = (chunk[q] <= reaches[q]) & (others[q] != label)
                            n_hits = np.int32(n_hits | np.int32(is_hit))
                    else:
                        limit = row_reach[r]
                        for q in range(CHUNK):
                            is_hit = (chunk[q] <= limit) & (others[q] != label)
                            n_hits = np.int32(n_hits | np.int32(is_hit))
                if n_hits == 0:
                    continue
                for q in range(size):
                    if others[q] == label:
                        continue
                    j = columns[c + q]
                    if by_column and chunk[q] <= column_reach[c + q]:
                        _offer(
                            X,
                            j,
                            i,
                            cores,
                            c + q,
                            column_target,
                            column_weight,
                            column_reach,
                        )
                    elif not by_column and chunk[q] <= row_reach[r]:
                        _offer(X, i, j, cores, r, row_target, row_weight, row_reach)


@jit
def first_foreign(
    start, stop, neighbors, squares, cores, labels, heads, targets, weights, lowest
):
    """Find the nearest rows of other components in the lists of rows start..stop - 1.

    neighbors int64 (n, k), squares float64 (n, k) : nearest other rows, ascending.
    cores : float64 (n,), squared. labels : int64 (n,), components. Updated: heads int64
    (n,), place in the list before which all are of the own component; targets int64
    (n,) and weights float64 (n,), the best row found, -1 and inf if none; lowest
    float64 (n,), a bound of the least weight, which is `weights` where that is exact.
    """
    n, k = neighbors.shape
    for i in range(start, stop):
        label = labels[i]
        if targets[i] >= 0 and labels[targets[i]] != label:
            continue  # what was best of more rows is still the best
        target, weight = -1, np.inf
        head = heads[i]
        while head < k and labels[neighbors[i, head]] == label:
            head += 1
        heads[i] = head
        # Rows beyond the list are no nearer than its last one, which is at the core
        # distance at least; of all rows there are none beyond.
        beyond = squares[i, k - 1] if k < n - 1 else np.inf
        for p in range(head, k):
            if max(cores[i], squares[i, p]) >= weight:
                beyond = weight
                break
            j = neighbors[i, p]
            if labels[j] != label:
                found = max(max(cores[i], cores[j]), squares[i, p])
                if found < weight:
                    target, weight = j, found
        targets[i], weights[i] = target, weight
        lowest[i] = min(max(lowest[i], beyond), weight)


@jit
def choose_edges(labels, targets, weights, best, edges):
    """Offer the foreign neighbour of each row to the components at both ends.

    labels, targets int64 (n,), weights float64 (n,) as in `first_foreign`. Updated:
    best float64 (n_components,) and edges int64 (n_components, 2), the lightest edge
    out of each.
    """
    for i in range(labels.size):
        j = targets[i]
        if j < 0:
            continue
        for label in (labels[i], labels[j]):
            if weights[i] < best[label]:
                best[label] = weights[i]
                edges[label, 0], edges[label, 1] = i, j


@jit
def join(labels, deciding, edges):
    """Join components along the edges that some of them have chosen.

    Along a circle of such edges all are equally long, so any of them may be left out.

    labels : int64 (n,), updated, numbered by first appearance. deciding : int64, the
    components that join. edges : int64 (n_components, 2). Returns which components'
    edges were taken, bool, and how many components are left.
    """
    parent = np.arange(edges.shape[0])
    is_taken = np.zeros(edges.shape[0], np.bool_)
    for label in deciding:
        a, b = labels[edges[label, 0]], labels[edges[label, 1]]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b:
            parent[max(a, b)] = min(a, b)
            is_taken[label] = True
    number = np.empty(edges.shape[0], np.int64)
    n_components = 0
    for label in range(parent.size):  # a parent comes before its children
        if parent[label] == label:
            number[label] = n_components
            n_components += 1
        else:
            number[label] = number[parent[label]]
    for i in range(labels.size):
        labels[i] = number[labels[i]]
    return is_taken, n_components

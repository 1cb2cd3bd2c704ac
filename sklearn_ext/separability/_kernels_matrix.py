"""Prim's algorithm on lower bounds of squares, exact all the same.

A bound is good enough to see that most pairs do not matter. Where two candidates are
closer than their bounds can tell, both are evaluated in float64 from the rows; among
equal weights the edge with the smaller (first, second) wins. So the tree is that of the
exact weights, whatever the rounding of the bounds.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = [
    "CHUNK",
    "prim_bounds",
    "spanning_edges",
    "square",
    "transpose_tile",
]

# Outside points that share a least bound; one test tells whether any of them changes.
CHUNK = 64
TILE = 32


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
def transpose_tile(source, target):
    """Write the transpose of `source` to `target`, both with contiguous rows."""
    n_rows, n_columns = source.shape
    for i in range(0, n_rows, TILE):
        for j in range(0, n_columns, TILE):
            for k in range(j, min(j + TILE, n_columns)):
                for r in range(i, min(i + TILE, n_rows)):
                    target[k, r] = source[r, k]


@jit
def spanning_edges(edges, n):
    """Return the positions of the edges, in order, that close no cycle of n nodes."""
    boss = np.arange(n)
    chosen = np.empty(n - 1, np.int64)
    n_chosen = 0
    for e in range(edges.shape[0]):
        a, b = edges[e, 0], edges[e, 1]
        while boss[a] != a:
            boss[a] = boss[boss[a]]
            a = boss[a]
        while boss[b] != b:
            boss[b] = boss[boss[b]]
            b = boss[b]
        if a != b:
            boss[max(a, b)] = min(a, b)
            chosen[n_chosen] = e
            n_chosen += 1
    return chosen[:n_chosen]


@jit
def _weight(X, rows, cores, i, j):
    """Return the exact weight of the pair at two positions."""
    a, b = rows[i], rows[j]
    return max(max(cores[a], cores[b]), square(X, min(a, b), max(a, b)))


@jit
def _set_exact(j, weight, exact, low, high, rounding, vanishing):
    """Note the exact weight of the best edge of position j."""
    exact[j] = weight
    low[j] = max(0.0, weight * (1.0 - rounding) - vanishing)
    high[j] = weight * (1.0 + rounding) + vanishing


@jit
def _find_least(bits, chunk_least, c):
    """Find the least bound of chunk c anew."""
    chunk = bits[c * CHUNK : (c + 1) * CHUNK]
    least = chunk[0]
    for j in range(CHUNK):
        least = min(least, chunk[j])
    chunk_least[c] = least


@jit
def _comes_first(rows, parent, i, j):
    """Tell whether the edge of position i precedes that of j, their weights equal."""
    a, b = rows[i], rows[parent[i]]
    c, d = rows[j], rows[parent[j]]
    if min(a, b) != min(c, d):
        return min(a, b) < min(c, d)
    return max(a, b) < max(c, d)


@jit
def prim_bounds(
    X,
    rows,
    left,
    right,
    second,
    slack,
    cores,
    starts,
    neighbors,
    known,
    low,
    bits,
    high,
    exact,
    parent,
    chunk_least,
    rounding,
    vanishing,
    edges,
    weights,
):
    """Write the edges of a minimum spanning tree, int64 (m - 1, 2), and its weights.

    X : float32 or float64 (n, d). rows : int64, the row at each position, -1 where
    there is none; a multiple of CHUNK. The graph has either all pairs of positions:
    `right` holds their bounds (m, m) and second = 0, `left` is empty; or all pairs
    between the positions before `second`, a multiple of CHUNK, and those from there on:
    `left` holds bounds (m1, m2), `right` its transpose. Besides, there are the edges
    from each position p to ``neighbors[starts[p] : starts[p + 1]]`` with the exact
    weights `known`. slack, cores : float64 (n,), by row; cores are squared, and the
    bounds heed them already. low, high : dtype of the bounds, infinite, one longer
    than `rows`; bits : view of `low` as integers; exact : float64, NaN; parent : int64,
    -1; chunk_least : dtype of `bits`, one for each chunk; these are overwritten.
    rounding, vanishing : relative and absolute errors of a number of the bounds.
    """
    n = rows.shape[0]
    n_chunks = n // CHUNK
    me = -1
    for j in range(n):
        if rows[j] < 0:
            high[j] = -np.inf
        else:
            me = j
    for c in range(n_chunks):
        chunk_least[c] = bits[c * CHUNK]
    # low is infinite for the points inside as for those not seen yet: `high` tells.

    for e in range(edges.shape[0]):
        low[me] = np.inf
        high[me] = -np.inf
        _find_least(bits, chunk_least, me // CHUNK)
        if me < second:
            line, offset = left[me], second
        else:
            line, offset = right[me - second], 0
        my_slack = slack[rows[me]]
        for start in range(0, line.shape[0], CHUNK):
            size = min(CHUNK, line.shape[0] - start)
            first = offset + start
            new, old = line[start : start + size], high[first : first + size]
            n_hits = 0
            for j in range(size):
                n_hits += new[j] <= old[j]
            if n_hits == 0:
                continue
            for k in range(size):
                if new[k] > old[k]:
                    continue
                j = first + k
                bound = max(0.0, np.float64(new[k]))
                limit = bound + my_slack + slack[rows[j]]
                limit += limit * rounding + vanishing
                if limit < low[j]:
                    low[j], high[j] = bound, limit
                    exact[j] = np.nan
                    parent[j] = me
                    continue
                if np.isnan(exact[j]):
                    weight = _weight(X, rows, cores, parent[j], j)
                    _set_exact(j, weight, exact, low, high, rounding, vanishing)
                weight = _weight(X, rows, cores, me, j)
                if weight < exact[j] or (
                    weight == exact[j] and rows[me] < rows[parent[j]]
                ):
                    parent[j] = me
                    _set_exact(j, weight, exact, low, high, rounding, vanishing)
            _find_least(bits, chunk_least, first // CHUNK)
        for k in range(starts[me], starts[me + 1]):
            j = neighbors[k]
            if high[j] < known[k]:
                continue
            if parent[j] >= 0 and np.isnan(exact[j]):
                weight = _weight(X, rows, cores, parent[j], j)
                _set_exact(j, weight, exact, low, high, rounding, vanishing)
            if (
                parent[j] < 0
                or known[k] < exact[j]
                or (known[k] == exact[j] and rows[me] < rows[parent[j]])
            ):
                parent[j] = me
                _set_exact(j, known[k], exact, low, high, rounding, vanishing)
            _find_least(bits, chunk_least, j // CHUNK)

        # The point of least bound, once its weight is exact ...
        while True:
            least = chunk_least[0]
            for c in range(n_chunks):
                least = min(least, chunk_least[c])
            c = 0
            while chunk_least[c] != least:
                c += 1
            j = c * CHUNK
            while bits[j] != least:
                j += 1
            if not np.isnan(exact[j]):
                break
            weight = _weight(X, rows, cores, parent[j], j)
            _set_exact(j, weight, exact, low, high, rounding, vanishing)
            _find_least(bits, chunk_least, c)
        # ... or another whose bound reaches below that weight.
        best, reach = j, high[j]
        low[n] = reach
        for c in range(n_chunks):
            if chunk_least[c] > bits[n]:
                continue
            for j in range(c * CHUNK, (c + 1) * CHUNK):
                if low[j] > reach or j == best:
                    continue
                if np.isnan(exact[j]):
                    weight = _weight(X, rows, cores, parent[j], j)
                    _set_exact(j, weight, exact, low, high, rounding, vanishing)
                    _find_least(bits, chunk_least, c)
                if exact[j] < exact[best] or (
                    exact[j] == exact[best] and _comes_first(rows, parent, j, best)
                ):
                    best = j
        a, b = rows[best], rows[parent[best]]
        edges[e, 0], edges[e, 1] = min(a, b), max(a, b)
        weights[e] = exact[best]
        me = best

"""Prim's algorithm with every distance computed when it is needed, in float64.

Among equal weights the edge with the smaller (first, second) wins, so that the tree is
unique. Bits of non-negative floats are ordered as integers, of which a compiler finds
the least in a vector.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["CHUNK", "prim_matrix", "prim_points"]

# Columns that are handled together: their sums stay in the first-level cache.
CHUNK = 128
LARGEST = np.iinfo(np.int64).max


@jit
def prim_points(
    Z, row, core, key, bits, parent, sums, new, point, chunk_least, edges, weights
):
    """Write the edges (n - 1, 2) of the tree of the columns of Z, and their weights.

    Z : float64 (d, n), C-contiguous, overwritten like all others. row : int64 (n,), 0
    to n - 1. core : float64 (n,) squared core distances, zeros for a plain tree. key :
    float64 (n,), infinite; bits : its view as int64. parent : int64 (n,), -1. sums :
    float64 (8, CHUNK); new : float64 (CHUNK,); point : float64 (d,); chunk_least :
    int64 (n / CHUNK,) rounded up. The weights are squared. O(n² d) time.

    The arrays are made outside and copied by loops, since a compiler takes longer for
    that than for all the rest.
    """
    n_features, n = Z.shape
    n_full = n_features - n_features % 8
    taken = n - 1
    for n_left in range(n - 1, 0, -1):
        # The last column moves into the gap, so that the others stay in one run.
        for k in range(n_features):
            point[k] = Z[k, taken]
            Z[k, taken] = Z[k, n_left]
        me, my_core = row[taken], core[taken]
        row[taken], core[taken] = row[n_left], core[n_left]
        key[taken], parent[taken] = key[n_left], parent[n_left]

        least = LARGEST
        for start in range(0, n_left, CHUNK):
            size = min(CHUNK, n_left - start)
            for j in range(size):
                new[j] = 0.0
            # The order of the sum is that of `square` in all the other searches.
            if n_full:
                for k in range(8):
                    for j in range(size):
                        sums[k, j] = 0.0
                for k in range(n_full):
                    z, total, x = Z[k, start : start + size], sums[k & 7], point[k]
                    for j in range(size):
                        difference = z[j] - x
                        total[j] += difference * difference
                for j in range(size):
                    new[j] = ((sums[0, j] + sums[1, j]) + (sums[2, j] + sums[3, j])) + (
                        (sums[4, j] + sums[5, j]) + (sums[6, j] + sums[7, j])
                    )
            for k in range(n_full, n_features):
                z, x = Z[k, start : start + size], point[k]
                for j in range(size):
                    difference = z[j] - x
                    new[j] += difference * difference
            keys, parents = key[start : start + size], parent[start : start + size]
            core_chunk = core[start : start + size]
            for j in range(size):
                weight = max(max(new[j], my_core), core_chunk[j])
                closer = (weight < keys[j]) | ((weight == keys[j]) & (me < parents[j]))
                keys[j] = weight if closer else keys[j]
                parents[j] = me if closer else parents[j]
            chunk_bits = bits[start : start + size]
            smallest = LARGEST
            for j in range(size):
                smallest = min(smallest, chunk_bits[j])
            chunk_least[start // CHUNK] = smallest
            least = min(least, smallest)

        taken = -1
        first, second = 0, 0
        for start in range(0, n_left, CHUNK):
            if chunk_least[start // CHUNK] != least:
                continue
            for j in range(start, min(n_left, start + CHUNK)):
                if bits[j] == least:
                    low, high = min(parent[j], row[j]), max(parent[j], row[j])
                    if taken < 0 or low < first or (low == first and high < second):
                        taken, first, second = j, low, high
        edges[n_left - 1, 0] = first
        edges[n_left - 1, 1] = second
        weights[n_left - 1] = key[taken]


@jit
def prim_matrix(distances, cores, key, parent, outside, edges, weights):
    """Write the edges (n - 1, 2) of the tree of a full matrix, and their weights.

    distances : float64 (n, n). cores : float64 (n,), core distances in the unit of the
    matrix, zeros for a plain tree. key : float64 (n,), infinite; parent : int64 (n,),
    n; outside : bool (n,), true; these are overwritten. O(n²).
    """
    n = distances.shape[0]
    me = 0
    for e in range(n - 1):
        outside[me] = False
        best = -1
        line = distances[me]
        for j in range(n):
            if not outside[j]:
                continue
            weight = max(max(line[j], cores[me]), cores[j])
            if weight < key[j] or (weight == key[j] and me < parent[j]):
                key[j], parent[j] = weight, me
            if best < 0 or key[j] < key[best]:
                best = j
            elif key[j] == key[best]:
                low, high = min(parent[j], j), max(parent[j], j)
                first, second = min(parent[best], best), max(parent[best], best)
                if low < first or (low == first and high < second):
                    best = j
        edges[e, 0], edges[e, 1] = min(parent[best], best), max(parent[best], best)
        weights[e] = key[best]
        me = best

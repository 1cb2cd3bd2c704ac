"""Kernels over rows of vectors: unit length, centring, cosines, and hashes of rows.

Each row is worked on by itself and each sum runs over the components in order, so that
a row has the same bits in any selection of rows or of labels. Vectors are float32,
sums float64, arrays C-contiguous.
"""

import math

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["centred_rows", "cosines", "cosines_to_few", "row_hashes", "unit_rows"]

LANES = 8  # documents side by side


@jit
def unit_rows(vectors, out):
    """Write the rows of float32 (n, d) `vectors` with unit length; zero stays zero."""
    n, d = vectors.shape
    for i in range(n):
        squares = 0.0
        for j in range(d):
            x = np.float64(vectors[i, j])
            squares += x * x
        length = math.sqrt(squares) if squares > 0.0 else 1.0
        for j in range(d):
            out[i, j] = np.float64(vectors[i, j]) / length


@jit
def centred_rows(units, mean, nearest, out):
    """Write ``unit(u - mean)`` for the rows u of float32 (n, d) `units`.

    `mean` is float32 (d,). Zero where u is zero, and where u is no farther from `mean`
    than `nearest`, a float.
    """
    n, d = units.shape
    for i in range(n):
        squares = 0.0
        is_zero = True
        for j in range(d):
            x = np.float64(units[i, j]) - np.float64(mean[j])
            squares += x * x
            is_zero &= units[i, j] == 0.0
        length = math.sqrt(squares)
        if is_zero or length <= nearest:
            out[i] = 0.0
        else:
            for j in range(d):
                x = np.float64(units[i, j]) - np.float64(mean[j])
                out[i, j] = x / length


@jit
def _length(vector):
    """Return the length of a vector, float64."""
    squares = 0.0
    for j in range(vector.size):
        x = np.float64(vector[j])
        squares += x * x
    return math.sqrt(squares)


@jit
def _cosine(product, scale):
    """Return a product over the lengths of its factors, 0 if one of them is zero."""
    return min(1.0, max(-1.0, product / scale)) if scale > 0.0 else 0.0


@jit
def cosines(documents, vectors, out):
    """Write the cosines of rows of `documents` and of `vectors`, 0 for zero rows.

    Both are float32, (n, d) and (n_labels, d), so that products of float64 are exact;
    `out` is float64 (n, n_labels). Labels are worked on side by side.
    """
    n, d = documents.shape
    n_labels = vectors.shape[0]
    lengths = np.empty(n_labels)
    columns = np.empty((d, n_labels))
    for c in range(n_labels):
        lengths[c] = _length(vectors[c])
        for j in range(d):
            columns[j, c] = vectors[c, j]
    sums = np.empty(n_labels)
    for i in range(n):
        sums[:] = 0.0
        squares = 0.0
        for j in range(d):
            x = np.float64(documents[i, j])
            squares += x * x
            for c in range(n_labels):
                sums[c] += x * columns[j, c]
        length = math.sqrt(squares)
        for c in range(n_labels):
            out[i, c] = _cosine(sums[c], length * lengths[c])


@jit
def cosines_to_few(documents, vectors, out):
    """Write the bits that `cosines` writes, sooner for few labels.

    Eight documents are worked on side by side.
    """
    n, d = documents.shape
    n_labels = vectors.shape[0]
    lengths = np.empty(n_labels)
    rows = np.empty((n_labels, d))
    for c in range(n_labels):
        lengths[c] = _length(vectors[c])
        for j in range(d):
            rows[c, j] = vectors[c, j]
    side = np.zeros((d, LANES))
    own = np.empty(LANES)
    sums = np.empty(LANES)
    for start in range(0, n, LANES):
        n_rows = min(LANES, n - start)
        for r in range(n_rows):
            own[r] = _length(documents[start + r])
            for j in range(d):
                side[j, r] = documents[start + r, j]
        for c in range(n_labels):
            # Eight variables stay in registers, an array of eight would not.
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
            for j in range(d):
                v = rows[c, j]
                s0 += v * side[j, 0]
                s1 += v * side[j, 1]
                s2 += v * side[j, 2]
                s3 += v * side[j, 3]
                s4 += v * side[j, 4]
                s5 += v * side[j, 5]
                s6 += v * side[j, 6]
                s7 += v * side[j, 7]
            sums[0], sums[1], sums[2], sums[3] = s0, s1, s2, s3
            sums[4], sums[5], sums[6], sums[7] = s4, s5, s6, s7
            for r in range(n_rows):
                out[start + r, c] = _cosine(sums[r], own[r] * lengths[c])


@jit
def row_hashes(bits):
    """Return a hash of each row of uint32 (n, d) `bits`, uint64 (n,)."""
    n, d = bits.shape
    hashes = np.empty(n, np.uint64)
    for i in range(n):
        h = np.uint64(0x243F6A8885A308D3)
        for j in range(d):
            h = (h ^ np.uint64(bits[i, j])) * np.uint64(0x9E3779B97F4A7C15)
            h ^= h >> np.uint64(32)
        hashes[i] = h
    return hashes

"""Kernels of the joint factorisation: PPMI, sparse products, document vectors.

Sparse matrices come as rows: indptr int64, columns int32, values float32. Sums of
products are float32 in the factorisation and float64 in document vectors; each output
row is summed in the order of its entries, whoever computes it.
"""

import math

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["document_rows", "multiply_rows", "positive_pmi", "row_sums", "transpose"]

# Unsigned numbers of rows and columns: for signed ones each access asks whether to
# count from the end, and the loop is not vectorised.
UNSIGNED = np.uintp
# A word as frequent in a document as anywhere has a PMI of 0 but for rounding.
ROUNDING = 1e-9


@jit
def transpose(indptr, columns, values, order, t_indptr, t_columns, t_values):
    """Transpose a sparse matrix whose rows are taken in the given order.

    order int64: the rows in use; row order[i] becomes column i. t_indptr int64 has one
    entry more than there are columns; t_columns and t_values have room for all entries.
    """
    t_indptr[:] = 0
    for row in order:
        for i in range(indptr[row], indptr[row + 1]):
            t_indptr[columns[i] + 1] += 1
    for column in range(len(t_indptr) - 1):
        t_indptr[column + 1] += t_indptr[column]
    free = t_indptr[:-1].copy()
    for new in range(len(order)):
        row = order[new]
        for i in range(indptr[row], indptr[row + 1]):
            place = free[columns[i]]
            free[columns[i]] += 1
            t_columns[place] = new
            t_values[place] = values[i]


@jit
def row_sums(indptr, counts, sums):
    """Write to sums float64 each row's sum of 1 + log(count)."""
    for row in range(len(sums)):
        total = 0.0
        for i in range(indptr[row], indptr[row + 1]):
            total += 1.0
            if counts[i] > 1:
                total += math.log(np.float64(counts[i]))
        sums[row] = total


@jit
def positive_pmi(indptr, columns, values, row_weight, column_weight, total):
    """Replace counts by positive pointwise mutual information, in place.

    row_weight and column_weight float64. Entries that are not positive are removed, and
    the others move together: indptr[-1] of them remain.
    """
    kept = 0
    start = 0
    for row in range(len(indptr) - 1):
        stop = indptr[row + 1]
        for i in range(start, stop):
            count = 1.0
            if values[i] > 1:
                count += math.log(np.float64(values[i]))
            column = columns[i]
            ratio = count * total / (row_weight[row] * column_weight[column])
            if ratio > 1.0 + ROUNDING:
                columns[kept] = column
                values[kept] = math.log(ratio)
                kept += 1
        indptr[row + 1] = kept
        start = stop


@jit
def multiply_rows(indptr, columns, values, dense, first, last, product):
    """Write the rows first to last of sparse @ dense to those of `product`.

    dense and product float32. Four terms at a time: a row of the product is loaded and
    stored once for all of them.
    """
    one, two, three = UNSIGNED(1), UNSIGNED(2), UNSIGNED(3)
    width = UNSIGNED(dense.shape[1])
    for row in range(UNSIGNED(first), UNSIGNED(last)):
        start, stop = UNSIGNED(indptr[row]), UNSIGNED(indptr[row + one])
        fours = start + ((stop - start) & ~three)
        out = product[row]
        out[:] = 0.0
        for i in range(start, fours, UNSIGNED(4)):
            a, b = values[i], values[i + one]
            c, d = values[i + two], values[i + three]
            w, x = dense[UNSIGNED(columns[i])], dense[UNSIGNED(columns[i + one])]
            y = dense[UNSIGNED(columns[i + two])]
            z = dense[UNSIGNED(columns[i + three])]
            for j in range(width):
                out[j] += (a * w[j] + b * x[j]) + (c * y[j] + d * z[j])
        for i in range(fours, stop):
            a, w = values[i], dense[UNSIGNED(columns[i])]
            for j in range(width):
                out[j] += a * w[j]


@jit
def _weight_of(weight, word, count):
    """Return (1 + log(count)) * weight[word]."""
    a = weight[UNSIGNED(word)]
    if count > 1:
        a *= 1.0 + math.log(np.float64(count))
    return a


@jit
def document_rows(indptr, words, counts, weight, vectors, first, last, out):
    """Write the unit vectors of the documents first to last to those rows of `out`.

    A document is the sum of (1 + log(count)) * weight[word] * vectors[word]; weight
    float64, vectors and out float32. One without any information stays zero.
    """
    one, two, three = UNSIGNED(1), UNSIGNED(2), UNSIGNED(3)
    width = UNSIGNED(vectors.shape[1])
    total = np.empty(vectors.shape[1])
    for row in range(UNSIGNED(first), UNSIGNED(last)):
        start, stop = UNSIGNED(indptr[row]), UNSIGNED(indptr[row + one])
        fours = start + ((stop - start) & ~three)
        total[:] = 0.0
        for i in range(start, fours, UNSIGNED(4)):
            a = _weight_of(weight, words[i], counts[i])
            b = _weight_of(weight, words[i + one], counts[i + one])
            c = _weight_of(weight, words[i + two], counts[i + two])
            d = _weight_of(weight, words[i + three], counts[i + three])
            w, x = vectors[UNSIGNED(words[i])], vectors[UNSIGNED(words[i + one])]
            y = vectors[UNSIGNED(words[i + two])]
            z = vectors[UNSIGNED(words[i + three])]
            for j in range(width):
                total[j] += (a * w[j] + b * x[j]) + (c * y[j] + d * z[j])
        for i in range(fours, stop):
            a = _weight_of(weight, words[i], counts[i])
            w = vectors[UNSIGNED(words[i])]
            for j in range(width):
                total[j] += a * w[j]
        square = 0.0
        for j in range(width):
            square += total[j] * total[j]
        scale = 1.0 / math.sqrt(square) if square > 0 else 0.0
        for j in range(width):
            out[row, j] = total[j] * scale

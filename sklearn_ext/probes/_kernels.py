"""Kernels of the naive Bayes probe: sums per class and squares, in one pass.

Rows come sorted by class: rows ``order[starts[k] : starts[k + 1]]`` are those of class
k, in the order of X. A task owns the positions lo to hi of `order`. It adds the sums of
a class that begins there to `sums`, and those of the class that began before to `head`,
so tasks write to disjoint memory; which tasks there are depends on the data only.
"""

import numpy as np

from sklearn_ext._core._numba import jit

# Rows whose sums may be kept in the precision of X.
FLUSH = 256
# Unsigned column numbers: for signed ones each access asks whether to count from the
# end, and the loop is not vectorised.
UNSIGNED = np.uintp


@jit
def sort_by_class(codes, n_classes):
    """Return `order` and `starts` for `codes`, int64 (n,) in [0, n_classes)."""
    starts = np.zeros(n_classes + 1, np.int64)
    for i in range(codes.size):
        starts[codes[i] + 1] += 1
    for k in range(n_classes):
        starts[k + 1] += starts[k]
    at = starts[:-1].copy()
    order = np.empty(codes.size, np.int64)
    for i in range(codes.size):
        k = codes[i]
        order[at[k]] = i
        at[k] += 1
    return order, starts


@jit
def _sum8(X, j, s, a, b, c, d, e, f, g, h):
    """Sum and sum of squares of X - s over eight rows in column j."""
    va = X[a, j] - s
    vb = X[b, j] - s
    vc = X[c, j] - s
    vd = X[d, j] - s
    ve = X[e, j] - s
    vf = X[f, j] - s
    vg = X[g, j] - s
    vh = X[h, j] - s
    total = ((va + vb) + (vc + vd)) + ((ve + vf) + (vg + vh))
    squares = ((va * va + vb * vb) + (vc * vc + vd * vd)) + (
        (ve * ve + vf * vf) + (vg * vg + vh * vh)
    )
    return total, squares


@jit
def _add_rows(X, order, t, stop, shift, part, part_squares):
    """Add X - shift over ``order[t:stop]`` to `part`, and its squares."""
    n_columns = UNSIGNED(X.shape[1])
    while t + 16 <= stop:
        a, b, c, d = order[t], order[t + 1], order[t + 2], order[t + 3]
        e, f, g, h = order[t + 4], order[t + 5], order[t + 6], order[t + 7]
        i, k, m, n = order[t + 8], order[t + 9], order[t + 10], order[t + 11]
        p, q, r, u = order[t + 12], order[t + 13], order[t + 14], order[t + 15]
        for j in range(n_columns):
            s = shift[j]
            first, first_squares = _sum8(X, j, s, a, b, c, d, e, f, g, h)
            second, second_squares = _sum8(X, j, s, i, k, m, n, p, q, r, u)
            part[j] += first + second
            part_squares[j] += first_squares + second_squares
        t += 16
    while t + 4 <= stop:
        a, b, c, d = order[t], order[t + 1], order[t + 2], order[t + 3]
        for j in range(n_columns):
            s = shift[j]
            va = X[a, j] - s
            vb = X[b, j] - s
            vc = X[c, j] - s
            vd = X[d, j] - s
            part[j] += (va + vb) + (vc + vd)
            part_squares[j] += (va * va + vb * vb) + (vc * vc + vd * vd)
        t += 4
    while t < stop:
        a = order[t]
        for j in range(n_columns):
            va = X[a, j] - shift[j]
            part[j] += va
            part_squares[j] += va * va
        t += 1


@jit
def _flush(part, part_squares, sums, row, squares):
    """Add the partial sums to row `row` of `sums` and to `squares`, and empty them."""
    for j in range(UNSIGNED(part.size)):
        sums[row, j] += part[j]
        part[j] = 0
    for j in range(UNSIGNED(part.size)):
        squares[j] += part_squares[j]
        part_squares[j] = 0


@jit
def add_plain(X, order, starts, lo, hi, shift, sums, head, squares):
    """Add unweighted rows.

    X (n, d) and shift (d,) are of one dtype, float32 or float64; sums (n_classes, d),
    head (1, d) and squares (d,) are float64; all C-contiguous.
    """
    part = np.zeros(X.shape[1], X.dtype)
    part_squares = np.zeros(X.shape[1], X.dtype)
    k = np.searchsorted(starts, lo, side="right") - 1
    t = lo
    while t < hi:
        while starts[k + 1] <= t:
            k += 1
        end = min(starts[k + 1], hi)
        while t < end:
            stop = min(t + FLUSH, end)
            _add_rows(X, order, t, stop, shift, part, part_squares)
            if starts[k] < lo:
                _flush(part, part_squares, head, 0, squares)
            else:
                _flush(part, part_squares, sums, k, squares)
            t = stop


@jit
def add_weighted(X, weight, order, starts, lo, hi, shift, sums, head, squares):
    """Add weighted rows; weight and shift are float64, the rest as in `add_plain`."""
    n_columns = UNSIGNED(X.shape[1])
    part = np.zeros(X.shape[1])
    part_squares = np.zeros(X.shape[1])
    k = np.searchsorted(starts, lo, side="right") - 1
    t = lo
    while t < hi:
        while starts[k + 1] <= t:
            k += 1
        end = min(starts[k + 1], hi)
        while t < end:
            i = order[t]
            w = weight[i]
            for j in range(n_columns):
                v = X[i, j] - shift[j]
                part[j] += w * v
                part_squares[j] += w * v * v
            t += 1
        if starts[k] < lo:
            _flush(part, part_squares, head, 0, squares)
        else:
            _flush(part, part_squares, sums, k, squares)


@jit
def add_observed(X, weight, codes, shift, lo, hi, sums, observed, squares):
    """Add the entries of columns lo to hi that are not NaN, all rows in order.

    X (n, d) is float32 or float64; sums and observed (n_classes, d) and the others are
    float64. Tasks own columns.
    """
    lo = UNSIGNED(lo)
    hi = UNSIGNED(hi)
    for i in range(X.shape[0]):
        k = codes[i]
        w = weight[i]
        for j in range(lo, hi):
            v = X[i, j] - shift[j]
            seen = v == v
            v = v if seen else 0.0
            n = w if seen else 0.0
            sums[k, j] += w * v
            squares[j] += w * v * v
            observed[k, j] += n


@jit
def add_stored(data, indices, indptr, weight, codes, sums, stored):
    """Add the stored entries of a CSR matrix, unshifted, and their weights.

    data is float32 or float64, indices int32, indptr int64; sums and stored
    (n_classes, d) are float64.
    """
    for i in range(codes.size):
        k = codes[i]
        w = weight[i]
        for p in range(indptr[i], indptr[i + 1]):
            j = indices[p]
            sums[k, j] += w * np.float64(data[p])
            stored[k, j] += w


@jit
def add_stored_squares(data, indices, indptr, weight, codes, means, squares):
    """Add w (x - mean of the class)^2 over the stored entries to `squares` (d,)."""
    for i in range(codes.size):
        k = codes[i]
        w = weight[i]
        for p in range(indptr[i], indptr[i + 1]):
            j = indices[p]
            v = np.float64(data[p]) - means[k, j]
            squares[j] += w * v * v


@jit
def explained_squares(sums, share):
    """Return the sum over the classes of share * sums^2, (d,).

    sums (n_classes, d) and share (n_classes,), 1 / count or 0, are float64.
    """
    explained = np.zeros(sums.shape[1])
    for k in range(sums.shape[0]):
        for j in range(UNSIGNED(sums.shape[1])):
            explained[j] += sums[k, j] * sums[k, j] * share[k]
    return explained


@jit
def write_rows(sums, share, offset, centre, precision, weights, half):
    """Write the linear rule of complete data, all float64 and C-contiguous.

    weights (n_classes, d) and half (n_classes,) are written: with the class mean m less
    the centre, they are m * precision and half of the sum of m * precision * (m + 2 *
    centre); 0 for a class of share 0.
    """
    n_columns = UNSIGNED(sums.shape[1])
    lanes = UNSIGNED(8)  # sums side by side, which the processor adds at once
    for k in range(sums.shape[0]):
        weights[k, :] = 0.0
        half[k] = 0.0
        if share[k] == 0.0:
            continue
        total = np.zeros(8)
        last = n_columns // lanes * lanes
        for start in range(UNSIGNED(0), last, lanes):
            for lane in range(lanes):
                j = start + lane
                mean = sums[k, j] * share[k] - offset[j]
                weight = mean * precision[j]
                weights[k, j] = weight
                total[lane] += weight * (mean + 2 * centre[j])
        for j in range(last, n_columns):
            mean = sums[k, j] * share[k] - offset[j]
            weights[k, j] = mean * precision[j]
            total[0] += weights[k, j] * (mean + 2 * centre[j])
        half[k] = 0.5 * total.sum()

"""Kernel of the adjust step: the most likely class mixture of each row, by EM.

Many rows are worked on side by side, one per lane, so that the inner loops are vector
instructions. A row that has converged hands its lane to the next one; no lane reads
another, so the result of a row depends on nothing but the row.
"""

import numpy as np

from sklearn_ext._core._numba import jit

# So many that the loops over lanes are long; those of a few dozen domains and classes
# still fit into the second cache.
LANES = 256
# Unsigned numbers of rows and columns: for signed ones each access asks whether to
# count from the end, and the loop is not vectorised.
UNSIGNED = np.uintp
# Keeps the mixture of a row that no class explains from being 0 / 0.
GUARD = 1e-12
TINY = 1e-300


@jit
def _multiply(matrix, lanes, start, product):
    """Write start + matrix @ lanes into `product`.

    Two rows and four terms at a time: what is loaded serves as often as may be.
    """
    one, two, four = UNSIGNED(1), UNSIGNED(2), UNSIGNED(4)
    n_lanes = UNSIGNED(lanes.shape[1])
    n_rows, n_terms = UNSIGNED(matrix.shape[0]), UNSIGNED(matrix.shape[1])
    n_pairs, n_fours = n_rows // two * two, n_terms // four * four
    product[:] = start
    for i in range(UNSIGNED(0), n_pairs, two):
        upper, lower = product[i], product[i + one]
        for j in range(UNSIGNED(0), n_fours, four):
            a, b = matrix[i, j], matrix[i, j + one]
            c, d = matrix[i, j + two], matrix[i, j + two + one]
            e, f = matrix[i + one, j], matrix[i + one, j + one]
            g, h = matrix[i + one, j + two], matrix[i + one, j + two + one]
            x, y = lanes[j], lanes[j + one]
            z, w = lanes[j + two], lanes[j + two + one]
            for lane in range(n_lanes):
                p, q, r, s = x[lane], y[lane], z[lane], w[lane]
                upper[lane] += (a * p + b * q) + (c * r + d * s)
                lower[lane] += (e * p + f * q) + (g * r + h * s)
        for j in range(n_fours, n_terms):
            a, e, x = matrix[i, j], matrix[i + one, j], lanes[j]
            for lane in range(n_lanes):
                upper[lane] += a * x[lane]
                lower[lane] += e * x[lane]
    for i in range(n_pairs, n_rows):
        row = product[i]
        for j in range(n_terms):
            a, x = matrix[i, j], lanes[j]
            for lane in range(n_lanes):
                row[lane] += a * x[lane]


@jit
def _step(p, p_d_given_y, p_y_given_d, q, ratio, gain, scale, change):
    """Take one EM step of the mixtures q; write how far each lane went to `change`."""
    n_lanes = UNSIGNED(q.shape[1])
    _multiply(p_d_given_y, q, GUARD, ratio)
    for d in range(UNSIGNED(p.shape[0])):
        for lane in range(n_lanes):
            ratio[d, lane] = p[d, lane] / ratio[d, lane]
    _multiply(p_y_given_d, ratio, 0.0, gain)
    scale[:] = 0.0
    for y in range(UNSIGNED(q.shape[0])):
        for lane in range(n_lanes):
            gain[y, lane] *= q[y, lane]
            scale[lane] += gain[y, lane]
    for lane in range(n_lanes):
        scale[lane] = 1.0 / max(scale[lane], TINY)
    change[:] = 0.0
    for y in range(UNSIGNED(q.shape[0])):
        for lane in range(n_lanes):
            new = gain[y, lane] * scale[lane]
            change[lane] = max(change[lane], abs(new - q[y, lane]))
            q[y, lane] = new


@jit
def em_rows(posteriors, p_d_given_y, max_iter, tol, lo, hi, mixtures):
    """Write the mixtures of rows lo to hi; return the most steps that a row took.

    posteriors (n, n_domains), p_d_given_y (n_domains, n_classes) and mixtures
    (n, n_classes) are float64 and C-contiguous. Time is O(steps * n_domains *
    n_classes) per row.
    """
    n_domains, n_classes = p_d_given_y.shape
    p_y_given_d = np.ascontiguousarray(p_d_given_y.T)
    p = np.full((n_domains, LANES), 1.0 / n_domains)
    q = np.full((n_classes, LANES), 1.0 / n_classes)
    ratio = np.empty((n_domains, LANES))
    gain = np.empty((n_classes, LANES))
    scale = np.empty(LANES)
    change = np.empty(LANES)
    row = np.full(LANES, -1)
    step = np.zeros(LANES, np.int64)
    n_open, following, most = 0, lo, 0
    for lane in range(min(LANES, hi - lo)):
        row[lane] = following
        p[:, lane] = posteriors[following]
        following += 1
        n_open += 1
    while n_open > 0:
        _step(p, p_d_given_y, p_y_given_d, q, ratio, gain, scale, change)
        for lane in range(LANES):
            step[lane] += 1
            if row[lane] < 0 or (change[lane] >= tol and step[lane] < max_iter):
                continue
            mixtures[row[lane]] = q[:, lane]
            most = max(most, step[lane])
            q[:, lane] = 1.0 / n_classes
            step[lane] = 0
            if following < hi:
                row[lane] = following
                p[:, lane] = posteriors[following]
                following += 1
            else:
                row[lane] = -1
                n_open -= 1
    return most

"""Statistics of rows of any kind, in one pass and the same for any number of threads.

Few numbers are summed by NumPy: loading a compiler would cost more than the sums.
"""

import numpy as np
from scipy import sparse

from ._arrays import check_finite, dense_blocks
from ._statistics import Statistics, dense_statistics, first_shift, one_hot

__all__ = ["LARGE", "n_threads", "statistics_of"]

# Numbers in X from which on kernels sum them.
LARGE = 100_000
# Rows of an uncopied block are read in the order of their classes: a block of a file
# has to stay in memory meanwhile.
UNCOPIED_BYTES = 2**28
# Tasks a block is cut into; a fixed number, so that threads cannot change the sums.
N_TASKS = 16


def statistics_of(X, codes, weight, n_classes, *, shift=None, allow_nan, n_jobs):
    """Return the `Statistics` of some rows.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    codes : ndarray of int of shape (n_samples,)
    weight : ndarray of float64 of shape (n_samples,) or None
    n_classes : int
    shift : ndarray of float64 of shape (n_features,) or None
        None takes it from the first rows.
    allow_nan : bool
        Whether NaN is a missing entry, or an error.
    n_jobs : int or None

    Raises
    ------
    ValueError
        scikit-learn's for infinity and NaN; ours for squares that overflow.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # found by their result
        found = _sum(X, codes, weight, n_classes, shift, allow_nan, n_jobs)
    if not np.isfinite(found.squares).all():
        raise ValueError(
            "X holds numbers so large that their squares are infinite; scale it down."
        )
    return found


def _sum(X, codes, weight, n_classes, shift, allow_nan, n_jobs):
    """Return the `Statistics`, with squares that may be infinite."""
    if X.shape[0] * X.shape[1] < LARGE:
        check_finite(X, allow_nan)
        X = X.toarray() if sparse.issparse(X) else X
        if shift is None:
            shift = first_shift(X, allow_nan)
        return dense_statistics(X, codes, weight, n_classes, shift)
    if sparse.issparse(X):
        check_finite(X, allow_nan)
        return _sparse_statistics(X, codes, weight, n_classes, shift)
    if shift is None:
        shift = first_shift(X, allow_nan)
    from sklearn_ext._core._numba import Workers

    count = np.bincount(codes, weight, n_classes).astype(np.float64)
    with Workers(n_threads(n_jobs)) as workers:
        for dtype in (np.float32, np.float64):
            if dtype == np.float32 and X.dtype == np.float64:
                continue
            found = _sum_sorted(X, dtype, codes, weight, count, shift, workers)
            if np.isfinite(found.squares).all():
                return found
            check_finite(X, allow_nan)
            if allow_nan and np.isnan(found.sums).any():
                return _sum_observed(X, codes, weight, count, shift, workers)
    return found


def n_threads(n_jobs):
    """Return the number of threads; for None those that numba uses now."""
    import numba

    from sklearn_ext._core._numba import Workers

    return numba.get_num_threads() if n_jobs is None else Workers(n_jobs).n_threads


def _sum_sorted(X, dtype, codes, weight, count, shift, workers):
    """Sum complete rows class by class; not finite if an entry is not."""
    from ._kernels import add_plain, add_weighted, sort_by_class

    n_classes, d = len(count), X.shape[1]
    sums = np.zeros((n_classes, d))
    squares = np.zeros(d)
    kernel = add_plain if weight is None else add_weighted
    if weight is None:  # this kernel subtracts in the precision of X
        shift = shift.astype(dtype)
    uncopied = len(X)
    if _lies_in_file(X):
        uncopied = max(1, UNCOPIED_BYTES // (d * X.itemsize))
    for rows, block in dense_blocks(X, dtype, uncopied):
        order, starts = sort_by_class(codes[rows], n_classes)
        edges = np.linspace(0, len(block), N_TASKS + 1).astype(np.int64)
        heads = np.zeros((N_TASKS, 1, d))
        partial = np.zeros((N_TASKS, d))
        data = (_plain(block),) + (() if weight is None else (_plain(weight[rows]),))
        data += (order, starts)

        def task(i, data=data, edges=edges, heads=heads, partial=partial):
            ends = edges[i], edges[i + 1]
            kernel(*data, *ends, shift, sums, heads[i], partial[i])

        workers.map(task, range(N_TASKS))
        first = np.searchsorted(starts, edges[:-1], side="right") - 1
        for k, head in zip(first.tolist(), heads[:, 0], strict=True):
            if k < n_classes:
                sums[k] += head
        for part in partial:
            squares += part
    return Statistics(count, sums, squares, shift.astype(np.float64))


def _lies_in_file(array):
    """Whether an array is, or is a view of, a memory-mapped file."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


def _plain(array):
    from sklearn_ext._core._arrays import plain_array

    return plain_array(array)


def _sum_observed(X, codes, weight, count, shift, workers):
    """Sum the entries that are not NaN."""
    from ._kernels import add_observed

    n_classes, d = len(count), X.shape[1]
    sums = np.zeros((n_classes, d))
    observed = np.zeros((n_classes, d))
    squares = np.zeros(d)
    weight = np.ones(len(X)) if weight is None else weight
    dtype = np.float64 if X.dtype == np.float64 else np.float32
    for rows, block in dense_blocks(X, dtype):
        what = (_plain(block), _plain(weight[rows]), codes[rows], shift)

        def task(columns, what=what):
            add_observed(*what, columns.start, columns.stop, sums, observed, squares)

        workers.map(task, workers.slices(d))
    return Statistics(count, sums, squares, shift, observed)


def _sparse_statistics(X, codes, weight, n_classes, shift):
    """Sum the stored entries of CSR; an entry that is not stored is 0."""
    from ._kernels import add_stored, add_stored_squares

    count = np.bincount(codes, weight, n_classes).astype(np.float64)
    observed = None
    missing = np.isnan(X.data)
    if missing.any():
        holes = sparse.csr_array((missing.astype(np.float64), X.indices, X.indptr))
        holes.resize(X.shape)
        lost = (one_hot(codes, weight, n_classes) @ holes).toarray()
        observed = count[:, np.newaxis] - lost
        X = X.copy()
        X.data[missing] = 0  # counted as stored zeros below, and taken out
    indices = _plain(X.indices.astype(np.int32, copy=False))
    indptr = _plain(X.indptr.astype(np.int64, copy=False))
    weight = np.ones(len(codes)) if weight is None else _plain(weight)
    sums = np.zeros((n_classes, X.shape[1]))
    stored = np.zeros_like(sums)
    entries = (_plain(X.data), indices, indptr, weight, codes)
    add_stored(*entries, sums, stored)
    n = np.broadcast_to(
        count[:, np.newaxis] if observed is None else observed, sums.shape
    )
    means = np.divide(sums, n, out=np.zeros_like(sums), where=n > 0)
    within = np.zeros(X.shape[1])
    add_stored_squares(*entries, means, within)
    # What is not stored is 0; missing entries were added as stored zeros.
    within += ((n - stored) * means**2).sum(axis=0)
    if shift is None:
        total = n.sum(axis=0)
        shift = np.divide(
            sums.sum(axis=0), total, out=np.zeros_like(total), where=total > 0
        )
    squares = within + (n * (means - shift) ** 2).sum(axis=0)
    return Statistics(count, sums - n * shift, squares, shift, observed)

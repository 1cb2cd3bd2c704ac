"""Nested training subsets of a learning curve, each with a row of every class."""

from itertools import pairwise
from numbers import Integral, Real

import numpy as np

__all__ = ["check_train_sizes", "nested_order"]

N_REDRAWS = 100
# So many classes missing on average, and a hundred draws find none without a gap.
HOPELESS = 20
N_AUTO_SIZES = 8
SMALLEST_AUTO_SIZE = 20


def _n_rows(size, n_pool):
    """Turn one training size, a number of rows or a share of them, into rows."""
    if isinstance(size, Integral) and not isinstance(size, bool | np.bool_):
        return int(size)
    if isinstance(size, Real) and not isinstance(size, Integral) and 0 < size <= 1:
        return round(float(size) * n_pool)
    raise ValueError(
        f"train_sizes holds {size!r}. Each size is an int, a number of rows, or a "
        f"float in (0, 1], a share of the {n_pool} training rows."
    )


def check_train_sizes(train_sizes, n_pool, n_classes):
    """Return the training sizes as ascending numbers of rows.

    Parameters
    ----------
    train_sizes : sequence of int or float, or "auto"
    n_pool, n_classes : int
        Number of training rows, and of their classes.
    """
    if isinstance(train_sizes, str):
        if train_sizes != "auto":
            raise ValueError(
                f"train_sizes={train_sizes!r} is not known. Use 'auto' or a sequence "
                f"of numbers of rows."
            )
        smallest = min(max(n_classes, SMALLEST_AUTO_SIZE), n_pool)
        return np.unique(np.geomspace(smallest, n_pool, N_AUTO_SIZES).round()).astype(
            np.int64
        )
    if np.ndim(train_sizes) != 1 or np.size(train_sizes) == 0:
        raise ValueError(
            f"train_sizes={train_sizes!r} has to be 'auto' or a sequence of at least "
            f"one size."
        )
    sizes = [_n_rows(size, n_pool) for size in train_sizes]
    for size in sizes:
        if size < n_classes:
            raise ValueError(
                f"train_sizes holds {size} rows, fewer than the {n_classes} classes: "
                f"each class needs one. Use sizes from {n_classes} on."
            )
        if size > n_pool:
            raise ValueError(
                f"train_sizes holds {size} rows, and there are only {n_pool} training "
                f"rows. Use sizes up to {n_pool}, or a smaller test set."
            )
    for smaller, size in pairwise(sizes):
        if size <= smaller:
            raise ValueError(
                f"train_sizes is not increasing: {size} rows come after {smaller}."
            )
    return np.array(sizes, dtype=np.int64)


def _proportional_order(codes, rng):
    """Order rows so that every prefix has the shares of the classes.

    The j-th row of a class of n comes at (j + 1/2) / n, as seats are given to parties
    by the method of Sainte-Laguë. Rows of a class, and classes that tie, are shuffled.
    """
    shuffled = rng.permutation(len(codes))
    counts = np.bincount(codes)
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    rank = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = (rank + 0.5) / np.repeat(counts, counts)
    return by_class[np.lexsort((rng.permutation(len(codes)), place))]


def _bring_in_missing_classes(order, codes, n_classes, smallest):
    """Exchange rows until the smallest prefix has all classes; return how many."""
    counts = np.bincount(codes[order[:smallest]], minlength=n_classes)
    missing = np.flatnonzero(counts == 0)
    for label in missing:
        arrival = smallest + np.argmax(codes[order[smallest:]] == label)
        largest = counts.argmax()
        leaving = np.flatnonzero(codes[order[:smallest]] == largest)[-1]
        order[[leaving, arrival]] = order[[arrival, leaving]]
        counts[[label, largest]] += 1, -1
    return len(missing)


def nested_order(codes, n_classes, smallest, sampling, rng):
    """Order the rows of a pool; its prefixes are the training subsets.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,), int64
        Class of each row.
    n_classes : int
    smallest : int
        Rows of the smallest subset, at least `n_classes`.
    sampling : {"random", "stratified"}
    rng : RandomState

    Returns
    -------
    order : ndarray of shape (n_rows,), int64
        A permutation of the rows.
    n_exchanged : int
        Rows that were exchanged to have all classes in the smallest subset.
    """
    if sampling == "stratified":
        order = _proportional_order(codes, rng)
    else:
        absent = (1 - np.bincount(codes, minlength=n_classes) / len(codes)) ** smallest
        for _ in range(N_REDRAWS if absent.sum() < HOPELESS else 1):
            order = rng.permutation(len(codes))
            if len(np.unique(codes[order[:smallest]])) == n_classes:
                break
    return order, _bring_in_missing_classes(order, codes, n_classes, smallest)

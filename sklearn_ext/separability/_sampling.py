"""Which rows are used."""

import copy
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["draw_rows", "number_of_rows", "unchanged"]


def number_of_rows(max_samples, n_samples):
    """Return how many of the rows `max_samples` asks for, at least 2."""
    if max_samples is None:
        return n_samples
    if not isinstance(max_samples, Integral):
        return max(2, round(max_samples * n_samples))
    if max_samples > n_samples:
        raise ValueError(
            f"max_samples={max_samples} must be at most n_samples={n_samples}, since "
            f"rows are drawn without replacement. Pass a smaller number, a float for a "
            f"share of the rows, or None for all of them."
        )
    return int(max_samples)


def draw_rows(n_samples, n_used, n_subsamples, random_state):
    """Yield the ascending indices of each subsample."""
    random = check_random_state(random_state)
    for _ in range(n_subsamples):
        if n_used == n_samples:
            yield np.arange(n_samples)
        else:
            yield np.sort(random.permutation(n_samples)[:n_used])


def unchanged(random_state):
    """Return a random state whose use leaves that of the caller alone."""
    return copy.deepcopy(random_state)

"""Adjust: class posteriors of rows, by domain, by prior, and for a new domain."""

import numpy as np

from sklearn_ext._core._arrays import plain_array

__all__ = [
    "adjust",
    "as_probabilities",
    "check_class_prior",
    "domains_given_classes",
    "frequencies",
    "log_explained",
]

# Change of a class posterior below which a row, or a prior, has converged.
TOL = 1e-7
# Rows of one task of the kernel.
BLOCK = 2048
# Smallest probability that is taken the logarithm of.
SMALLEST = np.finfo(np.float64).eps


def domains_given_classes(p_y_given_d):
    """Return p(d | y), (r, k), of equally frequent domains from p(y | d), (k, r)."""
    total = p_y_given_d.sum(axis=1, keepdims=True)
    return np.ascontiguousarray((p_y_given_d / np.where(total > 0, total, 1e-8)).T)


def adjust(posteriors, p_d_given_y, method, max_iter, n_jobs):
    """Return p(y | x) for equally frequent domains, and the steps of the slowest row.

    Parameters
    ----------
    posteriors : ndarray of shape (n, r)
        p(d | x) for equally frequent domains.
    p_d_given_y : ndarray of shape (r, k)
    method : {"em", "pinv"}
        The most likely point on the simplex, or the least squares solution, which may
        be negative.
    max_iter : int
    n_jobs : int or None
    """
    if method == "pinv":
        return posteriors @ np.linalg.pinv(p_d_given_y).T, 1
    from sklearn_ext._core._numba import Workers

    from ._kernels import em_rows

    posteriors, p_d_given_y = plain_array(posteriors), plain_array(p_d_given_y)
    mixtures = np.empty((len(posteriors), p_d_given_y.shape[1]))

    def run(lo):
        hi = min(lo + BLOCK, len(posteriors))
        return em_rows(posteriors, p_d_given_y, max_iter, TOL, lo, hi, mixtures)

    with Workers(n_jobs) as workers:
        steps = workers.map(run, range(0, len(posteriors), BLOCK))
    return mixtures, max(steps, default=0)


def as_probabilities(rows):
    """Clip rows at 0 and divide them by their sums; a zero row becomes uniform."""
    rows = np.maximum(rows, 0)
    total = rows.sum(axis=1, keepdims=True)
    np.divide(rows, total, out=rows, where=total > 0)
    rows[total[:, 0] <= 0] = 1 / rows.shape[1]
    return rows


def check_class_prior(class_prior, n_classes):
    """Return a class prior as float64; ValueError if it is no distribution."""
    try:
        prior = np.asarray(class_prior, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"class_prior must hold numbers: {error}.") from error
    if prior.shape != (n_classes,):
        raise ValueError(
            f"class_prior has shape {prior.shape}, but must be ({n_classes},): one "
            f"frequency for each class."
        )
    if not (prior >= 0).all():
        raise ValueError(
            f"class_prior must not be negative or NaN, got {prior.tolist()}."
        )
    if not np.isclose(prior.sum(), 1):
        raise ValueError(
            f"class_prior must sum to 1, but {prior.tolist()} sums to "
            f"{prior.sum():.6g}. Divide it by its sum."
        )
    return prior


def frequencies(class_posteriors, mixture, max_iter):
    """Return the class prior (k,) of a new domain under which its rows are likeliest.

    Parameters
    ----------
    class_posteriors : ndarray of shape (n, k)
        p(y | x) if the prior of the classes is `mixture`.
    mixture : ndarray of shape (k,)
    max_iter : int
    """
    prior = mixture
    for _ in range(max_iter):
        new = as_probabilities(class_posteriors * (prior / mixture)).mean(axis=0)
        change = np.abs(new - prior).max()
        prior = new
        if change < TOL:
            break
    return prior


def log_explained(class_posteriors, p_d_given_y, codes):
    """Return the logarithm of the probability of the domain of each row, (n,)."""
    explained = np.einsum("ij,ij->i", class_posteriors, p_d_given_y[codes])
    return np.log(np.maximum(explained, SMALLEST))

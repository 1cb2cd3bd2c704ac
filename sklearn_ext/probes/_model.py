"""From statistics to the linear rule of the tied Gaussian model."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = [
    "Fit",
    "Model",
    "class_means",
    "fit_statistics",
    "inverse",
    "linear_rows",
    "log_priors",
]

# Means of classes from which on kernels are worth their loading: they go with data
# whose sums have loaded them.
LARGE = 100_000


@dataclass(frozen=True)
class Model:
    """Class means about their common centre, and one variance per feature.

    The score of class k is ``log_prior[k] + (x - centre) @ (means[k] / var)`` less half
    of ``means[k] @ (means[k] / var)``. Missing features drop out of both sums.

    Parameters
    ----------
    log_prior : ndarray of float64 of shape (n_classes,)
        -inf for a class without data.
    means : ndarray of float64 of shape (n_classes, n_features)
        Class means less the centre, 0 for a class without data.
    centre : ndarray of float64 of shape (n_features,)
    precision : ndarray of float64 of shape (n_features,)
        1 / variance, 0 for a feature without variance.
    """

    log_prior: np.ndarray
    means: np.ndarray
    centre: np.ndarray
    precision: np.ndarray

    def rows(self):
        """Return weights (n_classes, n_features) and intercepts for x as it is."""
        weights = self.means * self.precision
        half = 0.5 * np.einsum("kj,kj->k", weights, self.means)
        return weights, self.log_prior - half - weights @ self.centre

    def penalties(self):
        """Return what a class with a missing feature gets back, (n_classes, d)."""
        return 0.5 * self.means**2 * self.precision


def linear_rows(weights, intercept):
    """Return `coef_` and `intercept_`: one row for two classes, else one per class."""
    if len(weights) != 2:
        return weights, intercept
    return weights[1:] - weights[:1], intercept[1:] - intercept[:1]


def check_priors(priors, n_classes):
    """Return `priors` as an array, or None if they are the class weights."""
    if priors is None:
        return None
    if isinstance(priors, str):
        return np.full(n_classes, 1 / n_classes)
    priors = np.array(priors, np.float64)  # the user's may change
    if priors.shape != (n_classes,):
        raise ValueError(
            f"priors has shape {priors.shape}, but there are C={n_classes} classes; "
            f"give one probability per class in the order of classes_."
        )
    total = priors.sum()
    if not (priors >= 0).all() or not abs(total - 1) <= 1e-8:
        raise ValueError(
            f"priors must be non-negative and sum to 1, but its sum is {total} and its "
            f"smallest entry {priors.min()}, for C={n_classes} classes. Divide it by "
            f"its sum, or use 'uniform'."
        )
    return priors


@dataclass(frozen=True)
class Fit:
    """What all shrinkages of the variance have in common.

    Parameters
    ----------
    statistics : Statistics
    prior, log_prior : ndarray of float64 of shape (n_classes,)
    offset, centre : ndarray of float64 of shape (n_features,)
        The mean of all rows, from the shift of the statistics and from 0.
    raw_var : ndarray of float64 of shape (n_features,)
        Shared variance before shrinkage and floor.
    is_known : ndarray of bool of shape (n_features,)
        Features that were observed at all.
    epsilon : float
        The floor.
    """

    statistics: Any
    prior: np.ndarray
    log_prior: np.ndarray
    offset: np.ndarray
    centre: np.ndarray
    raw_var: np.ndarray
    is_known: np.ndarray
    epsilon: float

    def variance(self, shrinkage):
        """Return the variance that scores are divided by, float64 (n_features,)."""
        var = self.raw_var
        if shrinkage > 0 and self.is_known.any():
            var = (1 - shrinkage) * var + shrinkage * var[self.is_known].mean()
        return var + self.epsilon

    @cached_property
    def means(self):
        """Class means less the centre, float64 (n_classes, n_features)."""
        return deviations(self.statistics, self.offset)

    def model(self, shrinkage):
        """Return the `Model` with a shrinkage."""
        precision = inverse(self.variance(shrinkage))
        return Model(self.log_prior, self.means, self.centre, precision)

    def rows(self, shrinkage):
        """Return what `Model.rows` does, for many classes without the means."""
        statistics = self.statistics
        if not is_large(statistics):
            return self.model(shrinkage).rows()
        from ._kernels import write_rows

        weights = np.empty_like(statistics.sums)
        half = np.empty(len(weights))
        write_rows(
            statistics.sums,
            inverse(statistics.count),
            self.offset,
            self.centre,
            inverse(self.variance(shrinkage)),
            weights,
            half,
        )
        return weights, self.log_prior - half

    def attributes(self, shrinkage):
        """Return the fitted attributes, without the linear rule, as a dict."""
        return {
            "class_count_": self.statistics.count.copy(),
            "class_prior_": self.prior,
            "var_": self.variance(shrinkage),
            "epsilon_": float(self.epsilon),
            "shrinkage_": float(shrinkage),
            "_centre_": self.centre,
        }


def is_large(statistics):
    """Tell whether all classes are complete, and kernels are faster than NumPy."""
    return statistics.observed is None and statistics.sums.size >= LARGE


def deviations(statistics, offset):
    """Return means of classes, from the shift, less the offset of the centre.

    A class is neutral, 0, in a feature that it never showed.
    """
    entries = statistics.entries()
    is_seen = entries > 0
    means = statistics.sums / np.where(is_seen, entries, 1.0) - offset
    return means if is_seen.all() else np.where(is_seen, means, 0.0)


def class_means(statistics, centre):
    """Return the means of the classes, 0 for one without data."""
    theta = deviations(statistics, centre - statistics.shift) + centre
    theta[statistics.count <= 0] = 0.0
    return theta


def inverse(var):
    """Return 1 / var, and 0 for a feature without variance: it gets no weight.

    Also for counts, and classes without data.
    """
    precision = np.zeros_like(var)
    np.divide(1.0, var, out=precision, where=var > np.finfo(np.float64).tiny)
    return precision


def log_priors(prior, count):
    """Return the logarithms of the priors, -inf for classes without data."""
    usable = (count > 0) & (prior > 0)
    result = np.full(len(count), -np.inf)
    result[usable] = np.log(prior[usable])
    return result


def _squares(statistics):
    """Return entries per feature, and sums of squares within classes and in all."""
    entries = np.broadcast_to(statistics.entries(), statistics.sums.shape)
    if not is_large(statistics):
        return entries.sum(axis=0), statistics.within(), statistics.total()
    from ._kernels import explained_squares

    n = statistics.count.sum()
    explained = explained_squares(statistics.sums, inverse(statistics.count))
    total = statistics.squares - statistics.sums.sum(axis=0) ** 2 / n
    return np.full(len(explained), n), statistics.squares - explained, total


def fit_statistics(statistics, *, priors, var_smoothing):
    """Return the `Fit` to statistics.

    Raises ValueError if `priors` does not suit the classes.
    """
    count = statistics.count
    prior = check_priors(priors, len(count))
    if prior is None:
        prior = count / count.sum()
    log_prior = log_priors(prior, count)
    if np.isinf(log_prior).all():
        raise ValueError(
            "priors gives no probability to a class that has data, so nothing could be "
            "predicted; use priors='uniform' or None."
        )
    n_entries, within, total = _squares(statistics)
    is_known = n_entries > 0
    n_safe = np.where(is_known, n_entries, 1.0)
    offset = statistics.sums.sum(axis=0) / n_safe  # of the centre from the shift
    centre = statistics.shift + offset
    # What rounding leaves of the squares of a constant feature is no variance.
    eps = np.finfo(np.float64).eps
    noise = np.maximum((4 * eps * centre) ** 2, 64 * eps * statistics.gross / n_safe)
    var, spread = (
        np.where(is_known & (squares / n_safe > noise), squares / n_safe, 0.0)
        for squares in (within, total)
    )
    largest = spread.max()
    return Fit(
        statistics,
        prior,
        log_prior,
        offset,
        centre,
        var,
        is_known,
        var_smoothing * (largest if largest > 0 else 1.0),
    )

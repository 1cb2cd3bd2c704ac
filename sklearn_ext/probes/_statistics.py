"""What the tied Gaussian model keeps of its data: counts, class sums, squares.

All about a fixed shift a: N_k, S_k = sum w (x - a) and Q = sum w (x - a)^2. They add
up, so a model can be fed in parts, merged and made to forget.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from sklearn_ext._core._arrays import as_host

__all__ = [
    "FLUSH",
    "Statistics",
    "dense_statistics",
    "first_shift",
    "one_hot",
]

# Rows whose mean is the shift.
SHIFT_ROWS = 256
# Rows whose sums may be kept in single precision.
FLUSH = 256


@dataclass(frozen=True)
class Statistics:
    """Sufficient statistics; never changed in place.

    Parameters
    ----------
    count : ndarray of float64 of shape (n_classes,)
        Summed weights N_k.
    sums : ndarray of float64 of shape (n_classes, n_features)
        Weighted sums of x - shift.
    squares : ndarray of float64 of shape (n_features,)
        Weighted sums of (x - shift)^2 over all classes.
    shift : ndarray of float64 of shape (n_features,)
    observed : ndarray of float64 of shape (n_classes, n_features) or None
        Weights of the entries that are not missing; None if none is missing.
    gross : ndarray of float64 of shape (n_features,) or None
        The squares of all rows that ever came, also of those that went: what rounding
        errors of `squares` are measured by. None takes `squares`.
    """

    count: np.ndarray
    sums: np.ndarray
    squares: np.ndarray
    shift: np.ndarray
    observed: np.ndarray | None = None
    gross: np.ndarray | None = None

    def __post_init__(self):
        if self.gross is None:
            object.__setattr__(self, "gross", self.squares)

    def entries(self):
        """Return the weights of the observed entries, broadcastable to `sums`."""
        return self.count[:, np.newaxis] if self.observed is None else self.observed

    def within(self):
        """Return the sum of squares about the class means, float64 (n_features,)."""
        n = self.entries()
        with np.errstate(divide="ignore", invalid="ignore"):
            explained = np.where(n > 0, self.sums**2 / n, 0.0)
        return self.squares - explained.sum(axis=0)

    def total(self):
        """Return the sum of squares about the overall mean, float64 (n_features,)."""
        n = np.broadcast_to(self.entries(), self.sums.shape).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            explained = np.where(n > 0, self.sums.sum(axis=0) ** 2 / n, 0.0)
        return self.squares - explained

    def about(self, shift):
        """Return the same statistics about another shift."""
        delta = self.shift - shift
        n = self.entries()
        squares = self.squares + (
            2 * delta * self.sums.sum(axis=0) + n.sum(axis=0) * delta**2
        )
        return replace(
            self,
            sums=self.sums + n * delta,
            squares=squares,
            shift=shift,
            gross=np.maximum(self.gross, squares),
        )

    def spread(self, places, n_classes):
        """Return them with class k moved to `places[k]` of `n_classes`."""
        if len(places) == n_classes and np.array_equal(places, np.arange(n_classes)):
            return self
        count = np.zeros(n_classes)
        count[places] = self.count
        sums = np.zeros((n_classes, self.sums.shape[1]))
        sums[places] = self.sums
        observed = None
        if self.observed is not None:
            observed = np.zeros_like(sums)
            observed[places] = self.observed
        return replace(self, count=count, sums=sums, observed=observed)

    def plus(self, other, sign=1):
        """Return the statistics of both together, or without `other` if sign is -1."""
        if not np.array_equal(self.shift, other.shift):
            other = other.about(self.shift)
        observed = None
        if self.observed is not None or other.observed is not None:
            full = self.sums.shape
            observed = np.broadcast_to(self.entries(), full) + sign * other.entries()
        return replace(
            self,
            count=self.count + sign * other.count,
            sums=self.sums + sign * other.sums,
            squares=self.squares + sign * other.squares,
            observed=observed,
            gross=self.gross + other.gross if sign > 0 else self.gross,
        )

    def minus(self, other):
        """Return the statistics without `other`, a part of them.

        Raises ValueError if `other` cannot be a part.
        """
        left = self.plus(other, sign=-1)
        allowance = 1e-9 * self.count.sum()
        if (
            left.count.min() < -allowance
            or left.entries().min() < -allowance
            or (left.within() < -1e-8 * self.gross).any()
        ):
            raise ValueError(
                "forget() was given rows that are not in the model: without them a "
                "class would have a negative weight, or a feature a negative variance."
            )
        if left.count.sum() <= allowance:
            raise ValueError(
                "forget() was given all rows of the model; it has to keep some."
            )
        count = np.where(left.count > allowance, left.count, 0.0)
        observed = left.observed
        if observed is not None:
            observed = np.where(observed > allowance, observed, 0.0)
        result = replace(left, count=count, observed=observed)
        # What rounding leaves of the sums of a class without rows.
        return replace(result, sums=np.where(result.entries() > 0, left.sums, 0.0))


def first_shift(X, allow_nan):
    """Return the mean of the first rows, float64; exact where they are constant.

    With `allow_nan` it is that of the observed entries, 0 where there are none.
    """
    block = as_host(X[:SHIFT_ROWS])
    dtype = np.float64 if block.dtype == np.float64 else np.float32
    block = block.astype(dtype, order="C")  # sums in one order, however it lies
    with np.errstate(invalid="ignore", over="ignore"):  # infinity is found later
        if not allow_nan:
            base = block[0].copy()
            block -= base
            return (base + block.mean(axis=0)).astype(np.float64)
        seen = ~np.isnan(block)
        base = block[seen.argmax(axis=0), np.arange(block.shape[1])]
        base = np.where(seen.any(axis=0), base, 0)
        rest = np.where(seen, block - base, 0).sum(axis=0)
        return (base + rest / np.maximum(seen.sum(axis=0), 1)).astype(np.float64)


def one_hot(codes, weight, n_classes):
    """Return the weights as a sparse matrix of shape (n_classes, n_samples)."""
    n = len(codes)
    weight = np.ones(n) if weight is None else weight
    return sparse.csc_array((weight, codes, np.arange(n + 1)), (n_classes, n)).tocsr()


def dense_statistics(X, codes, weight, n_classes, shift):
    """Return the statistics of few rows without a compiler; NaN is a missing entry.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    codes : ndarray of int of shape (n_samples,)
    weight : ndarray of float64 of shape (n_samples,) or None
    """
    deviation = np.subtract(X, shift, out=np.empty(X.shape), dtype=np.float64)
    indicator = one_hot(codes, weight, n_classes)
    count = np.bincount(codes, weight, n_classes).astype(np.float64)
    observed = None
    missing = np.isnan(deviation)
    if missing.any():
        deviation[missing] = 0.0
        observed = indicator @ (~missing).astype(np.float64)
    sums = indicator @ deviation
    deviation **= 2
    if weight is not None:
        deviation *= weight[:, np.newaxis]
    return Statistics(count, sums, deviation.sum(axis=0), shift, observed)

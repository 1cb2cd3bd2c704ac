"""Squared distances from matrix products, bounded from below.

The expanded form |x|² + |y|² - 2 x·y loses digits where rows are close compared with
their norms, so a product only tells which pairs are worth an exact look: no distance is
smaller than its bound, and none exceeds it by more than the slack of its two rows.
"""

import numpy as np

__all__ = ["Products"]

# Rows that are looked at to choose the centre and the precision, and how many others
# may be too close to the nearest one to be told apart before float64 pays.
N_CENTRE, N_SAMPLE = 1000, 64
MOST_AMBIGUOUS = 16
BLOCK = 1 << 22  # elements that are converted at a time


class Products:
    """Lower bounds of all squared distances between the rows of X.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        Of moderate scale: squares of its entries neither overflow nor vanish.
    dtype : dtype, default=None
        Precision of the products. None takes float32, unless its bounds are too wide
        for many rows of a sample to tell their nearest neighbour.

    Attributes
    ----------
    slack : ndarray of shape (n_samples,)
        ``square(i, j) <= bounds[i, j] + slack[i] + slack[j]``.
    right : ndarray of shape (n_samples, n_features + 2)
        Each row is the centred one, 1, and its square less its share of the error; a
        bound is the product of this with the same row times (-2, ..., -2, square, 1).
    """

    def __init__(self, X, *, dtype=None):
        self._X = X
        # Of any centre the bounds are right. A few far rows would move the mean, and
        # then all the others have large norms, and wide bounds.
        self._centre = np.median(X[:: max(1, len(X) // N_CENTRE)], axis=0)
        self._centre = self._centre.astype(np.float64)
        if dtype is None:
            dtype = self._choose_dtype()
        self.dtype = np.dtype(dtype)
        n, d = X.shape
        self.right = np.empty((n, d + 2), self.dtype)
        self.right[:, d] = 1.0
        squares = np.empty(n)
        step = max(1, BLOCK // d)
        for start in range(0, n, step):
            rows = slice(start, start + step)
            centred = self.right[rows, :d]
            centred[...] = X[rows] - self._centre
            squares[rows] = np.einsum("ij,ij->i", centred, centred, dtype=np.float64)
        error = self._relative_error(self.dtype) * squares
        error += d * np.finfo(self.dtype).tiny  # products that vanish
        self.right[:, d + 1] = squares - error
        self.slack = 2.0 * error

    def _relative_error(self, dtype):
        """Return the error of an expanded square as a share of the two norms' squares.

        The sum of d + 2 products errs by d + 2 roundings, the conversion of the two
        rows by two more, and the exact square in float64 by as many at most.
        """
        n_roundings = self._X.shape[1] + 8
        if dtype == np.float64:
            n_roundings *= 2
        return n_roundings * np.finfo(dtype).eps

    def _choose_dtype(self):
        """Return float32 if it tells most rows of a sample their nearest neighbours."""
        n, d = self._X.shape
        sample = np.linspace(0, n - 1, min(n, N_SAMPLE)).astype(np.intp)
        chosen = self._X[sample] - self._centre
        norms = np.einsum("ij,ij->i", chosen, chosen)
        squares = np.empty((len(sample), n))
        totals = np.empty((len(sample), n))
        step = max(1, BLOCK // d)
        for start in range(0, n, step):
            rows = slice(start, start + step)
            others = self._X[rows] - self._centre
            totals[:, rows] = norms[:, None] + np.einsum("ij,ij->i", others, others)
            squares[:, rows] = totals[:, rows] - 2.0 * chosen @ others.T
        squares[np.arange(len(sample)), sample] = np.inf
        nearest = squares.min(axis=1, keepdims=True)

        def n_ambiguous(dtype):
            reach = nearest + 2.0 * self._relative_error(dtype) * totals
            return np.count_nonzero(squares <= reach) / len(sample)

        if n_ambiguous(np.float32) <= MOST_AMBIGUOUS + 2 * n_ambiguous(np.float64):
            return np.float32
        return np.float64

    def bounds(self, rows, columns, out=None):
        """Return the lower bounds of the squares of rows against columns.

        Parameters
        ----------
        rows, columns : slice or ndarray of int
        out : ndarray of shape (n_rows, n_columns), default=None
            Where to write them.
        """
        right = self.right[rows]
        d = right.shape[1] - 2
        left = np.empty_like(right)
        np.multiply(right[:, :d], -2.0, out=left[:, :d])
        left[:, d] = right[:, d + 1]
        left[:, d + 1] = 1.0
        return np.matmul(left, self.right[columns].T, out=out)

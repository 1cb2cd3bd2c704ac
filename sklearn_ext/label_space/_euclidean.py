"""The rules of Euclidean distances: the candidate nearest to the weighted mean.

For power 2 the risk is ``mass * |y - mean|**2`` and a constant, so no product with a
matrix of distances is needed.
"""

from dataclasses import dataclass

import numpy as np

from ._ties import EPS, TIE, check_range

__all__ = ["EuclideanRule", "OrdinalRule"]

# Labels whose vectors are converted at once.
BLOCK = 8192
# Observed labels whose products are added up in float32.
SHORT = 512
EPS32 = 2.0**-24
# Pairs of a row and a candidate that are looked at again, and measured, at once.
MOST_PAIRS, PAIRS = 2**20, 2**13


@dataclass(frozen=True)
class OrdinalRule:
    """Round the weighted mean of numbers to the nearest candidate."""

    observed: np.ndarray
    candidates: np.ndarray  # sorted
    slack: float  # what rounding may do to a gap

    backend = "euclidean"

    @classmethod
    def prepare(cls, observed, candidates):
        """Take the numbers of the observed labels and of the candidates."""
        # Differences to one of the labels lose no digits of large numbers.
        origin = observed[0]
        observed, candidates = observed - origin, candidates - origin
        span = np.abs(observed).max()
        check_range(max(np.abs(candidates).max(), span), 2)
        return cls(observed, candidates, 4 * EPS * span)

    def row_bytes(self):
        """Return the memory that a row needs beside P."""
        return 8 * len(self.candidates)

    def _mean(self, P):
        """Return mass, mean and the risk at the mean."""
        mass = P.sum(axis=1)
        mean = (P @ self.observed) / mass
        spread = P @ np.square(self.observed) - mass * np.square(mean)
        return mass, mean, np.maximum(spread, 0)

    def best(self, P, n_jobs):
        """Return the candidate with the least risk of each row, and that risk."""
        mass, mean, spread = self._mean(P)
        right = np.searchsorted(self.candidates, mean)
        right = np.minimum(right, len(self.candidates) - 1)
        left = np.maximum(right - 1, 0)
        gaps = np.abs(self.candidates[[left, right]] - mean)
        gap = gaps.min(axis=0)
        least = mass * np.square(gap) + spread
        # Of all candidates that tie the leftmost.
        reach = np.sqrt(np.square(gap) + TIE * least / mass) + self.slack
        tied = np.searchsorted(self.candidates, mean - reach)
        return np.minimum(tied, np.where(gaps[0] <= gaps[1], left, right)), least

    def risks(self, P, n_jobs):
        """Return the best candidate, and the risks of all, (b, n_candidates)."""
        mass, mean, spread = self._mean(P)
        risks = np.square(self.candidates - mean[:, None])
        risks *= mass[:, None]
        risks += spread[:, None]
        return self.best(P, n_jobs)[0], risks


@dataclass(frozen=True)
class EuclideanRule:
    """Search the candidate whose vector is nearest to the weighted mean vector.

    The search runs in float32; all candidates that rounding cannot tell from the
    nearest are compared again in float64.
    """

    vectors: np.ndarray  # of all labels
    observed: np.ndarray  # rows of `vectors`
    candidates: np.ndarray
    center: np.ndarray
    unit: float  # the largest distance of any of them from the center
    centered_observed: np.ndarray  # minus center, in units, float32
    centered: np.ndarray  # the same of the candidates
    half_squares: np.ndarray  # of `centered`
    observed_squares: np.ndarray  # not in units

    backend = "euclidean"

    @classmethod
    def prepare(cls, vectors, observed, candidates):
        """Center the vectors; `observed` and `candidates` are rows of `vectors`."""
        center = np.zeros(vectors.shape[1])
        for block in _blocks(vectors, candidates):
            center += block.sum(axis=0)
        center /= len(candidates)
        check_range(_farthest(vectors, np.union1d(observed, candidates), center), 2)
        squares = _squares(vectors, candidates, center)
        observed_squares = squares
        is_same = np.array_equal(observed, candidates)
        if not is_same:
            observed_squares = _squares(vectors, observed, center)
        unit = float(np.sqrt(max(squares.max(), observed_squares.max()))) or 1.0
        centered = _in_units(vectors, candidates, center, unit)
        centered_observed = centered
        if not is_same:
            centered_observed = _in_units(vectors, observed, center, unit)
        return cls(
            vectors=vectors,
            observed=observed,
            candidates=candidates,
            center=center,
            unit=unit,
            centered_observed=centered_observed,
            centered=centered,
            half_squares=(squares / unit**2 / 2).astype(np.float32),
            observed_squares=observed_squares,
        )

    def row_bytes(self):
        """Return the memory that a row needs beside P."""
        return 12 * len(self.candidates)

    def _rough_mean(self, P):
        """Return the mean minus center in units, nearly, and how far off it may be."""
        shares = np.empty(P.shape, np.float32)
        mass = P.sum(axis=1, keepdims=True)
        np.divide(P, mass, out=shares, casting="same_kind")
        mean = np.zeros((len(P), len(self.center)))
        for start in range(0, len(self.observed), SHORT):
            part = slice(start, start + SHORT)
            mean += shares[:, part] @ self.centered_observed[part]
        return mean, (SHORT + 5) * EPS32

    def _mean(self, P):
        """Return mass, mean minus center, and the risk at the mean."""
        mass = P.sum(axis=1)
        total = np.zeros((len(P), len(self.center)))
        start = 0
        for block in _blocks(self.vectors, self.observed):
            block -= self.center
            total += P[:, start : start + len(block)] @ block
            start += len(block)
        mean = total / mass[:, None]
        spread = P @ self.observed_squares
        spread -= mass * np.einsum("ij,ij->i", mean, mean)
        return mass, mean, np.maximum(spread, 0)

    def _search(self, mean, error):
        """Return which candidates may be the nearest of each row, bool.

        `mean` is in units and known up to `error`.
        """
        # |y - mean|**2 / 2 without the part that all candidates share.
        scores = mean.astype(np.float32) @ self.centered.T
        np.subtract(self.half_squares, scores, out=scores)
        size = np.sqrt(np.einsum("ij,ij->i", mean, mean))
        slack = (len(self.center) + 4) * EPS32 * size + 4 * EPS32 + error
        limit = scores.min(axis=1) + 2 * slack
        limit = np.nextafter(limit.astype(np.float32), np.float32(np.inf))
        return scores <= limit[:, None]

    def _nearest(self, mean, spread, is_near):
        """Return the first of the nearest of the candidates found, and its gap squared.

        `spread` is the risk at the mean of a row of mass 1.
        """
        found = np.flatnonzero(is_near)  # faster than nonzero
        rows, columns = np.divmod(found, len(self.candidates))
        gaps = np.empty(len(rows))
        for start in range(0, len(rows), PAIRS):
            part = slice(start, start + PAIRS)
            nodes = self.candidates[columns[part]]
            gap = self.vectors[nodes] - self.center - mean[rows[part]]
            gaps[part] = np.einsum("ij,ij->i", gap, gap)
        least = np.full(len(mean), np.inf)
        np.minimum.at(least, rows, gaps)
        limit = np.sqrt(least + TIE * (least + spread)) + 8 * EPS * self.unit
        is_tied = gaps <= np.square(limit)[rows]
        best = np.full(len(mean), len(self.candidates))
        np.minimum.at(best, rows[is_tied], columns[is_tied])
        return best, least

    def labels(self, P, n_jobs):
        """Return the candidate with the least risk of each row."""
        is_near = self._search(*self._rough_mean(P))
        best = is_near.argmax(axis=1)
        doubtful = np.flatnonzero(np.count_nonzero(is_near, axis=1) > 1)
        if len(doubtful):
            best[doubtful] = self.best(P[doubtful], n_jobs)[0]
        return best

    def best(self, P, n_jobs):
        """Return the candidate with the least risk of each row, and that risk."""
        mass, mean, spread = self._mean(P)
        is_near = self._search(mean / self.unit, 0.0)
        best, least = np.empty(len(P), np.int64), np.empty(len(P))
        # Rows with very many near candidates are looked at few at a time.
        group = np.cumsum(np.count_nonzero(is_near, axis=1)) // MOST_PAIRS
        for number in np.unique(group):
            rows = group == number
            best[rows], least[rows] = self._nearest(
                mean[rows], spread[rows] / mass[rows], is_near[rows]
            )
        return best, mass * least + spread

    def risks(self, P, n_jobs):
        """Return the best candidate, and the risks of all, (b, n_candidates)."""
        mass, mean, spread = self._mean(P)
        risks = np.empty((len(P), len(self.candidates)))
        own = np.einsum("ij,ij->i", mean, mean)[:, None]
        start = 0
        for block in _blocks(self.vectors, self.candidates):
            block -= self.center
            part = risks[:, start : start + len(block)]
            part[:] = mean @ (block.T * -2)
            part += np.einsum("ij,ij->i", block, block)
            start += len(block)
        risks += own
        np.maximum(risks, 0, out=risks)
        risks *= mass[:, None]
        risks += spread[:, None]
        return self.best(P, n_jobs)[0], risks


def _farthest(vectors, rows, center):
    """Return the largest difference to the center in any dimension."""
    return max(np.abs(block - center).max() for block in _blocks(vectors, rows))


def _squares(vectors, rows, center):
    """Return the squared distances of rows from the center."""
    squares = np.empty(len(rows))
    start = 0
    for block in _blocks(vectors, rows):
        block -= center
        squares[start : start + len(block)] = np.einsum("ij,ij->i", block, block)
        start += len(block)
    return squares


def _in_units(vectors, rows, center, unit):
    """Return rows minus center over unit in float32."""
    centered = np.empty((len(rows), len(center)), np.float32)
    start = 0
    for block in _blocks(vectors, rows):
        block -= center
        block /= unit
        centered[start : start + len(block)] = block
        start += len(block)
    return centered


def _blocks(vectors, rows):
    """Yield rows of the vectors as float64 copies, not many at once."""
    for start in range(0, len(rows), BLOCK):
        yield vectors[rows[start : start + BLOCK]].astype(np.float64)

"""The rules of Euclidean distances: the candidate nearest to the weighted mean.

For power 2 the risk is ``mass * |y - mean|**2`` and a constant, so no product with a
matrix of distances is needed.
"""

from dataclasses import dataclass

import numpy as np

from ._tree import TIE

__all__ = ["EuclideanRule", "OrdinalRule"]

# Labels whose vectors are converted at once.
BLOCK = 8192
EPS32 = 2.0**-24
# Pairs of a row and a candidate that are looked at again at once.
PAIRS = 8192


@dataclass(frozen=True)
class OrdinalRule:
    """Round the weighted mean of numbers to the nearest candidate."""

    observed: np.ndarray
    candidates: np.ndarray  # sorted
    tie: float

    backend = "euclidean"

    @classmethod
    def prepare(cls, observed, candidates):
        """Take the numbers of the observed labels and of the candidates."""
        d_max = max(
            observed.max() - candidates.min(), candidates.max() - observed.min(), 0.0
        )
        return cls(observed, candidates, TIE * d_max**2)

    def row_bytes(self):
        """Return the memory that a row needs beside P."""
        return 8 * len(self.candidates)

    def _mean(self, P):
        """Return mass, mean and the risk at the mean."""
        mass = P.sum(axis=1)
        # Differences to one of the labels lose no digits of large numbers.
        origin = self.observed[0]
        gaps = self.observed - origin
        mean = (P @ gaps) / mass
        spread = np.maximum(P @ np.square(gaps) - mass * np.square(mean), 0)
        return mass, mean + origin, spread

    def best(self, P, n_jobs):
        """Return the candidate with the least risk of each row, and that risk."""
        mass, mean, spread = self._mean(P)
        right = np.searchsorted(self.candidates, mean)
        right = np.minimum(right, len(self.candidates) - 1)
        left = np.maximum(right - 1, 0)
        gaps = np.abs(self.candidates[[left, right]] - mean)
        gap = gaps.min(axis=0)
        # Of all candidates within the tolerance the leftmost.
        reach = np.sqrt(np.square(gap) + self.tie)
        tied = np.searchsorted(self.candidates, mean - reach)
        best = np.where(gaps[0] <= gaps[1], left, right)
        return np.minimum(tied, best), mass * np.square(gap) + spread

    def risks(self, P, n_jobs):
        """Return the risk of each candidate, (b, n_candidates)."""
        mass, mean, spread = self._mean(P)
        risks = np.square(self.candidates - mean[:, None])
        risks *= mass[:, None]
        risks += spread[:, None]
        return risks


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
    centered: np.ndarray  # candidates minus center, float32
    half_squares: np.ndarray  # of `centered`
    radius: float  # the largest distance of a candidate from the center
    tie: float

    backend = "euclidean"

    @classmethod
    def prepare(cls, vectors, observed, candidates):
        """Center the candidates; `observed` and `candidates` are rows of `vectors`."""
        center = np.zeros(vectors.shape[1])
        for block in _blocks(vectors, candidates):
            center += block.sum(axis=0)
        center /= len(candidates)
        centered = np.empty((len(candidates), vectors.shape[1]), np.float32)
        half_squares = np.empty(len(candidates), np.float32)
        start = 0
        radius = 0.0
        for block in _blocks(vectors, candidates):
            block -= center
            stop = start + len(block)
            centered[start:stop] = block
            squares = np.einsum("ij,ij->i", block, block)
            half_squares[start:stop] = squares / 2
            radius = max(radius, np.sqrt(squares.max()))
            start = stop
        reach = 0.0
        for block in _blocks(vectors, observed):
            block -= center
            reach = max(reach, np.sqrt(np.einsum("ij,ij->i", block, block).max()))
        return cls(
            vectors=vectors,
            observed=observed,
            candidates=candidates,
            center=center,
            centered=centered,
            half_squares=half_squares,
            radius=float(radius),
            tie=float(TIE * (radius + reach) ** 2),
        )

    def row_bytes(self):
        """Return the memory that a row needs beside P."""
        return 12 * len(self.candidates)

    def _means(self, P, *, with_spread):
        """Return mass, mean minus center and, if wanted, the risk at the mean."""
        mass = P.sum(axis=1)
        total = np.zeros((len(P), len(self.center)))
        squares = np.zeros(len(P))
        start = 0
        for block in _blocks(self.vectors, self.observed):
            block -= self.center
            part = P[:, start : start + len(block)]
            total += part @ block
            if with_spread:
                squares += part @ np.einsum("ij,ij->i", block, block)
            start += len(block)
        mean = total / mass[:, None]
        spread = squares - mass * np.einsum("ij,ij->i", mean, mean)
        return mass, mean, np.maximum(spread, 0)

    def best(self, P, n_jobs):
        """Return the candidate with the least risk of each row, and that risk."""
        mass, mean, spread = self._means(P, with_spread=True)
        # |y - mean|**2 / 2 without the part that all candidates share.
        scores = mean.astype(np.float32) @ self.centered.T
        np.subtract(self.half_squares, scores, out=scores)
        n_dimensions = len(self.center)
        size = np.sqrt(np.einsum("ij,ij->i", mean, mean))
        error = (n_dimensions + 4) * EPS32 * self.radius * size
        error += 4 * EPS32 * self.radius**2
        limit = scores.min(axis=1) + 2 * error + self.tie
        limit = np.nextafter(limit.astype(np.float32), np.float32(np.inf))
        rows, columns = np.nonzero(scores <= limit[:, None])
        gaps = np.empty(len(rows))
        for start in range(0, len(rows), PAIRS):
            part = slice(start, start + PAIRS)
            nodes = self.candidates[columns[part]]
            gap = self.vectors[nodes] - self.center - mean[rows[part]]
            gaps[part] = np.einsum("ij,ij->i", gap, gap)
        least = np.full(len(P), np.inf)
        np.minimum.at(least, rows, gaps)
        is_tied = gaps <= least[rows] + self.tie
        best = np.full(len(P), len(self.candidates))
        np.minimum.at(best, rows[is_tied], columns[is_tied])
        return best, mass * least + spread

    def risks(self, P, n_jobs):
        """Return the risk of each candidate, (b, n_candidates)."""
        mass, mean, spread = self._means(P, with_spread=True)
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
        return risks


def _blocks(vectors, rows):
    """Yield rows of the vectors as float64 copies, not many at once."""
    for start in range(0, len(rows), BLOCK):
        yield vectors[rows[start : start + BLOCK]].astype(np.float64)

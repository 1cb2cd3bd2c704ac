"""The temperature that minimises the log-loss of given scores, and the table it needs.

The loss is convex in 1 / T, so one minimum lies in the cells beside the best value of
the grid.
"""

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np

__all__ = [
    "GRID",
    "MIN_ROWS",
    "HeldOut",
    "LossTable",
    "best_temperature",
    "parabola",
    "warn_of_few_rows",
]

GRID = np.logspace(-1, 3, 41)
MIN_ROWS = 5
# Scores of a block whose exponentials stay in the cache.
CHUNK = 2**15
# The step in log T at which Newton's method has arrived.
TOLERANCE = 1e-8
MAX_STEPS = 50


@dataclass(frozen=True)
class HeldOut:
    """Scores of rows that the model did not see, or not in the mean of their class.

    Parameters
    ----------
    scores : ndarray of float of shape (n_rows, n_classes)
        Finite.
    columns : ndarray of int of shape (n_rows,)
        Where in `scores` the right class of each row is.
    weight : ndarray of float64 of shape (n_rows,)
    n_jobs : int
        Threads; blocks are added in order, so they do not change the result.
    """

    scores: np.ndarray
    columns: np.ndarray
    weight: np.ndarray
    n_jobs: int = 1

    def _sum(self, function, argument):
        """Return the sum of ``function(argument, ...)`` over blocks of rows."""
        n, n_classes = self.scores.shape
        length = max(1, CHUNK // n_classes)
        blocks = [slice(start, start + length) for start in range(0, n, length)]
        tasks = (repeat(function), repeat(argument), blocks)
        if self.n_jobs == 1 or len(blocks) == 1:
            return sum(map(self._of_block, *tasks))
        with ThreadPoolExecutor(self.n_jobs) as pool:
            return sum(pool.map(self._of_block, *tasks))

    def _of_block(self, function, argument, rows):
        scores, columns = self.scores[rows], self.columns[rows]
        top = scores.max(axis=1)
        gap = top - scores[np.arange(len(columns)), columns]
        below = scores - top[:, np.newaxis]
        return function(argument, below, gap.astype(np.float64), self.weight[rows])

    def losses(self, temperatures):
        """Return the summed log-loss of softmax(scores / T) for each T."""
        return self._sum(_losses, temperatures)

    def derivatives(self, log_t):
        """Return the first and second derivative of the loss by log T."""
        beta = np.exp(-log_t)
        first, second = self._sum(_derivatives, beta)
        return -beta * first, beta * first + beta**2 * second

    def hits(self):
        """Return the weight of the rows whose right class has the highest score."""
        return float(self.weight @ (self.scores.argmax(axis=1) == self.columns))


def _losses(temperatures, below, gap, weight):
    losses = np.empty(len(temperatures))
    memory = np.empty_like(below)
    ones = np.ones(below.shape[1], below.dtype)  # a product sums short rows faster
    for i, temperature in enumerate(temperatures):
        np.multiply(below, below.dtype.type(1 / temperature), out=memory)
        sums = (np.exp(memory, out=memory) @ ones).astype(np.float64)
        losses[i] = weight @ (np.log(sums) + gap / temperature)
    return losses


def _derivatives(beta, below, gap, weight):
    """Return the derivatives of the loss by 1 / T."""
    likely = below * below.dtype.type(beta)
    np.exp(likely, out=likely)
    total = likely.sum(axis=1)
    likely *= below
    mean = likely.sum(axis=1) / total
    square = np.einsum("ij,ij->i", likely, below) / total
    return np.array([weight @ (mean + gap), weight @ (square - mean**2)])


def best_temperature(held_out, losses):
    """Return the T in [0.1, 1000] with the least loss, given the losses on `GRID`.

    Newton's method in log T from the parabola through the best cells, kept inside them
    by bisection.
    """
    i = int(np.argmin(losses))
    low, high = np.log(GRID[max(i - 1, 0)]), np.log(GRID[min(i + 1, len(GRID) - 1)])
    if i in (0, len(GRID) - 1):
        edge = np.log(GRID[i])
        slope = held_out.derivatives(edge)[0]
        if (slope >= 0) == (i == 0):
            return float(GRID[i])
    at = float(np.clip(np.log(parabola(losses)[0]), low, high))
    for _ in range(MAX_STEPS):
        slope, bend = held_out.derivatives(at)
        if slope > 0:
            high = at
        else:
            low = at
        step = -slope / bend if bend > 0 else np.inf
        new = at + step
        if not low < new < high:
            new = 0.5 * (low + high)
        at, step = new, new - at
        if abs(step) < TOLERANCE:
            break
    return float(np.exp(at))


def parabola(losses):
    """Return T and loss at the minimum of a parabola through the three best cells."""
    i = int(np.argmin(losses))
    if i in (0, len(GRID) - 1):
        return float(GRID[i]), float(losses[i])
    left, middle, right = losses[i - 1 : i + 2]
    bend = left - 2 * middle + right
    if bend <= 0:
        return float(GRID[i]), float(middle)
    step = 0.5 * (left - right) / bend
    loss = middle - 0.25 * (left - right) * step
    return float(GRID[i] * (GRID[1] / GRID[0]) ** step), float(loss)


@dataclass(frozen=True)
class LossTable:
    """Summed leave-one-out losses, which add up over batches; never changed in place.

    Parameters
    ----------
    shrinkages : tuple of float
    fixed_temperature : float or None
        The one that is given, None if it is to be chosen.
    losses : ndarray of float64 of shape (n_shrinkages, len(GRID))
    fixed : ndarray of float64 of shape (n_shrinkages,)
        Losses at the fixed temperature, 0 without one.
    hits : ndarray of float64 of shape (n_shrinkages,)
        Weights of the rows that are classified rightly.
    weight : float
        Weight of all rows used.
    n_rows, n_skipped : int
        Rows used, and rows that are alone in their class.
    exact : tuple of two ndarray of float64 of shape (n_shrinkages,), or None
        Best temperatures and their losses; None for the sum of several batches.
    """

    shrinkages: tuple
    fixed_temperature: float | None
    losses: np.ndarray
    fixed: np.ndarray
    hits: np.ndarray
    weight: float
    n_rows: int
    n_skipped: int
    exact: tuple | None

    def fits(self, shrinkages, fixed_temperature):
        """Tell whether it holds the losses that these parameters need."""
        return (self.shrinkages, self.fixed_temperature) == (
            shrinkages,
            fixed_temperature,
        )

    def plus(self, other):
        """Return the table of both; of this one alone if the other does not fit."""
        if other is None or not other.fits(self.shrinkages, self.fixed_temperature):
            return self
        return replace(
            self,
            losses=self.losses + other.losses,
            fixed=self.fixed + other.fixed,
            hits=self.hits + other.hits,
            weight=self.weight + other.weight,
            n_rows=self.n_rows + other.n_rows,
            n_skipped=self.n_skipped + other.n_skipped,
            exact=None,
        )

    def minima(self):
        """Return the best temperature of each shrinkage, and the losses there."""
        if self.exact is not None:
            return self.exact
        pairs = [parabola(row) for row in self.losses]
        return tuple(np.array(column) for column in zip(*pairs, strict=True))

    def choose(self):
        """Return shrinkage, temperature and the fitted attributes, as a dict.

        Warns if few rows can be left out.
        """
        if self.n_skipped > self.n_rows > 0:
            warnings.warn(
                f"{self.n_skipped} of {self.n_skipped + self.n_rows} rows are alone in "
                f"their class, but for copies, and cannot be left out: the "
                f"leave-one-out accuracy is far too optimistic.",
                UserWarning,
                stacklevel=2,
            )
        temperatures, losses = self.minima()
        i = int(np.argmin(losses))
        temperature, loss = temperatures[i], losses[i]
        if self.n_rows < MIN_ROWS:
            warn_of_few_rows(self.n_rows)
            i, temperature, loss = 0, 1.0, self.losses[0, np.abs(GRID - 1).argmin()]
        if np.ptp(self.losses[i]) == 0:  # one class: any temperature is as good
            temperature, loss = 1.0, self.losses[i, 0]
        if self.fixed_temperature is not None:
            temperature, loss = self.fixed_temperature, self.fixed[i]
        share = 1 / self.weight if self.n_rows else np.nan
        return {
            "shrinkage": self.shrinkages[i],
            "temperature": float(temperature),
            "loo_score_": float(self.hits[i] * share),
            "loo_log_loss_": float(loss * share),
            "n_loo_": self.n_rows,
        }


def warn_of_few_rows(n_rows):
    """Warn that a temperature cannot be estimated."""
    warnings.warn(
        f"Only {n_rows} rows can be left out of their class, fewer than {MIN_ROWS}: a "
        f"temperature is not estimated but 1, and shrinkage='auto' chooses 0.",
        UserWarning,
        stacklevel=2,
    )

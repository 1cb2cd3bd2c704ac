"""Scores of training rows by a model whose class mean has not seen the row.

Only the mean of the row's own class is changed. Prior and variance are kept: what one
row does to them is of second order.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_ext._core._arrays import as_host

from ._copies import first_copies
from ._scores import LinearRule, block_rows, score_blocks
from ._temperature import (
    GRID,
    MIN_ROWS,
    HeldOut,
    LossTable,
    best_temperature,
    warn_of_few_rows,
)

__all__ = ["MAX_ROWS", "Batch", "class_scores", "held_out_temperature", "loss_table"]

MAX_ROWS = 20_000
# Numbers in a block of rows.
BLOCK = 2**20


def class_scores(model, alive, X, dtype, allow_nan=True):
    """Return the scores of the classes that are `alive`, and (x - centre)^2 / var."""
    weights, intercept = model.rows()
    gains = model.penalties()[alive] if allow_nan else None
    rule = LinearRule(weights[alive], intercept[alive], model.centre, gains)
    scores = np.empty((X.shape[0], int(alive.sum())), dtype)
    n_rows = block_rows(len(weights), None)
    for _ in score_blocks(X, rule, dtype, n_rows, scores):
        pass
    return scores, _distances(model, X)


def _distances(model, X):
    """Return the summed (x - centre)^2 / var over what is observed, (n_rows,)."""
    precision, centre = model.precision, model.centre
    if sparse.issparse(X):
        is_missing = np.isnan(X.data)
        at, entries = X.indices, np.where(is_missing, centre[X.indices], X.data)
        change = precision[at] * ((entries - centre[at]) ** 2 - centre[at] ** 2)
        change = sparse.csr_array((change, at, X.indptr), X.shape)
        return np.asarray(change.sum(axis=1)).ravel() + precision @ centre**2
    dtype = np.float64 if X.dtype == np.float64 else np.float32
    deviation = X - centre.astype(dtype)
    if np.isnan(deviation.sum()):
        deviation[np.isnan(deviation)] = 0
    deviation *= np.sqrt(precision).astype(
        dtype
    )  # before the squares: any unit will do
    return np.einsum("ij,ij->i", deviation, deviation)


@dataclass(frozen=True)
class Batch:
    """Rows that are left out in turn.

    Parameters
    ----------
    X : ndarray or CSR
    rows : ndarray of int of shape (n_units,)
        Those that are left out, at most `MAX_ROWS`.
    codes : ndarray of int of shape (n_units,)
    weight : ndarray of float64 of shape (n_units,)
    n_copies : ndarray of int of shape (n_units,)
        How many rows each stands for.
    dtype : numpy float dtype
        Precision of the scores.
    n_jobs : int
    """

    X: Any
    rows: np.ndarray
    codes: np.ndarray
    weight: np.ndarray
    n_copies: np.ndarray
    dtype: Any
    n_jobs: int

    @classmethod
    def of(cls, rows, codes, weight, n_jobs):
        """Return the units of validated rows.

        Copies of a row with its label are one unit with the sum of the weights: else a
        copy would vouch for the other, and two copies would not be a weight of two.
        """
        weight = np.ones(len(codes)) if weight is None else weight
        n_copies = np.ones(len(codes), np.intp)
        units = np.flatnonzero(weight > 0)
        first = first_copies(rows.X, codes)
        if first is not None:
            n_copies = np.bincount(first[units], minlength=len(codes))
            weight = np.bincount(first[units], weight[units], len(codes))
            units = np.flatnonzero(weight > 0)
        if len(units) > MAX_ROWS:  # every k-th could be of one class only
            chosen = np.random.default_rng(0).choice(len(units), MAX_ROWS, False)
            units = units[np.sort(chosen)]
        return cls(
            rows.X,
            units,
            codes[units],
            weight[units],
            n_copies[units],
            rows.dtype,
            n_jobs,
        )

    def held_out(self, model, statistics):
        """Return the `HeldOut` scores, and how many rows have such.

        Parameters
        ----------
        model : Model
        statistics : Statistics or None
            Those the model was made of, which contain the rows; None if the model has
            not seen them.
        """
        alive = np.isfinite(model.log_prior)
        is_used = alive[self.codes]
        if statistics is not None:  # rows alone in their class are skipped
            count = statistics.count[self.codes]
            is_used &= count - self.weight > 1e-9 * count
        rows, codes, weight = (
            each[is_used] for each in (self.rows, self.codes, self.weight)
        )
        columns = (np.cumsum(alive) - 1)[codes]
        scores = np.empty((len(rows), int(alive.sum())), self.dtype)
        length = max(1, BLOCK // self.X.shape[1])
        for start in range(0, len(rows), length):
            part = slice(start, start + length)
            X = as_host(self.X[rows[part]])
            scores[part], distance = class_scores(model, alive, X, self.dtype)
            if statistics is not None:
                at = np.arange(len(distance)), columns[part]
                away = _own_distance(
                    model,
                    statistics,
                    X,
                    codes[part],
                    weight[part],
                    scores[part][at],
                    distance,
                )
                scores[part][at] = model.log_prior[codes[part]] - 0.5 * away
        held_out = HeldOut(scores, columns, weight, self.n_jobs)
        return held_out, int(self.n_copies[is_used].sum())


def _own_distance(model, statistics, X, codes, weight, scores, distance):
    """Return (x - mean of the own class without x)^2 / var - distance, summed.

    In a feature where a row is the only one of its class, the class is neutral.
    """
    if statistics.observed is None:
        count = statistics.count[codes]
        near = distance - 2 * (scores - model.log_prior[codes])
        return (count / (count - weight)) ** 2 * near - distance
    X = X.toarray() if sparse.issparse(X) else X
    deviation = X - model.centre
    n = statistics.observed[codes]
    rest = n - weight[:, np.newaxis]
    has_rest = rest > 1e-9 * n
    factor = np.divide(n, rest, out=np.ones_like(n), where=has_rest)
    near = factor * (deviation - model.means[codes])
    terms = np.where(has_rest, near**2 - deviation**2, 0.0)
    terms[np.isnan(deviation)] = 0.0
    return terms @ model.precision


def loss_table(models, shrinkages, statistics, batch, temperature):
    """Return the `LossTable` of a batch that the statistics contain.

    Parameters
    ----------
    models : list of Model
        One for each of `shrinkages`.
    temperature : float or None
        The fixed temperature, None if it is to be chosen.
    """
    losses = np.zeros((len(models), len(GRID)))
    fixed, hits, least = np.zeros((3, len(models)))
    best = np.ones(len(models))
    for i, model in enumerate(models):
        held_out, n_used = batch.held_out(model, statistics)
        if n_used:
            losses[i] = held_out.losses(GRID)
            best[i] = best_temperature(held_out, losses[i])
            least[i] = held_out.losses([best[i]])[0]
            if temperature is not None:
                fixed[i] = held_out.losses([temperature])[0]
            hits[i] = held_out.hits()
    return LossTable(
        tuple(shrinkages),
        temperature,
        losses,
        fixed,
        hits,
        float(held_out.weight.sum()),
        n_used,
        int(batch.n_copies.sum()) - n_used,
        (best, least),
    )


def held_out_temperature(model, statistics, batch):
    """Return the best temperature for a batch; `statistics` as in `Batch.held_out`."""
    held_out, n_used = batch.held_out(model, statistics)
    if n_used < MIN_ROWS:
        warn_of_few_rows(n_used)
        return 1.0
    return best_temperature(held_out, held_out.losses(GRID))

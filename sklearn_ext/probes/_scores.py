"""Scores of rows, block by block: one matrix product, and what missing entries need."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ._arrays import check_finite, dense_blocks

__all__ = ["LinearRule", "block_rows", "score_blocks"]

# Bytes of the scores of a block: what a cache holds is faster than the 64 MB that
# would be allowed.
SCORE_BYTES = 2**22
# Sum of |weight * centre| from which on single precision needs centred rows.
CANCELLATION = 1e3


@dataclass(frozen=True)
class LinearRule:
    """Scores ``x @ weights.T + intercept``.

    Parameters
    ----------
    weights : ndarray of float64 of shape (n_scores, n_features)
    intercept : ndarray of float64 of shape (n_scores,)
    centre : ndarray of float64 of shape (n_features,)
        What a missing entry is replaced by.
    gains : ndarray of float64 of shape (n_scores, n_features) or None
        What is added to a score for each replaced entry; None if none may be missing.
    """

    weights: np.ndarray
    intercept: np.ndarray
    centre: np.ndarray
    gains: np.ndarray | None


def block_rows(n_scores, batch_size):
    """Return how many rows are scored at once; `batch_size` unless it is None."""
    return batch_size or max(1, SCORE_BYTES // (8 * n_scores))


def score_blocks(X, rule, dtype, n_rows, out=None):
    """Yield ``(slice, scores)`` over the rows of an ndarray or CSR.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    rule : LinearRule
    dtype : numpy float dtype
        Precision of the product and of the scores.
    n_rows : int
        Rows of a block.
    out : ndarray of `dtype` of shape (n_samples, n_scores) or None
        Where the scores are written to; else each block may use the same memory.

    Raises
    ------
    ValueError
        scikit-learn's for infinity, and for NaN if the rule has no `gains`.
    """
    if sparse.issparse(X):
        yield from _sparse_blocks(X, rule, dtype, n_rows, out)
        return
    weights = rule.weights.astype(dtype).T
    intercept, centre = rule.intercept, None
    if dtype == np.float32:
        terms = np.abs(rule.weights) @ np.abs(rule.centre)
        if terms.max(initial=0.0) > CANCELLATION:
            centre = rule.centre
            intercept = intercept + rule.weights @ centre
    intercept = intercept.astype(dtype)
    if out is None:
        memory = np.empty((min(n_rows, len(X)), weights.shape[1]), dtype)
    for rows, block in dense_blocks(X, dtype, n_rows):
        scores = memory[: len(block)] if out is None else out[rows]
        given = block
        if centre is not None:
            block = (block - centre).astype(dtype)
        with np.errstate(invalid="ignore", over="ignore"):
            np.matmul(block, weights, out=scores)
            # The weights of one class alone may be zeros that a product skips.
            is_finite = (
                np.isfinite(scores[:, 0]) if scores.shape[1] > 1 else np.isfinite(given)
            )
        if not is_finite.all():
            check_finite(given, rule.gains is not None)
            if rule.gains is not None:
                _score_incomplete(given, rule, scores, intercept)
                yield rows, scores
                continue
        scores += intercept
        yield rows, scores


def _score_incomplete(block, rule, scores, intercept):
    """Score the rows of a block that have missing entries, in double precision."""
    missing = np.isnan(block)
    partial = missing.any(axis=1)
    scores += intercept
    missing = missing[partial]
    filled = np.where(missing, rule.centre, block[partial])
    scores[partial] = (
        filled @ rule.weights.T + missing.astype(np.float64) @ rule.gains.T
    ) + rule.intercept


def _sparse_blocks(X, rule, dtype, n_rows, out):
    check_finite(X, rule.gains is not None)
    weights, intercept = rule.weights.astype(dtype).T, rule.intercept.astype(dtype)
    for start in range(0, X.shape[0], n_rows):
        rows = slice(start, start + n_rows)
        block = X[rows].astype(dtype, copy=False)
        missing = np.isnan(block.data)
        holes = None
        if missing.any():
            holes = block.copy()
            holes.data = missing.astype(dtype)
            block = block.copy()
            block.data[missing] = 0
        scores = block @ weights
        if holes is not None:
            replaced = rule.weights * rule.centre + rule.gains
            scores += holes @ replaced.astype(dtype).T
        scores += intercept
        if out is not None:
            out[rows] = scores
        yield rows, scores

"""The decision rule: which candidate has the least expected power of the distance.

A rule has `best(P, n_jobs)`, which returns the best candidates and their risks,
`risks(P, n_jobs)` with the risks of all instead, `row_bytes()` and a `backend`; if it
has `labels(P, n_jobs)`, that is faster than `best`. Here one is chosen, fed with blocks
of rows, and given what comes before it: temperature and `top_k`.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.utils import gen_batches

from sklearn_ext._core._sklearn import (
    IntegralNotBool,
    Interval,
    StrOptions,
    get_chunk_n_rows,
)

from ._argmax import ArgmaxRule
from ._dense import DenseRule
from ._euclidean import EuclideanRule, OrdinalRule
from ._tree import TreeRule

__all__ = ["RULE_CONSTRAINTS", "apply_rule", "choose_rule"]

RULE_CONSTRAINTS = {
    "power": [Interval(Real, 0, None, closed="neither")],
    "top_k": [IntegralNotBool(Integral, 1, None, closed="left"), None],
    "batch_size": [
        StrOptions({"auto"}),
        IntegralNotBool(Integral, 1, None, closed="left"),
    ],
    "n_jobs": [Integral, None],
}

# Binary exponent of a largest probability from which on its row is scaled.
FAR = 100


def choose_rule(space, observed, candidates, power):
    """Return the fastest exact rule for labels given by place, both sorted."""
    geometry, tree = space.geometry, space.tree
    nodes = space.nodes
    if geometry.kind == "discrete":
        return ArgmaxRule.prepare(observed, candidates)
    if geometry.kind == "ordinal" and power == 2:
        values = geometry.values
        return OrdinalRule.prepare(values[observed], values[candidates])
    if tree is not None and power in (1, 2):
        return TreeRule.prepare(tree, nodes[observed], nodes[candidates], int(power))
    if geometry.kind == "embedding" and power == 2:
        return EuclideanRule.prepare(
            geometry.vectors, nodes[observed], nodes[candidates]
        )
    return DenseRule.prepare(geometry, nodes[observed], nodes[candidates], power)


def tempered(P, temperature):
    """Return ``softmax(log(P) / temperature)`` by row; 0 stays 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logits = np.log(P / P.max(axis=1, keepdims=True)) / temperature
    P = np.exp(np.nan_to_num(logits, nan=-np.inf, neginf=-np.inf))
    mass = P.sum(axis=1, keepdims=True)
    return np.divide(P, mass, out=np.zeros_like(P), where=mass > 0)


def _largest(P, k):
    """Return P with all but the k largest of a row 0; of equal ones the first stay."""
    if k is None or k >= P.shape[1]:
        return P
    order = np.argsort(-P, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(P)
    np.put_along_axis(kept, order, np.take_along_axis(P, order, axis=1), axis=1)
    return kept


def _largest_of_rows(P, first_row):
    """Return the maxima of the rows; ValueError if P is negative or not finite."""
    most = P.max(axis=1)
    if P.size and not (np.isfinite(most).all() and P.min() >= 0):
        i, j = np.argwhere(~(np.isfinite(P) & (P >= 0)))[0]
        raise ValueError(
            "P, the probabilities, must be finite and at least 0, got "
            f"{P[i, j]} in row {first_row + i}, column {j}. Turn logits into "
            "probabilities first."
        )
    return most


def _labels(rule, P, n_jobs):
    """Return the best candidates, without their risks where that is faster."""
    if hasattr(rule, "labels"):
        return rule.labels(P, n_jobs)
    return rule.best(P, n_jobs)[0]


def _with_winner(risks, best):
    """Make the best candidate the first with the least risk of its row.

    Of those that tie rounding may have put another one first.
    """
    least = risks.min(axis=1, keepdims=True)
    np.put_along_axis(risks, best[:, None], least, axis=1)
    is_ahead = np.arange(risks.shape[1]) < best[:, None]
    return np.where(is_ahead & (risks == least), np.nextafter(least, np.inf), risks)


def apply_rule(
    rule,
    P,
    *,
    temperature=1.0,
    top_k=None,
    fallback=0,
    fallback_name="the most frequent label",
    batch_size="auto",
    n_jobs=None,
    wants="labels",
):
    """Return what the rule says of the rows of P, in parts: a list of arrays.

    `wants` is "labels" for the best candidates, "best" for those and their risks, or
    "risks" for the risks of all. Rows without mass are taken for the observed label
    `fallback`.
    """
    if batch_size == "auto":
        row_bytes = 16 * P.shape[1] + rule.row_bytes()
        batch_size = get_chunk_n_rows(row_bytes, max_n_rows=max(1, len(P)))
    parts = []
    n_empty = 0
    for rows in gen_batches(max(1, len(P)), batch_size):
        block = np.array(P[rows], np.float64, order="C")
        most = _largest_of_rows(block, rows.start)
        is_empty = most == 0
        n_empty += int(is_empty.sum())
        block[is_empty, fallback] = 1.0
        # Only ratios matter, so rows near the ends of the range of floats are moved.
        shift = np.frexp(most)[1]
        shift[np.abs(shift) < FAR] = 0
        if shift.any():
            block = np.ldexp(block, -shift[:, None])
        if temperature != 1:
            block = tempered(block, temperature)
            shift[:] = 0
        block = _largest(block, top_k)
        if wants == "labels":
            parts.append(_labels(rule, block, n_jobs))
            continue
        best, risks = getattr(rule, wants)(block, n_jobs)
        if shift.any():
            with np.errstate(over="ignore"):  # a sum above the range of floats is inf
                risks = np.ldexp(risks.T, shift).T
        if wants == "risks":
            parts.append(_with_winner(risks, best))
        else:
            parts.append((best, risks))
    if n_empty:
        warnings.warn(
            f"{n_empty} rows of the probabilities are all 0. They are taken for "
            f"{fallback_name}.",
            UserWarning,
            stacklevel=4,  # the caller of the public function or method
        )
    return parts

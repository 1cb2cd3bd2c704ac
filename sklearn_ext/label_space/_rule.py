"""The decision rule: which candidate has the least expected power of the distance.

A rule has `best(P, n_jobs)`, `risks(P, n_jobs)`, `row_bytes()`, a `backend` and a
`tie`: risks within that share of a row's mass are equal. If it has `labels(P, n_jobs)`,
that is faster than `best`. Here one is chosen, fed with blocks of rows, and given what
comes before it: temperature and `top_k`.
"""

import warnings

import numpy as np
from sklearn.utils import gen_batches

from sklearn_ext._core._sklearn import get_chunk_n_rows

from ._argmax import ArgmaxRule
from ._dense import DenseRule
from ._euclidean import EuclideanRule, OrdinalRule
from ._tree import TreeRule

__all__ = ["apply_rule", "choose_rule", "tempered"]


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


def _masses(P, first_row):
    """Return the sums of the rows; ValueError if P is negative or not finite."""
    with np.errstate(over="ignore"):
        mass = P.sum(axis=1)
    if P.size and not (np.isfinite(mass).all() and P.min() >= 0):
        is_bad = ~(np.isfinite(P) & (P >= 0))
        if not is_bad.any():
            raise ValueError(
                f"P sums to {mass[~np.isfinite(mass)][0]} in row "
                f"{first_row + np.argmin(np.isfinite(mass))}. Scale it down."
            )
        i, j = np.argwhere(is_bad)[0]
        raise ValueError(
            "P, the probabilities, must be finite and at least 0, got "
            f"{P[i, j]} in row {first_row + i}, column {j}. Turn logits into "
            "probabilities first."
        )
    return mass


def _level_ties(risks, rule, P):
    """Make risks that tie with the least of a row equal to it."""
    least = risks.min(axis=1, keepdims=True)
    limit = least + rule.tie * P.sum(axis=1, keepdims=True)
    return np.where(risks <= limit, least, risks)


def apply_rule(
    rule,
    P,
    *,
    temperature=1.0,
    top_k=None,
    fallback=0,
    batch_size="auto",
    n_jobs=None,
    wants="labels",
):
    """Return what the rule says of the rows of P, in parts: a list of arrays.

    `wants` is "labels" for the best candidates, "best" for those and their risks, or
    "risks" for the risks of all. Rows without mass are taken for sure of the observed
    label `fallback`.
    """
    if batch_size == "auto":
        row_bytes = 16 * P.shape[1] + rule.row_bytes()
        batch_size = get_chunk_n_rows(row_bytes, max_n_rows=max(1, len(P)))
    parts = []
    n_empty = 0
    for rows in gen_batches(max(1, len(P)), batch_size):
        block = np.array(P[rows], np.float64, order="C")
        is_empty = _masses(block, rows.start) == 0
        n_empty += int(is_empty.sum())
        block[is_empty, fallback] = 1.0
        if temperature != 1:
            block = tempered(block, temperature)
        block = _largest(block, top_k)
        if wants == "risks":
            parts.append(_level_ties(rule.risks(block, n_jobs), rule, block))
        elif wants == "labels" and hasattr(rule, "labels"):
            parts.append(rule.labels(block, n_jobs))
        else:
            best, least = rule.best(block, n_jobs)
            parts.append(best if wants == "labels" else (best, least))
    if n_empty:
        warnings.warn(
            f"{n_empty} rows of the probabilities are all 0 and are taken for sure of "
            "the most frequent label.",
            UserWarning,
            stacklevel=3,
        )
    return parts

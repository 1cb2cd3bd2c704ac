"""Predictions taken apart: what each clause, or each literal, adds to the votes."""

import numpy as np
from scipy.sparse import csr_array

from ._reading import (
    check_feature_names,
    check_top,
    literal_names,
    rank_within,
    read_clauses,
    rule_texts,
)
from ._rules import clause_truth

__all__ = ["explain"]


def _long_form(values, owner, top):
    """Return sample, column and value of the entries of a sparse array.

    They are sorted by sample and class, the largest value first, then by column, of
    which `owner` tells the class.
    """
    sample = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    column, value = values.indices.astype(np.int64), values.data
    order = np.lexsort((column, -np.abs(value), owner[column], sample))
    if top is not None:
        order = order[rank_within(sample[order], owner[column[order]]) < top]
    return sample[order], column[order], value[order]


def _contributions(estimator, X, shares, owner, top):
    """Return sample, column and value of what the true clauses add to each column.

    `shares` is a csr_array of a row per clause.
    """
    clauses = np.arange(shares.shape[0])
    parts = []
    for first, truth in clause_truth(estimator, X, clauses):
        sample, column, value = _long_form(csr_array(truth @ shares), owner, top)
        parts.append((first + sample, column, value))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _by_clause(estimator, X, names, top):
    votes, owner = estimator.clause_votes_.astype(np.int64), estimator.clause_class_
    each = np.arange(len(votes) + 1)
    shares = csr_array((votes, each[:-1], each), (len(votes), len(votes)))
    sample, clause, vote = _contributions(estimator, X, shares, owner, top)
    shown, place = np.unique(clause, return_inverse=True)
    read = read_clauses(estimator, shown)
    texts = rule_texts(estimator, shown, read, literal_names(names))
    return {
        "sample": sample,
        "class_label": estimator.classes_[owner[clause]],
        "clause": clause,
        "contribution": vote,
        "rule": np.array(texts, dtype=object)[place],
    }


def _literal_shares(estimator):
    """Return what each true clause adds to each pair of class and literal."""
    clauses, n_classes = estimator.clauses_, len(estimator.classes_)
    n_literals = np.diff(clauses.indptr)
    line = np.repeat(np.arange(clauses.shape[0]), n_literals)
    share = estimator.clause_votes_[line] / n_literals[line]
    owner = estimator.clause_class_[line].astype(np.int64)
    column = owner * clauses.shape[1] + clauses.indices
    shape = clauses.shape[0], n_classes * clauses.shape[1]
    return csr_array((share, column, clauses.indptr), shape)


def _by_literal(estimator, X, names, top):
    owner = np.repeat(np.arange(len(estimator.classes_)), 2 * len(names))
    shares = _literal_shares(estimator)
    sample, column, value = _contributions(estimator, X, shares, owner, top)
    return {
        "sample": sample,
        "class_label": estimator.classes_[owner[column]],
        "literal": literal_names(names)[column % (2 * len(names))],
        "contribution": value,
    }


def explain(estimator, X, *, by="clause", feature_names=None, top=None):
    """Return what speaks for and against each class on each row of X, as a long table.

    By clause, each true clause adds its vote; by literal, it divides it equally among
    its literals. The strongest `top` lines of each row and class are kept.
    """
    import pandas as pd

    parts = {"clause": _by_clause, "literal": _by_literal}
    if by not in parts:
        raise ValueError(f"by must be 'clause' or 'literal', got {by!r}.")
    check_top("top", top)
    names = check_feature_names(estimator, feature_names)
    columns = parts[by](estimator, X, names, top)
    text = {"clause": "rule", "literal": "literal"}[by]
    columns[text] = pd.Series(columns[text], dtype=str)
    return pd.DataFrame(columns)

"""Predictions taken apart: what each clause, or each literal, adds to the votes."""

import numpy as np
from scipy.sparse import csr_array, vstack

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


def _long_form(estimator, values, owner, top):
    """Return sample, class, column and value of each entry of a sparse array.

    They are sorted by sample and class, the largest value first, then by column, of
    which `owner` tells the class.
    """
    sample = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    column, value = values.indices.astype(np.int64), values.data
    order = np.lexsort((column, -np.abs(value), owner[column], sample))
    if top is not None:
        order = order[rank_within(sample[order], owner[column[order]]) < top]
    sample, column, value = sample[order], column[order], value[order]
    return sample, estimator.classes_[owner[column]], column, value


def _by_clause(estimator, X, names, top):
    clauses = np.arange(estimator.clauses_.shape[0])
    truth = vstack([block for _, block in clause_truth(estimator, X, clauses)], "csr")
    votes, owner = estimator.clause_votes_.astype(np.int64), estimator.clause_class_
    values = csr_array((votes[truth.indices], truth.indices, truth.indptr), truth.shape)
    sample, label, clause, vote = _long_form(estimator, values, owner, top)
    shown, place = np.unique(clause, return_inverse=True)
    read = read_clauses(estimator, shown)
    texts = rule_texts(estimator, shown, read, literal_names(names))
    return {
        "sample": sample,
        "class_label": label,
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
    shares = _literal_shares(estimator)
    clauses, n_literals = np.arange(shares.shape[0]), 2 * len(names)
    blocks = [truth @ shares for _, truth in clause_truth(estimator, X, clauses)]
    values = vstack(blocks, "csr")
    owner = np.repeat(np.arange(len(estimator.classes_)), n_literals)
    sample, label, column, value = _long_form(estimator, values, owner, top)
    literal = literal_names(names)[column % n_literals]
    return {
        "sample": sample,
        "class_label": label,
        "literal": literal,
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
    return pd.DataFrame(parts[by](estimator, X, names, top))

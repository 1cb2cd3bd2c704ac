"""The clauses of a fitted Tsetlin machine as a table, strongest first."""

import numpy as np
from sklearn.utils import column_or_1d

from sklearn_ext._core._sklearn import check_consistent_length

from ._reading import (
    check_feature_names,
    check_top,
    literal_names,
    read_clauses,
    rule_texts,
    strongest,
)

__all__ = ["clause_names", "clause_truth", "rules_table"]

# Truth values are computed in blocks of at most this many, so that they fit in memory.
BLOCK = 1 << 23


def clause_names(estimator):
    """Return `clause_<class>_<row>` of each clause."""
    labels = estimator.classes_[estimator.clause_class_].tolist()
    names = [f"clause_{label}_{row}" for row, label in enumerate(labels)]
    return np.array(names, dtype=object)


def clause_truth(estimator, X, clauses):
    """Yield ``(first row, truth)`` of each block of X.

    `truth` is a csr_array of a column per given clause and a row per row of the block.
    """
    from sklearn_ext._core._numba import Workers

    from ._inference import ClauseBank, clause_outputs

    bank = ClauseBank.of(
        estimator.clauses_[clauses],
        estimator.clause_class_[clauses],
        estimator.clause_votes_[clauses],
        len(estimator.classes_),
    )
    rows = estimator._rows(X)
    size = max(1, BLOCK // max(1, len(clauses)))
    with Workers(estimator.n_jobs) as workers:
        for start in range(0, rows.n_rows, size):
            block = np.arange(start, min(start + size, rows.n_rows))
            block = rows.take(block) if size < rows.n_rows else rows
            yield start, clause_outputs(bank, block, workers)


def _class_codes(estimator, X, y):
    """Return the position in `classes_` of each label, -1 for one that is not there."""
    import pandas as pd

    if X is None:
        raise ValueError("y was given without X; precision needs the rows of X too.")
    y = column_or_1d(y)
    check_consistent_length(X, y)
    codes = pd.Index(estimator.classes_).get_indexer(y)
    if (codes == -1).all():
        raise ValueError(
            f"y has no label of the estimator, classes_ is "
            f"{estimator.classes_.tolist()}, y begins with {y[:3].tolist()}."
        )
    return codes


def _support_and_precision(estimator, X, codes, clauses):
    """Return the share of rows where each clause is true, and how often it is right."""
    owner = estimator.clause_class_[clauses]
    n_rows, n_true, n_own = 0, np.zeros(len(clauses)), np.zeros(len(clauses))
    for start, truth in clause_truth(estimator, X, clauses):
        n_rows += truth.shape[0]
        n_true += np.bincount(truth.indices, minlength=len(clauses))
        if codes is not None:
            row = np.repeat(np.arange(truth.shape[0]), np.diff(truth.indptr))
            own = codes[start + row] == owner[truth.indices]
            n_own += np.bincount(truth.indices[own], minlength=len(clauses))
    if codes is None:
        return n_true / n_rows, None
    n_right = np.where(estimator.clause_votes_[clauses] > 0, n_own, n_true - n_own)
    never = np.full(len(clauses), np.nan)
    return n_true / n_rows, np.divide(n_right, n_true, out=never, where=n_true > 0)


def rules_table(
    estimator, X=None, y=None, *, feature_names=None, class_label=None, top=None
):
    """Return one row per clause: by class, then largest vote first, then in order.

    Clauses that are never true are left out, and the `top` ones of each class kept.
    """
    import pandas as pd

    check_top("top", top)
    names = check_feature_names(estimator, feature_names)
    codes = None if y is None else _class_codes(estimator, X, y)
    rows = strongest(estimator, class_label=class_label, top=top)
    read = read_clauses(estimator, rows)
    present = [tuple(names[k[k < len(names)]]) for k in read]
    absent = [tuple(names[k[k >= len(names)] - len(names)]) for k in read]
    texts = rule_texts(estimator, rows, read, literal_names(names))
    columns = {
        "class_label": estimator.classes_[estimator.clause_class_[rows]],
        "clause": rows,
        "vote": estimator.clause_votes_[rows].astype(np.int64),
        "n_literals": np.array([len(literals) for literals in read], dtype=np.int64),
        "present": pd.Series(present, dtype=object),
        "absent": pd.Series(absent, dtype=object),
        "rule": pd.Series(texts, dtype=str),
    }
    if X is not None:
        support, precision = _support_and_precision(estimator, X, codes, rows)
        columns["support"] = support
        if y is not None:
            columns["precision"] = precision
    return pd.DataFrame(columns)

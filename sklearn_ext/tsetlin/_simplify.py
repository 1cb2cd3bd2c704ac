"""Estimators of rules without automata: simplified, imported or edited by hand."""

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.utils import check_array, column_or_1d

from sklearn_ext._core._sklearn import clone
from sklearn_ext._core._torch import resolve_device

from ._reading import never_true
from ._rules import clause_truth

__all__ = ["check_clauses", "from_clauses", "merge_clauses", "simplify"]

LARGEST = np.iinfo(np.int32).max


def merge_clauses(clauses, clause_class, clause_votes):
    """Return the fewest rules that give the same votes on every input.

    Clauses that are never true are dropped, equal ones of a class become one with the
    sum of their votes, at the place of the first, and none where the sum is 0. A sum
    beyond int32 is split.
    """
    rows = np.flatnonzero(~never_true(clauses))
    indptr, indices = clauses.indptr, np.ascontiguousarray(clauses.indices)
    places, place = {}, np.empty(len(rows), dtype=np.int64)
    for k, row in enumerate(rows):
        literals = indices[indptr[row] : indptr[row + 1]].tobytes()
        place[k] = places.setdefault((clause_class[row], literals), len(places))
    first = rows[np.unique(place, return_index=True)[1]]
    totals = np.zeros(len(places), dtype=np.int64)
    np.add.at(totals, place, clause_votes[rows])

    copies = -(-np.abs(totals) // LARGEST)
    kept, totals = np.repeat(first, copies), np.repeat(totals, copies)
    earlier = np.arange(len(kept)) - np.repeat(np.cumsum(copies) - copies, copies)
    size = np.minimum(np.abs(totals) - earlier * LARGEST, LARGEST)
    votes = (np.sign(totals) * size).astype(np.int32)
    return clauses[kept], clause_class[kept], votes


def _with_rules(estimator, **attributes):
    """Give an unfitted estimator the attributes that predictions use."""
    vars(estimator).update(attributes)
    estimator.n_features_in_ = estimator.clauses_.shape[1] // 2
    return estimator


def simplify(estimator, X=None):
    """Return an estimator with merged clauses, with X only those true on some row."""
    clauses, owner, votes = merge_clauses(
        estimator.clauses_, estimator.clause_class_, estimator.clause_votes_
    )
    simple = _with_rules(
        clone(estimator),
        classes_=estimator.classes_.copy(),
        threshold_=estimator.threshold_,
        device_=estimator.device_,
        clauses_=clauses,
        clause_class_=owner,
        clause_votes_=votes,
    )
    if hasattr(estimator, "feature_names_in_"):
        simple.feature_names_in_ = estimator.feature_names_in_.copy()
    if X is not None:
        ever = np.zeros(len(votes), dtype=bool)
        for _, truth in clause_truth(simple, X, np.arange(len(votes))):
            ever[truth.indices] = True
        simple.clauses_ = clauses[np.flatnonzero(ever)]
        simple.clause_class_, simple.clause_votes_ = owner[ever], votes[ever]
    return simple


def _check_literals(clauses):
    """Return clauses as a csr_array of int8, or raise for what is neither 0 nor 1."""
    if issparse(clauses):
        literals = csr_array(clauses, copy=True)
        literals.sum_duplicates()
        row = np.repeat(np.arange(literals.shape[0]), np.diff(literals.indptr))
        column, value = literals.indices, literals.data
    else:
        at_all = {"ensure_min_samples": 0, "ensure_min_features": 0}
        values = check_array(clauses, dtype=None, ensure_all_finite=False, **at_all)
        literals = csr_array(values == 1)
        row, column = np.nonzero(values != 0)
        value = values[row, column]
    wrong = np.flatnonzero((value != 0) & (value != 1))
    if len(wrong):
        place = f"clauses[{row[wrong[0]]}, {column[wrong[0]]}]"
        raise ValueError(
            f"{place} is {value[wrong[0]]}; it must be 1 where the clause holds the "
            f"literal and 0 elsewhere."
        )
    n_columns = literals.shape[1]
    if n_columns % 2 or not n_columns:
        raise ValueError(
            f"clauses has {n_columns} columns; it must have two per feature, first all "
            f"features, then all negations."
        )
    literals.eliminate_zeros()
    return literals.astype(np.int8)


def _check_integers(name, values, n_rows, allowed, rule):
    """Return one int32 per clause, or raise for the first that is not allowed."""
    values = column_or_1d(values)
    if len(values) != n_rows:
        raise ValueError(
            f"{name} has {len(values)} entries, but clauses has {n_rows} rows."
        )
    if values.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold integers, got dtype {values.dtype}.")
    wrong = np.flatnonzero((values != np.trunc(values)) | ~allowed(values))
    if len(wrong):
        raise ValueError(f"{name}[{wrong[0]}] is {values[wrong[0]]}; {rule}.")
    return values.astype(np.int32)


def check_clauses(clauses, clause_class, clause_votes, classes):
    """Return sorted classes and rules as fitted attributes, or raise for bad ones."""
    clauses = _check_literals(clauses)
    labels, place = np.unique(column_or_1d(classes), return_inverse=True)
    if len(labels) < max(2, len(place)):
        raise ValueError(
            f"classes must hold at least two labels, each once, got "
            f"{np.asarray(classes).tolist()}."
        )
    n_rows, n_classes = clauses.shape[0], len(labels)
    owner = _check_integers(
        *("clause_class", clause_class, n_rows),
        lambda values: (values >= 0) & (values < n_classes),
        f"it must be the position of a class, 0 to {n_classes - 1}",
    )
    votes = _check_integers(
        *("clause_votes", clause_votes, n_rows),
        lambda values: (values != 0) & (values >= -LARGEST) & (values <= LARGEST),
        f"it must be an integer other than 0, of at most {LARGEST} either way",
    )
    return labels, clauses, place[owner].astype(np.int32), votes


def from_clauses(
    cls, clauses, clause_class, clause_votes, *, classes, threshold, params
):
    """Return an estimator of class `cls` that predicts with the given rules."""
    labels, clauses, owner, votes = check_clauses(
        clauses, clause_class, clause_votes, classes
    )
    threshold = "auto" if threshold is None else threshold
    estimator = cls(threshold=threshold, **params)
    estimator._validate_params()
    if threshold == "auto":
        sums = np.zeros(len(labels), dtype=np.int64)
        np.add.at(sums, owner, np.abs(votes.astype(np.int64)))
        threshold = max(1, sums.max())
    return _with_rules(
        estimator,
        classes_=labels,
        threshold_=int(threshold),
        device_=resolve_device(
            estimator.device,
            is_worth_it=False,
            purpose=f'{cls.__name__}(device="cuda")',
        ),
        clauses_=clauses,
        clause_class_=owner,
        clause_votes_=votes,
    )

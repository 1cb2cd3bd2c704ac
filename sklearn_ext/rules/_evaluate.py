"""Prediction: which rule fires on which row, and the class probabilities of each."""

import numpy as np

from ._rule import Z_SQUARED

__all__ = ["first_fired", "smooth_counts", "used_features"]


def used_features(rules):
    """Return the columns that occur in a rule set, ascending."""
    features, pending = set(), list(rules)
    while pending:
        rule = pending.pop()
        features.update(literal.feature for literal in rule.literals)
        pending += rule.exceptions
    return sorted(features)


def _as_bound(value, dtype):
    """Return the largest number of `dtype` that is not above the float64 `value`."""
    with np.errstate(over="ignore"):
        bound = dtype.type(value)
    # As Python floats: numpy would compare them as `dtype`, hence as equal.
    is_above = float(bound) > value
    return np.nextafter(bound, dtype.type(-np.inf)) if is_above else bound


class _Truth:
    """Truth values of literals on the rows of a table, each worked out once."""

    def __init__(self, cells):
        self._cells = cells
        self._known = {}

    def of(self, literal):
        if literal not in self._known:
            self._known[literal] = self._plain(literal) != literal.negated
        return self._known[literal]

    def _plain(self, literal):
        cells = self._cells[literal.feature]
        if cells.numbers is None:
            plain = literal.complement() if literal.negated else literal
            levels = np.array([plain.holds(level) for level in cells.levels], bool)
            return levels[cells.codes]
        numbers = cells.numbers
        if literal.op == "==":  # the only token among numbers is the missing cell
            missing = literal.value == ""
            return np.isnan(numbers) if missing else np.zeros(len(numbers), bool)
        bound = _as_bound(literal.value, numbers.dtype)
        return numbers <= bound if literal.op == "<=" else numbers > bound


def _fires(rule, truth):
    fires = truth.of(rule.literals[0]).copy()
    for literal in rule.literals[1:]:
        fires &= truth.of(literal)
    for exception in rule.exceptions:
        fires &= ~_fires(exception, truth)
    return fires


def first_fired(rules, cells, n_rows):
    """Return the index of the first top rule that fires on each row, -1 for none.

    Parameters
    ----------
    rules : sequence of Rule
    cells : dict of int to Cells
        The used columns.
    n_rows : int
    """
    truth = _Truth(cells)
    first = np.full(n_rows, -1, np.int64)
    for index in range(len(rules) - 1, -1, -1):
        first[_fires(rules[index], truth)] = index
    return first


def smooth_counts(counts, labels):
    """Return class probabilities per row of counts, largest at the row's label."""
    n_classes = counts.shape[1]
    totals = counts.sum(axis=1, keepdims=True)
    probabilities = (counts + Z_SQUARED / n_classes) / (totals + Z_SQUARED)
    for row, label in zip(probabilities, labels, strict=True):
        others = np.delete(row, label)
        if others.size and row[label] <= others.max():
            row[label] = (1 + 1e-6) * others.max()
            row /= row.sum()
    return probabilities

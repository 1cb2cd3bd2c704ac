"""Support, confidence, class counts and importances of a learned rule set."""

from dataclasses import replace

import numpy as np

from ._kernels import difference
from ._rule import wilson_centre

__all__ = ["gains_by_feature", "measure"]


def _measure_rule(rule, search, rows, codes, label, argues_for):
    """Return the rule with its statistics, and those of `rows` on which it fires.

    Exceptions argue against the class of the rule that they defeat, so the side of the
    argument changes with each level.
    """
    for literal in rule.literals:
        rows, _ = search.split(rows, literal)
    exceptions = []
    for exception in rule.exceptions:
        measured, fired = _measure_rule(
            exception, search, rows, codes, label, not argues_for
        )
        exceptions.append(measured)
        rows = difference(rows, fired)
    support = search.weigh(rows)
    right = search.weigh(rows[(codes[rows] == label) == argues_for])
    measured = replace(
        rule,
        exceptions=tuple(exceptions),
        support=float(support),
        confidence=wilson_centre(right, support),
    )
    return measured, rows


def measure(rules, labels, search, codes):
    """Route the training rows through a rule set, each to the first rule that fires.

    Parameters
    ----------
    rules : sequence of Rule
    labels : sequence of int
        Code of the class that each rule argues for.
    search : LiteralSearch
    codes : ndarray of int (n,)
        Class of each row.

    Returns
    -------
    rules : tuple of Rule, with support and confidence
    decided : list of int32 arrays
        The rows that each rule decides, and the undecided ones.
    """
    rows = np.arange(len(codes), dtype=np.int32)
    measured, decided = [], []
    for rule, label in zip(rules, labels, strict=True):
        rule, fired = _measure_rule(rule, search, rows, codes, label, True)
        measured.append(rule)
        decided.append(fired)
        rows = difference(rows, fired)
    return tuple(measured), [*decided, rows]


def gains_by_feature(drafts, n_features):
    """Sum the gains of all literals by feature, exceptions included; sum 1 or 0."""
    total = np.zeros(n_features)
    pending = list(drafts)
    while pending:
        draft = pending.pop()
        for literal, gain in zip(draft.literals, draft.gains, strict=True):
            total[literal.feature] += gain
        pending += draft.exceptions
    return total / total.sum() if total.sum() > 0 else total

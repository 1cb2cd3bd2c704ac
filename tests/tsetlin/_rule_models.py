"""Small Tsetlin machines to read, and slow oracles of what their rules say."""

import functools
import itertools
import re

import numpy as np
from hypothesis import strategies as st

from sklearn_ext import TsetlinMachineClassifier

LABELS = np.array(["ant", "bee", "cow", "dog"])


def machine(rules, *, n_features, n_classes=2, **params):
    """Return an estimator of rules ``(class, vote, literals)``."""
    clauses = np.zeros((len(rules), 2 * n_features), dtype=np.int8)
    for row, (_, _, literals) in enumerate(rules):
        clauses[row, list(literals)] = 1
    return TsetlinMachineClassifier.from_clauses(
        clauses,
        [owner for owner, _, _ in rules],
        [vote for _, vote, _ in rules],
        classes=LABELS[:n_classes],
        **params,
    )


@functools.cache
def fitted(seed=0, *, n_features=70, n_classes=3, **params):
    """Return a machine that was fitted to a few random rows, and these rows."""
    rng = np.random.default_rng(seed)
    X = (rng.random((40, n_features)) < 0.3).astype(np.uint8)
    y = LABELS[:n_classes][
        (X[:, 0] + 2 * X[:, 1] + rng.integers(2, size=40)) % n_classes
    ]
    y[:n_classes] = LABELS[:n_classes]
    params = {"n_clauses": 12, "max_iter": 3, "random_state": seed} | params
    return TsetlinMachineClassifier(**params).fit(X, y), X


@st.composite
def machines(draw):
    """Draw a machine of few literals, so that clauses repeat, clash and are empty."""
    n_features, n_classes = draw(st.integers(1, 4)), draw(st.integers(2, 3))
    rule = st.tuples(
        st.integers(0, n_classes - 1),
        st.integers(-3, 3).filter(bool),
        st.sets(st.integers(0, 2 * n_features - 1), max_size=3),
    )
    rules = draw(st.lists(rule, max_size=12))
    return machine(rules, n_features=n_features, n_classes=n_classes)


def all_rows(n_features):
    """Return every row of so many bits."""
    return np.array(list(itertools.product([0, 1], repeat=n_features)))


def literals_of(model, row):
    start, end = model.clauses_.indptr[row : row + 2]
    return sorted(model.clauses_.indices[start:end].tolist())


def is_true(model, row, x):
    """Tell whether a clause is true on a row of bits, as predictions count it."""
    n_features = len(x)
    literals = literals_of(model, row)
    holds = [x[k] if k < n_features else 1 - x[k - n_features] for k in literals]
    return bool(literals) and all(holds)


def votes(model, x):
    """Return the votes of each class on a row of bits."""
    totals = [0] * len(model.classes_)
    for row, (owner, vote) in enumerate(
        zip(model.clause_class_.tolist(), model.clause_votes_.tolist(), strict=True)
    ):
        totals[owner] += vote * is_true(model, row, x)
    return totals


def assert_decides(model, X, totals):
    """The votes of each class are those behind the decision function."""
    totals = np.asarray(totals, dtype=np.float64).reshape(len(X), len(model.classes_))
    if len(model.classes_) == 2:
        totals = totals[:, 1] - totals[:, 0]
    np.testing.assert_array_equal(model.decision_function(X), totals)


def holds(text, present):
    """Evaluate a rule that has no list on the set of the names that are present."""
    for literal in text.split(" and "):
        if (literal.removeprefix("not ") in present) == literal.startswith("not "):
            return False
    return True


def contribution(text, vote, present):
    """Evaluate the text of a rule on the set of the names that are present."""
    a_list = re.fullmatch(r"any of: (.+) \(\+(\d+), offset (-\d+)\)", text)
    if not a_list:
        return vote * holds(text, present)
    words, weight, offset = a_list.groups()
    return int(weight) * bool(present & set(words.split(", "))) + int(offset)

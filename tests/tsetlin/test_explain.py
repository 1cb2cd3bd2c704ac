"""Explanations of rows: they add up to the votes, and name what is true."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from sklearn_ext.tsetlin import _rules
from tests.tsetlin._rule_models import (
    LABELS,
    all_rows,
    assert_decides,
    fitted,
    is_true,
    literals_of,
    machine,
    machines,
    votes,
)


def summed(model, X, explained):
    """Return the contributions added up by row and class."""
    totals = np.zeros((len(X), len(model.classes_)))
    places = {label: k for k, label in enumerate(model.classes_.tolist())}
    for line in explained.itertuples():
        totals[line.sample, places[line.class_label]] += line.contribution
    return totals


def naive_by_clause(model, X):
    """List true clauses by row, class, largest vote and place."""
    lines = []
    for i, x in enumerate(X):
        for row, vote in enumerate(model.clause_votes_.tolist()):
            if is_true(model, row, x):
                lines.append((i, model.clause_class_[row], -abs(vote), row, vote))
    return [(i, model.classes_[c], row, vote) for i, c, _, row, vote in sorted(lines)]


def naive_by_literal(model, X):
    """Return ``{(row, class, literal): contribution}`` of what does not cancel."""
    n_features, shares = model.n_features_in_, defaultdict(float)
    for i, x in enumerate(X):
        for row, vote in enumerate(model.clause_votes_.tolist()):
            literals = literals_of(model, row)
            for k in literals if is_true(model, row, x) else ():
                name = f"x{k}" if k < n_features else f"not x{k - n_features}"
                label = model.classes_[model.clause_class_[row]]
                shares[i, label, name] += vote / len(literals)
    return shares


@given(machines())
def test_clauses_add_up_exactly(model):
    X = all_rows(model.n_features_in_)
    explained = model.explain(X)
    lines = explained[["sample", "class_label", "clause", "contribution"]]
    assert list(lines.itertuples(index=False, name=None)) == naive_by_clause(model, X)
    assert_decides(model, X, summed(model, X, explained))
    texts = dict(zip(*(model.get_rules()[x] for x in ("clause", "rule")), strict=True))
    assert explained["rule"].tolist() == [texts[row] for row in explained["clause"]]


@given(machines())
def test_literals_add_up(model):
    X = all_rows(model.n_features_in_)
    explained = model.explain(X, by="literal")
    assert list(explained) == ["sample", "class_label", "literal", "contribution"]
    totals = summed(model, X, explained)
    expected = [votes(model, x) for x in X]
    np.testing.assert_allclose(totals, expected, rtol=0, atol=1e-9)

    shares = naive_by_literal(model, X)
    for line in explained.itertuples():
        share = shares.pop((line.sample, line.class_label, line.literal))
        np.testing.assert_allclose(line.contribution, share, atol=1e-12)
    np.testing.assert_allclose(list(shares.values()), 0, atol=1e-12)


@pytest.mark.parametrize("block", [1 << 23, 40, 1])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_fitted_machine_is_explained(monkeypatch, block, n_classes):
    monkeypatch.setattr(_rules, "BLOCK", block)
    model, X = fitted(n_classes=n_classes)
    X = X[:12]
    by_clause = model.explain(X)
    assert len(by_clause) == len(naive_by_clause(model, X))
    assert_decides(model, X, summed(model, X, by_clause))
    by_literal = model.explain(X, by="literal")
    expected = [votes(model, x) for x in X]
    np.testing.assert_allclose(summed(model, X, by_literal), expected, atol=1e-9)
    pd.testing.assert_frame_equal(model.explain(csr_array(X)), by_clause)


@given(machines(), st.sampled_from(["clause", "literal"]), st.integers(1, 3))
def test_top_keeps_the_strongest_of_each_row_and_class(model, by, top):
    X = all_rows(model.n_features_in_)
    full = model.explain(X, by=by)
    strength = full["contribution"].abs()
    for _, group in strength.groupby([full["sample"], full["class_label"]]):
        assert group.is_monotonic_decreasing
    heads = full.groupby(["sample", "class_label"], sort=False).head(top)
    pd.testing.assert_frame_equal(
        model.explain(X, by=by, top=top), heads.reset_index(drop=True)
    )


def test_lines_of_one_row():
    rules = [(0, 2, [0, 3]), (0, -6, [2, 3]), (1, 1, [0]), (1, -3, [3]), (1, 9, [])]
    model = machine(rules, n_features=2)
    names = {"feature_names": ["refund", "thanks"]}
    by_clause = model.explain([[1, 0], [0, 0]], **names)
    assert list(by_clause.itertuples(index=False, name=None)) == [
        (0, "ant", 0, 2, "refund and not thanks"),
        (0, "bee", 3, -3, "any of: thanks (+3, offset -3)"),
        (0, "bee", 2, 1, "refund"),
        (1, "ant", 1, -6, "any of: refund, thanks (+6, offset -6)"),
        (1, "bee", 3, -3, "any of: thanks (+3, offset -3)"),
    ]
    by_literal = model.explain([[1, 0], [0, 0]], by="literal", top=1, **names)
    assert list(by_literal.itertuples(index=False, name=None)) == [
        (0, "ant", "refund", 1.0),
        (0, "bee", "not thanks", -3.0),
        (1, "ant", "not refund", -3.0),
        (1, "bee", "not thanks", -3.0),
    ]


@pytest.mark.parametrize("rules", [[], [(0, 2, [])], [(0, 2, [1])]])
@pytest.mark.parametrize("by", ["clause", "literal"])
def test_nothing_is_true(rules, by):
    model = machine(rules, n_features=2)
    explained = model.explain([[0, 0], [1, 0]], by=by)
    assert len(explained) == 0
    assert list(explained) == list(
        machine([(0, 1, [0])], n_features=2).explain([[1, 1]], by=by)
    )


def test_labels_are_those_of_the_classes():
    model = type(fitted()[0]).from_clauses(
        np.eye(4), [0, 1, 0, 1], [1, 2, 3, 4], classes=[5, 7]
    )
    explained = model.explain([[1, 1]])
    assert explained["class_label"].tolist() == [5, 7]
    assert explained["contribution"].dtype == np.int64
    assert LABELS[0] not in explained["class_label"].tolist()


def test_by_is_checked():
    model, X = fitted()
    with pytest.raises(ValueError, match="by must be 'clause' or 'literal', got 'row'"):
        model.explain(X, by="row")

"""The table of rules: which clauses, in which order, and how well they do on rows."""

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
    fitted,
    is_true,
    literals_of,
    machine,
    machines,
)

COLUMNS = ["class_label", "clause", "vote", "n_literals", "present", "absent", "rule"]


def naive_table(model):
    """List the clauses that can be true, one after the other."""
    n_features = model.n_features_in_
    rows = []
    for row in range(model.clauses_.shape[0]):
        literals = literals_of(model, row)
        if not literals or any(k + n_features in literals for k in literals):
            continue
        owner, vote = model.clause_class_[row], int(model.clause_votes_[row])
        present = tuple(f"x{k}" for k in literals if k < n_features)
        absent = tuple(f"x{k - n_features}" for k in literals if k >= n_features)
        label = model.classes_[owner]
        rows.append((owner, label, row, vote, len(literals), present, absent))
    rows.sort(key=lambda rule: (rule[0], -abs(rule[3]), rule[2]))
    return [rule[1:] for rule in rows]


@given(machines())
def test_clauses_are_listed_by_class_and_vote(model):
    rules = model.get_rules()
    assert list(rules) == COLUMNS
    assert list(rules[COLUMNS[:-1]].itertuples(index=False, name=None)) == naive_table(
        model
    )


def test_automata_change_no_more_than_the_order_of_literals():
    model, _ = fitted()
    for rule, expected in zip(
        model.get_rules()[COLUMNS[:-1]].itertuples(index=False, name=None),
        naive_table(model),
        strict=True,
    ):
        assert rule[:4] == expected[:4]
        assert [set(names) for names in rule[4:]] == [set(n) for n in expected[4:]]


@given(machines(), st.integers(1, 4))
def test_top_and_class_label_choose_from_the_whole_table(model, top):
    rules = model.get_rules()
    heads = rules.groupby("class_label", sort=False).head(top)
    pd.testing.assert_frame_equal(
        model.get_rules(top=top), heads.reset_index(drop=True)
    )
    label = model.classes_[-1]
    of_class = rules[rules["class_label"] == label].reset_index(drop=True)
    pd.testing.assert_frame_equal(model.get_rules(class_label=label), of_class)
    pd.testing.assert_frame_equal(
        model.get_rules(class_label=label, top=top), of_class.head(top)
    )


@pytest.mark.parametrize("block", [1 << 23, 40, 1])
def test_support_and_precision_count_rows(monkeypatch, block):
    monkeypatch.setattr(_rules, "BLOCK", block)
    model, X = fitted()
    rng = np.random.default_rng(1)
    X = np.vstack([X[:9], rng.integers(2, size=(8, X.shape[1]))])
    y = np.append(rng.choice(model.classes_, size=len(X) - 1), "never seen")
    rules = model.get_rules(X, y, top=9)
    assert list(rules) == [*COLUMNS, "support", "precision"]
    for rule in rules.itertuples():
        true = [is_true(model, rule.clause, x) for x in X]
        assert rule.support == sum(true) / len(X)
        own = sum(label == rule.class_label for label in y[true])
        right = own if rule.vote > 0 else sum(true) - own
        np.testing.assert_equal(
            rule.precision, right / sum(true) if any(true) else np.nan
        )
    without_y = model.get_rules(X, top=9)
    pd.testing.assert_frame_equal(without_y, rules.drop(columns="precision"))
    pd.testing.assert_frame_equal(model.get_rules(csr_array(X), y, top=9), rules)


def test_a_rule_without_support_has_no_precision():
    model = machine([(0, 2, [0]), (1, -2, [1]), (1, 1, [2])], n_features=2)
    rules = model.get_rules([[1, 0], [1, 0]], LABELS[[0, 1]])
    np.testing.assert_array_equal(rules["support"], [1, 0, 0])
    np.testing.assert_array_equal(rules["precision"], [0.5, np.nan, np.nan])


def test_no_rules():
    model = machine([(0, 1, []), (1, 2, [0, 3])], n_features=3)
    rules = model.get_rules([[0, 1, 1]], LABELS[:1])
    assert list(rules) == [*COLUMNS, "support", "precision"]
    assert len(rules) == 0
    assert model.get_rules(top=3).empty


def test_columns_have_the_same_types_without_rules():
    model, X = fitted()
    full = model.get_rules(X, model.predict(X))
    nothing = machine([], n_features=X.shape[1], n_classes=3)
    empty = nothing.get_rules(X, model.predict(X))
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
    for by in ("clause", "literal"):
        kinds = nothing.explain(X, by=by).dtypes
        pd.testing.assert_series_equal(kinds, model.explain(X, by=by).dtypes)


def test_labels_keep_their_kind():
    rng = np.random.default_rng(0)
    X = rng.integers(2, size=(30, 3))
    for labels in (np.array([3, 7]), np.array([False, True]), np.array(["a", "b"])):
        model = type(fitted()[0])(4, max_iter=3, random_state=0).fit(X, labels[X[:, 0]])
        rules = model.get_rules(X, labels[X[:, 0]], class_label=labels[1])
        assert len(rules) > 0
        assert set(rules["class_label"]) == {labels[1]}
        assert rules["precision"].notna().any()


def test_names_of_clauses():
    model = machine([(1, 2, [0]), (0, -1, []), (1, 1, [1])], n_features=2)
    names = model.get_feature_names_out()
    assert names.dtype == object
    assert names.tolist() == ["clause_bee_0", "clause_ant_1", "clause_bee_2"]
    assert model.transform(all_rows(2)).shape[1] == len(names)


def test_an_unknown_class_is_refused():
    model, _ = fitted()
    with pytest.raises(ValueError, match=r"'elk' is not a class .* \['ant', 'bee'"):
        model.get_rules(class_label="elk")


def test_y_needs_x():
    model, X = fitted()
    with pytest.raises(ValueError, match="y was given without X"):
        model.get_rules(y=model.predict(X))


def test_y_of_another_problem_is_refused():
    model, X = fitted()
    with pytest.raises(ValueError, match=r"no label of the estimator, .*\[0, 0, 0\]"):
        model.get_rules(X, np.zeros(len(X), dtype=int))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.get_rules(X, model.predict(X)[:-1])


def test_x_of_another_width_is_refused():
    model, X = fitted()
    with pytest.raises(ValueError, match="features"):
        model.get_rules(X[:, 1:])


def test_nothing_is_kept_on_the_estimator():
    model, X = fitted()
    before = dict(vars(model))
    model.get_rules(X, model.predict(X))
    model.explain(X)
    model.explain(X, by="literal")
    model.export_text()
    model.simplify(X)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())

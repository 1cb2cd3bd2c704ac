"""Machines of rules without automata: simplified, and made from given rules."""

import pickle
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ext import TsetlinMachineClassifier
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

LARGEST = 2**31 - 1
TRAINED = ["state_", "clause_weights_", "n_literals_", "literal_mask_", "seed_"]
TRAINED += ["history_", "n_iter_"]


def rules_of(model):
    owners, weights = model.clause_class_.tolist(), model.clause_votes_.tolist()
    clauses = [tuple(literals_of(model, row)) for row in range(len(owners))]
    return list(zip(owners, clauses, weights, strict=True))


@given(machines())
def test_decisions_stay_exactly_equal(model):
    X = all_rows(model.n_features_in_)
    simple = model.simplify()
    np.testing.assert_array_equal(
        simple.decision_function(X), model.decision_function(X)
    )
    np.testing.assert_array_equal(simple.predict_proba(X), model.predict_proba(X))

    n_features, sums = model.n_features_in_, defaultdict(int)
    for owner, literals, vote in rules_of(model):
        if literals and not {k + n_features for k in literals} & set(literals):
            sums[owner, literals] += vote
    expected = [(*rule, total) for rule, total in sums.items() if total]
    assert rules_of(simple) == expected
    assert rules_of(simple.simplify()) == expected


@given(machines(), st.data())
def test_with_rows_the_clauses_true_on_none_are_gone(model, data):
    X = all_rows(model.n_features_in_)
    X = X[data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=4))]
    simple = model.simplify(X)
    np.testing.assert_array_equal(
        simple.decision_function(X), model.decision_function(X)
    )
    kept = [
        rule
        for row, rule in enumerate(rules_of(model.simplify()))
        if any(is_true(model.simplify(), row, x) for x in X)
    ]
    assert rules_of(simple) == kept


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_fitted_machine_is_simplified(n_classes, global_random_seed):
    model, seen = fitted(n_classes=n_classes, n_features=9, n_clauses=40)
    rng = np.random.default_rng(global_random_seed)
    X = rng.integers(2, size=(300, 9))
    simple = model.simplify()
    assert 0 < simple.clauses_.shape[0] < model.clauses_.shape[0]
    np.testing.assert_array_equal(
        simple.decision_function(X), model.decision_function(X)
    )
    np.testing.assert_array_equal(simple.predict(X), model.predict(X))
    np.testing.assert_array_equal(simple.predict_proba(X), model.predict_proba(X))
    fewer = model.simplify(seen[:3])
    assert fewer.clauses_.shape[0] < simple.clauses_.shape[0]
    np.testing.assert_array_equal(
        fewer.decision_function(seen[:3]), model.decision_function(seen[:3])
    )


def test_what_a_simplified_machine_holds():
    names = [f"word{j}" for j in range(9)]
    X = pd.DataFrame(fitted(n_features=9)[1], columns=names)
    y = np.where(X["word1"] > X["word2"], "yes", "no")
    model = TsetlinMachineClassifier(20, max_iter=2, random_state=3).fit(X, y)
    before = {name: pickle.dumps(value) for name, value in vars(model).items()}
    simple = model.simplify(X)
    assert type(simple) is type(model)
    assert simple is not model
    assert simple.get_params() == model.get_params()
    assert simple.threshold_ == model.threshold_
    assert simple.device_ == model.device_
    assert simple.n_features_in_ == 9
    assert simple.feature_names_in_.tolist() == names
    np.testing.assert_array_equal(simple.classes_, model.classes_)
    for name in ("clauses_", "clause_class_", "clause_votes_"):
        assert getattr(simple, name).dtype == getattr(model, name).dtype
    assert not [name for name in TRAINED if hasattr(simple, name)]
    assert len(pickle.dumps(simple)) < len(pickle.dumps(model)) / 2
    assert before == {name: pickle.dumps(value) for name, value in vars(model).items()}

    again = pickle.loads(pickle.dumps(simple))
    np.testing.assert_array_equal(
        again.decision_function(X), model.decision_function(X)
    )
    with pytest.raises(ValueError, match="keep no automaton states"):
        simple.partial_fit(X, y)
    assert hasattr(simple.fit(X, y), "state_")


def test_a_sum_beyond_int32_is_split():
    rules = [(0, LARGEST, [0]), (0, LARGEST, [0]), (0, 5, [0]), (0, -LARGEST, [1])]
    rules += [(0, -1, [1]), (1, 7, [1]), (1, -7, [1])]
    model = machine(rules, n_features=2)
    simple = model.simplify()
    assert rules_of(simple) == [
        (0, (0,), LARGEST),
        (0, (0,), LARGEST),
        (0, (0,), 5),
        (0, (1,), -LARGEST),
        (0, (1,), -1),
    ]
    X = all_rows(2)
    np.testing.assert_array_equal(
        simple.decision_function(X), model.decision_function(X)
    )


def test_rules_may_cancel_altogether():
    model = machine([(1, 2, [0]), (1, -2, [0]), (0, 1, [0, 2])], n_features=2)
    simple = model.simplify()
    assert simple.clauses_.shape == (0, 4)
    assert simple.predict(all_rows(2)).tolist() == ["ant"] * 4
    assert simple.get_rules().empty
    assert simple.export_text().splitlines() == [
        "class ant (0 rules)",
        "class bee (0 rules)",
    ]
    assert machine([], n_features=2).simplify([[0, 1]]).clauses_.shape == (0, 4)


def given_rules(model):
    return model.clauses_, model.clause_class_, model.clause_votes_


@pytest.mark.parametrize("n_classes", [2, 3])
def test_round_trip(n_classes):
    model, X = fitted(n_classes=n_classes)
    again = TsetlinMachineClassifier.from_clauses(
        *given_rules(model), classes=model.classes_, threshold=model.threshold_
    )
    for method in ("decision_function", "predict_proba", "predict"):
        np.testing.assert_array_equal(
            getattr(again, method)(X), getattr(model, method)(X)
        )
    assert abs(again.transform(X) - model.transform(X)).nnz == 0
    assert again.n_features_in_ == model.n_features_in_
    assert not [name for name in TRAINED if hasattr(again, name)]
    with pytest.raises(ValueError, match="keep no automaton states"):
        again.partial_fit(X, model.predict(X))


@pytest.mark.parametrize(
    "container",
    [
        np.array,
        pd.DataFrame,
        sp.csr_array,
        sp.csc_matrix,
        sp.coo_array,
        lambda dense: dense.astype(bool),
        lambda dense: sp.csr_array(dense.astype(float)),
        lambda dense: dense.tolist(),
    ],
)
def test_containers_of_clauses(container):
    model, X = fitted()
    dense = model.clauses_.toarray()
    given = container(dense)
    again = TsetlinMachineClassifier.from_clauses(
        given,
        pd.Series(model.clause_class_),
        model.clause_votes_.tolist(),
        classes=pd.Series(model.classes_),
    )
    assert again.clauses_.dtype == np.int8
    assert again.clauses_.has_canonical_format
    assert again.clauses_.indices.dtype == np.int32
    np.testing.assert_array_equal(again.clauses_.toarray(), dense)
    np.testing.assert_array_equal(
        again.decision_function(X), model.decision_function(X)
    )


def test_explicit_zeros_of_sparse_clauses_are_dropped_on_a_copy():
    clauses = sp.csr_array(
        (np.array([1, 0, 1]), np.array([3, 1, 0]), np.array([0, 3])), shape=(1, 4)
    )
    model = TsetlinMachineClassifier.from_clauses(clauses, [0], [2], classes=[0, 1])
    assert model.clauses_.indices.tolist() == [0, 3]
    assert clauses.indices.tolist() == [3, 1, 0]
    assert model.get_rules()["rule"].tolist() == ["x0 and not x1"]
    assert model.predict([[1, 0], [1, 1]]).tolist() == [0, 0]
    assert model.decision_function([[1, 0], [1, 1]]).tolist() == [-2, 0]


def test_classes_are_sorted_with_their_rules():
    clauses = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    model = TsetlinMachineClassifier.from_clauses(
        clauses, [0, 1, 2], [5, 6, 7], classes=["spam", "ham", "eggs"]
    )
    assert model.classes_.tolist() == ["eggs", "ham", "spam"]
    assert model.clause_class_.tolist() == [2, 1, 0]
    assert model.decision_function([[1, 0]]).tolist() == [[0, 0, 5]]
    assert model.predict([[1, 0], [0, 1], [0, 0]]).tolist() == ["spam", "eggs", "eggs"]


def test_threshold_and_parameters():
    rules = [(0, 5, [0]), (0, -4, [1]), (1, 3, [0])]
    model = machine(rules, n_features=2)
    assert model.threshold_ == 9
    assert model.device_ == "cpu"
    assert machine(rules, n_features=2, threshold=4).threshold_ == 4
    assert machine([], n_features=2).threshold_ == 1
    counts = machine(rules, n_features=2, binarize=2.5, n_jobs=2)
    assert counts.n_jobs == 2
    np.testing.assert_array_equal(
        counts.decision_function([[2, 3], [3, 2]]),
        model.decision_function([[0, 1], [1, 0]]),
    )
    with pytest.raises(TypeError, match="n_rules"):
        machine(rules, n_features=2, n_rules=3)
    with pytest.raises(ValueError, match="'threshold' parameter"):
        machine(rules, n_features=2, threshold=0)
    with pytest.raises(ValueError, match="'n_clauses' parameter"):
        machine(rules, n_features=2, n_clauses=-1)


def test_an_edited_rule_votes():
    model, X = fitted()
    clauses, owner, weights = (array.copy() for array in given_rules(model))
    clauses = clauses.tolil()
    clauses[0, :] = 0
    clauses[0, 3] = 1
    weights[0] = -1000
    edited = TsetlinMachineClassifier.from_clauses(
        clauses, owner, weights, classes=model.classes_
    )
    assert_decides(edited, X, [votes(edited, x) for x in X])
    assert (edited.decision_function(X)[X[:, 3] == 1, 0] < -500).all()


GOOD = {
    "clauses": [[1, 0, 0, 1], [0, 1, 0, 0]],
    "clause_class": [0, 1],
    "clause_votes": [3, -2],
    "classes": ["a", "b"],
}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clauses": [[1, 0, 0], [0, 0, 1]]}, "clauses has 3 columns"),
        ({"clauses": np.zeros((2, 0))}, "clauses has 0 columns"),
        ({"clauses": [[1, 0, 0, 1], [0, 2, 0, 0]]}, r"clauses\[1, 1\] is 2; "),
        ({"clauses": [[1, 0, 0, 1], [0, 0.5, 0, 0]]}, r"clauses\[1, 1\] is 0\.5; "),
        ({"clauses": [[1, np.nan, 0, 1], [0, 0, 0, 0]]}, r"clauses\[0, 1\] is nan; "),
        ({"clauses": [[1, 0, "1", 1], [0, 0, 0, 0]]}, r"clauses\[0, 0\] is 1; "),
        (
            {"clauses": sp.csr_array([[0, 0, 0, 0], [0, 0, -1, 0]])},
            r"clauses\[1, 2\] is -1; ",
        ),
        (
            {"clauses": sp.coo_array(([1, 1], ([0, 0], [3, 3])), shape=(2, 4))},
            r"clauses\[0, 3\] is 2; ",
        ),
        ({"clauses": [1, 0, 0, 1]}, "Expected 2D array"),
        ({"clause_class": [0, 2]}, r"clause_class\[1\] is 2; .* 0 to 1"),
        ({"clause_class": [-1, 0]}, r"clause_class\[0\] is -1; "),
        ({"clause_class": [0, 0.5]}, r"clause_class\[1\] is 0\.5; "),
        ({"clause_class": [0]}, "clause_class has 1 entries, but clauses has 2 rows"),
        ({"clause_votes": [3, 0]}, r"clause_votes\[1\] is 0; .* other than 0"),
        ({"clause_votes": [3, np.nan]}, r"clause_votes\[1\] is nan; "),
        ({"clause_votes": [np.inf, 3]}, r"clause_votes\[0\] is inf; "),
        ({"clause_votes": [1, -(2**31)]}, r"clause_votes\[1\] is -2147483648; "),
        ({"clause_votes": [1, 2, 3]}, "clause_votes has 3 entries, .* has 2 rows"),
        ({"classes": ["a"]}, r"classes must hold at least two .* \['a'\]"),
        ({"classes": ["a", "b", "a"]}, "classes must hold at least two labels, each"),
    ],
)
def test_bad_rules_are_refused(wrong, message):
    rules = GOOD | wrong
    given = [rules[name] for name in ("clauses", "clause_class", "clause_votes")]
    with pytest.raises(ValueError, match=message):
        TsetlinMachineClassifier.from_clauses(*given, classes=rules["classes"])


@pytest.mark.parametrize("name", ["clause_class", "clause_votes"])
def test_kinds_other_than_integers_are_refused(name):
    rules = GOOD | {name: ["0", "1"]}
    given = [rules[name] for name in ("clauses", "clause_class", "clause_votes")]
    with pytest.raises(TypeError, match=f"{name} must hold integers"):
        TsetlinMachineClassifier.from_clauses(*given, classes=LABELS[:2])

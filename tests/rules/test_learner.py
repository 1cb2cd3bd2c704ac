"""The learner: scores, ties, and FoldSE = the naive learner."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ext import FoldSE
from sklearn_ext.rules import _encoding
from sklearn_ext.rules._learner import DEEPEST
from tests.rules._canonical import assert_same_model, plain, program, state
from tests.rules._naive import (
    IMPURITIES,
    Literal,
    NaiveFoldSE,
    literals_of,
    score,
)
from tests.rules._tables import NAN, QUICK, random_table, tables, weights

COLUMN_A = [1, 2, 3, 3, 5, 6, 6, "b", 2, 4, 6, 7, "a"]
COLUMN_B = [1, 2, 2, 4, 5, "x", "x", "y", 1, 3, 4, "y", "y", "y", "z"]
Y = {"A": [1] * 8 + [0] * 5, "B": [1] * 8 + [0] * 7}
HEURISTICS = sorted(IMPURITIES)
PARAMS = st.fixed_dictionaries(
    {
        "ratio": st.sampled_from([0.0, 0.25, 0.5, 3.0]),
        "tail": st.sampled_from([0, 2, 0.1]),
    },
    optional={
        "heuristic": st.sampled_from(HEURISTICS),
        "max_rules": st.integers(1, 2),
        "max_depth": st.integers(0, 2),
        "max_literals": st.integers(1, 2),
        "min_confidence": st.sampled_from([0.4, 0.6, 0.75]),
    },
)


def fit_both(rows, categorical, y, sample_weight=None, **params):
    """Fit FoldSE and the naive learner on the same table."""
    model = FoldSE(categorical_features=np.array(categorical), **params)
    model.fit(np.array(rows, dtype=object), y, sample_weight=sample_weight)
    naive = NaiveFoldSE(categorical, **params).fit(rows, y, sample_weight)
    return model, naive


def first_literal(column, y, **params):
    """Return the winner of the first search on one column."""
    model = FoldSE(tail=0, max_rules=1, max_literals=1, max_depth=0, **params)
    (rule,) = model.fit([[cell] for cell in column], y).raw_rules_
    (literal,) = rule.literals
    return literal.op, literal.value, literal.negated


def counts(column, y, literal):
    """Return tp, fn, tn, fp of a literal."""
    answers = [literal.holds(cell) for cell in column]
    pairs = list(zip(answers, y, strict=True))
    return [pairs.count(pair) for pair in ((1, 1), (0, 1), (0, 0), (1, 0))]


@pytest.mark.parametrize(
    ("column", "op", "value", "negated", "expected", "mgi", "entropy"),
    [
        ("A", "<=", 3, False, [4, 4, 4, 1], -6.0, -0.6190),
        ("A", "<=", 5, False, [5, 3, 3, 2], -6.1623, -0.6421),
        ("A", "<=", 6, False, [7, 1, 2, 3], -5.9968, -0.6168),
        ("A", ">", 1, False, [6, 2, 1, 4], -6.3132, -0.6646),
        ("A", "<=", 1, True, [7, 1, 0, 5], -5.9161, -0.6269),
        ("A", ">", 6, True, [8, 0, 1, 4], -5.6569, -0.5876),
        ("A", "==", "a", True, [8, 0, 1, 4], -5.6569, -0.5876),
        ("A", "<=", 2, False, None, -math.inf, -math.inf),
        ("A", "==", "b", False, None, -math.inf, -math.inf),
        ("B", "==", "x", False, [2, 6, 7, 0], -6.4807, -0.5982),
        ("B", "==", "z", True, None, -6.9282, None),
        ("B", ">", 4, False, [1, 7, 7, 0], -7.0, None),
        ("B", "==", "y", True, None, -7.0236, None),
        ("B", "<=", 2, False, [3, 5, 6, 1], -7.2093, None),
        ("B", ">", 1, False, [4, 4, 5, 2], -7.3006, None),
    ],
)
def test_published_scores(column, op, value, negated, expected, mgi, entropy):
    """The naive scores are the published ones, so they may judge the fast ones."""
    cells = COLUMN_A if column == "A" else COLUMN_B
    found = counts(cells, Y[column], Literal(0, op, value, negated))
    assert expected is None or found == expected
    assert score("mgi", *found) == pytest.approx(mgi, abs=1e-4)
    if entropy is not None:
        assert score("entropy", *found) == pytest.approx(entropy, abs=1e-4)


def test_gini_score():
    assert score("gini", 4, 4, 4, 1) == pytest.approx(-(4 / 5 + 16 / 8))
    assert score("gini", 8, 0, 1, 4) == pytest.approx(-32 / 12)
    assert score("gini", 0, 8, 1, 4) == -math.inf


def test_published_winners():
    assert first_literal(COLUMN_A, Y["A"]) == (">", 6.0, True)
    assert first_literal(COLUMN_B, Y["B"]) == ("==", "x", False)


@pytest.mark.parametrize("heuristic", HEURISTICS)
@pytest.mark.parametrize("column", [COLUMN_A, COLUMN_B])
def test_winner_of_each_heuristic(column, heuristic):
    y = Y["A"] if column is COLUMN_A else Y["B"]
    scores = {
        literal: score(heuristic, *counts(column, y, literal))
        for literal in literals_of(0, column)
    }
    best = max(scores, key=scores.get)  # the first of the best
    assert first_literal(column, y, heuristic=heuristic) == best[1:]


def test_first_of_equal_columns_wins():
    rows, _, y = random_table(0)
    for j, categorical in ((0, False), (1, True)):
        X = [[row[j], row[j]] for row in rows]
        model = FoldSE(categorical_features=[categorical] * 2, ratio=0.1, tail=0)
        for rule in model.fit(X, y).raw_rules_:  # later literals are no longer equal
            assert rule.literals[0].feature == 0


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_categorical_columns_come_first(order):
    """Both columns split perfectly; the categorical one wins wherever it stands."""
    X = np.array([[1.0, "a"], [1.0, "a"], [2.0, "b"], [2.0, "b"]], dtype=object)
    categorical = np.array([False, True])[order]
    model = FoldSE(categorical_features=categorical).fit(X[:, order], [0, 0, 1, 1])
    (rule,) = model.rules_
    assert plain(rule)[1] == ((order.index(1), "==", "b", False),)


def test_lower_bound_is_negated_where_no_token_is():
    y = [0, 0, 1, 1]
    assert first_literal([1.0, 2.0, 3.0, 4.0], y) == ("<=", 2.0, True)
    # A missing cell on the negative side tells the two forms apart.
    assert first_literal([1.0, 2.0, 3.0, 4.0, None], [*y, 0]) == (">", 2.0, False)
    assert first_literal([1.0, 2.0, 3.0, 4.0, None], [*y, 1]) == ("<=", 2.0, True)


def test_tokens_are_tried_in_descending_order():
    assert first_literal(["a", "b"], [1, 0]) == ("==", "b", True)
    assert first_literal(["a", "b"], [0, 1]) == ("==", "b", False)


def test_literal_is_not_its_own_exception():
    """A used literal and its complement are banned below it, not beside it."""
    X, y = [["b"]] * 5 + [["a"]] * 5, [1, 1, 0, 0, 0] + [0] * 5
    model = FoldSE(tail=0, max_literals=1).fit(X, y)
    assert program(model)[0] == [(1, ((0, "==", "b", False),), ())]


def test_twin_of_a_used_cut_stays_available():
    """After `not (A > 2)` the literal `A <= 2` may follow, to leave tokens out."""
    X = [[1.0], [2.0], ["?"], ["?"], [3.0], [4.0], ["?"]]
    model = FoldSE(ratio=0.0, tail=0).fit(X, [1, 1, 1, 1, 0, 0, 0])
    first = plain(model.raw_rules_[0])[1]
    assert first == ((0, ">", 2.0, True), (0, "<=", 2.0, False))


@QUICK
@given(tables())
def test_naive_counting_is_right(table):
    """Prefix counts of the oracle = counting each literal by itself, row by row."""
    rows, categorical, y = table
    fast = NaiveFoldSE(categorical, tail=0).fit(rows, y)
    slow = NaiveFoldSE(categorical, tail=0, recount=True).fit(rows, y)
    assert list(map(plain, fast.raw_rules_)) == list(map(plain, slow.raw_rules_))


@QUICK
@given(tables(), PARAMS)
def test_binary(table, params):
    rows, categorical, y = table
    model, naive = fit_both(rows, categorical, y, **params)
    strange = [["unseen"] * len(categorical), [None] * len(categorical)]
    assert_same_model(model, naive, [*rows, *strange])


@QUICK
@given(tables(n_classes=4), PARAMS)
def test_multi_class(table, params):
    rows, categorical, y = table
    model, naive = fit_both(rows, categorical, y, **params)
    assert_same_model(model, naive, rows)


@QUICK
@given(tables(), st.data())
def test_weights(table, data):
    """Integers, and floats whose sums are exact; zeros among them."""
    rows, categorical, y = table
    values = data.draw(st.sampled_from([(0, 1, 2, 3), (0.0, 0.25, 1.0, 2.5)]))
    sample_weight = data.draw(weights(len(y), values))
    model, naive = fit_both(rows, categorical, y, sample_weight, tail=0.1)
    assert_same_model(model, naive, rows)


@pytest.mark.parametrize("heuristic", HEURISTICS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_heuristics(heuristic, n_classes):
    for seed in range(8):
        rows, categorical, y = random_table(seed, n_classes=n_classes)
        model, naive = fit_both(rows, categorical, y, heuristic=heuristic)
        assert_same_model(model, naive, rows)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tail": 0, "ratio": 0.0},
        {"tail": 0, "ratio": 2.0},
        {"tail": 5},
        {"tail": 0.03, "ratio": 0.25},
        {"max_rules": 1},
        {"max_rules": 2, "tail": 0},
        {"max_depth": 0, "tail": 0},
        {"max_depth": 1, "tail": 0},
        {"max_literals": 1, "tail": 0},
        {"max_literals": 2},
        {"min_confidence": 0.7, "tail": 0},
        {"min_confidence": 0.9},
        {"class_weight": {0: 0.5, 1: 2.0}, "tail": 0.02},
        {"class_weight": {1: 3}},
        {"class_weight": {0: 0}},
    ],
    ids=str,
)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_parameters(params, n_classes, global_random_seed):
    for seed in range(global_random_seed, global_random_seed + 4):
        rows, categorical, y = random_table(seed, n_classes=n_classes)
        model, naive = fit_both(rows, categorical, y, **params)
        assert_same_model(model, naive, rows)


def test_each_limit_limits():
    """The cases above are not empty: each parameter changes some program."""
    rows, categorical, y = random_table(6)
    free, _ = fit_both(rows, categorical, y, tail=0)
    assert len(free.raw_rules_) > 2
    assert any(child.exceptions for rule in free.rules_ for child in rule.exceptions)
    for name, value in [("max_rules", 2), ("max_depth", 1), ("max_literals", 1)]:
        limited, _ = fit_both(rows, categorical, y, tail=0, **{name: value})
        assert program(limited) != program(free)


@pytest.mark.parametrize("pos_label", ["no", "yes", None])
def test_positive_label(pos_label):
    rows, categorical, y = random_table(2)
    y = [("no", "yes")[label] for label in y]
    model, naive = fit_both(rows, categorical, y, pos_label=pos_label)
    assert_same_model(model, naive, rows)
    assert {rule.head for rule in model.rules_} == {pos_label or "yes"}


@pytest.mark.parametrize("n_classes", [2, 3])
def test_more_rows(n_classes):
    """Enough distinct numbers for 16-bit codes, enough rows for every kernel."""
    rows, categorical, y = random_table(5, n=1200, n_classes=n_classes)
    model, naive = fit_both(rows, categorical, y)
    assert_same_model(model, naive, rows)


@QUICK
@given(
    tables(max_rows=40),
    st.integers(2, 5),
    st.sampled_from(HEURISTICS),
    st.sampled_from([(1,), (0, 1, 2), (0.25, 1.5)]),
    st.data(),
)
def test_coarse_to_fine(table, bins, heuristic, values, data):
    """Codes that stand for several values are refined to the exact cut (6.8)."""
    rows, categorical, y = table
    sample_weight = data.draw(weights(len(y), values))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_encoding, "MAX_BINS", bins)
        model, naive = fit_both(
            rows, categorical, y, sample_weight, heuristic=heuristic, tail=0
        )
    assert_same_model(model, naive, rows)


@QUICK
@given(st.data(), st.sampled_from([32, 64]), st.sampled_from([2, 256]))
def test_any_numbers(data, width, bins):
    """Denormals, signed zeros, huge numbers and NaN; by hashing and by sorting."""
    number = st.floats(width=width, allow_infinity=False)
    pairs = st.tuples(
        st.one_of(st.sampled_from([0.0, -0.0, NAN]), number), st.booleans()
    )
    drawn = data.draw(st.lists(pairs, min_size=2, max_size=30))
    rows, y = [[x] for x, _ in drawn], [int(label) for _, label in drawn]
    X = np.array(rows, dtype=f"float{width}")
    naive = NaiveFoldSE([False], tail=0).fit(rows, y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_encoding, "MAX_BINS", bins)
        model = FoldSE(tail=0).fit(X, y)
    assert_same_model(model, naive, rows, X=X)


@pytest.mark.parametrize("bins", [3, 16, 256])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_coarse_to_fine_on_more_rows(bins, n_classes, monkeypatch):
    monkeypatch.setattr(_encoding, "MAX_BINS", bins)
    for seed in range(3):
        rows, categorical, y = random_table(seed, n=400, n_classes=n_classes)
        model, naive = fit_both(rows, categorical, y, tail=0)
        assert_same_model(model, naive, rows)


@pytest.mark.parametrize("bins", [3, 256])
def test_subtracted_and_recounted_histograms(bins, monkeypatch):
    """Integer weights are subtracted, other weights counted afresh: same programs."""
    monkeypatch.setattr(_encoding, "MAX_BINS", bins)
    for seed in range(3):
        rows, categorical, y = random_table(seed, n=300)
        weight = np.random.default_rng(seed).integers(1, 4, len(y)) * 2 + 1
        model = FoldSE(categorical_features=categorical, tail=0)
        subtracted = program(model.fit(rows, y, sample_weight=weight))
        assert program(model.fit(rows, y, sample_weight=weight / 4)) == subtracted


def test_depth_is_bounded():
    """At a ratio of 1 exceptions nest as deep as there are rows; a limit stops them."""
    n = 2 * DEEPEST
    rows, y = [[float(i)] for i in range(n)], [i % 2 for i in range(n)]
    model, naive = fit_both(rows, [False], y, ratio=1.0, tail=0, max_depth=DEEPEST)
    assert_same_model(model, naive, rows)
    unlimited = FoldSE(ratio=1.0, tail=0, categorical_features=None).fit(rows, y)
    assert state(unlimited) == state(model)


def test_raw_and_simplified_rules_agree():
    """On training rows, rows without a value, unseen tokens, and random rows (6.7)."""

    @QUICK
    @given(tables(), st.data())
    def check(table, data):
        rows, categorical, y = table
        model, naive = fit_both(rows, categorical, y, tail=0)
        cell = st.one_of(
            st.sampled_from(["a", "b", "", "unseen", None, NAN]),
            st.floats(-9, 9, width=16),
        )
        width = len(categorical)
        row = st.lists(cell, min_size=width, max_size=width)
        new = data.draw(st.lists(row, min_size=1, max_size=20))
        answers = list(model.predict(np.array(rows + new, dtype=object)))
        assert answers == naive.predict(rows + new, raw=True)

    check()

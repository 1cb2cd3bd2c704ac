"""Parts, merged and forgotten rows and new classes give the model of one fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits

from sklearn_ext import NaiveBayesProbe
from sklearn_ext.probes._statistics import dense_statistics
from tests.probes._naive import make_rows

LEARNED = ("class_count_", "class_prior_", "theta_", "var_", "coef_", "intercept_")


def assert_same_model(left, right, rtol=1e-8, atol=1e-10):
    np.testing.assert_array_equal(left.classes_, right.classes_)
    for name in LEARNED:
        np.testing.assert_allclose(
            getattr(left, name), getattr(right, name), rtol, atol, err_msg=name
        )
    assert left.epsilon_ == pytest.approx(right.epsilon_, rel=rtol)
    assert left.n_samples_seen_ == right.n_samples_seen_


@pytest.mark.parametrize("n_chunks", [1, 7, 120])
@pytest.mark.parametrize("offset", [0, 1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_chunks(n_chunks, offset, dtype):
    X, y = make_rows(n_classes=3)
    X = (X + offset).astype(dtype)
    whole = NaiveBayesProbe().fit(X, y)
    parts = NaiveBayesProbe()
    for rows in np.array_split(np.arange(len(y)), n_chunks):
        parts.partial_fit(X[rows], y[rows], classes=np.unique(y))
    assert_same_model(parts, whole, 1e-8 if dtype == np.float64 else 1e-4)


def test_fit_starts_anew_and_partial_fit_goes_on():
    X, y = make_rows()
    probe = NaiveBayesProbe().fit(X[:60] + 5, y[:60]).fit(X[:60], y[:60])
    assert_same_model(probe, NaiveBayesProbe().fit(X[:60], y[:60]))
    assert_same_model(probe.partial_fit(X[60:], y[60:]), NaiveBayesProbe().fit(X, y))


def test_merge_in_any_order():
    X, y = load_digits(return_X_y=True)
    X = X + 100
    parts = [slice(0, 100), slice(100, 900), slice(900, None)]
    whole = NaiveBayesProbe().fit(X, y)
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        first, *others = (
            NaiveBayesProbe().fit(X[p], y[p]) for p in (parts[i] for i in order)
        )
        for other in others:
            before = other.coef_.copy()
            assert first.merge(other) is first
            np.testing.assert_array_equal(other.coef_, before)
        assert_same_model(first, whole)


def test_squares_add_up_as_chan_says():
    rng = np.random.default_rng(0)
    left, right = rng.normal(3, 2, (40, 4)), rng.normal(-1, 5, (70, 4))
    statistics = [
        dense_statistics(X, np.zeros(len(X), int), None, 1, X[0]) for X in (left, right)
    ]
    squares = [((X - X.mean(axis=0)) ** 2).sum(axis=0) for X in (left, right)]
    gap = left.mean(axis=0) - right.mean(axis=0)
    expected = squares[0] + squares[1] + 40 * 70 / 110 * gap**2
    merged = statistics[0].plus(statistics[1])
    np.testing.assert_allclose(merged.within(), expected, rtol=1e-12)
    np.testing.assert_array_equal(merged.shift, left[0])


def test_forget():
    X, y = load_digits(return_X_y=True)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    probe = NaiveBayesProbe().fit(X, y, weight)
    probe.forget(X[1000:], y[1000:], weight[1000:])
    assert_same_model(probe, NaiveBayesProbe().fit(X[:1000], y[:1000], weight[:1000]))


def test_forgetting_a_class_leaves_it_empty():
    X, y = make_rows(n_classes=3)
    gone = y == "dog"
    probe = NaiveBayesProbe().fit(X, y).forget(X[gone], y[gone])
    expected = NaiveBayesProbe().partial_fit(X[~gone], y[~gone], np.unique(y))
    assert_same_model(probe, expected)
    assert not (probe.predict(X) == "dog").any()


@pytest.mark.parametrize("case", ["count", "square", "label", "all"])
def test_forgetting_what_is_not_there_changes_nothing(case):
    X, y = make_rows(n_classes=3)
    probe = NaiveBayesProbe().fit(X, y)
    before = clone(probe).fit(X, y)
    rows, labels = {
        "count": (
            np.vstack([X[y == "cat"]] * 2),
            np.repeat("cat", 2 * sum(y == "cat")),
        ),
        "square": (X[:1] + 1e3, y[:1]),
        "label": (X[:1], ["yak"]),
        "all": (X, y),
    }[case]
    message = "all rows" if case == "all" else "rows that are not in the model"
    with pytest.raises(ValueError, match=message):
        probe.forget(rows, labels)
    assert_same_model(probe, before, 0, 0)


@pytest.mark.parametrize("priors", [None, "uniform"])
@pytest.mark.parametrize("seed", range(3))
def test_new_classes_in_any_order(priors, seed):
    X, y = load_digits(return_X_y=True)
    whole = NaiveBayesProbe(priors=priors).fit(X, y)
    probe = NaiveBayesProbe(priors=priors, new_classes="add")
    for digits in np.random.default_rng(seed).permutation(10).reshape(5, 2):
        rows = np.isin(y, digits)
        probe.partial_fit(X[rows], y[rows])
    assert_same_model(probe, whole, 1e-9)


def test_merging_new_classes():
    X, y = load_digits(return_X_y=True)
    low = y < 5
    probe = NaiveBayesProbe(new_classes="add").fit(X[low], y[low])
    probe.merge(NaiveBayesProbe().fit(X[~low], y[~low]))
    assert_same_model(probe, NaiveBayesProbe().fit(X, y))


def test_one_class_at_first():
    X, y = make_rows(n_classes=3)
    probe = NaiveBayesProbe(new_classes="add")
    dogs = y == "dog"
    probe.partial_fit(X[dogs], y[dogs])
    np.testing.assert_array_equal(probe.predict(X), "dog")
    np.testing.assert_array_equal(probe.predict_proba(X), np.ones((len(X), 1)))
    longer = y[~dogs].astype(object) + "-fish"
    probe.partial_fit(X[~dogs], longer.astype(str))
    assert probe.classes_.tolist() == ["cat-fish", "dog", "eel-fish"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.data())
def test_any_history_is_one_fit(data):
    seed = data.draw(st.integers(0, 1000))
    X, y = make_rows(n=60, n_classes=4, seed=seed)
    weight = np.random.default_rng(seed).integers(0, 4, len(y)).astype(float)
    weight[:4] = 1
    missing = data.draw(st.booleans())
    if missing:
        X[np.random.default_rng(seed).random(X.shape) < 0.2] = np.nan
    kind = {"new_classes": "add", "missing": "marginalize" if missing else "error"}
    keep = np.ones(len(y), bool)
    models, start = [], 0
    while start < len(y):
        stop = start + data.draw(st.integers(1, 30))
        part = slice(start, stop)
        if weight[part].any():
            step = data.draw(st.sampled_from(["new", "add"]))
            if step == "new" or not models:
                models.append(NaiveBayesProbe(**kind))
            models[-1].partial_fit(X[part], y[part], sample_weight=weight[part])
        else:
            keep[part] = False
        start = stop
    probe = models[0]
    for other in models[1:]:
        probe.merge(other)
    gone = keep & (np.random.default_rng(seed).random(len(y)) < 0.3)
    gone[:4] = False
    if weight[gone].any():
        probe.forget(X[gone], y[gone], weight[gone])
        keep &= ~gone
    expected = NaiveBayesProbe(**kind).fit(X[keep], y[keep], weight[keep])
    np.testing.assert_array_equal(probe.classes_, expected.classes_)
    np.testing.assert_allclose(probe.theta_, expected.theta_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(probe.var_, expected.var_, rtol=1e-8)
    np.testing.assert_allclose(
        probe.predict_proba(X), expected.predict_proba(X), rtol=1e-7, atol=1e-12
    )


def test_forgetting_row_by_row():
    """Features become constant on the way, and rounding leaves next to nothing."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:140], y[:140]
    probe = NaiveBayesProbe().fit(X, y)
    for row in range(100):
        probe.forget(X[[row]], y[[row]])
    rest = NaiveBayesProbe().fit(X[100:], y[100:])
    np.testing.assert_allclose(probe.var_, rest.var_, atol=1e-10)
    np.testing.assert_allclose(probe.coef_, rest.coef_, rtol=1e-6, atol=1e-6)


def test_forgetting_the_only_other_value_leaves_no_variance():
    X = np.array([[0.1, 1.0], [0.1, 2.0], [0.7, 3.0], [0.1, 5.0]])
    y = [0, 0, 1, 1]
    probe = NaiveBayesProbe(var_smoothing=0).fit(X, y).forget(X[[2]], [1])
    assert probe.var_[0] == 0
    assert not probe.coef_[:, 0].any()

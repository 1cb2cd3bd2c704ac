"""NaN as a feature that was not observed."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax

from sklearn_ext import NaiveBayesProbe
from sklearn_ext.probes import _sums
from tests.probes._naive import NaiveModel, make_rows


def holes(n_classes=3, n=120, share=0.3, seed=0):
    X, y = make_rows(n=n, n_classes=n_classes, seed=seed)
    X[np.random.default_rng(seed).random(X.shape) < share] = np.nan
    return X, y


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("container", ["array", "Fortran", "float32", "sparse"])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_rows_by_their_observed_features(
    n_classes, is_large, container, is_weighted, monkeypatch
):
    if is_large:
        monkeypatch.setattr(_sums, "LARGE", 0)
    X, y = holes(n_classes)
    if container == "sparse":
        X[np.random.default_rng(3).random(X.shape) < 0.3] = 0
    X[0] = np.nan  # nothing observed
    X[1:3] = 1.0  # nothing missing
    X = X.astype(np.float32).astype(np.float64)
    weight = np.random.default_rng(1).uniform(0.2, 2, len(y)) if is_weighted else None
    naive = NaiveModel(X, y, weight)
    given = {
        "array": X,
        "Fortran": np.asfortranarray(X),
        "float32": X.astype(np.float32),
        "sparse": sparse.csr_array(X),
    }[container]
    rtol = 1e-4 if container == "float32" else 1e-9
    probe = NaiveBayesProbe(missing="marginalize", n_jobs=2).fit(given, y, weight)
    np.testing.assert_allclose(probe.theta_, naive.mean, rtol, 1e-10 + rtol / 10)
    np.testing.assert_allclose(probe.var_, naive.var, rtol)
    joint = naive.joint(X)
    np.testing.assert_allclose(probe.predict_joint_log_proba(given), joint, rtol, rtol)
    expected = softmax(joint, axis=1)
    np.testing.assert_allclose(probe.predict_proba(given), expected, rtol, rtol)
    np.testing.assert_allclose(probe.predict_proba(given)[0], naive.prior, rtol)
    np.testing.assert_array_equal(
        probe.predict(given), naive.classes[joint.argmax(axis=1)]
    )


def test_a_feature_that_is_never_observed_is_no_feature():
    X, y = holes()
    for shrinkage in (None, 0.5, "auto"):
        settings = {"missing": "marginalize", "shrinkage": shrinkage}
        X[:, 2] = np.nan
        probe = NaiveBayesProbe(**settings).fit(X, y)
        without = NaiveBayesProbe(**settings).fit(np.delete(X, 2, axis=1), y)
        assert (probe.coef_[:, 2] == 0).all()
        rows = X.copy()
        rows[:, 2] = 1e3  # plays no part either
        np.testing.assert_allclose(
            probe.predict_proba(rows),
            without.predict_proba(np.delete(X, 2, axis=1)),
            rtol=1e-9,
            atol=1e-14,
        )


def test_complete_rows_are_as_without_the_parameter():
    X, y = make_rows(n_classes=4)
    expected = NaiveBayesProbe().fit(X, y)
    probe = NaiveBayesProbe(missing="marginalize").fit(X, y)
    np.testing.assert_array_equal(probe.coef_, expected.coef_)
    np.testing.assert_array_equal(
        probe.decision_function(X), expected.decision_function(X)
    )
    with_hole = np.vstack([X, np.full((1, X.shape[1]), np.nan)])
    np.testing.assert_array_equal(
        probe.decision_function(with_hole)[:-1], expected.decision_function(X)
    )


def test_a_class_is_neutral_in_what_it_never_showed():
    X, y = make_rows(n_classes=3)
    X[y == "dog", 0] = np.nan
    naive = NaiveModel(X, y)  # the overall mean stands for that of the class
    probe = NaiveBayesProbe(missing="marginalize").fit(X, y)
    np.testing.assert_allclose(probe.theta_, naive.mean, rtol=1e-9, atol=1e-12)
    assert probe.coef_[1, 0] == 0
    np.testing.assert_allclose(
        probe.predict_proba(X), softmax(naive.joint(X), axis=1), rtol=1e-9
    )


def test_features_that_appear_later_keep_their_digits():
    X, y = make_rows(n=200)
    X[:, 1] += 1e6
    X[:100, 1] = np.nan
    probe = NaiveBayesProbe(missing="marginalize")
    for rows in (slice(100), slice(100, 150), slice(150, 200)):
        probe.partial_fit(X[rows], y[rows], classes=np.unique(y))
    naive = NaiveModel(X, y)
    np.testing.assert_allclose(probe.var_, naive.var, rtol=1e-6)


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_infinity_is_always_an_error(is_large, make, monkeypatch):
    if is_large:
        monkeypatch.setattr(_sums, "LARGE", 0)
    X, y = holes()
    probe = NaiveBayesProbe(missing="marginalize").fit(make(X), y)
    bad = X.copy()
    bad[5, 1] = np.inf
    for method in (probe.predict, probe.predict_proba, probe.predict_joint_log_proba):
        with pytest.raises(ValueError, match="infinity"):
            method(make(bad))
    with pytest.raises(ValueError, match="infinity"):
        probe.fit(make(bad), y)

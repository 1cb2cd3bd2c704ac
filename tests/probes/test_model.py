"""The rule is that of the formula, and of scikit-learn's models where they agree."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.datasets import load_digits, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid

from sklearn_ext import NaiveBayesProbe
from tests.probes._naive import NaiveModel, make_rows

each_n_classes = pytest.mark.parametrize("n_classes", [2, 3, 5])


@each_n_classes
@pytest.mark.parametrize("priors", [None, "uniform", "array"])
@pytest.mark.parametrize("shrinkage", [None, 0.3, 1.0])
def test_formula(n_classes, priors, shrinkage):
    X, y = make_rows(n_classes=n_classes, seed=n_classes)
    weight = np.random.default_rng(0).uniform(0.2, 3, len(y))
    values = {"uniform": np.full(n_classes, 1 / n_classes)}
    values["array"] = np.arange(1, n_classes + 1) / (n_classes * (n_classes + 1) / 2)
    given = values["array"] if priors == "array" else priors
    probe = NaiveBayesProbe(priors=given, shrinkage=shrinkage, var_smoothing=1e-3)
    probe.fit(X, y, sample_weight=weight)
    naive = NaiveModel(X, y, weight, values.get(priors), 1e-3, shrinkage or 0.0)
    np.testing.assert_allclose(probe.theta_, naive.mean, rtol=1e-11)
    np.testing.assert_allclose(probe.var_, naive.var, rtol=1e-11)
    np.testing.assert_allclose(probe.class_prior_, naive.prior, rtol=1e-12)
    joint = naive.joint(X)
    np.testing.assert_allclose(probe.predict_joint_log_proba(X), joint, rtol=1e-9)
    np.testing.assert_allclose(
        probe.predict_log_proba(X), naive.log_proba(X), rtol=1e-9, atol=1e-11
    )
    scores = probe.decision_function(X)
    linear = X @ probe.coef_.T + probe.intercept_
    if n_classes == 2:
        assert probe.coef_.shape == (1, X.shape[1])
        linear = linear[:, 0]
        np.testing.assert_allclose(scores, joint[:, 1] - joint[:, 0], atol=1e-9)
    else:
        posterior = softmax(linear, axis=1)
        np.testing.assert_allclose(posterior, softmax(joint, axis=1), rtol=1e-9)
    np.testing.assert_allclose(scores, linear, rtol=1e-12)
    np.testing.assert_array_equal(probe.predict(X), naive.classes[joint.argmax(1)])


@each_n_classes
def test_temperature_divides_scores(n_classes):
    X, y = make_rows(n_classes=n_classes)
    naive = NaiveModel(X, y)
    probe = NaiveBayesProbe(temperature=4).fit(X, y)
    expected = np.exp(naive.log_proba(X, 4))
    np.testing.assert_allclose(probe.predict_proba(X), expected, rtol=1e-9, atol=1e-14)
    plain = NaiveBayesProbe().fit(X, y)
    np.testing.assert_array_equal(
        probe.decision_function(X), plain.decision_function(X)
    )
    np.testing.assert_array_equal(probe.predict(X), plain.predict(X))
    assert probe.temperature_ == 4.0


@each_n_classes
def test_affine_changes_of_features_change_no_probability(n_classes):
    X, y = make_rows(n_classes=n_classes)
    probe = NaiveBayesProbe(var_smoothing=0)
    expected = probe.fit(X, y).predict_proba(X)
    moved = X * np.array([-3, 0.01, 1, 1e3, 7]) + np.array([5, 0, -1e3, 1, 2])
    np.testing.assert_allclose(
        probe.fit(moved, y).predict_proba(moved), expected, atol=1e-8
    )


def test_gaussian_nb_with_equal_variances():
    X, y = make_rows(n_classes=3)
    parts = [X[y == label] for label in np.unique(y)]
    # within each class the same deviations, so that all variances are equal
    deviations = parts[0] - parts[0].mean(axis=0)
    X = np.concatenate([deviations + part.mean(axis=0) for part in parts])
    y = np.repeat(np.unique(y), len(deviations))
    probe, peer = NaiveBayesProbe().fit(X, y), GaussianNB().fit(X, y)
    np.testing.assert_allclose(
        probe.predict_proba(X), peer.predict_proba(X), rtol=1e-9, atol=1e-14
    )
    assert probe.epsilon_ == pytest.approx(peer.epsilon_, rel=1e-12)


def test_shrinkage_one_is_nearest_centroid():
    X, y = load_iris(return_X_y=True)
    probe = NaiveBayesProbe(shrinkage=1, priors="uniform").fit(X, y)
    np.testing.assert_array_equal(
        probe.predict(X), NearestCentroid().fit(X, y).predict(X)
    )
    assert np.ptp(probe.var_) == 0


@pytest.mark.slow
def test_lda_with_diagonal_covariance():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100_000)
    scale = np.exp(rng.normal(size=20))
    X = (rng.normal(size=(len(y), 20)) + 0.3 * y[:, None]) * scale
    probe, peer = NaiveBayesProbe(), LinearDiscriminantAnalysis()
    difference = probe.fit(X, y).score(X, y) - peer.fit(X, y).score(X, y)
    assert abs(difference) < 0.005


def test_large_means_keep_their_digits():
    X, y = make_rows(n_classes=3, d=8)
    expected = NaiveBayesProbe().fit(X, y)
    far = NaiveBayesProbe().fit(X + 1e4, y)
    np.testing.assert_allclose(far.coef_, expected.coef_, rtol=1e-8)
    single = (X + 1e4).astype(np.float32)
    probe = NaiveBayesProbe().fit(single, y)
    exact = NaiveBayesProbe().fit(single.astype(np.float64), y)
    np.testing.assert_allclose(probe.coef_, exact.coef_, rtol=1e-4)
    np.testing.assert_allclose(
        probe.predict_proba(single),
        exact.predict_proba(single.astype(np.float64)),
        atol=1e-4,
    )


def test_constant_features_have_no_weight():
    X, y = make_rows()
    X[:, 1] = 0.1
    probe = NaiveBayesProbe().fit(X, y)
    assert (probe.coef_[:, 1] == 0).all()
    without = NaiveBayesProbe().fit(np.delete(X, 1, axis=1), y)
    np.testing.assert_allclose(
        probe.predict_proba(X),
        without.predict_proba(np.delete(X, 1, axis=1)),
        atol=1e-12,
    )


@pytest.mark.parametrize("smoothing", [0.0, 1e-9])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_everything_constant_leaves_the_prior(smoothing, value):
    X = np.full((10, 3), value)
    y = np.arange(10) % 3
    probe = NaiveBayesProbe(var_smoothing=smoothing).fit(X, y)
    assert probe.epsilon_ == smoothing
    np.testing.assert_array_equal(probe.coef_, 0)
    np.testing.assert_allclose(
        probe.predict_proba(X), np.broadcast_to([0.4, 0.3, 0.3], (10, 3))
    )


@each_n_classes
@pytest.mark.parametrize("priors", [None, "uniform"])
def test_empty_classes_are_never_predicted(n_classes, priors):
    X, y = make_rows(n_classes=n_classes)
    classes = [*np.unique(y), "zebra"]
    probe = NaiveBayesProbe(priors=priors).partial_fit(X, y, classes=classes)
    plain = NaiveBayesProbe(priors=priors).fit(X, y)
    assert probe.intercept_[-1] == -np.inf
    assert (probe.theta_[-1] == 0).all()
    assert (probe.coef_[-1] == 0).all()
    proba = probe.predict_proba(X)
    assert (proba[:, -1] == 0).all()
    np.testing.assert_allclose(proba[:, :-1], plain.predict_proba(X), rtol=1e-9)
    assert (probe.predict_log_proba(X)[:, -1] == -np.inf).all()
    assert (probe.predict_joint_log_proba(X)[:, -1] == -np.inf).all()
    np.testing.assert_array_equal(probe.predict(X), plain.predict(X))


@pytest.mark.parametrize(("label", "score"), [("a", -np.inf), ("b", np.inf)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_classes_one_empty(label, score, dtype):
    X = np.random.default_rng(0).normal(size=(6, 2)).astype(dtype)
    probe = NaiveBayesProbe().partial_fit(X, [label] * 6, classes=["a", "b"])
    np.testing.assert_array_equal(probe.decision_function(X), score)
    np.testing.assert_array_equal(probe.predict(X), label)
    expected = [1.0, 0.0] if label == "a" else [0.0, 1.0]
    np.testing.assert_array_equal(probe.predict_proba(X), [expected] * 6)
    with np.errstate(divide="ignore"):
        expected = np.log(expected)
    np.testing.assert_array_equal(probe.predict_log_proba(X), [expected] * 6)


def test_class_of_one_row_and_class_without_weight():
    X, y = make_rows(n_classes=3, n=30)
    weight = np.where(y == "eel", 0.0, 1.0)
    probe = NaiveBayesProbe().fit(X, y, weight)
    assert not (probe.predict(X) == "eel").any()
    single = NaiveBayesProbe().fit(np.vstack([X, X[:1] + 50]), [*y, "yak"])
    assert single.predict(X[:1] + 50) == ["yak"]


def test_first_class_on_ties():
    X = np.array([[-1.0], [1.0], [3.0]])
    assert NaiveBayesProbe().fit(X[:2], [0, 1]).predict([[0.0]]) == [0]
    probe = NaiveBayesProbe().fit(np.vstack([X, X]), [0, 1, 2] * 2)
    assert probe.predict([[2.0]]) == [1]


def test_weight_two_is_a_row_twice():
    X, y = load_digits(return_X_y=True)
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    weighted = NaiveBayesProbe().fit(X, y, weight)
    repeated = NaiveBayesProbe().fit(np.repeat(X, weight, axis=0), y.repeat(weight))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-9, atol=1e-12
    )
    ones = NaiveBayesProbe().fit(X, y, np.ones(len(y)))
    np.testing.assert_allclose(ones.coef_, NaiveBayesProbe().fit(X, y).coef_)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_batch_size_changes_nothing(batch_size):
    X, y = make_rows()
    probe = NaiveBayesProbe(batch_size=batch_size).fit(X, y)
    expected = NaiveBayesProbe().fit(X, y)
    np.testing.assert_allclose(
        probe.predict_proba(X), expected.predict_proba(X), rtol=1e-12
    )
    np.testing.assert_array_equal(probe.predict(X), expected.predict(X))

"""The probe among the tools of scikit-learn."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ext import NaiveBayesProbe

LEARNED = {"theta_", "var_", "coef_", "intercept_", "class_count_", "class_prior_"}


def test_grid_search_in_a_pipeline():
    X, y = load_iris(return_X_y=True, as_frame=True)
    y = np.array(["setosa", "versicolor", "virginica"])[y]
    pipeline = make_pipeline(
        StandardScaler().set_output(transform="pandas"), NaiveBayesProbe()
    )
    grid = {
        "naivebayesprobe__var_smoothing": [1e-9, 1.0],
        "naivebayesprobe__shrinkage": [None, 0.5, "auto"],
    }
    search = GridSearchCV(pipeline, grid, scoring="neg_log_loss").fit(X, y)
    assert len(search.cv_results_["params"]) == 6
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.score(X, y) > -1
    probe = search.best_estimator_[-1]
    assert probe.feature_names_in_.tolist() == X.columns.tolist()
    assert set(search.predict(X)) == set(y)


def test_clone_and_pickle():
    X, y = load_digits(return_X_y=True)
    probe = NaiveBayesProbe(temperature="loo", shrinkage="auto").fit(X, y)
    assert not hasattr(clone(probe), "coef_")
    copy = pickle.loads(pickle.dumps(probe))
    np.testing.assert_array_equal(copy.predict_proba(X), probe.predict_proba(X))
    parts = copy.partial_fit(X[:100], y[:100])
    assert parts.n_samples_seen_ == len(y) + 100
    assert probe.n_samples_seen_ == len(y)


@pytest.mark.parametrize("missing", ["error", "marginalize"])
def test_skops_finds_only_our_types(missing):
    skops_io = pytest.importorskip("skops.io")
    X, y = load_iris(return_X_y=True)
    if missing == "marginalize":
        X[::7, 0] = np.nan
    probe = NaiveBayesProbe(missing=missing, temperature="loo").fit(X, y)
    text = skops_io.dumps(probe)
    untrusted = skops_io.get_untrusted_types(data=text)
    assert all(name.startswith("sklearn_ext.") for name in untrusted)
    copy = skops_io.loads(text, trusted=untrusted)
    np.testing.assert_array_equal(copy.predict_proba(X), probe.predict_proba(X))
    copy.partial_fit(X, y)
    assert copy.temperature_ == probe.partial_fit(X, y).temperature_


def test_attributes_share_no_memory_with_the_statistics():
    X, y = load_iris(return_X_y=True)
    probe = NaiveBayesProbe().fit(X, y)
    expected = clone(probe).fit(np.vstack([X, X]), np.append(y, y))
    for name in LEARNED:
        getattr(probe, name)[:] = 7
    probe.partial_fit(X, y)
    for name in LEARNED:
        np.testing.assert_allclose(
            getattr(probe, name), getattr(expected, name), rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("temperature", [None, 5.0])
def test_logistic_regression_starts_here(n_classes, temperature):
    X, y = load_iris(return_X_y=True, as_frame=True)
    keep = y < n_classes
    X, y = X[keep], np.array(["a", "b", "c"])[y[keep]]
    probe = NaiveBayesProbe(temperature=temperature, shrinkage=0.5).fit(X, y)
    model = probe.to_logistic_regression(C=2.0, max_iter=5000, tol=1e-8)
    assert isinstance(model, LogisticRegression)
    assert model.warm_start
    assert model.C == 2.0
    np.testing.assert_allclose(
        model.predict_proba(X), probe.predict_proba(X), rtol=1e-9, atol=1e-14
    )
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    started = model.coef_.copy()
    cold = LogisticRegression(C=2.0, max_iter=5000, tol=1e-8).fit(X, y)
    model.fit(X, y)
    np.testing.assert_allclose(model.coef_, cold.coef_, atol=1e-3)
    np.testing.assert_allclose(
        probe.coef_ / probe.temperature_, started
    )  # the probe is left as it was
    near = probe.to_logistic_regression(C=2.0, max_iter=5000, tol=1e-8)
    near.coef_, near.intercept_ = cold.coef_.copy(), cold.intercept_.copy()
    assert near.fit(X, y).n_iter_[0] < cold.n_iter_[0]  # it does start from there


def test_logistic_regression_without_empty_classes():
    X, y = load_iris(return_X_y=True)
    probe = NaiveBayesProbe().partial_fit(X, y, classes=[-1, 0, 1, 2])
    model = probe.to_logistic_regression(max_iter=1000)
    assert model.classes_.tolist() == [0, 1, 2]
    np.testing.assert_allclose(
        model.predict_proba(X), probe.predict_proba(X)[:, 1:], rtol=1e-9, atol=1e-14
    )
    model.fit(X, y)
    two = y < 2
    probe = NaiveBayesProbe().partial_fit(X[two], y[two], classes=[0, 1, 2])
    model = probe.to_logistic_regression()
    assert model.coef_.shape == (1, 4)
    np.testing.assert_array_equal(model.predict(X), probe.predict(X))
    model.fit(X[two], y[two])
    single = NaiveBayesProbe().partial_fit(X[:50], y[:50], classes=[0, 1, 2])
    with pytest.raises(ValueError, match="two classes with data"):
        single.to_logistic_regression()


def test_tags():
    for missing in ("error", "marginalize"):
        tags = NaiveBayesProbe(missing=missing).__sklearn_tags__()
        assert tags.input_tags.allow_nan == (missing == "marginalize")
        assert tags.input_tags.sparse
        assert tags.classifier_tags.multi_class
        assert not tags.array_api_support


def test_frames_with_missing_values():
    X, y = load_iris(return_X_y=True, as_frame=True)
    expected = NaiveBayesProbe(missing="marginalize")
    X.iloc[::5, 1] = np.nan
    expected.fit(X, y)
    nullable = X.convert_dtypes()
    assert nullable.iloc[0, 1] is pd.NA
    probe = NaiveBayesProbe(missing="marginalize").fit(nullable, y)
    np.testing.assert_array_equal(
        probe.predict_proba(nullable), expected.predict_proba(X)
    )

"""The heads among the tools of scikit-learn: pipelines, searches, copies, callbacks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ext import AnyLossClassifier
from tests.heads._estimators import ESTIMATORS, each_estimator, state
from tests.heads._tables import table


def test_names_of_features():
    X, codes = table(100)
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = AnyLossClassifier(max_iter=5).fit(frame, codes)
    assert model.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("bacd")])


def test_grid_search_over_amplification():
    X, codes = table(200, noise=2.0)
    frame = pd.DataFrame(X, columns=list("abcd"))
    y = pd.Series(np.array(["no", "yes"])[codes])
    grid = {"amplification": [5, 10, None], "metric": ["f1", "mcc"]}
    searches = [
        GridSearchCV(AnyLossClassifier(max_iter=10), grid, cv=3, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    ]
    for search in searches:
        search.fit(frame, y)
    one, two = searches
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(one.best_estimator_.coef_, two.best_estimator_.coef_)
    assert set(one.predict(frame)) == {"no", "yes"}


def test_pipeline_of_text():
    rng = np.random.default_rng(0)
    words = np.array(["refund", "price", "hello", "thanks", "order", "late"])
    codes = (rng.random(200) < 0.2).astype(int)
    texts = [
        " ".join(rng.choice(words[: 6 if code else 5], 6).tolist() + ["late"] * code)
        for code in codes
    ]
    y = np.array(["fine", "angry"])[codes]
    for estimator in ESTIMATORS:
        if vars(estimator)["init"] == "auto":
            continue  # twenty steps from zero are too few
        model = make_pipeline(TfidfVectorizer(), clone(estimator)).fit(texts, y)
        assert model.score(texts, y) > 0.95
        assert model.predict(["late late order"]) == ["angry"]


def test_pipeline_with_set_output():
    X, codes = table(120)
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = make_pipeline(StandardScaler(), AnyLossClassifier(max_iter=5))
    model.set_output(transform="pandas").fit(frame, codes)
    assert model[-1].feature_names_in_.tolist() == list("abcd")
    plain = make_pipeline(StandardScaler(), AnyLossClassifier(max_iter=5))
    np.testing.assert_allclose(
        model.predict_proba(frame), plain.fit(X, codes).predict_proba(X), rtol=1e-9
    )


def test_calibration_of_the_probabilities():
    X, codes = table(300, noise=2.0)
    model = CalibratedClassifierCV(AnyLossClassifier(max_iter=20), cv=3).fit(X, codes)
    p = model.predict_proba(X)[:, 1]
    plain = AnyLossClassifier(max_iter=20).fit(X, codes).predict_proba(X)[:, 1]
    assert abs(p.mean() - codes.mean()) < 0.02 < abs(plain.mean() - codes.mean())


def test_scores_by_name():
    X, codes = table(200, noise=1.0)
    for scoring in ("f1", "roc_auc", "neg_log_loss"):
        scores = cross_val_score(
            AnyLossClassifier(max_iter=5), X, codes, cv=3, scoring=scoring
        )
        assert np.isfinite(scores).all()


@each_estimator
def test_clone_and_repr(estimator):
    assert clone(estimator).get_params() == estimator.get_params()
    X, codes = table(80)
    model = clone(estimator).fit(X, codes)
    assert not [name for name in vars(clone(model)) if name.endswith("_")]
    again = clone(model).fit(X, codes)
    np.testing.assert_array_equal(state(again), state(model))
    same = model.fit(X, codes)
    assert same is model
    np.testing.assert_array_equal(state(again), state(model))

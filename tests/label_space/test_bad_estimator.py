"""Estimators that the rule cannot use, and what a failed fit or a bad call leaves."""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GroupKFold, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC, OneClassSVM

from sklearn_ext import LokiClassifier, mean_label_distance

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.repeat(["a", "c", "d"], 10)
EDGES = [("a", "b"), ("b", "c"), ("b", "d")]
TREE = {"label_metric": "tree", "edges": EDGES}
GRAPH = {"label_metric": "graph", "edges": [*EDGES, ("a", "d")]}
VECTORS = {
    "label_metric": "embedding",
    "labels": list("abcd"),
    "label_embeddings": np.arange(8.0).reshape(4, 2),
}


def test_estimator_without_scores():
    class Silent(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            return np.repeat(self.classes_[:1], len(X))

    with pytest.raises(TypeError, match=r"estimator.*Silent"):
        LokiClassifier(Silent(), **TREE).fit(X, Y)


@pytest.mark.parametrize("estimator", [LinearRegression(), "logistic", GaussianNB])
def test_no_classifier(estimator):
    with pytest.raises((TypeError, ValueError), match=r"estimator|LinearRegression"):
        LokiClassifier(estimator).fit(X, Y)


def test_frozen_estimator_with_classes_outside_the_space():
    for y in (np.where(Y == "a", "q", Y), Y == "a"):
        frozen = FrozenEstimator(GaussianNB().fit(X, y))
        with pytest.raises(ValueError, match=r"estimator.*(q|False)"):
            LokiClassifier(frozen, **TREE).fit(X, Y)


@pytest.mark.parametrize("detector", [OneClassSVM(), IsolationForest(n_estimators=5)])
def test_detectors_of_outliers_are_no_classifiers(detector):
    name = type(detector).__name__
    with pytest.raises(TypeError, match=f"estimator.*{name}"):
        LokiClassifier(detector).fit(X, Y)


class Votes(ClassifierMixin, BaseEstimator):
    """Scores by pairs of classes; of four classes there are six."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        k = len(self.classes_)
        return np.zeros((len(X), k * (k - 1) // 2))


def test_scores_by_pairs_of_classes():
    model = LokiClassifier(SVC(decision_function_shape="ovo"), **TREE)
    with pytest.raises(ValueError, match=r"SVC.*decision_function_shape|ovo"):
        model.fit(X, Y)
    four = np.array(list("abcd"))[np.arange(30) % 4]
    with pytest.raises(ValueError, match=r"Votes.*6.*4|Votes.*4.*6"):
        LokiClassifier(Votes(), **TREE).fit(X, four).predict(X)
    svc = SVC(kernel="linear").fit(X, Y)
    model = LokiClassifier(FrozenEstimator(svc)).fit(X, Y)  # a column per class is fine
    z = svc.decision_function(X)
    np.testing.assert_array_equal(model.predict(X), svc.classes_[z.argmax(axis=1)])


@pytest.mark.parametrize("metric", ["discrete", "ordinal", "function"])
def test_frozen_estimator_knows_labels_that_y_lacks(metric):
    y = np.repeat([2, 5, 9], 10)
    base = GaussianNB().fit(X, y)
    chosen = (lambda a, b: abs(a - b)) if metric == "function" else metric
    model = LokiClassifier(FrozenEstimator(base), label_metric=chosen)
    model.fit(X[y > 2], y[y > 2])
    np.testing.assert_array_equal(model.classes_, [2, 5, 9])
    np.testing.assert_array_equal(model.observed_classes_, [2, 5, 9])
    P = base.predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X), P)
    if metric == "discrete":
        np.testing.assert_array_equal(model.predict(X), base.predict(X))


def test_few_rows_of_each_label():
    y = np.arange(30) // 3
    model = LokiClassifier(GaussianNB(var_smoothing=1), label_metric="ordinal")
    model.set_params(temperature="auto")
    with pytest.raises(ValueError, match="cv=5"):
        model.fit(X, y)
    for cv in (3, KFold(5, shuffle=True, random_state=0)):
        assert model.set_params(cv=cv).fit(X, y).temperature_scores_.shape == (13,)
    with pytest.raises(ValueError, match="groups") as caught:
        model.set_params(cv=GroupKFold(3)).fit(X, y)
    assert "KFold(shuffle=True)" not in str(caught.value)  # no help here


class Strange(ClassifierMixin, BaseEstimator):
    """Returns scores that are none."""

    def __init__(self, value=np.nan):
        self.value = value

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        P = np.full((len(X), 3), 1 / 3)
        P[-1, 1] = self.value
        return P


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.5])
@pytest.mark.parametrize("metric", ["tree", "graph", "embedding", "discrete"])
def test_probabilities_that_are_none(value, metric):
    keywords = {
        "tree": TREE,
        "graph": GRAPH,
        "embedding": VECTORS,
        "discrete": {},
    }[metric]
    model = LokiClassifier(Strange(value), **keywords).fit(X, Y)
    for method in (model.predict, model.frechet_variance, model.decision_function):
        with pytest.raises(ValueError, match=r"NaN|nan|inf|-0\.5|finite"):
            method(X)


@pytest.mark.parametrize(
    "method",
    [
        *("predict", "predict_proba", "decision_function", "frechet_variance"),
        *("rank_labels", "locus"),
    ],
)
def test_not_fitted(method):
    rows = [] if method == "locus" else [X]
    with pytest.raises(NotFittedError):
        getattr(LokiClassifier(), method)(*rows)


@pytest.mark.parametrize("n", [0, -1, 5, 1.5, "2", None, True])
def test_number_of_ranked_labels(n):
    model = LokiClassifier(GaussianNB(), **TREE).fit(X, Y)
    with pytest.raises((ValueError, TypeError), match=r"\bn\b"):
        model.rank_labels(X, n)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(29), "sample_weight|inconsistent"),
        (np.full(30, np.nan), "NaN"),
        (np.full((30, 2), 1.0), "sample_weight|1D"),
    ],
    ids=["short", "nan", "2-D"],
)
def test_sample_weight(weight, message):
    for base in (LogisticRegression(), None):
        with pytest.raises(ValueError, match=message):
            LokiClassifier(base, **TREE).fit(X, Y, sample_weight=weight)
    with pytest.raises(ValueError, match=message):
        mean_label_distance(Y, Y, **TREE, sample_weight=weight)


BAD = [
    {"edges": None},
    {"edges": [*EDGES, ("a", "c")]},
    {"candidates": ["nowhere"]},
    {"power": 0},
    {"estimator": LinearRegression()},
    {"temperature": "auto", "cv": 1},
]


@pytest.mark.parametrize("change", BAD, ids=lambda change: ",".join(change))
def test_a_failed_fit_leaves_the_earlier_one(change):
    model = LokiClassifier(GaussianNB(), **TREE, temperature="auto").fit(X, Y)
    expected = model.predict(X)
    before = pickle.dumps({k: v for k, v in vars(model).items() if k[-1] == "_"})
    with pytest.raises((ValueError, TypeError)):
        model.set_params(**change).fit(X, Y)
    with pytest.raises(ValueError, match="z"):
        model.set_params(
            estimator=GaussianNB(), **TREE, candidates="all", power=2, cv=5
        ).fit(X, np.where(Y == "a", "z", Y))
    after = pickle.dumps({k: v for k, v in vars(model).items() if k[-1] == "_"})
    assert after == before
    np.testing.assert_array_equal(model.predict(X), expected)


def test_a_failed_first_fit_leaves_nothing():
    model = LokiClassifier(GaussianNB(), **TREE)
    with pytest.raises(ValueError, match="z"):
        model.fit(X, np.where(Y == "a", "z", Y))
    assert vars(model).keys() == model.get_params(deep=False).keys()
    with pytest.raises(NotFittedError):
        model.predict(X)

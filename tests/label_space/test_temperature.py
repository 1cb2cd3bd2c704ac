"""temperature="auto" = a plain loop over folds and thirteen temperatures."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_diabetes, make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    GroupKFold,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from sklearn_ext import LokiClassifier
from tests.label_space._naive import GRID, choose, temperature_scores, tree_space

X, TARGET = load_diabetes(return_X_y=True)
BINS = TARGET.argsort(kind="stable").argsort() * 10 // len(TARGET)
SEEN = BINS % 3 == 0
X, Y = X[SEEN][:120], BINS[SEEN][:120]
SPACE = tree_space(np.random.default_rng(0), 25, "deep", "str", "any")
NAMES = SPACE.labels[2 * Y]
ORDINAL = np.abs(np.subtract.outer(range(10), range(10))).astype(float)


def assert_same_choice(model, scores):
    np.testing.assert_allclose(model.temperature_scores_, scores, rtol=1e-10)
    assert model.temperature_scores_.shape == (13,)
    assert isinstance(model.temperature_, float)
    place = np.argmin(np.abs(GRID - model.temperature_))
    assert model.temperature_ == pytest.approx(GRID[place], rel=1e-12)
    assert scores[place] <= scores.min() * (1 + 1e-9)


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize("top_k", [None, 2])
@pytest.mark.parametrize("base", [GaussianNB(), KNeighborsClassifier(15)], ids=str)
def test_ordinal(base, power, top_k):
    model = LokiClassifier(
        base,
        label_metric="ordinal",
        labels=range(10),
        power=power,
        top_k=top_k,
        temperature="auto",
    ).fit(X, Y)
    scores = temperature_scores(base, X, Y, ORDINAL, power=power, top_k=top_k)
    if (power, top_k) != (1, 2):  # the median of two is the more probable one
        assert np.ptp(scores) > 0.1  # there is something to choose
    assert_same_choice(model, scores)
    # all rows are used for the classifier itself
    P = base.fit(X, Y).predict_proba(X)
    expected = choose(P, ORDINAL, np.unique(Y), None, power, model.temperature_, top_k)
    np.testing.assert_array_equal(model.predict(X), expected.codes)


@pytest.mark.parametrize(
    "cv",
    [
        3,
        StratifiedKFold(4, shuffle=True, random_state=0),
        ShuffleSplit(3, test_size=0.4, random_state=1),
        PredefinedSplit(np.arange(len(Y)) % 3 - 1),
    ],
    ids=lambda cv: type(cv).__name__,
)
@pytest.mark.parametrize("candidates", [None, [1, 8, 15]])
def test_tree_and_folds(cv, candidates):
    keywords = dict(SPACE.keywords)
    if candidates is not None:
        keywords["candidates"] = SPACE.labels[candidates]
    model = LokiClassifier(GaussianNB(), **keywords, temperature="auto", cv=cv)
    model.fit(X, NAMES)
    if isinstance(cv, ShuffleSplit):  # rows are held out more than once
        total, n_rows = np.zeros(13), 0
        for train, test in cv.split(X, NAMES):
            P = GaussianNB().fit(X[train], 2 * Y[train]).predict_proba(X[test])
            for t, temperature in enumerate(GRID):
                found = choose(
                    P, SPACE.D, np.unique(2 * Y[train]), candidates, 2, temperature
                )
                total[t] += (SPACE.D[2 * Y[test], found.codes] ** 2).sum()
            n_rows += len(test)
        scores = total / n_rows
    else:
        scores = temperature_scores(
            GaussianNB(), X, 2 * Y, SPACE.D, candidates=candidates, cv=cv
        )
    assert_same_choice(model, scores)


def test_list_of_splits():
    splits = [(np.arange(60), np.arange(60, 120)), (np.arange(60, 120), np.arange(60))]
    keywords = {"label_metric": "ordinal", "labels": range(10), "temperature": "auto"}
    model = LokiClassifier(GaussianNB(), cv=splits, **keywords).fit(X, Y)
    again = LokiClassifier(GaussianNB(), cv=iter(splits), **keywords).fit(X, Y)
    scores = temperature_scores(GaussianNB(), X, Y, ORDINAL, cv=splits)
    for each in (model, again):
        assert_same_choice(each, scores)


def test_sample_weight_counts_in_fit_and_in_the_mean():
    weight = np.random.default_rng(0).integers(0, 4, len(Y)).astype(float)
    weight[Y == 9] *= 5
    keywords = {"label_metric": "ordinal", "labels": range(10), "temperature": "auto"}
    model = LokiClassifier(GaussianNB(), **keywords).fit(X, Y, sample_weight=weight)
    scores = temperature_scores(GaussianNB(), X, Y, ORDINAL, weight=weight)
    plain = temperature_scores(GaussianNB(), X, Y, ORDINAL)
    assert np.abs(scores / plain - 1).max() > 0.01
    assert_same_choice(model, scores)
    P = GaussianNB().fit(X, Y, sample_weight=weight).predict_proba(X)
    expected = choose(P, ORDINAL, np.unique(Y), temperature=model.temperature_)
    np.testing.assert_array_equal(model.predict(X), expected.codes)
    odd = pd.Series(weight, index=np.arange(len(Y))[::-1] * 2)
    for same in (weight.tolist(), odd):
        other = LokiClassifier(GaussianNB(), **keywords).fit(X, Y, same)
        np.testing.assert_array_equal(
            other.temperature_scores_, model.temperature_scores_
        )
    ones = LokiClassifier(GaussianNB(), **keywords).fit(X, Y, np.ones(len(Y)))
    np.testing.assert_allclose(ones.temperature_scores_, plain, rtol=1e-12)


def test_classes_that_a_fold_lacks():
    """Sorted rows: each fold trains without some classes and is tested on them."""
    order = np.argsort(Y, kind="stable")
    cv = PredefinedSplit(np.repeat([0, 1, 2], 40))
    model = LokiClassifier(
        GaussianNB(),
        label_metric="ordinal",
        labels=range(10),
        temperature="auto",
        cv=cv,
    ).fit(X[order], Y[order])
    train, _ = next(iter(cv.split()))
    assert len(np.unique(Y[order][train])) < len(np.unique(Y))
    scores = temperature_scores(GaussianNB(), X[order], Y[order], ORDINAL, cv=cv)
    assert_same_choice(model, scores)
    np.testing.assert_array_equal(model.observed_classes_, np.unique(Y))


def test_classes_smaller_than_the_number_of_folds():
    few = np.concatenate([np.flatnonzero(Y != 9), np.flatnonzero(Y == 9)[:2]])
    model = LokiClassifier(
        GaussianNB(var_smoothing=0.1),
        label_metric="ordinal",
        labels=range(10),
        temperature="auto",
    ).fit(X[few], Y[few])  # the splitter's warning about them is none of the user's
    assert model.temperature_scores_.shape == (13,)


def test_frozen_estimator_is_judged_on_the_given_rows():
    base = GaussianNB().fit(X[:60], Y[:60])
    model = LokiClassifier(
        FrozenEstimator(base),
        label_metric="ordinal",
        labels=range(10),
        temperature="auto",
        cv=3,
    ).fit(X[60:], Y[60:])
    P = base.predict_proba(X[60:])
    scores = [
        np.mean((choose(P, ORDINAL, base.classes_, None, 2, t).codes - Y[60:]) ** 2)
        for t in GRID
    ]
    assert_same_choice(model, np.array(scores))


def test_frozen_estimator_that_knows_more_classes_than_y():
    base = GaussianNB().fit(X, Y)
    two = np.isin(Y, [3, 6])
    model = LokiClassifier(
        FrozenEstimator(base),
        label_metric="ordinal",
        labels=range(10),
        temperature="auto",
    ).fit(X[two], Y[two])
    np.testing.assert_array_equal(model.observed_classes_, np.unique(Y))
    P = base.predict_proba(X)
    expected = choose(P, ORDINAL, base.classes_, temperature=model.temperature_).codes
    np.testing.assert_array_equal(model.predict(X), expected)


class TooSure(ClassifierMixin, BaseEstimator):
    """Calibrated probabilities of one number in X, made five times as sure."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        p = expit(5 * logit(np.ravel(X)))
        return np.column_stack([1 - p, p])


def test_it_finds_the_temperature_that_undoes_overconfidence():
    # y is 4 with probability x else 0; the best answer of 0..4 is the mean, 4 x.
    rng = np.random.default_rng(0)
    x = rng.uniform(0.02, 0.98, 20_000)
    y = np.where(rng.random(len(x)) < x, 4, 0)
    model = LokiClassifier(
        TooSure(), label_metric="ordinal", labels=range(5), temperature="auto"
    ).fit(x[:, None], y)
    assert model.temperature_ == pytest.approx(GRID[np.argmin(np.abs(GRID - 5))])
    np.testing.assert_array_equal(
        model.predict([[0.1], [0.3], [0.5], [0.7], [0.9]]), [0, 1, 2, 3, 4]
    )


def test_two_jobs():
    keywords = {"label_metric": "ordinal", "labels": range(10), "temperature": "auto"}
    model = LokiClassifier(GaussianNB(), n_jobs=2, **keywords).fit(X, Y)
    scores = temperature_scores(GaussianNB(), X, Y, ORDINAL)
    np.testing.assert_allclose(model.temperature_scores_, scores, rtol=1e-12)


def test_scores_are_there_only_for_auto():
    keywords = {"label_metric": "ordinal", "labels": range(10)}
    model = LokiClassifier(GaussianNB(), temperature="auto", **keywords).fit(X, Y)
    assert hasattr(model, "temperature_scores_")
    model.set_params(temperature=2).fit(X, Y)
    assert not hasattr(model, "temperature_scores_")
    assert model.temperature_ == 2.0
    assert isinstance(model.temperature_, float)


def test_the_discrete_metric_does_not_depend_on_it():
    X, y = make_classification(200, n_informative=4, n_classes=3, random_state=0)
    model = LokiClassifier(GaussianNB(), temperature="auto").fit(X, y)
    assert np.ptp(model.temperature_scores_) == 0
    assert model.temperature_ == 1.0  # of equal ones the one that changes nothing
    np.testing.assert_array_equal(model.predict(X), GaussianNB().fit(X, y).predict(X))


def test_groups_reach_the_splitter():
    import sklearn

    groups = np.arange(len(Y)) // 10
    cv = GroupKFold(3)
    keywords = {"label_metric": "ordinal", "labels": range(10), "temperature": "auto"}
    with sklearn.config_context(enable_metadata_routing=True):
        model = LokiClassifier(GaussianNB(), cv=cv, **keywords)
        model.fit(X, Y, groups=groups)
    splits = list(cv.split(X, Y, groups))
    scores = temperature_scores(GaussianNB(), X, Y, ORDINAL, cv=splits)
    assert_same_choice(model, scores)

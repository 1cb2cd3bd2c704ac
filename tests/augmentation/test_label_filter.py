"""Filters judge new rows by models that did not see the source."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.svm import LinearSVC

from sklearn_ext.augmentation._label_filter import (
    LabelFilter,
    check_label_filter,
    class_confidence,
    seeded,
)


class Remembers(ClassifierMixin, BaseEstimator):
    """Predicts "yes" for texts that it was fitted to, with a probability of 0.8."""

    def fit(self, X, y):
        self.known_ = set(X)
        self.classes_ = np.array(["no", "yes"])
        return self

    def predict(self, X):
        return self.classes_[[int(text in self.known_) for text in X]]

    def predict_proba(self, X):
        p = np.array([0.8 if text in self.known_ else 0.3 for text in X])
        return np.stack([1 - p, p], axis=1)


TEXTS = [f"text {i}" for i in range(12)]
CODES = np.arange(12) % 2
LABELS = ["no", "yes"] * 6


def test_a_row_is_judged_without_its_source():
    judge = LabelFilter(Remembers(), None, TEXTS, LABELS, CODES, seed=3)
    assert len(judge.models) == 5
    sources = np.arange(12)
    passed, confidence = judge.judge(TEXTS, sources, "yes")
    assert not passed.any()  # no model knows the text whose source it judges
    np.testing.assert_allclose(confidence, 0.3)
    # the text of another fold is known
    other = np.argmax(judge.fold_of != judge.fold_of[0])
    passed, confidence = judge.judge([TEXTS[other]], np.array([0]), "yes")
    assert passed.all()
    np.testing.assert_allclose(confidence, 0.8)


def test_folds_are_stratified_and_come_from_the_seed():
    first, again, other = (
        LabelFilter(Remembers(), None, TEXTS, LABELS, CODES, seed).fold_of
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    for fold in range(5):
        assert set(CODES[first == fold]) == {0, 1}


def test_one_model_where_a_class_has_a_single_row():
    judge = LabelFilter(Remembers(), None, TEXTS[:3], LABELS[:3], CODES[:3], seed=0)
    assert len(judge.models) == 1
    assert judge.judge(TEXTS[:3], np.arange(3), "yes")[0].all()


@pytest.mark.parametrize(("threshold", "passes"), [(0.3, True), (0.31, False)])
def test_the_threshold_is_of_the_probability_of_the_class(threshold, passes):
    judge = LabelFilter(Remembers(), threshold, TEXTS, LABELS, CODES, seed=3)
    assert judge.judge(TEXTS, np.arange(12), "yes")[0].all() == passes
    assert judge.judge(TEXTS, np.arange(12), "no")[0].all()


def test_confidence_of_margins():
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    binary = LinearSVC().fit(X, ["a", "a", "b", "b"])
    for label, sign in (("a", -1), ("b", 1)):
        np.testing.assert_array_equal(
            class_confidence(binary, X, label), sign * binary.decision_function(X)
        )
    several = LinearSVC().fit(X, ["a", "b", "c", "c"])
    np.testing.assert_array_equal(
        class_confidence(several, X, "b"), several.decision_function(X)[:, 1]
    )


def test_open_seeds_are_set():
    assert seeded(DummyClassifier(strategy="uniform"), 5).random_state == 5
    assert seeded(DummyClassifier(random_state=1), 5).random_state == 1


def test_what_cannot_filter_is_refused():
    with pytest.raises(TypeError, match="label_filter must be a classifier"):
        check_label_filter(object(), None)
    with pytest.raises(
        ValueError, match=r"filter_threshold=0\.5.*label_filter=LinearSVC"
    ):
        check_label_filter(LinearSVC(), 0.5)
    check_label_filter(LinearSVC(), None)
    check_label_filter(None, 0.5)

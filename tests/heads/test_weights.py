"""A weight of k is k repetitions, one of 0 is removal, and classes weigh too."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_ext import (
    AnyLossClassifier,
    AnyLossClassifierCV,
    DiceLossClassifier,
    TorchLossClassifier,
)
from tests.heads._estimators import each_estimator, state
from tests.heads._tables import table


@each_estimator
@pytest.mark.parametrize("n_classes", [2, 3])
def test_weight_is_repetition(estimator, n_classes):
    if type(estimator) is AnyLossClassifierCV:
        pytest.skip("repeated rows make other folds")
    X, codes = table(150, n_classes=n_classes, share=0.6, seed=2)
    weight = np.random.default_rng(1).integers(0, 4, 150)
    rows = np.repeat(np.arange(150), weight)
    weighted = clone(estimator).fit(X, codes, sample_weight=weight)
    repeated = clone(estimator).fit(X[rows], codes[rows])
    np.testing.assert_allclose(state(weighted), state(repeated), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        weighted.loss_curve_, repeated.loss_curve_, rtol=1e-7, atol=1e-12
    )
    for name in ("metric_score_", "warm_start_score_"):
        if hasattr(weighted, name):
            expected = getattr(repeated, name)
            assert getattr(weighted, name) == pytest.approx(expected, rel=1e-9)


@each_estimator
def test_weight_zero_is_removal_and_none_is_ones(estimator):
    X, codes = table(160, seed=4)
    weight = (np.arange(160) % 4 > 0).astype(float)
    X[weight == 0] *= 1e6  # must not be seen at all
    kept = weight > 0
    weighted = clone(estimator).fit(X, codes, sample_weight=weight)
    removed = clone(estimator).fit(X[kept], codes[kept])
    np.testing.assert_allclose(state(weighted), state(removed), rtol=1e-9)
    ones = clone(estimator).fit(X[kept], codes[kept], sample_weight=np.ones(120))
    np.testing.assert_array_equal(state(ones), state(removed))


def test_a_class_of_weight_zero_is_no_class():
    X, codes = table(150, n_classes=3, share=0.5)
    weight = (codes != 1).astype(float)
    model = AnyLossClassifier(max_iter=5).fit(X, codes, sample_weight=weight)
    assert model.classes_.tolist() == [0, 2]
    assert model.coef_.shape == (1, 4)


@pytest.mark.parametrize(
    "estimator",
    [
        AnyLossClassifier(max_iter=20, log_loss_share=0.5),
        TorchLossClassifier(max_iter=20),
        TorchLossClassifier("focal", max_iter=20, threshold="f1", init="logistic"),
    ],
    ids=repr,
)
def test_scale_of_the_weights_does_not_matter(estimator):
    """But where their sum is a number of rows: smooth, automatic log_loss_share."""
    X, codes = table(150, seed=5)
    weight = np.random.default_rng(2).uniform(0.2, 3, 150)
    one, other = (
        clone(estimator).fit(X, codes, sample_weight=factor * weight)
        for factor in (1, 1024)
    )
    np.testing.assert_allclose(state(one), state(other), rtol=1e-6, atol=1e-7)


def test_class_weight_multiplies_sample_weight():
    X, codes = table(200, n_classes=3, share=0.6)
    weight = np.random.default_rng(3).uniform(0.2, 3, 200)
    factors = {0: 0.5, 1: 2.0, 2: 3.0}
    for estimator in (AnyLossClassifier(max_iter=20), DiceLossClassifier(max_iter=20)):
        by_class = clone(estimator).set_params(class_weight=factors)
        by_class.fit(X, codes, sample_weight=weight)
        by_row = clone(estimator)
        by_row.fit(X, codes, sample_weight=weight * np.array([0.5, 2, 3])[codes])
        np.testing.assert_allclose(state(by_class), state(by_row), rtol=1e-9)
        assert by_class.metric_score_ == pytest.approx(by_row.metric_score_)

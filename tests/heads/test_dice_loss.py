"""DiceLossClassifier = warm start, exact cut for F1, steps on the Dice loss."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from sklearn_ext import AnyLossClassifier, DiceLossClassifier
from tests.heads._naive import Adam, fine_tune, kept_near, metric_at
from tests.heads._tables import table
from tests.heads._torch_twin import dice, differentiated

STILL = {"max_iter": 1, "learning_rate": 1e-13}


def binary_dice(z, y, weight, smooth=1.0):
    """Set-level Dice of binary logits and its gradient, by hand."""
    p = 1 / (1 + np.exp(-z))
    above = 2 * weight @ (p * y) + smooth
    below = weight @ p + weight @ y + smooth
    slope = weight * p * (1 - p)
    return 1 - above / below, -(2 * y * below - above) * slope / below**2


def steps(model, start, X, codes, weight, loss_of):
    return fine_tune(
        start.coef_,
        start.intercept_,
        X,
        kept_near(loss_of, start, codes, weight),
        lambda z: metric_at("f1", z, codes, weight),
        model.l2_regularization,
        Adam(model.learning_rate),
        model.max_iter,
    )


def assert_same_fit(model, expected, tolerance):
    W, b, selected, score, losses = expected
    np.testing.assert_allclose(model.loss_curve_, losses[:-1], rtol=1e-7)
    np.testing.assert_allclose(model.coef_, W, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(model.intercept_, b, rtol=tolerance, atol=tolerance)
    assert model.selected_ == selected
    assert model.metric_score_ == pytest.approx(score, rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 4])
def test_steps_are_those_of_numpy(seed, weighted):
    X, codes = table(seed=seed)
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0.2, 3, 300) if weighted else np.ones(300)
    start = DiceLossClassifier(**STILL).fit(X, codes, sample_weight=weight)
    model = DiceLossClassifier().fit(X, codes, sample_weight=weight)
    expected = steps(
        model, start, X, codes, weight, lambda z: binary_dice(z, codes, weight)
    )
    assert_same_fit(model, expected, 1e-8)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "parameters",
    [
        {"alpha": 0.01, "log_loss_share": 0.0},
        {"alpha": 0.5},
        {"smooth": 0.0, "alpha": 0.3},
        {"smooth": (0.0, 1.0)},
        {"smooth": 7.0},
        {"ohem_ratio": 1.5},
        {"ohem_ratio": 0.3, "alpha": 0.1},
    ],
    ids=str,
)
def test_steps_are_those_of_autograd(parameters, n_classes):
    X, codes = table(200, n_classes=n_classes, share=0.7)
    start = DiceLossClassifier(**parameters, **STILL).fit(X, codes)
    model = DiceLossClassifier(**parameters, max_iter=30).fit(X, codes)
    weight = np.ones(200)
    of_the_loss = {k: v for k, v in parameters.items() if k != "log_loss_share"}
    loss_of = differentiated(dice, codes, weight, **of_the_loss)
    assert_same_fit(model, steps(model, start, X, codes, weight, loss_of), 1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_same_start_as_any_loss(n_classes):
    """The cut is the best one for F1."""
    X, codes = table(n_classes=n_classes)
    dice_start = DiceLossClassifier(**STILL).fit(X, codes)
    any_start = AnyLossClassifier("f1", **STILL).fit(X, codes)
    np.testing.assert_allclose(dice_start.coef_, any_start.coef_, atol=1e-11)
    np.testing.assert_allclose(dice_start.intercept_, any_start.intercept_, atol=1e-11)
    assert dice_start.warm_start_score_ == any_start.warm_start_score_


def test_dice_without_smoothing_is_soft_f1():
    """AnyLoss without amplification is Dice with smooth=0."""
    X, codes = table(seed=2)
    soft = AnyLossClassifier(amplification=None).fit(X, codes)
    dice_model = DiceLossClassifier(smooth=0.0).fit(X, codes)
    np.testing.assert_allclose(dice_model.coef_, soft.coef_, rtol=1e-6)
    np.testing.assert_allclose(dice_model.loss_curve_, soft.loss_curve_, rtol=1e-9)


def test_score_is_f1_of_the_predictions():
    for n_classes, average in ((2, "binary"), (4, "macro")):
        X, codes = table(n_classes=n_classes, share=0.6)
        model = DiceLossClassifier().fit(X, codes)
        score = f1_score(codes, model.predict(X), average=average)
        assert model.metric_score_ == pytest.approx(score, rel=1e-12)
        assert model.metric_score_ >= model.warm_start_score_


def test_blobs_of_five_classes():
    X, y = make_blobs(400, 5, centers=5, cluster_std=2.0, random_state=0)
    X = StandardScaler().fit_transform(X)
    model = DiceLossClassifier(
        init="zeros", threshold=None, learning_rate=0.1, l2_regularization=0
    ).fit(X, y)
    assert model.n_iter_ == 100
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]
    assert model.score(X, y) > 0.9


def test_class_weight_is_sample_weight():
    X, codes = table(seed=3)
    by_class = DiceLossClassifier(class_weight={0: 0.5, 1: 4.0}).fit(X, codes)
    weight = np.where(codes == 1, 4.0, 0.5)
    by_row = DiceLossClassifier().fit(X, codes, sample_weight=weight)
    np.testing.assert_allclose(by_class.coef_, by_row.coef_, rtol=1e-9)
    assert by_class.metric_score_ == pytest.approx(by_row.metric_score_)


def test_hidden_layers():
    X, codes = table(150)
    model = DiceLossClassifier(hidden_layer_sizes=(5,), max_iter=5, random_state=0)
    model.fit(X, codes)
    score = f1_score(codes, model.predict(X))
    assert model.metric_score_ == pytest.approx(score, rel=1e-12)
    assert len(model.coefs_) == len(model.intercepts_) == 2


def test_attributes():
    X, codes = table(100)
    model = DiceLossClassifier(max_iter=4).fit(X, codes)
    assert model.n_iter_ == len(model.loss_curve_) == 4
    assert not hasattr(model, "amplification_")
    assert 0 < model.threshold_ < 1

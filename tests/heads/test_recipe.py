"""The default recipe = NumPy: warm start, exact cut, steps, choice of the iterate."""

import numpy as np
import pytest
from scipy.special import logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sklearn_ext import AnyLossClassifier
from tests.heads._naive import (
    Adam,
    GradientDescent,
    any_loss_f1,
    balanced,
    brute_force_cut,
    cut_out,
    fine_tune,
    kept_near,
    log_loss,
    logistic,
    metric_at,
)
from tests.heads._tables import read_keel, table

STILL = {"max_iter": 1, "learning_rate": 1e-13}  # shows what the steps start from
PAPER = {
    "init": "zeros",
    "threshold": None,
    "optimizer": "gd",
    "learning_rate": 0.01,
    "max_iter": 1000,
    "amplification": 73,
    "l2_regularization": 0,
}


def random_weight(n, seed=0):
    return np.random.default_rng(seed).uniform(0.2, 3, n)


def centred(intercept):
    """Of several classes the intercepts are known up to a common shift."""
    return intercept - (intercept.mean() if len(intercept) > 1 else 0)


# --- step 1: the warm start -----------------------------------------------------------

WEIGHTINGS = {
    "plain": (None, None),
    "sample_weight": (random_weight(300), None),
    "class_weight": (None, {0: 0.5, 1: 3.0, 2: 1.7}),
    "balanced": (None, "balanced"),
    "both": (random_weight(300), "balanced"),
}


def combined(codes, sample_weight, class_weight, n_classes):
    """Product of sample and class weights; "balanced" counts weights, not rows."""
    weight = np.ones(len(codes)) if sample_weight is None else sample_weight
    if class_weight == "balanced":
        return balanced(codes, weight, n_classes)
    if class_weight is not None:
        return weight * np.array([class_weight[c] for c in range(n_classes)])[codes]
    return weight


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("l2", [1e-4, 1e-2])
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_warm_start_is_logistic_regression(weighting, l2, n_classes):
    X, codes = table(n_classes=n_classes)
    sample_weight, class_weight = WEIGHTINGS[weighting]
    if isinstance(class_weight, dict):
        class_weight = {c: class_weight[c] for c in range(n_classes)}
    weight = combined(codes, sample_weight, class_weight, n_classes)
    peer = LogisticRegression(
        C=1 / (2 * l2 * weight.sum()),
        tol=1e-11,
        max_iter=1000,
        solver="newton-cg",
    ).fit(X, codes, sample_weight=weight)
    model = AnyLossClassifier(
        threshold=None, l2_regularization=l2, class_weight=class_weight, **STILL
    ).fit(X, codes, sample_weight=sample_weight)
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        centred(model.intercept_), centred(peer.intercept_), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("metric", ["mcc", "balanced_accuracy", "gmean"])
def test_warm_start_does_not_depend_on_the_metric(metric, n_classes):
    X, codes = table(n_classes=n_classes)
    weight = random_weight(300)
    model = AnyLossClassifier(metric, threshold=None, **STILL)
    model.fit(X, codes, sample_weight=weight)
    W, b = logistic(X, codes, weight, 1e-4, n_classes)
    np.testing.assert_allclose(model.coef_, W, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(centred(model.intercept_), b, rtol=1e-6, atol=1e-7)


def test_warm_start_is_solved_to_the_end():
    """The gradient that is left is at most 1e-10."""
    X, codes = table(seed=3)
    model = AnyLossClassifier(threshold=None, max_iter=1, learning_rate=1e-16)
    model.fit(X, codes)
    p = 1 / (1 + np.exp(-(X @ model.coef_[0] + model.intercept_[0])))
    gradient = np.append(
        (p - codes) @ X / 300 + 2e-4 * model.coef_[0], (p - codes).mean()
    )
    assert np.linalg.norm(gradient) <= 1.1e-10


# --- step 2: the cut ------------------------------------------------------------------


@pytest.mark.parametrize(
    "metric", ["f1", "mcc", "accuracy", "gmean", "precision", "kappa", "markedness"]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_cut_is_folded_into_the_intercept(metric, weighted):
    X, codes = table()
    weight = random_weight(300) if weighted else np.ones(300)
    model = AnyLossClassifier(metric, **STILL).fit(X, codes, sample_weight=weight)
    W, b = logistic(X, codes, weight, 1e-4)
    cut, score = brute_force_cut(metric, X @ W[0] + b[0], codes == 1, weight)
    np.testing.assert_allclose(model.coef_, W, rtol=1e-6)
    np.testing.assert_allclose(model.threshold_, cut, rtol=1e-6)
    np.testing.assert_allclose(model.intercept_, b - logit(cut), rtol=1e-5, atol=1e-6)
    assert model.warm_start_score_ == pytest.approx(score, rel=1e-12)


def test_no_threshold_no_cut():
    X, codes = table()
    model = AnyLossClassifier(threshold=None, **STILL).fit(X, codes)
    z = model.decision_function(X)
    score = metric_at("f1", z, codes, np.ones(300))
    assert model.warm_start_score_ == pytest.approx(score, rel=1e-12)


@pytest.mark.parametrize("metric", ["f1", "mcc", "gmean", "accuracy"])
def test_offsets_are_folded_into_the_intercepts(metric):
    X, codes = table(n_classes=3, share=0.7)
    weight = random_weight(300)
    plain = AnyLossClassifier(metric, threshold=None, **STILL)
    plain.fit(X, codes, sample_weight=weight)
    model = AnyLossClassifier(metric, **STILL).fit(X, codes, sample_weight=weight)
    np.testing.assert_allclose(model.coef_, plain.coef_, atol=1e-11)
    assert model.class_offsets_.shape == (3,)
    np.testing.assert_allclose(
        centred(model.intercept_),
        centred(plain.intercept_ + model.class_offsets_),
        atol=1e-10,
    )
    for each in (plain, model):
        score = metric_at(metric, each.decision_function(X), codes, weight)
        assert each.warm_start_score_ == pytest.approx(score, rel=1e-12)
    assert model.warm_start_score_ >= plain.warm_start_score_


# --- step 3: the steps, and step 4: the choice ----------------------------------------


def steps_of_numpy(model, start, X, codes, weight, rule, beta=1.0):
    """Go on from the parameters of a still model as the paper's formulas say."""
    L, l2 = model.amplification, model.l2_regularization
    name = "f1" if beta == 1 else "fbeta"
    loss_of = kept_near(
        lambda z: any_loss_f1(z, codes, weight, L, beta), start, codes, weight
    )
    return fine_tune(
        start.coef_,
        start.intercept_,
        X,
        loss_of,
        lambda z: metric_at(name, z, codes, weight, beta=beta),
        l2,
        rule,
        model.max_iter,
    )


def assert_same_fit(model, expected, tolerance=1e-8):
    W, b, selected, score, losses = expected
    np.testing.assert_allclose(model.coef_, W, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(model.intercept_, b, rtol=tolerance, atol=tolerance)
    assert model.selected_ == selected
    assert model.metric_score_ == pytest.approx(score, rel=1e-12)
    n_iter = len(losses) - 1
    assert model.n_iter_ == n_iter == len(model.loss_curve_)
    np.testing.assert_allclose(model.loss_curve_, losses[:-1], rtol=1e-7)
    assert model.best_loss_ == min(model.loss_curve_)


@pytest.mark.parametrize("share", [0.0, 0.3, "auto"])
@pytest.mark.parametrize("seed", [0, 1, 4, 5, 12, 17])
def test_steps_are_those_of_numpy(seed, share):
    X, codes = table(seed=seed)
    start = AnyLossClassifier(log_loss_share=share, **STILL).fit(X, codes)
    model = AnyLossClassifier(log_loss_share=share).fit(X, codes)
    expected = steps_of_numpy(model, start, X, codes, np.ones(300), Adam(0.02))
    assert_same_fit(model, expected)
    assert model.warm_start_score_ == start.warm_start_score_


def test_every_choice_occurs():
    chosen = {
        AnyLossClassifier(log_loss_share=0).fit(*table(seed=seed)).selected_
        for seed in (0, 1, 4)
    }
    assert chosen == {"last", "best", "warm_start"}


@pytest.mark.parametrize("seed", [30, 86])
def test_the_last_iterate_stays_if_it_is_as_good_as_the_start(seed):
    """Although an iterate between them was better."""
    X, codes = table(40, noise=3.0, seed=seed)
    steps = [
        AnyLossClassifier(log_loss_share=0, max_iter=n).fit(X, codes).metric_score_
        for n in range(1, 21)
    ]
    model = AnyLossClassifier(log_loss_share=0, max_iter=20).fit(X, codes)
    assert max(steps) > model.warm_start_score_ + 1e-3
    assert model.metric_score_ == pytest.approx(model.warm_start_score_, abs=1e-12)
    assert model.selected_ == "last"


@pytest.mark.parametrize(
    "parameters",
    [
        {"amplification": 5},
        {"amplification": 40, "l2_regularization": 1e-2},
        {"amplification": 73, "learning_rate": 0.1, "max_iter": 30},
        {"optimizer": "gd", "learning_rate": 0.5},
        {"class_weight": "balanced"},
        {"class_weight": {0: 2.0, 1: 5.0}, "max_iter": 17},
        {"log_loss_share": 0.0, "class_weight": "balanced"},
        {"threshold": None},
    ],
    ids=str,
)
def test_steps_with_other_parameters(parameters):
    X, codes = table(seed=2)
    sample_weight = random_weight(300, 2)
    class_weight = parameters.get("class_weight")
    weight = combined(codes, sample_weight, class_weight, 2)
    model = AnyLossClassifier(**parameters).fit(X, codes, sample_weight=sample_weight)
    start = AnyLossClassifier(**parameters | STILL)
    start.fit(X, codes, sample_weight=sample_weight)
    rule = GradientDescent if "optimizer" in parameters else Adam
    expected = steps_of_numpy(model, start, X, codes, weight, rule(model.learning_rate))
    assert_same_fit(model, expected)


@pytest.mark.parametrize(
    "parameters", [{"init": "zeros"}, {"threshold": None}], ids=str
)
def test_without_a_cut_there_is_nothing_to_keep(parameters):
    X, codes = table(seed=2)
    one, other = (
        AnyLossClassifier(log_loss_share=share, max_iter=20, **parameters)
        for share in (0.0, 0.9)
    )
    np.testing.assert_array_equal(one.fit(X, codes).coef_, other.fit(X, codes).coef_)


def test_beta():
    X, codes = table(seed=2)
    parameters = {"metric": "fbeta", "metric_params": {"beta": 2.0}}
    start = AnyLossClassifier(**parameters, **STILL).fit(X, codes)
    model = AnyLossClassifier(**parameters).fit(X, codes)
    expected = steps_of_numpy(model, start, X, codes, np.ones(300), Adam(0.02), beta=2)
    assert_same_fit(model, expected)


@pytest.mark.parametrize("seed", [1, 6])
def test_the_whole_chain(seed):
    """Newton, all cuts, Adam: nothing is taken from the classifier itself."""
    X, codes = table(seed=seed)
    weight = random_weight(300, seed)
    W, b = logistic(X, codes, weight, 1e-4)
    cut, score = brute_force_cut("f1", X @ W[0] + b[0], codes == 1, weight)
    model = AnyLossClassifier().fit(X, codes, sample_weight=weight)
    assert model.warm_start_score_ == pytest.approx(score, rel=1e-12)

    def loss_of(z):
        share = 3500 / (3500 + weight.sum())
        loss, gradient = any_loss_f1(z, codes, weight, 10)
        kept, kept_gradient = log_loss(z + logit(cut), codes, weight)
        return (
            (1 - share) * loss + share * kept,
            (1 - share) * gradient + share * kept_gradient,
        )

    W, b, selected, score, _ = fine_tune(
        W,
        cut_out(b, cut),
        X,
        loss_of,
        lambda z: metric_at("f1", z, codes, weight),
        1e-4,
        Adam(0.02),
        100,
    )
    np.testing.assert_allclose(model.coef_, W, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-5, atol=1e-6)
    assert model.selected_ == selected
    assert model.metric_score_ == pytest.approx(score, rel=1e-12)


# --- the paper's recipe ---------------------------------------------------------------


def paper_loop(X, y, amplification=73.0, learning_rate=0.01, n_iter=1000):
    """Plain gradient descent on summed counts, as the paper describes it."""
    X = np.column_stack([np.ones(len(X)), X])
    theta = np.zeros(X.shape[1])
    for _ in range(n_iter):
        p = 1 / (1 + np.exp(-X @ theta))
        a = 1 / (1 + np.exp(-amplification * (p - 0.5)))
        S, T, P = a.sum(), (a * y).sum(), y.sum()
        slope = amplification * a * (1 - a) * p * (1 - p)
        gradient = -2 * (y * (P + S) - T) * slope / (P + S) ** 2
        theta -= learning_rate * X.T @ gradient
    return theta


def test_paper_recipe():
    X, codes = table()
    model = AnyLossClassifier(**PAPER).fit(X, codes)
    theta = paper_loop(X, codes)
    np.testing.assert_allclose(model.intercept_, theta[:1], rtol=1e-8)
    np.testing.assert_allclose(model.coef_, [theta[1:]], rtol=1e-8)
    assert model.n_iter_ == 1000
    assert model.amplification_ == 73
    assert model.selected_ == "last"


def test_paper_recipe_on_haberman(shared_data):
    X, label = read_keel(shared_data, "haberman")
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    codes = (label == "positive").astype(int)
    model = AnyLossClassifier(**PAPER).fit(X, codes)
    theta = paper_loop(X, codes)
    np.testing.assert_allclose(model.intercept_, theta[:1], rtol=1e-8)
    np.testing.assert_allclose(model.coef_, [theta[1:]], rtol=1e-8)


# --- what goes wrong ------------------------------------------------------------------


def test_a_loss_that_is_not_finite_ends_the_steps():
    X, codes = table()

    def f1_without_gradient(tp, fp, fn, tn):
        value = 2 * tp / (2 * tp + fp + fn)
        return value * np.nan if hasattr(tp, "backward") else value

    model = AnyLossClassifier(f1_without_gradient)
    with pytest.warns(ConvergenceWarning, match="finite"):
        model.fit(X, codes)
    start = AnyLossClassifier(**STILL).fit(X, codes)
    np.testing.assert_allclose(model.coef_, start.coef_, atol=1e-12)
    np.testing.assert_allclose(model.intercept_, start.intercept_, atol=1e-12)
    assert model.selected_ == "warm_start"
    assert model.metric_score_ == model.warm_start_score_
    assert model.metric_score_ == pytest.approx(start.warm_start_score_, rel=1e-12)
    assert np.isfinite(model.decision_function(X)).all()


def test_features_that_are_not_scaled():
    X, codes = table()
    with pytest.warns(ConvergenceWarning, match="scale"):
        model = AnyLossClassifier(max_iter=3).fit(1e4 * X, codes)
    assert model.metric_score_ >= model.warm_start_score_


def test_scaled_features_get_no_warning():
    """Also where the steps lower the metric; warnings are errors here."""
    X, codes = table(200, n_classes=3, share=0.7)
    model = AnyLossClassifier("precision", log_loss_share=0, max_iter=40)
    model.fit(X, codes, sample_weight=random_weight(200))
    assert model.selected_ != "last"
    assert model.metric_score_ >= model.warm_start_score_

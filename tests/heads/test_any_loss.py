"""AnyLossClassifier: metrics, several classes, hidden layers, fitted attributes."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_classification
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from sklearn_ext import AnyLossClassifier, TorchLossClassifier
from sklearn_ext.losses._metrics import METRICS
from tests.heads._naive import Adam, fine_tune, kept_near, metric_at
from tests.heads._tables import table
from tests.heads._torch_twin import any_loss, torch

STILL = {"max_iter": 1, "learning_rate": 1e-13}
COSTS = {
    2: np.array([[0.0, 1.0], [6.0, 0.5]]),
    3: np.array([[0.0, 1.0, 2.0], [8.0, 0.0, 1.0], [5.0, 3.0, -1.0]]),
}


def parameters_for(metric, n_classes):
    if metric == "cost":
        return {"cost": COSTS[n_classes]}
    return {"beta": 0.5} if metric == "fbeta" else {}


def autograd_fit(model, start, X, codes, weight, **parameters):
    return fine_tune(
        start.coef_,
        start.intercept_,
        X,
        kept_near(
            any_loss(model.metric, codes, weight, model.amplification, **parameters),
            start,
            codes,
            weight,
        ),
        lambda z: metric_at(model.metric, z, codes, weight, **parameters),
        model.l2_regularization,
        Adam(model.learning_rate),
        model.max_iter,
    )


def fit_and_twin(metric, X, codes, weight, metric_params, **parameters):
    parameters = {"metric": metric, "metric_params": metric_params} | parameters
    start = AnyLossClassifier(**parameters | STILL)
    start.fit(X, codes, sample_weight=weight)
    model = AnyLossClassifier(**parameters).fit(X, codes, sample_weight=weight)
    return model, autograd_fit(model, start, X, codes, weight, **metric_params)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("share", [0.0, "auto"])
def test_each_metric_is_trained_as_autograd_says(metric, n_classes, share):
    X, codes = table(200, n_classes=n_classes, share=0.7)
    weight = np.random.default_rng(0).uniform(0.2, 3, 200)
    metric_params = parameters_for(metric, n_classes)
    model, (W, b, selected, score, losses) = fit_and_twin(
        metric, X, codes, weight, metric_params, max_iter=25, log_loss_share=share
    )
    np.testing.assert_allclose(model.loss_curve_, losses[:-1], rtol=1e-7)
    np.testing.assert_allclose(model.coef_, W, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-6, atol=1e-7)
    assert model.selected_ == selected
    assert model.metric_score_ == pytest.approx(score, rel=1e-9)


@pytest.mark.parametrize("average", ["macro", "weighted", "micro"])
@pytest.mark.parametrize("metric", ["f1", "precision"])
def test_averages(metric, average):
    X, codes = table(200, n_classes=3, share=0.7, seed=1)
    model, (W, b, _, score, _) = fit_and_twin(
        metric, X, codes, np.ones(200), {"average": average}, max_iter=30
    )
    np.testing.assert_allclose(model.coef_, W, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-6, atol=1e-7)
    assert model.metric_score_ == pytest.approx(score, rel=1e-9)


def test_two_classes_with_macro_average():
    X, codes = table(200, seed=1)
    model, (W, b, _, score, _) = fit_and_twin(
        "f1", X, codes, np.ones(200), {"average": "macro"}, max_iter=30
    )
    np.testing.assert_allclose(model.coef_, W, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-6, atol=1e-7)
    expected = f1_score(codes, model.predict(X), average="macro")
    assert model.metric_score_ == pytest.approx(expected) == pytest.approx(score)


def test_positive_label():
    """Aiming at the other class = the mirrored problem."""
    X, codes = table(seed=2)
    y = np.array(["good", "bad"])[codes]  # sorted: bad = 0 is rare
    rare = AnyLossClassifier(metric_params={"pos_label": "bad"}).fit(X, y)
    mirrored = AnyLossClassifier().fit(X, codes)
    np.testing.assert_allclose(rare.coef_, -mirrored.coef_, rtol=1e-6)
    np.testing.assert_allclose(rare.intercept_, -mirrored.intercept_, rtol=1e-6)
    expected = f1_score(y, rare.predict(X), pos_label="bad")
    assert rare.metric_score_ == pytest.approx(expected, rel=1e-12)
    default = AnyLossClassifier().fit(X, y)
    named = AnyLossClassifier(metric_params={"pos_label": "good"}).fit(X, y)
    np.testing.assert_array_equal(default.coef_, named.coef_)
    expected = f1_score(y, default.predict(X), pos_label="good")
    assert default.metric_score_ == pytest.approx(expected, rel=1e-12)


def test_a_callable_is_a_metric():
    def f1(tp, fp, fn, tn):
        return 2 * tp / (2 * tp + fp + fn)

    X, codes = table(seed=3)
    named, called = (AnyLossClassifier(each).fit(X, codes) for each in ("f1", f1))
    np.testing.assert_allclose(called.coef_, named.coef_, rtol=1e-6)
    np.testing.assert_allclose(called.intercept_, named.intercept_, rtol=1e-6)
    assert called.metric_score_ == pytest.approx(named.metric_score_)


def test_a_callable_of_the_matrix_is_a_metric():
    def macro_recall(M):
        return (M.diagonal(0, -2, -1) / M.sum(-1)).mean(-1)

    X, codes = table(200, n_classes=3, share=0.6)
    called = AnyLossClassifier(macro_recall, metric_params={"average": None})
    named = AnyLossClassifier("recall", metric_params={"average": "macro"})
    called.fit(X, codes)
    named.fit(X, codes)
    np.testing.assert_allclose(called.coef_, named.coef_, rtol=1e-5, atol=1e-6)
    assert called.metric_score_ == pytest.approx(named.metric_score_)


# --- scores ---------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", ["auto", "final", None])
def test_steps_never_lower_the_metric(threshold):
    """On 20 tables, and the scores are those of the predictions."""
    metrics = ["f1", "mcc", "balanced_accuracy", "gmean", "accuracy"]
    for seed in range(20):
        metric, n_classes = metrics[seed % 5], 2 + seed % 3 // 2
        X, y = make_classification(
            n_samples=150,
            n_features=5,
            n_informative=3,
            n_classes=n_classes,
            weights=[0.85] if n_classes == 2 else [0.7, 0.2],
            n_clusters_per_class=1,
            flip_y=0.1,
            random_state=seed,
        )
        X = StandardScaler().fit_transform(X)
        model = AnyLossClassifier(metric, threshold=threshold, max_iter=30).fit(X, y)
        assert model.metric_score_ >= model.warm_start_score_
        logits = model.decision_function(X)
        real = metric_at(metric, logits, y, np.ones(len(y)))
        assert model.metric_score_ == pytest.approx(real, abs=1e-12)


def test_scores_of_separable_rows():
    """Logits beyond any probability: still the score of the predictions."""
    X, codes = table(noise=0.1)
    for metric in ("f1", "recall", "precision"):
        model = AnyLossClassifier(metric, l2_regularization=1e-9).fit(X, codes)
        real = metric_at(metric, model.decision_function(X), codes, np.ones(300))
        assert model.metric_score_ == pytest.approx(real, abs=1e-12)


def test_final_threshold_is_searched_on_the_final_scores():
    higher = []
    for seed in range(8):
        X, codes = table(seed=seed)
        auto = AnyLossClassifier().fit(X, codes)
        final = AnyLossClassifier(threshold="final").fit(X, codes)
        np.testing.assert_array_equal(final.coef_, auto.coef_)
        assert final.metric_score_ >= auto.metric_score_
        real = f1_score(codes, final.predict(X))
        assert final.metric_score_ == pytest.approx(real, rel=1e-12)
        higher.append(final.metric_score_ > auto.metric_score_)
        for cut in np.linspace(-2, 2, 41):  # no other cut is better
            moved = final.decision_function(X) - cut
            other = metric_at("f1", moved, codes, np.ones(300))
            assert other <= final.metric_score_ + 1e-12
    assert any(higher)


def test_blobs_of_five_classes():
    """The loss halves in 100 steps from zero (acceptance 7)."""
    X, y = make_blobs(400, 5, centers=5, cluster_std=2.0, random_state=0)
    X = StandardScaler().fit_transform(X)
    model = AnyLossClassifier(
        init="zeros", threshold=None, learning_rate=0.1, l2_regularization=0
    ).fit(X, y)
    assert model.n_iter_ == 100
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]
    assert model.score(X, y) > 0.9


def test_a_metric_that_the_logistic_loss_does_not_serve():
    """F1 of a rare class: better than p > 1/2, on rows that nobody was trained on."""
    X, codes = table(4000, 6, share=0.95, noise=2.0, seed=4)
    train, test = slice(0, 2000), slice(2000, None)
    plain = AnyLossClassifier(threshold=None, **STILL).fit(X[train], codes[train])
    model = AnyLossClassifier().fit(X[train], codes[train])
    before, after = (
        f1_score(codes[test], each.predict(X[test])) for each in (plain, model)
    )
    assert after > before + 0.05


# --- rule, probabilities, attributes --------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_rule_and_probabilities(n_classes):
    X, codes = table(n_classes=n_classes, share=0.6)
    y = np.array(["a", "b", "c"])[codes]
    model = AnyLossClassifier().fit(X, y)
    z = model.decision_function(X)
    p = model.predict_proba(X)
    raw = X @ model.coef_.T + model.intercept_
    if n_classes == 2:
        np.testing.assert_allclose(z, raw[:, 0], rtol=1e-12)
        np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-z)), rtol=1e-12)
    else:
        np.testing.assert_allclose(z, raw, rtol=1e-12)
        odds = np.exp(raw - raw.max(axis=1, keepdims=True))
        np.testing.assert_allclose(p, odds / odds.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    logs = model.predict_log_proba(X)
    np.testing.assert_allclose(logs, np.log(p), rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])
    assert model.score(X, y) == (model.predict(X) == y).mean()


def test_ties_go_to_the_first_class():
    for n_classes in (2, 3):
        X, codes = table(60, n_classes=n_classes)
        model = AnyLossClassifier(max_iter=1).fit(X, codes)
        model.coef_ = np.zeros_like(model.coef_)
        model.intercept_ = np.zeros_like(model.intercept_)
        assert (model.predict(X) == 0).all()
        assert (model.predict_proba(X).argmax(axis=1) == 0).all()


def test_log_probabilities_far_away():
    X, codes = table()
    model = AnyLossClassifier().fit(X, codes)
    far = np.array([1e4, -1e4])[:, None] * np.sign(model.coef_)
    logs = model.predict_log_proba(far)
    assert np.isfinite(logs).all()
    z = model.decision_function(far)
    np.testing.assert_allclose(logs[:, 0], -np.logaddexp(0, z), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_attributes_of_a_linear_head(n_classes):
    X, codes = table(n_classes=n_classes)
    model = AnyLossClassifier(max_iter=5).fit(X, codes)
    n_outputs = 1 if n_classes == 2 else n_classes
    assert model.coef_.shape == (n_outputs, 4)
    assert model.intercept_.shape == (n_outputs,)
    assert isinstance(model.loss_curve_, list)
    assert len(model.loss_curve_) == model.n_iter_ == 5
    assert model.amplification_ == 10
    assert model.device_ == "cpu"
    assert model.n_features_in_ == 4
    assert hasattr(model, "threshold_") == (n_classes == 2)
    assert hasattr(model, "class_offsets_") == (n_classes > 2)
    assert not hasattr(model, "coefs_")
    assert not hasattr(model, "feature_names_in_")
    for name, value in vars(model).items():
        if name.endswith("_") and isinstance(value, list):
            value = value[0]
        assert not type(value).__module__.startswith("torch"), name


@pytest.mark.parametrize(
    ("dtype", "largest"), [(np.float64, 73), (np.float32, 33)], ids=["f8", "f4"]
)
def test_automatic_amplification(dtype, largest):
    X, codes = table(80)
    X = X.astype(dtype)
    auto = AnyLossClassifier(amplification="auto", max_iter=5).fit(X, codes)
    fixed = AnyLossClassifier(amplification=largest, max_iter=5).fit(X, codes)
    assert auto.amplification_ == largest
    np.testing.assert_array_equal(auto.coef_, fixed.coef_)


def test_no_amplification():
    X, codes = table(200, seed=1)
    model, (W, b, *_) = fit_and_twin(
        "f1", X, codes, np.ones(200), {}, amplification=None, max_iter=20
    )
    assert model.amplification_ is None
    np.testing.assert_allclose(model.coef_, W, rtol=1e-6)
    np.testing.assert_allclose(model.intercept_, b, rtol=1e-6)


# --- hidden layers --------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("sizes", [(6,), (5, 4)])
def test_hidden_layers(sizes, n_classes):
    X, codes = table(150, n_classes=n_classes, share=0.6)
    model = AnyLossClassifier(hidden_layer_sizes=sizes, max_iter=10, random_state=0)
    model.fit(X, codes)
    n_outputs = 1 if n_classes == 2 else n_classes
    widths = [4, *sizes, n_outputs]
    assert [sorted(W.shape) for W in model.coefs_] == [
        sorted(pair) for pair in pairwise(widths)
    ]
    assert [len(b) for b in model.intercepts_] == widths[1:]
    assert not hasattr(model, "coef_")
    assert model.metric_score_ >= model.warm_start_score_
    with torch.no_grad():
        z = model.to_torch()(torch.from_numpy(X)).numpy()
    z = z[:, 0] if n_classes == 2 and z.ndim == 2 else z
    np.testing.assert_allclose(model.decision_function(X), z, rtol=1e-9, atol=1e-12)
    real = metric_at("f1", model.decision_function(X), codes, np.ones(150))
    assert model.metric_score_ == pytest.approx(real, rel=1e-12)


def test_warm_start_of_hidden_layers():
    """200 steps of Adam on the logistic loss."""
    X, codes = table(150)
    deep = {"hidden_layer_sizes": (4,), "random_state": 0}
    start = AnyLossClassifier(threshold=None, **deep, **STILL).fit(X, codes)
    peer = TorchLossClassifier(init="he", tol=0, **deep).fit(X, codes)
    for W, V in zip(start.coefs_, peer.coefs_, strict=True):
        np.testing.assert_allclose(W, V, rtol=1e-7, atol=1e-9)
    for b, c in zip(start.intercepts_, peer.intercepts_, strict=True):
        np.testing.assert_allclose(b, c, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("share", [0.0, 0.6, "auto"])
def test_loss_of_hidden_layers(share):
    X, codes = table(150)
    weight = np.random.default_rng(0).uniform(0.2, 3, 150)
    model = AnyLossClassifier(
        hidden_layer_sizes=(4,), random_state=0, log_loss_share=share, **STILL
    ).fit(X, codes, sample_weight=weight)
    z = model.decision_function(X)
    loss_of = any_loss("f1", codes, weight, 10.0)
    loss, _ = kept_near(loss_of, model, codes, weight)(z)
    loss += model.l2_regularization * sum((W**2).sum() for W in model.coefs_)
    assert model.loss_curve_ == [pytest.approx(loss, rel=1e-9)]


def test_hidden_layers_learn_what_a_line_cannot():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (400, 2))
    y = (X[:, 0] * X[:, 1] > 0.2).astype(int)
    linear = AnyLossClassifier(max_iter=1).fit(X, y)
    model = AnyLossClassifier(hidden_layer_sizes=(16,), random_state=0).fit(X, y)
    assert model.metric_score_ > linear.metric_score_ + 0.2


@pytest.mark.parametrize("n_classes", [2, 3])
def test_module_of_a_linear_head(n_classes):
    X, codes = table(100, n_classes=n_classes)
    for dtype in (np.float32, np.float64):
        model = AnyLossClassifier(max_iter=3).fit(X.astype(dtype), codes)
        module = model.to_torch()
        assert isinstance(module, torch.nn.Module)
        with torch.no_grad():
            z = module(torch.from_numpy(X.astype(dtype))).numpy()
        z = z[:, 0] if n_classes == 2 and z.ndim == 2 else z
        expected = model.decision_function(X.astype(dtype))
        np.testing.assert_allclose(z, expected, rtol=1e-4, atol=1e-5)


def test_the_seed_decides():
    X, codes = table(120)
    parameters = {"hidden_layer_sizes": (4,), "max_iter": 3}
    same, again, other = (
        AnyLossClassifier(**parameters, random_state=seed).fit(X, codes)
        for seed in (0, 0, 1)
    )
    for W, V in zip(same.coefs_, again.coefs_, strict=True):
        np.testing.assert_array_equal(W, V)
    assert (same.coefs_[0] != other.coefs_[0]).any()

"""Bad input gets an error that names it and the way out, and nothing else changes."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.exceptions import NotFittedError

from sklearn_ext import (
    AnyLoss,
    AnyLossClassifier,
    AnyLossClassifierCV,
    DiceLossClassifier,
    TorchLossClassifier,
)
from sklearn_ext.losses._metrics import METRICS
from tests.heads._tables import table

X, CODES = table(60, share=0.6, noise=1.0)
Y = np.array(["no", "yes"])[CODES]
THREE = np.arange(60) % 3
SINGLE = [AnyLossClassifier, DiceLossClassifier, TorchLossClassifier]
ALL = [*SINGLE, AnyLossClassifierCV]
each_estimator = pytest.mark.parametrize("estimator", ALL)


def with_cell(value):
    changed = X.copy()
    changed[3, 2] = value
    return changed


@each_estimator
@pytest.mark.parametrize(("value", "message"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_x_must_be_finite(estimator, value, message):
    with pytest.raises(ValueError, match=f"Input X contains {message}"):
        estimator(max_iter=2).fit(with_cell(value), Y)


@pytest.mark.parametrize("estimator", SINGLE)
@pytest.mark.parametrize(("value", "message"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_x_must_be_finite_in_prediction(estimator, value, message):
    model = estimator(max_iter=2).fit(X, Y)
    for method in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(ValueError, match=f"Input X contains {message}"):
            getattr(model, method)(with_cell(value))


@each_estimator
def test_one_class(estimator):
    with pytest.raises(ValueError, match="1 class"):
        estimator(max_iter=2).fit(X, np.zeros(60))
    with pytest.raises(ValueError, match="1 class"):
        estimator(max_iter=2).fit(X, Y, sample_weight=(Y == "yes").astype(float))


@each_estimator
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.linspace(0, 1, 60), "Unknown label type"),
        (np.full(60, np.nan), "NaN"),
        (Y[:-1], "inconsistent"),
        (np.eye(60, 2, dtype=int), "Unknown label type|should be a 1d array"),
    ],
    ids=["continuous", "nan", "short", "two columns"],
)
def test_target(estimator, y, message):
    with pytest.raises(ValueError, match=message):
        estimator(max_iter=2).fit(X, y)


@each_estimator
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.linspace(-1, 1, 60), "[Nn]egative"),
        (np.full(60, np.nan), "NaN"),
        (np.zeros(60), "zero"),
        (np.ones(59), "sample_weight.shape"),
    ],
    ids=["negative", "nan", "zeros", "short"],
)
def test_sample_weight(estimator, weight, message):
    with pytest.raises(ValueError, match=message):
        estimator(max_iter=2).fit(X, Y, sample_weight=weight)


SHARED = [
    ("l2_regularization", -1.0),
    ("init", "ones"),
    ("threshold", "0.5"),
    ("optimizer", "sgd"),
    ("max_iter", 0),
    ("max_iter", True),
    ("learning_rate", 0.0),
    ("batch_size", 0),
    ("batch_size", "all"),
    ("n_iter_no_change", 0),
    ("class_weight", "unbalanced"),
    ("device", "mps"),
    ("random_state", "seed"),
]


@pytest.mark.parametrize(
    ("estimator", "name", "value"),
    [
        *((each, name, value) for each in SINGLE for name, value in SHARED),
        *((AnyLossClassifier, "amplification", value) for value in (0, -1.0, "max")),
        (AnyLossClassifier, "metric_params", [1]),
        (AnyLossClassifier, "init", "auto"),
        (DiceLossClassifier, "alpha", -0.1),
        (DiceLossClassifier, "smooth", -1.0),
        (DiceLossClassifier, "ohem_ratio", -1.0),
        (TorchLossClassifier, "loss", "hinge"),
        (TorchLossClassifier, "loss", 3),
        (TorchLossClassifier, "tol", -1e-9),
        (TorchLossClassifier, "threshold", "auto"),
        (AnyLossClassifierCV, "l2_regularizations", (-1.0,)),
        (AnyLossClassifierCV, "amplifications", (0,)),
        (AnyLossClassifierCV, "amplifications", ()),
        (AnyLossClassifierCV, "amplifications", 10),
        (AnyLossClassifierCV, "max_iter", 0),
        (AnyLossClassifierCV, "learning_rate", 0.0),
        (AnyLossClassifierCV, "scoring", "no such scorer"),
        (AnyLossClassifierCV, "cv", "five"),
    ],
)
def test_parameters(estimator, name, value):
    with pytest.raises(ValueError, match=name) as error:
        estimator(**{name: value}).fit(X, Y)
    assert "sklearn_ext" not in str(error.value)


@pytest.mark.parametrize("estimator", SINGLE)
@pytest.mark.parametrize("sizes", [(0,), (3, -1), (2.5,), ("three",)])
def test_hidden_layer_sizes(estimator, sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        estimator(hidden_layer_sizes=sizes).fit(X, Y)


@pytest.mark.parametrize("smooth", [(1.0, -1.0), (1.0,), (1.0, 2.0, 3.0)])
def test_pairs_of_smooth(smooth):
    with pytest.raises(ValueError, match="smooth"):
        DiceLossClassifier(smooth=smooth).fit(X, Y)


@pytest.mark.parametrize("estimator", [AnyLossClassifier, AnyLossClassifierCV])
def test_metric(estimator):
    with pytest.raises(ValueError, match="'metric' parameter") as error:
        estimator("f2").fit(X, Y)
    for name in METRICS:
        assert name in str(error.value)
    with pytest.raises(ValueError, match="'threshold' parameter") as error:
        TorchLossClassifier(threshold="f2").fit(X, Y)
    for name in set(METRICS) - {"cost"}:
        assert name in str(error.value)


@pytest.mark.parametrize("estimator", [AnyLossClassifier, AnyLossClassifierCV])
@pytest.mark.parametrize(
    ("metric", "given", "y", "fragments"),
    [
        ("fbeta", {"beta": 0}, Y, ["beta", "0"]),
        ("fbeta", {"beta": -2.0}, Y, ["beta", "-2"]),
        ("f1", {"pos_label": "maybe"}, Y, ["pos_label", "'maybe'", "'no'", "'yes'"]),
        ("f1", {"pos_label": 1}, Y, ["pos_label", "'no'", "'yes'"]),
        ("f1", {"average": "binary"}, THREE, ["average", "macro", "weighted", "micro"]),
        ("f1", {"average": "mean"}, THREE, ["average", "macro", "weighted", "micro"]),
        ("f1", {"average": None}, THREE, ["average"]),
        ("f1", {"positive": 1}, Y, ["positive", "beta", "average", "pos_label"]),
        ("cost", {"cost": np.ones((3, 3))}, Y, ["cost", "(2, 2)", "(3, 3)"]),
        ("cost", {"cost": np.ones(4)}, Y, ["cost", "(2, 2)"]),
        ("cost", {"cost": [[0, np.nan], [1, 0]]}, Y, ["cost"]),
        ("cost", {}, Y, ["cost", "n_classes"]),
        ("cost", None, Y, ["cost", "n_classes"]),
    ],
    ids=lambda value: None if isinstance(value, np.ndarray | list) else str(value),
)
def test_metric_params(estimator, metric, given, y, fragments):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        estimator(metric, metric_params=given).fit(X, y)
    for fragment in fragments:
        assert fragment in str(error.value)


def test_a_pos_label_that_has_no_meaning():
    """With three classes, or a metric of all classes, no class is the positive one."""
    with pytest.raises(ValueError, match="pos_label"):
        AnyLossClassifier(metric_params={"pos_label": 7}).fit(X, THREE)


@pytest.mark.parametrize("estimator", SINGLE)
def test_sparse_rows_and_hidden_layers(estimator):
    model = estimator(hidden_layer_sizes=(3,), max_iter=2)
    with pytest.raises(TypeError, match="hidden_layer_sizes"):
        model.fit(sp.csr_array(X), Y)
    model.fit(X, Y)
    with pytest.raises(TypeError, match="hidden_layer_sizes"):
        model.predict(sp.csr_array(X))
    assert not model.__sklearn_tags__().input_tags.sparse
    assert estimator().__sklearn_tags__().input_tags.sparse


@each_estimator
def test_cuda_without_a_device(estimator):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ValueError, match=r"cuda.*cpu"):
        estimator(device="cuda").fit(X, Y)


@each_estimator
def test_without_torch(estimator, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(ImportError, match=r"sklearn-ext\[torch\]"):
        estimator().fit(X, Y)


@each_estimator
def test_prediction(estimator):
    model = estimator(max_iter=2)
    for method in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(NotFittedError):
            getattr(model, method)(X)
    with pytest.raises(NotFittedError):
        model.decision_function(X)
    model.fit(X, Y)
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(ValueError, match="expecting 4 features"):
            getattr(model, method)(X[:, :3])


def test_module_of_an_estimator_that_is_not_fitted():
    with pytest.raises(NotFittedError):
        AnyLossClassifier().to_torch()


def test_zeros_are_no_start_of_hidden_layers():
    with pytest.raises(ValueError, match="init"):
        TorchLossClassifier(init="zeros", hidden_layer_sizes=(3,)).fit(X, Y)


def test_class_weights():
    with pytest.raises(ValueError, match=r"class_weight|class label"):
        AnyLossClassifier(class_weight={"perhaps": 2.0}).fit(X, Y)
    with pytest.raises(ValueError, match="class_weight"):
        AnyLossClassifier(class_weight={"no": 1.0, "yes": -1.0}).fit(X, Y)


def test_folds_without_positives():
    y = np.zeros(60, dtype=int)
    y[:3] = 1
    with pytest.raises(ValueError, match=r"no row of class 1, of which there are 3"):
        AnyLossClassifierCV(cv=5).fit(X, y)
    splits = [(np.arange(30, 60), np.arange(30)), (np.arange(30), np.arange(30, 60))]
    with pytest.raises(ValueError, match="class"):
        AnyLossClassifierCV(cv=splits).fit(X, y)


@each_estimator
def test_a_failed_fit_changes_nothing(estimator):
    model = estimator(max_iter=2).fit(X, Y)
    before = dict(vars(model))
    state = pickle.dumps(before)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.fit(with_cell(np.nan), Y)
    with pytest.raises(ValueError, match="1 class"):
        model.fit(X[:, :2], np.zeros(60))
    assert vars(model).keys() == before.keys()
    assert pickle.dumps(dict(vars(model))) == state
    fresh = estimator()
    with pytest.raises(ValueError, match="1 class"):
        fresh.fit(X, np.zeros(60))
    assert not [name for name in vars(fresh) if name.endswith("_")]


def test_a_loss_that_raises_changes_nothing():
    def broken(input, target, sample_weight):
        raise RuntimeError("no loss today")

    model = TorchLossClassifier(max_iter=2).fit(X, Y)
    before = dict(vars(model))
    with pytest.raises(RuntimeError, match="no loss today"):
        model.set_params(loss=broken).fit(X, Y)
    del before["loss"]
    assert all(vars(model)[name] is value for name, value in before.items())


@pytest.mark.parametrize(
    ("loss", "kind", "message"),
    [
        (torch.nn.BCEWithLogitsLoss, TypeError, "an instance: BCEWithLogitsLoss"),
        (torch.nn.CrossEntropyLoss(), ValueError, "a column per class"),
        (AnyLoss(mode="multilabel"), ValueError, "mode='multilabel'"),
        (AnyLoss(mode="multiclass"), ValueError, "mode='multiclass'"),
    ],
)
def test_losses_that_do_not_suit_two_classes(loss, kind, message):
    with pytest.raises(kind, match=message):
        TorchLossClassifier(loss).fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize("estimator", [AnyLossClassifier, AnyLossClassifierCV])
@pytest.mark.parametrize(
    "metric",
    [
        lambda tp, fp, fn, tn: 0.5,
        lambda tp, fp, fn, tn: None,
        lambda tp, fp, fn, tn: np.sqrt(tp),
        lambda tp, fp, fn, tn: 0 * tp / 0,
        lambda matrix: matrix,
    ],
    ids=["constant", "nothing", "arrays only", "not finite", "one argument"],
)
@pytest.mark.filterwarnings("ignore:(divide|invalid)")
def test_metrics_that_are_none(estimator, metric):
    with pytest.raises(ValueError, match="metric=<function"):
        estimator(metric).fit(np.eye(8), [0, 1] * 4)


def test_a_module_of_the_user_is_called_as_it_is():
    class Wrapper(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self._loss = torch.nn.BCEWithLogitsLoss()

        def forward(self, input, target):
            return self._loss(input, target)

    X, y = np.eye(4), [0, 1, 0, 1]
    found = TorchLossClassifier(Wrapper(), l2_regularization=0).fit(X, y)
    expected = TorchLossClassifier("log_loss", l2_regularization=0).fit(X, y)
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-9)


def test_pos_label_is_for_two_classes():
    with pytest.raises(ValueError, match="pos_label of metric_params is for two"):
        AnyLossClassifier(metric_params={"pos_label": 2}).fit(np.eye(6), [0, 1, 2] * 2)


def test_early_stopping_needs_rows_of_each_class():
    with pytest.raises(ValueError, match="too few rows"):
        AnyLossClassifier(n_iter_no_change=3).fit(
            np.random.default_rng(0).normal(size=(200, 2)), np.arange(200) < 4
        )


@pytest.mark.parametrize(
    ("cv", "message"), [([], "makes no folds"), ([([0, 1], [500])], "500|not among")]
)
def test_folds_that_are_none(cv, message):
    with pytest.raises(ValueError, match=message):
        AnyLossClassifierCV(cv=cv).fit(X, Y)


def test_scoring_that_is_not_finite():
    with pytest.raises(ValueError, match="scoring gives nan"):
        AnyLossClassifierCV(scoring=lambda *_: np.nan).fit(X, Y)

"""What a GPU would run, run on a CPU: the device "cpu:0" takes all its branches."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import make_classification

from sklearn_ext import (
    AnyLossClassifier,
    AnyLossClassifierCV,
    DiceLossClassifier,
    TorchLossClassifier,
)
from sklearn_ext._core._torch import has_cuda
from sklearn_ext.heads import _any_loss_cv, _torch_loss

ESTIMATORS = [
    AnyLossClassifier(),
    AnyLossClassifier("mcc", hidden_layer_sizes=(4,), random_state=0),
    AnyLossClassifier("gmean", batch_size=64, random_state=0),
    AnyLossClassifierCV(amplifications=(5, 10), cv=3),
    DiceLossClassifier(alpha=0.01, n_iter_no_change=5, random_state=0),
    TorchLossClassifier("focal", optimizer="lbfgs", threshold="f1"),
]
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)


def table(n_classes):
    return make_classification(
        240,
        6,
        n_informative=4,
        n_classes=n_classes,
        weights=[0.7, 0.3] if n_classes == 2 else None,
        flip_y=0.1,
        random_state=3,
    )


@pytest.fixture
def other_device(monkeypatch):
    """Make every training run on "cpu:0"."""
    for module in (_torch_loss, _any_loss_cv):
        monkeypatch.setattr(module, "resolve_device", lambda *_, **__: "cpu:0")


def both(estimator, X, y, request):
    """Scores on the CPU and on the device that stands for a GPU."""
    expected = estimator.fit(X, y).decision_function(X)
    request.getfixturevalue("other_device")
    result = estimator.fit(X, y).decision_function(X)
    assert estimator.device_ == "cpu:0"
    return result, expected


@each_estimator
@pytest.mark.parametrize("n_classes", [2, 3])
def test_another_device_gives_nearly_the_same_scores(estimator, n_classes, request):
    X, y = table(n_classes)
    result, expected = both(estimator, X, y, request)
    # There the warm start is that of another solver, to a gradient of 1e-6.
    np.testing.assert_allclose(result, expected, atol=0.02)


def test_sparse_rows_on_another_device(request):
    X, y = table(2)
    X[np.abs(X) < 1] = 0
    result, expected = both(AnyLossClassifier(), sp.csr_array(X), y, request)
    np.testing.assert_allclose(result, expected, atol=0.02)


@pytest.mark.gpu
@pytest.mark.skipif(not has_cuda(), reason="torch finds no CUDA device")
@each_estimator
def test_cuda_gives_nearly_the_same_scores(estimator):
    X, y = table(2)
    expected = estimator.set_params(device="cpu").fit(X, y).decision_function(X)
    result = estimator.set_params(device="cuda").fit(X, y).decision_function(X)
    assert estimator.device_ == "cuda"
    np.testing.assert_allclose(result, expected, atol=0.02)

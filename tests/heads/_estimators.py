"""A few linear heads of each kind, small enough for many fits."""

import numpy as np
import pytest

from sklearn_ext import (
    AnyLossClassifier,
    AnyLossClassifierCV,
    DiceLossClassifier,
    TorchLossClassifier,
)

ESTIMATORS = [
    AnyLossClassifier(max_iter=20),
    AnyLossClassifier("mcc", max_iter=20, class_weight="balanced"),
    AnyLossClassifier("gmean", max_iter=20, threshold="final"),
    DiceLossClassifier(max_iter=20),
    TorchLossClassifier(max_iter=20),
    TorchLossClassifier("focal", max_iter=20, threshold="f1", init="logistic"),
    AnyLossClassifierCV(max_iter=20, cv=3, amplifications=(5, 10)),
]
each_estimator = pytest.mark.parametrize(
    "estimator", ESTIMATORS, ids=lambda model: repr(model).replace("\n", "")
)


def state(model):
    """All parameters of a linear head."""
    return np.append(model.coef_.ravel(), model.intercept_)
